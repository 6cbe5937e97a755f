//! A store that forgets when it is dropped: for tests, simulations, and devices without flash.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::core::{
    Batch, CachedTag, ConnectorId, Datum, Delivery, Fetched, Place, QueuedBody, QueuedMessage, Seq,
    Stamp, Stored, StoredProfile, Transaction, TxId, Wh, Write,
};
use crate::store::interface::{Store, StoreError, LAST};
use crate::time::Wall;
use crate::types::IdToken;

/// Everything in memory. A clone is what a disk would hold at that moment.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    settings: BTreeMap<String, String>,
    availability: BTreeMap<Place, bool>,
    local_availability: BTreeMap<Place, bool>,
    transactions: BTreeMap<TxId, Transaction>,
    data: BTreeMap<(TxId, u32), Datum>,
    queue: BTreeMap<Seq, QueuedMessage>,
    accepted: bool,
    registers: BTreeMap<ConnectorId, Wh>,
    orderly: bool,
    profiles: BTreeMap<(i32, Place), StoredProfile>,
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
            Write::LocalAvailability(at, operative) => {
                self.local_availability.insert(at, operative);
            }
            Write::Transaction(transaction) => {
                self.last_tx = self.last_tx.max(transaction.id.0);
                self.transactions.insert(transaction.id, transaction);
            }
            Write::TransactionDone(tx) => {
                self.transactions.remove(&tx);
                self.data.retain(|(of, _), _| *of != tx);
            }
            Write::Datum(tx, datum) => {
                self.data.insert((tx, datum.n), datum);
            }
            Write::DropDatum(tx, n) => {
                self.data.remove(&(tx, n));
            }
            Write::Thin(tx, after) => self.thin(tx, after),
            Write::Profile(profile) => {
                let id = profile.profile.charging_profile_id;
                self.profiles.insert((id, profile.place), profile);
            }
            Write::DropProfile(id, place) => {
                self.profiles.remove(&(id, place));
            }
            Write::Accepted => self.accepted = true,
            Write::Register(at, register) => {
                self.registers.insert(at, register);
            }
            Write::Orderly(orderly) => self.orderly = orderly,
            Write::Queue(message) => {
                self.queue.insert(message.seq, message);
            }
            Write::Dequeue(seq) => {
                self.queue.remove(&seq);
            }
            Write::CorrectTimes(step) => self.each_stamp(|stamp| {
                stamp.correct(step);
            }),
            Write::Cache(entry) => {
                self.cache.insert(entry.tag.clone(), entry);
            }
            Write::Uncache(tag) => {
                self.cache.remove(&tag);
            }
            Write::ClearCache => self.cache.clear(),
        }
    }

    fn thin(&mut self, tx: Option<TxId>, after: Seq) {
        let of_tx = |message: &QueuedMessage| matches!(message.body, QueuedBody::Meter { tx: of, .. } if of == tx);
        let behind = self.queue.range((Bound::Excluded(after), Bound::Unbounded));
        let all: Vec<_> = behind
            .filter(|(_, message)| of_tx(message))
            .map(|(seq, _)| *seq)
            .collect();
        let last = all.len().saturating_sub(1);
        for (number, seq) in all.into_iter().enumerate() {
            if number % 2 == 1 && number != last {
                self.queue.remove(&seq);
            }
        }
    }

    fn data_of(&self, tx: TxId) -> impl Iterator<Item = (TxId, Datum)> + '_ {
        let all = self.data.range((tx, 0)..=(tx, u32::MAX));
        all.map(|((tx, _), datum)| (*tx, datum.clone()))
    }

    fn values(&self) -> Vec<(Option<TxId>, u64)> {
        let mut counts = BTreeMap::new();
        for message in self.queue.values() {
            if let QueuedBody::Meter { tx, .. } = message.body {
                *counts.entry(tx).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    fn waiting(&self) -> Option<Wall> {
        let transactions = self.transactions.values().rev().take(LAST);
        let times = transactions.map(|tx| tx.stop.as_ref().map_or(tx.last.0, |stop| stop.at));
        let messages = self.queue.values().rev().take(LAST);
        let values = messages.filter_map(|message| match message.body {
            QueuedBody::Meter { at, .. } => Some(at),
            QueuedBody::Start(_) | QueuedBody::Stop(_) => None,
        });
        times.chain(values).map(|stamp| stamp.wall).max()
    }

    fn each_stamp(&mut self, change: impl FnMut(&mut Stamp)) {
        let transactions = self.transactions.values_mut();
        let queue = self.queue.values_mut();
        transactions
            .flat_map(Transaction::stamps_mut)
            .chain(self.data.values_mut().map(|datum| &mut datum.at))
            .chain(queue.filter_map(|message| message.body.stamp_mut()))
            .for_each(change);
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.each_stamp(|stamp| stamp.synced = true);
        let running = self
            .transactions
            .values()
            .filter(|transaction| transaction.stop.is_none());
        let data = running.clone().flat_map(|running| self.data_of(running.id));
        let given_up = |one: &&Transaction| one.delivery == Delivery::GivenUp && one.stop.is_some();
        let undelivered = self.transactions.values().filter(given_up);
        Ok(Stored {
            data: data.collect(),
            undelivered: undelivered.cloned().collect(),
            values: self.values(),
            damaged: Vec::new(),
            accepted: self.accepted,
            registers: self.registers.clone().into_iter().collect(),
            orderly: self.orderly,
            profiles: self.profiles.values().cloned().collect(),
            settings: self.settings.clone().into_iter().collect(),
            availability: self.availability.clone().into_iter().collect(),
            local_availability: self.local_availability.clone().into_iter().collect(),
            running: running.cloned().collect(),
            cache: self.cache.values().cloned().collect(),
            waiting: self.waiting(),
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

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let behind = self.queue.range((Bound::Excluded(after), Bound::Unbounded));
        let count = behind.clone().count();
        let messages: Vec<_> = behind
            .take(limit)
            .map(|(_, message)| message.clone())
            .collect();
        Ok(Fetched {
            behind: (count - messages.len()) as u64,
            messages,
            ..Fetched::default()
        })
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        for id in fetched.named() {
            fetched
                .transactions
                .extend(self.transactions.get(&id).cloned());
            fetched.data.extend(self.data_of(id));
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        0
    }
}
