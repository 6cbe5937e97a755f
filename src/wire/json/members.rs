//! The members of an object, read for what can be read in them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::syntax::{string, Text};
use crate::time::Wall;
use crate::types::parse_wall;
use crate::types::{cut, CiString};
use crate::types::{AuthorizationStatus, DataTransferStatus, RegistrationStatus};

/// 2010-01-01T00:00:00Z. OCPP is younger; what is older stands for "no time" in many databases.
pub(crate) const NO_TIME_BEFORE: Wall = Wall(1_262_304_000_000);
/// An answer has no more members than that, by far.
const MOST_MEMBERS: usize = 32;

/// The members of an object, each as its text.
pub struct Members<'a> {
    all: Vec<(Cow<'a, str>, &'a str)>,
    pub(crate) unreadable: Vec<&'static str>,
}

/// A value of an enumeration of OCPP.
pub trait Enumeration: Copy + 'static {
    /// As it is written.
    fn as_written(self) -> &'static str;
}

macro_rules! enumerations {
    ($($name:ident),*) => {$(
        impl Enumeration for $name {
            fn as_written(self) -> &'static str {
                self.as_str()
            }
        }
    )*};
}

enumerations!(AuthorizationStatus, DataTransferStatus, RegistrationStatus);

impl<'a> Members<'a> {
    /// What is no object has none.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut all = Vec::new();
        if text.starts_with('{') {
            // What comes before a name that is no text is still there.
            let found = Found(&mut all);
            let _ = serde_json::Deserializer::from_str(text).deserialize_map(found);
        }
        Self {
            all,
            unreadable: Vec::new(),
        }
    }

    /// A member, however its name is capitalized; `null` is none.
    pub(crate) fn find(&self, name: &str) -> Option<&'a str> {
        let exact = self.all.iter().rev().find(|(known, _)| known == name);
        let like = |(known, _): &&(Cow<'a, str>, &str)| known.eq_ignore_ascii_case(name);
        let found = exact.or_else(|| self.all.iter().rev().find(like));
        found.map(|(_, text)| *text).filter(|text| *text != "null")
    }

    /// A member that is read by `read`; if it cannot be, it is noted.
    fn member<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        let found = read(self.find(name)?);
        if found.is_none() {
            self.unreadable.push(name);
        }
        found
    }

    pub(crate) fn string(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        self.member(name, string)
    }

    pub(crate) fn text<const N: usize>(&mut self, name: &'static str) -> Option<CiString<N>> {
        self.member(name, |text| CiString::new(string(text)?).ok())
    }

    pub(crate) fn time(&mut self, name: &'static str) -> Option<Wall> {
        let read = |text| parse_wall(string(text)?.trim());
        self.member(name, |text| read(text).filter(|at| *at >= NO_TIME_BEFORE))
    }

    pub(crate) fn one_of<T: Enumeration>(&mut self, name: &'static str, all: &[T]) -> Option<T> {
        let fits = |text: &str| {
            let mut all = all.iter();
            all.find(|one| one.as_written().eq_ignore_ascii_case(text.trim()))
                .copied()
        };
        self.member(name, |text| fits(&string(text)?))
    }

    /// An integer of 64 bits, also as `12.0` or as digits in a string.
    pub(crate) fn integer(&mut self, name: &'static str) -> Option<i64> {
        self.member(name, |text| match string(text) {
            Some(digits) => integer(digits.trim()),
            None => integer(text),
        })
    }
}

fn integer(text: &str) -> Option<i64> {
    /// From there on not every integer is a floating-point number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    let whole = number.fract() == 0.0 && number.abs() <= EXACT;
    whole.then_some(number as i64)
}

struct Found<'r, 'a>(&'r mut Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Visitor<'a> for Found<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Text(name)) = map.next_key()? {
            let value = map.next_value::<&RawValue>()?.get();
            if self.0.len() < MOST_MEMBERS && cut(&name, 50) == name {
                self.0.push((name, value));
            }
        }
        Ok(())
    }
}
