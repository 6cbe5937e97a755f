//! Values of configuration keys, parsed.

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::core::settings::keys::{Kind, PROFILES};
use crate::types::{IdToken, Measurand, Phase};

/// A measurand, perhaps of one phase only: what a meter can show, or what is to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// What is measured.
    pub measurand: Measurand,
    /// On which phase; `None`: on all that there are.
    pub phase: Option<Phase>,
}

impl Quantity {
    /// The import register: the one quantity that every charger has.
    pub const REGISTER: Self = Self {
        measurand: Measurand::EnergyActiveImportRegister,
        phase: None,
    };

    // rules: 127
    /// Reads "A, B.L1": blanks around the commas do no harm, one unknown name spoils all of it.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(Vec::new());
        }
        text.split(',')
            .map(|item| Self::parse(item.trim()))
            .collect()
    }

    fn parse(item: &str) -> Option<Self> {
        if let Some(measurand) = Measurand::parse(item) {
            return Some(Self {
                measurand,
                phase: None,
            });
        }
        let (name, phase) = item.rsplit_once('.')?;
        Some(Self {
            measurand: Measurand::parse(name)?,
            phase: Some(Phase::parse(phase)?),
        })
    }

    /// Whether a meter that shows this can serve what is asked for.
    pub(crate) fn serves(self, asked: Self) -> bool {
        let phase = self.phase.is_none() || asked.phase.is_none() || self.phase == asked.phase;
        self.measurand == asked.measurand && phase
    }
}

/// A value that has been found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Measurands(Vec<Quantity>),
    /// The connectors that a rotation is named for.
    Rotations(Vec<i64>),
    Text,
    Tag(IdToken),
    Password(Vec<u8>),
}

impl Value {
    /// Reads a value; `None` if the key cannot have it.
    pub(crate) fn parse(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::Bool => boolean(text).map(Self::Bool),
            Kind::Int(min, max) => int(text).filter(|n| (min..=max).contains(n)).map(Self::Int),
            Kind::Measurands(_) => Quantity::parse_list(text).map(Self::Measurands),
            Kind::RateUnits => {
                let known = |item: &str| matches!(item.trim(), "Current" | "Power");
                text.split(',').all(known).then_some(Self::Text)
            }
            Kind::Profiles => {
                let known = |item: &str| PROFILES.contains(&item.trim());
                text.split(',').all(known).then_some(Self::Text)
            }
            Kind::PhaseRotation => rotations(text).map(Self::Rotations),
            Kind::Text => Some(Self::Text),
            Kind::Tag => {
                let tag = IdToken::new(text).ok();
                tag.filter(IdToken::is_readable).map(Self::Tag)
            }
            Kind::Password => password(text).map(Self::Password),
        }
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    is("true").then_some(true).or(is("false").then_some(false))
}

/// A whole number in digits alone: no sign games, no blanks.
pub(super) fn int(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// "0.RST,1.RTS", or one rotation for all of them; connector 0 is the main meter.
fn rotations(text: &str) -> Option<Vec<i64>> {
    const KNOWN: [&str; 8] = [
        "NotApplicable",
        "Unknown",
        "RST",
        "RTS",
        "SRT",
        "STR",
        "TRS",
        "TSR",
    ];
    let one = |item: &str| {
        let (connector, rotation) = item.split_once('.').unwrap_or(("0", item));
        int(connector).filter(|_| KNOWN.contains(&rotation))
    };
    text.split(',').map(|item| one(item.trim())).collect()
}

// rules: 123
/// 32 to 40 hexadecimal digits are the bytes of the key; 16 to 20 other characters are used as
/// they stand. Both are seen in the field.
fn password(text: &str) -> Option<Vec<u8>> {
    match text.len() {
        16..=20 => Some(text.into()),
        32..=40 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 122
    #[test]
    fn numbers_have_no_signs_blanks_or_fractions() {
        let kind = Kind::Int(0, 100);
        for bad in ["-1", "+1", " 1", "1.0", "", "101", "99999999999999999999"] {
            assert_eq!(Value::parse(kind, bad), None, "{bad}");
        }
        assert_eq!(Value::parse(kind, "007"), Some(Value::Int(7)));
    }

    // rules: 79, 127
    #[test]
    fn one_unknown_measurand_spoils_the_list() {
        assert_eq!(Quantity::parse_list("Voltage,Nonsense"), None);
        let both = Quantity::parse_list("Voltage.L1, SoC");
        let voltage = Quantity {
            measurand: Measurand::Voltage,
            phase: Some(Phase::L1),
        };
        let soc = Quantity {
            measurand: Measurand::SoC,
            phase: None,
        };
        assert_eq!(both, Some(vec![voltage, soc]));
    }

    #[test]
    fn phase_rotations_name_connector_and_order() {
        for good in ["NotApplicable", "0.RST, 1.RTS", "2.Unknown"] {
            assert!(rotations(good).is_some(), "{good}");
        }
        for bad in ["", "1.ABC", "x.RST", "1.RST,"] {
            assert_eq!(rotations(bad), None, "{bad}");
        }
    }

    // rules: 123
    #[test]
    fn passwords_are_hexadecimal_or_plain() {
        let hex = "4F43415F4F4354545F61646D696E5F74657374";
        let bytes = b"OCA_OCTT_admin_test".to_vec();
        assert_eq!(
            Value::parse(Kind::Password, hex),
            Some(Value::Password(bytes))
        );
        let plain = Value::parse(Kind::Password, "sixteen-letters!");
        assert_eq!(plain, Some(Value::Password(b"sixteen-letters!".to_vec())));
        // Too short, too long, half a byte too many, and not hexadecimal.
        let (odd, other) = ("f".repeat(33), "g".repeat(32));
        for bad in ["short", "twenty-one-characters", &odd, &other] {
            assert_eq!(Value::parse(Kind::Password, bad), None, "{bad}");
        }
    }
}
