//! Writes that the disk would not take: kept in memory and tried again, so that charging goes on.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{
    Batch, ConnectorId, Datum, Fetched, QueuedMessage, Seq, Transaction, TxId, Write,
};
use crate::wire::IdToken;

/// The newest write to each record, in the order in which the records were first written. Its size
/// is bounded by the number of records, not by the time that the disk fails.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    writes: BTreeMap<u64, Write>,
    places: BTreeMap<Record, u64>,
    count: u64,
}

/// What a write is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Record {
    Setting(String),
    Availability(Option<ConnectorId>),
    Transaction(TxId),
    Datum(TxId, u32),
    Queue(Seq),
    Profile(i32),
    Accepted,
    Times,
    Cache(IdToken),
    AllCache,
}

fn record_of(write: &Write) -> Option<Record> {
    Some(match write {
        Write::Setting(key, _) => Record::Setting(key.clone()),
        Write::Availability(at, _) => Record::Availability(*at),
        Write::Transaction(transaction) => Record::Transaction(transaction.id),
        Write::TransactionDone(tx) => Record::Transaction(*tx),
        Write::Queue(message) => Record::Queue(message.seq),
        Write::Dequeue(seq) => Record::Queue(*seq),
        Write::Datum(tx, datum) => Record::Datum(*tx, datum.n),
        Write::DropDatum(tx, n) => Record::Datum(*tx, *n),
        // What it would drop can only be told by the disk; the engine asks again when there is one.
        Write::Thin(..) => return None,
        Write::Profile(stored) => Record::Profile(stored.profile.charging_profile_id),
        Write::DropProfile(id) => Record::Profile(*id),
        Write::Accepted => Record::Accepted,
        Write::CorrectTimes(_) => Record::Times,
        Write::Cache(entry) => Record::Cache(entry.tag.clone()),
        Write::Uncache(tag) => Record::Cache(tag.clone()),
        Write::ClearCache => Record::AllCache,
    })
}

impl Overlay {
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
                    if let Some(place) = self.places.remove(&record) {
                        self.writes.remove(&place);
                    }
                }
            }
            let Some(record) = record_of(&write) else {
                continue;
            };
            // The newest write goes to the end: what it relies on stands before it.
            if let Some(place) = self.places.remove(&record) {
                self.writes.remove(&place);
            }
            self.count += 1;
            self.places.insert(record, self.count);
            self.writes.insert(self.count, write);
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

    /// What the queue holds behind `after` when the store says `on_disk`.
    pub(super) fn lay_over(&self, on_disk: Fetched, after: Seq, limit: usize) -> Fetched {
        let full = on_disk.messages.len() >= limit;
        let horizon = on_disk.messages.last().map_or(after, |message| message.seq);
        let mut messages: BTreeMap<Seq, QueuedMessage> = on_disk
            .messages
            .into_iter()
            .map(|message| (message.seq, message))
            .collect();
        let mut transactions: BTreeMap<TxId, Transaction> = on_disk
            .transactions
            .into_iter()
            .map(|t| (t.id, t))
            .collect();
        let mut known = BTreeMap::new();
        let mut data: BTreeMap<(TxId, u32), Datum> = on_disk
            .data
            .into_iter()
            .map(|(tx, datum)| ((tx, datum.n), datum))
            .collect();
        for write in self.writes.values() {
            match write {
                Write::Queue(m) if m.seq > after && (!full || m.seq <= horizon) => {
                    messages.insert(m.seq, m.clone());
                }
                Write::Dequeue(seq) => {
                    messages.remove(seq);
                }
                Write::Datum(tx, datum) => {
                    data.insert((*tx, datum.n), datum.clone());
                }
                Write::DropDatum(tx, n) => {
                    data.remove(&(*tx, *n));
                }
                Write::Transaction(transaction) => {
                    known.insert(transaction.id, transaction.clone());
                }
                _ => {}
            }
        }
        let messages: Vec<_> = messages.into_values().take(limit).collect();
        let named: BTreeSet<_> = messages.iter().filter_map(|m| m.body.tx()).collect();
        transactions.extend(known.into_iter().filter(|(tx, _)| named.contains(tx)));
        data.retain(|(tx, _), _| named.contains(tx));
        let last = messages.last().map_or(after, |message| message.seq);
        let behind = |write: &&Write| matches!(write, Write::Queue(m) if m.seq > last);
        Fetched {
            // Those that are on the disk as well are counted twice: the engine asks once too often.
            behind: on_disk.behind + self.writes.values().filter(behind).count() as u64,
            messages,
            transactions: transactions.into_values().collect(),
            data: data
                .into_iter()
                .map(|((tx, _), datum)| (tx, datum))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::QueuedBody;

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
        let mut overlay = Overlay::default();
        overlay.add(vec![
            Write::Queue(message(1)),
            Write::Setting("A".into(), "1".into()),
        ]);
        overlay.add(vec![Write::Dequeue(Seq(1))]);
        let left = [
            Write::Setting("A".into(), "1".into()),
            Write::Dequeue(Seq(1)),
        ];
        assert_eq!(overlay.batch(), left);
    }

    #[test]
    fn the_queue_is_read_as_if_everything_had_been_written() {
        let mut overlay = Overlay::default();
        overlay.add(vec![Write::Queue(message(3)), Write::Dequeue(Seq(1))]);
        let on_disk = Fetched {
            messages: vec![message(1), message(2)],
            ..Fetched::default()
        };
        let seen = overlay.lay_over(on_disk, Seq(0), 10);
        let seqs: Vec<_> = seen.messages.iter().map(|message| message.seq.0).collect();
        assert_eq!(seqs, [2, 3]);
    }
}
