//! Reads payloads into messages, and says exactly what is wrong with those that are none.

use std::cell::RefCell;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::error::{ErrorCode, Violation};
use super::payload::{Context, Mode};
use super::reader::Reader;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// The message.
    pub value: T,
    /// The paths of the members that were skipped, of the first 16; empty in strict mode.
    pub ignored: Vec<String>,
    /// The path of the first number that has more decimals than OCPP knows, if one has. All of them
    /// are rounded down.
    pub rounded: Option<String>,
}

impl<T> Read<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: change(self.value),
            ignored: self.ignored,
            rounded: self.rounded,
        }
    }
}

/// Reads a payload. `null` counts as `{}`.
///
/// If several things are wrong, one is reported, and always the same one: in each object unknown
/// members come first (in the order of the text), then the members in the order in which the schema
/// lists them, whether absent or wrong, each with all that is inside it.
///
/// # Errors
/// | what | code |
/// |---|---|
/// | the payload is not an object, unknown member | FormationViolation |
/// | a required member is absent | OccurenceConstraintViolation |
/// | wrong JSON type | TypeConstraintViolation |
/// | unknown word, too long, out of range, no date | PropertyConstraintViolation |
pub fn read<T: DeserializeOwned>(payload: &RawValue, mode: Mode) -> Result<Read<T>, Violation> {
    let context = Context {
        mode,
        ignored: RefCell::default(),
        rounded: RefCell::default(),
    };
    let value = T::deserialize(Reader {
        value: Some(object(payload)?),
        path: None,
        context: &context,
    })?;
    Ok(Read {
        value,
        ignored: context.ignored.into_inner(),
        rounded: context.rounded.into_inner(),
    })
}

fn object(payload: &RawValue) -> Result<&str, Violation> {
    match payload.get() {
        "null" => Ok("{}"),
        object if object.starts_with('{') => Ok(object),
        _ => {
            let code = ErrorCode::FormationViolation;
            Err(Violation::new(code, "the payload is not an object"))
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
