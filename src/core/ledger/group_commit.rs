//! Group commit: readings that may get lost in a power cut are stored together, to spare the flash;
//! transactions never are among them.

use std::collections::BTreeSet;

use crate::core::TxId;
use crate::time::{Millis, Mono};

/// In so much time all meters that are read at the same instant have answered.
const MOMENT: Millis = Millis(500);

/// Which readings are in memory alone, and when they are stored.
#[derive(Clone, Debug)]
pub(super) struct GroupCommit {
    /// Running transactions whose last reading is not stored yet.
    unsaved: BTreeSet<TxId>,
    /// Of these, the ones whose register has moved.
    grown: BTreeSet<TxId>,
    /// When what is in memory alone has to be stored.
    due: Option<Mono>,
    /// How old it gets.
    age: Millis,
}

impl GroupCommit {
    pub(super) const fn new(age: Millis) -> Self {
        Self {
            unsaved: BTreeSet::new(),
            grown: BTreeSet::new(),
            due: None,
            age,
        }
    }

    pub(super) const fn age(&self) -> Millis {
        self.age
    }

    pub(super) const fn due(&self) -> Option<Mono> {
        self.due
    }

    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.due.is_some_and(|at| at <= now)
    }

    /// The time of the last reading of a transaction moved on.
    pub(super) fn moved(&mut self, tx: TxId, now: Mono) {
        self.unsaved.insert(tx);
        self.later(now);
    }

    /// Its register did.
    pub(super) fn grew(&mut self, tx: TxId, now: Mono) {
        self.grown.insert(tx);
        self.moved(tx, now);
    }

    pub(super) fn has_grown(&self, tx: TxId) -> bool {
        self.grown.contains(&tx)
    }

    /// The record of a transaction is stored as it is; says whether its last reading was not.
    pub(super) fn saved(&mut self, tx: TxId) -> bool {
        self.grown.remove(&tx);
        self.unsaved.remove(&tx)
    }

    /// The record of a transaction is stored, and with it its last reading.
    pub(super) fn stored_with_record(&mut self, tx: TxId) {
        self.unsaved.remove(&tx);
    }

    /// The next transaction whose last reading is not stored.
    pub(super) fn next(&self) -> Option<TxId> {
        self.unsaved.first().copied()
    }

    /// Something is stored after a while.
    pub(super) fn later(&mut self, now: Mono) {
        self.due.get_or_insert(now + self.age);
    }

    /// Registers that moved are stored a moment later, with those of other meters that are read now.
    pub(super) fn soon(&mut self, now: Mono) {
        if !self.grown.is_empty() {
            let at = now + MOMENT;
            self.due = Some(self.due.map_or(at, |due| due.min(at)));
        }
    }

    /// All is stored but what joined the queue at that time or later.
    pub(super) fn done(&mut self, rest: Option<Mono>) {
        self.due = rest.map(|since| since + self.age);
    }
}
