//! Text: the frames of OCPP-J, and the messages in them.

pub mod json;
pub mod v16;
