//! Contactor and lock, where they say what they do: in which order energy, lock and readings follow each other.

use super::Connector;
use crate::core::station::actuator::{Actuator, Failure, Told};
use crate::core::station::session::Stage;
use crate::core::{Ev, Fault, Feedback, Supply, Tuning};
use crate::time::Mono;
use crate::types::{ChargePointErrorCode as Code, CiString};

impl Connector {
    /// What says of itself whether it is closed.
    pub(crate) fn with_feedback(mut self, of: Feedback, tuning: &Tuning, now: Mono) -> Self {
        let lock = Actuator::new(tuning.lock_timeout, now);
        self.lock = of.lock.then_some(lock);
        let contactor = Actuator::new(tuning.contactor_timeout, now);
        self.contactor = of.contactor.then_some(contactor);
        self
    }

    /// Whether the lock is closed; one that says nothing of itself obeys.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.as_ref().map_or(true, Actuator::is_closed)
    }

    /// Whether the contactor is known to be closed.
    pub(crate) fn is_live(&self) -> bool {
        self.contactor.as_ref().is_some_and(Actuator::is_closed)
    }

    /// Whether energy cannot flow yet, although it may, since the contactor is still open.
    pub(crate) fn is_still_open(&self) -> bool {
        self.contactor.is_some() && !self.is_live()
    }

    /// Whether the lock is to be closed for a transaction that is about to begin.
    pub(super) fn locks_first(&self) -> bool {
        let waits = matches!(
            self.session.stage(),
            Stage::Preparing {
                allowed: Some(_),
                ..
            }
        );
        waits && self.lock.is_some() && self.has_vehicle()
    }

    pub(crate) fn on_lock(&mut self, closed: bool) {
        match &mut self.lock {
            Some(lock) => {
                lock.report(closed);
            }
            None => self.says_nothing("lock"),
        }
    }

    pub(crate) fn on_contactor(&mut self, closed: bool, now: Mono) {
        match &mut self.contactor {
            // It bounces, and one that was found closed after a restart is about to be opened.
            Some(contactor) => {
                if contactor.report(closed) || !closed {
                    contactor.bear_with(now);
                }
            }
            None => self.says_nothing("contactor"),
        }
        if closed && self.is_permitted() {
            if let Some(run) = self.session.running_mut() {
                run.has_energy();
            }
        }
    }

    fn says_nothing(&self, what: &str) {
        log::error!(
            "connector {}: the feedback of its {what} was not declared: it is ignored",
            self.id
        );
    }

    /// What the last command, and the vehicle, want of contactor and lock.
    pub(super) fn tell_actuators(&mut self, now: Mono) {
        let supply = self.supply.unwrap_or(Supply::OFF);
        // Only a vehicle that asks for energy has the contactor closed (IEC 61851, state C).
        let told = match (supply.permit, self.ev) {
            (false, _) => Told::Open,
            (true, Ev::Charging) => Told::Closed,
            (true, _) => Told::Free,
        };
        if let Some(contactor) = &mut self.contactor {
            contactor.tell(told, now);
        }
        if let Some(lock) = &mut self.lock {
            lock.tell(Told::closed(supply.lock), now);
        }
    }

    /// What does not obey is a fault, until it does.
    pub(crate) fn check_actuators(&mut self, now: Mono) {
        self.tell_actuators(now);
        let tried = self.session.running().is_some();
        let contactor = self.contactor.as_mut();
        if let Some(failed) = contactor.and_then(|it| it.check(now, tried)) {
            self.note_failure("contactor", Code::PowerSwitchFailure, failed);
        }
        let lock = self.lock.as_mut();
        if let Some(failed) = lock.and_then(|it| it.check(now, false)) {
            self.note_failure("lock", Code::ConnectorLockFailure, failed);
        }
    }

    fn note_failure(&mut self, what: &str, code: Code, failed: Option<Failure>) {
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
        let tried = self.session.running().is_some();
        let contactor = self.contactor.as_ref().and_then(|it| it.due(tried));
        let lock = self.lock.as_ref().and_then(|it| it.due(false));
        contactor.into_iter().chain(lock).min()
    }

    /// Whether the last reading of the transaction has to wait: energy is off by command, and still flows.
    pub(crate) fn awaits_contactor(&mut self) -> bool {
        let fails = self.contactor.as_ref().is_some_and(Actuator::is_failing);
        let waits = self.is_live() && !fails;
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
        self.contactor.is_some() && !self.meter.stands_still()
    }
}
