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

mod effect;
mod input;
mod record;
mod setup;
mod units;

pub use effect::*;
pub use input::*;
pub use record::*;
pub use setup::*;
pub use units::*;
