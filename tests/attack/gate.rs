//! A disk that hangs in a commit for as long as a gate is closed.

use std::sync::{Arc, Condvar, Mutex};

use evcp::core::{Batch, Fetched, Seq, Stored};
use evcp::store::{MemoryStore, Store, StoreError};
use evcp::Storage;

#[derive(Default)]
struct State {
    closed: bool,
    hanging: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<State>, Condvar)>);

impl Gate {
    pub(crate) fn storage(&self) -> Storage {
        Storage::Custom(Box::new(Disk(MemoryStore::default(), self.clone())))
    }

    pub(crate) fn close(&self) {
        self.0 .0.lock().expect("nobody panics").closed = true;
    }

    pub(crate) fn open(&self) {
        self.0 .0.lock().expect("nobody panics").closed = false;
        self.0 .1.notify_all();
    }

    pub(crate) fn wait_until_somebody_hangs(&self) {
        let state = self.0 .0.lock().expect("nobody panics");
        let nobody = |state: &mut State| state.hanging == 0;
        drop(self.0 .1.wait_while(state, nobody));
    }

    fn pass(&self) {
        let mut state = self.0 .0.lock().expect("nobody panics");
        state.hanging += 1;
        self.0 .1.notify_all();
        let state = self.0 .1.wait_while(state, |state| state.closed);
        state.expect("nobody panics").hanging -= 1;
    }
}

struct Disk(MemoryStore, Gate);

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.0.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.1.pass();
        self.0.commit(batch)
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        self.0.queue(after, limit)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.0.add_transactions(fetched)
    }

    fn size(&self) -> u64 {
        self.0.size()
    }
}
