//! Contactor and lock, where they say what they do: in which order energy, lock and readings follow each other.

use super::Connector;
use crate::core::station::actuator::Failure;
use crate::core::station::actuators::News;
use crate::core::station::session::Stage;
use crate::core::{Fault, Supply};
use crate::time::Mono;
use crate::types::CiString;

impl Connector {
    /// Whether the lock is to be closed for a transaction that is about to begin.
    pub(super) fn locks_first(&self) -> bool {
        let waits = matches!(
            self.session.stage(),
            Stage::Preparing {
                allowed: Some(_),
                ..
            }
        );
        waits && self.actuators.tells_of_lock() && self.has_vehicle()
    }

    pub(crate) fn on_lock(&mut self, closed: bool) {
        if !self.actuators.on_lock(closed) {
            self.ignores("lock");
        }
    }

    pub(crate) fn on_contactor(&mut self, closed: bool, now: Mono) {
        if !self.actuators.on_contactor(closed, now) {
            return self.ignores("contactor");
        }
        // Also where nobody told it to close: what flows then is of nobody who comes later.
        if closed {
            self.meter.energy_may_flow();
        }
    }

    fn ignores(&self, what: &str) {
        log::error!(
            "connector {}: the feedback of its {what} was not declared: it is ignored",
            self.id
        );
    }

    /// What the last command, and the vehicle, want of contactor and lock.
    pub(super) fn tell_actuators(&mut self, now: Mono) {
        let supply = self.supply.unwrap_or(Supply::OFF);
        self.actuators.tell(supply, self.ev, now);
    }

    /// What does not obey is a fault, until it does.
    pub(crate) fn check_actuators(&mut self, now: Mono) {
        self.tell_actuators(now);
        let runs = self.session.running().is_some();
        for news in self.actuators.check(runs, now).into_iter().flatten() {
            self.note_failure(news);
        }
    }

    fn note_failure(&mut self, (what, code, failed): News) {
        let text = match failed {
            None => {
                log::info!("connector {}: the {what} obeys again", self.id);
                return self.condition.recovers(code);
            }
            Some(Failure::StaysOpen) => format!("the {what} is open and should be closed"),
            Some(Failure::StaysClosed) => format!("the {what} is closed and should be open"),
        };
        log::error!("connector {}: {text}: {code}", self.id);
        self.condition.fails(Fault {
            code,
            info: Some(CiString::truncated(&text)),
            vendor_code: None,
        });
    }

    /// When contactor and lock are to be looked at again.
    pub(crate) fn actuators_due(&self) -> Option<Mono> {
        self.actuators.due(self.session.running().is_some())
    }

    /// Whether energy may be flowing, as far as the contactor says.
    pub(crate) fn is_live(&self) -> bool {
        self.actuators.is_live()
    }

    /// Whether the contactor is closed, and about to open.
    pub(crate) fn is_opening(&self) -> bool {
        self.actuators.is_opening()
    }

    /// Whether the last reading of the transaction has to wait: energy is off by command, and still flows.
    pub(crate) fn awaits_contactor(&mut self) -> bool {
        let waits = self.actuators.is_opening();
        self.session.read_later(waits);
        waits
    }

    /// Whether the last reading waited for the contactor, and waits no more.
    pub(crate) fn may_read_last(&mut self) -> bool {
        let waited = self.session.stopping();
        waited.is_some_and(|(_, ending)| ending.reads_later) && !self.awaits_contactor()
    }

    /// Whether what the meter showed last may be of a time when energy still flowed.
    pub(crate) fn needs_new_reading(&self) -> bool {
        self.actuators.tells_of_contactor() && !self.meter.stands_still()
    }
}
