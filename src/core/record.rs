//! What must survive a power cut: what the records say.
//!
//! The engine says *what* is kept; a [`Store`](crate::store::Store) knows *how*.

use std::collections::BTreeSet;

use crate::core::{ConnectorId, Place, Seq, Stamp, TxId, Wh};
use crate::time::Wall;
use crate::types::{gathered, AuthorizationStatus, ChargingProfile, IdToken, Reason, SampledValue};

/// A transaction, from its start until the central system has all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// Our own number for it.
    pub id: TxId,
    /// Where.
    pub connector: ConnectorId,
    /// Who started it.
    pub tag: IdToken,
    /// The group of that tag, if known.
    pub parent: Option<IdToken>,
    /// The reservation that it ended.
    pub reservation: Option<i32>,
    /// When it began.
    pub started: Stamp,
    /// The register when it began.
    pub meter_start: Wh,
    /// What the meter showed at 0 Wh of this transaction: 0, unless the meter was silent at its
    /// start. Then it counts on from the start with the first reading, and this is `None` until
    /// that has come.
    pub zero: Option<Wh>,
    /// The id that the central system gave it.
    pub central: CentralId,
    /// Whether the central system refused the tag after the start.
    pub deauthorized: bool,
    /// The register up to which it may go on, if the central system refused the tag after the start
    /// (MaxEnergyOnInvalidId).
    pub until: Option<Wh>,
    /// The last reading of the register that is known for sure.
    pub last: (Stamp, Wh),
    /// How it ended, once it has.
    pub stop: Option<Stop>,
    /// What becomes of its messages.
    pub delivery: Delivery,
    /// Its StopTransaction goes without its transactionData: the central system does not take it with them.
    pub bare: bool,
    /// One of its meter values was refused to the end: the others are tried once each.
    pub values_refused: bool,
    /// The message id of a StartTransaction that was given up although the central system may have
    /// booked it under that: it is not sent under another one.
    pub start_id: Option<String>,
    /// The same of its StopTransaction.
    pub stop_id: Option<String>,
}

impl Transaction {
    // rules: 64
    /// The id to name it by; `None` while the central system has not given it one.
    #[must_use]
    pub const fn central_id(&self) -> Option<i64> {
        match self.central {
            CentralId::Known(id) => Some(id),
            CentralId::GivenUp => Some(-1),
            CentralId::Unknown => None,
        }
    }

    /// Every time in it.
    pub(crate) fn stamps_mut(&mut self) -> impl Iterator<Item = &mut Stamp> {
        let stop = self.stop.as_mut().map(|stop| &mut stop.at);
        [&mut self.started, &mut self.last.0]
            .into_iter()
            .chain(stop)
    }
}

// rules: 65
/// The id of a transaction at the central system. Any number is a legal one (errata 3.54).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CentralId {
    /// StartTransaction has not been answered yet.
    Unknown,
    /// It was answered with this id.
    Known(i64),
    /// It was refused so often that it was given up: -1 goes into its later messages (errata 3.18).
    GivenUp,
}

/// What becomes of the messages of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// They are queued, or will be.
    #[default]
    Due,
    /// The central system refused its StartTransaction or its StopTransaction to the end. It is over, and
    /// nothing of it is queued: it is kept as undelivered.
    GivenUp,
    /// That, and its StartTransaction, if need be, and its StopTransaction are queued once more.
    Again,
}

impl Delivery {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Due, Self::GivenUp, Self::Again];

    /// The word for it in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::GivenUp => "given up",
            Self::Again => "again",
        }
    }
}

/// The end of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// When.
    pub at: Stamp,
    /// The register.
    pub meter: Wh,
    /// Why.
    pub reason: Reason,
    /// Who stopped it, if somebody did with a tag.
    pub tag: Option<IdToken>,
}

/// What a meter showed at one instant of a transaction, for its StopTransaction
/// (`OCPP 1.6 §3.16.5`).
#[derive(Clone, Debug, PartialEq)]
pub struct StopSample {
    /// Its number within the transaction, counting up; 0 is the one at the start.
    pub n: u32,
    /// When.
    pub at: Stamp,
    /// What.
    pub values: Vec<SampledValue>,
}

/// Who installed a charging profile. Each has ids of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The central system.
    #[default]
    Central,
    /// The charger itself, through its host.
    Charger,
}

/// A charging profile as it was installed.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredProfile {
    /// By whom.
    pub origin: Origin,
    /// Where.
    pub place: Place,
    /// The transaction that a TxProfile is for.
    pub tx: Option<TxId>,
    /// When.
    pub installed: Wall,
    /// The profile; its id and its connector are those of the record.
    pub profile: ChargingProfile,
}

/// A transaction message that has to arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedMessage {
    /// Its place in the queue.
    pub seq: Seq,
    /// The message id that it is sent with, the same at each repetition, so that a central system
    /// can tell a repetition from a new message. A new one is taken after each refusal.
    pub message_id: String,
    /// How often the central system refused it.
    pub refusals: u32,
    /// What it says.
    pub body: QueuedBody,
}

/// What a queued message says.
#[derive(Clone, Debug, PartialEq)]
pub enum QueuedBody {
    /// StartTransaction, from the record of the transaction.
    Start(TxId),
    /// StopTransaction, from the record of the transaction.
    Stop(TxId),
    /// MeterValues of one instant.
    Meter {
        /// The transaction that was running, if one was.
        tx: Option<TxId>,
        /// At which meter.
        place: Place,
        /// When the values were taken.
        at: Stamp,
        /// The values.
        values: Vec<SampledValue>,
    },
}

impl QueuedBody {
    /// The transaction that it belongs to.
    #[must_use]
    pub const fn tx(&self) -> Option<TxId> {
        match self {
            Self::Start(tx) | Self::Stop(tx) => Some(*tx),
            Self::Meter { tx, .. } => *tx,
        }
    }

    /// The time that is in the message itself.
    pub(crate) fn stamp_mut(&mut self) -> Option<&mut Stamp> {
        match self {
            Self::Meter { at, .. } => Some(at),
            Self::Start(_) | Self::Stop(_) => None,
        }
    }
}

/// What is remembered of a tag that the central system was asked about (`OCPP 1.6 §3.5.1`).
#[derive(Clone, Debug, PartialEq)]
pub struct CachedTag {
    /// The tag.
    pub tag: IdToken,
    /// What the central system said.
    pub status: AuthorizationStatus,
    /// Until when it holds.
    pub expires: Option<Wall>,
    /// Its group.
    pub parent: Option<IdToken>,
    /// When the central system said so.
    pub updated: Wall,
}

/// A piece of the queue, with the transactions that its messages belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    /// In order, without gaps.
    pub messages: Vec<QueuedMessage>,
    /// How many more there are behind them.
    pub behind: u64,
    /// Each transaction that a message names, once.
    pub transactions: Vec<Transaction>,
    /// What their StopTransaction carries, in order of the numbers.
    pub data: Vec<(TxId, StopSample)>,
    /// What could not be read and was set aside, for people.
    pub damaged: Vec<String>,
}

impl Fetched {
    /// The transactions that the messages name.
    pub(crate) fn named(&self) -> BTreeSet<TxId> {
        let messages = self.messages.iter();
        gathered(messages.filter_map(|message| message.body.tx()))
    }

    /// Every time in it.
    pub(crate) fn stamps_mut(&mut self) -> impl Iterator<Item = &mut Stamp> {
        let messages = self.messages.iter_mut();
        let transactions = self.transactions.iter_mut();
        messages
            .filter_map(|message| message.body.stamp_mut())
            .chain(transactions.flat_map(Transaction::stamps_mut))
            .chain(self.data.iter_mut().map(|(_, datum)| &mut datum.at))
    }
}

impl Stored {
    /// The newest time at which anything in it happened: it is later than that now.
    pub(crate) fn newest(&self) -> Option<Wall> {
        let running = self.running.iter().chain(&self.undelivered);
        let running = running.flat_map(|tx| [tx.started.wall, tx.last.0.wall]);
        let data = self.data.iter().map(|(_, datum)| datum.at.wall);
        let profiles = self.profiles.iter().map(|profile| profile.installed);
        let tags = self.cache.iter().map(|tag| tag.updated);
        let all = running.chain(data).chain(profiles).chain(tags);
        all.chain(self.waiting).max()
    }
}

/// Everything that a store held when it was opened, but for the far end of the queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// Configuration keys that were changed.
    pub settings: Vec<(String, String)>,
    /// Availability that was asked for; what is not named is operative.
    pub availability: Vec<(Place, bool)>,
    /// What somebody at the charger has in service or out of it; what is not named is in service.
    pub local_availability: Vec<(Place, bool)>,
    /// Transactions that have not ended.
    pub running: Vec<Transaction>,
    /// What their StopTransaction will carry, in order of the numbers.
    pub data: Vec<(TxId, StopSample)>,
    /// Transactions that were given up, in order of their numbers.
    pub undelivered: Vec<Transaction>,
    /// Whether the central system ever accepted the charge point.
    pub accepted: bool,
    /// The register of each connector at the end of its last transaction.
    pub registers: Vec<(ConnectorId, Wh)>,
    /// Whether the last run ended in an orderly way.
    pub orderly: bool,
    /// What could not be read and was set aside, for people.
    pub damaged: Vec<String>,
    /// The installed charging profiles.
    pub profiles: Vec<StoredProfile>,
    /// The authorization cache.
    pub cache: Vec<CachedTag>,
    /// The newest time of the transactions and messages that were stored last.
    pub waiting: Option<Wall>,
    /// How many messages are queued.
    pub queued: u64,
    /// How many of them are meter values, by transaction.
    pub values: Vec<(Option<TxId>, u64)>,
    /// The highest place in the queue that was ever stored and is known; 0 if none.
    pub last_seq: Seq,
    /// The highest transaction number that was ever stored; 0 if none.
    pub last_tx: u64,
}
