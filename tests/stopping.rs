//! A charge point that is stopped: whoever says so hears the truth.
#![cfg(feature = "net")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evcp::core::{Batch, Fetched, NetworkSlot, Seq, Stored};
use evcp::store::{MemoryStore, Store, StoreError};
use evcp::{ChargePoint, Error, NetworkProfile, Options, Signal, Storage};
use evcp_testing::setup;

/// A disk that hangs when it is closed, for as long as somebody holds the lock.
struct Stuck(MemoryStore, Arc<Mutex<()>>);

impl Store for Stuck {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.0.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
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

impl Drop for Stuck {
    fn drop(&mut self) {
        drop(self.1.lock());
    }
}

#[test]
fn a_second_stop_waits_for_the_end_as_the_first_one_did() {
    let disk = Arc::new(Mutex::new(()));
    let options = Options {
        setup: setup(1),
        networks: vec![(
            NetworkSlot::FIRST,
            NetworkProfile::new("ws://127.0.0.1:9", "STOP"),
        )],
        storage: Storage::Custom(Box::new(Stuck(MemoryStore::default(), disk.clone()))),
    };
    let charge_point = ChargePoint::new(options, Arc::new(Signal::default())).expect("it is made");
    charge_point.start().expect("it starts");
    let hangs = disk.lock();
    for _ in 0..2 {
        let stopped = charge_point.stop(Duration::from_millis(1));
        assert!(matches!(stopped, Err(Error::Io(_))), "{stopped:?}");
    }
    drop(hangs);
    assert_eq!(charge_point.stop(Duration::from_secs(60)), Ok(()));
}
