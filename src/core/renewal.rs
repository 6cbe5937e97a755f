//! Connections that we end ourselves while the central system is there: for a new password or profile, or
//! for a restart. Whoever gave the order has its answer for a moment before, no answer to us is cut off, and
//! the central system has time to see that we are gone, and to take in what it ordered, before we come back.

use crate::core::link::Link;
use crate::core::{CloseReason, Engine};
use crate::time::{Millis, Mono};

/// An answer is out for so long before the connection is closed.
pub(crate) const ANSWER_OUT: Millis = Millis(100);
/// So long nobody hears of us then.
pub(crate) const AWAY: Millis = Millis::from_secs(1);
/// So long we wait for the answer to a call of ours that is out: it would have to be sent again.
const LAST_ANSWER: Millis = Millis::from_secs(5);

/// A connection that is to be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// It was ordered; what is to be stored and answered first may take its time.
    Ordered,
    /// The answer has been out since then.
    Answered(Mono),
}

impl Engine {
    /// The way in changed: the next connection uses the new one.
    pub(crate) fn reconnect(&mut self) {
        if self.is_up() {
            self.renewal = Some(Renewal::Ordered);
            return;
        }
        self.close(CloseReason::NewAccess);
        self.try_at_once();
    }

    /// All that the last input led to has been done.
    pub(crate) fn answers_are_out(&mut self) {
        if self.renewal == Some(Renewal::Ordered) {
            self.renewal = Some(Renewal::Answered(self.now.mono));
        }
        self.reset_is_answered();
    }

    pub(crate) fn expire_renewal(&mut self) {
        let answered = matches!(self.renewal, Some(Renewal::Answered(_)));
        if answered && self.renewal_due().is_some_and(|at| at <= self.now.mono) {
            self.close(CloseReason::NewAccess);
            self.try_at_once();
            if matches!(self.link, Link::Waiting(_)) {
                self.link = Link::Waiting(self.now.mono + AWAY);
            }
        }
    }

    pub(crate) fn renewal_due(&self) -> Option<Mono> {
        match self.renewal? {
            Renewal::Ordered => Some(self.now.mono),
            Renewal::Answered(at) if self.calls.outstanding.is_some() => Some(at + LAST_ANSWER),
            Renewal::Answered(at) => Some(at + ANSWER_OUT),
        }
    }

    /// Whether the connection is about to be closed by us: nothing new is begun on it.
    pub(crate) fn is_parting(&self) -> bool {
        self.renewal.is_some() || self.is_leaving()
    }
}
