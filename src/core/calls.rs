//! Our own calls: one at a time, in order, each with an end (`OCPP-J 1.6 §4.1.1`).

use std::collections::VecDeque;

use crate::core::{ConnectorId, Seq};
use crate::time::Mono;

/// What an answer will be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Boot,
    Heartbeat,
    /// The authorization with that number.
    Authorize(u64),
    /// The status of a connector, or of the charge point.
    Status(Option<ConnectorId>),
    /// Vendor data with that token of the host.
    DataTransfer(u64),
    /// Meter values that were asked for; nobody minds if they are lost.
    Meter,
    /// A message of the queue.
    Queued(Seq),
}

/// A call that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    /// When it counts as unanswered.
    pub(crate) until: Mono,
}

/// A call that is ready to go: everything but the queue of transaction messages waits here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) purpose: Purpose,
    pub(crate) id: String,
    pub(crate) frame: String,
}

/// The line of calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) outstanding: Option<Outstanding>,
    waiting: VecDeque<Waiting>,
    /// The last call was vendor data.
    pub(crate) data_had_turn: bool,
}

impl Calls {
    /// How many calls wait at most; a status that is not sent then is sent when the line is free.
    const MOST: usize = 64;

    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < Self::MOST
    }

    /// Vendor data leaves room for the others.
    pub(crate) fn has_room_for_data(&self) -> bool {
        self.waiting.len() < Self::MOST / 2
    }

    pub(crate) fn is_waiting(&self, purpose: Purpose) -> bool {
        self.outstanding
            .as_ref()
            .is_some_and(|out| out.purpose == purpose)
            || self.waiting.iter().any(|call| call.purpose == purpose)
    }

    /// A call joins the line: a person waits for an Authorize, so it goes to the front.
    pub(crate) fn push(&mut self, call: Waiting) {
        if matches!(call.purpose, Purpose::Authorize(_)) {
            let behind = |call: &Waiting| !matches!(call.purpose, Purpose::Authorize(_));
            let at = self
                .waiting
                .iter()
                .position(behind)
                .unwrap_or(self.waiting.len());
            self.waiting.insert(at, call);
        } else {
            self.waiting.push_back(call);
        }
    }

    pub(crate) fn is_data_next(&self) -> bool {
        let next = self.waiting.front();
        next.is_some_and(|call| matches!(call.purpose, Purpose::DataTransfer(_)))
    }

    pub(crate) fn next(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// The answer to the outstanding call came, if it has that id.
    pub(crate) fn answered(&mut self, id: &str) -> Option<Purpose> {
        if self.outstanding.as_ref().is_some_and(|out| out.id == id) {
            return self.outstanding.take().map(|out| out.purpose);
        }
        None
    }

    /// The outstanding call, if its time is over.
    pub(crate) fn overdue(&mut self, now: Mono) -> Option<Purpose> {
        if self
            .outstanding
            .as_ref()
            .is_some_and(|out| out.until <= now)
        {
            return self.outstanding.take().map(|out| out.purpose);
        }
        None
    }

    /// Nothing of what waits can be sent any more.
    pub(crate) fn give_up_waiting(&mut self) -> Vec<Purpose> {
        self.waiting.drain(..).map(|call| call.purpose).collect()
    }

    /// The link is gone: nothing of what was under way will be answered.
    pub(crate) fn abandon(&mut self) -> Vec<Purpose> {
        let outstanding = self.outstanding.take().map(|out| out.purpose);
        outstanding
            .into_iter()
            .chain(self.waiting.drain(..).map(|call| call.purpose))
            .collect()
    }
}

/// Message ids that no other run of this charge point ever used: the seed of the run and a
/// counter (`OCPP-J 1.6 §4.1.4`).
#[derive(Clone, Debug)]
pub(crate) struct MessageIds {
    seed: u64,
    count: u64,
}

impl MessageIds {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    pub(crate) fn next(&mut self) -> String {
        self.count += 1;
        format!("{:016x}-{}", self.seed, self.count)
    }

    pub(crate) fn are_of_this_run(&self, id: &str) -> bool {
        let seed = id.split_once('-').map(|(seed, _)| seed);
        seed == Some(format!("{:016x}", self.seed).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(purpose: Purpose) -> Waiting {
        Waiting {
            purpose,
            id: String::new(),
            frame: String::new(),
        }
    }

    #[test]
    fn an_authorize_goes_before_everything_but_earlier_ones() {
        let mut calls = Calls::default();
        for purpose in [
            Purpose::Heartbeat,
            Purpose::Authorize(1),
            Purpose::Authorize(2),
        ] {
            calls.push(call(purpose));
        }
        let order: Vec<_> = std::iter::from_fn(|| calls.next())
            .map(|c| c.purpose)
            .collect();
        assert_eq!(
            order,
            [
                Purpose::Authorize(1),
                Purpose::Authorize(2),
                Purpose::Heartbeat
            ]
        );
    }

    // rules: 6
    #[test]
    fn only_the_answer_with_the_right_id_ends_a_call() {
        let mut calls = Calls::default();
        let id = "a-1".to_owned();
        let purpose = Purpose::Boot;
        calls.outstanding = Some(Outstanding {
            id,
            purpose,
            until: Mono(1),
        });
        assert_eq!(calls.answered("a-2"), None);
        assert_eq!(calls.answered("a-1"), Some(Purpose::Boot));
        assert_eq!(calls.answered("a-1"), None);
    }

    // rules: 7
    #[test]
    fn message_ids_fit_and_differ_between_runs() {
        let (mut one, mut two) = (MessageIds::new(1), MessageIds::new(u64::MAX));
        assert_ne!(one.next(), two.next());
        two.count = u64::from(u32::MAX);
        assert!(two.next().len() <= 36);
    }
}
