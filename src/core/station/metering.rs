//! Meters: when they are read, and who waits for it (`OCPP 1.6 §3.16`, `§4.7`).

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::connector::{Allowance, Session};
use crate::core::station::instants::{next_aligned, next_on_grid};
use crate::core::station::meter::{Meter, Take};
use crate::core::station::questions::Asked;
use crate::core::station::{Context, Station};
use crate::core::{ConnectorId, Due, Notice, Place, Question, Reading, Stamp, TxId};
use crate::time::{Millis, Mono};
use crate::types::ReadingContext;

/// How often the meter is looked at while an allowance is being used up.
const WATCH: Millis = Millis::from_secs(10);
/// How soon a meter that said nothing at the start is asked again; each time the wait doubles.
const FIRST_AGAIN: Millis = Millis::from_secs(3);
/// How long a StartTransaction waits for the first register at most.
const FIRST_REGISTER: Millis = Millis::from_secs(10);
/// How often it is read in a session at least, if nothing says otherwise.
const COMMIT: Millis = Millis::from_secs(60);

impl Station {
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
    pub(crate) fn on_meter(
        &mut self,
        at: Place,
        readings: &[Reading],
        older: bool,
        cx: &mut Context<'_>,
    ) {
        let now = cx.now.mono;
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
            self.note_first_register(at, cx);
            self.note_energy(at, cx);
        }
        for take in served {
            self.take(at, take, cx);
        }
    }

    /// The first register of a transaction that began while the meter was silent, or that may have
    /// moved since it was read last. If nobody has heard of the start yet, the transaction starts from
    /// it; else it counts on from what the start said, since nobody knows who drew what was there before.
    fn note_first_register(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        connector.meter.flowed = connector.supply.is_some_and(|supply| supply.permit);
        let shown = connector.meter.energy();
        let (Some(run), Some(shown)) = (connector.run(), shown) else {
            return;
        };
        let (tx, resumed) = (run.tx, run.resumed);
        let first = cx
            .ledger
            .first_register(tx, (stamp, shown), resumed, cx.out);
        let Some((zero, start)) = first else {
            return;
        };
        if let Some(connector) = self.connector_mut(at) {
            connector.meter.zero = zero;
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
    pub(crate) fn read_meter(&mut self, at: Place, take: Take, cx: &mut Context<'_>) -> bool {
        let now = cx.now.mono;
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
        self.setup.host.reads_meter
            && self.await_meter(at, take, self.setup.tuning.meter_timeout, cx)
    }

    /// Waits for a meter to be read, for so long. A firmware that is not asked may still show it.
    pub(crate) fn await_meter(
        &mut self,
        at: Place,
        take: Take,
        patience: Millis,
        cx: &mut Context<'_>,
    ) -> bool {
        let question = Question::ReadMeter(at, take.context());
        let (asked, now) = (Asked::Meter(at), cx.now.mono);
        let Some(request) = self.questions.ask(&question, asked, now, patience) else {
            return false;
        };
        if let Some(meter) = self.meter_mut(at) {
            meter.takes.push(take);
        }
        if self.setup.host.reads_meter {
            cx.out.tell(Notice::Ask(request, question));
        }
        true
    }

    /// Has a meter read and takes from it what is wanted, now or when it answers. What it does not
    /// show is not taken.
    pub(crate) fn take_reading(&mut self, at: Place, take: Take, cx: &mut Context<'_>) {
        if self.read_meter(at, take, cx) {
            return;
        }
        let now = cx.now.mono;
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        if meter.has_news_for(take, now) {
            return self.take(at, take, cx);
        }
        // A sample waits for the firmware to show the meter; one of the clock has its instant.
        if matches!(take, Take::Periodic(_)) {
            meter.wait(take);
        }
    }

    /// The time for an answer is over, or the meter could not be read.
    pub(crate) fn on_silent_meter(&mut self, at: Place, cx: &mut Context<'_>) {
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        for take in std::mem::take(&mut meter.takes) {
            match take {
                Take::Begin | Take::End => self.take(at, take, cx),
                Take::Periodic(_) | Take::Aligned(..) | Take::Trigger => {
                    if let Some(meter) = self.meter_mut(at) {
                        meter.wait(take);
                    }
                }
                Take::Resumed | Take::Watch => {}
            }
        }
    }

    fn take(&mut self, at: Place, take: Take, cx: &mut Context<'_>) {
        match (take, at) {
            (Take::Begin, Place::Connector(at)) => {
                if let Some(Session::Starting(allowed)) = self.session(at) {
                    self.start_now(at, allowed, cx);
                }
            }
            (Take::End, Place::Connector(at)) => self.stop_now(at, cx),
            (Take::Periodic(due), Place::Connector(at)) => self.sample(at, due, cx),
            (Take::Aligned(instant, when), at) => self.sample_aligned(at, instant, when, cx),
            (Take::Resumed, Place::Connector(at)) => self.sample_resumed(at, cx),
            (Take::Trigger, at) => self.send_reading(at, cx),
            (Take::Watch, Place::Connector(_)) => cx.ledger.commit_soon(cx.now.mono),
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

    // rules: 80
    /// The transaction of a connector, if it was already running then.
    pub(crate) fn transaction_at(&self, at: ConnectorId, when: Mono) -> Option<TxId> {
        let run = self.connector(at)?.run()?;
        (run.since <= when).then_some(run.tx)
    }

    /// Keeps the last reading of a running transaction: it is what a power cut leaves of it.
    fn note_energy(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let stamp = self.clock.stamp(cx.now.mono);
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
        cx.ledger.note_energy(tx, stamp, energy, cx.now.mono);
    }

    /// A reading of a transaction goes to the central system: after a power cut, the transaction did
    /// not end before that, even if no energy has flowed for hours.
    pub(crate) fn note_time(&mut self, tx: TxId, at: Stamp, cx: &mut Context<'_>) {
        cx.ledger.note_time(tx, at, cx.now.mono);
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
            let Session::Running(run) = &mut connector.session else {
                continue;
            };
            if let Some(due) = run.sample.filter(|due| *due <= now) {
                run.sample = next_on_grid(due, interval, now);
                self.take_reading(Place::Connector(at), Take::Periodic(due), cx);
            } else if connector.watches() && connector.watch().is_some_and(|due| due <= now) {
                if let Session::Running(run) = &mut connector.session {
                    run.looks = run.looks.saturating_add(1);
                }
                self.rearm_watch(at, cx);
                self.take_reading(Place::Connector(at), Take::Watch, cx);
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
                self.take_reading(at, Take::Aligned(stamp, when), cx);
            }
        }
    }

    /// The next instant of the clock-aligned interval (`OCPP 1.6 §9.1.5`).
    pub(crate) fn rearm_aligned(&mut self, now: Mono) {
        let interval = self.settings.secs(Key::ClockAlignedDataInterval);
        let now = self.clock.wall(now);
        self.aligned = next_aligned(now, interval);
    }

    pub(crate) fn aligned_deadline(&self, now: Mono) -> Option<(Mono, Due)> {
        let wait = self.aligned?.0.saturating_sub(self.clock.wall(now).0);
        let wait = Millis(u64::try_from(wait).unwrap_or(0));
        Some((now + wait, Due::Sample))
    }

    /// The interval was changed: it counts from now (`OCPP 1.6 §5.3`, effective at once).
    pub(crate) fn rearm_samples(&mut self, now: Mono) {
        let first = self.first_sample(now);
        for connector in &mut self.connectors {
            if let Session::Running(run) = &mut connector.session {
                run.sample = first;
            }
        }
    }

    /// When the meter of a connector is looked at next, beside the samples that are due: soon while
    /// its register is not known; now and then while an allowance is being used up; and as often as
    /// readings are to be stored, so that a power cut costs no more than that.
    pub(crate) fn rearm_watch(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let reads = self.setup.host.reads_meter;
        let commit = Some(self.setup.tuning.sample_commit).filter(|commit| commit.0 > 0);
        let now = cx.now.mono;
        let Some(run) = self.connector(at).and_then(|connector| connector.run()) else {
            return;
        };
        let transaction = cx.ledger.transaction(run.tx);
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

    /// What was read just now and is durable need not be read again soon.
    pub(crate) fn look_later(&mut self, cx: &mut Context<'_>) {
        while let Some(at) = cx.ledger.next_saved() {
            let connector = self.connector(at);
            if connector.is_some_and(|known| known.meter.is_fresh(cx.now.mono)) {
                self.rearm_watch(at, cx);
            }
        }
    }

    /// The last known readings of all transactions are stored with this input.
    pub(crate) fn save_all(&mut self, cx: &mut Context<'_>) {
        cx.ledger.save_all(cx.out);
        self.look_later(cx);
    }

    /// What is in memory alone is stored.
    pub(crate) fn commit_now(&mut self, cx: &mut Context<'_>) {
        cx.ledger.commit_now(cx.now.mono, cx.out);
        self.look_later(cx);
    }

    /// Until when the start of a transaction waits for its first register: one whose meter is slow is told
    /// with what the meter shows, not with nothing.
    pub(crate) fn first_register_due(&self, tx: TxId, ledger: &Ledger, now: Mono) -> Option<Mono> {
        let transaction = ledger.transaction(tx)?;
        let connector = self.connector(transaction.connector)?;
        let Session::Running(run) = &connector.session else {
            return None;
        };
        let until = run.since + FIRST_REGISTER;
        let waits = self.setup.host.reads_meter && run.tx == tx && !run.resumed;
        (waits && transaction.zero.is_none() && until > now).then_some(until)
    }
}
