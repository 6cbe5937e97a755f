//! What can be wrong with a payload, in the words of a CALLERROR (OCPP-J 1.6 §4.2.3, table 7).

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::types::cut;
use crate::types::words::words;

words! {
    // rules: 11
    /// The error code of a CALLERROR: OCPP-J 1.6 §4.2.3. The two famous misspellings are the wire
    /// format, and stay (OCPP-J 1.6 errata §5.1, §5.2).
    ErrorCode {
        NotImplemented,
        NotSupported,
        InternalError,
        ProtocolError,
        SecurityError,
        FormationViolation,
        PropertyConstraintViolation,
        OccurenceConstraintViolation,
        TypeConstraintViolation,
        GenericError,
    }
}

impl ErrorCode {
    /// Reads the code of a CALLERROR: like `parse`, but the correct spellings are understood too.
    #[must_use]
    pub fn recognise(word: &str) -> Option<Self> {
        match word {
            "FormatViolation" => Some(Self::FormationViolation),
            "OccurrenceConstraintViolation" => Some(Self::OccurenceConstraintViolation),
            _ => Self::parse(word),
        }
    }
}

/// Why a payload is not the message it should be, and what to answer.
///
/// It displays as `path: text`, which is a good error description of a CALLERROR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The code of the CALLERROR.
    pub code: ErrorCode,
    /// Where, such as `chargingSchedule.chargingSchedulePeriod[2].limit`; empty for the payload.
    pub path: String,
    /// What is wrong there, for a person.
    pub text: String,
}

impl Violation {
    pub(crate) fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self {
            code,
            path: String::new(),
            text: text.into(),
        }
    }

    #[cold]
    fn because(code: ErrorCode, found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        // What somebody else said is quoted, but not at any length.
        let found = match found {
            Unexpected::Str(text) => Unexpected::Str(cut(text, 50)),
            found => found,
        };
        Self::new(code, format!("{found}, expected {wanted}"))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for Violation {}

// rules: 12
/// The one table from what serde finds to what the error is called on the wire.
impl de::Error for Violation {
    #[cold]
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(ErrorCode::PropertyConstraintViolation, text.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::because(ErrorCode::TypeConstraintViolation, found, wanted)
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::because(ErrorCode::PropertyConstraintViolation, found, wanted)
    }

    #[cold]
    fn invalid_length(len: usize, wanted: &dyn Expected) -> Self {
        Self::custom(format_args!("length {len}, expected {wanted}"))
    }

    #[cold]
    fn unknown_variant(word: &str, _: &'static [&'static str]) -> Self {
        Self::custom(format_args!("unknown value `{}`", cut(word, 50)))
    }

    #[cold]
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::new(ErrorCode::FormationViolation, "unknown member")
    }

    #[cold]
    fn missing_field(_: &'static str) -> Self {
        Self::new(ErrorCode::OccurenceConstraintViolation, "missing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 11
    #[test]
    fn the_two_misspelt_codes_are_written_misspelt() {
        assert_eq!(ErrorCode::FormationViolation.as_str(), "FormationViolation");
        assert_eq!(
            ErrorCode::OccurenceConstraintViolation.as_str(),
            "OccurenceConstraintViolation"
        );
    }

    // rules: 11
    #[test]
    fn both_spellings_of_a_code_are_recognised() {
        for (word, code) in [
            ("FormatViolation", ErrorCode::FormationViolation),
            ("FormationViolation", ErrorCode::FormationViolation),
            (
                "OccurrenceConstraintViolation",
                ErrorCode::OccurenceConstraintViolation,
            ),
            (
                "OccurenceConstraintViolation",
                ErrorCode::OccurenceConstraintViolation,
            ),
        ] {
            assert_eq!(ErrorCode::recognise(word), Some(code));
        }
        assert_eq!(ErrorCode::recognise("RpcFrameworkError"), None);
    }

    #[test]
    fn a_violation_says_where_and_what() {
        let mut violation = Violation::new(ErrorCode::FormationViolation, "unknown member");
        assert_eq!(violation.to_string(), "unknown member");
        violation.path = "a.b[1]".into();
        assert_eq!(violation.to_string(), "a.b[1]: unknown member");
    }
}
