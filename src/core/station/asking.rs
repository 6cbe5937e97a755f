//! What the firmware is asked, and what becomes of its answers.

use super::questions::{AnswerFor, Caller, Repeated};
use super::{Context, Station};
use crate::core::station::connector::Connector;
use crate::core::{Answer, ConnectorId, Effect, Notice, Place, Question, RequestId};

impl Station {
    /// Asks the firmware. Says whether it could be asked.
    pub(crate) fn ask(
        &mut self,
        question: Question,
        asked: AnswerFor,
        cx: &mut Context<'_>,
    ) -> bool {
        let (now, patience) = (cx.now.mono, self.setup.tuning.answer_timeout);
        let Some(request) = self.questions.ask(&question, asked, now, patience) else {
            return false;
        };
        cx.out.notify(Notice::Ask(request, question));
        true
    }

    /// Has the firmware unlock a connector, as soon as its contactor is open: a plug is not pulled out of a live
    /// socket. Says whether it could be asked, or will be.
    pub(crate) fn ask_to_unlock(
        &mut self,
        at: ConnectorId,
        asked: AnswerFor,
        cx: &mut Context<'_>,
    ) -> bool {
        let question = Question::Unlock(at);
        let connector = self.connector(at);
        if !connector.is_some_and(Connector::is_live) {
            return self.ask(question, asked, cx);
        }
        let (now, patience) = (cx.now.mono, self.setup.tuning.contactor_timeout);
        let opens = connector.is_some_and(Connector::is_opening);
        let held = opens.then(|| self.questions.ask(&question, asked, now, patience));
        let held = held.flatten();
        if let Some(request) = held {
            self.questions.hold(request);
        }
        held.is_some()
    }

    /// Whether a call that would be this question repeats one that is being handled.
    pub(crate) fn repeats(&mut self, call: &Caller, question: Option<&Question>) -> Repeated {
        self.questions.repeats(call, question)
    }

    /// The firmware answers. What the central system asked for is returned, for its answer.
    pub(crate) fn on_answer(
        &mut self,
        request: RequestId,
        answer: Answer,
        cx: &mut Context<'_>,
    ) -> Option<(AnswerFor, Answer)> {
        match self.questions.answered(request) {
            Some(asked) => return self.conclude(asked, answer, cx),
            None => log::debug!("an answer of the firmware came after its time"),
        }
        // What a meter says late is still what it shows.
        if let (Some(place), Answer::Meter(readings)) = (self.questions.late_meter(request), answer)
        {
            self.on_meter(place, &readings, true, cx);
        }
        None
    }

    /// The firmware did not answer in time: the next question that the central system waits for, with what is
    /// answered in its place.
    pub(crate) fn expire_question(&mut self, cx: &mut Context<'_>) -> Option<(AnswerFor, Answer)> {
        while let Some((request, asked, default)) = self.questions.expired(cx.now.mono) {
            log::warn!("the firmware did not answer {} in time", asked.slot());
            cx.out.want(Effect::Withdraw(request));
            let of_call = self.conclude(asked, default, cx);
            if of_call.is_some() {
                return of_call;
            }
        }
        None
    }

    fn conclude(
        &mut self,
        asked: AnswerFor,
        answer: Answer,
        cx: &mut Context<'_>,
    ) -> Option<(AnswerFor, Answer)> {
        let at: Place = match asked {
            AnswerFor::Meter(at) => at,
            of_call => return Some((of_call, answer)),
        };
        match answer {
            Answer::Meter(readings) if !readings.is_empty() => {
                self.on_meter(at, &readings, false, cx);
            }
            _ => {
                log::warn!("{at}: the meter could not be read");
                self.on_silent_meter(at, cx);
            }
        }
        None
    }
}
