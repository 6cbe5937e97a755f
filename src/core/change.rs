//! What is kept: records, each under its key, and the changes to them.

use crate::core::{
    CachedTag, ConnectorId, Origin, Place, QueuedMessage, Seq, Stamp, StopSample, StoredProfile,
    Transaction, TxId, Wh,
};
use crate::types::IdToken;

/// Changes that become durable together or not at all. Later ones win over earlier ones.
pub type Batch = Vec<Change>;

/// One change.
// Nearly every one puts a record: a box for it would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A record is new, or other than before.
    Put(Record),
    /// A record goes. With a transaction, what its StopTransaction would carry: the central system has all
    /// of it, or nobody wants it any more.
    Drop(RecordKey),
    /// Every record of a kind goes.
    DropAll(Kind),
    /// The queued messages and transactions of this run were stamped by a clock that was wrong by
    /// so many milliseconds: correct every time that was not synced, and call it synced.
    CorrectTimes(i64),
    /// Too many meter values are queued: of those of this transaction that stand behind that place,
    /// every other one goes, beginning with the second; the last one stays.
    Thin(Option<TxId>, Seq),
}

/// One thing that must survive a power cut.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A configuration key that has a value other than its default.
    Setting(String, String),
    /// The wanted availability of a connector, or of the charge point.
    Availability(Place, bool),
    /// Whether somebody at the charger has a connector, or the charge point, in service.
    LocalAvailability(Place, bool),
    /// A transaction that the central system has not all of.
    Transaction(Transaction),
    /// A message that waits for its delivery.
    Message(QueuedMessage),
    /// A meter reading of a transaction that its StopTransaction will carry.
    StopSample(TxId, StopSample),
    /// A charging profile that is installed.
    Profile(StoredProfile),
    /// The central system has accepted the charge point once.
    Accepted,
    /// The register of a connector at the end of its last transaction.
    Register(ConnectorId, Wh),
    /// The run ended in an orderly way: what is running then was not cut off.
    Orderly,
    /// A tag in the authorization cache.
    Tag(CachedTag),
}

/// What names a record. There is one record under a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKey {
    /// By the name of the configuration key.
    Setting(String),
    /// By the place.
    Availability(Place),
    /// By the place.
    LocalAvailability(Place),
    /// By our number.
    Transaction(TxId),
    /// By the place in the queue.
    Message(Seq),
    /// By the transaction and the number within it.
    StopSample(TxId, u32),
    /// By the id, of which there may be one at each place from each who installs.
    Profile(i32, Place, Origin),
    /// There is one.
    Accepted,
    /// By the connector.
    Register(ConnectorId),
    /// There is one.
    Orderly,
    /// By the tag, in whatever case it is spelt.
    Tag(IdToken),
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// [`Record::Setting`].
    Setting,
    /// [`Record::Availability`].
    Availability,
    /// [`Record::LocalAvailability`].
    LocalAvailability,
    /// [`Record::Transaction`].
    Transaction,
    /// [`Record::Message`].
    Message,
    /// [`Record::StopSample`].
    StopSample,
    /// [`Record::Profile`].
    Profile,
    /// [`Record::Accepted`].
    Accepted,
    /// [`Record::Register`].
    Register,
    /// [`Record::Orderly`].
    Orderly,
    /// [`Record::Tag`].
    Tag,
}

impl Record {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Setting(name, _) => RecordKey::Setting(name.clone()),
            Self::Availability(at, _) => RecordKey::Availability(*at),
            Self::LocalAvailability(at, _) => RecordKey::LocalAvailability(*at),
            Self::Transaction(transaction) => RecordKey::Transaction(transaction.id),
            Self::Message(message) => RecordKey::Message(message.seq),
            Self::StopSample(tx, datum) => RecordKey::StopSample(*tx, datum.n),
            Self::Profile(stored) => {
                let id = stored.profile.charging_profile_id;
                RecordKey::Profile(id, stored.place, stored.origin)
            }
            Self::Accepted => RecordKey::Accepted,
            Self::Register(at, _) => RecordKey::Register(*at),
            Self::Orderly => RecordKey::Orderly,
            Self::Tag(entry) => RecordKey::Tag(entry.tag.clone()),
        }
    }

    /// Every time in it that may have to be corrected.
    pub(crate) fn stamps_mut(&mut self) -> impl Iterator<Item = &mut Stamp> {
        let (transaction, other) = match self {
            Self::Transaction(transaction) => (Some(transaction), None),
            Self::Message(message) => (None, message.body.stamp_mut()),
            Self::StopSample(_, datum) => (None, Some(&mut datum.at)),
            _ => (None, None),
        };
        let of_transaction = transaction.into_iter().flat_map(Transaction::stamps_mut);
        of_transaction.chain(other)
    }
}

impl RecordKey {
    /// What the record is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Setting(_) => Kind::Setting,
            Self::Availability(_) => Kind::Availability,
            Self::LocalAvailability(_) => Kind::LocalAvailability,
            Self::Transaction(_) => Kind::Transaction,
            Self::Message(_) => Kind::Message,
            Self::StopSample(..) => Kind::StopSample,
            Self::Profile(..) => Kind::Profile,
            Self::Accepted => Kind::Accepted,
            Self::Register(_) => Kind::Register,
            Self::Orderly => Kind::Orderly,
            Self::Tag(_) => Kind::Tag,
        }
    }
}
