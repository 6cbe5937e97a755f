//! Authorize: whether a tag may charge (`OCPP 1.6 §4.1`).

use serde_json::value::RawValue;

use super::{Context, V16};
use crate::core::link::{CallPurpose, Ended};
use crate::types::IdToken;
use crate::wire::json::ErrorCode;
use crate::wire::v16::{Action, Authorize, TagAnswer};

impl V16 {
    /// The central system is asked about a tag.
    pub(super) fn ask_about(number: u64, id_tag: IdToken, cx: &mut Context<'_>) {
        let request = Authorize { id_tag };
        Self::call(
            CallPurpose::Authorize(number),
            Action::Authorize,
            &request,
            cx,
        );
    }

    pub(super) fn on_authorize_ended(&self, number: u64, ended: Ended<'_>, cx: &mut Context<'_>) {
        match ended {
            Ended::Answered(payload) => self.on_authorize_answer(number, payload, cx),
            // Who has no right to ask has no right to an answer; any other error is no answer at all.
            Ended::Refused(ErrorCode::SecurityError, _) => {
                self.at_station(cx, |station, cx| station.authorize_refused(number, cx));
            }
            Ended::Refused(..) | Ended::Unanswered | Ended::Lost => {
                self.at_station(cx, |station, cx| station.authorize_offline(number, cx));
            }
        }
    }

    fn on_authorize_answer(&self, number: u64, payload: &RawValue, cx: &mut Context<'_>) {
        let answer: Option<TagAnswer> = Self::read_answer("Authorize", payload);
        let info = answer.and_then(|answer| answer.info());
        self.at_station(cx, |station, cx| match info {
            Some(info) => station.on_authorized(number, info, cx),
            // What cannot be read is no answer: what is known here decides.
            None => station.authorize_offline(number, cx),
        });
    }
}
