//! The order in which faults are listed.

use crate::core::StandingFault;
use crate::types::ChargePointErrorCode;

/// Which of the faults and warnings of a place one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultRank {
    warning: bool,
    own: bool,
    code: Option<usize>,
}

impl FaultRank {
    /// Of what is said of it in [`StandingFault`].
    #[must_use]
    pub fn new(warning: bool, own: bool, code: ChargePointErrorCode) -> Self {
        let mut all = ChargePointErrorCode::ALL.iter();
        let code = all.position(|known| *known == code);
        Self { warning, own, code }
    }

    pub(super) fn of(wrong: &StandingFault) -> Self {
        Self::new(wrong.warning, wrong.own, wrong.fault.code)
    }
}
