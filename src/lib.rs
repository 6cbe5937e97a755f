#![doc = include_str!("../README.md")]

#[cfg(feature = "net")]
mod charge_point;
pub mod core;
#[cfg(feature = "net")]
mod error;
#[cfg(feature = "capi")]
mod ffi;
#[cfg(feature = "testkit")]
mod kit;
#[cfg(feature = "net")]
mod mailbox;
#[cfg(feature = "net")]
mod shell;
pub mod store;
pub mod time;
pub mod types;
pub mod wire;

#[cfg(feature = "net")]
pub use charge_point::{ChargePoint, FaultRank, Options, Signal, Storage};
#[cfg(feature = "net")]
pub use error::Error;
#[cfg(feature = "net")]
pub use mailbox::{Event, Restart, SeenFrame, Stats, Verdict, Wake};
/// What waits between the host and the engine, for simulations: not part of the promise.
#[cfg(feature = "net")]
#[doc(hidden)]
pub use mailbox::{Inbox, Mail, Outbox, Stops};
#[cfg(feature = "net")]
pub use shell::{log_identity, NetworkProfile, TlsOptions};
