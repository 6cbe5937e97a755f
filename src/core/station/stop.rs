//! How what goes on at a connector ends: by a tag, by the firmware, by the central system
//! (`OCPP 1.6 §4.8`, `§4.10`).

use crate::core::ledger::End;
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::read_for::ReadFor;
use crate::core::station::session::{Allowed, Ending, Stage};
use crate::core::station::{Context, Station};
use crate::core::{Change, ConnectorId, Ev, Place, Record, Transaction, TxId, Wh};
use crate::types::{IdToken, ReadingContext, Reason};

impl Station {
    // rules: 67
    /// Ends what is going on at a connector: a transaction, or what was about to become one.
    pub(crate) fn stop(
        &mut self,
        at: ConnectorId,
        reason: Reason,
        tag: Option<IdToken>,
        cx: &mut Context<'_>,
    ) {
        if !self.begin_stop(at, reason, tag, cx) {
            return;
        }
        // Energy is off before the meter is read, so that all of it is on the bill.
        self.command_supplies(cx);
        if !self.read_meter(Place::Connector(at), ReadFor::End, cx) {
            self.stop_now(at, cx);
        }
        // And what comes of the end, such as an open lock, before anything else.
        self.command_supplies(cx);
    }

    /// A transaction that is running is to end; says whether there is one. Without one, nothing
    /// begins any more, neither here nor by a tag that is still being asked about.
    pub(crate) fn begin_stop(
        &mut self,
        at: ConnectorId,
        reason: Reason,
        tag: Option<IdToken>,
        cx: &mut Context<'_>,
    ) -> bool {
        let stamp = self.clock.stamp(cx.now.mono);
        let in_service = self.in_service() && self.faults.is_empty();
        let Some(connector) = self.connector_mut(at) else {
            return false;
        };
        let Some(run) = connector.session.running() else {
            self.call_off_all(at, cx);
            return false;
        };
        let has_tag = tag.is_some();
        let ending = Ending {
            reason,
            tag,
            at: stamp,
            status: connector.show_running(run, in_service),
        };
        connector.session.stop(ending);
        // Who has to stop what runs wants nothing else to begin there, either. A driver who ends the own
        // session says nothing of the next one.
        let by_driver = has_tag || matches!(reason, Reason::EVDisconnected | Reason::DeAuthorized);
        if !by_driver {
            self.withdraw(at, cx);
        }
        true
    }

    /// Nothing begins at a connector that somebody asked for until now. The cable may be taken.
    fn call_off_all(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        self.withdraw(at, cx);
        self.call_off(at, cx);
        if let Some(connector) = self.connector_mut(at) {
            if matches!(connector.session.stage(), Stage::Preparing { .. }) {
                connector.session.end(connector.ev != Ev::Absent);
            }
        }
    }

    /// The meter has been read, or will not be: the transaction is over.
    pub(crate) fn stop_now(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let Stage::Stopping(run, ending) = connector.session.stage().clone() else {
            return;
        };
        let (energy, register) = connector.meter.end();
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
        match self.end_transaction(at, run.tx(), end, cx) {
            Some(record) => {
                self.finish(at, &record, reason);
                if let Some(register) = register {
                    cx.out.durable(Change::Put(Record::Register(at, register)));
                }
            }
            // It is not on the books: the session is over all the same, and the connector serves others.
            None => {
                if let Some(connector) = self.connector_mut(at) {
                    connector.session.end(connector.ev != Ev::Absent);
                }
            }
        }
    }

    /// Ends a transaction on the books, and all that belongs to it.
    pub(crate) fn end_transaction(
        &mut self,
        at: ConnectorId,
        tx: TxId,
        end: End,
        cx: &mut Context<'_>,
    ) -> Option<Transaction> {
        let (now, asks) = (cx.now.mono, self.setup.host.reads_meter);
        let wanted = self.final_measurands();
        let connector = self.connectors.get_mut(at.index());
        let readings = |energy| match connector.filter(|_| !wanted.is_empty()) {
            None => Vec::new(),
            Some(Connector { meter, .. }) => {
                let current = !asks || meter.is_fresh(now);
                meter.final_values(&wanted, ReadingContext::TransactionEnd, energy, current)
            }
        };
        let record = cx.ledger.end(tx, end, readings, now, cx.out);
        self.drop_profiles_of(tx, cx);
        record
    }

    // rules: 68
    /// What is left of a session when its transaction is over: the cable, if it is still in, and
    /// whether it stays locked until its owner comes (`OCPP 1.6 §4.10`, errata 3.17).
    fn finish(&mut self, at: ConnectorId, transaction: &Transaction, reason: Reason) {
        let unlocks = self.settings.is(Key::UnlockConnectorOnEVSideDisconnect);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let left = reason == Reason::EVDisconnected;
        let kept = connector.lockable && (reason == Reason::DeAuthorized || (left && !unlocks));
        let hold = kept.then(|| Allowed {
            tag: transaction.tag.clone(),
            parent: transaction.parent.clone(),
            profile: None,
            elsewhere: Vec::new(),
        });
        let cable = connector.ev != Ev::Absent;
        connector.session.finish(cable, left, hold);
    }

    // rules: 58, 59
    /// The central system does not accept the tag of a transaction that it was told of
    /// (`OCPP 1.6 §9.1.24`, errata 3.17).
    pub(crate) fn deauthorize(&mut self, tx: TxId, cx: &mut Context<'_>) {
        let Some(at) = cx.ledger.deauthorize(tx, cx.out) else {
            return;
        };
        if self.settings.is(Key::StopTransactionOnInvalidId) {
            return self.stop(at, Reason::DeAuthorized, None, cx);
        }
        let most = self.settings.int(Key::MaxEnergyOnInvalidId);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        // So that the vehicle gets home (OCPP 1.6 §3.5.4); nothing without a meter.
        let energy = connector.meter.energy().filter(|_| most > 0);
        let until = energy.map(|energy| Wh(energy.0.saturating_add(most)));
        if let Some(run) = connector.session.running_mut() {
            run.allow_until(until);
        }
        if let Some(until) = until {
            cx.ledger.allow_until(tx, until, cx.out);
        }
        self.rearm_watch(at, cx);
    }

    // rules: 107
    /// What runs at a connector ends, and its cable may be taken: energy is off, and the lock is free to move.
    pub(crate) fn free_lock(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        self.stop(at, Reason::UnlockCommand, None, cx);
        if let Some(connector) = self.connector_mut(at) {
            connector.session.release(|_| true);
        }
        self.command_supplies(cx);
    }
}
