//! The time in smart charging: whole seconds.

use crate::core::clock::Clock;
use crate::time::{Mono, Wall};

/// When a profile is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// The second.
    pub(crate) t: i64,
    /// The clock is known to be behind: what lies ahead may have begun, and counts as begun.
    pub(crate) behind: bool,
}

impl Instant {
    /// Another second, by the same clock.
    pub(crate) const fn at(self, t: i64) -> Self {
        Self { t, ..self }
    }
}

impl Clock {
    /// When profiles are asked that are asked at that moment.
    pub(crate) fn instant(&self, at: Mono) -> Instant {
        Instant {
            t: second(self.wall(at)),
            behind: self.is_behind(),
        }
    }
}

/// The second that an instant lies in.
pub(crate) const fn second(wall: Wall) -> i64 {
    wall.0.div_euclid(1000)
}
