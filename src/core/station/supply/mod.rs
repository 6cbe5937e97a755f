//! Smart charging: who may draw how much, and when (`OCPP 1.6 §3.13`).
//!
//! Everything is exact: limits are whole tenths, time is whole seconds.

mod command;
mod composite;
mod instant;
mod limits;
mod local;
mod offer;
mod offers;
mod outlook;
mod profile;
mod profiles;
mod share;
mod terms;
mod together;

pub(crate) use composite::Composite;
pub(crate) use limits::Installed;
pub(crate) use local::LocalLimits;
pub(crate) use offer::{Offer, Offers};
pub use outlook::Outlook;
pub(crate) use profile::Profile;
