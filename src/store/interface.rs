//! What a store must do.

use std::fmt;

use crate::core::{Batch, Fetched, Seq, Stored};

/// Durable storage of one charge point.
pub trait Store: Send {
    /// Reads everything but the queue. Times that were stamped in an earlier run count as synced from
    /// now on: nobody can correct them any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&mut self) -> Result<Stored, StoreError>;

    /// Writes all of the batch or none of it, and returns when it is durable.
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Reads up to `limit` queued messages with a place behind `after`, in order, without the
    /// transactions that they name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError>;

    /// Adds the transactions that the messages name, and what their StopTransaction carries, each
    /// in the order of its number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError>;

    /// Reads up to `limit` queued messages with a place behind `after`, in order, and the
    /// transactions that they name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn fetch(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let mut fetched = self.queue(after, limit)?;
        self.add_transactions(&mut fetched)?;
        Ok(fetched)
    }

    /// How many bytes the store takes, for statistics; 0 if unknown.
    fn size(&self) -> u64;

    /// What could not be read, or was removed, and what became of it, for people: what neither
    /// [`Store::load`] nor [`Store::fetch`] has told.
    fn damage(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a store failed, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}
