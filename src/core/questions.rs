//! Questions to the firmware: each has a number, a deadline and an answer of our own for when
//! none comes.

use std::collections::BTreeMap;

use crate::core::{Answer, ConnectorId, Question, RequestId};
use crate::time::Mono;

/// Whom an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An UnlockConnector of the central system.
    Unlock(Caller),
    /// A Reset of the central system.
    Reset { caller: Caller, hard: bool },
    /// DataTransfer of the central system.
    DataTransfer(Caller),
    /// A meter that is to be read for whatever the connector is doing.
    Meter(Option<ConnectorId>),
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
    asked: Asked,
    until: Mono,
    default: Answer,
}

/// The open questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Questions {
    count: u64,
    open: BTreeMap<RequestId, Open>,
}

impl Questions {
    /// How many may be open at once; a central system that asks for more is refused.
    const MOST: usize = 32;

    pub(crate) fn ask(
        &mut self,
        question: &Question,
        asked: Asked,
        until: Mono,
    ) -> Option<RequestId> {
        if self.open.len() >= Self::MOST {
            return None;
        }
        self.count += 1;
        let id = RequestId(self.count);
        let default = question.default_answer();
        self.open.insert(
            id,
            Open {
                asked,
                until,
                default,
            },
        );
        Some(id)
    }

    /// An answer came; `None` when nobody waits for it any more.
    pub(crate) fn answered(&mut self, id: RequestId) -> Option<Asked> {
        self.open.remove(&id).map(|open| open.asked)
    }

    /// A question whose time is over, with the answer that takes the place of the missing one.
    pub(crate) fn expired(&mut self, now: Mono) -> Option<(RequestId, Asked, Answer)> {
        let id = self
            .open
            .iter()
            .find(|(_, open)| open.until <= now)
            .map(|(id, _)| *id)?;
        self.open
            .remove(&id)
            .map(|open| (id, open.asked, open.default))
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.open.values().map(|open| open.until).min()
    }
}
