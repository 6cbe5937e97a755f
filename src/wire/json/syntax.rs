//! Pieces of JSON text, taken in by serde_json.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{ErrorCode, Violation};

/// No list of OCPP's is longer than that, by far.
const MOST_ELEMENTS: usize = 4096;

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

/// A string in a text that was found to be JSON. Compiled once, and not into each type that begins as one.
#[inline(never)]
pub(super) fn text(value: &str) -> Result<Text<'_>, Violation> {
    parse(value)
}

/// The elements of an array in a text that was found to be JSON, taken one by one: a list of them could take
/// more memory than the text. Compiled once, and not into each type that has a list.
pub(super) struct Array<'a> {
    rest: &'a str,
    left: usize,
}

impl<'a> Array<'a> {
    #[inline(never)]
    pub(super) fn of(text: &'a str) -> Result<Self, Violation> {
        let Count(left) = parse(text)?;
        if left > MOST_ELEMENTS {
            let text = format!("{left} elements, at most {MOST_ELEMENTS} allowed");
            return Err(Violation::custom(text));
        }
        let rest = text.strip_prefix('[').unwrap_or_default();
        Ok(Self { rest, left })
    }

    /// How many come.
    pub(super) const fn len(&self) -> usize {
        self.left
    }

    /// The text of the next one.
    #[inline(never)]
    pub(super) fn next(&mut self) -> Result<Option<&'a str>, Violation> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<&RawValue>();
        let Some(value) = values.next().transpose().map_err(broken)? else {
            return Ok(None);
        };
        let rest = self.rest.get(values.byte_offset()..).unwrap_or_default();
        let rest = rest.trim_start();
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Ok(Some(value.get()))
    }
}

#[cold]
pub(super) fn broken(_: serde_json::Error) -> Violation {
    let code = ErrorCode::PropertyConstraintViolation;
    Violation::new(code, "no such character or number")
}

/// How many elements an array has: room is made for so many at once, and never for more.
struct Count(usize);

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
