//! What is wrong at a connector, or with the charge point: several things at once, each by its code.

use crate::core::station::Station;
use crate::core::{Fault, Place};
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
    fn set(&mut self, fault: Fault) {
        match self.0.iter_mut().find(|known| known.code == fault.code) {
            Some(known) => *known = fault,
            None => self.0.push(fault),
        }
    }

    fn clear(&mut self, code: Option<ChargePointErrorCode>) {
        self.0
            .retain(|known| code.is_some_and(|code| known.code != code));
    }

    /// One came (`Some`), or all of them are over.
    fn change(&mut self, fault: Option<Fault>) {
        match fault.filter(|fault| fault.code != ChargePointErrorCode::NoError) {
            Some(fault) => self.set(fault),
            None => self.clear(None),
        }
    }
}

impl Station {
    fn faults_mut(&mut self, at: Place) -> Option<&mut Faults> {
        match at {
            Place::ChargePoint => Some(&mut self.faults),
            Place::Connector(at) => self
                .connector_mut(at)
                .map(|connector| &mut connector.faults),
        }
    }

    fn warnings_mut(&mut self, at: Place) -> Option<&mut Faults> {
        match at {
            Place::ChargePoint => Some(&mut self.warnings),
            Place::Connector(at) => self
                .connector_mut(at)
                .map(|connector| &mut connector.warnings),
        }
    }

    pub(crate) fn on_fault(&mut self, at: Place, fault: Option<Fault>) {
        if let Some(faults) = self.faults_mut(at) {
            faults.change(fault);
        }
    }

    pub(crate) fn on_fault_over(&mut self, at: Place, code: ChargePointErrorCode) {
        if let Some(faults) = self.faults_mut(at) {
            faults.clear(Some(code));
        }
    }

    pub(crate) fn on_warning(&mut self, at: Place, warning: Option<Fault>) {
        if let Some(warnings) = self.warnings_mut(at) {
            warnings.change(warning);
        }
    }

    pub(crate) fn on_warning_over(&mut self, at: Place, code: ChargePointErrorCode) {
        if let Some(warnings) = self.warnings_mut(at) {
            warnings.clear(Some(code));
        }
    }
}
