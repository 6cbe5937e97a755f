//! Reads payloads into messages, and says exactly what is wrong with those that are none.
//!
//! This is a serde deserializer over [`Value`] which differs from `serde_json::from_value` in three
//! ways: its errors are [`Violation`]s with a path; it knows which members an object may have, at
//! every depth; and it hands a struct its members as a sequence, in the order of declaration, with
//! a stand-in for those that are absent. So the derived code that looks up member names is never
//! compiled in, which makes for much less code.

use std::cell::RefCell;

use serde::de::{
    value::StrDeserializer, DeserializeOwned, DeserializeSeed, Deserializer, Error,
    IntoDeserializer, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::error::{ErrorCode, Violation};

/// How strictly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the schema: unknown members are a violation, and so is `null`.
    Strict,
    /// Unknown members are skipped and listed, `null` for an optional member counts as absent.
    /// Everything else is as strict.
    Tolerant,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// The message.
    pub value: T,
    /// The paths of the members that were skipped; empty in strict mode.
    pub ignored: Vec<String>,
}

impl<T> Read<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: change(self.value),
            ignored: self.ignored,
        }
    }
}

/// Reads a payload. `null` counts as `{}`.
///
/// If several things are wrong, one is reported, and always the same one: in each object unknown
/// members come first (in the order of the map), then the members in the order in which the schema
/// lists them, whether absent or wrong, each with all that is inside it.
///
/// # Errors
/// | what | code |
/// |---|---|
/// | the payload is not an object, unknown member | FormationViolation |
/// | a required member is absent | OccurenceConstraintViolation |
/// | wrong JSON type | TypeConstraintViolation |
/// | unknown word, too long, out of range, no date, more than one decimal | PropertyConstraintViolation |
pub fn read<T: DeserializeOwned>(payload: &Value, mode: Mode) -> Result<Read<T>, Violation> {
    let context = Context {
        mode,
        ignored: RefCell::default(),
    };
    let empty = Value::Object(Map::new());
    let payload = match payload {
        Value::Object(_) => payload,
        Value::Null => &empty,
        _ => {
            let code = ErrorCode::FormationViolation;
            return Err(Violation::new(code, "the payload is not an object"));
        }
    };
    let value = T::deserialize(Reader {
        value: Some(payload),
        path: None,
        context: &context,
    })?;
    Ok(Read {
        value,
        ignored: context.ignored.into_inner(),
    })
}

struct Context {
    mode: Mode,
    ignored: RefCell<Vec<String>>,
}

/// Where in the payload we are; a list on the stack, from the innermost step outwards.
struct Path<'a> {
    outer: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

impl Path<'_> {
    fn render(&self) -> String {
        let mut path = self.outer.map(Path::render).unwrap_or_default();
        match self.step {
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Element(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
        path
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    /// None for a member that is absent.
    value: Option<&'a Value>,
    path: Option<&'a Path<'a>>,
    context: &'a Context,
}

impl Reader<'_> {
    /// Reads a value that is a step further inside.
    fn inside<'de, S: DeserializeSeed<'de>>(
        &self,
        value: Option<&Value>,
        step: Step<'_>,
        seed: S,
    ) -> Result<S::Value, Violation> {
        let path = Path {
            outer: self.path,
            step,
        };
        let reader = Reader {
            value,
            path: Some(&path),
            context: self.context,
        };
        seed.deserialize(reader).map_err(|mut violation| {
            if violation.path.is_empty() {
                violation.path = path.render();
            }
            violation
        })
    }

    fn refuse_unknown_members(
        &self,
        members: &Map<String, Value>,
        fields: &'static [&'static str],
    ) -> Result<(), Violation> {
        for name in members
            .keys()
            .filter(|name| !fields.contains(&name.as_str()))
        {
            let path = Path {
                outer: self.path,
                step: Step::Member(name),
            }
            .render();
            match self.context.mode {
                Mode::Tolerant => self.context.ignored.borrow_mut().push(path),
                Mode::Strict => {
                    let violation = Violation::unknown_field(name, fields);
                    return Err(Violation { path, ..violation });
                }
            }
        }
        Ok(())
    }

    fn wrong<'de>(&self, wanted: &impl Visitor<'de>) -> Violation {
        let found = match self.value {
            None => return Violation::missing_field(""),
            Some(Value::Null) => Unexpected::Other("null"),
            Some(Value::Bool(value)) => Unexpected::Bool(*value),
            Some(Value::Number(_)) => Unexpected::Other("a number"),
            Some(Value::String(text)) => Unexpected::Str(text),
            Some(Value::Array(_)) => Unexpected::Other("an array"),
            Some(Value::Object(_)) => Unexpected::Other("an object"),
        };
        Violation::invalid_type(found, wanted)
    }

    /// A whole number is an integer however it is spelt: JSON does not tell 1.0 from 1.
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        const END: f64 = 9_223_372_036_854_775_808.0;
        match self.value {
            Some(Value::Number(number)) if number.is_f64() => match number.as_f64() {
                Some(float) if float.fract() == 0.0 && float.abs() < END => {
                    visitor.visit_i64(float as i64)
                }
                Some(float) if float.fract() == 0.0 => {
                    Err(Violation::invalid_value(Unexpected::Float(float), &visitor))
                }
                _ => Err(self.wrong(&visitor)),
            },
            _ => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Violation;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match self.value {
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            Some(Value::String(text)) => visitor.visit_str(text),
            Some(Value::Array(elements)) => visitor.visit_seq(Elements {
                reader: self,
                rest: elements.iter().enumerate(),
            }),
            Some(Value::Number(number)) => {
                if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = number.as_f64() {
                    visitor.visit_f64(number)
                } else {
                    Err(self.wrong(&visitor))
                }
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match (self.value, self.context.mode) {
            (None, _) | (Some(Value::Null), Mode::Tolerant) => visitor.visit_none(),
            (Some(Value::Null), Mode::Strict) => Err(self.wrong(&visitor)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Violation> {
        let Some(Value::Object(members)) = self.value else {
            return Err(self.wrong(&visitor));
        };
        self.refuse_unknown_members(members, fields)?;
        visitor.visit_seq(Members {
            reader: self,
            members,
            fields: fields.iter(),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Violation> {
        match self.value {
            Some(Value::String(word)) => {
                let word: StrDeserializer<'_, Violation> = word.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        self.integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        self.integer(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The members of an object, in the order in which a struct wants them.
struct Members<'a> {
    reader: Reader<'a>,
    members: &'a Map<String, Value>,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Members<'_> {
    type Error = Violation;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Violation> {
        let Some(&name) = self.fields.next() else {
            return Ok(None);
        };
        self.reader
            .inside(self.members.get(name), Step::Member(name), seed)
            .map(Some)
    }
}

/// The elements of an array.
struct Elements<'a> {
    reader: Reader<'a>,
    rest: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Violation;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Violation> {
        let Some((index, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.reader
            .inside(Some(value), Step::Element(index), seed)
            .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
