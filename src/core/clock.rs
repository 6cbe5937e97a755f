//! The charge point's own clock: what time it says, and how sure it is.

use crate::core::Stamp;
use crate::time::{Mono, Now, Wall};

/// No time before this one is right: the library was built then, by `SOURCE_DATE_EPOCH` of the
/// build (seconds since 1970), or else at some time after this.
pub(crate) const BUILT: Wall = match option_env!("SOURCE_DATE_EPOCH") {
    Some(seconds) => built(seconds, Wall(1_767_225_600_000)),
    None => Wall(1_767_225_600_000),
};

/// Seconds as a time, unless that is before another or no number.
const fn built(seconds: &str, least: Wall) -> Wall {
    let digits = seconds.as_bytes();
    let (mut at, mut millis) = (0, 0_i64);
    while at < digits.len() {
        if !digits[at].is_ascii_digit() || digits.len() > 11 {
            return least;
        }
        millis = millis * 10 + (digits[at] - b'0') as i64 * 1000;
        at += 1;
    }
    if millis > least.0 {
        Wall(millis)
    } else {
        least
    }
}

/// A wall clock that runs on the monotonic one, so that nobody can make it jump but
/// [`Clock::set`]. Before it is first set it shows what the device's clock showed at the start, but
/// no time before the newest that is stored: many a device begins in 1970 each time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    anchor: Now,
    synced: bool,
    /// The device's clock showed a time at the start that was over already.
    behind: bool,
    /// How far the device's clock was off when ours was set last, in milliseconds.
    offset: i64,
}

impl Clock {
    pub(crate) fn new(now: Now, newest: Option<Wall>) -> Self {
        let wall = newest.map_or(now.wall, |newest| newest.max(now.wall));
        Self {
            anchor: Now { wall, ..now },
            synced: false,
            behind: wall > now.wall,
            offset: 0,
        }
    }

    /// The time at a moment.
    pub(crate) fn wall(&self, at: Mono) -> Wall {
        let run = i64::try_from(at.since(self.anchor.mono).0).unwrap_or(i64::MAX);
        self.anchor.wall.offset(run)
    }

    /// The time at a moment, with what is to be known of it later.
    pub(crate) fn stamp(&self, at: Mono) -> Stamp {
        Stamp {
            wall: self.wall(at),
            synced: self.synced,
        }
    }

    /// Sets the clock, and says by how much everything stamped so far was wrong if this is the
    /// first time (`OCPP 1.6 §4.2`: "it is RECOMMENDED to synchronize").
    pub(crate) fn set(&mut self, now: Now, right: Wall) -> Option<i64> {
        let step = right.0.saturating_sub(self.wall(now.mono).0);
        let first = !self.synced;
        self.anchor = Now {
            mono: now.mono,
            wall: right,
        };
        self.synced = true;
        self.behind = false;
        self.offset = right.0.saturating_sub(now.wall.0);
        first.then_some(step)
    }

    /// Whether a central system or the host has said what time it is.
    pub(crate) const fn is_synced(&self) -> bool {
        self.synced
    }

    /// Whether it is later than it shows, nobody knows by how much.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind
    }

    pub(crate) const fn offset(&self) -> i64 {
        self.offset
    }
}

impl Stamp {
    /// Corrects a time that was stamped before the clock was first set; says whether it was.
    pub(crate) fn correct(&mut self, step: i64) -> bool {
        let wrong = !self.synced;
        if wrong {
            self.wall = self.wall.offset(step);
            self.synced = true;
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now {
        mono: Mono(5_000),
        wall: Wall(1_000_000),
    };

    // rules: 30
    #[test]
    fn the_first_setting_says_how_wrong_earlier_stamps_were() {
        let mut clock = Clock::new(START, None);
        let mut stamp = clock.stamp(Mono(6_000));
        let step = clock.set(
            Now {
                mono: Mono(7_000),
                wall: Wall(1_002_000),
            },
            Wall(9_002_000),
        );
        assert_eq!(step, Some(8_000_000));
        stamp.correct(8_000_000);
        assert_eq!(
            stamp,
            Stamp {
                wall: Wall(9_001_000),
                synced: true
            }
        );
    }

    #[test]
    fn later_settings_correct_nothing_that_was_stamped_before() {
        let mut clock = Clock::new(START, None);
        clock.set(START, Wall(2_000_000));
        assert_eq!(clock.set(START, Wall(3_000_000)), None);
        assert_eq!(clock.wall(Mono(6_000)), Wall(3_001_000));
    }

    // rules: 29
    #[test]
    fn a_step_of_the_device_clock_does_not_move_ours() {
        let clock = Clock::new(START, None);
        assert_eq!(clock.wall(Mono(15_000)), Wall(1_010_000));
    }

    #[test]
    fn time_does_not_begin_before_the_newest_that_is_stored() {
        let begun = |newest| Clock::new(START, newest).wall(Mono(6_000));
        assert_eq!(begun(Some(Wall(9_000_000))), Wall(9_001_000));
        assert_eq!(begun(Some(Wall(1_000))), Wall(START.wall.0 + 1_000));
    }

    #[test]
    fn the_date_of_the_build_is_seconds_or_else_the_least() {
        let least = Wall(1_000_000);
        assert_eq!(built("1800000000", least), Wall(1_800_000_000_000));
        for bad in ["", "now", "-5", "999", "99999999999999999999"] {
            assert_eq!(built(bad, least), least, "{bad}");
        }
    }
}
