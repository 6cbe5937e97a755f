//! Messages out of nothing: a serde deserializer that makes its input up as it goes.

use std::fmt;

use evcp::time::Wall;
use evcp::types::format_wall;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// A value of this type, always the same for the same seed.
///
/// The deserializer does not know how long a string may be, so it tries until all of them fit.
pub(crate) fn value<T: DeserializeOwned>(seed: u64) -> T {
    let mut random = Random(seed);
    loop {
        if let Ok(value) = T::deserialize(&mut random) {
            return value;
        }
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    fn text(&mut self) -> String {
        const LENGTHS: [u64; 12] = [0, 1, 2, 5, 10, 19, 20, 20, 21, 50, 255, 800];
        const CHARS: [char; 14] = [
            'a', 'Z', '0', ' ', '"', '\\', '/', '\n', '\u{1}', '\u{7f}', 'é', 'ß', '充', '🔌',
        ];
        let longest = self.pick(&LENGTHS);
        let len = self.pick(&[longest, longest / 2]);
        (0..len).map(|_| self.pick(&CHARS)).collect()
    }

    fn date(&mut self) -> String {
        // Years 0001 to 9998: those which Python knows with every offset.
        let millis = self.below(315_000_000_000_000) as i64;
        format_wall(Wall(millis - 62_100_000_000_000))
    }
}

/// Did not fit; to be tried again.
#[derive(Debug)]
struct Again;

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl std::error::Error for Again {}

impl Error for Again {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for &mut Random {
    type Error = Again;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Again> {
        unimplemented!("no message contains such a type")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        visitor.visit_bool(self.below(2) == 0)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        let any = self.next() as i32;
        visitor.visit_i32(self.pick(&[any, any, any % 100, 0, 1, -1, i32::MAX, i32::MIN]))
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        let any = self.next() as i64;
        visitor.visit_i64(self.pick(&[any, any % 1_000_000, 0, i64::MAX, i64::MIN]))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        let tenths = self.next() as i64;
        visitor.visit_f64(self.pick(&[tenths % 100_000_000_000, tenths % 1000]) as f64 / 10.0)
    }

    /// Strings are asked for as `String`; dates, and only they, as `str`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        let date = self.date();
        visitor.visit_string(date)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        let text = self.text();
        visitor.visit_string(text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        if self.below(2) == 0 {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Again> {
        // The schemas want at least one of everything.
        let rest = 1 + self.below(3);
        visitor.visit_seq(Several { random: self, rest })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Again> {
        let rest = fields.len() as u64;
        visitor.visit_seq(Several { random: self, rest })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Again> {
        let word: StrDeserializer<'_, Again> = self.pick(words).into_deserializer();
        visitor.visit_enum(word)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct newtype_struct
        tuple tuple_struct map identifier ignored_any
    }
}

/// So many random things.
struct Several<'a> {
    random: &'a mut Random,
    rest: u64,
}

impl<'de> SeqAccess<'de> for Several<'_> {
    type Error = Again;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Again> {
        if self.rest == 0 {
            return Ok(None);
        }
        self.rest -= 1;
        seed.deserialize(&mut *self.random).map(Some)
    }
}
