//! Charging sessions: from the plug or the tag to the end of the transaction
//! (`OCPP 1.6 §3.6`, `§4.8`, `§4.10`).

use crate::core::ledger::{Begin, Ledger};
use crate::core::settings::Key;
use crate::core::station::connector::Next;
use crate::core::station::read_for::ReadFor;
use crate::core::station::session::Allowed;
use crate::core::station::tags::refuse;
use crate::core::station::{Context, Station};
use crate::core::{CentralId, ConnectorId, Due, Notice, Origin, Place, Purpose, Wh};
use crate::time::{Millis, Mono};
use crate::types::{AuthorizationStatus, ReadingContext};

impl Station {
    /// How long a connector may be preparing; `None` for ever: nobody could plug in within no time
    /// at all.
    fn connection_timeout(&self) -> Option<Millis> {
        let wait = self.settings.secs(Key::ConnectionTimeOut);
        (wait.0 > 0).then_some(wait)
    }

    /// Sessions that begin or end because of what is the case now.
    pub(crate) fn advance_sessions(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let reaction = now + self.setup.tuning.ev_reaction;
        let (may_run, may_begin) = (self.may_run(), self.may_begin());
        for at in self.connector_ids() {
            let connector = self.connector_mut(at);
            match connector.and_then(|known| known.advance(may_run, may_begin, now, reaction)) {
                Some(Next::Start(allowed)) => self.start(at, allowed, cx),
                Some(Next::CallOff) => {
                    self.withdraw(at, cx);
                    self.call_off(at, cx);
                }
                None => {}
            }
        }
    }

    /// What was about to begin does not: the tag has to be shown again.
    pub(crate) fn call_off(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let connector = self.connector_mut(at);
        if let Some(claim) = connector.and_then(|known| known.call_off(now)) {
            log::info!("connector {at}: a session that was about to begin is called off");
            let why = Some(self.why_off(at));
            refuse(claim, Purpose::Start, AuthorizationStatus::Invalid, why, cx);
        }
    }

    /// What waits at a place is not wanted any more; transactions go on.
    pub(crate) fn cancel(&mut self, place: Place, cx: &mut Context<'_>) {
        let meant = |at: &ConnectorId| place.connector().map_or(true, |one| one == *at);
        for at in self.connector_ids().filter(meant) {
            if let Some(connector) = self.connector_mut(at) {
                connector.is_known();
            }
            self.withdraw(at, cx);
            self.call_off(at, cx);
        }
    }

    /// Waits of sessions that are over.
    pub(crate) fn expire_sessions(&mut self, cx: &mut Context<'_>) {
        let most = self.connection_timeout();
        for known in &mut self.connectors {
            if let Some(claim) = known.expire(most, cx.now.mono) {
                let connector = known.id();
                cx.out.notify(Notice::TimedOut { claim, connector });
            }
        }
    }

    pub(crate) fn session_deadline(&self) -> Option<(Mono, Due)> {
        let most = self.connection_timeout();
        let connectors = self.connectors.iter();
        connectors.filter_map(|known| known.deadline(most)).min()
    }

    /// All prerequisites hold: the transaction starts, as soon as the meter has been read.
    fn start(&mut self, at: ConnectorId, allowed: Allowed, cx: &mut Context<'_>) {
        if self.read_meter(Place::Connector(at), ReadFor::Begin, cx) {
            if let Some(connector) = self.connector_mut(at) {
                connector.await_meter(allowed);
            }
            return;
        }
        self.start_now(at, allowed, cx);
    }

    pub(crate) fn start_now(&mut self, at: ConnectorId, allowed: Allowed, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
        let (sample, now) = (self.first_sample(cx.now.mono), cx.now.mono);
        let reaction = now + self.setup.tuning.ev_reaction;
        let profile = allowed.profile;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        if connector.meter().energy().is_none() {
            log::warn!("connector {at}: the meter is silent, the transaction counts from its first reading");
        }
        let (known, zero) = connector.meter_mut().begin();
        let energy = known.unwrap_or(Wh(0));
        let readings = match known {
            Some(_) => self.final_values(at, energy, ReadingContext::TransactionBegin, cx),
            None => Vec::new(),
        };
        let begin = Begin {
            connector: at,
            tag: allowed.claim.tag,
            parent: allowed.parent,
            at: stamp,
            meter: energy,
            zero,
        };
        let tx = cx.ledger.begin(begin, readings, now, cx.out);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        connector.begin(tx, now, sample, reaction);
        self.rearm_watch(at, cx);
        if let Some(Err(why)) =
            profile.map(|profile| self.install(Origin::Central, at.into(), Some(tx), &profile, cx))
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
