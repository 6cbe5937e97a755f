//! What a restart would cost.

use crate::core::Standing;

/// What is going on, for a host that wants to restart the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// What would be cut short.
    pub standing: Standing,
    /// Messages that wait for delivery: they survive.
    pub queued: u64,
    /// Transactions that were given up and are kept: they survive.
    pub undelivered: u64,
    /// What should be on the disk is in memory: it fails, or there is none.
    pub storage_fails: bool,
}

/// What a restart now would cost, the worst of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It costs nobody anything.
    Free,
    /// Somebody who may charge, or whose tag is being asked about, would have to show it again.
    Waiting,
    /// A transaction would be interrupted.
    Session,
    /// What is in memory alone would be lost.
    Data,
}

impl Restart {
    /// What a restart now would cost.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        let standing = &self.standing;
        if self.storage_fails {
            Verdict::Data
        } else if standing.transactions > 0 {
            Verdict::Session
        } else if standing.permissions > 0 || standing.asked > 0 {
            Verdict::Waiting
        } else {
            Verdict::Free
        }
    }
}
