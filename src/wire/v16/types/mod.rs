//! What messages are made of: OCPP 1.6 §7, and the security whitepaper §6.

mod authorization;
mod charging;
mod metering;
mod security;
mod status;

pub use authorization::*;
pub use charging::*;
pub use metering::*;
pub use security::*;
pub use status::*;
