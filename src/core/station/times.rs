//! When meters are read: each interval of a session, each instant of the clock, and now and then besides
//! (`OCPP 1.6 §3.16`, `§5.3`).

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::instants::next_aligned;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::ConnectorId;
use crate::core::Due;
use crate::core::TxId;
use crate::time::Millis;
use crate::time::Mono;
use crate::time::Now;
use crate::time::Wall;

/// How often the meter is looked at while an allowance is being used up.
const WATCH: Millis = Millis::from_secs(10);
/// How soon a meter that said nothing at the start is asked again; each time the wait doubles.
const FIRST_AGAIN: Millis = Millis::from_secs(3);
/// How long a StartTransaction waits for the first register at most.
const FIRST_REGISTER: Millis = Millis::from_secs(10);
/// How often it is read in a session at least, if nothing says otherwise.
const COMMIT: Millis = Millis::from_secs(60);

impl Station {
    // rules: 83
    /// When the first periodic sample of a transaction that starts now is due.
    pub(crate) fn first_sample(&self, now: Mono) -> Option<Mono> {
        let interval: Millis = self.settings.secs(Key::MeterValueSampleInterval);
        (interval.0 > 0).then(|| now + interval)
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
            if let Some(run) = connector.running_mut() {
                run.sample_at(first);
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
        let transaction = cx.ledger.transaction(run.tx());
        let unknown = transaction.is_some_and(|transaction| transaction.zero.is_none());
        let wait = if unknown && reads {
            let doubled = FIRST_AGAIN.0.saturating_mul(1 << run.looks().min(16));
            Some(Millis(doubled).min(commit.unwrap_or(COMMIT)))
        } else if run.is_counted() {
            Some(WATCH)
        } else {
            reads.then_some(commit.unwrap_or(COMMIT))
        };
        if let Some(connector) = self.connector_mut(at) {
            if let Some(run) = connector.running_mut() {
                run.look_at(wait.map(|wait| now + wait), unknown);
            }
        }
    }

    /// What was read just now and is durable need not be read again soon.
    pub(crate) fn look_later(&mut self, cx: &mut Context<'_>) {
        while let Some(at) = cx.ledger.next_saved() {
            let connector = self.connector(at);
            if connector.is_some_and(|known| known.meter().is_fresh(cx.now.mono)) {
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
        let run = connector.running()?;
        let until = run.since() + FIRST_REGISTER;
        let waits = self.setup.host.reads_meter && run.tx() == tx && !run.is_resumed();
        (waits && transaction.zero.is_none() && until > now).then_some(until)
    }

    /// Somebody who knows says what time it is. The first time, it returns by how much all that was stamped
    /// before was wrong.
    pub(crate) fn set_clock(&mut self, now: Now, right: Wall) -> Option<i64> {
        let before = self.clock.wall(now.mono);
        let first = self.clock.set(now, right);
        self.rearm_aligned(now.mono);
        if first.is_none() && before.0.abs_diff(right.0) >= 1000 {
            log::info!(
                "the clock was set by {} ms",
                right.0.saturating_sub(before.0)
            );
        }
        first
    }
}
