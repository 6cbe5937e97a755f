//! The clocks of the process.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use once_cell::sync::Lazy;

use crate::time::{Mono, Now, Wall};

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
