//! What the host is told.

use crate::core::Notice;

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
    /// The library cannot go on: nothing comes after this, and nothing may be supplied any more.
    Fatal(String),
}
