//! A store that forgets when it is dropped: for tests, simulations, and devices without flash.

use std::collections::BTreeMap;

use crate::core::{
    Batch, CachedTag, ConnectorId, Fetched, QueuedBody, QueuedMessage, Seq, Stamp, Stored,
    Transaction, TxId, Write,
};
use crate::store::{Store, StoreError};
use crate::wire::IdToken;

/// Everything in memory. A clone is what a disk would hold at that moment.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    settings: BTreeMap<String, String>,
    availability: BTreeMap<Option<ConnectorId>, bool>,
    transactions: BTreeMap<TxId, Transaction>,
    queue: BTreeMap<Seq, QueuedMessage>,
    cache: BTreeMap<IdToken, CachedTag>,
    last_tx: u64,
}

impl MemoryStore {
    fn apply(&mut self, write: Write) {
        match write {
            Write::Setting(key, value) => {
                self.settings.insert(key, value);
            }
            Write::Availability(at, operative) => {
                self.availability.insert(at, operative);
            }
            Write::Transaction(transaction) => {
                self.last_tx = self.last_tx.max(transaction.id.0);
                self.transactions.insert(transaction.id, transaction);
            }
            Write::TransactionDone(tx) => {
                self.transactions.remove(&tx);
            }
            Write::Queue(message) => {
                self.queue.insert(message.seq, message);
            }
            Write::Dequeue(seq) => {
                self.queue.remove(&seq);
            }
            Write::CorrectTimes(step) => self.each_stamp(|stamp| stamp.correct(step)),
            Write::Cache(entry) => {
                self.cache.insert(entry.tag.clone(), entry);
            }
            Write::Uncache(tag) => {
                self.cache.remove(&tag);
            }
            Write::ClearCache => self.cache.clear(),
        }
    }

    fn each_stamp(&mut self, mut change: impl FnMut(&mut Stamp)) {
        for transaction in self.transactions.values_mut() {
            change(&mut transaction.started);
            change(&mut transaction.last.0);
            if let Some(stop) = &mut transaction.stop {
                change(&mut stop.at);
            }
        }
        for message in self.queue.values_mut() {
            if let QueuedBody::Meter { at, .. } = &mut message.body {
                change(at);
            }
        }
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.each_stamp(|stamp| stamp.synced = true);
        let running = self
            .transactions
            .values()
            .filter(|transaction| transaction.stop.is_none());
        Ok(Stored {
            settings: self.settings.clone().into_iter().collect(),
            availability: self.availability.clone().into_iter().collect(),
            running: running.cloned().collect(),
            cache: self.cache.values().cloned().collect(),
            queued: self.queue.len() as u64,
            last_seq: self.queue.keys().next_back().copied().unwrap_or_default(),
            last_tx: self.last_tx,
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for write in batch {
            self.apply(write.clone());
        }
        Ok(())
    }

    fn fetch(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let behind = self
            .queue
            .range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        let messages: Vec<_> = behind
            .take(limit)
            .map(|(_, message)| message.clone())
            .collect();
        let mut ids: Vec<_> = messages
            .iter()
            .filter_map(|message| message.body.tx())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let transactions = ids
            .iter()
            .filter_map(|id| self.transactions.get(id).cloned())
            .collect();
        Ok(Fetched {
            messages,
            transactions,
        })
    }

    fn size(&self) -> u64 {
        0
    }
}
