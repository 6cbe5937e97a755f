//! Another library in Rust that a firmware has: it allocates, starts a thread, and catches a panic.

use std::collections::HashMap;
use std::panic::{catch_unwind, panic_any};
use std::thread;

/// The sum of the squares of 1 to `count`, from a panic in another thread.
#[no_mangle]
pub extern "C" fn neighbour_squares(count: u32) -> u32 {
    let thread = thread::spawn(move || {
        catch_unwind(|| {
            let squares: HashMap<u32, u32> = (1..=count).map(|it| (it, it * it)).collect();
            let sum: u32 = squares.values().sum();
            panic_any(sum);
        })
    });
    match thread.join() {
        Ok(Err(sum)) => sum.downcast_ref().copied().unwrap_or(0),
        _ => 0,
    }
}
