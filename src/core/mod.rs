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

mod change;
mod claim;
mod clock;
mod due;
mod effect;
mod engine;
mod hardware;
mod input;
mod ledger;
mod link;
mod local_limit;
mod message_ids;
mod network;
mod output;
mod parting;
mod protocol;
mod purposes;
mod question;
mod record;
mod settings;
mod setup;
mod setup_error;
mod standing;
mod station;
mod tuning;
mod units;

pub use change::*;
pub use claim::*;
pub use due::Due;
pub use effect::*;
pub use engine::{Counters, Engine};
pub use hardware::*;
pub use input::*;
pub use local_limit::*;
pub use network::*;
pub use protocol::read_profile;
pub use purposes::Purposes;
pub use question::*;
pub use record::*;
#[cfg(feature = "net")]
pub(crate) use settings::Settings;
pub use settings::{
    BadValue, DeclaredKey, Key, KeyRow, ListedKey, OwnValues, Quantity, Rights, KEYS,
};
pub use setup::*;
pub use setup_error::SetupError;
pub use standing::Standing;
#[cfg(feature = "net")]
pub(crate) use station::OwnProfiles;
pub use station::{ListedProfile, Outlook};
pub use tuning::{AfterPowerLoss, TemperatureUnit, Tuning, TuningError};
pub use units::*;
