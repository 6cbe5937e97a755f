//! Which purposes of charging profiles.

use std::fmt;

use crate::types::ChargingProfilePurposeType as Purpose;

/// Some of the purposes of charging profiles, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purposes(u8);

impl Purposes {
    /// Whether this is one of them.
    #[must_use]
    pub const fn has(self, purpose: Purpose) -> bool {
        self.0 & Self::bit(purpose) != 0
    }

    /// These, and this one.
    #[must_use]
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | Self::bit(purpose))
    }

    const fn bit(purpose: Purpose) -> u8 {
        match purpose {
            Purpose::ChargePointMaxProfile => 1,
            Purpose::TxDefaultProfile => 2,
            Purpose::TxProfile => 4,
        }
    }

    /// "TxDefaultProfile,TxProfile", with spaces if need be; an empty text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let mut words = text.split(',').map(|word| Purpose::parse(word.trim()));
        words.try_fold(Self::default(), |all, purpose| Some(all.with(purpose?)))
    }
}

impl fmt::Display for Purposes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for purpose in Purpose::ALL.iter().filter(|purpose| self.has(**purpose)) {
            write!(f, "{comma}{purpose}")?;
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_purposes_is_read_and_shown() {
        for (text, shown) in [
            ("", ""),
            (" ", ""),
            ("TxProfile", "TxProfile"),
            (
                "TxProfile, ChargePointMaxProfile",
                "ChargePointMaxProfile,TxProfile",
            ),
        ] {
            let read = Purposes::parse(text).map(|purposes| purposes.to_string());
            assert_eq!(read.as_deref(), Some(shown), "{text}");
        }
        for bad in ["TxProfiles", ",", "TxProfile,", "txprofile"] {
            assert_eq!(Purposes::parse(bad), None, "{bad}");
        }
    }
}
