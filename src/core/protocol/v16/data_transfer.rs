//! DataTransfer, both ways (`OCPP 1.6 §4.3`, `§5.6`).

use super::{Context, V16};
use crate::core::link::{CallPurpose, Ended};
use crate::core::station::{AnswerFor, Caller};
use crate::core::{Answer, DataTransferOutcome, Notice, Question};
use crate::types::{CiString, DataTransferStatus};
use crate::wire::json::MessageId;
use crate::wire::v16::{Action, DataAnswer, DataTransfer, DataTransferResponse};

impl V16 {
    /// Vendor data for the central system.
    pub(crate) fn send_data(
        &self,
        token: u64,
        vendor_id: CiString<255>,
        message_id: Option<CiString<50>>,
        data: Option<String>,
        cx: &mut Context<'_>,
    ) {
        if !self.is_online(cx.link) {
            let outcome = DataTransferOutcome::Offline;
            return cx.out.notify(Notice::DataTransferred(token, outcome));
        }
        if !cx.link.has_room_for_data() {
            let outcome = DataTransferOutcome::Failed("too many calls are waiting".to_owned());
            return cx.out.notify(Notice::DataTransferred(token, outcome));
        }
        let request = DataTransfer {
            vendor_id,
            message_id,
            data,
        };
        let purpose = CallPurpose::DataTransfer(token);
        Self::call(purpose, Action::DataTransfer, &request, cx);
    }

    pub(super) fn on_data_ended(token: u64, ended: Ended<'_>, cx: &mut Context<'_>) {
        let outcome = match ended {
            Ended::Answered(payload) => {
                let answer: Option<DataAnswer> = Self::read_answer("DataTransfer", payload);
                match answer {
                    Some(answer) => DataTransferOutcome::Answered(answer.status, answer.data),
                    None => DataTransferOutcome::Failed("the answer makes no sense".to_owned()),
                }
            }
            Ended::Refused(code, text) => DataTransferOutcome::Failed(format!("{code}: {text}")),
            Ended::Unanswered => DataTransferOutcome::Failed("no answer".to_owned()),
            Ended::Lost => DataTransferOutcome::Offline,
        };
        cx.out.notify(Notice::DataTransferred(token, outcome));
    }

    /// Vendor data of the central system: the firmware answers.
    pub(super) fn on_data_transfer(
        &self,
        id: &MessageId,
        request: &DataTransfer,
        cx: &mut Context<'_>,
    ) {
        if !cx.station.setup().host.transfers_data {
            return Self::answer_data(id.as_str(), DataTransferStatus::UnknownVendorId, None, cx);
        }
        let asked = AnswerFor::DataTransfer(Self::caller(id, cx));
        if !self.at_station(cx, |station, cx| {
            station.ask(data_question(request), asked, cx)
        }) {
            Self::answer_data(id.as_str(), DataTransferStatus::Rejected, None, cx);
        }
    }

    /// The firmware answered it.
    pub(super) fn conclude_data(&self, caller: &Caller, answer: Answer, cx: &mut Context<'_>) {
        let (status, data) = match answer {
            Answer::Data(status, data) => (status, data),
            Answer::Accepted => (DataTransferStatus::Accepted, None),
            Answer::NotSupported => (DataTransferStatus::UnknownVendorId, None),
            Answer::Rejected | Answer::Failed | Answer::RebootRequired | Answer::Meter(_) => {
                (DataTransferStatus::Rejected, None)
            }
        };
        if self.hears(caller, cx) {
            Self::answer_data(&caller.message_id, status, data, cx);
        }
    }

    // rules: 131
    fn answer_data(
        id: &str,
        status: DataTransferStatus,
        data: Option<String>,
        cx: &mut Context<'_>,
    ) {
        let data = data.filter(|_| status != DataTransferStatus::UnknownVendorId);
        Self::respond(id, &DataTransferResponse { status, data }, cx);
    }
}

/// What the firmware is asked for the sake of it.
pub(super) fn data_question(request: &DataTransfer) -> Question {
    Question::DataTransfer {
        vendor: request.vendor_id.as_str().to_owned(),
        message: (request.message_id.as_ref()).map(|id| id.as_str().to_owned()),
        data: request.data.clone(),
    }
}
