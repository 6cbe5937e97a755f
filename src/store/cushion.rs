//! A store that takes everything: what the disk refuses is kept in memory and tried again with
//! everything that follows, so that charging goes on.

use crate::core::{Batch, Fetched, Seq, Stored};
use crate::store::{Overlay, Store, StoreError};

/// A [`Store`] with a cushion of memory for the time that it fails. What is in the cushion does not
/// survive a power cut.
pub struct Cushion {
    store: Box<dyn Store>,
    /// What the store would not take.
    overlay: Overlay,
}

/// What became of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It fails from now on, for this reason.
    Fails(String),
    /// It works again, and everything is durable.
    Works,
}

impl Cushion {
    /// A cushion around a store that works.
    #[must_use]
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            overlay: Overlay::default(),
        }
    }

    /// Reads everything but the queue; see [`Store::load`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(&mut self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    /// Whether something is in memory that should be on the disk.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        !self.overlay.is_empty()
    }

    /// Makes a batch durable, or keeps it. Says if that changed something.
    pub fn commit(&mut self, batch: Batch) -> Option<Turn> {
        if self.is_failing() {
            self.overlay.add(batch);
            return self.try_again();
        }
        match self.store.commit(&batch) {
            Ok(()) => None,
            Err(why) => {
                log::error!("the store fails: {why}");
                self.overlay.add(batch);
                Some(Turn::Fails(why.0))
            }
        }
    }

    /// Tries to write what is kept. To be called from time to time while it fails.
    pub fn try_again(&mut self) -> Option<Turn> {
        match self.store.commit(&self.overlay.batch()) {
            Ok(()) => {
                log::warn!("the store works again");
                self.overlay.clear();
                Some(Turn::Works)
            }
            Err(why) => {
                log::debug!("the store still fails: {why}");
                None
            }
        }
    }

    /// Reads the queue as if everything had been written; see [`Store::fetch`].
    pub fn fetch(&mut self, after: Seq, limit: usize) -> Fetched {
        let on_disk = self.store.fetch(after, limit).unwrap_or_else(|why| {
            log::error!("the queue cannot be read: {why}");
            Fetched::default()
        });
        if self.is_failing() {
            return self.overlay.lay_over(on_disk, after, limit);
        }
        on_disk
    }

    /// How many bytes the store takes; 0 if unknown.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.store.size()
    }
}
