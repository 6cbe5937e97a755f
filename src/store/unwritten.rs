//! Writes that the disk would not take: kept in memory and tried again, so that charging goes on.

use std::collections::BTreeMap;

use crate::core::{
    Batch, ConnectorId, Datum, Fetched, Place, QueuedBody, QueuedMessage, Seq, Transaction, TxId,
    Write,
};
use crate::types::IdToken;

/// The newest write to each record, in the order in which the records were first written. Its size
/// is bounded by the number of records, not by the time that the disk fails.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    writes: BTreeMap<i64, Write>,
    places: BTreeMap<Record, i64>,
    count: i64,
}

/// What a write is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Record {
    Setting(String),
    Availability(Place),
    LocalAvailability(Place),
    Transaction(TxId),
    Datum(TxId, u32),
    Queue(Seq),
    Thin(Option<TxId>),
    Profile(i32, Place),
    Accepted,
    Register(ConnectorId),
    Orderly,
    Times,
    Cache(IdToken),
    AllCache,
}

fn record_of(write: &Write) -> Record {
    match write {
        Write::Setting(key, _) => Record::Setting(key.clone()),
        Write::Availability(at, _) => Record::Availability(*at),
        Write::LocalAvailability(at, _) => Record::LocalAvailability(*at),
        Write::Transaction(transaction) => Record::Transaction(transaction.id),
        Write::TransactionDone(tx) => Record::Transaction(*tx),
        Write::Queue(message) => Record::Queue(message.seq),
        Write::Dequeue(seq) => Record::Queue(*seq),
        Write::Datum(tx, datum) => Record::Datum(*tx, datum.n),
        Write::DropDatum(tx, n) => Record::Datum(*tx, *n),
        Write::Thin(tx, _) => Record::Thin(*tx),
        Write::Profile(stored) => Record::Profile(stored.profile.charging_profile_id, stored.place),
        Write::DropProfile(id, place) => Record::Profile(*id, *place),
        Write::Accepted => Record::Accepted,
        Write::Register(at, _) => Record::Register(*at),
        Write::Orderly(_) => Record::Orderly,
        Write::CorrectTimes(_) => Record::Times,
        Write::Cache(entry) => Record::Cache(entry.tag.clone()),
        Write::Uncache(tag) => Record::Cache(tag.clone()),
        Write::ClearCache => Record::AllCache,
    }
}

impl Unwritten {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Takes in a batch that could not be written.
    pub(super) fn add(&mut self, batch: Batch) {
        for write in batch {
            if write == Write::ClearCache {
                let of_cache = |record: &Record| matches!(record, Record::Cache(_));
                let gone: Vec<_> = self
                    .places
                    .keys()
                    .filter(|r| of_cache(r))
                    .cloned()
                    .collect();
                for record in gone {
                    self.forget(&record);
                }
            }
            let record = record_of(&write);
            self.forget(&record);
            self.count += 1;
            // The newest write goes to the end: what it relies on stands before it. But what is kept here
            // is thinned out here, and the disk is to thin out only what it has itself.
            let place = match &write {
                Write::Thin(tx, after) => {
                    self.thin(*tx, *after);
                    -self.count
                }
                _ => self.count,
            };
            self.places.insert(record, place);
            self.writes.insert(place, write);
        }
    }

    fn forget(&mut self, record: &Record) {
        if let Some(place) = self.places.remove(record) {
            self.writes.remove(&place);
        }
    }

    /// Drops every other one of the meter values of a transaction; the last one stays.
    fn thin(&mut self, tx: Option<TxId>, after: Seq) {
        let values = |message: &QueuedMessage| matches!(message.body, QueuedBody::Meter { tx: of, .. } if of == tx);
        let mut queued: Vec<_> = self
            .writes
            .values()
            .filter_map(|write| match write {
                Write::Queue(message) if message.seq > after && values(message) => {
                    Some(message.seq)
                }
                _ => None,
            })
            .collect();
        queued.sort_unstable();
        queued.pop();
        for seq in queued.into_iter().skip(1).step_by(2) {
            self.forget(&Record::Queue(seq));
        }
    }

    /// All that is waiting, as one batch.
    pub(super) fn batch(&self) -> Batch {
        self.writes.values().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.writes.clear();
        self.places.clear();
    }

    /// How many of the messages on the disk behind `after` may be gone.
    pub(super) fn gone(&self, after: Seq) -> usize {
        let gone = |write: &&Write| matches!(write, Write::Dequeue(seq) if *seq > after);
        self.writes.values().filter(gone).count()
    }

    /// What the queue holds behind `after`, at most `limit` messages, when the disk has no more than
    /// these behind it or, `full`, no others up to the last of these.
    pub(super) fn apply_to(
        &self,
        on_disk: Fetched,
        full: bool,
        after: Seq,
        limit: usize,
    ) -> Fetched {
        let horizon = on_disk.messages.last().map_or(after, |message| message.seq);
        let mut messages: BTreeMap<Seq, QueuedMessage> = on_disk
            .messages
            .into_iter()
            .map(|message| (message.seq, message))
            .collect();
        let mut beyond = 0;
        for write in self.writes.values() {
            match write {
                Write::Queue(m) if full && m.seq > horizon => beyond += 1,
                Write::Queue(m) if m.seq > after => {
                    messages.insert(m.seq, m.clone());
                }
                Write::Dequeue(seq) => {
                    messages.remove(seq);
                }
                _ => {}
            }
        }
        let cut = messages.len().saturating_sub(limit) as u64;
        Fetched {
            // Those that are on the disk as well are counted twice: the engine asks once too often.
            behind: on_disk.behind + cut + beyond,
            messages: messages.into_values().take(limit).collect(),
            ..Fetched::default()
        }
    }

    /// Brings what was fetched to what it would be on a disk that had taken everything.
    pub(super) fn apply_to_transactions(&self, fetched: &mut Fetched) {
        let named = fetched.named();
        let on_disk = fetched.transactions.drain(..);
        let mut transactions: BTreeMap<TxId, Transaction> = on_disk.map(|t| (t.id, t)).collect();
        let on_disk = fetched.data.drain(..);
        let mut data: BTreeMap<(TxId, u32), Datum> =
            on_disk.map(|(tx, datum)| ((tx, datum.n), datum)).collect();
        for write in self.writes.values() {
            match write {
                Write::Transaction(transaction) if named.contains(&transaction.id) => {
                    transactions.insert(transaction.id, transaction.clone());
                }
                Write::Datum(tx, datum) if named.contains(tx) => {
                    data.insert((*tx, datum.n), datum.clone());
                }
                Write::DropDatum(tx, n) => {
                    data.remove(&(*tx, *n));
                }
                _ => {}
            }
        }
        fetched.transactions.extend(transactions.into_values());
        let data = data.into_iter().map(|((tx, _), datum)| (tx, datum));
        fetched.data.extend(data);
        if let Some(Write::CorrectTimes(step)) = self.write_to(&Record::Times) {
            for stamp in fetched.stamps_mut() {
                stamp.correct(*step);
            }
        }
    }

    fn write_to(&self, record: &Record) -> Option<&Write> {
        self.writes.get(self.places.get(record)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{CentralId, Delivery, Wh};

    fn message(seq: u64) -> QueuedMessage {
        let body = QueuedBody::Start(TxId(seq));
        QueuedMessage {
            seq: Seq(seq),
            message_id: String::new(),
            refusals: 0,
            body,
        }
    }

    #[test]
    fn a_later_write_takes_the_place_of_an_earlier_one() {
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![
            Write::Queue(message(1)),
            Write::Setting("A".into(), "1".into()),
        ]);
        unwritten.add(vec![Write::Dequeue(Seq(1))]);
        let left = [
            Write::Setting("A".into(), "1".into()),
            Write::Dequeue(Seq(1)),
        ];
        assert_eq!(unwritten.batch(), left);
    }

    fn value(seq: u64) -> QueuedMessage {
        let body = QueuedBody::Meter {
            tx: Some(TxId(1)),
            place: Place::ChargePoint,
            at: crate::core::Stamp {
                wall: crate::time::Wall(0),
                synced: true,
            },
            values: Vec::new(),
        };
        QueuedMessage {
            body,
            ..message(seq)
        }
    }

    /// Found by the simulation: the queue grew without bounds while the disk failed.
    #[test]
    fn what_waits_for_the_disk_is_thinned_out_and_the_disk_thins_out_its_own() {
        let mut unwritten = Unwritten::default();
        unwritten.add((1..=9).map(value).map(Write::Queue).collect());
        unwritten.add(vec![
            Write::Queue(message(10)),
            Write::Thin(Some(TxId(1)), Seq(2)),
        ]);
        let queued = unwritten
            .batch()
            .into_iter()
            .filter_map(|write| match write {
                Write::Queue(message) => Some(message.seq.0),
                _ => None,
            });
        assert_eq!(queued.collect::<Vec<_>>(), [1, 2, 3, 5, 7, 9, 10]);
        assert_eq!(
            unwritten.batch().first(),
            Some(&Write::Thin(Some(TxId(1)), Seq(2)))
        );
    }

    #[test]
    fn the_queue_is_read_as_if_everything_had_been_written() {
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![Write::Queue(message(3)), Write::Dequeue(Seq(1))]);
        let on_disk = Fetched {
            messages: vec![message(1), message(2)],
            ..Fetched::default()
        };
        let seen = unwritten.apply_to(on_disk, false, Seq(0), 10);
        let seqs: Vec<_> = seen.messages.iter().map(|message| message.seq.0).collect();
        assert_eq!(seqs, [2, 3]);
    }

    /// Found by the simulation: a time of before the first contact went out uncorrected, and once more, corrected.
    #[test]
    fn times_are_read_as_if_they_had_been_corrected_on_the_disk_and_among_what_waits_for_it() {
        let unsynced = |wall| crate::core::Stamp {
            wall: crate::time::Wall(wall),
            synced: false,
        };
        let value_at = |seq, wall| {
            let mut message = value(seq);
            if let QueuedBody::Meter { at, .. } = &mut message.body {
                *at = unsynced(wall);
            }
            message
        };
        let transaction = |id| Transaction {
            id: TxId(id),
            connector: ConnectorId::new(1).expect("there is one"),
            tag: IdToken::truncated("TAG"),
            parent: None,
            reservation: None,
            started: unsynced(1_000),
            meter_start: Wh(0),
            zero: None,
            central: CentralId::Unknown,
            deauthorized: false,
            until: None,
            last: (unsynced(2_000), Wh(0)),
            stop: None,
            delivery: Delivery::Due,
            bare: false,
            values_refused: false,
            start_id: None,
            stop_id: None,
        };
        let datum = |n| Datum {
            n,
            at: unsynced(3_000),
            values: Vec::new(),
        };
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![
            Write::Transaction(transaction(2)),
            Write::Datum(TxId(2), datum(1)),
            Write::Queue(value_at(3, 4_000)),
            Write::Queue(message(2)),
            Write::CorrectTimes(500),
        ]);
        let on_disk = Fetched {
            messages: vec![value_at(1, 5_000)],
            ..Fetched::default()
        };
        let mut seen = unwritten.apply_to(on_disk, false, Seq(0), 10);
        seen.transactions.push(transaction(1));
        seen.data.push((TxId(1), datum(1)));
        unwritten.apply_to_transactions(&mut seen);
        let mut stamps: Vec<_> = seen.stamps_mut().map(|stamp| *stamp).collect();
        stamps.sort_unstable_by_key(|stamp| stamp.wall.0);
        let walls: Vec<_> = stamps.iter().map(|stamp| stamp.wall.0).collect();
        assert_eq!(
            walls,
            [1_500, 1_500, 2_500, 2_500, 3_500, 3_500, 4_500, 5_500]
        );
        assert!(stamps.iter().all(|stamp| stamp.synced));
    }
}
