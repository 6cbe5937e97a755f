//! How a connection stands.

use crate::time::Mono;

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no network, or the host is about to restart or to stop us: nothing is tried.
    Idle,
    /// Trying again at that time.
    Waiting(Mono),
    /// An attempt is under way.
    Connecting,
    /// The WebSocket stands.
    Up(Ping),
}

/// How the pings of a connection stand (`OCPP 1.6 §9.1.34`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ping {
    /// None is on its way; the time of the last sign, from which the interval counts.
    Quiet(Mono),
    /// One was sent, and its answer is awaited until that time.
    Sent(Mono),
}

/// A connection that we end ourselves while the central system is there, for a new password or profile.
/// Whoever gave the order has its answer for a moment before, no answer to us is cut off, and the central
/// system has time to see that we are gone, and to take in what it ordered, before we come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It was ordered; what is to be stored and answered first may take its time.
    Ordered,
    /// The answer has been out since then.
    Answered(Mono),
}
