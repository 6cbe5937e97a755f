//! A world: its clocks, its central system, its disk.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

use crate::error::Error;
use crate::kit::books::Booked;
use crate::kit::central::{Central, Link};
use crate::kit::json::object;
use crate::kit::rules::Rule;
use crate::shell::VirtualClock;
use crate::store::Store;
use crate::time::{Millis, Mono, Wall};

/// What the clocks show when a world begins: 2026-01-01T00:00:00Z.
const BEGINNING: Wall = Wall(1_767_225_600_000);

/// What a charge point lives in.
pub(crate) struct World {
    /// The clocks of the device.
    pub(crate) clock: Arc<VirtualClock>,
    central: Mutex<Central>,
    disk_fails: Arc<AtomicBool>,
    boots: AtomicU64,
}

impl World {
    pub(crate) fn new() -> Self {
        crate::store::IS_VIRTUAL.store(true, Ordering::Relaxed);
        Self {
            clock: Arc::new(VirtualClock::new(BEGINNING)),
            central: Mutex::default(),
            disk_fails: Arc::default(),
            boots: AtomicU64::new(0),
        }
    }

    pub(super) fn central(&self) -> MutexGuard<'_, Central> {
        self.central.lock()
    }

    fn mono(&self) -> Mono {
        self.clock.now().mono
    }

    /// The time as the central system knows it, which nobody sets.
    pub(super) fn true_time(&self) -> Wall {
        let run = i64::try_from(self.mono().0).unwrap_or(i64::MAX);
        BEGINNING.offset(run)
    }

    /// The randomness of the next life, which is none: another number each time.
    pub(crate) fn seed(&self) -> u64 {
        self.boots.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A disk of this world, with a store on it.
    pub(crate) fn disk(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        let fails = self.disk_fails.clone();
        Box::new(super::disk::Disk { store, fails })
    }

    /// Whether the disk fails from now on.
    pub(crate) fn set_disk_fails(&self, fails: bool) {
        self.disk_fails.store(fails, Ordering::Relaxed);
    }

    /// The link is so from now on.
    pub(crate) fn set_link(&self, link: Link) {
        let wall = self.true_time();
        self.central().set_link(link, self.mono(), wall);
    }

    /// How long the answers of the central system take from now on.
    pub(crate) fn set_delay(&self, delay: Millis) {
        self.central().set_delay(delay);
    }

    /// What the central system does with an action from now on, or with every one.
    pub(crate) fn set_rule(&self, action: Option<&str>, rule: Rule) -> Result<(), Error> {
        self.central().rules.set(action, rule)
    }

    /// A rule that has members take the place of those of the answer.
    pub(crate) fn answering(with: Option<&str>) -> Result<Rule, Error> {
        let with = with.map(|with| object(with, "with")).transpose()?;
        Ok(Rule::Answer(with.unwrap_or(Value::Null)))
    }

    /// What the central system says of a tag from now on.
    pub(crate) fn set_tag(&self, tag: &str, status: &str, parent: Option<&str>) {
        self.central().books.set_tag(tag, status, parent);
    }

    /// The next frame of the charge point.
    pub(crate) fn sent(&self) -> Option<String> {
        self.central().sent()
    }

    /// The payload of its next call with that action.
    pub(crate) fn sent_call(&self, action: &str) -> Result<Option<String>, Error> {
        self.central().sent_call(action)
    }

    /// Answers the call that waits.
    pub(crate) fn reply(&self, payload: &str) -> Result<(), Error> {
        self.central().reply(payload, self.mono())
    }

    /// Refuses the call that waits.
    pub(crate) fn refuse(&self, code: &str, text: &str) -> Result<(), Error> {
        self.central().refuse(code, text, self.mono())
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.central().connected
    }

    /// The central system calls the charge point.
    pub(crate) fn call(&self, action: &str, payload: &str) -> Result<(), Error> {
        self.central().call(action, payload, self.mono())
    }

    /// What was answered to the last of these.
    pub(crate) fn answer(&self) -> Option<String> {
        self.central().answer().map(str::to_owned)
    }

    /// How many transactions are on the books.
    pub(crate) fn booked_count(&self) -> usize {
        self.central().booked().len()
    }

    /// One of them.
    pub(crate) fn booked(&self, number: usize) -> Option<Booked> {
        self.central().booked().get(number).cloned()
    }
}
