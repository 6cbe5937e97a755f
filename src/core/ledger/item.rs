//! A message in the window of the queue, and what became of its copies.

use crate::core::{QueuedBody, QueuedMessage};
use crate::time::Mono;
use crate::types::SampledValue;

/// A message that was sent so often without an answer is told of.
const TOO_OFTEN: u32 = 3;

/// So often in a row is no accident.
const MOST_BREAKS: u32 = 3;

/// A message in the window.
#[derive(Clone, Debug)]
pub(super) struct Item {
    message: QueuedMessage,
    stored: bool,
    /// When it joined the queue, or came from the store.
    since: Mono,
    /// How many copies that went out under its present id have no answer: the central system may have
    /// processed any of them. Those of an earlier run count as one.
    unanswered: u32,
    /// How often in a row the connection broke right after it was sent, large as it is.
    breaks: u32,
    /// It has let values go first that were asked for.
    let_by: bool,
}

impl Item {
    /// One that joins the queue. `stored`: the store has it.
    pub(super) const fn new(message: QueuedMessage, stored: bool, since: Mono) -> Self {
        Self {
            message,
            stored,
            since,
            unanswered: 0,
            breaks: 0,
            let_by: false,
        }
    }

    /// One that comes from the store. `of_this_run`: its id is.
    pub(super) fn fetched(message: QueuedMessage, of_this_run: bool, since: Mono) -> Self {
        Self {
            unanswered: u32::from(!of_this_run),
            ..Self::new(message, true, since)
        }
    }

    pub(super) const fn message(&self) -> &QueuedMessage {
        &self.message
    }

    pub(super) const fn is_stored(&self) -> bool {
        self.stored
    }

    /// Since when it waits in memory alone, if it does.
    pub(super) fn unstored_since(&self) -> Option<Mono> {
        (!self.stored).then_some(self.since)
    }

    /// It is being stored.
    pub(super) fn store(&mut self) -> &QueuedMessage {
        self.stored = true;
        &self.message
    }

    /// A copy goes out.
    pub(super) fn goes(&mut self) {
        self.unanswered += 1;
    }

    /// Whether the central system may have processed a copy.
    pub(super) const fn may_be_known(&self) -> bool {
        self.unanswered > 0 || self.message.refusals > 0
    }

    /// Whether a copy went out before the last one.
    pub(super) const fn was_sent_before(&self) -> bool {
        self.unanswered > 1 || self.message.refusals > 0
    }

    /// Whether a copy under its present id has no answer.
    pub(super) const fn is_unsure(&self) -> bool {
        self.unanswered > 0
    }

    /// Lets values go first that were asked for: once. Says whether it does.
    pub(super) fn lets_by(&mut self) -> bool {
        !std::mem::replace(&mut self.let_by, true)
    }

    /// It was not answered in time, by a connection that is still there: it is not this message that breaks
    /// connections. Says whether that is to be told of.
    pub(super) fn went_unanswered(&mut self) -> bool {
        self.breaks = 0;
        self.unanswered == TOO_OFTEN
    }

    /// It was refused. `answered`: the copy that was sent last has its answer.
    pub(super) fn was_refused(&mut self, answered: bool) {
        self.message.refusals = self.message.refusals.saturating_add(1);
        if answered {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
    }

    /// It is tried again, by another id unless a copy under this one may be booked. `stripped`: in other words,
    /// which under the same id would be another message for a central system that keeps the first. Returns
    /// what is to be stored.
    pub(super) fn try_again(&mut self, id: String, stripped: bool) -> Option<QueuedMessage> {
        if stripped {
            self.unanswered = 0;
        }
        if self.unanswered == 0 {
            self.message.message_id = id;
        }
        self.stored.then(|| self.message.clone())
    }

    /// The connection broke right after it was sent; says whether it did so often.
    pub(super) fn broke(&mut self) -> bool {
        self.breaks += 1;
        let too_often = self.breaks >= MOST_BREAKS;
        if too_often {
            self.breaks = 0;
        }
        too_often
    }

    /// Of its values only those stay that are needed, if there are any. Says whether it is smaller then.
    pub(super) fn keep_values(&mut self, needed: impl Fn(&SampledValue) -> bool) -> bool {
        let QueuedBody::Meter { values, .. } = &mut self.message.body else {
            return false;
        };
        let before = values.len();
        if values.iter().any(&needed) {
            values.retain(needed);
        }
        values.len() < before
    }

    /// It has other words, and so another id. Returns what is to be stored.
    pub(super) fn has_other_words(&mut self, id: String) -> QueuedMessage {
        self.message.message_id = id;
        (self.stored, self.unanswered) = (true, 0);
        self.message.clone()
    }

    /// The clock is right for the first time; says whether its time was wrong.
    pub(super) fn correct_time(&mut self, step: i64) -> bool {
        let stamp = self.message.body.stamp_mut();
        stamp.is_some_and(|stamp| stamp.correct(step))
    }
}
