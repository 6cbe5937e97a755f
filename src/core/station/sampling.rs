//! What samples say, and where they go: into the queue, into a StopTransaction, to whoever triggered
//! them (`OCPP 1.6 §3.16`, `§5.17`).

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::meter::Meter;
use crate::core::station::read_for::ReadFor;
use crate::core::station::sampled_values::register_value;
use crate::core::station::{Context, Event, Station};
use crate::core::{ConnectorId, Place, Quantity, Stamp, TxId};
use crate::time::{Millis, Mono};
use crate::types::{Measurand, ReadingContext, SampledValue};

impl Station {
    /// How much later than it was due a reading may have been made and still count as made then.
    fn tolerance(&self) -> Millis {
        Millis(self.setup.tuning.meter_timeout.0.saturating_add(1_000))
    }

    /// What periodic samples say. An empty list means the import register (`OCPP 1.6 §9.1.17`).
    fn sampled_measurands(&self) -> &[Quantity] {
        match self.settings.measurands(Key::MeterValuesSampledData) {
            [] => &[Quantity::REGISTER],
            wanted => wanted,
        }
    }

    // rules: 77
    /// A periodic sample, with the time that it was due, or that of a reading that was made at
    /// another.
    pub(crate) fn sample(&mut self, at: ConnectorId, due: Mono, cx: &mut Context<'_>) {
        let (now, tolerance) = (cx.now.mono, self.tolerance());
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
        let place = Place::Connector(at);
        let meter = self.meter_mut(place);
        if !meter.is_some_and(|meter| meter.takes_new_sample(taken)) {
            return;
        }
        self.note_time(tx, stamp, cx);
        let context = ReadingContext::SamplePeriodic;
        let Some(meter) = self.meter(place) else {
            return;
        };
        let values = meter.values(self.sampled_measurands(), context);
        let data = meter.values(self.settings.measurands(Key::StopTxnSampledData), context);
        let values = self.known_values(Some(tx), values, cx.ledger);
        let data = self.known_values(Some(tx), data, cx.ledger);
        self.add_sample(tx, stamp, data, cx);
        self.queue_values(Some(tx), place, stamp, values, cx);
    }

    pub(crate) fn sample_aligned(
        &mut self,
        at: Place,
        instant: Stamp,
        when: Mono,
        cx: &mut Context<'_>,
    ) {
        let (now, tolerance) = (cx.now.mono, self.tolerance());
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
            self.note_time(tx, stamp, cx);
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
            let data = self.known_values(Some(tx), data, cx.ledger);
            self.add_sample(tx, stamp, data, cx);
        }
        let values = self.known_values(tx, values, cx.ledger);
        self.queue_values(tx, at, stamp, values, cx);
    }

    /// What belongs to a transaction of what the meter shows: while its first register is still to come,
    /// the one that is known is of the time before it.
    fn known_values(
        &self,
        tx: Option<TxId>,
        mut values: Vec<SampledValue>,
        ledger: &Ledger,
    ) -> Vec<SampledValue> {
        let transaction = tx.and_then(|tx| ledger.transaction(tx));
        if transaction.is_some_and(|transaction| transaction.zero.is_none()) {
            let register = Measurand::EnergyActiveImportRegister;
            values.retain(|value| value.measurand != Some(register) || value.phase.is_some());
        }
        values
    }

    /// A transaction goes on after a power cut: what was known before, and what the meter shows
    /// now. No interval is needed for that: it is no periodic sample.
    pub(crate) fn sample_resumed(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let now = self.clock.stamp(cx.now.mono);
        let Some(tx) = self.transaction_at(at, cx.now.mono) else {
            return;
        };
        let (Some(energy), Some(before)) = (
            self.meter(Place::Connector(at)).and_then(Meter::energy),
            cx.ledger.take_interruption(tx),
        ) else {
            return;
        };
        self.note_time(tx, now, cx);
        let begin = vec![register_value(ReadingContext::InterruptionBegin, before.1)];
        self.queue_values(Some(tx), Place::Connector(at), before.0, begin, cx);
        let end = vec![register_value(ReadingContext::InterruptionEnd, energy)];
        self.queue_values(Some(tx), Place::Connector(at), now, end, cx);
    }

    /// A reading joins what the StopTransaction carries, between its start and its end.
    fn add_sample(&mut self, tx: TxId, at: Stamp, values: Vec<SampledValue>, cx: &mut Context<'_>) {
        let most = self.settings.int(Key::StopTransactionMaxMeterValues);
        let now = cx.now.mono;
        cx.ledger.add_sample(tx, at, values, most, now, cx.out);
    }

    fn queue_values(
        &mut self,
        tx: Option<TxId>,
        place: Place,
        at: Stamp,
        values: Vec<SampledValue>,
        cx: &mut Context<'_>,
    ) {
        if values.is_empty() {
            log::debug!("{place}: the meter shows nothing that is wanted");
            return;
        }
        let (online, now) = (cx.online, cx.now.mono);
        cx.ledger
            .sample(tx, (place, at), values, online, now, cx.out);
        self.look_later(cx);
    }

    /// Whether TriggerMessage can have values of a meter.
    pub(crate) fn can_trigger_reading(&self, at: Place) -> bool {
        let meter = self.meter(at);
        meter.is_some_and(|meter| meter.has_readings() || self.setup.host.reads_meter)
    }

    /// TriggerMessage: the latest readings, right now; not queued if they cannot be sent
    /// (`OCPP 1.6 §5.17`).
    pub(crate) fn trigger_readings(&mut self, at: Option<Place>, cx: &mut Context<'_>) {
        for place in self.meters() {
            if at.map_or(true, |at| at == place) && self.can_trigger_reading(place) {
                self.take_reading(place, ReadFor::Trigger, cx);
            }
        }
    }

    // rules: 85
    pub(crate) fn send_reading(&mut self, at: Place, cx: &mut Context<'_>) {
        let Some(meter) = self.meter(at) else {
            return;
        };
        let tx = at
            .connector()
            .and_then(|at| Some(self.connector(at)?.run()?.tx()));
        let shown = meter.values(self.sampled_measurands(), ReadingContext::Trigger);
        let values = self.known_values(tx, shown, cx.ledger);
        if values.is_empty() {
            log::warn!("{at}: the meter could not be read");
            return;
        }
        let (now, tolerance) = (cx.now.mono, self.tolerance());
        let made = meter.made_at(now, now, tolerance).unwrap_or(now);
        let event = Event::Reading {
            place: at,
            tx,
            at: self.clock.stamp(made),
            values,
        };
        self.events.push_back(event);
    }

    /// Has a meter read and takes from it what is wanted, now or when it answers. What it does not
    /// show is not taken.
    pub(crate) fn take_reading(&mut self, at: Place, read_for: ReadFor, cx: &mut Context<'_>) {
        if self.read_meter(at, read_for, cx) {
            return;
        }
        let now = cx.now.mono;
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        if meter.has_news_for(read_for, now) {
            return self.take_sample(at, read_for, cx);
        }
        // A sample waits for the firmware to show the meter; one of the clock has its instant.
        if matches!(read_for, ReadFor::Periodic(_)) {
            meter.wait(read_for);
        }
    }

    // rules: 73
    /// Takes the samples that are due.
    pub(crate) fn expire_samples(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let interval = self.settings.secs(Key::MeterValueSampleInterval);
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            let watches = connector.watches();
            let Some(run) = connector.running_mut() else {
                continue;
            };
            if let Some(due) = run.next_sample(interval, now) {
                self.take_reading(Place::Connector(at), ReadFor::Periodic(due), cx);
            } else if watches && run.next_look(now) {
                self.rearm_watch(at, cx);
                self.take_reading(Place::Connector(at), ReadFor::Watch, cx);
            }
        }
        self.expire_aligned(cx);
    }

    fn expire_aligned(&mut self, cx: &mut Context<'_>) {
        let clock = self.clock.stamp(cx.now.mono);
        let Some(instant) = self.aligned.filter(|instant| *instant <= clock.wall) else {
            return;
        };
        self.rearm_aligned(cx.now.mono);
        let wanted = |key| !self.settings.measurands(key).is_empty();
        let (values, data) = (
            wanted(Key::MeterValuesAlignedData),
            wanted(Key::StopTxnAlignedData),
        );
        let stamp = Stamp {
            wall: instant,
            ..clock
        };
        let late = u64::try_from(clock.wall.0.saturating_sub(instant.0)).unwrap_or(0);
        let when = cx.now.mono - Millis(late);
        for at in self.meters() {
            let runs = at
                .connector()
                .and_then(|at| self.transaction_at(at, when))
                .is_some();
            if values || (data && runs) {
                self.take_reading(at, ReadFor::Aligned(stamp, when), cx);
            }
        }
    }

    /// What is read for a sample, or to know how much energy has flowed, is taken from what the meter shows.
    pub(super) fn take_sample(&mut self, at: Place, read_for: ReadFor, cx: &mut Context<'_>) {
        match (read_for, at) {
            (ReadFor::Periodic(due), Place::Connector(at)) => self.sample(at, due, cx),
            (ReadFor::Aligned(instant, when), at) => self.sample_aligned(at, instant, when, cx),
            (ReadFor::Resumed, Place::Connector(at)) => self.sample_resumed(at, cx),
            (ReadFor::Trigger, at) => self.send_reading(at, cx),
            (ReadFor::Watch, Place::Connector(_)) => cx.ledger.commit_soon(cx.now.mono),
            _ => {}
        }
        if let Some(meter) = self.meter_mut(at) {
            meter.used_for(read_for);
        }
    }
}
