//! The library's handle: opened as the configuration says, with a disk that can be told to fail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use evcp::core::{Batch, Fetched, NetworkSlot, Seq, Stored};
use evcp::store::{MemoryStore, SqliteStore, Store, StoreError};
use evcp::time::Wall;
use evcp::{ChargePoint, NetworkProfile, Options, Storage, Wake};
use serde_json::json;

use crate::config::Config;
use crate::Message;

/// Rings the main loop once for any number of events.
struct Bell {
    station: usize,
    rung: AtomicBool,
    to: Sender<Message>,
}

impl Wake for Bell {
    fn raise(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = self.to.send(Message::Events(self.station));
        }
    }

    fn clear(&self) {
        self.rung.store(false, Ordering::Release);
    }
}

/// A disk that fails when it is told to.
struct Disk {
    store: Box<dyn Store>,
    fails: Arc<AtomicBool>,
}

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Acquire) {
            return Err(StoreError("the simulated disk fails".to_owned()));
        }
        self.store.commit(batch)
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        if self.fails.load(Ordering::Acquire) {
            return Err(StoreError("the simulated disk fails".to_owned()));
        }
        self.store.queue(after, limit)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.store.add_transactions(fetched)
    }

    fn size(&self) -> u64 {
        self.store.size()
    }
}

fn seed() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |t| t.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (now as u64) ^ (u64::from(std::process::id()) << 40) ^ (count << 56)
}

pub fn open(
    config: &Config,
    directory: Option<&PathBuf>,
    fails: &Arc<AtomicBool>,
    to: &Sender<Message>,
    number: usize,
) -> Result<ChargePoint, String> {
    let mut setup = config.setup.clone();
    setup.seed = seed();
    let store: Box<dyn Store> = match directory {
        None => Box::<MemoryStore>::default(),
        Some(directory) => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |t| t.as_millis());
            let opened = SqliteStore::open(directory, Wall(now as i64)).map_err(|w| w.0)?;
            if let Some((aside, why)) = opened.replaced {
                let text = format!("the store was damaged: {why}; kept as {}", aside.display());
                crate::say(&json!({"event": "error", "text": text}));
            }
            Box::new(opened.store)
        }
    };
    let bell = Bell {
        station: number,
        rung: AtomicBool::new(false),
        to: to.clone(),
    };
    let network = NetworkProfile {
        security_profile: config.setup.tuning.security_profile,
        tls: config.tls.clone(),
        ..NetworkProfile::new(&config.url, &config.identity)
    };
    let options = Options {
        setup,
        networks: vec![(NetworkSlot::FIRST, network)],
        storage: Storage::Custom(Box::new(Disk {
            store,
            fails: fails.clone(),
        })),
    };
    ChargePoint::new(options, Arc::new(bell)).map_err(|why| why.to_string())
}
