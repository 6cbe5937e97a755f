//! A store that forgets when it is dropped: for tests, simulations, and devices without flash.

use std::collections::BTreeMap;

use crate::core::{
    Batch, Change, Fetched, QueuedMessage, Record, RecordKey, Seq, Stored, Transaction, TxId,
};
use crate::store::interface::{Store, StoreError};
use crate::store::records::{self, data_of, queue_behind};
use crate::store::start::Start;

/// Everything in memory. A clone is what a disk would hold at that moment.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: BTreeMap<RecordKey, Record>,
    last_tx: u64,
}

impl MemoryStore {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Put(record) => {
                if let Record::Transaction(transaction) = &record {
                    self.last_tx = self.last_tx.max(transaction.id.0);
                }
                self.records.insert(record.key(), record);
            }
            Change::Drop(key) => {
                if let RecordKey::Transaction(tx) = key {
                    records::remove(&mut self.records, data_of(tx));
                }
                self.records.remove(&key);
            }
            Change::DropAll(kind) => self.records.retain(|key, _| key.kind() != kind),
            Change::CorrectTimes(step) => {
                for record in self.records.values_mut() {
                    records::correct(record, step);
                }
            }
            Change::Thin(tx, after) => {
                let values = self.messages(after);
                let values = values.filter_map(|message| records::value_of(message, tx));
                for seq in records::thinned(values) {
                    self.records.remove(&RecordKey::Message(seq));
                }
            }
        }
    }

    /// The queue behind a place.
    fn messages(&self, after: Seq) -> impl Iterator<Item = &QueuedMessage> + Clone {
        let behind = self.records.range(queue_behind(after));
        behind.filter_map(|(_, record)| match record {
            Record::Message(message) => Some(message),
            _ => None,
        })
    }

    fn transaction(&self, tx: TxId) -> Option<&Transaction> {
        match self.records.get(&RecordKey::Transaction(tx)) {
            Some(Record::Transaction(transaction)) => Some(transaction),
            _ => None,
        }
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        let mut start = Start::default();
        for record in self.records.values_mut() {
            // Nobody can correct the times of an earlier run any more.
            records::correct(record, 0);
            start.take(record.clone());
        }
        Ok(Stored {
            last_tx: self.last_tx,
            ..start.stored()
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for change in batch {
            self.apply(change.clone());
        }
        Ok(())
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let behind = self.messages(after);
        let count = behind.clone().count();
        let messages: Vec<_> = behind.take(limit).cloned().collect();
        Ok(Fetched {
            behind: (count - messages.len()) as u64,
            messages,
            ..Fetched::default()
        })
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        for id in fetched.named() {
            fetched.transactions.extend(self.transaction(id).cloned());
            for record in self.records.range(data_of(id)) {
                if let (_, Record::StopSample(tx, datum)) = record {
                    fetched.data.push((*tx, datum.clone()));
                }
            }
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        0
    }
}
