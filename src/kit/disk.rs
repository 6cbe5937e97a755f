//! A disk that fails on request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::core::{Batch, Fetched, Seq, Stored};
use crate::store::{Store, StoreError};

/// A store that cannot be written to as long as it is said to fail.
pub(super) struct Disk {
    pub(super) store: Box<dyn Store>,
    pub(super) fails: Arc<AtomicBool>,
}

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError("the test lets the storage fail".to_owned()));
        }
        self.store.commit(batch)
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        self.store.queue(after, limit)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.store.add_transactions(fetched)
    }

    fn size(&self) -> u64 {
        self.store.size()
    }

    fn damage(&mut self) -> Vec<String> {
        self.store.damage()
    }
}
