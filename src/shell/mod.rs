//! The I/O shell: it carries out what the engine decides, and decides nothing.

mod driver;
mod endpoint;
mod handshake;
#[cfg(feature = "tls")]
mod issuers;
mod names;
mod socket;
mod thread;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod verifier;
#[cfg(feature = "tls")]
mod version_1;

pub(crate) use driver::Driver;
pub(crate) use endpoint::Endpoint;
pub(crate) use thread::Thread;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
    let far = || beginning + std::time::Duration::from_secs(3_155_760_000);
    beginning
        .checked_add(std::time::Duration::from_millis(at.0))
        .unwrap_or_else(far)
}
