//! The site as a whole: whether it is in service, what it may do at all, what time it is
//! (`OCPP 1.6 §4.2`, `§5.2`).

use super::connector::Shown;
use super::life::Life;
use super::{Context, Station};
use crate::core::station::faults::Faults;
use crate::core::Change;
use crate::core::Fault;
use crate::core::Record;
use crate::core::{ConnectorId, Notice, Place};
use crate::types::ChargePointErrorCode;
use crate::types::ChargePointStatus;

/// What became of a place that the central system puts in service or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceChange {
    /// It is as wanted.
    Done,
    /// It will be when what goes on there is over.
    WhenOver,
    /// Who took it out of service at the charger relies on it.
    Refused,
}

impl Station {
    // rules: 34
    /// Whether the charge point may charge at all: one that was never accepted does not
    /// (`OCPP 1.6 §4.2.1`), unless it is told to.
    pub(super) const fn in_service(&self) -> bool {
        self.accepted || self.setup.tuning.charge_before_accepted
    }

    /// The central system accepted the charge point: remembered for ever.
    pub(crate) fn accept(&mut self, cx: &mut Context<'_>) {
        if !self.accepted {
            self.accepted = true;
            cx.out.durable(Change::Put(Record::Accepted));
        }
    }

    /// Whether anything may begin at all.
    pub(super) fn may_begin(&self) -> bool {
        self.faults.is_empty() && self.life == Life::InOperation && self.in_service()
    }

    /// Whether any connector may deliver anything.
    pub(super) fn may_supply(&self) -> bool {
        self.faults.is_empty() && self.life.reset().is_none()
    }

    /// The status of a place as it is now.
    pub(crate) fn shown(&self, at: Place) -> Shown {
        let in_service = self.in_service() && self.faults.is_empty();
        match at.connector().and_then(|at| self.connector(at)) {
            Some(connector) => connector.show(in_service),
            None => self.show_charge_point(),
        }
    }

    // rules: 36
    /// Connector 0 knows only Available, Unavailable and Faulted.
    fn show_charge_point(&self) -> Shown {
        if let Some(fault) = self.faults.first() {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let status = if self.availability.is_operative() && self.in_service() {
            ChargePointStatus::Available
        } else {
            ChargePointStatus::Unavailable
        };
        Shown::of(status, self.warnings.first())
    }

    // rules: 47, 114, 116
    /// The central system puts a place in service or out of it: at once where nothing is going on, else when
    /// it is over (`OCPP 1.6 §5.2`). Connector 0 means the whole charge point.
    pub(crate) fn change_availability(
        &mut self,
        at: Place,
        operative: bool,
        cx: &mut Context<'_>,
    ) -> ServiceChange {
        let mut affected = self
            .connectors
            .iter()
            .filter(|c| at == Place::ChargePoint || at == c.id.into());
        let waits = !operative && affected.any(|connector| connector.is_busy());
        let kept = self.availability_mut(at).is_some_and(|known| !known.local);
        if operative && kept {
            return ServiceChange::Refused;
        }
        for place in self.affected(at) {
            let known = self.availability_mut(place);
            let changed = known.filter(|known| known.central != operative);
            if let Some(known) = changed {
                known.central = operative;
                cx.out
                    .durable(Change::Put(Record::Availability(place, operative)));
            }
        }
        cx.out.notify(Notice::Availability(at, operative));
        match waits {
            true => ServiceChange::WhenOver,
            false => ServiceChange::Done,
        }
    }

    // rules: 115, 117
    /// Connector 0 means the whole charge point.
    fn affected(&self, at: Place) -> Vec<Place> {
        match at {
            Place::ChargePoint => self.places().collect(),
            Place::Connector(_) => vec![at],
        }
    }

    /// Somebody at the charger takes a connector, or all of it, out of service or back. Kept over
    /// restarts.
    pub(crate) fn set_in_service(&mut self, at: Place, operative: bool, cx: &mut Context<'_>) {
        for place in self.affected(at) {
            let known = self.availability_mut(place);
            let changed = known.filter(|known| known.local != operative);
            if let Some(known) = changed {
                known.local = operative;
                cx.out
                    .durable(Change::Put(Record::LocalAvailability(place, operative)));
            }
        }
    }

    /// A connector by the number that the central system names it by, if it exists here.
    pub(crate) fn existing(&self, number: i32) -> Option<ConnectorId> {
        self.place(number)?.connector()
    }

    /// Whether a connector has a lock.
    pub(crate) fn is_lockable(&self, at: ConnectorId) -> bool {
        self.connector(at).is_some_and(|known| known.lockable)
    }

    /// The host stops us: nothing new is begun. Transactions go on.
    pub(crate) fn close(&mut self, cx: &mut Context<'_>) {
        self.life.close();
        let mut connectors = self.connectors.iter();
        if connectors.any(|connector| connector.run().is_some()) {
            cx.out.durable(Change::Put(Record::Orderly));
        }
    }

    /// Whether the host stops us.
    pub(crate) const fn is_closing(&self) -> bool {
        matches!(self.life, Life::Closing(_))
    }

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
