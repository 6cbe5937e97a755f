//! Every message of OCPP 1.6 and of the security whitepaper.
//!
//! A request of the central system is read by [`read_request`], which says what to answer if the payload is
//! wrong; an answer by [`hear`], which takes what can be read.

mod action;
mod answer;
// rules: 15
mod messages;
mod types;

pub use action::{read_request, Action, CentralRequest, Request};
pub use answer::{
    hear, Answer, BootAnswer, DataAnswer, Heard, HeartbeatAnswer, StartAnswer, TagAnswer,
};
pub use messages::*;
pub use types::*;
