//! What condition a connector, or the charge point as a whole, is in: in service or not, and what is wrong with it
//! (`OCPP 1.6 §5.2`).

use crate::core::station::faults::{Faults, Says};
use crate::core::Fault;
use crate::types::ChargePointErrorCode;

/// Whether a place is in service, and what is wrong there.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    availability: Availability,
    faults: Faults,
    /// What should be looked at, and does not stop anything.
    warnings: Faults,
}

/// Whether a place is in service: two have a say in it, and neither can take back what the other did. Who
/// opened it up to repair it relies on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Availability {
    /// As the central system wants it (`OCPP 1.6 §5.2`).
    central: bool,
    /// As somebody at the charger wants it.
    local: bool,
}

impl Condition {
    /// In service, and nothing is wrong.
    pub(super) const SOUND: Self = Self {
        availability: Availability {
            central: true,
            local: true,
        },
        faults: Faults::NONE,
        warnings: Faults::NONE,
    };

    /// Whether nobody took it out of service.
    pub(super) const fn is_operative(&self) -> bool {
        self.availability.central && self.availability.local
    }

    /// Whether somebody at the charger took it out of service.
    pub(super) const fn is_closed_locally(&self) -> bool {
        !self.availability.local
    }

    /// As the central system wants it; says whether that is news.
    pub(super) fn set_central(&mut self, operative: bool) -> bool {
        std::mem::replace(&mut self.availability.central, operative) != operative
    }

    /// As somebody at the charger wants it; says whether that is news.
    pub(super) fn set_local(&mut self, operative: bool) -> bool {
        std::mem::replace(&mut self.availability.local, operative) != operative
    }

    /// Whether something is wrong that keeps it from charging.
    pub(super) fn is_faulted(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether something is wrong that calls off what has not begun: anything but a lock that does not close,
    /// which may close yet.
    pub(super) fn calls_off(&self) -> bool {
        let lock = (Says::Station, ChargePointErrorCode::ConnectorLockFailure);
        let mut all = self.faults.iter();
        all.any(|(says, fault)| (*says, fault.code) != lock)
    }

    /// Something is wrong that nobody has to say: the station found it out. The host cannot take it back.
    pub(super) fn fails(&mut self, fault: Fault) {
        self.faults.set(Says::Station, fault);
    }

    /// That is over.
    pub(super) fn recovers(&mut self, code: ChargePointErrorCode) {
        self.faults.clear(Says::Station, Some(code));
    }

    /// All that is wrong, with whether it is a warning; a status tells of the first, if it may.
    pub(super) fn wrong(&self) -> impl Iterator<Item = (bool, &(Says, Fault))> {
        let faults = self.faults.iter().map(|fault| (false, fault));
        faults.chain(self.warnings.iter().map(|warning| (true, warning)))
    }

    /// The fault that a status tells of.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// The warning that a status tells of.
    pub(super) fn warning(&self) -> Option<&Fault> {
        self.warnings.first()
    }

    /// A fault came (`Some`), or all of them are over.
    pub(super) fn on_fault(&mut self, fault: Option<Fault>) {
        self.faults.change(fault);
    }

    pub(super) fn on_fault_over(&mut self, code: ChargePointErrorCode) {
        self.faults.clear(Says::Host, Some(code));
    }

    /// A warning came (`Some`), or all of them are over.
    pub(super) fn on_warning(&mut self, warning: Option<Fault>) {
        self.warnings.change(warning);
    }

    pub(super) fn on_warning_over(&mut self, code: ChargePointErrorCode) {
        self.warnings.clear(Says::Host, Some(code));
    }
}
