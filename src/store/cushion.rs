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

    /// Reads the queue as if everything had been written; see [`Store::fetch`]. `None` if that cannot
    /// be read: it is to be asked for again later, since an empty queue is another thing.
    pub fn fetch(&mut self, after: Seq, limit: usize) -> Option<Fetched> {
        match self.store.fetch(after, limit) {
            Ok(on_disk) if self.is_failing() => Some(self.overlay.lay_over(on_disk, after, limit)),
            Ok(on_disk) => Some(on_disk),
            Err(why) => {
                log::error!("the queue cannot be read: {why}");
                None
            }
        }
    }

    /// How many bytes the store takes; 0 if unknown.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.store.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Write;

    /// A disk that neither reads nor writes.
    struct Broken;

    impl Store for Broken {
        fn load(&mut self) -> Result<Stored, StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn commit(&mut self, _: &Batch) -> Result<(), StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn fetch(&mut self, _: Seq, _: usize) -> Result<Fetched, StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn size(&self) -> u64 {
            0
        }
    }

    /// Found by the simulation: later sessions overtook a stop that could not be read at the start.
    #[test]
    fn a_queue_that_cannot_be_read_is_not_an_empty_one() {
        let mut cushion = Cushion::new(Box::new(Broken));
        assert_eq!(cushion.fetch(Seq(0), 10), None);
        let turn = cushion.commit(vec![Write::Accepted]);
        assert_eq!(turn, Some(Turn::Fails("broken".to_owned())));
        assert_eq!(cushion.fetch(Seq(0), 10), None);
        assert_eq!(cushion.try_again(), None);
        assert!(cushion.is_failing());
    }
}
