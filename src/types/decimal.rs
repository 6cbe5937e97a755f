//! Numbers with one decimal, exactly.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};

/// A number in tenths: `Tenths(65)` is 6.5. What the schemas call `multipleOf 0.1`, such as
/// `limit` (OCPP 1.6 §7.14).
///
/// It is written as `6` or `6.5`, never as 6.5000001. What has more decimals is rounded down as it is
/// read: those who send limits so compute them, and less is never too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenths(pub i64);

/// Beyond this, a double no longer tells tenths apart.
const MAX: f64 = 1e15;

impl Tenths {
    /// The number, if it has at most one decimal and its size is at most 1e15.
    #[must_use]
    pub fn exact(number: f64) -> Option<Self> {
        let tenths = (number * 10.0).round();
        // Written so that NaN fails as well.
        if number.abs() <= MAX && tenths / 10.0 == number {
            Some(Self(tenths as i64))
        } else {
            None
        }
    }

    /// The number or the tenth below it, if its size is at most 1e15.
    #[must_use]
    pub fn floor(number: f64) -> Option<Self> {
        let below = || Self((number * 10.0).floor() as i64);
        Self::exact(number).or_else(|| (number.abs() <= MAX).then(below))
    }

    fn as_f64(self) -> f64 {
        self.0 as f64 / 10.0
    }
}

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

impl Serialize for Tenths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 10 == 0 {
            serializer.serialize_i64(self.0 / 10)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

impl<'de> Deserialize<'de> for Tenths {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(reader)?;
        Self::floor(number).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Float(number), &"a number up to 1e15")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tenths: i64) -> String {
        serde_json::to_string(&Tenths(tenths)).unwrap()
    }

    #[test]
    fn whole_numbers_are_written_without_a_point() {
        assert_eq!(written(60), "6");
        assert_eq!(written(0), "0");
        assert_eq!(written(-320), "-32");
    }

    #[test]
    fn a_tenth_is_written_with_exactly_one_decimal() {
        for tenths in [1_i64, 3, 7, 61, 69, -5, 160_001, 9_007_199_254_740_991] {
            let sign = if tenths < 0 { "-" } else { "" };
            let size = tenths.abs();
            assert_eq!(
                written(tenths),
                format!("{sign}{}.{}", size / 10, size % 10)
            );
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        for tenths in -2500..2500 {
            let back: Tenths = serde_json::from_str(&written(tenths)).unwrap();
            assert_eq!(back, Tenths(tenths));
        }
    }

    #[test]
    fn more_than_one_decimal_is_rounded_down() {
        for (number, tenths) in [
            (6.55, 65),
            (6.099_999_905, 60),
            (0.01, 0),
            (1e-9, 0),
            (-3.15, -32),
            (6.1, 61),
            (16.000_000_1, 160),
        ] {
            assert_eq!(Tenths::floor(number), Some(Tenths(tenths)), "{number}");
        }
        assert_eq!(Tenths::exact(6.55), None);
    }

    #[test]
    fn numbers_without_end_or_beyond_measure_are_refused() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e15, -1.1e15] {
            assert_eq!(Tenths::floor(number), None, "{number}");
        }
        assert_eq!(Tenths::floor(1e15), Some(Tenths(10_000_000_000_000_000)));
    }

    #[test]
    fn it_displays_as_it_is_written() {
        assert_eq!(Tenths(65).to_string(), "6.5");
        assert_eq!(Tenths(60).to_string(), "6");
    }
}
