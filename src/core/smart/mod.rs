//! Smart charging: who may draw how much, and when (`OCPP 1.6 §3.13`).
//!
//! Everything is exact: limits are whole tenths, time is whole seconds.

mod composite;
mod limits;
mod outlook;
mod profile;
mod requests;
mod share;
mod supply;
mod together;

pub(crate) use limits::Installed;
pub use outlook::Outlook;
pub(crate) use profile::Profile;
pub(crate) use supply::{Offer, Offers};

use crate::core::clock::Clock;
use crate::core::smart::profile::Instant;
use crate::time::{Mono, Wall};

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
