//! Points in time as text: OCPP 1.6 §3.14, ISO 8601 as RFC 3339 profiles it.

use std::fmt;

use chrono::{Datelike, NaiveDate, SecondsFormat, TimeZone, Utc};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::time::Wall;

const DAY: i64 = 86_400_000;
/// Days from 0001-01-01 to 1970-01-01, plus the one that chrono counts from.
const EPOCH: i64 = 719_163;
/// 0000-01-01T00:00:00.000Z.
const FIRST: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z.
const LAST: i64 = 253_402_300_799_999;

/// The time in UTC, such as `2026-03-01T12:00:00.123Z`; always with milliseconds and `Z`.
///
/// Times outside the years 0 to 9999 are written as the nearest that is inside.
#[must_use]
pub fn format_wall(wall: Wall) -> String {
    let millis = Utc.timestamp_millis_opt(wall.0.clamp(FIRST, LAST));
    let time = millis.single().unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

// rules: 18
/// Reads `2026-03-01T12:00:00`, then a fraction of any length or none, then `Z`, an offset such as
/// `+02:00`, `+0200`, `+02`, or nothing, which means UTC.
///
/// A space may stand for the `T`, a comma for the point; small letters are fine; seconds may be
/// left out, and may be 60. What is finer than a millisecond is cut off.
#[must_use]
pub fn parse_wall(text: &str) -> Option<Wall> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2)?;
    rest.one_of(b"-")?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, rest.number(2)?)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.below(24)?;
    rest.one_of(b":")?;
    let minute = rest.below(60)?;
    let mut millis = 0;
    if rest.one_of(b":").is_some() {
        millis = rest.below(61)? * 1000;
        if rest.one_of(b".,").is_some() {
            millis += rest.fraction()?;
        }
    }
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let days = i64::from(date.num_days_from_ce()) - EPOCH;
    let minutes = i64::from(hour * 60 + minute) - offset;
    Some(Wall(days * DAY + minutes * 60_000 + i64::from(millis)))
}

/// What is still to be read. All of it is ASCII, or it is no date.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// The next byte, if it is one of these.
    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let (first, tail) = self.0.split_first()?;
        set.contains(first).then(|| {
            self.0 = tail;
            *first
        })
    }

    fn digit(&mut self) -> Option<u32> {
        self.one_of(b"0123456789")
            .map(|digit| u32::from(digit - b'0'))
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: u32) -> Option<u32> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// A number of two digits below `end`.
    fn below(&mut self, end: u32) -> Option<u32> {
        self.number(2).filter(|number| *number < end)
    }

    /// The digits after the point, in milliseconds.
    fn fraction(&mut self) -> Option<u32> {
        let mut millis = self.digit()? * 100;
        let mut weight = 10;
        while let Some(digit) = self.digit() {
            millis += digit * weight;
            weight /= 10;
        }
        Some(millis)
    }

    /// The offset from UTC in minutes.
    fn offset(&mut self) -> Option<i64> {
        let Some(sign) = self.one_of(b"Zz+-") else {
            return Some(0);
        };
        if sign.eq_ignore_ascii_case(&b'Z') {
            return Some(0);
        }
        let mut minutes = self.below(24)? * 60;
        if self.one_of(b":").is_some() || !self.0.is_empty() {
            minutes += self.below(60)?;
        }
        let minutes = i64::from(minutes);
        Some(if sign == b'-' { -minutes } else { minutes })
    }
}

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_wall(*self))
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_str(Date)
    }
}

struct Date;

impl Visitor<'_> for Date {
    type Value = Wall;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date and time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wall, E> {
        parse_wall(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Wall = Wall(1_772_366_400_000);

    // rules: 18
    #[test]
    fn times_are_written_in_utc_with_three_decimals() {
        assert_eq!(format_wall(NOON), "2026-03-01T12:00:00.000Z");
        assert_eq!(format_wall(NOON.offset(123)), "2026-03-01T12:00:00.123Z");
        assert_eq!(format_wall(Wall(-1)), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn the_last_day_of_february_is_known() {
        let leap = parse_wall("2024-02-29T00:00:00Z").unwrap();
        assert_eq!(format_wall(leap), "2024-02-29T00:00:00.000Z");
        assert_eq!(format_wall(leap.offset(DAY)), "2024-03-01T00:00:00.000Z");
        assert_eq!(parse_wall("2023-02-29T00:00:00Z"), None);
        assert_eq!(parse_wall("2100-02-29T00:00:00Z"), None);
    }

    #[test]
    fn years_beyond_2038_and_four_digits_at_most() {
        assert_eq!(format_wall(Wall(LAST)), "9999-12-31T23:59:59.999Z");
        assert_eq!(format_wall(Wall(FIRST)), "0000-01-01T00:00:00.000Z");
        assert_eq!(format_wall(Wall(i64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(format_wall(Wall(i64::MIN)), "0000-01-01T00:00:00.000Z");
        assert_eq!(
            parse_wall("2077-01-01T00:00:00Z"),
            Some(Wall(3_376_684_800_000))
        );
        assert_eq!(parse_wall("0000-01-01T00:00:00Z"), Some(Wall(FIRST)));
    }

    // rules: 18
    #[test]
    fn every_way_to_say_noon_is_read() {
        for text in [
            "2026-03-01T12:00:00Z",
            "2026-03-01t12:00:00z",
            "2026-03-01 12:00:00Z",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:00.0Z",
            "2026-03-01T12:00:00,000000000000Z",
            "2026-03-01T12:00:00+00:00",
            "2026-03-01T12:00:00-00:00",
            "2026-03-01T14:00:00+02:00",
            "2026-03-01T14:00:00+0200",
            "2026-03-01T14:00:00+02",
            "2026-03-01T06:30:00-05:30",
            "2026-03-02T02:00:00.000+14:00",
            "2026-03-01T11:59:60Z",
        ] {
            assert_eq!(parse_wall(text), Some(NOON), "{text}");
        }
    }

    // rules: 18
    #[test]
    fn fractions_of_any_length_are_cut_to_milliseconds() {
        for (fraction, millis) in [
            (".1", 100),
            (".12", 120),
            (".123", 123),
            (".1239", 123),
            (".123456789", 123),
            (".0009999999999999999999999", 0),
        ] {
            let text = format!("2026-03-01T12:00:00{fraction}Z");
            assert_eq!(parse_wall(&text), Some(NOON.offset(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_date_is_not_read() {
        for text in [
            "",
            "now",
            "2026-03-01",
            "2026-03-01T",
            "2026-03-01T12",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-03-32T12:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:60:00Z",
            "2026-03-01T12:00:61Z",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00+24:00",
            "2026-03-01T12:00:00+02:60",
            "2026-03-01T12:00:00+02:",
            "2026-03-01T12:00:00+2",
            "2026-03-01T12:00:00+020",
            "2026-03-01T12:00:00Zx",
            "2026-03-01T12:00:00 Z",
            " 2026-03-01T12:00:00Z",
            "+2026-03-01T12:00:00Z",
            "26-03-01T12:00:00Z",
            "２０２６-03-01T12:00:00Z",
        ] {
            assert_eq!(parse_wall(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let mut millis = FIRST;
        while millis < LAST {
            assert_eq!(parse_wall(&format_wall(Wall(millis))), Some(Wall(millis)));
            millis += 98_765_432_123;
        }
    }

    #[test]
    fn plain_json_works_both_ways() {
        let text = serde_json::to_string(&NOON).unwrap();
        assert_eq!(text, "\"2026-03-01T12:00:00.000Z\"");
        assert_eq!(serde_json::from_str::<Wall>(&text).unwrap(), NOON);
        assert!(serde_json::from_str::<Wall>("1772366400").is_err());
    }
}
