//! A host in Rust that waits.

use std::time::{Duration, Instant};

use crate::mailbox::Wake;
use crate::shell::Flag;

/// A [`Wake`] for hosts in Rust that wait for events on a thread.
#[derive(Default)]
pub struct Signal(Flag);

impl Signal {
    /// Waits until events wait; says whether they do.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.0.wait(until)
    }
}

impl Wake for Signal {
    fn raise(&self) {
        self.0.set();
    }

    fn clear(&self) {
        self.0.clear();
    }
}
