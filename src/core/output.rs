//! What is to be done about an input: changes to store, frames to send, news to tell. There is no other way
//! to have anything done.

use std::collections::VecDeque;

use crate::core::{Batch, Change, Effect, Notice};

/// How many changes that may be lost in a power cut wait to be stored at most.
const MOST_LAZY: usize = 64;

/// So many damaged records are told of one by one.
const MOST_TOLD: usize = 8;

/// Collects what one input leads to, and hands it out in the order in which it is carried out: what must
/// survive a power cut is stored before anybody hears of it.
#[derive(Debug, Default)]
pub(crate) struct Output {
    durable: Batch,
    /// Changes that may be lost in a power cut: they wait for others to be stored with.
    lazy: Batch,
    effects: Vec<Effect>,
    ready: VecDeque<Effect>,
}

impl Output {
    /// A change is stored before any effect of this input is carried out.
    pub(crate) fn durable(&mut self, change: Change) {
        self.durable.push(change);
    }

    /// Such changes, in order.
    pub(crate) fn all_durable(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.durable.extend(changes);
    }

    /// A change that may be lost in a power cut: it is stored with the next that may not, or with
    /// [`flush`](Self::flush).
    pub(crate) fn lazily(&mut self, change: Change) {
        self.lazy.push(change);
    }

    /// Whether as many changes wait as may.
    pub(crate) fn is_lazy_enough(&self) -> bool {
        self.lazy.len() >= MOST_LAZY
    }

    /// Every change that waited is stored now.
    pub(crate) fn flush(&mut self) {
        self.durable.append(&mut self.lazy);
    }

    /// Something is done, after all that was wanted before it.
    pub(crate) fn want(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// The host is told.
    pub(crate) fn notify(&mut self, notice: Notice) {
        self.effects.push(Effect::Notify(notice));
    }

    /// What could not be read of the store: the first of it in words, and how much more there is.
    pub(crate) fn notify_damaged(&mut self, damaged: Vec<String>) {
        let more = damaged.len().saturating_sub(MOST_TOLD);
        for text in damaged.into_iter().take(MOST_TOLD) {
            self.notify(Notice::Damaged(text));
        }
        if more > 0 {
            self.notify(Notice::Damaged(format!(
                "{more} more records are set aside"
            )));
        }
    }

    /// Whether this input changes what must survive a power cut.
    pub(crate) fn stores(&self) -> bool {
        !self.durable.is_empty()
    }

    /// The input has been dealt with: what it led to is ready to be carried out.
    pub(crate) fn complete(&mut self) {
        if self.stores() {
            let mut batch = std::mem::take(&mut self.lazy);
            batch.append(&mut self.durable);
            self.ready.push_back(Effect::Store(batch));
        }
        self.ready.extend(self.effects.drain(..));
    }

    /// The next effect to carry out.
    pub(crate) fn next(&mut self) -> Option<Effect> {
        self.ready.pop_front()
    }

    /// Whether all that was ready has been carried out.
    pub(crate) fn is_carried_out(&self) -> bool {
        self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Record, RecordKey};

    fn effects(output: &mut Output) -> Vec<Effect> {
        output.complete();
        std::iter::from_fn(|| output.next()).collect()
    }

    #[test]
    fn what_must_survive_is_stored_before_anything_is_sent_and_takes_along_what_waited() {
        let mut output = Output::default();
        output.lazily(Change::Drop(RecordKey::Orderly));
        output.want(Effect::Ping);
        assert_eq!(effects(&mut output), [Effect::Ping]);
        output.want(Effect::Ping);
        output.durable(Change::Put(Record::Accepted));
        let batch = vec![
            Change::Drop(RecordKey::Orderly),
            Change::Put(Record::Accepted),
        ];
        assert_eq!(effects(&mut output), [Effect::Store(batch), Effect::Ping]);
        assert!(output.is_carried_out());
    }
}
