//! A store that takes everything: what the disk refuses is kept in memory and tried again with
//! everything that follows, so that charging goes on.

use crate::core::{Batch, Fetched, Seq, Stored};
use crate::store::unwritten::Unwritten;
use crate::store::{Store, StoreError};

/// A [`Store`] that keeps in memory what the disk does not take, and tries it again. What is in memory alone
/// does not survive a power cut.
pub struct RetryingStore {
    store: Box<dyn Store>,
    /// What the store would not take.
    unwritten: Unwritten,
    /// What was asked of the queue while it could not be read.
    unread: Option<(Seq, usize)>,
    failing: bool,
}

/// Whether the store works, when that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It fails from now on, for this reason.
    Fails(String),
    /// It works again, and everything is durable.
    Works,
}

impl RetryingStore {
    /// Wraps a store that works.
    #[must_use]
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            unwritten: Unwritten::default(),
            unread: None,
            failing: false,
        }
    }

    /// The store that it wraps.
    #[cfg(feature = "testkit")]
    pub(crate) fn into_inner(self) -> Box<dyn Store> {
        self.store
    }

    /// Reads everything but the queue; see [`Store::load`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(&mut self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    /// Whether something is to be tried again.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether something is in memory that should be on the disk.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Makes a batch durable, or keeps it. Says if that changed something.
    pub fn commit(&mut self, batch: Batch) -> Option<Health> {
        if self.holds_back() {
            self.unwritten.add(batch);
            return self.write_again();
        }
        match self.store.commit(&batch) {
            Ok(()) => self.works(),
            Err(why) => {
                self.unwritten.add(batch);
                self.fails(why)
            }
        }
    }

    /// Reads the queue as if everything had been written; see [`Store::fetch`]. Nothing comes if it
    /// cannot be read: it comes of [`RetryingStore::try_again`] later, since to take it for an empty queue
    /// would let later messages overtake those in it.
    pub fn fetch(&mut self, after: Seq, limit: usize) -> (Option<Fetched>, Option<Health>) {
        match self.read(after, limit) {
            Ok(fetched) => (Some(fetched), self.works()),
            Err(why) => {
                self.unread = Some((after, limit));
                (None, self.fails(why))
            }
        }
    }

    fn read(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        if !self.holds_back() {
            return self.store.fetch(after, limit);
        }
        let asked = limit.saturating_add(self.unwritten.gone(after));
        let on_disk = self.store.queue(after, asked)?;
        let full = on_disk.messages.len() >= asked;
        let mut fetched = self.unwritten.apply_to(on_disk, full, after, limit);
        // Also those that only messages name which the disk has not.
        self.store.add_transactions(&mut fetched)?;
        self.unwritten.apply_to_transactions(&mut fetched);
        Ok(fetched)
    }

    /// Tries again what failed. To be called from time to time while it fails.
    pub fn try_again(&mut self) -> (Option<Fetched>, Option<Health>) {
        let written = if self.holds_back() {
            self.write_again()
        } else {
            None
        };
        let Some((after, limit)) = self.unread.take() else {
            return (None, written);
        };
        let (fetched, read) = self.fetch(after, limit);
        (fetched, written.or(read))
    }

    /// How many bytes the store takes; 0 if unknown.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.store.size()
    }

    /// What is to be told of damage; see [`Store::damage`].
    pub fn damage(&mut self) -> Vec<String> {
        self.store.damage()
    }

    fn write_again(&mut self) -> Option<Health> {
        match self.store.commit(&self.unwritten.batch()) {
            Ok(()) => {
                self.unwritten.clear();
                self.works()
            }
            Err(why) => self.fails(why),
        }
    }

    fn fails(&mut self, why: StoreError) -> Option<Health> {
        if std::mem::replace(&mut self.failing, true) {
            log::debug!("the database still cannot be written: {why}");
            return None;
        }
        log::error!("the database cannot be written, what happens is kept in memory only: {why}");
        Some(Health::Fails(why.0))
    }

    fn works(&mut self) -> Option<Health> {
        if !self.failing || self.holds_back() || self.unread.is_some() {
            return None;
        }
        self.failing = false;
        log::warn!("the database can be written again, and has what was in memory");
        Some(Health::Works)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Change, Record};

    /// A disk that neither reads nor writes.
    struct Broken;

    impl Store for Broken {
        fn load(&mut self) -> Result<Stored, StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn commit(&mut self, _: &Batch) -> Result<(), StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn queue(&mut self, _: Seq, _: usize) -> Result<Fetched, StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn add_transactions(&mut self, _: &mut Fetched) -> Result<(), StoreError> {
            Err(StoreError("broken".to_owned()))
        }
        fn size(&self) -> u64 {
            0
        }
    }

    /// Found by the simulation: later sessions overtook a stop that could not be read at the start.
    #[test]
    fn a_queue_that_cannot_be_read_is_not_an_empty_one() {
        let mut retrying = RetryingStore::new(Box::new(Broken));
        let fails = Some(Health::Fails("broken".to_owned()));
        assert_eq!(retrying.fetch(Seq(0), 10), (None, fails));
        assert_eq!(retrying.commit(vec![Change::Put(Record::Accepted)]), None);
        assert_eq!(retrying.try_again(), (None, None));
        assert!(retrying.is_failing() && retrying.holds_back());
        // It works again when it has been written to and read.
        retrying.store = Box::<crate::store::MemoryStore>::default();
        let read = Some(Fetched::default());
        assert_eq!(retrying.try_again(), (read, Some(Health::Works)));
        assert!(!retrying.is_failing());
    }
}
