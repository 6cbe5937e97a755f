//! Pieces of JSON text, taken in by serde_json.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::error::{ErrorCode, Violation};

/// A string of JSON, taken from the text as it is if nothing in it is escaped.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The string that a piece of JSON is, if it is one.
pub(super) fn string(text: &str) -> Option<Cow<'_, str>> {
    let Text(text) = serde_json::from_str(text).ok()?;
    Some(text)
}

/// Takes in a text that was found to be JSON. What can still be wrong with it: half of a surrogate
/// pair, and a number beyond all floating-point numbers.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Violation> {
    serde_json::from_str(text).map_err(broken)
}

#[cold]
pub(super) fn broken(_: serde_json::Error) -> Violation {
    let code = ErrorCode::PropertyConstraintViolation;
    Violation::new(code, "no such character or number")
}

/// How many elements an array has: room is made for so many at once, and never for more.
pub(super) struct Count(pub(super) usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while elements.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        reader.deserialize_seq(Counting)
    }
}
