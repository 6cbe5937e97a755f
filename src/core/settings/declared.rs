//! Configuration keys of the firmware's own (`OCPP 1.6 §9.2`): what they may be, and whom to ask.

use crate::core::settings::value;
use crate::types::CiString;

/// A configuration key of the firmware's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredKey {
    /// Its name.
    pub name: CiString<50>,
    /// Its value until somebody changes it.
    pub value: CiString<500>,
    /// What it may be; anything else is refused without a question.
    pub values: OwnValues,
    /// Whether the central system may only read it.
    pub read_only: bool,
    /// Whether a change takes effect at the next boot only.
    pub reboot_required: bool,
    /// Whether the firmware is asked before the central system changes it.
    pub asks: bool,
}

/// What a key of the firmware's own may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnValues {
    /// Text.
    Text {
        /// So many characters at most.
        most: usize,
        /// One of these, if any are named.
        words: Vec<String>,
    },
    /// A whole number in this range.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// Entries with commas between them.
    List {
        /// So many at most.
        most: usize,
        /// Each is one of these, if any are named.
        words: Vec<String>,
    },
}

impl OwnValues {
    /// Any text.
    pub const TEXT: Self = Self::Text {
        most: usize::MAX,
        words: Vec::new(),
    };

    /// Whether a key may have that value.
    #[must_use]
    pub fn admit(&self, text: &str) -> bool {
        let one_of = |words: &[String], text: &str| {
            words.is_empty() || words.iter().any(|word| word == text)
        };
        match self {
            Self::Text { most, words } => text.chars().count() <= *most && one_of(words, text),
            Self::Integer(min, max) => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let number = value::int(digits).and(text.parse().ok());
                number.is_some_and(|number| (*min..=*max).contains(&number))
            }
            Self::Boolean => value::boolean(text).is_some(),
            Self::List { most, words } => {
                let mut entries = text.split(',').filter(|_| !text.trim().is_empty());
                entries.clone().count() <= *most && entries.all(|entry| one_of(words, entry.trim()))
            }
        }
    }

    /// The same in words: "0 to 100".
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Text { words, .. } if !words.is_empty() => words.join(" or "),
            Self::Text { most, .. } => format!("text of {} characters at most", most.min(&500)),
            Self::Integer(min, max) => format!("{min} to {max}"),
            Self::Boolean => "true or false".to_owned(),
            Self::List { most, words } => {
                let most = most.min(&500);
                format!("a list of {most} at most: {}", words.join(", "))
            }
        }
    }
}

impl DeclaredKey {
    /// One that may be any text, and that the central system may change without a question.
    #[must_use]
    pub const fn new(name: CiString<50>, value: CiString<500>) -> Self {
        Self {
            name,
            value,
            values: OwnValues::TEXT,
            read_only: false,
            reboot_required: false,
            asks: false,
        }
    }

    /// Whether the central system may give it that value, if the firmware agrees.
    pub(crate) fn allows(&self, value: &str) -> bool {
        !self.read_only && CiString::<500>::new(value).is_ok() && self.values.admit(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn whole_numbers_are_digits_with_a_sign_perhaps_and_within_the_range() {
        let range = OwnValues::Integer(-20, 100);
        for good in ["-20", "0", "007", "100"] {
            assert!(range.admit(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "-21",
            "101",
            "+1",
            "1.5",
            " 1",
            "--1",
            "9999999999999999999",
        ] {
            assert!(!range.admit(bad), "{bad}");
        }
    }

    #[test]
    fn texts_and_lists_have_a_length_and_words() {
        let text = OwnValues::Text {
            most: 3,
            words: Vec::new(),
        };
        assert!(text.admit("") && text.admit("äöü") && !text.admit("abcd"));
        let colour = OwnValues::Text {
            most: 500,
            words: words(&["red", "blue"]),
        };
        assert!(colour.admit("red") && !colour.admit("Red") && !colour.admit("red,blue"));
        assert_eq!(colour.in_words(), "red or blue");
        let list = OwnValues::List {
            most: 2,
            words: words(&["red", "blue"]),
        };
        assert!(list.admit("") && list.admit("red, blue") && list.admit("red,red"));
        assert!(!list.admit("red,blue,red") && !list.admit("red,") && !list.admit("green"));
        assert!(OwnValues::Boolean.admit("TRUE") && !OwnValues::Boolean.admit("1"));
    }
}
