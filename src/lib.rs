//! The charge point side of OCPP 1.6-J.

pub mod time;
pub mod wire;
