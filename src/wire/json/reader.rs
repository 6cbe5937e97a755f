//! A serde deserializer over JSON text which differs from serde_json's in four ways: its
//! errors are [`Violation`]s with a path; it knows which members an object may have, at every depth;
//! it hands a struct its members as a sequence, in the order of declaration, with a stand-in for
//! those that are absent; and it makes no tree of the payload on the way, which could take a hundred
//! times the memory of the text. So the derived code that looks up member names is never compiled
//! in, which makes for much less code. What does not depend on the type that is read is compiled once,
//! apart from what does.

use std::fmt;

use serde::de::{
    value::StrDeserializer, DeserializeSeed, Deserializer, Error, Expected, IgnoredAny,
    IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;
use serde_json::Number;

use super::error::Violation;
use super::payload::{Context, Mode, Path, Step};
use super::syntax::{broken, parse, text, Array, Text};
use crate::types::cut;
use crate::types::Tenths;

/// So many skipped members are listed at most: what lists them must not be larger than they are.
const MOST_IGNORED: usize = 16;

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// One value of JSON, without blanks around it; None for a member that is absent.
    pub(super) value: Option<&'a str>,
    pub(super) path: Option<&'a Path<'a>>,
    pub(super) context: &'a Context,
}

/// A number as serde hands it on.
enum Figure {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

impl Figure {
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match self {
            Self::Signed(number) => visitor.visit_i64(number),
            Self::Unsigned(number) => visitor.visit_u64(number),
            Self::Float(number) => visitor.visit_f64(number),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a value that is a step further inside. One function for each type that is read, however
    /// many members are of it.
    #[inline(never)]
    fn inside<'de, S: DeserializeSeed<'de>>(
        &self,
        value: Option<&str>,
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
        seed.deserialize(reader)
            .map_err(|violation| placed(violation, &path))
    }

    /// By what a value begins with, it is known.
    fn begins(&self) -> u8 {
        let first = self.value.and_then(|value| value.bytes().next());
        first.unwrap_or_default()
    }

    // rules: 14
    /// What an unknown member comes to.
    fn unknown(&self, name: &str, fields: &'static [&'static str]) -> Result<(), Violation> {
        let path = || {
            let step = Step::Member(cut(name, 50));
            let outer = self.path;
            Path { outer, step }.render()
        };
        match self.context.mode {
            Mode::Tolerant => {
                let mut ignored = self.context.ignored.borrow_mut();
                if ignored.len() < MOST_IGNORED {
                    ignored.push(path());
                }
                Ok(())
            }
            Mode::Strict => {
                let path = path();
                let violation = Violation::unknown_field(name, fields);
                Err(Violation { path, ..violation })
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn wrong(&self, wanted: &dyn Expected) -> Violation {
        let Some(value) = self.value else {
            return Violation::missing_field("");
        };
        let text: Result<Text<'_>, _> = serde_json::from_str(value);
        let found = match (self.begins(), &text) {
            (b'n', _) => Unexpected::Other("null"),
            (b't' | b'f', _) => Unexpected::Bool(value == "true"),
            (b'"', Ok(text)) => Unexpected::Str(&text.0),
            (b'[', _) => Unexpected::Other("an array"),
            (b'{', _) => Unexpected::Other("an object"),
            _ => Unexpected::Other("a number"),
        };
        Violation::invalid_type(found, wanted)
    }

    /// A whole number is an integer however it is spelt: JSON does not tell 1.0 from 1.
    #[inline(never)]
    fn integer(&self, value: &str, wanted: &dyn Expected) -> Result<Figure, Violation> {
        const END: f64 = 9_223_372_036_854_775_808.0;
        let number: Number = parse(value)?;
        match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() < END => {
                Ok(Figure::Signed(float as i64))
            }
            Some(float) if float.fract() == 0.0 => {
                Err(Violation::invalid_value(Unexpected::Float(float), wanted))
            }
            Some(_) => Err(self.wrong(wanted)),
            None => self.figure(&number, wanted),
        }
    }

    fn figure(&self, number: &Number, wanted: &dyn Expected) -> Result<Figure, Violation> {
        if let Some(number) = number.as_i64() {
            Ok(Figure::Signed(number))
        } else if let Some(number) = number.as_u64() {
            Ok(Figure::Unsigned(number))
        } else if let Some(number) = number.as_f64() {
            Ok(Figure::Float(number))
        } else {
            Err(self.wrong(wanted))
        }
    }

    #[inline(never)]
    fn number(&self, value: &str, wanted: &dyn Expected) -> Result<Figure, Violation> {
        self.figure(&parse(value)?, wanted)
    }

    /// The members of an object with these names, in their order.
    #[inline(never)]
    fn members(
        &self,
        fields: &'static [&'static str],
        wanted: &dyn Expected,
    ) -> Result<Vec<Option<&'a str>>, Violation> {
        let (Some(text), b'{') = (self.value, self.begins()) else {
            return Err(self.wrong(wanted));
        };
        let mut outcome = Ok(());
        let mut members = vec![None; fields.len()];
        let object = Object {
            reader: *self,
            fields,
            members: &mut members,
            outcome: &mut outcome,
        };
        let read = serde_json::Deserializer::from_str(text).deserialize_map(object);
        outcome?;
        read.map_err(broken)?;
        Ok(members)
    }

    /// Notes where a number has more decimals than OCPP knows.
    #[inline(never)]
    fn note_rounded(&self) -> Result<(), Violation> {
        if let (Some(value), b'-' | b'0'..=b'9') = (self.value, self.begins()) {
            let number: f64 = parse(value)?;
            let mut rounded = self.context.rounded.borrow_mut();
            if rounded.is_none() && Tenths::exact(number).is_none() {
                *rounded = Some(self.path.map(Path::render).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match (self.value, self.begins()) {
            (Some(value), b'-' | b'0'..=b'9') => self.integer(value, &visitor)?.visit(visitor),
            _ => self.deserialize_any(visitor),
        }
    }
}

/// A violation has the place of the innermost value that it is about.
#[cold]
#[inline(never)]
fn placed(mut violation: Violation, path: &Path<'_>) -> Violation {
    if violation.path.is_empty() {
        violation.path = path.render();
    }
    violation
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Violation;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match (self.value, self.begins()) {
            (Some(value), b't' | b'f') => visitor.visit_bool(value == "true"),
            (Some(value), b'"') => visitor.visit_str(&text(value)?.0),
            (Some(value), b'[') => visitor.visit_seq(Elements {
                reader: self,
                array: Array::of(value)?,
                index: 0,
            }),
            (Some(value), b'-' | b'0'..=b'9') => self.number(value, &visitor)?.visit(visitor),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        match self.value {
            None | Some("null") => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Violation> {
        let members = self.members(fields, &visitor)?;
        visitor.visit_seq(Members {
            reader: self,
            rest: fields.iter().zip(members),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Violation> {
        match (self.value, self.begins()) {
            (Some(value), b'"') => {
                let word = text(value)?;
                let word: StrDeserializer<'_, Violation> = word.0.as_ref().into_deserializer();
                visitor.visit_enum(word)
            }
            _ => Err(self.wrong(&visitor)),
        }
    }

    /// Every number of OCPP's that is no integer is one of tenths.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        self.note_rounded()?;
        self.deserialize_any(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        self.whole(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Violation> {
        self.whole(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// Finds the members of an object that are known; of two with one name the last counts.
struct Object<'r, 'a> {
    reader: Reader<'r>,
    fields: &'static [&'static str],
    members: &'r mut [Option<&'a str>],
    outcome: &'r mut Result<(), Violation>,
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Text(name)) = map.next_key()? {
            if let Some(at) = self.fields.iter().position(|field| *field == name) {
                self.members[at] = Some(map.next_value::<&RawValue>()?.get());
                continue;
            }
            *self.outcome = self.reader.unknown(&name, self.fields);
            if self.outcome.is_err() {
                return Err(M::Error::custom(""));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The members of an object, in the order in which a struct wants them.
struct Members<'r, 'a> {
    reader: Reader<'r>,
    rest: std::iter::Zip<
        std::slice::Iter<'static, &'static str>,
        std::vec::IntoIter<Option<&'a str>>,
    >,
}

impl<'de> SeqAccess<'de> for Members<'_, '_> {
    type Error = Violation;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Violation> {
        let Some((name, value)) = self.rest.next() else {
            return Ok(None);
        };
        let step = Step::Member(name);
        self.reader.inside(value, step, seed).map(Some)
    }
}

/// The elements of an array.
struct Elements<'r, 'a> {
    reader: Reader<'r>,
    array: Array<'a>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Violation;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Violation> {
        let Some(value) = self.array.next()? else {
            return Ok(None);
        };
        let step = Step::Element(self.index);
        self.index += 1;
        self.reader.inside(Some(value), step, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.array.len())
    }
}
