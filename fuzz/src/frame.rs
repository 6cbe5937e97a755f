//! Text as frames: whatever is understood is written and understood again as the same; whatever is
//! refused can be answered.

use evcp::wire::json::{self, ErrorCode, Frame, FrameError, Mode};
use evcp::wire::v16;
use serde_json::value::RawValue;
use serde_json::{json, Value};

use crate::message;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match json::parse_frame(&text) {
        Ok(frame) => understood(&frame),
        Err(FrameError::Ignore(why)) => assert!(!why.is_empty()),
        Err(FrameError::Answer { id, code, text }) => refused(id.as_str(), code, &text),
        Err(FrameError::BadId { id, text: why }) => bad_id(&id, &why),
    }
}

/// The answer to an id that is none has it all the same, and nobody takes it for an answer of his own.
fn bad_id(id: &RawValue, why: &str) {
    let answer = json::call_error(id, ErrorCode::FormationViolation, why);
    let parts: Vec<Box<RawValue>> = serde_json::from_str(&answer).expect("it is JSON");
    assert_eq!((parts.len(), parts[1].get()), (5, id.get()));
    let heard = json::parse_frame(&answer);
    assert!(matches!(heard, Err(FrameError::Ignore(_))), "{heard:?}");
}

fn understood(frame: &Frame<'_>) {
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
            request(id.as_str(), action, payload);
            format!("[2,{},{},{payload}]", json!(id.as_str()), json!(action))
        }
        Frame::CallResult { id, payload } => format!("[3,{},{payload}]", json!(id.as_str())),
        Frame::CallError {
            id,
            code,
            description,
            details,
        } => {
            refused(id.as_str(), *code, description);
            let [id, code, description] =
                [id.as_str(), code.as_str(), description].map(|part| json!(part));
            match details {
                Some(details) => format!("[4,{id},{code},{description},{details}]"),
                None => format!("[4,{id},{code},{description}]"),
            }
        }
    };
    let again = json::parse_frame(&written).expect("what was written is understood");
    assert_eq!(
        format!("{again:?}"),
        format!("{frame:?}"),
        "it changes on its way: {written}"
    );
}

/// A call is read in both ways, and refused with a reason that fits on the wire.
fn request(id: &str, action: &str, payload: &RawValue) {
    let strict = v16::read_request(action, payload, Mode::Strict);
    let tolerant = v16::read_request(action, payload, Mode::Tolerant);
    match (strict, tolerant) {
        (Ok(strict), Ok(tolerant)) => {
            assert_eq!(strict.value, tolerant.value);
            assert!(strict.ignored.is_empty() && tolerant.ignored.is_empty());
            assert_eq!(strict.value.action().as_str(), action);
            let payload: Value = serde_json::from_str(payload.get()).expect("it was read");
            message::request(strict.value.action(), &payload);
        }
        (Ok(_), Err(why)) => panic!("tolerant reading is stricter: {why}"),
        (Err(why), _) => refused(id, why.code, &why.to_string()),
    }
}

fn refused(id: &str, code: ErrorCode, text: &str) {
    let answer = json::call_error(id, code, text);
    let cut: String = text.chars().take(255).collect();
    match json::parse_frame(&answer) {
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
