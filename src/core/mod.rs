//! The protocol engine: it decides, and does nothing else.
//!
//! No clock, thread, socket, file or randomness is in here. Time comes in with each input, what
//! must happen comes out as effects. The one rule for whoever drives it:
//!
//! > After each [`Engine::handle`], carry out every effect that [`Engine::poll`] returns, in
//! > order, before the next `handle`; then come back at [`Engine::deadline`].
//!
//! Order is meaning: an [`Effect::Store`] is durable before the effects behind it are carried
//! out, so that a power cut at any instant loses nothing that was sent or told.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod authorize;
mod boot;
mod cache;
mod clock;
mod configuration;
mod connector;
mod delivery;
mod effect;
mod engine;
mod faults;
mod feature_profiles;
mod grid;
mod input;
mod ledger;
mod link;
mod message_ids;
mod meter;
mod metering;
mod output;
mod permission;
mod power;
mod questions;
mod record;
mod requests;
mod reset;
mod sampling;
mod session;
mod settings;
mod setup;
mod smart;
mod status;
mod traffic;
mod tuning;
mod units;

pub use effect::*;
pub use engine::{Counters, Due, Engine};
pub use input::*;
pub use record::*;
#[cfg(feature = "net")]
pub(crate) use settings::Settings;
pub use settings::{BadValue, Key, KeyRow, Quantity, Rights, KEYS};
pub use setup::*;
pub use smart::Outlook;
pub use tuning::{AfterPowerLoss, TemperatureUnit, Tuning, TuningError};
pub use units::*;
