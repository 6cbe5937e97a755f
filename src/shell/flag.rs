//! A condition that threads wait for.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Whether something is the case, and those who wait until it is.
#[derive(Default)]
pub(crate) struct Flag {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Flag {
    pub(crate) fn set(&self) {
        *self.set.lock() = true;
        self.changed.notify_all();
    }

    pub(crate) fn clear(&self) {
        *self.set.lock() = false;
    }

    /// Waits until it is set, but not longer than until then; says whether it is.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut set = self.set.lock();
        while !*set {
            match until {
                None => self.changed.wait(&mut set),
                Some(until) if self.changed.wait_until(&mut set, until).timed_out() => {
                    return *set;
                }
                Some(_) => {}
            }
        }
        true
    }
}
