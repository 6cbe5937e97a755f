//! What is wrong at a connector, or with the charge point: several things at once, each by its code.

use crate::core::Fault;
use crate::types::ChargePointErrorCode;

/// Faults, or warnings, in the order in which they came. One status tells of one of them: of the
/// first that is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) const NONE: Self = Self(Vec::new());

    /// The one that a status tells of.
    pub(crate) fn first(&self) -> Option<&Fault> {
        self.0.first()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One came, or is told again, with other words perhaps.
    pub(super) fn set(&mut self, fault: Fault) {
        match self.0.iter_mut().find(|known| known.code == fault.code) {
            Some(known) => *known = fault,
            None => self.0.push(fault),
        }
    }

    pub(super) fn clear(&mut self, code: Option<ChargePointErrorCode>) {
        self.0
            .retain(|known| code.is_some_and(|code| known.code != code));
    }

    /// One came (`Some`), or all of them are over.
    pub(super) fn change(&mut self, fault: Option<Fault>) {
        match fault.filter(|fault| fault.code != ChargePointErrorCode::NoError) {
            Some(fault) => self.set(fault),
            None => self.clear(None),
        }
    }
}
