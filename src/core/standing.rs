//! What a restart would cut short.

/// What is going on that a restart would cut short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Transactions that are running, or wait for their last reading.
    pub transactions: u32,
    /// Those who may charge, and whose transaction has not begun.
    pub permissions: u32,
    /// Tags that the central system is being asked about.
    pub asked: u32,
    /// Readings are in memory alone, until the next of them are stored or the host stops us.
    pub unsaved: bool,
    /// Nothing new is begun, since the host wants it so.
    pub draining: bool,
    /// A reset is under way.
    pub resetting: bool,
}
