//! What the engine wants done.

use crate::core::{
    Batch, CentralId, Claim, ConnectorId, Fault, NetworkSlot, Place, Purpose, Question, RequestId,
    Route, Seq, Supply, Transaction, TxId, Wh, Why,
};
use crate::time::{Millis, Wall};
use crate::types::{
    AuthorizationStatus, ChargePointErrorCode, ChargePointStatus, CiString, DataTransferStatus,
    IdToken, Reason, RegistrationStatus,
};

/// One thing to do, after everything that came before it has been done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write these records, all or none, and have them on the disk before going on.
    Store(Batch),
    /// Read up to `limit` queued messages behind `after`, with their transactions, and hand them
    /// in as [`Input::Fetched`](crate::core::Input).
    Fetch {
        /// The last message that the engine has.
        after: Seq,
        /// How many it takes at most.
        limit: usize,
    },
    /// Make a connection, once; the outcome comes in as a [`LinkEvent`](crate::core::LinkEvent).
    Connect(Access),
    /// Close the connection, or give up making it. Nothing more is heard of it.
    Close(CloseReason),
    /// Send a WebSocket ping.
    Ping,
    /// Send a text frame.
    Send(String),
    /// Tell the host.
    Notify(Notice),
    /// Wake the host, so that it dispatches although there is nothing to tell, and say so when it does, with
    /// [`Input::Host`](crate::core::Input).
    CallHost,
    /// A question that the host was told of is off: its time is over.
    Withdraw(RequestId),
}

/// How to get in at the central system. The URL is the shell's affair.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// By which network profile.
    pub slot: NetworkSlot,
    /// How the shell gets there, as it said.
    pub route: Route,
    /// Security profile 0 to 3: decides between ws and wss.
    pub profile: u8,
    /// The password for HTTP basic authentication, as it goes over the wire.
    pub key: Option<Vec<u8>>,
    /// The time by which certificates are checked: that of the charge point's clock or, before
    /// anybody has set it, none before the newest that is stored and the build of the library.
    pub time: Wall,
}

impl core::fmt::Debug for Access {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The key is a secret and stays out of logs and test output.
        let key = self.key.as_ref().map(|_| "...");
        f.debug_struct("Access")
            .field("slot", &self.slot.number())
            .field("profile", &self.profile)
            .field("key", &key)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

/// Why a connection is closed by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The host stops or restarts, or says that there is no network.
    GoingAway,
    /// Pings stay without answer.
    NoPong,
    /// The credentials or the profile changed: the next connection uses them.
    NewAccess,
}

/// What the host is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A complete command for one connector.
    Supply(ConnectorId, Supply),
    /// A question; it is answered with [`Input::Answer`](crate::core::Input), now or later.
    Ask(RequestId, Question),
    /// The state of the link, and by which network profile it is, or was tried.
    Connection(Connection, NetworkSlot, String),
    /// The central system answered the boot notification, named an interval, and perhaps the time it is there.
    Boot(RegistrationStatus, Millis, Option<Wall>),
    /// The clock was set from the central system: this is the time now.
    Time(Wall),
    /// What became of a tag: of one that was shown, that a remote start brought, or that the host let in.
    Authorized {
        /// Whose.
        claim: Claim,
        /// Where, if that is settled.
        connector: Option<ConnectorId>,
        /// What it does, or was to do.
        purpose: Purpose,
        /// `Accepted`, or why not, in OCPP's words.
        status: AuthorizationStatus,
        /// What OCPP's words do not say.
        why: Option<Why>,
    },
    /// Nobody plugged in within ConnectionTimeOut: who may charge there may not any more.
    TimedOut {
        /// Who.
        claim: Claim,
        /// Where somebody was waited for.
        connector: ConnectorId,
    },
    /// A connector, or the charge point, has a new status.
    Status(ConnectorStatus),
    /// A transaction took a step.
    Transaction(TransactionStep),
    /// A connector (or the charge point) was put in or out of service by the central system.
    Availability(Place, bool),
    /// A configuration key has a new value; `None` for one that may not be read.
    Key(String, Option<String>),
    /// The outcome of vendor data, by the token of the one who sent it.
    DataTransferred(u64, DataTransferOutcome),
    /// All is stored and said: restart the device now.
    Reboot {
        /// Whether the hardware is to be restarted too.
        hard: bool,
    },
    /// No session is left since [`Fact::Draining`](crate::core::Fact) was stated.
    Drained,
    /// Something in the storage could not be read and is set aside, with this text; the rest goes on.
    Damaged(String),
    /// Durable storage fails or works again; while it fails, what happens is kept in memory only.
    Storage {
        /// The reason while it fails.
        failing: Option<String>,
    },
}

/// The state of the link, for the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// There is none.
    Disconnected,
    /// An attempt failed; the next follows by itself.
    Failed,
    /// The WebSocket stands.
    Connected,
}

/// The status of a connector as OCPP names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// Where.
    pub place: Place,
    /// Its status.
    pub status: ChargePointStatus,
    /// What is wrong, or `NoError`.
    pub error: ChargePointErrorCode,
    /// What the host said of it, for people.
    pub info: Option<CiString<50>>,
    /// The vendor's own code for it.
    pub vendor_code: Option<CiString<50>>,
}

/// A fault, or a warning, that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingFault {
    /// Where.
    pub place: Place,
    /// What it is, with what was said of it.
    pub fault: Fault,
    /// Whether it is a warning, which stops nothing.
    pub warning: bool,
    /// Whether the library found it out itself, and the host cannot end it.
    pub own: bool,
    /// Whether it is the one that the status tells of.
    pub shown: bool,
}

/// A step in the life of a transaction, with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionStep {
    /// The transaction.
    pub tx: TxId,
    /// Where.
    pub connector: ConnectorId,
    /// What happened.
    pub change: TransactionChange,
    /// The central system's id; `None` while it is not known.
    pub central_id: Option<i64>,
    /// The tag that started it.
    pub tag: IdToken,
    /// When it began.
    pub started: Wall,
    /// The register when it began.
    pub meter_start: Wh,
    /// When it ended and what the register showed, once it has.
    pub stopped: Option<(Wall, Wh)>,
    /// Why it ended, once it has.
    pub reason: Option<Reason>,
}

impl TransactionStep {
    pub(crate) fn new(transaction: &Transaction, change: TransactionChange) -> Self {
        let stop = transaction.stop.as_ref();
        Self {
            tx: transaction.id,
            connector: transaction.connector,
            change,
            central_id: match transaction.central {
                CentralId::Known(id) => Some(id),
                CentralId::Unknown | CentralId::GivenUp => None,
            },
            tag: transaction.tag.clone(),
            started: transaction.started.wall,
            meter_start: transaction.meter_start,
            stopped: stop.map(|stop| (stop.at.wall, stop.meter)),
            reason: stop.map(|stop| stop.reason),
        }
    }
}

/// What happened to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionChange {
    /// It began; energy is permitted from now on.
    Started,
    /// It goes on after a restart.
    Resumed,
    /// The central system gave it an id.
    Confirmed,
    /// The central system does not accept the tag after all.
    Deauthorized,
    /// It ended.
    Stopped,
    /// The central system refused it to the end, and nothing more of it is sent: it is over, and kept as
    /// undelivered.
    GivenUp,
    /// One that was given up has been delivered after all.
    Delivered,
    /// A message of it was sent several times and is not answered: it is sent on and on, and nothing newer is
    /// delivered before it.
    Unanswered,
}

/// What became of vendor data.
#[derive(Clone, Debug, PartialEq)]
pub enum DataTransferOutcome {
    /// The central system answered.
    Answered(DataTransferStatus, Option<String>),
    /// There is no connection, or it was lost before an answer came.
    Offline,
    /// No answer came in time, or an error came instead.
    Failed(String),
}

/// A piece of a composite schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulePeriod {
    /// When it begins, in seconds from the question on.
    pub start: u32,
    /// The limit in tenths of the unit that was asked for.
    pub tenths: i64,
    /// How many phases may be used, if profiles allow fewer than there are.
    pub phases: Option<u8>,
}

/// A composite schedule: what may be drawn from the moment of the question on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// At least one, the first from 0 on; neighbours differ.
    pub periods: Vec<SchedulePeriod>,
    /// So many seconds they cover. Fewer than were asked for if the schedule was cut: after
    /// ChargingScheduleMaxPeriods, or so much work. What comes then is not known.
    pub covered: u32,
}

impl core::ops::Deref for Schedule {
    type Target = [SchedulePeriod];

    fn deref(&self) -> &Self::Target {
        &self.periods
    }
}
