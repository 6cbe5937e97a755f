//! The contactor and the lock of a connector, as far as they say what they do.

use crate::core::station::actuator::{Actuator, Failure, Told};
use crate::core::{Ev, Feedback, Supply, Tuning};
use crate::time::Mono;
use crate::types::ChargePointErrorCode as Code;

/// Those that say whether they are closed; what does not is taken to obey.
#[derive(Clone, Debug)]
pub(crate) struct Actuators {
    contactor: Option<Actuator>,
    lock: Option<Actuator>,
}

/// What failed, or does not any more.
pub(crate) type News = (&'static str, Code, Option<Failure>);

impl Actuators {
    pub(crate) fn new(of: Feedback, tuning: &Tuning, now: Mono) -> Self {
        let contactor = Actuator::new(tuning.contactor_timeout, now);
        let lock = Actuator::new(tuning.lock_timeout, now);
        Self {
            contactor: of.contactor.then_some(contactor),
            lock: of.lock.then_some(lock),
        }
    }

    /// Whether the lock is closed, as far as it says so.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.as_ref().map_or(true, Actuator::is_closed)
    }

    pub(crate) const fn tells_of_lock(&self) -> bool {
        self.lock.is_some()
    }

    pub(crate) const fn tells_of_contactor(&self) -> bool {
        self.contactor.is_some()
    }

    /// Whether the contactor is known to be closed.
    pub(crate) fn is_live(&self) -> bool {
        self.contactor.as_ref().is_some_and(Actuator::is_closed)
    }

    /// Whether energy cannot flow yet, although it may, since the contactor is still open.
    pub(crate) fn is_still_open(&self) -> bool {
        self.tells_of_contactor() && !self.is_live()
    }

    /// Whether the contactor is about to open: it is still closed, and has time left to obey.
    pub(crate) fn is_opening(&self) -> bool {
        self.is_live() && !self.contactor.as_ref().is_some_and(Actuator::is_failing)
    }

    /// The lock is reported to be so; says whether that is of interest.
    pub(crate) fn on_lock(&mut self, closed: bool) -> bool {
        let lock = self.lock.as_mut();
        lock.map(|lock| lock.report(closed)).is_some()
    }

    /// The contactor is reported to be so; says whether that is of interest.
    pub(crate) fn on_contactor(&mut self, closed: bool, now: Mono) -> bool {
        let Some(contactor) = &mut self.contactor else {
            return false;
        };
        // It bounces, and one that is found closed after a restart is about to be opened. One that is only said
        // once more to be open has no more time to close.
        let before = contactor.report(closed);
        if before.is_none() || (before == Some(true) && !closed) {
            contactor.bear_with(now);
        }
        true
    }

    /// What a command, and the vehicle, want of them.
    pub(crate) fn tell(&mut self, supply: Supply, ev: Ev, now: Mono) {
        // Only a vehicle that asks for energy has the contactor closed (IEC 61851, state C).
        let told = match (supply.permit, ev) {
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

    /// What has come to fail, or does not fail any more. `runs`: a transaction does.
    pub(crate) fn check(&mut self, runs: bool, now: Mono) -> [Option<News>; 2] {
        let contactor = self.contactor.as_mut().and_then(|it| it.check(now, runs));
        let lock = self.lock.as_mut().and_then(|it| it.check(now, false));
        [
            contactor.map(|failed| ("contactor", Code::PowerSwitchFailure, failed)),
            lock.map(|failed| ("lock", Code::ConnectorLockFailure, failed)),
        ]
    }

    /// When they are to be checked again.
    pub(crate) fn due(&self, runs: bool) -> Option<Mono> {
        let contactor = self.contactor.as_ref().and_then(|it| it.due(runs));
        let lock = self.lock.as_ref().and_then(|it| it.due(false));
        contactor.into_iter().chain(lock).min()
    }
}
