//! Meters: when they are read, and who waits for it (`OCPP 1.6 §3.16`, `§4.7`).

use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::meter::Meter;
use crate::core::station::questions::AnswerFor;
use crate::core::station::read_for::ReadFor;
use crate::core::station::{Context, Station};
use crate::core::Quantity;
use crate::core::Wh;
use crate::core::{ConnectorId, Notice, Place, Question, Stamp, TxId};
use crate::time::{Millis, Mono};
use crate::types::ReadingContext;
use crate::types::SampledValue;

impl Station {
    pub(crate) fn meter(&self, at: Place) -> Option<&Meter> {
        match at {
            Place::ChargePoint => self.main_meter.as_ref(),
            Place::Connector(at) => self.connector(at).map(Connector::meter),
        }
    }

    pub(super) fn meter_mut(&mut self, at: Place) -> Option<&mut Meter> {
        match at {
            Place::ChargePoint => self.main_meter.as_mut(),
            Place::Connector(at) => self.connector_mut(at).map(Connector::meter_mut),
        }
    }

    /// The meters: one of each connector, and the main one if there is one.
    pub(crate) fn meters(&self) -> Vec<Place> {
        let main = self.main_meter.is_some().then_some(Place::ChargePoint);
        main.into_iter()
            .chain(self.connector_ids().map(Place::Connector))
            .collect()
    }

    /// The first register of a transaction that began while the meter was silent, or that may have
    /// moved since it was read last. If nobody has heard of the start yet, the transaction starts from
    /// it; else it counts on from what the start said, since nobody knows who drew what was there before.
    pub(super) fn note_first_register(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
        let connector = self.connector_mut(at);
        let Some((run, shown)) = connector.and_then(Connector::register_is_read) else {
            return;
        };
        let (tx, resumed) = (run.tx(), run.is_resumed());
        let first = cx
            .ledger
            .first_register(tx, (stamp, shown), resumed, cx.out);
        let Some((zero, start)) = first else {
            return;
        };
        if let Some(connector) = self.connector_mut(at) {
            connector.meter_mut().counts_from(zero);
        }
        let values = self.final_values(at, start, ReadingContext::TransactionBegin, cx);
        let now = cx.now.mono;
        cx.ledger.add_reading(tx, stamp, values, now, cx.out);
        self.rearm_watch(at, cx);
    }

    pub(crate) fn on_signed_meter(&mut self, at: ConnectorId, signed: String) {
        if let Some(meter) = self.meter_mut(Place::Connector(at)) {
            meter.sign(signed);
        }
    }

    /// Has a meter read. Says whether there is an answer to wait for; if not, what it showed last
    /// is all there is.
    pub(crate) fn read_meter(
        &mut self,
        at: Place,
        read_for: ReadFor,
        cx: &mut Context<'_>,
    ) -> bool {
        let now = cx.now.mono;
        // What goes on the bill is read anew, whatever was known a moment before.
        let billed =
            matches!(read_for, ReadFor::Begin | ReadFor::End) && self.setup.host.reads_meter;
        let Some(meter) = self.meter_mut(at) else {
            return false;
        };
        if meter.is_fresh(now) && !billed {
            return false;
        }
        if meter.wait_too(read_for) {
            return true;
        }
        self.setup.host.reads_meter
            && self.await_meter(at, read_for, self.setup.tuning.meter_timeout, cx)
    }

    /// Waits for a meter to be read, for so long. A firmware that is not asked may still show it.
    pub(crate) fn await_meter(
        &mut self,
        at: Place,
        read_for: ReadFor,
        patience: Millis,
        cx: &mut Context<'_>,
    ) -> bool {
        let question = Question::ReadMeter(at, read_for.context());
        let (asked, now) = (AnswerFor::Meter(at), cx.now.mono);
        let Some(request) = self.questions.ask(&question, asked, now, patience) else {
            return false;
        };
        if let Some(meter) = self.meter_mut(at) {
            meter.asked_for(read_for);
        }
        if self.setup.host.reads_meter {
            cx.out.notify(Notice::Ask(request, question));
        }
        true
    }

    /// The transaction of a connector, if it was already running then.
    pub(crate) fn transaction_at(&self, at: ConnectorId, when: Mono) -> Option<TxId> {
        self.connector(at)?.run()?.tx_at(when)
    }

    /// Keeps the last reading of a running transaction: it is what a power cut leaves of it.
    pub(super) fn note_energy(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
        let counted = self.connector_mut(at).and_then(Connector::count_energy);
        if let Some((tx, energy)) = counted {
            cx.ledger.note_energy(tx, stamp, energy, cx.now.mono);
        }
    }

    /// A reading of a transaction goes to the central system: after a power cut, the transaction did
    /// not end before that, even if no energy has flowed for hours.
    pub(crate) fn note_time(&mut self, tx: TxId, at: Stamp, cx: &mut Context<'_>) {
        cx.ledger.note_time(tx, at, cx.now.mono);
    }

    // rules: 81
    /// What is read at the start and the end: everything that either list names. Nothing at all if
    /// both are empty.
    pub(crate) fn final_measurands(&self) -> Vec<Quantity> {
        let mut all = self.settings.measurands(Key::StopTxnSampledData).to_vec();
        for quantity in self.settings.measurands(Key::StopTxnAlignedData) {
            if !all.contains(quantity) {
                all.push(*quantity);
            }
        }
        all
    }

    /// The first or the last reading of a transaction.
    pub(crate) fn final_values(
        &mut self,
        at: ConnectorId,
        energy: Wh,
        context: ReadingContext,
        cx: &mut Context<'_>,
    ) -> Vec<SampledValue> {
        let wanted = self.final_measurands();
        let (now, asks) = (cx.now.mono, self.setup.host.reads_meter);
        let meter = self.meter_mut(Place::Connector(at));
        let Some(meter) = meter.filter(|_| !wanted.is_empty()) else {
            return Vec::new();
        };
        let current = !asks || meter.is_fresh(now);
        meter.final_values(&wanted, context, energy, current)
    }
}
