//! Answers to calls of the central system.

use serde::Serialize;

use super::{Context, V16};
use crate::core::station::Caller;
use crate::core::Effect;
use crate::wire::json::{self, ErrorCode, MessageId};

impl V16 {
    pub(super) fn caller(id: &MessageId, cx: &Context<'_>) -> Caller {
        Caller {
            message_id: id.as_str().to_owned(),
            connection: cx.link.number(),
        }
    }

    /// Whether an answer can still reach the one who called.
    pub(super) fn hears(&self, caller: &Caller, cx: &Context<'_>) -> bool {
        let silent = self.registration.is_rejected();
        cx.link.is_up() && !silent && caller.connection == cx.link.number()
    }

    pub(super) fn refuse(
        &mut self,
        id: &MessageId,
        code: ErrorCode,
        text: &str,
        cx: &mut Context<'_>,
    ) {
        self.refuse_to(id.as_str(), code, text, cx);
    }

    /// Refuses a call whose id may be no good.
    pub(super) fn refuse_to(
        &mut self,
        id: &(impl Serialize + ?Sized),
        code: ErrorCode,
        text: &str,
        cx: &mut Context<'_>,
    ) {
        if self.registration.is_rejected() {
            return;
        }
        self.counters.call_errors += 1;
        log::info!("a call is refused: {code}: {text}");
        cx.out.want(Effect::Send(json::call_error(id, code, text)));
    }

    pub(super) fn respond(id: &str, payload: &impl Serialize, cx: &mut Context<'_>) {
        cx.out.want(Effect::Send(json::call_result(id, payload)));
    }
}
