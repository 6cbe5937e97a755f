//! How calls of ours end: the one place that says what comes of it.

use super::transactions::refusal_by;
use super::{Context, V16};
use crate::core::link::{CallPurpose, Ended};
use crate::core::settings::Key;
use crate::wire::json::ErrorCode;

impl V16 {
    /// The central system answered a call with an error.
    pub(super) fn on_error(
        &mut self,
        purpose: CallPurpose,
        code: ErrorCode,
        text: &str,
        cx: &mut Context<'_>,
    ) {
        self.counters.call_errors += 1;
        // What it says must not look like a line of the log of its own.
        let said = text.replace(char::is_control, " ");
        log::warn!("the central system refuses {purpose}: {code}: {said}");
        self.on_ended(purpose, Ended::Refused(code, text), cx);
    }

    // rules: 6
    /// The time for an answer is over.
    pub(crate) fn expire_calls(&mut self, cx: &mut Context<'_>) {
        if let Some(purpose) = cx.link.overdue(cx.now.mono) {
            self.counters.timeouts += 1;
            log::warn!("the central system does not answer {purpose}");
            self.on_ended(purpose, Ended::Unanswered, cx);
        }
    }

    // rules: 63
    /// A call of ours ended, one way or another: the one place that says what comes of it.
    pub(super) fn on_ended(
        &mut self,
        purpose: CallPurpose,
        ended: Ended<'_>,
        cx: &mut Context<'_>,
    ) {
        match purpose {
            CallPurpose::Boot => match ended {
                Ended::Answered(payload) => {
                    let given_up = self.on_boot_answer(payload, cx).into_iter();
                    // Another boot that waited is not lost with a link: the answer says when the next is due.
                    for call in given_up.filter(|call| *call != CallPurpose::Boot) {
                        self.on_ended(call, Ended::Lost, cx);
                    }
                }
                Ended::Refused(..) | Ended::Unanswered => self.boot_failed(false, cx),
                Ended::Lost => self.boot_failed(true, cx),
            },
            CallPurpose::Heartbeat => match ended {
                Ended::Answered(payload) => self.on_heartbeat_answer(payload, cx),
                Ended::Refused(..) | Ended::Unanswered => {}
                Ended::Lost => self.beat_at_once(cx),
            },
            CallPurpose::Authorize(number) => self.on_authorize_ended(number, ended, cx),
            CallPurpose::Status(at) => match ended {
                Ended::Answered(_) => self.status_heard(at),
                Ended::Refused(..) | Ended::Unanswered => self.status_unheard(at, cx),
                Ended::Lost => self.status_lost(at, cx),
            },
            CallPurpose::DataTransfer(token) => Self::on_data_ended(token, ended, cx),
            // Nobody minds if they are lost.
            CallPurpose::Meter(_) => {}
            CallPurpose::Queued(_) => match ended {
                Ended::Answered(payload) => self.on_queued_answer(payload, cx),
                Ended::Refused(code, _) => Self::on_queued_refusal(refusal_by(code), cx),
                Ended::Unanswered => {
                    let wait = cx.settings().secs(Key::TransactionMessageRetryInterval);
                    let until = cx.now.mono + wait;
                    cx.ledger.head_is_unanswered(until, cx.out);
                }
                // It is sent again on the next connection.
                Ended::Lost => {}
            },
        }
    }
}
