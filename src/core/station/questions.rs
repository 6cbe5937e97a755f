//! Questions to the firmware: each has a number, a deadline and an answer of our own for when
//! none comes.

use std::collections::{BTreeMap, VecDeque};

use crate::core::{Answer, Place, Question, RequestId};
use crate::time::{Millis, Mono};

/// Whom an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerFor {
    /// An UnlockConnector of the central system.
    Unlock(Caller),
    /// A Reset of the central system.
    Reset { caller: Caller, hard: bool },
    /// DataTransfer of the central system.
    DataTransfer(Caller),
    /// A ChangeConfiguration of the central system.
    KeyChange {
        caller: Caller,
        key: String,
        value: String,
    },
    /// A meter that is to be read for whatever the connector is doing.
    Meter(Place),
}

impl AnswerFor {
    /// What the firmware is asked by.
    pub(super) const fn slot(&self) -> &'static str {
        match self {
            Self::Unlock(_) => "on_unlock",
            Self::Reset { .. } => "on_reset",
            Self::DataTransfer(_) => "on_data_transfer",
            Self::KeyChange { .. } => "on_key_change",
            Self::Meter(_) => "on_meter_read",
        }
    }

    fn caller_mut(&mut self) -> Option<&mut Caller> {
        match self {
            Self::Unlock(caller)
            | Self::Reset { caller, .. }
            | Self::DataTransfer(caller)
            | Self::KeyChange { caller, .. } => Some(caller),
            Self::Meter(_) => None,
        }
    }
}

/// What a call is beside those that the firmware is being asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// None has its id.
    No,
    /// It is one of them once more.
    Yes,
    /// One has its id and asks for something else.
    IdInUse,
}

/// A call of the central system that is not answered yet: it can only be answered on the
/// connection that it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) message_id: String,
    pub(crate) connection: u64,
}

#[derive(Clone, Debug)]
struct Open {
    asked: AnswerFor,
    question: Question,
    /// When it was put. The firmware may see it later: what is to be stored first comes first.
    put: Mono,
    /// How long the firmware may take.
    patience: Millis,
    /// Until when; `None` while it is not sure that the firmware can see it.
    until: Option<Mono>,
    /// It is kept from the firmware until it may do what it is asked.
    held: bool,
}

/// The open questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Questions {
    count: u64,
    open: BTreeMap<RequestId, Open>,
    /// Meters that were asked for too long ago: what they say late is still what they show.
    late: VecDeque<(RequestId, Place)>,
}

impl Questions {
    /// How many may be open at once; a central system that asks for more is refused. Meters do not
    /// count: there is one question to each at most, and it is the bill.
    const MOST: usize = 32;
    /// How many meters are remembered that did not answer in time.
    const MOST_LATE: usize = 512;

    pub(crate) fn ask(
        &mut self,
        question: &Question,
        asked: AnswerFor,
        put: Mono,
        patience: Millis,
    ) -> Option<RequestId> {
        let is_meter = |asked: &AnswerFor| matches!(asked, AnswerFor::Meter(_));
        let others = self.open.values().filter(|open| !is_meter(&open.asked));
        if !is_meter(&asked) && others.count() >= Self::MOST {
            return None;
        }
        self.count += 1;
        let id = RequestId(self.count);
        self.open.insert(
            id,
            Open {
                asked,
                question: question.clone(),
                put,
                patience,
                until: None,
                held: false,
            },
        );
        Some(id)
    }

    /// A question is kept from the firmware for now, for as long as it was given time to answer.
    pub(crate) fn hold(&mut self, id: RequestId) {
        if let Some(open) = self.open.get_mut(&id) {
            open.held = true;
        }
    }

    /// One that was kept from the firmware is not any more: it has that time to answer.
    pub(crate) fn let_go(
        &mut self,
        question: &Question,
        now: Mono,
        patience: Millis,
    ) -> Option<RequestId> {
        let mut open = self.open.iter_mut();
        let (id, open) = open.find(|(_, open)| open.held && open.question == *question)?;
        (open.put, open.patience, open.until, open.held) = (now, patience, None, false);
        Some(*id)
    }

    /// Whether a call that would be this question repeats one that is being handled. Its one answer then
    /// goes by the connection on which it came last.
    pub(crate) fn repeats(&mut self, call: &Caller, question: Option<&Question>) -> Repeated {
        let mut repeated = Repeated::No;
        for open in self.open.values_mut() {
            let same = question == Some(&open.question);
            let Some(caller) = open.asked.caller_mut() else {
                continue;
            };
            if caller.message_id != call.message_id {
                continue;
            }
            if same {
                caller.connection = call.connection;
                return Repeated::Yes;
            }
            // Nobody waits any more for what an earlier connection brought.
            if caller.connection == call.connection {
                repeated = Repeated::IdInUse;
            }
        }
        repeated
    }

    /// Everything that was to be done has been done: the firmware can see what it was asked, and its
    /// time begins.
    pub(crate) fn are_seen(&mut self, now: Mono) {
        for open in self.open.values_mut() {
            let patience = open.patience;
            open.until.get_or_insert_with(|| now + patience);
        }
    }

    /// An answer came; `None` when nobody waits for it any more.
    pub(crate) fn answered(&mut self, id: RequestId) -> Option<AnswerFor> {
        self.open.remove(&id).map(|open| open.asked)
    }

    /// The meter that this answer comes too late for, if it is one.
    pub(crate) fn late_meter(&mut self, id: RequestId) -> Option<Place> {
        let at = self.late.iter().position(|(late, _)| *late == id)?;
        self.late.remove(at).map(|(_, place)| place)
    }

    /// A question whose time is over, with the answer that takes the place of the missing one.
    pub(crate) fn expired(&mut self, now: Mono) -> Option<(RequestId, AnswerFor, Answer)> {
        let id = self
            .open
            .iter()
            .find(|(_, open)| open.until.is_some_and(|until| until <= now))
            .map(|(id, _)| *id)?;
        let open = self.open.remove(&id)?;
        if let AnswerFor::Meter(place) = open.asked {
            if self.late.len() >= Self::MOST_LATE {
                self.late.pop_front();
            }
            self.late.push_back((id, place));
        }
        Some((id, open.asked, open.question.default_answer()))
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        // What the firmware may not have seen yet is due at once: with the next input its time begins.
        let due = |open: &Open| open.until.unwrap_or(open.put);
        self.open.values().map(due).min()
    }
}
