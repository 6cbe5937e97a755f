//! The frames of OCPP-J, and how a payload is read by its schema: the same for every message.
//!
//! [`parse_frame`] takes a text message apart; [`read`](read()) reads a payload; [`call`], [`call_result`] and
//! [`call_error`] write.

mod error;
mod frame;
mod members;
mod payload;
mod read;
mod reader;
mod syntax;

pub use error::{ErrorCode, Violation};
pub use frame::{call, call_error, call_result, parse_frame, Frame, FrameError, MessageId};
#[cfg(test)]
pub(crate) use members::NO_TIME_BEFORE;
pub use members::{Enumeration, Members};
pub use payload::Mode;
pub use read::{read, Read};
