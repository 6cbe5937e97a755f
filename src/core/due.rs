//! What the engine is to come back for.

/// Why [`Engine::deadline`](crate::core::Engine::deadline) is when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The next attempt to connect.
    Reconnect,
    /// A ping is due.
    Ping,
    /// The answer to a ping is overdue.
    Pong,
    /// BootNotification is due again.
    Boot,
    /// A heartbeat is due.
    Heartbeat,
    /// The answer to a call is overdue.
    Call,
    /// A transaction message is tried again.
    Retry,
    /// The firmware's answer is overdue.
    Question,
    /// ConnectionTimeOut.
    Connection,
    /// A charging limit may change.
    Limit,
    /// The vehicle had time enough to react to an offer.
    Reaction,
    /// A status has lasted long enough to be told.
    Status,
    /// A contactor or a lock had time enough to obey.
    Feedback,
    /// The engine asks whether the host has dispatched: hand in [`Input::Host`](crate::core::Input).
    Host,
    /// A sample of the meter is due.
    Sample,
    /// Readings have to be stored.
    Commit,
    /// A reset does not wait any longer.
    Reset,
    /// Transactions that were given up are delivered again.
    Redelivery,
    /// A connection is to be closed, and made anew with another password.
    Renewal,
}
