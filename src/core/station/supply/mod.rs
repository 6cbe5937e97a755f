//! Smart charging: who may draw how much, and when (`OCPP 1.6 §3.13`).
//!
//! Everything is exact: limits are whole tenths, time is whole seconds.

mod absence;
mod command;
mod composite;
mod instant;
mod limits;
mod listed;
mod local;
mod offer;
mod offers;
mod outlook;
mod own;
#[cfg(feature = "net")]
mod own_profiles;
mod profile;
mod profiles;
mod share;
mod terms;
mod together;
mod turns;

pub(crate) use composite::Composite;
pub(crate) use limits::Installed;
pub use listed::ListedProfile;
pub(crate) use local::LocalLimits;
pub(crate) use offer::{Offer, Offers};
pub use outlook::Outlook;
#[cfg(feature = "net")]
pub(crate) use own_profiles::OwnProfiles;
pub(crate) use profile::Profile;
pub(crate) use turns::Turns;
