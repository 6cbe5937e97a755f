//! Answers as central systems give them that do not look at the schemas: what is required can be read.

use serde_json::{json, Value};

/// The answer to a call, spoilt in one of many ways.
pub fn spoilt(answer: &Value, way: u64) -> Value {
    let mut answer = answer.clone();
    let Some(members) = answer.as_object_mut() else {
        return answer;
    };
    members.insert("vendor".to_owned(), json!({"colour": [null, 1]}));
    if let Some(interval) = members.get("interval").cloned() {
        members.insert("interval".to_owned(), odd_interval(&interval, way));
    }
    if let Some(status) = members.get_mut("status") {
        *status = lower(status);
    }
    if let Some(id) = members.get("transactionId").and_then(Value::as_i64) {
        members.insert("transactionId".to_owned(), odd_id(id, way));
    }
    if let Some(info) = members.get_mut("idTagInfo") {
        spoil(info, way);
        // And some platforms leave the object around it out.
        if way % 5 == 4 {
            let flat = members.remove("idTagInfo").unwrap_or_default();
            members.extend(flat.as_object().cloned().unwrap_or_default());
        }
    }
    answer
}

fn odd_id(id: i64, way: u64) -> Value {
    match way % 3 {
        0 => json!(id.to_string()),
        1 => json!(id as f64),
        _ => json!(id),
    }
}

fn odd_interval(interval: &Value, way: u64) -> Value {
    match way % 4 {
        0 => json!(interval.to_string()),
        1 => Value::Null,
        2 => json!("soon"),
        _ => json!(-1),
    }
}

fn spoil(info: &mut Value, way: u64) {
    if way % 2 == 0 {
        info["status"] = lower(&info["status"]);
    }
    info["expiryDate"] = match way % 5 {
        0 => Value::Null,
        1 => json!(""),
        2 => json!("2031-01-01"),
        3 => json!(0),
        _ => json!("0001-01-01T00:00:00"),
    };
    if info["parentIdTag"].is_null() {
        info["parentIdTag"] = match way % 3 {
            0 => json!(""),
            1 => json!("  "),
            _ => json!("a parent that is longer than any tag may be"),
        };
    }
}

fn lower(word: &Value) -> Value {
    json!(word.as_str().unwrap_or_default().to_lowercase())
}
