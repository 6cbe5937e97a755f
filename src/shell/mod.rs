//! The I/O shell: it carries out what the engine decides, and decides nothing.

#[cfg(feature = "tls")]
mod certificate;
mod clock;
mod controller;
mod driver;
mod endpoint;
#[cfg(test)]
mod endpoint_tests;
mod flag;
mod frames;
mod handshake;
#[cfg(feature = "tls")]
mod issuers;
mod masking;
mod names;
mod network_profile;
mod panics;
mod proxy;
mod reach;
mod socket;
mod speaker;
mod thread;
#[cfg(feature = "tls")]
mod tls;
mod tls_options;
#[cfg(feature = "tls")]
mod verifier;
#[cfg(feature = "tls")]
mod version_1;

#[cfg(feature = "testkit")]
pub(crate) use clock::VirtualClock;
pub(crate) use clock::{instant, now, Clock};
#[cfg(feature = "testkit")]
pub(crate) use controller::{Controller, Surroundings, Taken};
pub(crate) use driver::Driver;
pub(crate) use endpoint::Endpoint;
pub(crate) use flag::Flag;
pub(crate) use names::Names;
pub use network_profile::NetworkProfile;
#[cfg(feature = "capi")]
pub(crate) use panics::text_of;
pub use speaker::log_identity;
pub(crate) use speaker::Speaker;
pub(crate) use thread::Thread;
pub use tls_options::TlsOptions;
