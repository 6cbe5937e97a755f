//! Meters: when they are read, and who waits for it (`OCPP 1.6 §3.16`, `§4.7`).

use crate::core::connector::{Allowance, Session};
use crate::core::grid::{next_aligned, next_on_grid};
use crate::core::meter::{Meter, Take};
use crate::core::questions::Asked;
use crate::core::settings::Key;
use crate::core::{ConnectorId, Due, Engine, Notice, Place, Question, Reading, Stamp, TxId};
use crate::time::{Millis, Mono};
use crate::wire::ReadingContext;

/// How often the meter is looked at while an allowance is being used up.
const WATCH: Millis = Millis::from_secs(10);
/// How soon a meter that said nothing at the start is asked again; each time the wait doubles.
const FIRST_AGAIN: Millis = Millis::from_secs(3);
/// How often it is read in a session at least, if nothing says otherwise.
const COMMIT: Millis = Millis::from_secs(60);

impl Engine {
    pub(crate) fn meter(&self, at: Place) -> Option<&Meter> {
        match at {
            Place::ChargePoint => self.main_meter.as_ref(),
            Place::Connector(at) => self.connector(at).map(|connector| &connector.meter),
        }
    }

    fn meter_mut(&mut self, at: Place) -> Option<&mut Meter> {
        match at {
            Place::ChargePoint => self.main_meter.as_mut(),
            Place::Connector(at) => self.connector_mut(at).map(|connector| &mut connector.meter),
        }
    }

    /// The meters: one of each connector, and the main one if there is one.
    pub(crate) fn meters(&self) -> Vec<Place> {
        let main = self.main_meter.is_some().then_some(Place::ChargePoint);
        main.into_iter()
            .chain(self.connector_ids().map(Place::Connector))
            .collect()
    }

    /// A meter shows something. `older`: in answer to a question whose time is over, so that it does
    /// not answer one that is open.
    pub(crate) fn on_meter(&mut self, at: Place, readings: &[Reading], older: bool) {
        let now = self.now.mono;
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        if readings.is_empty() {
            return;
        }
        meter.read(now, readings);
        let register = readings.iter().any(|reading| reading.as_energy().is_some());
        if meter.bills() && !register && !older {
            log::warn!(
                "connector {}: the meter was read without its register: what is known of it counts",
                at.connector_id()
            );
        }
        let served = meter.served(older);
        if let Some(at) = at.connector().filter(|_| register) {
            self.note_first_register(at);
            self.note_energy(at);
        }
        for take in served {
            self.take(at, take);
        }
    }

    /// The first register of a transaction that began while the meter was silent, or that may have
    /// moved since it was read last. If nobody has heard of the start yet, the transaction starts from
    /// it; else it counts on from what the start said, since nobody knows who drew what was there before.
    fn note_first_register(&mut self, at: ConnectorId) {
        let stamp = self.clock.stamp(self.now.mono);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        connector.meter.flowed = connector.supply.is_some_and(|supply| supply.permit);
        let shown = connector.meter.energy();
        let (Some(run), Some(shown)) = (connector.run(), shown) else {
            return;
        };
        let (tx, resumed) = (run.tx, run.resumed);
        let first = self
            .ledger
            .first_register(tx, (stamp, shown), resumed, &mut self.out);
        let Some((zero, start)) = first else {
            return;
        };
        if let Some(connector) = self.connector_mut(at) {
            connector.meter.zero = zero;
        }
        let values = self.final_values(at, start, ReadingContext::TransactionBegin);
        let now = self.now.mono;
        self.ledger
            .add_reading(tx, stamp, values, now, &mut self.out);
        self.rearm_watch(at);
    }

    pub(crate) fn on_signed_meter(&mut self, at: ConnectorId, signed: String) {
        if let Some(meter) = self.meter_mut(Place::Connector(at)) {
            meter.sign(signed);
        }
    }

    /// Has a meter read. Says whether there is an answer to wait for; if not, what it showed last
    /// is all there is.
    pub(crate) fn read_meter(&mut self, at: Place, take: Take) -> bool {
        let now = self.now.mono;
        // What goes on the bill is read anew, whatever was known a moment before.
        let billed = matches!(take, Take::Begin | Take::End) && self.setup.host.reads_meter;
        let Some(meter) = self.meter_mut(at) else {
            return false;
        };
        if meter.is_fresh(now) && !billed {
            return false;
        }
        if !meter.takes.is_empty() {
            if !meter.takes.contains(&take) {
                meter.takes.push(take);
            }
            return true;
        }
        self.setup.host.reads_meter && self.await_meter(at, take, self.setup.tuning.meter_timeout)
    }

    /// Waits for a meter to be read, for so long. A firmware that is not asked may still show it.
    pub(crate) fn await_meter(&mut self, at: Place, take: Take, patience: Millis) -> bool {
        let question = Question::ReadMeter(at, take.context());
        let (asked, now) = (Asked::Meter(at), self.now.mono);
        let Some(request) = self.questions.ask(&question, asked, now, patience) else {
            return false;
        };
        if let Some(meter) = self.meter_mut(at) {
            meter.takes.push(take);
        }
        if self.setup.host.reads_meter {
            self.out.tell(Notice::Ask(request, question));
        }
        true
    }

    /// Has a meter read and takes from it what is wanted, now or when it answers. What it does not
    /// show is not taken.
    pub(crate) fn take_reading(&mut self, at: Place, take: Take) {
        if self.read_meter(at, take) {
            return;
        }
        let now = self.now.mono;
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        if meter.has_news_for(take, now) {
            return self.take(at, take);
        }
        // A sample waits for the firmware to show the meter; one of the clock has its instant.
        if matches!(take, Take::Periodic(_)) {
            meter.wait(take);
        }
    }

    /// The time for an answer is over, or the meter could not be read.
    pub(crate) fn on_silent_meter(&mut self, at: Place) {
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        for take in std::mem::take(&mut meter.takes) {
            match take {
                Take::Begin | Take::End => self.take(at, take),
                Take::Periodic(_) | Take::Aligned(..) | Take::Trigger => {
                    if let Some(meter) = self.meter_mut(at) {
                        meter.wait(take);
                    }
                }
                Take::Resumed | Take::Watch => {}
            }
        }
    }

    fn take(&mut self, at: Place, take: Take) {
        match (take, at) {
            (Take::Begin, Place::Connector(at)) => {
                if let Some(Session::Starting(allowed)) = self.session(at) {
                    self.start_now(at, allowed);
                }
            }
            (Take::End, Place::Connector(at)) => self.stop_now(at),
            (Take::Periodic(due), Place::Connector(at)) => self.sample(at, due),
            (Take::Aligned(instant, when), at) => self.sample_aligned(at, instant, when),
            (Take::Resumed, Place::Connector(at)) => self.sample_resumed(at),
            (Take::Trigger, at) => self.send_reading(at),
            (Take::Watch, Place::Connector(_)) => self.ledger.commit_soon(self.now.mono),
            _ => {}
        }
        if let Some(meter) = self.meter_mut(at) {
            meter.used_for(take);
        }
    }

    fn session(&self, at: ConnectorId) -> Option<Session> {
        self.connector(at)
            .map(|connector| connector.session.clone())
    }

    /// The transaction of a connector, if it was already running then.
    pub(crate) fn transaction_at(&self, at: ConnectorId, when: Mono) -> Option<TxId> {
        let run = self.connector(at)?.run()?;
        (run.since <= when).then_some(run.tx)
    }

    /// Keeps the last reading of a running transaction: it is what a power cut leaves of it.
    fn note_energy(&mut self, at: ConnectorId) {
        let stamp = self.clock.stamp(self.now.mono);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let energy = connector.meter.energy();
        let (Some(energy), Session::Running(run)) = (energy, &mut connector.session) else {
            return;
        };
        if matches!(run.allowance, Allowance::Until(most) if energy >= most) {
            run.allowance = Allowance::Spent;
        }
        let tx = run.tx;
        self.ledger.note_energy(tx, stamp, energy, self.now.mono);
    }

    /// A reading of a transaction goes to the central system: after a power cut, the transaction did
    /// not end before that, even if no energy has flowed for hours.
    pub(crate) fn note_time(&mut self, tx: TxId, at: Stamp) {
        self.ledger.note_time(tx, at, self.now.mono);
    }

    /// Takes the samples that are due.
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
            if let Some(due) = run.sample.filter(|due| *due <= now) {
                run.sample = next_on_grid(due, interval, now);
                self.take_reading(Place::Connector(at), Take::Periodic(due));
            } else if connector.watches() && connector.watch().is_some_and(|due| due <= now) {
                if let Session::Running(run) = &mut connector.session {
                    run.looks = run.looks.saturating_add(1);
                }
                self.rearm_watch(at);
                self.take_reading(Place::Connector(at), Take::Watch);
            }
        }
        self.expire_aligned();
    }

    fn expire_aligned(&mut self) {
        let clock = self.clock.stamp(self.now.mono);
        let Some(instant) = self.aligned.filter(|instant| *instant <= clock.wall) else {
            return;
        };
        self.rearm_aligned();
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
        let when = self.now.mono - Millis(late);
        for at in self.meters() {
            let runs = at
                .connector()
                .and_then(|at| self.transaction_at(at, when))
                .is_some();
            if values || (data && runs) {
                self.take_reading(at, Take::Aligned(stamp, when));
            }
        }
    }

    /// The next instant of the clock-aligned interval (`OCPP 1.6 §9.1.5`).
    pub(crate) fn rearm_aligned(&mut self) {
        let interval = self.settings.secs(Key::ClockAlignedDataInterval);
        let now = self.clock.wall(self.now.mono);
        self.aligned = next_aligned(now, interval);
    }

    pub(crate) fn aligned_deadline(&self) -> Option<(Mono, Due)> {
        let wait = self
            .aligned?
            .0
            .saturating_sub(self.clock.wall(self.now.mono).0);
        let wait = Millis(u64::try_from(wait).unwrap_or(0));
        Some((self.now.mono + wait, Due::Sample))
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

    /// When the meter of a connector is looked at next, beside the samples that are due: soon while
    /// its register is not known; now and then while an allowance is being used up; and as often as
    /// readings are to be stored, so that a power cut costs no more than that.
    pub(crate) fn rearm_watch(&mut self, at: ConnectorId) {
        let reads = self.setup.host.reads_meter;
        let commit = Some(self.setup.tuning.sample_commit).filter(|commit| commit.0 > 0);
        let now = self.now.mono;
        let Some(run) = self.connector(at).and_then(|connector| connector.run()) else {
            return;
        };
        let transaction = self.ledger.transaction(run.tx);
        let unknown = transaction.is_some_and(|transaction| transaction.zero.is_none());
        let wait = if unknown && reads {
            let doubled = FIRST_AGAIN.0.saturating_mul(1 << run.looks.min(16));
            Some(Millis(doubled).min(commit.unwrap_or(COMMIT)))
        } else if matches!(run.allowance, Allowance::Until(_)) {
            Some(WATCH)
        } else {
            reads.then_some(commit.unwrap_or(COMMIT))
        };
        if let Some(connector) = self.connector_mut(at) {
            if let Session::Running(run) = &mut connector.session {
                run.watch = wait.map(|wait| now + wait);
                run.looks = if unknown { run.looks } else { 0 };
            }
        }
    }
}
