//! Frames: OCPP-J 1.6 §4.2.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::action::Action;
use super::error::ErrorCode;
use super::text::cut;

/// Ties an answer to its call: 1 to 36 characters (OCPP-J 1.6 §4.1.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Takes an id of 1 to 36 characters.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        (!id.is_empty() && cut(id, 36) == id).then(|| Self(id.into()))
    }

    /// The id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for MessageId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A request: OCPP-J 1.6 §4.2.1.
    Call {
        /// Its id.
        id: MessageId,
        /// The action it asks for, not checked yet.
        action: String,
        /// An object.
        payload: Value,
    },
    /// An answer: OCPP-J 1.6 §4.2.2.
    CallResult {
        /// The id of the call that it answers.
        id: MessageId,
        /// Whatever came; [`read`](super::read()) judges it.
        payload: Value,
    },
    /// A refusal: OCPP-J 1.6 §4.2.3.
    CallError {
        /// The id of the call that it answers.
        id: MessageId,
        /// Why; `GenericError` if the code is none of the specification's.
        code: ErrorCode,
        /// For a person. An unknown code stands in front of it.
        description: String,
        /// More, as an object.
        details: Value,
    },
}

/// Why a text is not a frame, and what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub enum FrameError {
    /// Nothing can be answered; the reason is for the log.
    Ignore(String),
    /// A broken call, to be answered with a CALLERROR.
    Answer {
        /// The id of the call.
        id: MessageId,
        /// The code to answer with.
        code: ErrorCode,
        /// The description to answer with.
        text: String,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore(text) | Self::Answer { text, .. } => f.write_str(text),
        }
    }
}

impl std::error::Error for FrameError {}

/// Takes a text message apart.
///
/// A payload of `null` becomes `{}`. A CALLERROR may lack its last two elements.
///
/// # Errors
/// A call with a readable id that is otherwise broken is to be answered; all else is not.
pub fn parse_frame(text: &str) -> Result<Frame, FrameError> {
    let ignore = |why: &str| Err(FrameError::Ignore(why.to_owned()));
    let mut parts = match serde_json::from_str(text) {
        Ok(Value::Array(parts)) => parts.into_iter(),
        Ok(_) => return ignore("not an array"),
        Err(error) => return Err(FrameError::Ignore(format!("not JSON: {error}"))),
    };
    let Some(kind @ 2..=4) = parts.next().as_ref().and_then(Value::as_u64) else {
        return ignore("unknown message type");
    };
    let Some(id) = parts
        .next()
        .as_ref()
        .and_then(Value::as_str)
        .and_then(MessageId::new)
    else {
        return ignore("no usable message id");
    };
    match (kind, parts.len()) {
        (2, _) => call_from(id, parts),
        (3, 1) => Ok(Frame::CallResult {
            id,
            payload: parts.next().map(object_if_null).unwrap_or_default(),
        }),
        (4, 1..=3) => Ok(call_error_from(id, parts)),
        _ => ignore("wrong number of elements"),
    }
}

type Parts = std::vec::IntoIter<Value>;

fn call_from(id: MessageId, mut parts: Parts) -> Result<Frame, FrameError> {
    let text = if parts.len() != 2 {
        "a call has four elements"
    } else {
        match (parts.next(), parts.next().map(object_if_null)) {
            (Some(Value::String(action)), Some(payload @ Value::Object(_))) => {
                return Ok(Frame::Call {
                    id,
                    action,
                    payload,
                });
            }
            (Some(Value::String(_)), _) => "the payload is not an object",
            _ => "the action is not a string",
        }
    };
    Err(FrameError::Answer {
        id,
        code: ErrorCode::FormationViolation,
        text: text.to_owned(),
    })
}

fn call_error_from(id: MessageId, mut parts: Parts) -> Frame {
    let word = parts.next().unwrap_or_default();
    let word = word.as_str().unwrap_or_default();
    let mut description = match parts.next() {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let code = ErrorCode::recognise(word).unwrap_or_else(|| {
        if !word.is_empty() {
            description = format!("{word}: {description}");
        }
        ErrorCode::GenericError
    });
    Frame::CallError {
        id,
        code,
        description,
        details: object_if_null(parts.next().unwrap_or_default()),
    }
}

fn object_if_null(value: Value) -> Value {
    match value {
        Value::Null => Value::Object(Map::new()),
        value => value,
    }
}

/// Writes a request.
#[must_use]
pub fn call(id: &str, action: Action, payload: &impl Serialize) -> String {
    compact(&(2, id, action, payload))
}

/// Writes an answer.
#[must_use]
pub fn call_result(id: &str, payload: &impl Serialize) -> String {
    compact(&(3, id, payload))
}

/// Writes a refusal. The description is cut to 255 characters, as OCPP-J 1.6 §4.2.3 wants it.
#[must_use]
pub fn call_error(id: &str, code: ErrorCode, description: &str) -> String {
    compact(&(4, id, code, cut(description, 255), Map::new()))
}

/// Messages are made of structs, strings and numbers, none of which can fail to be JSON; so the
/// empty text never comes out.
fn compact(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
