//! Changes that the disk would not take: kept in memory and tried again, so that charging goes on.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{Batch, Change, Fetched, Kind, QueuedMessage, Record, RecordKey, Seq, TxId};
use crate::store::records::{self, data_of, queue_behind};
use crate::types::gathered;

/// What is to become of each record that changed. Its size is bounded by the number of records, not by
/// the time that the disk fails.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// The records that changed, as they are now; `None`: it is gone.
    records: BTreeMap<RecordKey, Option<Record>>,
    /// Of these kinds the disk keeps nothing of what it has.
    gone: BTreeSet<Kind>,
    /// The correction of the times that are on the disk. What waits here is corrected here, and what is
    /// corrected once is final.
    correction: Option<i64>,
    /// What the disk thins out of what it has. What waits here is thinned out here.
    thinned: BTreeMap<Option<TxId>, Seq>,
}

impl Unwritten {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.gone.is_empty()
            && self.correction.is_none()
            && self.thinned.is_empty()
    }

    /// Takes in a batch that could not be written.
    pub(super) fn add(&mut self, batch: Batch) {
        for change in batch {
            match change {
                Change::Put(record) => {
                    self.records.insert(record.key(), Some(record));
                }
                Change::Drop(key) => {
                    if let RecordKey::Transaction(tx) = key {
                        records::remove(&mut self.records, data_of(tx));
                    }
                    self.records.insert(key, None);
                }
                Change::DropAll(kind) => {
                    self.records.retain(|key, _| key.kind() != kind);
                    self.gone.insert(kind);
                }
                Change::CorrectTimes(step) => {
                    for record in self.records.values_mut().flatten() {
                        records::correct(record, step);
                    }
                    self.correction.get_or_insert(step);
                }
                Change::Thin(tx, after) => {
                    let values = self.messages(after);
                    let values = values.filter_map(|message| records::value_of(message, tx));
                    for seq in records::thinned(values) {
                        self.records.remove(&RecordKey::Message(seq));
                    }
                    self.thinned.insert(tx, after);
                }
            }
        }
    }

    /// The messages behind a place that wait to be written.
    fn messages(&self, after: Seq) -> impl Iterator<Item = &QueuedMessage> {
        let behind = self.records.range(queue_behind(after));
        behind.filter_map(|(_, record)| match record {
            Some(Record::Message(message)) => Some(message),
            _ => None,
        })
    }

    /// All that is waiting, as one batch: first what concerns the disk's own, then the records.
    pub(super) fn batch(&self) -> Batch {
        let thinned = self.thinned.iter();
        let thinned = thinned.map(|(tx, after)| Change::Thin(*tx, *after));
        let corrected = self.correction.map(Change::CorrectTimes);
        let gone = self.gone.iter().copied().map(Change::DropAll);
        let records = self.records.iter().map(|(key, record)| match record {
            Some(record) => Change::Put(record.clone()),
            None => Change::Drop(key.clone()),
        });
        let of_the_disk = thinned.chain(corrected).chain(gone);
        of_the_disk.chain(records).collect()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many of the messages on the disk behind `after` may be gone.
    pub(super) fn gone(&self, after: Seq) -> usize {
        let behind = self.records.range(queue_behind(after));
        behind.filter(|(_, record)| record.is_none()).count()
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
        let mut messages = self.corrected(on_disk.messages.into_iter().map(Record::Message));
        let mut beyond = 0;
        for (key, record) in self.records.range(queue_behind(after)) {
            match (key, record) {
                (RecordKey::Message(seq), Some(_)) if full && *seq > horizon => beyond += 1,
                _ => overlay(&mut messages, key, record.as_ref()),
            }
        }
        let cut = messages.len().saturating_sub(limit) as u64;
        let messages = messages.into_values().filter_map(|record| match record {
            Record::Message(message) => Some(message),
            _ => None,
        });
        Fetched {
            // Those that are on the disk as well are counted twice: the engine asks once too often.
            behind: on_disk.behind + cut + beyond,
            messages: messages.take(limit).collect(),
            ..Fetched::default()
        }
    }

    /// Brings what was fetched to what it would be on a disk that had taken everything.
    pub(super) fn apply_to_transactions(&self, fetched: &mut Fetched) {
        let transactions = fetched.transactions.drain(..).map(Record::Transaction);
        let data = fetched.data.drain(..);
        let data = data.map(|(tx, datum)| Record::StopSample(tx, datum));
        let mut all = self.corrected(transactions.chain(data));
        for tx in fetched.named() {
            let key = RecordKey::Transaction(tx);
            if let Some(record) = self.records.get(&key) {
                overlay(&mut all, &key, record.as_ref());
            }
            for (key, record) in self.records.range(data_of(tx)) {
                overlay(&mut all, key, record.as_ref());
            }
        }
        for record in all.into_values() {
            match record {
                Record::Transaction(transaction) => fetched.transactions.push(transaction),
                Record::StopSample(tx, datum) => fetched.data.push((tx, datum)),
                _ => {}
            }
        }
    }

    /// Records of the disk by their keys, with the times that they will have there.
    fn corrected(&self, on_disk: impl Iterator<Item = Record>) -> BTreeMap<RecordKey, Record> {
        let corrected = on_disk.map(|mut record| {
            if let Some(step) = self.correction {
                records::correct(&mut record, step);
            }
            (record.key(), record)
        });
        gathered(corrected)
    }
}

/// What waits stands over what the disk has.
fn overlay(records: &mut BTreeMap<RecordKey, Record>, key: &RecordKey, waits: Option<&Record>) {
    match waits {
        Some(record) => records.insert(key.clone(), record.clone()),
        None => records.remove(key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        CentralId, ConnectorId, Delivery, Place, QueuedBody, StopSample, Transaction, Wh,
    };
    use crate::types::IdToken;

    fn put(message: QueuedMessage) -> Change {
        Change::Put(Record::Message(message))
    }

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
    fn a_later_change_takes_the_place_of_an_earlier_one() {
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![
            put(message(1)),
            Change::Put(Record::Setting("A".into(), "1".into())),
        ]);
        unwritten.add(vec![Change::Drop(RecordKey::Message(Seq(1)))]);
        let left = [
            Change::Put(Record::Setting("A".into(), "1".into())),
            Change::Drop(RecordKey::Message(Seq(1))),
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
        unwritten.add((1..=9).map(value).map(put).collect());
        unwritten.add(vec![put(message(10)), Change::Thin(Some(TxId(1)), Seq(2))]);
        let queued = unwritten
            .batch()
            .into_iter()
            .filter_map(|change| match change {
                Change::Put(Record::Message(message)) => Some(message.seq.0),
                _ => None,
            });
        assert_eq!(queued.collect::<Vec<_>>(), [1, 2, 3, 5, 7, 9, 10]);
        assert_eq!(
            unwritten.batch().first(),
            Some(&Change::Thin(Some(TxId(1)), Seq(2)))
        );
    }

    #[test]
    fn the_queue_is_read_as_if_everything_had_been_written() {
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![
            put(message(3)),
            Change::Drop(RecordKey::Message(Seq(1))),
        ]);
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
        let datum = |n| StopSample {
            n,
            at: unsynced(3_000),
            values: Vec::new(),
        };
        let mut unwritten = Unwritten::default();
        unwritten.add(vec![
            Change::Put(Record::Transaction(transaction(2))),
            Change::Put(Record::StopSample(TxId(2), datum(1))),
            put(value_at(3, 4_000)),
            put(message(2)),
            Change::CorrectTimes(500),
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
