//! Values of configuration keys, parsed.

use crate::core::settings::keys::Kind;
use crate::wire::{Measurand, Phase};

/// A measurand to report, perhaps of one phase only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) measurand: Measurand,
    /// `None`: all that there are.
    pub(crate) phase: Option<Phase>,
}

/// A value that has been found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Measurands(Vec<Wanted>),
    Text,
    Password(Vec<u8>),
}

impl Value {
    /// Reads a value; `None` if the key cannot have it.
    pub(crate) fn parse(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::Bool if text.eq_ignore_ascii_case("true") => Some(Self::Bool(true)),
            Kind::Bool if text.eq_ignore_ascii_case("false") => Some(Self::Bool(false)),
            Kind::Bool => None,
            Kind::Int(min, max) => int(text).filter(|n| (min..=max).contains(n)).map(Self::Int),
            Kind::Measurands => measurands(text).map(Self::Measurands),
            Kind::Text => Some(Self::Text),
            Kind::Password => password(text).map(Self::Password),
        }
    }
}

/// A whole number in digits alone: no sign games, no blanks.
fn int(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// "A, B.L1": blanks around the commas do no harm, an unknown name spoils all of it (rule 79).
fn measurands(text: &str) -> Option<Vec<Wanted>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|item| wanted(item.trim())).collect()
}

fn wanted(item: &str) -> Option<Wanted> {
    if let Some(measurand) = Measurand::parse(item) {
        return Some(Wanted {
            measurand,
            phase: None,
        });
    }
    let (name, phase) = item.rsplit_once('.')?;
    Some(Wanted {
        measurand: Measurand::parse(name)?,
        phase: Some(Phase::parse(phase)?),
    })
}

/// 32 to 40 hexadecimal digits are the bytes of the key; 16 to 20 other characters are used as
/// they stand. Both are seen in the field.
fn password(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let is_hex = bytes.len() % 2 == 0 && bytes.iter().all(u8::is_ascii_hexdigit);
    if is_hex && (32..=40).contains(&bytes.len()) {
        let digit = |b: u8| {
            char::from(b)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        return bytes
            .chunks(2)
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect();
    }
    (16..=20).contains(&bytes.len()).then(|| bytes.to_vec())
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
        assert_eq!(Value::parse(Kind::Measurands, "Voltage,Nonsense"), None);
        let both = Value::parse(Kind::Measurands, "Voltage.L1, SoC");
        let voltage = Wanted {
            measurand: Measurand::Voltage,
            phase: Some(Phase::L1),
        };
        let soc = Wanted {
            measurand: Measurand::SoC,
            phase: None,
        };
        assert_eq!(both, Some(Value::Measurands(vec![voltage, soc])));
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
        assert_eq!(Value::parse(Kind::Password, "short"), None);
    }
}
