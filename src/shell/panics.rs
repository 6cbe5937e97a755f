//! What a panic, which is a bug of ours, leaves behind.

use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Why it happened, if it says so.
pub(crate) fn text_of(panic: Box<dyn Any + Send>) -> Option<String> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    // What a panic carries may panic when it is dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    text
}
