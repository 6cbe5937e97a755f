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

pub(crate) use limits::Installed;
pub use outlook::Outlook;
pub(crate) use profile::Profile;
pub(crate) use supply::{Offer, Offers};

use crate::time::Wall;

/// The second that an instant lies in.
pub(crate) const fn second(wall: Wall) -> i64 {
    wall.0.div_euclid(1000)
}
