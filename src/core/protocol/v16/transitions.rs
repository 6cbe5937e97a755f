//! What is told of a status, and by which way: the standard does not know every step from one to another
//! (`OCPP 1.6 §4.9`).

use crate::core::station::Shown;
use crate::core::Stamp;
use crate::time::Mono;
use crate::types::ChargePointStatus;

/// How a status gets to the central system.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    /// What is the case, and since when.
    pub(super) current: Option<(Shown, Stamp, Mono)>,
    /// What the central system was told last; `None` before the first time.
    pub(super) told: Option<Shown>,
    /// It is not certain that it heard: it is told again then.
    pub(super) unheard: Option<Mono>,
    /// How often in a row it did not hear, or did not want to.
    pub(super) misses: u32,
}

impl Reports {
    /// What to tell the central system next to get from what it was told to what is the case,
    /// through a status between if the standard knows no direct way (`OCPP 1.6 §4.9`).
    pub(super) fn next(&self) -> Option<(Shown, Stamp)> {
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
