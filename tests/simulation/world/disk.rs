//! A disk that fails when it is told to, and keeps what it said it keeps.

use std::sync::{Arc, Mutex, MutexGuard};

use evcp::core::{Batch, Fetched, Seq, Stored};
use evcp::store::{MemoryStore, SqliteStore, Store, StoreError};

/// What is on the disk, whoever opens it.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<State>>);

struct State {
    kept: Box<dyn Store>,
    /// The folder of a database, removed with the disk.
    _folder: Option<Folder>,
    fails: bool,
    /// How many commits failed; every other one was written all the same.
    failed: u64,
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Disk {
    /// A new one: of SQLite, or of memory.
    pub fn new(sqlite: bool, seed: u64) -> Self {
        let (kept, folder): (Box<dyn Store>, _) = if sqlite {
            let name = format!("evcp-simulation-{}-{seed}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            let opened = SqliteStore::open(&folder, evcp::time::Wall(super::NEW_YEAR))
                .expect("a database can be made");
            (Box::new(opened.store), Some(Folder(folder)))
        } else {
            (Box::<MemoryStore>::default(), None)
        };
        Self(Arc::new(Mutex::new(State {
            kept,
            _folder: folder,
            fails: false,
            failed: 0,
        })))
    }

    pub fn set_failing(&self, fails: bool) {
        self.state().fails = fails;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.state().kept.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.fails {
            return state.kept.commit(batch);
        }
        // A disk that reports an error may have written, or not.
        state.failed += 1;
        if state.failed % 2 == 0 {
            state.kept.commit(batch)?;
        }
        Err(StoreError("input/output error".to_owned()))
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let mut state = self.state();
        if state.fails && state.failed % 3 == 0 {
            return Err(StoreError("input/output error".to_owned()));
        }
        state.kept.queue(after, limit)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.state().kept.add_transactions(fetched)
    }

    fn size(&self) -> u64 {
        0
    }
}
