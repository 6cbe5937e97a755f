//! The questions that the host may answer, and with what.

use std::collections::{BTreeMap, VecDeque};

use crate::core::{Answer, Fact, Place, Question, RequestId};
use crate::error::Error;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unlock,
    Reset,
    Meter(Place),
    DataTransfer,
    KeyChange,
}

impl Kind {
    const fn of(question: &Question) -> Self {
        match question {
            Question::Unlock(_) => Self::Unlock,
            Question::Reset { .. } => Self::Reset,
            Question::ReadMeter(at, _) => Self::Meter(*at),
            Question::DataTransfer { .. } => Self::DataTransfer,
            Question::KeyChange { .. } => Self::KeyChange,
        }
    }

    /// Says what would be right, if an answer is of another kind.
    fn check(self, answer: &Answer) -> Result<(), Error> {
        let plain = matches!(
            answer,
            Answer::Accepted | Answer::Rejected | Answer::Failed | Answer::NotSupported
        );
        let (fits, right) = match self {
            Self::Unlock => (plain, "on_unlock is answered by evcp_answer()"),
            Self::Reset => (plain, "on_reset is answered by evcp_answer()"),
            Self::Meter(_) => (
                matches!(answer, Answer::Meter(_)),
                "on_meter_read is answered with a reading, by evcp_answer_meter()",
            ),
            Self::DataTransfer => (
                plain || matches!(answer, Answer::Data(..)),
                "on_data_transfer is answered by evcp_answer_data()",
            ),
            Self::KeyChange => (
                matches!(
                    answer,
                    Answer::Accepted | Answer::Rejected | Answer::RebootRequired
                ),
                "on_key_change is answered by evcp_answer() with EVCP_ACCEPTED, EVCP_REJECTED or EVCP_REBOOT_REQUIRED",
            ),
        };
        if fits {
            return Ok(());
        }
        Err(Error::Invalid(format!("another kind of answer: {right}")))
    }
}

/// So many meter questions whose time is over are remembered.
const MOST_LATE: usize = 64;

/// The open questions, and those whose answer says something although it comes too late.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: BTreeMap<RequestId, Kind>,
    late: VecDeque<(RequestId, Place)>,
}

impl Questions {
    pub(super) fn asked(&mut self, request: RequestId, question: &Question) {
        self.open.insert(request, Kind::of(question));
    }

    /// The time of a question is over. `seen`: the host knows it.
    pub(super) fn expired(&mut self, request: RequestId, seen: bool) {
        if let (Some(Kind::Meter(at)), true) = (self.open.remove(&request), seen) {
            if self.late.len() >= MOST_LATE {
                self.late.pop_front();
            }
            self.late.push_back((request, at));
        }
    }

    /// An answer comes: the question is used up if it is the right kind.
    pub(super) fn answered(&mut self, request: RequestId, answer: &Answer) -> Result<(), Error> {
        let kind = self.open.get(&request).ok_or(Error::Expired)?;
        kind.check(answer)?;
        self.open.remove(&request);
        Ok(())
    }

    /// What an answer that comes too late says: what the meter shows.
    pub(super) fn late(&mut self, request: RequestId, answer: Answer) -> Option<Fact> {
        let index = self.late.iter().position(|(asked, _)| *asked == request)?;
        let Answer::Meter(readings) = answer else {
            return None;
        };
        let (_, at) = self.late.remove(index)?;
        (!readings.is_empty()).then_some(Fact::Meter(at, readings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{ConnectorId, Reading, Wh};
    use crate::types::ReadingContext;

    fn at(number: u32) -> ConnectorId {
        ConnectorId::new(number).expect("connectors count from 1")
    }

    #[test]
    fn an_answer_of_another_kind_is_refused_and_the_question_stays_open() {
        let mut questions = Questions::default();
        let meter = Question::ReadMeter(Place::Connector(at(1)), ReadingContext::SamplePeriodic);
        questions.asked(RequestId(1), &meter);
        questions.asked(RequestId(2), &Question::Unlock(at(1)));
        let wrong = questions.answered(RequestId(1), &Answer::Accepted);
        assert!(
            format!("{wrong:?}").contains("evcp_answer_meter()"),
            "{wrong:?}"
        );
        let wrong = questions.answered(RequestId(2), &Answer::Meter(Vec::new()));
        assert!(format!("{wrong:?}").contains("evcp_answer()"), "{wrong:?}");
        // They are open as before.
        let reading = Answer::Meter(Vec::new());
        assert_eq!(questions.answered(RequestId(1), &reading), Ok(()));
        assert_eq!(questions.answered(RequestId(2), &Answer::Failed), Ok(()));
        let again = questions.answered(RequestId(2), &Answer::Failed);
        assert_eq!(again, Err(Error::Expired));
    }

    #[test]
    fn a_reading_that_comes_too_late_is_known_all_the_same_once() {
        let mut questions = Questions::default();
        let meter = Question::ReadMeter(Place::Connector(at(1)), ReadingContext::TransactionBegin);
        questions.asked(RequestId(1), &meter);
        questions.asked(RequestId(2), &meter);
        questions.expired(RequestId(1), true);
        questions.expired(RequestId(2), false);
        let readings = vec![Reading::energy(Wh(7))];
        let late = Answer::Meter(readings.clone());
        assert_eq!(questions.answered(RequestId(1), &late), Err(Error::Expired));
        let fact = Fact::Meter(Place::Connector(at(1)), readings);
        assert_eq!(questions.late(RequestId(1), late.clone()), Some(fact));
        assert_eq!(questions.late(RequestId(1), late.clone()), None);
        assert_eq!(questions.late(RequestId(2), late), None, "nobody saw it");
    }
}
