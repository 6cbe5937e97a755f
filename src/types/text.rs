//! Strings with a length limit: OCPP 1.6 §7.15 to §7.19, limits counted in characters.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

// rules: 20
/// A token that identifies a person or a car: OCPP 1.6 §7.28.
pub type IdToken = CiString<20>;

// rules: 19
/// A string of at most `N` characters that compares without regard to the case of ASCII letters.
///
/// The spelling it was made with is kept and written.
#[derive(Clone)]
pub struct CiString<const N: usize>(Box<str>);

/// A string of at most `N` characters that compares exactly.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoundedString<const N: usize>(Box<str>);

/// A text was longer than its type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Characters found.
    pub len: usize,
    /// Characters allowed.
    pub max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} characters, at most {} allowed", self.len, self.max)
    }
}

impl std::error::Error for TooLong {}

fn check(text: &str, max: usize) -> Result<(), TooLong> {
    // A character is at least one byte, so the count is rarely needed.
    if text.len() <= max {
        return Ok(());
    }
    let len = text.chars().count();
    if len <= max {
        Ok(())
    } else {
        Err(TooLong { len, max })
    }
}

/// The first `max` characters of `text`.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

macro_rules! limited {
    ($name:ident) => {
        impl<const N: usize> $name<N> {
            /// Takes `text` if it has at most `N` characters.
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, TooLong> {
                let text = text.into();
                check(&text, N).map(|()| Self(text))
            }

            /// Takes the first `N` characters of `text`.
            #[must_use]
            pub fn truncated(text: &str) -> Self {
                Self(cut(text, N).into())
            }

            /// The text, as it was spelt.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const N: usize> AsRef<str> for $name<N> {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<const N: usize> fmt::Display for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl<const N: usize> fmt::Debug for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<const N: usize> Serialize for $name<N> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de, const N: usize> Deserialize<'de> for $name<N> {
            fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(reader)?).map_err(D::Error::custom)
            }
        }
    };
}

limited!(CiString);
limited!(BoundedString);

impl<const N: usize> CiString<N> {
    /// Whether people and databases can read it: it is not blank and has no control characters.
    pub(crate) fn is_readable(&self) -> bool {
        !self.0.trim().is_empty() && !self.0.chars().any(char::is_control)
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl<const N: usize> PartialEq for CiString<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl<const N: usize> Eq for CiString<N> {}

impl<const N: usize> PartialOrd for CiString<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for CiString<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl<const N: usize> Hash for CiString<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.folded() {
            state.write_u8(byte);
        }
        state.write_u8(0xff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::hash_map::DefaultHasher;

    fn hash(text: &IdToken) -> u64 {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    }

    // rules: 19
    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        assert!(IdToken::new("a".repeat(20)).is_ok());
        assert_eq!(
            IdToken::new("a".repeat(21)),
            Err(TooLong { len: 21, max: 20 })
        );
        assert!(BoundedString::<5>::new("12345").is_ok());
        assert!(BoundedString::<5>::new("123456").is_err());
    }

    // rules: 19
    #[test]
    fn characters_count_and_not_bytes() {
        let text = "é🔌".repeat(10);
        assert_eq!(IdToken::new(text.as_str()).unwrap().as_str(), text);
        assert!(IdToken::new(format!("{text}x")).is_err());
    }

    // rules: 19, 20
    #[test]
    fn tags_compare_without_case_and_keep_their_spelling() {
        let (one, two) = (
            IdToken::new("AbC-1é").unwrap(),
            IdToken::new("aBc-1é").unwrap(),
        );
        assert_eq!(one, two);
        assert_eq!(one.cmp(&two), Ordering::Equal);
        assert_eq!(hash(&one), hash(&two));
        assert_eq!(one.as_str(), "AbC-1é");
        assert_eq!(one.to_string(), "AbC-1é");
    }

    #[test]
    fn only_ascii_letters_lose_their_case() {
        assert_ne!(IdToken::new("É").unwrap(), IdToken::new("é").unwrap());
        assert_ne!(IdToken::new("a").unwrap(), IdToken::new("b").unwrap());
        assert!(IdToken::new("B").unwrap() > IdToken::new("a").unwrap());
    }

    #[test]
    fn bounded_strings_compare_exactly() {
        assert_ne!(
            BoundedString::<9>::new("Pem").unwrap(),
            BoundedString::<9>::new("PEM").unwrap()
        );
    }

    #[test]
    fn truncation_cuts_between_characters() {
        assert_eq!(CiString::<3>::truncated("äöüß").as_str(), "äöü");
        assert_eq!(CiString::<3>::truncated("äö").as_str(), "äö");
        assert_eq!(BoundedString::<0>::truncated("x").as_str(), "");
    }

    #[test]
    fn plain_json_is_read_with_the_limit_and_written_as_spelt() {
        let tag: IdToken = serde_json::from_str("\"AbC\"").unwrap();
        assert_eq!(serde_json::to_string(&tag).unwrap(), "\"AbC\"");
        assert!(serde_json::from_str::<CiString<2>>("\"AbC\"").is_err());
    }
}
