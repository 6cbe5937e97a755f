//! The instants at which meters are read: each interval from the start of a session, and each
//! interval from midnight on (`OCPP 1.6 §3.16`).

use crate::time::{Millis, Mono, Wall};

const DAY_MS: i64 = 86_400_000;

/// The next of the instants `due + k * interval` that is still to come.
pub(crate) fn next_on_grid(due: Mono, interval: Millis, now: Mono) -> Option<Mono> {
    if interval.0 == 0 {
        return None;
    }
    let missed = now.since(due).0 / interval.0;
    Some(due + Millis(interval.0.saturating_mul(missed + 1)))
}

// rules: 74
/// The next multiple of the interval since midnight (UTC); each midnight begins anew.
pub(crate) fn next_aligned(now: Wall, interval: Millis) -> Option<Wall> {
    let interval = i64::try_from(interval.0).ok().filter(|ms| *ms > 0)?;
    let midnight = now.0.div_euclid(DAY_MS).checked_mul(DAY_MS)?;
    let next = ((now.0 - midnight) / interval + 1).saturating_mul(interval);
    Some(Wall(midnight.checked_add(next.min(DAY_MS))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 73
    #[test]
    fn missed_samples_are_skipped_and_the_grid_is_kept() {
        let next = |now| next_on_grid(Mono(1_000), Millis(500), Mono(now));
        assert_eq!(next(1_000), Some(Mono(1_500)));
        assert_eq!(next(2_700), Some(Mono(3_000)));
        assert_eq!(next_on_grid(Mono(1_000), Millis(0), Mono(1_000)), None);
    }

    // rules: 74
    #[test]
    fn the_clock_aligned_grid_begins_at_midnight_each_day() {
        let next = |now, secs| next_aligned(Wall(now), Millis::from_secs(secs)).map(|wall| wall.0);
        assert_eq!(next(0, 900), Some(900_000));
        assert_eq!(next(900_000, 900), Some(1_800_000));
        assert_eq!(next(DAY_MS - 1, 900), Some(DAY_MS));
        // 7 hours do not divide a day: the last piece is shorter.
        assert_eq!(next(22 * 3_600_000, 7 * 3_600), Some(DAY_MS));
        assert_eq!(next(DAY_MS, 7 * 3_600), Some(DAY_MS + 7 * 3_600_000));
        assert_eq!(next(-1, 60), Some(0));
        assert_eq!(next(5, 0), None);
    }
}
