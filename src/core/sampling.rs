//! What samples say, and where they go: into the queue, into a StopTransaction, to whoever triggered
//! them (`OCPP 1.6 §3.16`, `§5.17`).

use crate::core::connector::Connector;
use crate::core::link::Purpose;
use crate::core::meter::{register_value, Meter, Take};
use crate::core::settings::Key;
use crate::core::{ConnectorId, Engine, Place, Quantity, Stamp, Transaction, TxId, Wh};
use crate::time::{Millis, Mono};
use crate::wire::{Action, Measurand, MeterValue, MeterValues, ReadingContext, SampledValue};

impl Engine {
    /// How much later than it was due a reading may have been made and still count as made then.
    fn tolerance(&self) -> Millis {
        Millis(self.setup.tuning.meter_timeout.0.saturating_add(1_000))
    }

    /// A periodic sample, with the time that it was due, or that of a reading that was made at
    /// another.
    pub(crate) fn sample(&mut self, at: ConnectorId, due: Mono) {
        let (now, tolerance) = (self.now.mono, self.tolerance());
        let Some(taken) = self
            .meter(Place::Connector(at))
            .and_then(|meter| meter.made_at(due, now, tolerance))
        else {
            return;
        };
        let stamp = self.clock.stamp(taken);
        let Some(tx) = self.transaction_at(at, taken) else {
            return;
        };
        // One that waited for the meter may have had this very reading, and its time.
        let same =
            |connector: &mut Connector| connector.meter.last_sample.replace(taken) == Some(taken);
        if self.connector_mut(at).is_some_and(same) {
            return;
        }
        self.note_time(tx, stamp);
        let context = ReadingContext::SamplePeriodic;
        let Some(meter) = self.meter(Place::Connector(at)) else {
            return;
        };
        let wanted = self.settings.measurands(Key::MeterValuesSampledData);
        let register = [Quantity::REGISTER];
        // An empty list means the import register (OCPP 1.6 §9.1.17).
        let wanted = if wanted.is_empty() { &register } else { wanted };
        let values = meter.values(wanted, context);
        let data = meter.values(self.settings.measurands(Key::StopTxnSampledData), context);
        let values = self.known_values(Some(tx), values);
        let data = self.known_values(Some(tx), data);
        self.add_sample(tx, stamp, data);
        self.queue_values(Some(tx), Place::Connector(at), stamp, values);
    }

    pub(crate) fn sample_aligned(&mut self, at: Place, instant: Stamp, when: Mono) {
        let (now, tolerance) = (self.now.mono, self.tolerance());
        let made = self
            .meter(at)
            .and_then(|meter| meter.made_at(when, now, tolerance));
        let Some(made) = made else {
            return;
        };
        let stamp = match made == when {
            true => instant,
            false => self.clock.stamp(made),
        };
        let tx = at.connector().and_then(|at| self.transaction_at(at, made));
        if let Some(tx) = tx {
            self.note_time(tx, stamp);
        }
        let context = ReadingContext::SampleClock;
        let Some(meter) = self.meter(at) else {
            return;
        };
        let values = meter.values(
            self.settings.measurands(Key::MeterValuesAlignedData),
            context,
        );
        if let Some(tx) = tx {
            let data = meter.values(self.settings.measurands(Key::StopTxnAlignedData), context);
            let data = self.known_values(Some(tx), data);
            self.add_sample(tx, stamp, data);
        }
        let values = self.known_values(tx, values);
        self.queue_values(tx, at, stamp, values);
    }

    /// What belongs to a transaction of what the meter shows: while its first register is still to come,
    /// the one that is known is of the time before it.
    fn known_values(&self, tx: Option<TxId>, mut values: Vec<SampledValue>) -> Vec<SampledValue> {
        let transaction = tx.and_then(|tx| self.ledger.transaction(tx));
        if transaction.is_some_and(|transaction| transaction.zero.is_none()) {
            let register = Measurand::EnergyActiveImportRegister;
            values.retain(|value| value.measurand != Some(register) || value.phase.is_some());
        }
        values
    }

    /// A transaction goes on after a power cut: what was known before, and what the meter shows
    /// now. No interval is needed for that: it is no periodic sample.
    pub(crate) fn sample_resumed(&mut self, at: ConnectorId) {
        let now = self.clock.stamp(self.now.mono);
        let Some(tx) = self.transaction_at(at, self.now.mono) else {
            return;
        };
        let (Some(energy), Some(before)) = (
            self.meter(Place::Connector(at)).and_then(Meter::energy),
            self.ledger.take_interruption(tx),
        ) else {
            return;
        };
        self.note_time(tx, now);
        let begin = vec![register_value(ReadingContext::InterruptionBegin, before.1)];
        self.queue_values(Some(tx), Place::Connector(at), before.0, begin);
        let end = vec![register_value(ReadingContext::InterruptionEnd, energy)];
        self.queue_values(Some(tx), Place::Connector(at), now, end);
    }

    /// A reading joins what the StopTransaction carries, between its start and its end.
    fn add_sample(&mut self, tx: TxId, at: Stamp, values: Vec<SampledValue>) {
        let most = self.settings.int(Key::StopTransactionMaxMeterValues);
        let now = self.now.mono;
        self.ledger
            .add_sample(tx, at, values, most, now, &mut self.out);
    }

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
    ) -> Vec<SampledValue> {
        let wanted = self.final_measurands();
        let (now, asks) = (self.now.mono, self.setup.host.reads_meter);
        let Some(connector) = self.connector_mut(at).filter(|_| !wanted.is_empty()) else {
            return Vec::new();
        };
        let current = !asks || connector.meter.is_fresh(now);
        connector
            .meter
            .final_values(&wanted, context, energy, current)
    }

    fn queue_values(
        &mut self,
        tx: Option<TxId>,
        place: Place,
        at: Stamp,
        values: Vec<SampledValue>,
    ) {
        if values.is_empty() {
            log::debug!(
                "connector {}: the meter shows nothing that is wanted",
                place.connector_id()
            );
            return;
        }
        let (online, now) = (self.is_online(), self.now.mono);
        self.ledger
            .sample(tx, (place, at), values, online, now, &mut self.out);
        self.look_later();
    }

    /// Whether TriggerMessage can have values of a meter.
    pub(crate) fn can_trigger_reading(&self, at: Place) -> bool {
        let meter = self.meter(at);
        meter.is_some_and(|meter| meter.has_readings() || self.setup.host.reads_meter)
    }

    /// TriggerMessage: the latest readings, right now; not queued if they cannot be sent
    /// (`OCPP 1.6 §5.17`).
    pub(crate) fn trigger_readings(&mut self, at: Option<Place>) {
        for place in self.meters() {
            if at.map_or(true, |at| at == place) && self.can_trigger_reading(place) {
                self.take_reading(place, Take::Trigger);
            }
        }
    }

    pub(crate) fn send_reading(&mut self, at: Place) {
        let Some(meter) = self.meter(at) else {
            return;
        };
        let wanted = self.settings.measurands(Key::MeterValuesSampledData);
        let register = [Quantity::REGISTER];
        let wanted = if wanted.is_empty() { &register } else { wanted };
        // One that waits already says the same.
        if self.link.is_in_line(Purpose::Meter(at)) {
            return;
        }
        let running = at
            .connector()
            .and_then(|at| Some(self.connector(at)?.run()?.tx));
        let shown = meter.values(wanted, ReadingContext::Trigger);
        let sampled_value = self.known_values(running, shown);
        if sampled_value.is_empty() {
            log::warn!(
                "connector {}: the meter could not be read",
                at.connector_id()
            );
            return;
        }
        let tx = at
            .connector()
            .and_then(|at| Some(self.connector(at)?.run()?.tx));
        let (now, tolerance) = (self.now.mono, self.tolerance());
        let made = meter.made_at(now, now, tolerance).unwrap_or(now);
        let stamp = self.clock.stamp(made);
        if let Some(tx) = tx {
            self.note_time(tx, stamp);
        }
        let transaction = tx.and_then(|tx| self.ledger.transaction(tx));
        let request = MeterValues {
            connector_id: at.connector_id(),
            transaction_id: transaction.and_then(Transaction::central_id),
            meter_value: vec![MeterValue {
                timestamp: stamp.wall,
                sampled_value,
            }],
        };
        self.call(Purpose::Meter(at), Action::MeterValues, &request);
    }
}
