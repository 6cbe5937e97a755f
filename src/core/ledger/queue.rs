//! The queue of transaction messages: they must arrive, in order, whatever happens.
//!
//! The whole queue is in the store; here is only its head, a window that is refilled from the
//! store when it runs low, so that a month offline costs no memory. Meter samples of a running
//! transaction may be in the window alone for a while ([`Item::is_stored`]): they are
//! written in groups, to spare the flash.

use std::collections::{BTreeMap, VecDeque};

use crate::core::ledger::item::Item;
use crate::core::{QueuedBody, QueuedMessage, Seq, TxId};
use crate::time::Mono;
use crate::types::gathered;

// rules: 60
/// The head of the queue, and what is known of the rest.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    window: VecDeque<Item>,
    /// How many messages the store holds behind the window.
    beyond: u64,
    /// How many of those are meter values, by transaction.
    values: BTreeMap<Option<TxId>, u64>,
    /// The last message that left the queue: the store may still have it for a while.
    gone: Seq,
    /// Messages were asked for and have not come yet; so many joined the queue since.
    fetching: Option<u64>,
    last: Seq,
    /// The head waits until then: it was refused, or not answered.
    retry: Option<Mono>,
}

/// Where a new message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    Window,
    /// Into the store alone: it must be written now.
    Beyond,
}

impl Queue {
    /// How many messages the window holds at most.
    const WINDOW: usize = 64;
    /// How few there are left when more are asked for.
    const LOW: usize = 16;

    pub(super) fn new(stored: u64, values: Vec<(Option<TxId>, u64)>, last: Seq) -> Self {
        Self {
            window: VecDeque::new(),
            beyond: stored,
            values: gathered(values),
            gone: Seq(0),
            fetching: None,
            last,
            retry: None,
        }
    }

    pub(super) fn next_seq(&mut self) -> Seq {
        self.last = Seq(self.last.0 + 1);
        self.last
    }

    pub(super) fn placement(&self) -> Placement {
        if self.beyond == 0 && self.fetching.is_none() && self.window.len() < Self::WINDOW {
            Placement::Window
        } else {
            Placement::Beyond
        }
    }

    /// A message joins the end of the queue.
    pub(super) fn push(&mut self, message: QueuedMessage, stored: bool, since: Mono) {
        match self.placement() {
            Placement::Window => {
                self.window.push_back(Item::new(message, stored, since));
            }
            Placement::Beyond => self.push_beyond(&message),
        }
    }

    /// A message joins the end of the queue in the store alone.
    pub(super) fn push_beyond(&mut self, message: &QueuedMessage) {
        self.beyond += 1;
        self.fetching = self.fetching.map(|joined| joined + 1);
        if let QueuedBody::Meter { tx, .. } = message.body {
            *self.values.entry(tx).or_default() += 1;
        }
    }

    /// Makes room if there are more meter values in the store than that: names the transaction
    /// that loses every other one of those behind a place, and says how many these are.
    pub(super) fn thin(&mut self, most: u64) -> Option<(Option<TxId>, Seq, u64)> {
        // What is under way from the store has been counted already.
        if self.fetching.is_some() || self.values.values().sum::<u64>() <= most {
            return None;
        }
        // The oldest of the longest queues.
        let (tx, count) = self
            .values
            .iter_mut()
            .max_by_key(|(tx, count)| (**count, std::cmp::Reverse(**tx)))?;
        let fewer = count.saturating_sub(1) / 2;
        if fewer == 0 || fewer >= self.beyond {
            return None;
        }
        *count -= fewer;
        self.beyond = self.beyond.saturating_sub(fewer);
        Some((*tx, self.end_of_window(), fewer))
    }

    fn end_of_window(&self) -> Seq {
        self.window
            .back()
            .map_or(self.gone, |item| item.message().seq)
    }

    /// The message to send next, if the time for it has come.
    pub(super) fn due(&self, now: Mono) -> Option<&QueuedMessage> {
        if self.retry.is_some_and(|at| at > now) {
            return None;
        }
        self.head()
    }

    pub(super) fn head(&self) -> Option<&QueuedMessage> {
        self.window.front().map(Item::message)
    }

    /// Whether a copy of the head went out before the last one.
    pub(super) fn head_was_sent_before(&self) -> bool {
        let head = self.window.front();
        head.is_some_and(Item::was_sent_before)
    }

    /// The head, which something happens to: it is there until it leaves.
    pub(super) fn head_mut(&mut self) -> Option<&mut Item> {
        let head = self.window.front_mut();
        if head.is_none() {
            log_missing();
        }
        head
    }

    /// The head leaves.
    pub(super) fn pop(&mut self) -> Option<Item> {
        self.retry = None;
        let Some(item) = self.window.pop_front() else {
            log_missing();
            return None;
        };
        self.gone = item.message().seq;
        Some(item)
    }

    pub(super) fn wait_until(&mut self, at: Mono) {
        self.retry = Some(at);
    }

    /// A new connection: there is no reason to wait any longer for an answer that got lost.
    pub(super) fn hurry(&mut self) {
        self.retry = None;
    }

    pub(super) fn retry_at(&self) -> Option<Mono> {
        self.retry.filter(|_| !self.window.is_empty())
    }

    /// What to ask the store for: everything behind this, so many at most.
    pub(super) fn wants(&mut self) -> Option<(Seq, usize)> {
        if self.fetching.is_some() || self.beyond == 0 || self.window.len() > Self::LOW {
            return None;
        }
        self.fetching = Some(0);
        Some((self.end_of_window(), Self::WINDOW - self.window.len()))
    }

    /// The store answered. Nothing where there should be something means that it cannot be read.
    /// `is_new` knows the ids of this run.
    pub(super) fn refill(
        &mut self,
        messages: Vec<QueuedMessage>,
        behind: u64,
        since: Mono,
        is_new: impl Fn(&str) -> bool,
    ) {
        let joined = self.fetching.take().unwrap_or(0);
        self.beyond = joined + if messages.is_empty() { 0 } else { behind };
        if self.beyond == 0 {
            self.values.clear();
        }
        for message in &messages {
            if let QueuedBody::Meter { tx, .. } = message.body {
                self.uncount(tx);
            }
        }
        let items = messages.into_iter().map(|message| {
            let of_this_run = is_new(&message.message_id);
            Item::fetched(message, of_this_run, since)
        });
        self.window.extend(items);
    }

    fn uncount(&mut self, tx: Option<TxId>) {
        if let Some(count) = self.values.get_mut(&tx) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.values.remove(&tx);
            }
        }
    }

    /// Whether a message may have been sent: one that waits in the store alone has not been, but in an
    /// earlier run. One that is not queued any more has.
    pub(super) fn may_have_sent(&self, body: &QueuedBody) -> bool {
        let here = self.window.iter().find(|item| item.message().body == *body);
        here.map_or(self.beyond == 0, Item::may_be_known)
    }

    /// Whether any message here belongs to the transaction.
    pub(super) fn mentions(&self, tx: TxId) -> bool {
        self.window
            .iter()
            .any(|item| item.message().body.tx() == Some(tx))
    }

    pub(super) fn window_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.window.iter_mut()
    }

    /// Corrects the times in messages that were stamped before the clock was first set; says whether the
    /// store has one of them.
    pub(super) fn correct_times(&mut self, step: i64) -> bool {
        let mut stored = false;
        for item in &mut self.window {
            stored |= item.correct_time(step) && item.is_stored();
        }
        stored
    }

    /// Since when the oldest message waits that is in memory alone.
    pub(super) fn unstored_since(&self) -> Option<Mono> {
        self.window.iter().filter_map(Item::unstored_since).min()
    }

    pub(super) fn len(&self) -> u64 {
        self.beyond + self.window.len() as u64
    }

    /// Whether some of the queue is only in the store.
    pub(super) const fn is_partial(&self) -> bool {
        self.beyond > 0
    }
}

#[cold]
fn log_missing() {
    log::error!("a bug of the library: the queue is empty, and its oldest message was to change");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Place, Stamp};
    use crate::time::Wall;

    fn message(seq: u64) -> QueuedMessage {
        let body = QueuedBody::Start(TxId(seq));
        QueuedMessage {
            seq: Seq(seq),
            message_id: String::new(),
            refusals: 0,
            body,
        }
    }

    // rules: 60
    #[test]
    fn what_does_not_fit_the_window_is_fetched_in_order_when_it_runs_low() {
        let mut queue = Queue::new(0, Vec::new(), Seq(0));
        for seq in 1..=100 {
            queue.push(message(seq), true, Mono(0));
        }
        assert_eq!(queue.len(), 100);
        let mut sent = Vec::new();
        while let Some(item) = queue.pop() {
            sent.push(item.message().seq.0);
            if let Some((after, limit)) = queue.wants() {
                let rows: Vec<_> = (after.0 + 1..=100).take(limit).map(message).collect();
                let behind = 100 - after.0 - rows.len() as u64;
                queue.refill(rows, behind, Mono(0), |_| true);
            }
        }
        assert_eq!(sent, (1..=100).collect::<Vec<_>>());
    }

    // rules: 60
    #[test]
    fn a_new_message_never_overtakes_those_that_wait_in_the_store() {
        let mut queue = Queue::new(1, Vec::new(), Seq(1));
        queue.push(message(2), true, Mono(0));
        assert_eq!(queue.head(), None);
        assert_eq!(queue.wants(), Some((Seq(0), 64)));
        queue.refill(vec![message(1), message(2)], 0, Mono(0), |_| true);
        assert_eq!(queue.pop().map(|item| item.message().seq), Some(Seq(1)));
        assert_eq!(queue.len(), 1);
    }

    // rules: 60
    #[test]
    fn a_refused_head_waits_and_holds_up_the_rest() {
        let mut queue = Queue::new(0, Vec::new(), Seq(0));
        queue.push(message(1), true, Mono(0));
        queue.push(message(2), true, Mono(0));
        queue.wait_until(Mono(100));
        assert_eq!(queue.due(Mono(99)), None);
        assert_eq!(queue.due(Mono(100)).map(|m| m.seq), Some(Seq(1)));
    }

    fn value(seq: u64, tx: u64) -> QueuedMessage {
        let at = Stamp {
            wall: Wall(0),
            synced: true,
        };
        let body = QueuedBody::Meter {
            tx: Some(TxId(tx)),
            place: Place::ChargePoint,
            at,
            values: Vec::new(),
        };
        QueuedMessage {
            body,
            ..message(seq)
        }
    }

    #[test]
    fn the_transaction_with_the_most_values_loses_every_other_one_and_no_start_or_stop() {
        let mut queue = Queue::new(0, Vec::new(), Seq(0));
        for seq in 1..=64 {
            queue.push(message(seq), true, Mono(0));
        }
        for seq in 65..=74 {
            queue.push(value(seq, 1 + seq % 2), true, Mono(0));
        }
        queue.push(value(75, 2), true, Mono(0));
        assert_eq!(queue.thin(11), None);
        assert_eq!(queue.thin(10), Some((Some(TxId(2)), Seq(64), 2)));
        assert_eq!(queue.len(), 73);
        assert_eq!(queue.thin(10), None);
    }

    #[test]
    fn what_has_left_is_not_fetched_again_although_the_store_still_has_it() {
        let mut queue = Queue::new(65, Vec::new(), Seq(65));
        assert_eq!(queue.wants(), Some((Seq(0), 64)));
        queue.refill((1..=64).map(message).collect(), 1, Mono(0), |_| true);
        while queue.window.len() > 1 {
            queue.pop();
        }
        queue.pop();
        assert_eq!(queue.wants(), Some((Seq(64), 64)));
    }
}
