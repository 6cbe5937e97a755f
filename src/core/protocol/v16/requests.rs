//! Calls of the central system: who answers which, and calls that the firmware answers.

use serde_json::value::RawValue;

use super::data_transfer::data_question;
use super::{Context, V16};
use crate::core::station::{AnswerFor, Repeated, Station};
use crate::core::{Answer, Question, RequestId};
use crate::wire::json::{ErrorCode, MessageId, Mode, Violation};
use crate::wire::v16::{
    self, Action, CentralRequest, MessageTrigger, ResetType, TriggerMessageResponse,
    TriggerMessageStatus,
};

impl V16 {
    // rules: 8
    pub(super) fn on_call(
        &mut self,
        id: &MessageId,
        action: &str,
        payload: &RawValue,
        cx: &mut Context<'_>,
    ) {
        self.counters.calls_received += 1;
        // A rejected charge point is silent (OCPP 1.6 §4.2).
        if self.registration.is_rejected() {
            return;
        }
        let mode = match cx.station.setup().tuning.tolerant {
            true => Mode::Tolerant,
            false => Mode::Strict,
        };
        match v16::read_request(action, payload, mode) {
            Ok(read) => {
                for member in read.ignored {
                    log::info!("{action}: unknown member {member} is ignored");
                }
                if let Some(path) = read.rounded {
                    log::warn!(
                        "{action}: {path} has more than one decimal: such limits are rounded down"
                    );
                }
                self.on_request(id, read.value, cx);
            }
            // A message that nobody knows cannot be triggered, and the answer has a word for that.
            Err(_) if asks_for_unknown_message(action, payload) => {
                let status = TriggerMessageStatus::NotImplemented;
                Self::respond(id.as_str(), &TriggerMessageResponse { status }, cx);
            }
            Err(Violation { code, path, text }) => {
                let text = if path.is_empty() {
                    text
                } else {
                    format!("{path}: {text}")
                };
                self.refuse(id, code, &text, cx);
            }
        }
    }

    fn on_request(&mut self, id: &MessageId, request: CentralRequest, cx: &mut Context<'_>) {
        if !Self::offers(&request, cx) {
            return self.decline(id, &request, cx);
        }
        if self.is_handled(id, &request, cx) {
            return;
        }
        match request {
            CentralRequest::ChangeAvailability(request) => {
                self.on_change_availability(id, &request, cx);
            }
            CentralRequest::ChangeConfiguration(request) => {
                self.on_change_configuration(id, &request, cx);
            }
            CentralRequest::ClearCache(_) => Self::on_clear_cache(id, cx),
            CentralRequest::DataTransfer(request) => self.on_data_transfer(id, &request, cx),
            CentralRequest::GetConfiguration(request) => {
                Self::on_get_configuration(id, &request, cx);
            }
            CentralRequest::RemoteStartTransaction(request) => {
                self.on_remote_start(id, *request, cx);
            }
            CentralRequest::RemoteStopTransaction(request) => {
                self.on_remote_stop(id, &request, cx);
            }
            CentralRequest::Reset(request) => self.on_reset(id, request.r#type, cx),
            CentralRequest::SetChargingProfile(request) => self.on_set_profile(id, &request, cx),
            CentralRequest::ClearChargingProfile(request) => {
                self.on_clear_profile(id, &request, cx);
            }
            CentralRequest::GetCompositeSchedule(request) => {
                Self::on_get_composite(id, &request, cx);
            }
            CentralRequest::TriggerMessage(request) => self.on_trigger(id, &request, cx),
            CentralRequest::UnlockConnector(request) => self.on_unlock(id, &request, cx),
            other => self.decline(id, &other, cx),
        }
    }

    /// Whether a call with that id is being handled already. It is not carried out a second time: a
    /// repetition, which may keep its id (errata J 3.1), has the one answer that is under way, and another
    /// call with that id is refused (`OCPP-J 1.6 §4.2.3`).
    fn is_handled(
        &mut self,
        id: &MessageId,
        request: &CentralRequest,
        cx: &mut Context<'_>,
    ) -> bool {
        let caller = Self::caller(id, cx);
        let question = question_of(request, cx);
        match cx.station.repeats(&caller, question.as_ref()) {
            Repeated::No => return false,
            Repeated::Yes => log::info!("a call is repeated while it is being handled: {id}"),
            Repeated::IdInUse => {
                let text = "another call with this message id is being handled";
                self.refuse(id, ErrorCode::GenericError, text, cx);
            }
        }
        true
    }

    /// The firmware answers a question.
    pub(crate) fn on_answer(&mut self, request: RequestId, answer: Answer, cx: &mut Context<'_>) {
        let of_call = self.at_station(cx, |station, cx| station.on_answer(request, answer, cx));
        if let Some((asked, answer)) = of_call {
            self.conclude(asked, answer, cx);
        }
    }

    /// The firmware did not answer in time: we do, in its place.
    pub(crate) fn expire_questions(&mut self, cx: &mut Context<'_>) {
        while let Some((asked, default)) = self.at_station(cx, Station::expire_question) {
            self.conclude(asked, default, cx);
        }
    }

    fn conclude(&mut self, asked: AnswerFor, answer: Answer, cx: &mut Context<'_>) {
        match asked {
            AnswerFor::Unlock(caller) => self.conclude_unlock(&caller, &answer, cx),
            AnswerFor::Reset { caller, hard } => self.conclude_reset(&caller, hard, &answer, cx),
            AnswerFor::DataTransfer(caller) => self.conclude_data(&caller, answer, cx),
            AnswerFor::KeyChange { caller, key, value } => {
                self.conclude_key_change(&caller, &key, &value, &answer, cx);
            }
            AnswerFor::Meter(_) => {}
        }
    }
}

/// What the firmware would be asked for the sake of a request.
fn question_of(request: &CentralRequest, cx: &Context<'_>) -> Option<Question> {
    match request {
        CentralRequest::UnlockConnector(request) => cx
            .station
            .existing(request.connector_id)
            .map(Question::Unlock),
        CentralRequest::Reset(request) => Some(Question::Reset {
            hard: request.r#type == ResetType::Hard,
        }),
        CentralRequest::DataTransfer(request) => Some(data_question(request)),
        CentralRequest::ChangeConfiguration(request) => cx
            .settings()
            .key_question(request.key.as_str(), request.value.as_str()),
        _ => None,
    }
}

fn asks_for_unknown_message(action: &str, payload: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Requested<'a> {
        #[serde(borrow, rename = "requestedMessage")]
        word: std::borrow::Cow<'a, str>,
    }
    if action != Action::TriggerMessage.as_str() {
        return false;
    }
    let asked: Result<Requested<'_>, _> = serde_json::from_str(payload.get());
    asked.is_ok_and(|asked| asked.word.len() <= 50 && MessageTrigger::parse(&asked.word).is_none())
}
