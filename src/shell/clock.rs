//! The clocks of the process.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use once_cell::sync::Lazy;

use crate::time::{Mono, Now, Wall};

/// The clocks that a charge point lives by.
#[derive(Clone)]
pub(crate) enum Clock {
    /// Those of the process.
    System,
    /// Those of a world of the test kit.
    #[cfg(feature = "testkit")]
    Virtual(std::sync::Arc<VirtualClock>),
}

impl Clock {
    /// The time by both clocks.
    pub(crate) fn now(&self) -> Now {
        match self {
            Self::System => now(),
            #[cfg(feature = "testkit")]
            Self::Virtual(clock) => clock.now(),
        }
    }
}

/// Two clocks that stand still until they are told to move.
#[cfg(feature = "testkit")]
pub(crate) struct VirtualClock(parking_lot::Mutex<Now>);

#[cfg(feature = "testkit")]
impl VirtualClock {
    /// At the beginning of a world.
    pub(crate) fn new(wall: Wall) -> Self {
        let mono = Mono(0);
        Self(parking_lot::Mutex::new(Now { mono, wall }))
    }

    /// What they show.
    pub(crate) fn now(&self) -> Now {
        *self.0.lock()
    }

    /// Both go on until the monotonic one shows that time.
    pub(crate) fn pass_to(&self, at: Mono) {
        let mut now = self.0.lock();
        let span = at.since(now.mono);
        now.wall = now.wall.offset(i64::try_from(span.0).unwrap_or(i64::MAX));
        now.mono = now.mono + span;
    }

    /// The wall clock is set.
    pub(crate) fn set_wall(&self, wall: Wall) {
        self.0.lock().wall = wall;
    }
}

/// Where the monotonic clock of this process begins, for us.
static BEGINNING: Lazy<Instant> = Lazy::new(Instant::now);

/// The time by both clocks.
pub(crate) fn now() -> Now {
    let beginning = *BEGINNING;
    let run = Instant::now().saturating_duration_since(beginning);
    let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    Now {
        mono: Mono(u64::try_from(run.as_millis()).unwrap_or(u64::MAX)),
        wall: Wall(wall),
    }
}

/// The instant at which the monotonic clock shows a time. Instants are finer than our
/// milliseconds: it is the end of that millisecond that is meant, never an instant before it.
pub(crate) fn instant(at: Mono) -> Instant {
    let beginning = *BEGINNING;
    let far = || beginning + Duration::from_secs(3_155_760_000);
    beginning
        .checked_add(Duration::from_millis(at.0))
        .unwrap_or_else(far)
}
