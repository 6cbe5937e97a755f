//! Frames: OCPP-J 1.6 §4.2.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::Map;

use super::error::ErrorCode;
use super::syntax::string;
use crate::types::cut;

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

/// One message on the wire. Payloads are parts of its text, not taken apart yet: JSON, but for what
/// strings and numbers in it may mean.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// A request: OCPP-J 1.6 §4.2.1.
    Call {
        /// Its id.
        id: MessageId,
        /// The action it asks for, not checked yet.
        action: Cow<'a, str>,
        /// An object, or `null` for an empty one.
        payload: &'a RawValue,
    },
    /// An answer: OCPP-J 1.6 §4.2.2.
    CallResult {
        /// The id of the call that it answers.
        id: MessageId,
        /// Whatever came; [`read`](super::read()) judges it.
        payload: &'a RawValue,
    },
    /// A refusal: OCPP-J 1.6 §4.2.3.
    CallError {
        /// The id of the call that it answers.
        id: MessageId,
        /// Why; `GenericError` if the code is none of the specification's.
        code: ErrorCode,
        /// For a person, cut to 255 characters. An unknown code stands in front of it.
        description: String,
        /// More, if there is.
        details: Option<&'a RawValue>,
    },
}

/// Why a text is not a frame, and what to do about it.
#[derive(Clone, Debug)]
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
    /// A call whose id is too long, empty or a number: to be answered with a FormationViolation and the
    /// id as it came (OCPP-J 1.6 §4.2.3).
    BadId {
        /// The id, as the JSON that it is.
        id: Box<RawValue>,
        /// The description to answer with.
        text: String,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore(text) | Self::Answer { text, .. } | Self::BadId { text, .. } => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for FrameError {}

// rules: 9, 10
/// Takes a text message apart.
///
/// A CALLERROR may lack its last two elements.
///
/// # Errors
/// A call that has an id is to be answered, whatever else is wrong with it; all else is not.
pub fn parse_frame(text: &str) -> Result<Frame<'_>, FrameError> {
    let ignore = |why: &str| Err(FrameError::Ignore(why.to_owned()));
    let Parts { first, count } = match serde_json::from_str(text) {
        Ok(parts) => parts,
        Err(error) if error.is_data() => return ignore("not an array"),
        Err(error) => return Err(FrameError::Ignore(format!("not JSON: {error}"))),
    };
    let [kind, id, third, fourth, fifth] = first;
    let kind = kind.and_then(|kind| serde_json::from_str(kind.get()).ok());
    let Some(kind @ 2..=4) = kind else {
        return ignore("unknown message type");
    };
    let Some(raw) = id else {
        return ignore("no message id");
    };
    let Some(id) = string(raw.get()).and_then(|id| MessageId::new(&id)) else {
        return Err(bad_id(kind, raw));
    };
    match (kind, third, count) {
        (2, ..) => call_from(id, third, fourth, count),
        (3, Some(payload), 3) => Ok(Frame::CallResult { id, payload }),
        (4, Some(code), 3..=5) => Ok(call_error_from(id, code, fourth, fifth)),
        _ => ignore("wrong number of elements"),
    }
}

/// What becomes of a message with such an id.
fn bad_id(kind: i64, id: &RawValue) -> FrameError {
    let is_number = id
        .get()
        .starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if kind == 2 && (is_number || string(id.get()).is_some()) {
        return FrameError::BadId {
            id: id.to_owned(),
            text: "the message id must be a string of 1 to 36 characters".to_owned(),
        };
    }
    FrameError::Ignore("no usable message id".to_owned())
}

/// The elements of a frame: no more are kept than the longest one has.
struct Parts<'a> {
    first: [Option<&'a RawValue>; 5],
    count: usize,
}

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Taking;
        impl<'de> Visitor<'de> for Taking {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parts<'de>, A::Error> {
                let (mut first, mut count) = ([None; 5], 0);
                for place in &mut first {
                    *place = seq.next_element()?;
                    count += usize::from(place.is_some());
                }
                while count >= first.len() && seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Parts { first, count })
            }
        }
        reader.deserialize_seq(Taking)
    }
}

fn call_from<'a>(
    id: MessageId,
    action: Option<&'a RawValue>,
    payload: Option<&'a RawValue>,
    count: usize,
) -> Result<Frame<'a>, FrameError> {
    let is_object = |payload: &&RawValue| payload.get().starts_with('{') || payload.get() == "null";
    let text = match (
        action.map(RawValue::get).and_then(string),
        payload.filter(is_object),
    ) {
        _ if count != 4 => "a call has four elements",
        (Some(action), Some(payload)) => {
            return Ok(Frame::Call {
                id,
                action,
                payload,
            });
        }
        (Some(_), _) => "the payload is not an object",
        (None, _) => "the action is not a string",
    };
    Err(FrameError::Answer {
        id,
        code: ErrorCode::FormationViolation,
        text: text.to_owned(),
    })
}

fn call_error_from<'a>(
    id: MessageId,
    code: &'a RawValue,
    description: Option<&'a RawValue>,
    details: Option<&'a RawValue>,
) -> Frame<'a> {
    let word = string(code.get()).unwrap_or_default();
    let said = description
        .map(RawValue::get)
        .and_then(string)
        .unwrap_or_default();
    let said = cut(&said, 255);
    let known = ErrorCode::recognise(&word);
    let description = match known {
        None if !word.is_empty() => cut(&format!("{}: {said}", cut(&word, 50)), 255).to_owned(),
        _ => said.to_owned(),
    };
    Frame::CallError {
        id,
        code: known.unwrap_or(ErrorCode::GenericError),
        description,
        details: details.filter(|details| details.get() != "null"),
    }
}

/// Writes a request.
#[must_use]
pub fn call(id: &str, action: &str, payload: &impl Serialize) -> String {
    compact(&(2, id, action, payload))
}

/// Writes an answer.
#[must_use]
pub fn call_result(id: &str, payload: &impl Serialize) -> String {
    compact(&(3, id, payload))
}

/// Writes a refusal. The description is cut to 255 characters, as OCPP-J 1.6 §4.2.3 wants it. The id is
/// a string, or what came in the place of one.
#[must_use]
pub fn call_error(id: &(impl Serialize + ?Sized), code: ErrorCode, description: &str) -> String {
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
