use super::*;
use crate::wire::json::{read, Mode};
use crate::wire::v16::{ClearCache, Heartbeat, StatusNotificationResponse};

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

/// The id, the action and the payload of a call or, with an empty action, of a result.
fn taken(text: &str) -> (MessageId, String, String) {
    match parse_frame(text).unwrap() {
        Frame::Call {
            id,
            action,
            payload,
        } => (id, action.into_owned(), payload.to_string()),
        Frame::CallResult { id, payload } => (id, String::new(), payload.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_is_read() {
    let text = r#" [2, "7", "Re\u0073et", {"type": "Soft"}] "#;
    let payload = r#"{"type": "Soft"}"#.to_owned();
    assert_eq!(taken(text), (id("7"), "Reset".to_owned(), payload));
}

#[test]
fn a_result_is_read() {
    let payload = r#"{"a":1}"#.to_owned();
    assert_eq!(
        taken(r#"[3,"7",{"a":1}]"#),
        (id("7"), String::new(), payload)
    );
}

// rules: 9
#[test]
fn a_null_payload_counts_as_an_empty_object() {
    for text in [r#"[3,"7",null]"#, r#"[2,"7","ClearCache",null]"#] {
        let (_, _, payload) = taken(text);
        let payload: Box<RawValue> = serde_json::from_str(&payload).unwrap();
        assert!(read::<ClearCache>(&payload, Mode::Strict).is_ok(), "{text}");
    }
}

#[test]
fn an_error_is_read_with_three_to_five_elements() {
    for (text, words, more) in [
        (r#"[4,"7","NotSupported"]"#, "", None),
        (r#"[4,"7","NotSupported","no"]"#, "no", None),
        (
            r#"[4,"7","NotSupported","no",{"a":1}]"#,
            "no",
            Some(r#"{"a":1}"#),
        ),
        (r#"[4,"7","NotSupported",null,null]"#, "", None),
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
        assert_eq!(
            (description.as_str(), details.map(RawValue::get)),
            (words, more)
        );
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

// rules: 11
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

// rules: 12
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

// rules: 9, 10
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
        "[2,null,\"Reset\",{}]",
        "[2,[7],\"Reset\",{}]",
        "[3,null,{}]",
        "[3,\"7\"]",
        "[3,\"7\",{},{}]",
        "[-2,\"7\",\"Reset\",{}]",
    ] {
        assert!(is_ignored(text), "{text}");
    }
}

// rules: 7, 8
#[test]
fn a_call_with_an_id_that_cannot_be_used_is_answered_with_it() {
    let long = format!("\"{}\"", "x".repeat(37));
    for id in ["7", "-7.5e3", "\"\"", &long] {
        let text = format!("[2,{id},\"Reset\"]");
        let Err(FrameError::BadId { id: its, text }) = parse_frame(&text) else {
            panic!("{text}");
        };
        assert_eq!(its.get(), id);
        let answer = call_error(&its, ErrorCode::FormationViolation, &text);
        assert!(answer.starts_with(&format!("[4,{id},\"FormationViolation\",")));
    }
}

#[test]
fn deep_nesting_is_ignored_and_does_not_overflow_the_stack() {
    assert!(is_ignored(&"[".repeat(100_000)));
}

// rules: 7
#[test]
fn an_id_has_36_characters_at_most() {
    let long = "é".repeat(36);
    assert!(parse_frame(&format!("[3,\"{long}\",{{}}]")).is_ok());
    assert!(is_ignored(&format!("[3,\"{long}x\",{{}}]")));
    assert_eq!(MessageId::new(""), None);
}

// rules: 9, 11
#[test]
fn frames_are_written_compactly() {
    assert_eq!(
        call("7", "Heartbeat", &Heartbeat {}),
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
