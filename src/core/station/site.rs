//! The site as a whole: whether it is in service, what it may do at all, what time it is
//! (`OCPP 1.6 §4.2`, `§5.2`).

use super::connector::Connector;
use super::life::{Drain, Life};
use super::{Context, Station};
use crate::core::station::faults::Says;
use crate::core::station::shown::Shown;
use crate::core::Change;
use crate::core::Fault;
use crate::core::Record;
use crate::core::{ConnectorId, Notice, Place, StandingFault};
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

    /// Whether the charge point as a whole is in service and sound.
    pub(super) fn may_charge(&self) -> bool {
        self.in_service() && !self.condition.is_faulted()
    }

    /// Whether the host wants nothing new to begin.
    pub(super) fn is_draining(&self) -> bool {
        self.drain != Drain::Open
    }

    /// Whether what runs may go on.
    pub(super) fn may_run(&self) -> bool {
        self.may_charge() && self.is_in_operation()
    }

    /// Whether anything may begin at all.
    pub(super) fn may_begin(&self) -> bool {
        self.may_run() && !self.is_draining()
    }

    /// Whether it is neither about to restart nor to stop.
    pub(super) fn is_in_operation(&self) -> bool {
        self.life == Life::InOperation
    }

    /// Whether any connector may deliver anything.
    pub(super) fn may_supply(&self) -> bool {
        !self.condition.is_faulted() && self.life.reset().is_none()
    }

    /// The status of a place as it is now.
    pub(crate) fn shown(&self, at: Place) -> Shown {
        match at.connector().and_then(|at| self.connector(at)) {
            Some(connector) => connector.show(self.may_charge(), self.is_draining()),
            None => self.show_charge_point(),
        }
    }

    /// All that is wrong now, place by place, faults before warnings.
    pub(crate) fn standing_faults(&self) -> Vec<StandingFault> {
        let at = |place: Place| {
            let condition = match place.connector().and_then(|at| self.connector(at)) {
                Some(connector) => connector.condition(),
                None => &self.condition,
            };
            condition
                .wrong()
                .enumerate()
                .map(move |(number, (warning, (says, fault)))| StandingFault {
                    place,
                    fault: fault.clone(),
                    own: *says == Says::Station,
                    warning,
                    shown: number == 0 && self.shown(place).error == fault.code,
                })
        };
        self.places().flat_map(at).collect()
    }

    // rules: 36
    /// Connector 0 knows only Available, Unavailable and Faulted.
    fn show_charge_point(&self) -> Shown {
        if let Some(fault) = self.condition.fault() {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let serves = self.in_service() && !self.is_draining();
        let status = if self.condition.is_operative() && serves {
            ChargePointStatus::Available
        } else {
            ChargePointStatus::Unavailable
        };
        Shown::of(status, self.condition.warning())
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
            .filter(|c| at == Place::ChargePoint || at == c.id().into());
        let waits = !operative && affected.any(|connector| connector.is_busy());
        let kept = self
            .condition_mut(at)
            .is_some_and(|known| known.is_closed_locally());
        if operative && kept {
            return ServiceChange::Refused;
        }
        for place in self.affected(at) {
            let known = self.condition_mut(place);
            if known.is_some_and(|known| known.set_central(operative)) {
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
            let known = self.condition_mut(place);
            if known.is_some_and(|known| known.set_local(operative)) {
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
        self.connector(at).is_some_and(Connector::is_lockable)
    }

    pub(crate) fn on_fault(&mut self, at: Place, fault: Option<Fault>) {
        if let Some(condition) = self.condition_mut(at) {
            condition.on_fault(fault);
        }
    }

    pub(crate) fn on_fault_over(&mut self, at: Place, code: ChargePointErrorCode) {
        if let Some(condition) = self.condition_mut(at) {
            condition.on_fault_over(code);
        }
    }

    pub(crate) fn on_warning(&mut self, at: Place, warning: Option<Fault>) {
        if let Some(condition) = self.condition_mut(at) {
            condition.on_warning(warning);
        }
    }

    pub(crate) fn on_warning_over(&mut self, at: Place, code: ChargePointErrorCode) {
        if let Some(condition) = self.condition_mut(at) {
            condition.on_warning_over(code);
        }
    }
}
