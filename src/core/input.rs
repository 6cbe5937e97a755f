//! What the engine is told.

use crate::core::{
    Answer, ConnectorId, Fetched, Network, NetworkSlot, Place, Rate, Reading, RequestId, Source,
    TxId,
};
use crate::time::{Millis, Wall};
use crate::types::{ChargePointErrorCode, ChargingProfile, CiString, IdToken, Reason};

/// One thing that happened. The time of it goes beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<'a> {
    /// The link to the central system changed or brought something.
    Link(LinkEvent<'a>),
    /// The firmware states what is the case at the charger.
    Charger(Fact),
    /// Somebody at the charger, or the firmware, does something.
    Act(Act),
    /// The firmware answers a question that an [`Effect::Notify`](crate::core::Effect) asked.
    Answer(RequestId, Answer),
    /// The rows that an [`Effect::Fetch`](crate::core::Effect) asked for.
    Fetched(Fetched),
    /// The time that `deadline()` named has come.
    Deadline,
    /// Whether the host has dispatched since this was last said: in the place of the deadline when it is one of
    /// [`Due::Host`](crate::core::Due), and at once when the host dispatches after
    /// [`Effect::CallHost`](crate::core::Effect).
    Host {
        /// It has.
        dispatched: bool,
    },
}

/// News of the WebSocket connection.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEvent<'a> {
    /// The handshake is done and `ocpp1.6` was agreed on.
    Up,
    /// The connection could not be made.
    Failed(String),
    /// The connection is gone, for this reason.
    Down(String),
    /// A text frame.
    Text(&'a str),
    /// Something that is no text frame: binary, or not UTF-8.
    Garbage,
    /// The answer to an [`Effect::Ping`](crate::core::Effect).
    Pong,
}

impl From<Fact> for Input<'_> {
    fn from(fact: Fact) -> Self {
        Self::Charger(fact)
    }
}

impl From<Act> for Input<'_> {
    fn from(act: Act) -> Self {
        Self::Act(act)
    }
}

/// What is the case at the charger: the last word counts, and may be said again.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The state of the vehicle at a connector.
    Ev(ConnectorId, Ev),
    /// A fault came (`Some`), beside others perhaps, or all of them are over (`None`).
    Fault(Place, Option<Fault>),
    /// The fault with that code is over.
    FaultOver(Place, ChargePointErrorCode),
    /// Something should be looked at (`Some`), or nothing any more; nothing stops for it.
    Warning(Place, Option<Fault>),
    /// The warning with that code is over.
    WarningOver(Place, ChargePointErrorCode),
    /// Somebody at the charger took it out of service or back. What the
    /// central system took out of service stays so.
    Operative(Place, bool),
    /// The device has a better clock than ours: this is the time now.
    Clock(Wall),
    /// What the meter of a connector, or the main meter, shows now. Replaces what it
    /// showed before, measurand by measurand.
    Meter(Place, Vec<Reading>),
    /// What the meter shows, in the form that it signed: goes with the next first or last reading
    /// of a transaction.
    SignedMeter(ConnectorId, String),
    /// Whether there is a network at all; without one, no connection is tried.
    Network(bool),
    /// Whether the charger itself can supply energy at a connector now.
    Evse(ConnectorId, Evse),
    /// Whether the contactor of a connector is closed, where that was declared ([`Feedback`](crate::core::Feedback)).
    Contactor(ConnectorId, bool),
    /// Whether the lock of a connector is closed, where that was declared.
    Lock(ConnectorId, bool),
    /// What a source of local limits says of a connector, or of all of them together, and for how long it holds.
    LocalLimit {
        /// What it bounds.
        place: Place,
        /// Who says so.
        source: Source,
        /// How much may be drawn; `None`: this source does not limit it.
        rate: Option<Rate>,
        /// After that time the failsafe value stands in its place; `None`: until it says something else.
        valid: Option<Millis>,
    },
    /// Whether nothing new is to begin, since the charger is about to be updated or shut down. What runs goes
    /// on to its own end; after a restart the charger serves again.
    Draining(bool),
}

/// Whether the charger itself can supply energy at a connector, apart from faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evse {
    /// It can.
    #[default]
    Ready,
    /// Not now: heat, a switch of phases, load shedding. A transaction goes on without energy, as
    /// SuspendedEVSE.
    Paused {
        /// Why, for whoever reads the status.
        reason: Option<CiString<50>>,
    },
}

/// What somebody at the charger, or the firmware, does: each counts once.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A tag was shown at a reader that serves these connectors; none named: all of them.
    Tag(Vec<ConnectorId>, IdToken),
    /// Somebody whom the charger itself authorizes: no one is asked about the tag, and the transaction begins
    /// with it when a vehicle is there.
    StartTx(ConnectorId, IdToken),
    /// What waits at a connector, or everywhere, is not wanted any more: a permission that nobody has used,
    /// a tag that is being asked about. A transaction goes on.
    Cancel(Place),
    /// The firmware stops the transaction of a connector.
    StopTx(ConnectorId, Reason),
    /// Vendor data for the central system. `token` comes back with the outcome.
    DataTransfer {
        /// Comes back in [`Notice::DataTransferred`](crate::core::Notice).
        token: u64,
        /// Who defined the message.
        vendor: CiString<255>,
        /// Which message, if the vendor has several.
        message: Option<CiString<50>>,
        /// The content.
        data: Option<String>,
    },
    /// A transaction that was given up is to be delivered again.
    Deliver(TxId),
    /// A transaction that was given up is to be forgotten.
    Forget(TxId),
    /// The charger installs a charging profile of its own. `tx`: the transaction that a TxProfile is for, which
    /// must run there; nothing happens if it does not any more.
    InstallProfile(Place, Option<TxId>, Box<ChargingProfile>),
    /// The charger removes the profile of its own with that id there.
    ClearProfile(Place, i32),
    /// The charger removes all profiles of its own.
    ClearProfiles,
    /// The firmware changes a configuration key.
    SetKey(CiString<50>, CiString<500>),
    /// The firmware has another network profile for a slot, or none any more. One must be left.
    SetNetwork(NetworkSlot, Option<Network>),
    /// The order in which the network profiles are tried; those that are not named are not.
    NetworkPriority(Vec<NetworkSlot>),
    /// What holds at a place while a source of local limits has not spoken since the start, or not for too long;
    /// `None`: no limit. It is kept over restarts.
    SetFailsafe(Place, Source, Option<Rate>),
    /// Power fails, and the device has enough of it left to say so: transactions are stopped.
    PowerFails,
    /// The library is about to be stopped by its host: everything held back is stored, the link
    /// is closed. Transactions go on.
    Closing,
}

/// The vehicle at a connector, as the control pilot (IEC 61851) and the socket tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ev {
    /// Nothing is plugged in (state A).
    #[default]
    Absent,
    /// A cable is in the socket of the charge point, and no vehicle at its end.
    CableOnly,
    /// A vehicle is plugged in and asks for no energy (state B).
    Plugged,
    /// The vehicle asks for energy or takes it (state C or D).
    Charging,
    /// Energy is on offer and the vehicle takes none, by its own choice.
    Suspended,
}

impl Ev {
    /// Whether a vehicle is connected.
    #[must_use]
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Plugged | Self::Charging | Self::Suspended)
    }
}

/// Something that makes a connector unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// OCPP's code; never `NoError`.
    pub code: ChargePointErrorCode,
    /// Free text for people.
    pub info: Option<CiString<50>>,
    /// The vendor's own code.
    pub vendor_code: Option<CiString<50>>,
}
