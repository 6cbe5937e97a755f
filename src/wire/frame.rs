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
mod tests {
    use super::*;
    use crate::wire::{Heartbeat, StatusNotificationResponse};
    use serde_json::json;

    fn id(text: &str) -> MessageId {
        MessageId::new(text).unwrap()
    }

    fn is_ignored(text: &str) -> bool {
        matches!(parse_frame(text), Err(FrameError::Ignore(_)))
    }

    fn is_answered(text: &str) -> bool {
        match parse_frame(text) {
            Err(FrameError::Answer { id, code, .. }) => {
                id.as_str() == "7" && code == ErrorCode::FormationViolation
            }
            _ => false,
        }
    }

    #[test]
    fn a_call_is_read() {
        let frame = parse_frame(r#" [2, "7", "Reset", {"type": "Soft"}] "#).unwrap();
        let (action, payload) = ("Reset".to_owned(), json!({"type": "Soft"}));
        assert_eq!(
            frame,
            Frame::Call {
                id: id("7"),
                action,
                payload
            }
        );
    }

    #[test]
    fn a_result_is_read() {
        let frame = parse_frame(r#"[3,"7",{"a":1}]"#).unwrap();
        assert_eq!(
            frame,
            Frame::CallResult {
                id: id("7"),
                payload: json!({"a": 1})
            }
        );
    }

    #[test]
    fn a_null_payload_counts_as_an_empty_object() {
        let payload = json!({});
        let frame = parse_frame(r#"[3,"7",null]"#).unwrap();
        assert_eq!(
            frame,
            Frame::CallResult {
                id: id("7"),
                payload: payload.clone()
            }
        );
        let frame = parse_frame(r#"[2,"7","ClearCache",null]"#).unwrap();
        let action = "ClearCache".to_owned();
        assert_eq!(
            frame,
            Frame::Call {
                id: id("7"),
                action,
                payload
            }
        );
    }

    #[test]
    fn an_error_is_read_with_three_to_five_elements() {
        for (text, words, more) in [
            (r#"[4,"7","NotSupported"]"#, "", json!({})),
            (r#"[4,"7","NotSupported","no"]"#, "no", json!({})),
            (
                r#"[4,"7","NotSupported","no",{"a":1}]"#,
                "no",
                json!({"a": 1}),
            ),
            (r#"[4,"7","NotSupported",null,null]"#, "", json!({})),
        ] {
            let Ok(Frame::CallError {
                id,
                code,
                description,
                details,
            }) = parse_frame(text)
            else {
                panic!("{text}");
            };
            assert_eq!((id.as_str(), code), ("7", ErrorCode::NotSupported));
            assert_eq!((description.as_str(), details), (words, more));
        }
        assert!(is_ignored(r#"[4,"7"]"#));
        assert!(is_ignored(r#"[4,"7","NotSupported","no",{},1]"#));
    }

    #[test]
    fn an_unknown_error_code_is_a_generic_error_and_stays_in_the_text() {
        for (text, words) in [
            (
                r#"[4,"7","RpcFrameworkError","oh",{}]"#,
                "RpcFrameworkError: oh",
            ),
            (r#"[4,"7",12,"oh",{}]"#, "oh"),
        ] {
            let Ok(Frame::CallError {
                code, description, ..
            }) = parse_frame(text)
            else {
                panic!("{text}");
            };
            assert_eq!(
                (code, description.as_str()),
                (ErrorCode::GenericError, words)
            );
        }
    }

    #[test]
    fn correctly_spelt_error_codes_are_understood() {
        let text = r#"[4,"7","OccurrenceConstraintViolation","",{}]"#;
        let Ok(Frame::CallError {
            code, description, ..
        }) = parse_frame(text)
        else {
            panic!("{text}");
        };
        assert_eq!(code, ErrorCode::OccurenceConstraintViolation);
        assert_eq!(description, "");
    }

    #[test]
    fn a_broken_call_with_an_id_is_answered() {
        for text in [
            r#"[2,"7"]"#,
            r#"[2,"7","Reset"]"#,
            r#"[2,"7","Reset",{},{}]"#,
            r#"[2,"7","Reset",[]]"#,
            r#"[2,"7","Reset","Soft"]"#,
            r#"[2,"7",12,{}]"#,
            r#"[2,"7",null,{}]"#,
        ] {
            assert!(is_answered(text), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_ignored() {
        for text in [
            "",
            "hello",
            "[",
            "{}",
            "[]",
            "[2]",
            "[5,\"7\",\"Reset\",{}]",
            "[\"2\",\"7\",\"Reset\",{}]",
            "[2,7,\"Reset\",{}]",
            "[2,null,\"Reset\",{}]",
            "[2,\"\",\"Reset\",{}]",
            "[3,null,{}]",
            "[3,\"7\"]",
            "[3,\"7\",{},{}]",
            "[-2,\"7\",\"Reset\",{}]",
        ] {
            assert!(is_ignored(text), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_ignored_and_does_not_overflow_the_stack() {
        assert!(is_ignored(&"[".repeat(100_000)));
    }

    #[test]
    fn an_id_has_36_characters_at_most() {
        let long = "é".repeat(36);
        assert!(parse_frame(&format!("[3,\"{long}\",{{}}]")).is_ok());
        assert!(is_ignored(&format!("[3,\"{long}x\",{{}}]")));
        assert_eq!(MessageId::new(""), None);
    }

    #[test]
    fn frames_are_written_compactly() {
        assert_eq!(
            call("7", Action::Heartbeat, &Heartbeat {}),
            r#"[2,"7","Heartbeat",{}]"#
        );
        assert_eq!(
            call_result("7", &StatusNotificationResponse {}),
            r#"[3,"7",{}]"#
        );
        assert_eq!(
            call_error("7", ErrorCode::OccurenceConstraintViolation, "a \"b\""),
            r#"[4,"7","OccurenceConstraintViolation","a \"b\"",{}]"#
        );
    }

    #[test]
    fn a_long_error_description_is_cut() {
        let text = call_error("7", ErrorCode::GenericError, &"ä".repeat(300));
        let Ok(Frame::CallError { description, .. }) = parse_frame(&text) else {
            panic!("{text}");
        };
        assert_eq!(description, "ä".repeat(255));
    }
}
