//! Smart charging: who may draw how much, and when (`OCPP 1.6 §3.13`).
//!
//! Everything is exact: limits are whole tenths, time is whole seconds.

mod command;
mod composite;
mod limits;
mod offers;
mod outlook;
mod profile;
mod profiles;
mod share;
mod together;

pub(crate) use composite::Composite;
pub(crate) use limits::Installed;
pub(crate) use offers::{Offer, Offers};
pub use outlook::Outlook;
pub(crate) use profile::Profile;

use crate::core::clock::Clock;
use crate::core::station::supply::profile::Instant;
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
