//! What is read at the start: everything but the queue, of which it is known how much there is.

use std::collections::{BTreeMap, VecDeque};

use crate::core::{Delivery, QueuedBody, QueuedMessage, Record, Stored, Transaction, TxId};
use crate::time::Wall;

/// So many of the transactions and messages that were stored last are looked at for the newest time.
pub(super) const LAST: usize = 64;

/// Collects the records of a store, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Start {
    stored: Stored,
    /// How many meter values are queued, by transaction.
    values: BTreeMap<Option<TxId>, u64>,
    /// The times of the last transactions, and of the last messages that have one.
    ended: Last,
    queued: Last,
}

/// The times of the last records of a kind.
#[derive(Debug, Default)]
struct Last(VecDeque<Option<Wall>>);

impl Last {
    fn push(&mut self, time: Option<Wall>) {
        if self.0.len() == LAST {
            self.0.pop_front();
        }
        self.0.push_back(time);
    }
}

impl Start {
    pub(super) fn take(&mut self, record: Record) {
        let stored = &mut self.stored;
        match record {
            Record::Setting(name, value) => stored.settings.push((name, value)),
            Record::Availability(at, operative) => stored.availability.push((at, operative)),
            Record::LocalAvailability(at, operative) => {
                stored.local_availability.push((at, operative));
            }
            Record::Transaction(transaction) => self.transaction(transaction),
            Record::Message(message) => self.message(&message),
            Record::StopSample(tx, datum) => {
                if stored.running.iter().any(|running| running.id == tx) {
                    stored.data.push((tx, datum));
                }
            }
            Record::Profile(profile) => stored.profiles.push(profile),
            Record::Accepted => stored.accepted = true,
            Record::Register(at, register) => stored.registers.push((at, register)),
            Record::Orderly => stored.orderly = true,
            Record::Tag(entry) => stored.cache.push(entry),
        }
    }

    fn transaction(&mut self, transaction: Transaction) {
        let stop = transaction.stop.as_ref();
        let newest = stop.map_or(transaction.last.0, |stop| stop.at);
        self.ended.push(Some(newest.wall));
        if stop.is_none() {
            self.stored.running.push(transaction);
        } else if transaction.delivery == Delivery::GivenUp {
            self.stored.undelivered.push(transaction);
        }
    }

    fn message(&mut self, message: &QueuedMessage) {
        self.stored.queued += 1;
        self.stored.last_seq = message.seq;
        self.queued.push(match message.body {
            QueuedBody::Meter { tx, at, .. } => {
                *self.values.entry(tx).or_default() += 1;
                Some(at.wall)
            }
            QueuedBody::Start(_) | QueuedBody::Stop(_) => None,
        });
    }

    pub(super) fn stored(self) -> Stored {
        let times = self.ended.0.into_iter().chain(self.queued.0);
        Stored {
            values: self.values.into_iter().collect(),
            waiting: times.flatten().max(),
            ..self.stored
        }
    }
}
