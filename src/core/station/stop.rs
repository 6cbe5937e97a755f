//! How what goes on at a connector ends: by a tag, by the firmware, by the central system
//! (`OCPP 1.6 §4.8`, `§4.10`).

use crate::core::ledger::End;
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::read_for::ReadFor;
use crate::core::station::{Context, Station};
use crate::core::{Change, ConnectorId, Place, Record, Transaction, TxId};
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
        let connector = self.connector_mut(at);
        if !connector.is_some_and(Connector::awaits_contactor) {
            self.read_last(at, cx);
        }
        // And what comes of the end, such as an open lock, before anything else.
        self.command_supplies(cx);
    }

    /// Energy is off: the meter is read for the last time.
    pub(crate) fn read_last(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let place = Place::Connector(at);
        if self.read_meter(place, ReadFor::End, cx) {
            return;
        }
        let connector = self.connector(at);
        let patience = self.setup.tuning.meter_timeout;
        if !connector.is_some_and(Connector::needs_new_reading)
            || !self.await_meter(place, ReadFor::End, patience, cx)
        {
            self.stop_now(at, cx);
        }
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
        let (in_service, has_tag) = (self.may_charge(), tag.is_some());
        let end = End {
            reason,
            tag,
            at: self.clock.stamp(cx.now.mono),
            meter: None,
        };
        let connector = self.connector_mut(at);
        if !connector.is_some_and(|known| known.stop(end, in_service)) {
            self.call_off_all(at, cx);
            return false;
        }
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
            connector.prepare_no_more();
        }
    }

    /// The meter has been read, or will not be: the transaction is over.
    pub(crate) fn stop_now(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let connector = self.connector_mut(at);
        let Some((tx, end, register)) = connector.and_then(Connector::last_reading) else {
            return;
        };
        let reason = end.reason;
        match self.end_transaction(at, tx, end, cx) {
            Some(record) => {
                let unlocks = self.settings.is(Key::UnlockConnectorOnEVSideDisconnect);
                if let Some(connector) = self.connector_mut(at) {
                    connector.finish(&record, reason, unlocks);
                }
                if let Some(register) = register {
                    cx.out.durable(Change::Put(Record::Register(at, register)));
                }
            }
            // It is not on the books: the session is over all the same, and the connector serves others.
            None => {
                if let Some(connector) = self.connector_mut(at) {
                    connector.end();
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
        let meter = self.connectors.get_mut(at.index());
        let meter = meter.map(Connector::meter_mut);
        let readings = |energy| match meter.filter(|_| !wanted.is_empty()) {
            None => Vec::new(),
            Some(meter) => {
                let current = !asks || meter.is_fresh(now);
                meter.final_values(&wanted, ReadingContext::TransactionEnd, energy, current)
            }
        };
        let record = cx.ledger.end(tx, end, readings, now, cx.out);
        self.drop_profiles_of(tx, cx);
        record
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
        if let Some(until) = connector.allow_only(most) {
            cx.ledger.allow_until(tx, until, cx.out);
        }
        self.rearm_watch(at, cx);
    }

    // rules: 107
    /// What runs at a connector ends, and its cable may be taken: energy is off, and the lock is free to move.
    pub(crate) fn free_lock(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        self.stop(at, Reason::UnlockCommand, None, cx);
        if let Some(connector) = self.connector_mut(at) {
            connector.release(|_| true);
        }
        self.command_supplies(cx);
    }
}
