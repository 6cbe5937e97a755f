//! Charging sessions: from the plug or the tag to the end of the transaction
//! (`OCPP 1.6 §3.6`, `§4.8`, `§4.10`).

use crate::core::ledger::{Begin, Ledger};
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::read_for::ReadFor;
use crate::core::station::run::Run;
use crate::core::station::session::{Allowed, Stage};
use crate::core::station::{Context, Station};
use crate::core::{CentralId, ConnectorId, Due, Ev, Place, Wh};
use crate::time::{Millis, Mono};
use crate::types::ReadingContext;

impl Station {
    /// How long a connector may be preparing; `None` for ever: nobody could plug in within no time
    /// at all.
    fn connection_timeout(&self) -> Option<Millis> {
        let wait = self.settings.secs(Key::ConnectionTimeOut);
        (wait.0 > 0).then_some(wait)
    }

    // rules: 39, 43, 51
    /// Sessions that begin or end because of what is the case now.
    pub(crate) fn advance_sessions(&mut self, cx: &mut Context<'_>) {
        let since = cx.now.mono;
        let reaction = since + self.setup.tuning.ev_reaction;
        let may_begin = self.may_begin();
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            let cable = connector.ev != Ev::Absent;
            let usable = may_begin && connector.faults.is_empty();
            let operative = connector.is_operative();
            match connector.session.stage() {
                Stage::Idle if cable && usable && operative => {
                    connector.session.prepare(since, None);
                }
                Stage::Preparing { allowed: None, .. } | Stage::Finishing { .. } if !cable => {
                    connector.session.end(false);
                }
                Stage::Preparing {
                    allowed: Some(allowed),
                    ..
                } if usable && connector.ev.is_connected() => {
                    let allowed = allowed.clone();
                    self.start(at, allowed, cx);
                }
                // What forbids a start does not just put it off: when an emergency stop is released,
                // nothing may begin that nobody asks for then.
                Stage::Preparing { .. } | Stage::Finishing { .. } | Stage::Idle
                    if !usable && connector.ev.is_connected() =>
                {
                    self.withdraw(at, cx);
                    self.call_off(at, cx);
                }
                Stage::Starting(_) if !usable => {
                    self.withdraw(at, cx);
                    self.call_off(at, cx);
                }
                Stage::Running(_) => {
                    let ready = connector.ev == Ev::Plugged;
                    if let Some(run) = connector.session.running_mut() {
                        run.hold(!usable, ready, reaction);
                    }
                }
                _ => {}
            }
        }
    }

    /// What was about to begin does not: the tag has to be shown again.
    pub(crate) fn call_off(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let since = cx.now.mono;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        if !connector.session.call_off(since) {
            return;
        }
        log::info!("connector {at}: a session that was about to begin is called off");
        connector.meter.nobody_waits_for(ReadFor::Begin);
    }

    // rules: 40
    /// Waits that are over: ConnectionTimeOut, and the time that a vehicle has to react.
    pub(crate) fn expire_sessions(&mut self, now: Mono) {
        let wait = self.connection_timeout();
        for connector in &mut self.connectors {
            let cable = connector.ev != Ev::Absent;
            match connector.session.stage() {
                Stage::Preparing { since, .. } if wait.is_some_and(|wait| *since + wait <= now) => {
                    connector.session.end(cable);
                }
                _ => {
                    if let Some(run) = connector.session.running_mut() {
                        run.expire_reaction(now);
                    }
                }
            }
        }
    }

    pub(crate) fn session_deadline(&self) -> Option<(Mono, Due)> {
        let wait = self.connection_timeout();
        let due = |connector: &Connector| match connector.session.stage() {
            Stage::Preparing { since, .. } => wait.map(|wait| (*since + wait, Due::Connection)),
            Stage::Running(run) => run.deadline(connector.watches()),
            _ => None,
        };
        self.connectors.iter().filter_map(due).min()
    }

    /// All prerequisites hold: the transaction starts, as soon as the meter has been read.
    fn start(&mut self, at: ConnectorId, allowed: Allowed, cx: &mut Context<'_>) {
        if self.read_meter(Place::Connector(at), ReadFor::Begin, cx) {
            if let Some(connector) = self.connector_mut(at) {
                connector.session.await_meter(allowed);
            }
            return;
        }
        self.start_now(at, allowed, cx);
    }

    pub(crate) fn start_now(&mut self, at: ConnectorId, allowed: Allowed, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
        let (sample, since) = (self.first_sample(cx.now.mono), cx.now.mono);
        let reacts_until = Some(cx.now.mono + self.setup.tuning.ev_reaction);
        let profile = allowed.profile;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        if connector.meter.energy().is_none() {
            log::warn!("connector {at}: the meter is silent, the transaction counts from its first reading");
        }
        let (known, zero) = connector.meter.begin();
        let energy = known.unwrap_or(Wh(0));
        let reacts_until = reacts_until.filter(|_| connector.ev == Ev::Plugged);
        let readings = match known {
            Some(_) => self.final_values(at, energy, ReadingContext::TransactionBegin, cx),
            None => Vec::new(),
        };
        let begin = Begin {
            connector: at,
            tag: allowed.tag,
            parent: allowed.parent,
            at: stamp,
            meter: energy,
            zero,
        };
        let tx = cx.ledger.begin(begin, readings, since, cx.out);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let run = Run::new(tx, since, sample, reacts_until);
        connector.session.begin(run);
        self.rearm_watch(at, cx);
        if let Some(Err(why)) =
            profile.map(|profile| self.install(Place::Connector(at), Some(tx), &profile, cx))
        {
            log::warn!("the charging profile of the remote start is refused: {why}");
        }
    }

    /// Where the transaction runs that the central system names by that id.
    pub(crate) fn where_runs(&self, id: i64, ledger: &Ledger) -> Option<ConnectorId> {
        let meant = CentralId::Known(id);
        let fits = |at: &ConnectorId| {
            let run = self.connector(*at).and_then(|connector| connector.run());
            let transaction = run.and_then(|run| ledger.transaction(run.tx()));
            transaction.is_some_and(|transaction| transaction.central == meant)
        };
        self.connector_ids().find(fits)
    }
}
