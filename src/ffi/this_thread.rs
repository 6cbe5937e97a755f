//! Which thread calls.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number for the thread that calls. std's own would leave an allocation on the host's threads.
pub(super) fn this_thread() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(COUNT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}
