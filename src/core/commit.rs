//! Group commit: readings that may get lost in a power cut are stored together, to spare the flash;
//! transactions never are among them.

use crate::core::connector::Connector;
use crate::core::{Engine, TxId, Write};
use crate::time::{Millis, Mono};

/// In so much time all meters that are read at the same instant have answered.
const MOMENT: Millis = Millis(500);

impl Engine {
    /// The last known reading of a transaction is stored with this input.
    pub(crate) fn save_reading(&mut self, tx: TxId) {
        self.grown.remove(&tx);
        if self.unsaved.remove(&tx) {
            if let Some(record) = self.transactions.get(&tx).cloned() {
                let (at, now) = (record.connector, self.now.mono);
                self.out.durable(Write::Transaction(record));
                // What was read just now and is durable need not be read again soon.
                let read = |connector: &&Connector| connector.meter.is_fresh(now);
                if self.connector(at).filter(read).is_some() {
                    self.rearm_watch(at);
                }
            }
        }
    }

    /// What a reading of a transaction says of its energy is stored before it is sent: after a power cut
    /// it must not end below.
    pub(crate) fn save_before_sending(&mut self, tx: TxId) {
        if self.grown.contains(&tx) {
            self.save_reading(tx);
        }
    }

    /// Stores readings a moment later, with those of other meters that are read now.
    pub(crate) fn commit_soon(&mut self) {
        if self.grown.is_empty() {
            return;
        }
        let at = self.now.mono + MOMENT;
        self.commit = Some(self.commit.map_or(at, |commit| commit.min(at)));
    }

    pub(crate) fn commit_later(&mut self) {
        let at = self.now.mono + self.setup.tuning.sample_commit;
        self.commit.get_or_insert(at);
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
        self.out.all_durable(writes);
    }

    /// Stores what has waited long enough, and every sample when the link is gone.
    pub(crate) fn mind_commit(&mut self) {
        let now = self.now.mono;
        if !self.is_online() && self.outbox.unstored_since().is_some() {
            self.store_samples(now);
        }
        if self.commit.map_or(true, |at| at > now) && !self.out.is_lazy_enough() {
            return;
        }
        // A sample that was only just taken may be delivered before it needs to be stored.
        let age = self.setup.tuning.sample_commit;
        self.store_samples(now - age);
        self.save_readings();
        self.out.flush();
        self.commit = self.outbox.unstored_since().map(|since| since + age);
    }

    /// Stores everything that is in memory alone.
    pub(crate) fn commit_now(&mut self) {
        self.commit = None;
        self.store_samples(self.now.mono);
        self.save_readings();
        self.out.flush();
    }

    pub(crate) fn save_readings(&mut self) {
        while let Some(tx) = self.unsaved.iter().next().copied() {
            self.save_reading(tx);
        }
    }
}
