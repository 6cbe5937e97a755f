//! JSON that a test writes or reads.

use serde_json::Value;

use crate::error::Error;

/// A JSON object that a test writes.
pub(super) fn object(text: &str, what: &str) -> Result<Value, Error> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Error::Invalid(format!("{what} is no JSON object"))),
        Err(why) => Err(Error::Invalid(format!("{what} is no JSON: {why}"))),
    }
}

/// A value in a JSON text, by its JSON Pointer (RFC 6901): a string as it is, anything else as JSON.
pub(crate) fn value_in(text: &str, pointer: &str) -> Result<Option<String>, Error> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let why = format!("pointer is \"{pointer}\": it must begin with /");
        return Err(Error::Invalid(why));
    }
    let json = serde_json::from_str::<Value>(text);
    let json = json.map_err(|why| Error::Invalid(format!("json is no JSON: {why}")))?;
    Ok(json.pointer(pointer).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }))
}
