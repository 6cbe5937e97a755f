//! What obeys a command, and says whether it does: a contactor, a lock.

use crate::time::{Millis, Mono};

/// How one does not obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    StaysOpen,
    StaysClosed,
}

/// What one is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Open,
    Closed,
    /// It may be either.
    Free,
}

impl Told {
    pub(crate) const fn closed(closed: bool) -> Self {
        match closed {
            true => Self::Closed,
            false => Self::Open,
        }
    }
}

/// A contactor or a lock whose position is reported.
#[derive(Clone, Debug)]
pub(crate) struct Actuator {
    /// How long it may take to obey.
    timeout: Millis,
    /// As it was reported last; `None`: nothing is known since the start.
    closed: Option<bool>,
    told: Told,
    /// Its time to obey counts from here.
    since: Mono,
    failed: Option<Failure>,
}

impl Actuator {
    pub(crate) const fn new(timeout: Millis, now: Mono) -> Self {
        Self {
            timeout,
            closed: None,
            told: Told::Open,
            since: now,
            failed: None,
        }
    }

    /// Whether it is known to be closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed == Some(true)
    }

    pub(crate) const fn is_failing(&self) -> bool {
        self.failed.is_some()
    }

    /// It is told to be so. What it is told again it has no more time for.
    pub(crate) fn tell(&mut self, told: Told, now: Mono) {
        if std::mem::replace(&mut self.told, told) != told {
            self.since = now;
        }
    }

    /// It is reported to be so; returns what was known before.
    pub(crate) fn report(&mut self, closed: bool) -> Option<bool> {
        self.closed.replace(closed)
    }

    /// Its time to obey begins now.
    pub(crate) fn bear_with(&mut self, now: Mono) {
        self.since = now;
    }

    /// In what it is not as it was told to be.
    fn deviates(&self) -> Option<Failure> {
        match (self.told, self.closed) {
            (Told::Closed, None | Some(false)) => Some(Failure::StaysOpen),
            (Told::Open, Some(true)) => Some(Failure::StaysClosed),
            _ => None,
        }
    }

    /// Whether its failure goes on. `tried`: one that does not close is told to be open from then on, and has
    /// not become better by that.
    fn lasts(&self, tried: bool) -> bool {
        let stays_open = self.failed == Some(Failure::StaysOpen) && !self.is_closed();
        self.failed == self.deviates() || (tried && stays_open)
    }

    /// Whether it fails now. If that is news, how, or that it does not any more.
    pub(crate) fn check(&mut self, now: Mono, tried: bool) -> Option<Option<Failure>> {
        if self.failed.is_some() && self.lasts(tried) {
            return None;
        }
        let overdue = self.since + self.timeout <= now;
        let failed = self.deviates().filter(|_| overdue);
        let before = std::mem::replace(&mut self.failed, failed);
        (before != failed).then_some(failed)
    }

    /// When it is to be checked again.
    pub(crate) fn due(&self, tried: bool) -> Option<Mono> {
        match self.failed {
            Some(_) if self.lasts(tried) => None,
            Some(_) => Some(self.since),
            None => self.deviates().map(|_| self.since + self.timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Millis = Millis(1_000);

    #[test]
    fn one_has_its_time_to_obey_from_the_command_on_and_none_after_it() {
        let mut lock = Actuator::new(SECOND, Mono(0));
        lock.tell(Told::Closed, Mono(5_000));
        lock.tell(Told::Closed, Mono(5_900));
        assert_eq!(lock.due(false), Some(Mono(6_000)));
        assert_eq!(lock.check(Mono(5_999), false), None);
        let failed = Some(Some(Failure::StaysOpen));
        assert_eq!(lock.check(Mono(6_000), false), failed);
        assert_eq!(
            (lock.check(Mono(7_000), false), lock.due(false)),
            (None, None)
        );
        lock.report(true);
        assert_eq!(lock.check(Mono(7_000), false), Some(None));
        lock.report(false);
        assert_eq!(lock.check(Mono(7_000), false), failed);
    }

    #[test]
    fn one_that_did_not_close_has_failed_until_it_does_or_nobody_wants_it() {
        let mut contactor = Actuator::new(SECOND, Mono(0));
        contactor.tell(Told::Closed, Mono(0));
        assert!(contactor.check(Mono(1_000), true).is_some());
        contactor.tell(Told::Open, Mono(1_000));
        contactor.report(false);
        assert_eq!(contactor.check(Mono(9_000), true), None);
        assert_eq!(contactor.due(true), None);
        assert!(contactor.due(false).is_some());
        assert_eq!(contactor.check(Mono(9_000), false), Some(None));
    }

    #[test]
    fn of_one_that_says_nothing_it_is_only_known_that_it_is_not_closed() {
        let mut contactor = Actuator::new(SECOND, Mono(0));
        assert_eq!(contactor.check(Mono(9_000), false), None);
        contactor.tell(Told::Free, Mono(9_000));
        assert_eq!(contactor.due(false), None);
    }
}
