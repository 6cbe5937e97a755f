//! The end of a driver, and those who wait for it.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Tells that the driver has ended.
#[derive(Default)]
pub(crate) struct Done {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Done {
    pub(crate) fn set(&self) {
        *self.ended.lock() = true;
        self.changed.notify_all();
    }

    /// Waits for the end until then, or for ever; says whether it has come.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut ended = self.ended.lock();
        while !*ended {
            match until {
                None => self.changed.wait(&mut ended),
                Some(until) if self.changed.wait_until(&mut ended, until).timed_out() => {
                    return *ended;
                }
                Some(_) => {}
            }
        }
        true
    }
}
