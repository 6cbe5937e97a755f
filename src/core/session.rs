//! Charging sessions: from the plug or the tag to the end of the transaction
//! (`OCPP 1.6 §3.6`, `§4.8`, `§4.10`).

use crate::core::connector::{Allowance, Allowed, Connector, Ending, Run, Session};
use crate::core::ledger::{Begin, End};
use crate::core::meter::Take;
use crate::core::settings::Key;
use crate::core::{ConnectorId, Due, Engine, Ev, Place, Transaction, TxId, Wh, Write};
use crate::time::{Millis, Mono};
use crate::wire::{IdToken, ReadingContext, Reason};

impl Engine {
    pub(crate) fn on_ev(&mut self, at: ConnectorId, ev: Ev) {
        let since = self.now.mono;
        let stops = self.settings.is(Key::StopTransactionOnEVSideDisconnect);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let plugs_in = connector.ev == Ev::Absent && ev != Ev::Absent;
        connector.ev = ev;
        if plugs_in {
            self.bring_permission(at);
        }
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        match &mut connector.session {
            Session::Starting(allowed) if !ev.is_connected() => {
                let allowed = Some(allowed.clone());
                connector.session = Session::Preparing { since, allowed };
                connector.meter.takes.retain(|take| *take != Take::Begin);
            }
            Session::Running(run) => {
                let offered = connector.supply.is_some_and(|supply| supply.permit);
                match ev {
                    Ev::Charging => run.declined = false,
                    Ev::Suspended => run.declined = true,
                    // It asked before, and does not any more although it could.
                    Ev::Plugged if run.reacts_until.is_none() && offered && !run.is_paused() => {
                        run.declined = true;
                    }
                    _ => {}
                }
                if matches!(ev, Ev::Charging | Ev::Suspended) {
                    run.reacts_until = None;
                }
                if !ev.is_connected() && stops {
                    self.stop(at, Reason::EVDisconnected, None);
                }
            }
            _ => {}
        }
    }

    /// Whether the charge point may charge at all: one that was never accepted does not
    /// (`OCPP 1.6 §4.2.1`), unless it is told to.
    pub(crate) const fn in_service(&self) -> bool {
        self.accepted || self.setup.tuning.charge_before_accepted
    }

    /// How long a connector may be preparing; `None` for ever: nobody could plug in within no time
    /// at all.
    fn connection_timeout(&self) -> Option<Millis> {
        let wait = self.settings.secs(Key::ConnectionTimeOut);
        (wait.0 > 0).then_some(wait)
    }

    /// Sessions that begin or end because of what is the case now.
    pub(crate) fn advance_sessions(&mut self) {
        let since = self.now.mono;
        let reaction = since + self.setup.tuning.ev_reaction;
        let stopped =
            !self.faults.is_empty() || self.reset.is_some() || self.closing || !self.in_service();
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            let cable = connector.ev != Ev::Absent;
            let usable = !stopped && connector.faults.is_empty();
            let ready = connector.ev == Ev::Plugged;
            let operative = connector.is_operative();
            match &mut connector.session {
                Session::Idle if cable && usable && operative => {
                    connector.session = Session::Preparing {
                        since,
                        allowed: None,
                    };
                }
                Session::Preparing { allowed: None, .. } | Session::Finishing { .. } if !cable => {
                    connector.session = Session::Idle;
                }
                Session::Preparing {
                    allowed: Some(allowed),
                    ..
                } if usable && connector.ev.is_connected() => {
                    let allowed = allowed.clone();
                    self.start(at, allowed);
                }
                // What forbids a start does not just put it off: when an emergency stop is released,
                // nothing may begin that nobody asks for then.
                Session::Preparing { .. } | Session::Finishing { .. } | Session::Idle
                    if !usable && connector.ev.is_connected() =>
                {
                    self.withdraw(at);
                    self.call_off(at);
                }
                Session::Starting(_) if !usable => {
                    self.withdraw(at);
                    self.call_off(at);
                }
                Session::Running(run) => {
                    // Energy may come back: the vehicle is given time to react to it.
                    let comes_back = std::mem::replace(&mut run.held, !usable) && usable;
                    if comes_back && ready && !run.declined {
                        run.reacts_until = Some(reaction);
                        run.resumes = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// What was about to begin does not: the tag has to be shown again.
    pub(crate) fn call_off(&mut self, at: ConnectorId) {
        let since = self.now.mono;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let (Session::Starting(_)
        | Session::Preparing {
            allowed: Some(_), ..
        }) = connector.session
        else {
            return;
        };
        log::info!("connector {at}: a session that was about to begin is called off");
        let allowed = None;
        connector.session = Session::Preparing { since, allowed };
        connector.meter.takes.retain(|take| *take != Take::Begin);
    }

    /// Waits that are over: ConnectionTimeOut, and the time that a vehicle has to react.
    pub(crate) fn expire_sessions(&mut self) {
        let now = self.now.mono;
        let wait = self.connection_timeout();
        for connector in &mut self.connectors {
            let cable = connector.ev != Ev::Absent;
            match &mut connector.session {
                Session::Preparing { since, .. }
                    if wait.is_some_and(|wait| *since + wait <= now) =>
                {
                    connector.session = if cable { Session::OVER } else { Session::Idle };
                }
                Session::Running(run) if run.reacts_until.is_some_and(|at| at <= now) => {
                    run.reacts_until = None;
                    run.declined = true;
                }
                _ => {}
            }
        }
    }

    pub(crate) fn session_deadline(&self) -> Option<(Mono, Due)> {
        let wait = self.connection_timeout();
        let due = |connector: &Connector| match &connector.session {
            Session::Preparing { since, .. } => wait.map(|wait| (*since + wait, Due::Connection)),
            Session::Running(run) => {
                let sample = run.sample.map(|at| (at, Due::Sample));
                let watch = run.watch.filter(|_| connector.watches());
                let watch = watch.map(|at| (at, Due::Sample));
                let reaction = run.reacts_until.map(|at| (at, Due::Reaction));
                sample.into_iter().chain(watch).chain(reaction).min()
            }
            _ => None,
        };
        self.connectors.iter().filter_map(due).min()
    }

    /// All prerequisites hold: the transaction starts, as soon as the meter has been read.
    fn start(&mut self, at: ConnectorId, allowed: Allowed) {
        if self.read_meter(Place::Connector(at), Take::Begin) {
            if let Some(connector) = self.connector_mut(at) {
                connector.session = Session::Starting(allowed);
            }
            return;
        }
        self.start_now(at, allowed);
    }

    pub(crate) fn start_now(&mut self, at: ConnectorId, allowed: Allowed) {
        let stamp = self.clock.stamp(self.now.mono);
        let (sample, since) = (self.first_sample(), self.now.mono);
        let reacts_until = Some(self.now.mono + self.setup.tuning.ev_reaction);
        let profile = allowed.profile;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let energy = connector.meter.energy();
        if energy.is_none() {
            log::warn!("connector {at}: the meter is silent, the transaction counts from its first reading");
        }
        // Energy that flowed since the last reading is not this one's.
        let zero = energy.map(|_| Wh(0)).filter(|_| !connector.meter.flowed);
        let known = energy.or(connector.meter.remembered);
        let energy = known.unwrap_or(Wh(0));
        connector.meter.begin();
        let reacts_until = reacts_until.filter(|_| connector.ev == Ev::Plugged);
        let readings = match known {
            Some(_) => self.final_values(at, energy, ReadingContext::TransactionBegin),
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
        let tx = self.ledger.begin(begin, readings, since, &mut self.out);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        connector.session = Session::Running(Run {
            tx,
            resumed: false,
            since,
            sample,
            reacts_until,
            allowance: Allowance::Full,
            watch: None,
            looks: 0,
            held: false,
            resumes: false,
            declined: false,
            offer: None,
        });
        self.rearm_watch(at);
        if let Some(Err(why)) =
            profile.map(|profile| self.install(Place::Connector(at), Some(tx), &profile))
        {
            log::warn!("the charging profile of the remote start is refused: {why}");
        }
    }

    /// Ends what is going on at a connector: a transaction, or what was about to become one.
    pub(crate) fn stop(&mut self, at: ConnectorId, reason: Reason, tag: Option<IdToken>) {
        if !self.begin_stop(at, reason, tag) {
            return;
        }
        // Energy is off before the meter is read, so that all of it is on the bill.
        self.command_supplies();
        if !self.read_meter(Place::Connector(at), Take::End) {
            self.stop_now(at);
        }
        // And what comes of the end, such as an open lock, before anything else.
        self.command_supplies();
    }

    /// A transaction that is running is to end; says whether there is one. Without one, nothing
    /// begins any more, neither here nor by a tag that is still being asked about.
    pub(crate) fn begin_stop(
        &mut self,
        at: ConnectorId,
        reason: Reason,
        tag: Option<IdToken>,
    ) -> bool {
        let stamp = self.clock.stamp(self.now.mono);
        let in_service = self.in_service() && self.faults.is_empty();
        let Some(connector) = self.connector_mut(at) else {
            return false;
        };
        let Session::Running(run) = &connector.session else {
            self.call_off_all(at);
            return false;
        };
        let has_tag = tag.is_some();
        let ending = Ending {
            reason,
            tag,
            at: stamp,
            status: connector.show_running(run, in_service),
        };
        let run = Run {
            sample: None,
            watch: None,
            ..run.clone()
        };
        connector.session = Session::Stopping(run, ending);
        // Who has to stop what runs wants nothing else to begin there, either. A driver who ends the own
        // session says nothing of the next one.
        let by_driver = has_tag || matches!(reason, Reason::EVDisconnected | Reason::DeAuthorized);
        if !by_driver {
            self.withdraw(at);
        }
        true
    }

    /// Nothing begins at a connector that somebody asked for until now. The cable may be taken.
    fn call_off_all(&mut self, at: ConnectorId) {
        self.withdraw(at);
        self.call_off(at);
        if let Some(connector) = self.connector_mut(at) {
            if matches!(connector.session, Session::Preparing { .. }) {
                connector.session = match connector.ev {
                    Ev::Absent => Session::Idle,
                    _ => Session::OVER,
                };
            }
        }
    }

    /// The meter has been read, or will not be: the transaction is over.
    pub(crate) fn stop_now(&mut self, at: ConnectorId) {
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let Session::Stopping(run, ending) = connector.session.clone() else {
            return;
        };
        connector.meter.takes.retain(|take| *take != Take::End);
        let energy = connector.meter.energy();
        connector.meter.zero = Wh(0);
        // What the meter shows, not what is billed by it.
        let register = connector.meter.energy();
        if register.is_some() {
            connector.meter.remembered = register;
        }
        let Ending {
            reason,
            tag,
            at: end,
            ..
        } = ending;
        let end = End {
            reason,
            tag,
            at: end,
            meter: energy,
        };
        if let Some(record) = self.end_transaction(at, run.tx, end) {
            self.finish(at, &record, reason);
            if let Some(register) = register {
                self.out.durable(Write::Register(at, register));
            }
        }
    }

    /// Ends a transaction on the books, and all that belongs to it.
    pub(crate) fn end_transaction(
        &mut self,
        at: ConnectorId,
        tx: TxId,
        end: End,
    ) -> Option<Transaction> {
        let (now, asks) = (self.now.mono, self.setup.host.reads_meter);
        let wanted = self.final_measurands();
        let connector = self.connectors.get_mut(at.index());
        let readings = |energy| match connector.filter(|_| !wanted.is_empty()) {
            None => Vec::new(),
            Some(Connector { meter, .. }) => {
                let current = !asks || meter.is_fresh(now);
                meter.final_values(&wanted, ReadingContext::TransactionEnd, energy, current)
            }
        };
        let record = self.ledger.end(tx, end, readings, now, &mut self.out);
        self.drop_profiles_of(tx);
        record
    }

    /// What is left of a session when its transaction is over: the cable, if it is still in, and
    /// whether it stays locked until its owner comes (`OCPP 1.6 §4.10`, errata 3.17).
    fn finish(&mut self, at: ConnectorId, transaction: &Transaction, reason: Reason) {
        let unlocks = self.settings.is(Key::UnlockConnectorOnEVSideDisconnect);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        if connector.ev == Ev::Absent {
            connector.session = Session::Idle;
            return;
        }
        let left = reason == Reason::EVDisconnected;
        let kept = connector.lockable && (reason == Reason::DeAuthorized || (left && !unlocks));
        let hold = kept.then(|| Allowed {
            tag: transaction.tag.clone(),
            parent: transaction.parent.clone(),
            profile: None,
            elsewhere: Vec::new(),
        });
        connector.session = Session::Finishing { left, hold };
    }

    /// The central system does not accept the tag of a transaction that it was told of
    /// (`OCPP 1.6 §9.1.24`, errata 3.17).
    pub(crate) fn deauthorize(&mut self, tx: TxId) {
        let Some(at) = self.ledger.deauthorize(tx, &mut self.out) else {
            return;
        };
        if self.settings.is(Key::StopTransactionOnInvalidId) {
            return self.stop(at, Reason::DeAuthorized, None);
        }
        let most = self.settings.int(Key::MaxEnergyOnInvalidId);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        // So that the vehicle gets home (OCPP 1.6 §3.5.4); nothing without a meter.
        let energy = connector.meter.energy().filter(|_| most > 0);
        let until = energy.map(|energy| Wh(energy.0.saturating_add(most)));
        if let Session::Running(run) = &mut connector.session {
            run.allowance = until.map_or(Allowance::Spent, Allowance::Until);
        }
        if let Some(until) = until {
            self.ledger.allow_until(tx, until, &mut self.out);
        }
        self.rearm_watch(at);
    }

    /// When the first periodic sample of a transaction that starts now is due.
    pub(crate) fn first_sample(&self) -> Option<Mono> {
        let interval: Millis = self.settings.secs(Key::MeterValueSampleInterval);
        (interval.0 > 0).then(|| self.now.mono + interval)
    }
}
