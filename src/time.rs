//! Time as the library knows it: numbers that come in with each input.
//!
//! [`Mono`] never jumps and drives the timers; [`Wall`] is what clocks on walls show and goes into
//! messages. Keeping them apart is what lets a clock be set by hours without firing or starving a
//! timer.

use core::ops::{Add, Sub};

/// Milliseconds on a clock that never goes back, from an arbitrary beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

/// Milliseconds since 1970-01-01T00:00:00Z, as far as the one who says it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub i64);

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// The time at which an input happened, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For timers.
    pub mono: Mono,
    /// For timestamps: the device's own clock, right or wrong.
    pub wall: Wall,
}

impl Millis {
    /// A span of whole seconds. Saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }
}

impl Mono {
    /// How long it is since `earlier`; zero if that is still to come.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Millis> for Mono {
    type Output = Self;

    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Millis> for Mono {
    type Output = Self;

    fn sub(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Wall {
    /// This time, moved by `millis`; saturates at the ends.
    #[must_use]
    pub const fn offset(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
