//! What is told of a status, and by which way: the standard does not know every step from one to another
//! (`OCPP 1.6 §4.9`).

use crate::core::station::Shown;
use crate::core::Stamp;
use crate::time::{Millis, Mono};
use crate::types::ChargePointStatus;

/// A status that was not heard is told again after that; the wait doubles each time, up to an hour or so.
const TOLD_AGAIN: Millis = Millis::from_secs(60);
const TOLD_AGAIN_DOUBLES: u32 = 6;

/// How a status gets to the central system.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    /// What is the case, and since when.
    current: Option<(Shown, Stamp, Mono)>,
    /// What the central system was told last; `None` before the first time.
    told: Option<Shown>,
    /// It is not certain that it heard: it is told again then.
    unheard: Option<Mono>,
    /// How often in a row it did not hear, or did not want to.
    misses: u32,
}

impl Reports {
    /// What is the case now; returns it if status or error are others than before.
    pub(super) fn note(&mut self, shown: Shown, at: Stamp, now: Mono) -> Option<&Shown> {
        let known = self.current.as_ref().map(|(known, ..)| known);
        if known == Some(&shown) {
            return None;
        }
        let known = known.map(|known| (known.status, known.error));
        let news = known != Some((shown.status, shown.error));
        let (shown, ..) = self.current.insert((shown, at, now));
        news.then_some(&*shown)
    }

    /// What is told now, if there is anything to tell.
    pub(super) fn tell(&mut self) -> Option<(Shown, Stamp)> {
        let next = self.next()?;
        self.told = Some(next.0.clone());
        self.unheard = None;
        Some(next)
    }

    /// What is told now although nothing changed.
    pub(super) fn repeat(&mut self) -> Option<(Shown, Stamp)> {
        let next = self.tell();
        next.or_else(|| {
            let (shown, since, _) = self.current.as_ref()?;
            Some((shown.clone(), *since))
        })
    }

    /// Whether the central system was told of what is the case.
    pub(super) fn is_told(&self) -> bool {
        self.told.as_ref() == self.current.as_ref().map(|(shown, ..)| shown)
    }

    // rules: 46
    /// When a status that changed has lasted so long and is told, or one that was not heard is told again.
    pub(super) fn due(&self, lasting: impl FnOnce() -> Millis) -> Option<Mono> {
        let (current, _, since) = self.current.as_ref()?;
        let told = self.told.as_ref()?;
        if told == current {
            return self.unheard;
        }
        Some(*since + lasting())
    }

    /// It is told again as soon as it can be.
    pub(super) fn got_lost(&mut self, now: Mono) {
        self.unheard = Some(now);
    }

    /// It is told again after a wait that grows.
    pub(super) fn went_unheard(&mut self, now: Mono) {
        let wait = Millis(TOLD_AGAIN.0 << self.misses.min(TOLD_AGAIN_DOUBLES));
        self.misses = self.misses.saturating_add(1);
        self.unheard = Some(now + wait);
    }

    /// The central system took it in.
    pub(super) fn was_heard(&mut self) {
        self.misses = 0;
    }

    /// There is no reason to wait with what was not heard.
    pub(super) fn hurry(&mut self, now: Mono) {
        self.misses = 0;
        self.unheard = self.unheard.map(|_| now);
    }

    /// It is told anew.
    pub(super) fn forget(&mut self) {
        self.told = None;
    }

    /// The clock is right for the first time.
    pub(super) fn correct(&mut self, step: i64) {
        if let Some((_, since, _)) = &mut self.current {
            since.correct(step);
        }
    }

    /// What to tell the central system next to get from what it was told to what is the case,
    /// through a status between if the standard knows no direct way (`OCPP 1.6 §4.9`).
    fn next(&self) -> Option<(Shown, Stamp)> {
        let (current, since, _) = self.current.as_ref()?;
        let Some(told) = &self.told else {
            return Some((current.clone(), *since));
        };
        if told == current {
            return self.unheard.map(|_| (current.clone(), *since));
        }
        let shown = match way(told.status, current.status) {
            None => current.clone(),
            Some(between) => Shown::of(between, None),
        };
        Some((shown, *since))
    }
}

/// The status to report between two others, if the table of transitions has no direct way.
fn way(from: ChargePointStatus, to: ChargePointStatus) -> Option<ChargePointStatus> {
    use ChargePointStatus::{Available, Finishing, Preparing};
    if from == to || may_follow(from, to) {
        return None;
    }
    [Preparing, Available, Finishing]
        .into_iter()
        .find(|&via| may_follow(from, via) && may_follow(via, to))
}

// rules: 38
/// The table of transitions (`OCPP 1.6 §4.9`).
fn may_follow(from: ChargePointStatus, to: ChargePointStatus) -> bool {
    use ChargePointStatus as S;
    match from {
        S::Available => to != S::Available && to != S::Finishing,
        S::Preparing => !matches!(to, S::Preparing | S::Reserved | S::Unavailable),
        S::Charging => !matches!(to, S::Charging | S::Preparing | S::Reserved),
        S::SuspendedEV => !matches!(to, S::SuspendedEV | S::Preparing | S::Reserved),
        S::SuspendedEVSE => !matches!(to, S::SuspendedEVSE | S::Preparing | S::Reserved),
        S::Finishing | S::Reserved => {
            matches!(
                to,
                S::Available | S::Preparing | S::Unavailable | S::Faulted
            )
        }
        S::Unavailable => !matches!(to, S::Unavailable | S::Finishing | S::Reserved),
        S::Faulted => to != S::Faulted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Wall;
    use ChargePointStatus as S;

    // rules: 38
    #[test]
    fn every_status_can_be_reached_from_every_other_by_legal_steps() {
        for &from in S::ALL {
            for &to in S::ALL {
                let Some(via) = way(from, to) else {
                    assert!(from == to || may_follow(from, to), "{from:?} -> {to:?}");
                    continue;
                };
                assert!(
                    may_follow(from, via) && may_follow(via, to),
                    "{from:?} -> {to:?}"
                );
            }
        }
    }

    // rules: 38
    #[test]
    fn reserved_goes_to_charging_through_preparing() {
        assert_eq!(way(S::Reserved, S::Charging), Some(S::Preparing));
        assert_eq!(way(S::Preparing, S::Reserved), Some(S::Available));
        assert_eq!(way(S::Finishing, S::Charging), Some(S::Preparing));
    }

    // rules: 46
    #[test]
    fn nothing_is_reported_when_the_status_returned_to_what_was_told() {
        let shown = Shown::of(S::Available, None);
        let stamp = Stamp {
            wall: Wall(0),
            synced: true,
        };
        let current = Some((shown.clone(), stamp, Mono(0)));
        assert_eq!(
            Reports {
                current,
                told: Some(shown),
                unheard: None,
                misses: 0,
            }
            .next(),
            None
        );
    }
}
