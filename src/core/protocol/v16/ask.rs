//! Calls of ours, and what can be read of their answers.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Context, V16};
use crate::core::link::{Call, CallPurpose};
use crate::wire::json;
use crate::wire::v16::{self, Action, Answer};

impl V16 {
    /// Puts a call in the line.
    pub(super) fn call(
        purpose: CallPurpose,
        action: Action,
        payload: &impl Serialize,
        cx: &mut Context<'_>,
    ) {
        let id = cx.link.next_id();
        let frame = json::call(&id, action.as_str(), payload);
        cx.link.push(Call { purpose, id, frame });
    }

    /// Reads an answer for what can be read in it, so that a sloppy central system cannot lock a charge
    /// point out, or lose a session.
    pub(super) fn read_answer<T: Answer>(what: &str, payload: &RawValue) -> Option<T> {
        let Some(heard) = v16::hear::<T>(payload) else {
            log::warn!("the answer to {what} cannot be understood");
            return None;
        };
        for member in heard.unreadable {
            log::warn!("the answer to {what}: {member} cannot be read and counts as absent");
        }
        Some(heard.value)
    }
}
