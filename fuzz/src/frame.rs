//! Text as frames: whatever is understood is written and understood again as the same; whatever is
//! refused can be answered.

use evcp::wire::{self, ErrorCode, Frame, FrameError, Mode};
use serde_json::{json, Value};

use crate::message;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match wire::parse_frame(&text) {
        Ok(frame) => understood(&frame),
        Err(FrameError::Ignore(why)) => assert!(!why.is_empty()),
        Err(FrameError::Answer { id, code, text }) => refused(id.as_str(), code, &text),
    }
}

fn understood(frame: &Frame) {
    let id = match frame {
        Frame::Call { id, .. } | Frame::CallResult { id, .. } | Frame::CallError { id, .. } => id,
    };
    assert!((1..=36).contains(&id.as_str().chars().count()));
    let written = match frame {
        Frame::Call {
            id,
            action,
            payload,
        } => {
            assert!(payload.is_object());
            request(id.as_str(), action, payload);
            json!([2, id.as_str(), action, payload])
        }
        Frame::CallResult { id, payload } => {
            assert!(!payload.is_null());
            json!([3, id.as_str(), payload])
        }
        Frame::CallError {
            id,
            code,
            description,
            details,
        } => {
            refused(id.as_str(), *code, description);
            json!([4, id.as_str(), code.as_str(), description, details])
        }
    };
    // The last digit of a fraction may change when it is written: only the schema's own decimals
    // are exact.
    if !has_fraction(&written) {
        assert_eq!(
            wire::parse_frame(&written.to_string()).as_ref(),
            Ok(frame),
            "it changes on its way: {written}"
        );
    }
}

/// A call is read in both ways, and refused with a reason that fits on the wire.
fn request(id: &str, action: &str, payload: &Value) {
    let strict = wire::read_request(action, payload, Mode::Strict);
    let tolerant = wire::read_request(action, payload, Mode::Tolerant);
    match (strict, tolerant) {
        (Ok(strict), Ok(tolerant)) => {
            assert_eq!(strict.value, tolerant.value);
            assert!(strict.ignored.is_empty() && tolerant.ignored.is_empty());
            assert_eq!(strict.value.action().as_str(), action);
            message::request(strict.value.action(), payload);
        }
        (Ok(_), Err(why)) => panic!("tolerant reading is stricter: {why}"),
        (Err(why), _) => refused(id, why.code, &why.to_string()),
    }
}

fn refused(id: &str, code: ErrorCode, text: &str) {
    let answer = wire::call_error(id, code, text);
    let cut: String = text.chars().take(255).collect();
    match wire::parse_frame(&answer) {
        Ok(Frame::CallError {
            id: its,
            code: is,
            description,
            ..
        }) => {
            assert_eq!((its.as_str(), is), (id, code), "{answer}");
            assert_eq!(description, cut);
        }
        other => panic!("{answer} is read as {other:?}"),
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(all) => all.iter().any(has_fraction),
        Value::Object(all) => all.values().any(has_fraction),
        _ => false,
    }
}
