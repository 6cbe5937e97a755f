//! Enumerations of fixed words, which is what every OCPP enumeration is.

use std::fmt;

use serde::de::{Deserializer, EnumAccess, Error, VariantAccess, Visitor};

/// Declares an enumeration whose values are fixed words on the wire. A variant is written as its
/// own name unless the word is given. Spelling and case matter.
macro_rules! words {
    (@word $variant:ident) => { stringify!($variant) };
    (@word $variant:ident $word:literal) => { $word };
    ($(
        $(#[$meta:meta])*
        $name:ident { $($variant:ident $(= $word:literal)?),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $crate::types::words::words!(@word $variant $($word)?), "`")]
                $variant,
            )*
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const WORDS: &'static [&'static str] =
                &[$($crate::types::words::words!(@word $variant $($word)?)),*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            /// The value that is written as `word`.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.get($crate::types::words::position(Self::WORDS, word)?).copied()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                let at = $crate::types::words::read(reader, stringify!($name), Self::WORDS)?;
                Self::ALL.get(at).copied().ok_or_else(|| serde::de::Error::custom("unknown word"))
            }
        }
    )*};
}

pub(crate) use words;

/// Where `word` stands in `words`.
pub(crate) fn position(words: &[&str], word: &str) -> Option<usize> {
    words.iter().position(|known| *known == word)
}

/// Reads one of `words` and says which. Not generic over the enumeration, to keep the code small.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    reader: D,
    name: &'static str,
    words: &'static [&'static str],
) -> Result<usize, D::Error> {
    reader.deserialize_enum(name, words, Word(words))
}

struct Word(&'static [&'static str]);

impl<'de> Visitor<'de> for Word {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<usize, A::Error> {
        let (at, rest) = access.variant_seed(self)?;
        rest.unit_variant()?;
        Ok(at)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<usize, E> {
        position(self.0, word).ok_or_else(|| E::unknown_variant(word, self.0))
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Word {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<usize, D::Error> {
        reader.deserialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::types::{ChargePointErrorCode, Measurand, Phase, Reason, UnitOfMeasure};

    #[test]
    fn every_word_is_read_back_as_the_value_it_was_written_from() {
        for value in Measurand::ALL {
            assert_eq!(Measurand::parse(value.as_str()), Some(*value));
        }
        assert_eq!(Measurand::ALL.len(), 22);
        assert_eq!(ChargePointErrorCode::ALL.len(), 16);
    }

    #[test]
    fn words_with_punctuation_are_written_as_the_specification_spells_them() {
        assert_eq!(
            Measurand::EnergyActiveImportRegister.as_str(),
            "Energy.Active.Import.Register"
        );
        assert_eq!(Phase::L1N.as_str(), "L1-N");
        assert_eq!(UnitOfMeasure::KWh.as_str(), "kWh");
    }

    #[test]
    fn case_matters_in_a_word() {
        assert_eq!(Reason::parse("powerloss"), None);
        assert_eq!(Reason::parse("PowerLoss"), Some(Reason::PowerLoss));
    }

    // rules: 16
    #[test]
    fn both_spellings_of_celsius_are_read_and_kept() {
        assert_eq!(
            UnitOfMeasure::parse("Celcius"),
            Some(UnitOfMeasure::Celcius)
        );
        assert_eq!(
            UnitOfMeasure::parse("Celsius"),
            Some(UnitOfMeasure::Celsius)
        );
    }

    #[test]
    fn words_survive_plain_json_both_ways() {
        let text = serde_json::to_string(&Reason::EVDisconnected).unwrap();
        assert_eq!(text, "\"EVDisconnected\"");
        assert_eq!(
            serde_json::from_str::<Reason>(&text).unwrap(),
            Reason::EVDisconnected
        );
        assert!(serde_json::from_str::<Reason>("\"Boredom\"").is_err());
        assert!(serde_json::from_str::<Reason>("7").is_err());
    }
}
