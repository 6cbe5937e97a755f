//! Who wants what of the charger, and what keeps it from it.

use crate::core::Place;
use crate::types::IdToken;

/// Somebody who wants something, by a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The tag.
    pub tag: IdToken,
    /// Who brought it.
    pub by: AskedBy,
    /// The connector that it was shown at or meant for; the charge point if that is several, or all.
    pub reader: Place,
}

/// Who brought a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// Somebody who showed it at a reader.
    Reader,
    /// The central system, by a remote start.
    CentralSystem,
    /// The charger itself ([`Act::StartTx`](crate::core::Act)).
    Host,
    /// Nobody: a vehicle was plugged in while the key FreeCharging is set.
    FreeCharging,
}

/// What a tag does, or was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Start a transaction.
    Start,
    /// Stop one: its own, or that of its group.
    Stop,
    /// Get a cable out that is kept for it or its group.
    Unlock,
    /// Take back the permission that it had, before anything was plugged in.
    TakeBack,
}

/// What keeps a tag from what it was to do, where OCPP's status does not say it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The connector, or all that the reader serves, was taken out of service.
    OutOfService,
    /// Something is wrong at the connector, at all that the reader serves, or at the charge point.
    Faulted,
    /// The central system has never accepted this charge point.
    NotRegistered,
    /// A restart is under way, or the host stops us.
    Restarting,
    /// There is no connection, and what is known here does not let it charge.
    OfflineUnknown,
    /// The central system gave no answer that says, and what is known here does not let it charge.
    CentralSystemSilent,
    /// So many tags are being asked about that this one was not.
    TooMany,
    /// The host wants nothing new to begin: the charger is about to be updated, or shut down.
    Draining,
    /// None of the connectors is free.
    NoFreeConnector,
    /// Another tag charges at this connector.
    OtherTagCharges,
    /// The vehicle at this connector charges without a tag (key FreeCharging).
    FreeCharging,
    /// The cable in this connector is kept for the tag that charged.
    CableKept,
    /// Somebody at the charger, or the central system, ended it: a stop, or an unlock.
    Cancelled,
}
