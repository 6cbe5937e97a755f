//! Local limits: what others than the central system say may be drawn, such as a house meter, an energy
//! manager or the grid operator.

use core::fmt;

use crate::core::Place;
use crate::types::ChargingRateUnitType;

/// Who says so, by the host's name for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    len: u8,
    bytes: [u8; Self::LONGEST],
}

impl Source {
    /// The most sources that one charge point has.
    pub const MOST: usize = 16;
    /// The longest name, in bytes of UTF-8.
    pub const LONGEST: usize = 32;

    /// A source by its name; `None` for one that is empty, too long, or has control characters in it.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return None;
        }
        let mut bytes = [0; Self::LONGEST];
        bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        let len = u8::try_from(name.len()).ok()?;
        Some(Self { len, bytes })
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.len));
        core::str::from_utf8(used.unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// So much may be drawn, and not more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much, in tenths of the unit; 0 is nothing.
    pub tenths: u32,
    /// Amperes per phase, or watts over all of them.
    pub unit: ChargingRateUnitType,
    /// On how many phases at most, 1 to 3; `None`: on all that there are.
    pub phases: Option<u8>,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} ", self.tenths / 10, self.tenths % 10)?;
        f.write_str(self.unit.as_str())?;
        match self.phases {
            Some(phases) => write!(f, " on {phases} phases"),
            None => Ok(()),
        }
    }
}

/// A local limit that stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalLimit {
    /// What it bounds: a connector, or the sum of all.
    pub place: Place,
    /// Who says so.
    pub source: Source,
    /// How much may be drawn.
    pub rate: Rate,
    /// It is the failsafe value: the source has not spoken since the start, or not for too long.
    pub failsafe: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_a_name_of_1_to_32_bytes() {
        let longest = "n".repeat(32);
        for name in ["a", "house meter", "Zähler", longest.as_str()] {
            assert_eq!(Source::new(name).expect("a source").as_str(), name);
        }
        for name in ["", "a\nb", &"n".repeat(33)] {
            assert_eq!(Source::new(name), None);
        }
    }
}
