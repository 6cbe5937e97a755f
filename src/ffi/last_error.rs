//! The text of the last failure on a thread.

use std::cell::UnsafeCell;
use std::ffi::c_char;

const CAPACITY: usize = 256;

thread_local! {
    // A fixed array without a destructor: the pointer that was handed out stays good, also when
    // the next call fails while its arguments are still being printed.
    static LAST: UnsafeCell<[u8; CAPACITY]> = const { UnsafeCell::new([0; CAPACITY]) };
}

/// The text, as C sees it.
pub(super) fn last_error() -> *const c_char {
    LAST.with(|last| last.get().cast_const().cast())
}

/// Keeps a text until the next failure on this thread.
pub(super) fn remember(text: &str) {
    let mut end = text.len().min(CAPACITY - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    LAST.with(|last| {
        // SAFETY: the array is this thread's own and no reference to it lives beyond this block.
        let last = unsafe { &mut *last.get() };
        last[..end].copy_from_slice(&text.as_bytes()[..end]);
        last[end..].fill(0);
    });
}
