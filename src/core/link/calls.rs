//! Our own calls: one at a time, in order, each with an end (`OCPP-J 1.6 §4.1.1`).

use std::collections::VecDeque;
use std::fmt;

use crate::core::{Place, Seq};
use crate::time::Mono;

/// What an answer will be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallPurpose {
    Boot,
    Heartbeat,
    /// The authorization with that number.
    Authorize(u64),
    /// The status of a connector, or of the charge point.
    Status(Place),
    /// Vendor data with that token of the host.
    DataTransfer(u64),
    /// Meter values of a connector, or of the main meter, that were asked for; nobody minds if they are
    /// lost.
    Meter(Place),
    /// A message of the queue.
    Queued(Seq),
}

/// For the log, as OCPP names the message.
impl fmt::Display for CallPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot => f.write_str("BootNotification"),
            Self::Heartbeat => f.write_str("Heartbeat"),
            Self::Authorize(_) => f.write_str("Authorize"),
            Self::Status(at) => write!(f, "StatusNotification ({at})"),
            Self::DataTransfer(_) => f.write_str("DataTransfer"),
            Self::Meter(at) => write!(f, "MeterValues ({at})"),
            Self::Queued(_) => f.write_str("the oldest message of a transaction"),
        }
    }
}

/// A call that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outstanding {
    id: String,
    purpose: CallPurpose,
    /// When it counts as unanswered.
    until: Mono,
    /// Something is stored before it is sent, which may take its time.
    held: bool,
    /// How long its frame is.
    bytes: usize,
}

/// A call that is ready to go: everything but the queue of transaction messages waits here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) purpose: CallPurpose,
    pub(crate) id: String,
    pub(crate) frame: String,
}

/// The line of calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    outstanding: Option<Outstanding>,
    waiting: VecDeque<Call>,
    /// How many calls went while a message of the queue was due.
    passed_over: u32,
    /// The ids of boots of this connection whose time is over.
    late_boots: VecDeque<String>,
}

impl Calls {
    /// How many calls wait at most; a status that is not sent then is sent when the line is free.
    const MOST: usize = 64;
    /// How many calls go at most before a message of the queue that is due.
    const MOST_BEFORE_QUEUE: u32 = 8;
    /// And how many values that were asked for.
    const MOST_METERS_BEFORE_QUEUE: u32 = 2;
    /// How many boots are remembered whose time is over.
    const MOST_LATE_BOOTS: usize = 8;

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < Self::MOST
    }

    /// Vendor data leaves room for the others.
    pub(super) fn has_room_for_data(&self) -> bool {
        self.waiting.len() < Self::MOST / 2
    }

    pub(super) fn is_waiting(&self, purpose: CallPurpose) -> bool {
        self.outstanding
            .as_ref()
            .is_some_and(|out| out.purpose == purpose)
            || self.waiting.iter().any(|call| call.purpose == purpose)
    }

    /// A call joins the line. Values that were asked for come before all: they name a transaction, and must
    /// not wait until it has ended. A person waits for an Authorize. Vendor data can wait.
    pub(super) fn push(&mut self, call: Call) {
        let rank = |call: &Call| match call.purpose {
            CallPurpose::Meter(_) => 0,
            CallPurpose::Authorize(_) => 1,
            CallPurpose::DataTransfer(_) => 3,
            _ => 2,
        };
        let own = rank(&call);
        let at = self.waiting.partition_point(|waiting| rank(waiting) <= own);
        self.waiting.insert(at, call);
    }

    /// Whether the queue, which has a message that is due, goes before what waits here: however much the
    /// firmware tells, transactions have their turn.
    pub(super) fn yields(&self) -> bool {
        let most = match self.waiting.front().map(|call| call.purpose) {
            None => 0,
            Some(CallPurpose::Meter(_)) => Self::MOST_METERS_BEFORE_QUEUE,
            Some(CallPurpose::DataTransfer(_)) => 1,
            Some(_) => Self::MOST_BEFORE_QUEUE,
        };
        self.passed_over >= most
    }

    /// Whether such a call waits in the line, not counting one that has been sent.
    pub(super) fn is_in_line(&self, purpose: CallPurpose) -> bool {
        self.waiting.iter().any(|call| call.purpose == purpose)
    }

    /// What waits in the line for such a purpose goes nowhere.
    pub(super) fn drop_from_line(&mut self, purpose: CallPurpose) {
        self.waiting.retain(|call| call.purpose != purpose);
    }

    /// The next call of the line goes, before a message of the queue if one is due.
    pub(super) fn next(&mut self, queue_is_due: bool) -> Option<Call> {
        let next = self.waiting.pop_front()?;
        self.passed_over += u32::from(queue_is_due);
        Some(next)
    }

    /// The BootNotification of the line goes, whatever waits before it.
    pub(super) fn next_boot(&mut self) -> Option<Call> {
        let boot = |call: &Call| call.purpose == CallPurpose::Boot;
        let at = self.waiting.iter().position(boot)?;
        self.waiting.remove(at)
    }

    /// A call goes out, and waits for its answer until then. Returns its frame.
    pub(super) fn send(&mut self, call: Call, until: Mono) -> String {
        // The queue has its turn.
        if matches!(call.purpose, CallPurpose::Queued(_)) {
            self.passed_over = 0;
        }
        self.outstanding = Some(Outstanding {
            id: call.id,
            purpose: call.purpose,
            until,
            held: false,
            bytes: call.frame.len(),
        });
        call.frame
    }

    /// Whether a call waits for its answer.
    pub(super) const fn is_busy(&self) -> bool {
        self.outstanding.is_some()
    }

    /// What the call is for that waits for its answer, and how long it is.
    pub(super) fn sent(&self) -> Option<(CallPurpose, usize)> {
        let out = self.outstanding.as_ref()?;
        Some((out.purpose, out.bytes))
    }

    /// When the time for an answer is over; with `now` while the call may not be out yet.
    pub(super) fn answer_due(&self, now: Mono) -> Option<Mono> {
        let out = self.outstanding.as_ref()?;
        Some(if out.held { now } else { out.until })
    }

    /// The answer to the outstanding call came, if it has that id.
    pub(super) fn answered(&mut self, id: &str) -> Option<CallPurpose> {
        if self.outstanding.as_ref().is_some_and(|out| out.id == id) {
            return self.outstanding.take().map(|out| out.purpose);
        }
        None
    }

    /// Something is to be stored before a call goes out that was sent at this instant.
    pub(super) fn hold(&mut self, until: Mono) {
        if let Some(out) = self.outstanding.as_mut().filter(|out| out.until == until) {
            out.held = true;
        }
    }

    /// Everything has been done: the call is on its way, and its time begins.
    pub(super) fn is_out(&mut self, until: Mono) {
        if let Some(out) = self.outstanding.as_mut().filter(|out| out.held) {
            (out.until, out.held) = (until, false);
        }
    }

    /// The outstanding call, if its time is over. It cost the others that time, and no more: a message of
    /// the queue that is due goes next.
    pub(super) fn overdue(&mut self, now: Mono) -> Option<CallPurpose> {
        let over = |out: &&mut Outstanding| out.until <= now;
        self.outstanding.as_mut().filter(over)?;
        let out = self.outstanding.take()?;
        if !matches!(out.purpose, CallPurpose::Queued(_)) {
            self.passed_over = Self::MOST_BEFORE_QUEUE;
        }
        if out.purpose == CallPurpose::Boot {
            if self.late_boots.len() >= Self::MOST_LATE_BOOTS {
                self.late_boots.pop_front();
            }
            self.late_boots.push_back(out.id);
        }
        Some(out.purpose)
    }

    /// Whether a boot of this connection has that id whose time is over.
    pub(super) fn take_late_boot(&mut self, id: &str) -> bool {
        let at = self.late_boots.iter().position(|late| late == id);
        at.and_then(|at| self.late_boots.remove(at)).is_some()
    }

    /// Nothing of what waits can be sent any more.
    pub(super) fn give_up_waiting(&mut self) -> Vec<CallPurpose> {
        self.waiting.drain(..).map(|call| call.purpose).collect()
    }

    /// The link is gone: nothing of what was under way will be answered.
    pub(super) fn abandon(&mut self) -> Vec<CallPurpose> {
        self.late_boots.clear();
        let outstanding = self.outstanding.take().map(|out| out.purpose);
        outstanding
            .into_iter()
            .chain(self.waiting.drain(..).map(|call| call.purpose))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(purpose: CallPurpose) -> Call {
        Call {
            purpose,
            id: String::new(),
            frame: String::new(),
        }
    }

    #[test]
    fn values_that_were_asked_for_go_first_then_authorizations_and_vendor_data_last() {
        let mut calls = Calls::default();
        for purpose in [
            CallPurpose::DataTransfer(1),
            CallPurpose::Heartbeat,
            CallPurpose::Authorize(1),
            CallPurpose::Meter(Place::ChargePoint),
            CallPurpose::Authorize(2),
            CallPurpose::DataTransfer(2),
        ] {
            calls.push(call(purpose));
        }
        let order: Vec<_> = std::iter::from_fn(|| calls.next(false))
            .map(|c| c.purpose)
            .collect();
        assert_eq!(
            order,
            [
                CallPurpose::Meter(Place::ChargePoint),
                CallPurpose::Authorize(1),
                CallPurpose::Authorize(2),
                CallPurpose::Heartbeat,
                CallPurpose::DataTransfer(1),
                CallPurpose::DataTransfer(2),
            ]
        );
    }

    // rules: 6
    #[test]
    fn only_the_answer_with_the_right_id_ends_a_call() {
        let mut calls = Calls::default();
        let boot = Call {
            id: "a-1".to_owned(),
            ..call(CallPurpose::Boot)
        };
        calls.send(boot, Mono(1));
        assert_eq!(calls.answered("a-2"), None);
        assert_eq!(calls.answered("a-1"), Some(CallPurpose::Boot));
        assert_eq!(calls.answered("a-1"), None);
    }
}
