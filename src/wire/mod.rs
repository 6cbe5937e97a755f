//! Text and types: the frames of OCPP-J 1.6 and every message of OCPP 1.6 and the security
//! whitepaper.
//!
//! [`parse_frame`] takes a text message apart. A request of the central system is then read by
//! [`read_request`], which says what to answer if the payload is wrong; an answer by [`hear`], which
//! takes what can be read. [`read`](read()) reads any message by its schema. [`call`], [`call_result`] and [`call_error`] write.

mod action;
mod answer;
mod decimal;
mod error;
mod frame;
mod json;
mod members;
mod messages;
mod payload;
mod read;
mod reader;
mod text;
mod timestamp;
mod types;
mod words;

pub use action::{read_request, Action, CentralRequest, Request};
pub use answer::{
    hear, Answer, BootAnswer, DataAnswer, Heard, HeartbeatAnswer, StartAnswer, TagAnswer,
};
pub use decimal::Tenths;
pub use error::{ErrorCode, Violation};
pub use frame::{call, call_error, call_result, parse_frame, Frame, FrameError, MessageId};
pub use members::{Enumeration, Members};
pub use messages::*;
pub use payload::Mode;
pub use read::{read, Read};
pub use text::{BoundedString, CiString, IdToken, TooLong};
pub use timestamp::{format_wall, parse_wall};
pub use types::*;
