//! What the host is told.

use crate::core::Notice;
use crate::time::Wall;

/// A text frame of OCPP-J, as the host may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFrame {
    /// Whether it was received, and not sent.
    pub received: bool,
    /// When, by the device's clock.
    pub at: Wall,
    /// What it says.
    pub text: String,
    /// Whether secrets in it were replaced by `***`.
    pub masked: bool,
    /// How many frames were lost right before it, because the host was behind.
    pub dropped: u64,
}

/// What the host gets out of [`ChargePoint::next`](crate::ChargePoint::next).
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine tells something.
    Notice(Notice),
    /// The database was damaged, was renamed, and a fresh one was started.
    StoreReplaced {
        /// Where the damaged one is now.
        kept_as: String,
        /// What was wrong with it.
        why: String,
    },
    /// A frame was received or sent, if the host wants to see them.
    Frame(SeenFrame),
    /// The library cannot go on: nothing comes after this, and nothing may be supplied any more.
    Fatal(String),
}
