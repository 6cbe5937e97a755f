//! Meter values: what the meter shows, when samples are taken, when they are stored
//! (`OCPP 1.6 §3.16`, `§4.7`).

use crate::core::calls::Purpose;
use crate::core::connector::{Connector, Session};
use crate::core::questions::Asked;
use crate::core::settings::{Key, Wanted};
use crate::core::{ConnectorId, Engine, Notice, Question, QueuedBody, Reading, TxId, Wh, Write};
use crate::time::{Millis, Mono};
use crate::wire::{
    Action, Location, Measurand, MeterValue, MeterValues, ReadingContext, SampledValue,
    UnitOfMeasure,
};

/// A reading that is not older needs no question to the firmware.
const FRESH: Millis = Millis(1_000);

impl Engine {
    /// The meter shows something.
    pub(crate) fn on_meter(&mut self, at: ConnectorId, readings: &[Reading]) {
        let now = self.now.mono;
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        connector.read(now, readings);
        let asked = connector.reading.is_some();
        self.note_energy(at);
        if asked {
            self.on_read(at);
        }
    }

    /// Asks the firmware to read the meter, if it can and there is need to. Says whether an answer
    /// is to be waited for.
    pub(crate) fn ask_meter(&mut self, at: ConnectorId, context: ReadingContext) -> bool {
        let now = self.now.mono;
        let Some(connector) = self.connector(at) else {
            return false;
        };
        let fresh = connector
            .read_at
            .is_some_and(|read| now.since(read) < FRESH);
        if fresh || !self.setup.host.reads_meter {
            return false;
        }
        let question = Question::ReadMeter(at, context);
        let until = now + self.setup.tuning.meter_timeout;
        let Some(request) = self.questions.ask(&question, Asked::Meter(at), until) else {
            return false;
        };
        if let Some(connector) = self.connector_mut(at) {
            connector.reading = Some(context);
        }
        self.tell(Notice::Ask(request, question));
        true
    }

    /// The meter has been read, or the time for it is over: whatever waited for it goes on.
    pub(crate) fn on_read(&mut self, at: ConnectorId) {
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let Some(context) = connector.reading.take() else {
            return;
        };
        match connector.session.clone() {
            Session::Starting(allowed) => self.start_now(at, allowed),
            Session::Stopping(..) => self.stop_now(at),
            _ if context == ReadingContext::Trigger => self.send_reading(at),
            Session::Running(run) => self.sample(at, run.tx, context),
            _ => {}
        }
    }

    /// Keeps the last reading of a running transaction: it is what a power cut leaves of it.
    fn note_energy(&mut self, at: ConnectorId) {
        let stamp = self.clock.stamp(self.now.mono);
        let Some(connector) = self.connector(at) else {
            return;
        };
        let (Some(energy), Session::Running(run)) = (connector.energy(), &connector.session) else {
            return;
        };
        let tx = run.tx;
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            return;
        };
        if energy > transaction.last.1 {
            transaction.last = (stamp, energy);
            self.unsaved.insert(tx);
            self.commit_later();
        }
    }

    fn commit_later(&mut self) {
        let at = self.now.mono + self.setup.tuning.sample_commit;
        self.commit.get_or_insert(at);
    }

    /// Takes the periodic samples that are due.
    pub(crate) fn expire_samples(&mut self) {
        let now = self.now.mono;
        let interval = self.settings.secs(Key::MeterValueSampleInterval);
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            let Session::Running(run) = &mut connector.session else {
                continue;
            };
            let Some(due) = run.sample.filter(|due| *due <= now) else {
                continue;
            };
            let tx = run.tx;
            run.sample = next_on_grid(due, interval, now);
            let busy = connector.reading.is_some();
            if !busy && !self.ask_meter(at, ReadingContext::SamplePeriodic) {
                self.sample(at, tx, ReadingContext::SamplePeriodic);
            }
        }
    }

    /// The interval was changed: it counts from now (`OCPP 1.6 §5.3`, effective at once).
    pub(crate) fn rearm_samples(&mut self) {
        let first = self.first_sample();
        for connector in &mut self.connectors {
            if let Session::Running(run) = &mut connector.session {
                run.sample = first;
            }
        }
    }

    fn sample(&mut self, at: ConnectorId, tx: TxId, context: ReadingContext) {
        let Some(connector) = self.connector(at) else {
            return;
        };
        let wanted = self.settings.measurands(Key::MeterValuesSampledData);
        let values = values_of(connector, wanted, context);
        if values.is_empty() {
            log::warn!("connector {at}: the meter shows none of MeterValuesSampledData");
            return;
        }
        let stamp = self.clock.stamp(self.now.mono);
        let body = QueuedBody::Meter {
            tx: Some(tx),
            connector: Some(at),
            at: stamp,
            values,
        };
        // While the link is up a sample is stored only if it is not delivered soon.
        let durable = !self.is_online();
        self.enqueue(body, durable);
        if durable {
            self.save_reading(tx);
        } else {
            self.commit_later();
        }
    }

    fn save_reading(&mut self, tx: TxId) {
        if self.unsaved.remove(&tx) {
            if let Some(record) = self.transactions.get(&tx).cloned() {
                self.write(Write::Transaction(record));
            }
        }
    }

    /// Stores the samples that are in memory alone since then or longer.
    pub(crate) fn store_samples(&mut self, since: Mono) {
        let unstored = self.outbox.window_mut();
        let unstored = unstored.filter(|item| !item.stored && item.since <= since);
        let writes: Vec<_> = unstored
            .map(|item| {
                item.stored = true;
                Write::Queue(item.message.clone())
            })
            .collect();
        self.writes_mut().extend(writes);
    }

    /// Stores what has waited long enough, and every sample when the link is gone.
    pub(crate) fn mind_commit(&mut self) {
        let now = self.now.mono;
        if !self.is_online() && self.outbox.unstored_since().is_some() {
            self.store_samples(now);
        }
        if self.commit.map_or(true, |at| at > now) {
            return;
        }
        // A sample that was only just taken may be delivered before it needs to be stored.
        let age = self.setup.tuning.sample_commit;
        self.store_samples(now - age);
        self.save_readings();
        self.commit = self.outbox.unstored_since().map(|since| since + age);
    }

    /// Stores everything that is in memory alone.
    pub(crate) fn commit_now(&mut self) {
        self.commit = None;
        self.store_samples(self.now.mono);
        self.save_readings();
    }

    fn save_readings(&mut self) {
        while let Some(tx) = self.unsaved.iter().next().copied() {
            self.save_reading(tx);
        }
    }

    /// TriggerMessage: the latest readings, right now; not queued if they cannot be sent
    /// (`OCPP 1.6 §5.17`).
    pub(crate) fn trigger_reading(&mut self, at: ConnectorId) {
        let busy = self
            .connector(at)
            .is_some_and(|connector| connector.reading.is_some());
        if busy || !self.ask_meter(at, ReadingContext::Trigger) {
            self.send_reading(at);
        }
    }

    fn send_reading(&mut self, at: ConnectorId) {
        let Some(connector) = self.connector(at) else {
            return;
        };
        let wanted = self.settings.measurands(Key::MeterValuesSampledData);
        let sampled_value = values_of(connector, wanted, ReadingContext::Trigger);
        let run = connector
            .run()
            .and_then(|run| self.transactions.get(&run.tx));
        let request = MeterValues {
            connector_id: number(Some(at)),
            transaction_id: run.and_then(crate::core::delivery::central_id),
            meter_value: vec![MeterValue {
                timestamp: self.clock.wall(self.now.mono),
                sampled_value,
            }],
        };
        self.call(Purpose::Meter, Action::MeterValues, &request);
    }
}

impl Connector {
    /// The import register, if the meter ever showed it.
    pub(crate) fn energy(&self) -> Option<Wh> {
        self.readings.iter().find_map(Reading::as_energy)
    }
}

/// The number of a connector in a message.
pub(crate) fn number(at: Option<ConnectorId>) -> i32 {
    at.map_or(0, |at| i32::try_from(at.number()).unwrap_or(i32::MAX))
}

/// The next of the instants `due + k * interval` that is still to come.
fn next_on_grid(due: Mono, interval: Millis, now: Mono) -> Option<Mono> {
    if interval.0 == 0 {
        return None;
    }
    let missed = now.since(due).0 / interval.0;
    Some(due + Millis(interval.0.saturating_mul(missed + 1)))
}

/// The readings that are wanted, as messages have them. An empty list means the import register
/// (`OCPP 1.6 §9.1.17`).
fn values_of(
    connector: &Connector,
    wanted: &[Wanted],
    context: ReadingContext,
) -> Vec<SampledValue> {
    let register = [Wanted {
        measurand: Measurand::EnergyActiveImportRegister,
        phase: None,
    }];
    let wanted = if wanted.is_empty() { &register } else { wanted };
    let fits = |wanted: &Wanted, reading: &&Reading| {
        wanted.measurand == reading.measurand
            && (wanted.phase.is_none() || wanted.phase == reading.phase)
    };
    let chosen = wanted.iter().flat_map(|wanted| {
        connector
            .readings
            .iter()
            .filter(move |reading| fits(wanted, reading))
    });
    chosen
        .map(|reading| SampledValue {
            // Whole watt-hours, as at start and stop: a bill must add up.
            value: reading
                .as_energy()
                .map_or_else(|| reading.text(), |wh| wh.0.to_string()),
            context: Some(context),
            format: None,
            measurand: Some(reading.measurand),
            phase: reading.phase,
            location: reading.location.or_else(|| usual_place(reading.measurand)),
            unit: unit_of(reading.measurand),
        })
        .collect()
}

/// The state of charge is measured in the vehicle; everything else at the outlet, which is the
/// default and needs no words.
fn usual_place(measurand: Measurand) -> Option<Location> {
    (measurand == Measurand::SoC).then_some(Location::EV)
}

/// The unit that readings of a measurand are in; `None` where OCPP has no word for it
/// (errata 3.86).
fn unit_of(measurand: Measurand) -> Option<UnitOfMeasure> {
    use Measurand as M;
    use UnitOfMeasure as U;
    match measurand {
        M::EnergyActiveExportRegister
        | M::EnergyActiveImportRegister
        | M::EnergyActiveExportInterval
        | M::EnergyActiveImportInterval => Some(U::Wh),
        M::EnergyReactiveExportRegister
        | M::EnergyReactiveImportRegister
        | M::EnergyReactiveExportInterval
        | M::EnergyReactiveImportInterval => Some(U::Varh),
        M::PowerActiveExport | M::PowerActiveImport | M::PowerOffered => Some(U::W),
        M::PowerReactiveExport | M::PowerReactiveImport => Some(U::Var),
        M::CurrentImport | M::CurrentExport | M::CurrentOffered => Some(U::A),
        M::Voltage => Some(U::V),
        M::Temperature => Some(U::Celcius),
        M::SoC => Some(U::Percent),
        M::PowerFactor | M::Frequency | M::RPM => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 73
    #[test]
    fn missed_samples_are_skipped_and_the_grid_is_kept() {
        let next = |now| next_on_grid(Mono(1_000), Millis(500), Mono(now));
        assert_eq!(next(1_000), Some(Mono(1_500)));
        assert_eq!(next(2_700), Some(Mono(3_000)));
        assert_eq!(next_on_grid(Mono(1_000), Millis(0), Mono(1_000)), None);
    }
}
