//! What is wrong at a connector, or with the charge point: several things at once, each by its code.

use crate::core::Fault;
use crate::types::ChargePointErrorCode;

/// Who says that something is wrong: neither takes back what the other said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Host,
    Station,
}

/// Faults, or warnings, in the order in which they came. One status tells of one of them: of the
/// first that is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<(Says, Fault)>);

impl Faults {
    pub(crate) const NONE: Self = Self(Vec::new());

    /// The one that a status tells of.
    pub(crate) fn first(&self) -> Option<&Fault> {
        self.0.first().map(|(_, fault)| fault)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Says, Fault)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One came, or is told again, with other words perhaps.
    pub(super) fn set(&mut self, says: Says, fault: Fault) {
        let same = |known: &&mut (Says, Fault)| known.0 == says && known.1.code == fault.code;
        match self.0.iter_mut().find(same) {
            Some(known) => known.1 = fault,
            None => self.0.push((says, fault)),
        }
    }

    pub(super) fn clear(&mut self, says: Says, code: Option<ChargePointErrorCode>) {
        self.0
            .retain(|(said, known)| *said != says || code.is_some_and(|code| known.code != code));
    }

    /// The host says that one came (`Some`), or that all of them are over.
    pub(super) fn change(&mut self, fault: Option<Fault>) {
        match fault.filter(|fault| fault.code != ChargePointErrorCode::NoError) {
            Some(fault) => self.set(Says::Host, fault),
            None => self.clear(Says::Host, None),
        }
    }
}
