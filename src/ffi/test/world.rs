//! World

use std::ffi::{c_char, CString};
use std::sync::Arc;

use crate::ffi::guard::{contain, guard, Fail};
use crate::ffi::results::*;
use crate::ffi::test::here::{Here, Texts};
use crate::ffi::text::to_c;
use crate::ffi::this_thread::this_thread;

/// A world of one thread.
pub struct evcp_test_t {
    pub(super) here: Arc<Here>,
}

/// Runs a body with a world, on its thread.
///
/// # Safety
/// `world` is NULL or came from evcp_test_new() and was not freed.
pub(super) unsafe fn within<T>(
    world: *const evcp_test_t,
    body: impl FnOnce(&Here) -> Result<T, Fail>,
) -> Result<T, Fail> {
    // SAFETY: as the caller promises.
    let world = unsafe { world.as_ref() }.ok_or_else(|| Fail::invalid("world is NULL"))?;
    let here = world.here.clone();
    if here.thread != this_thread() {
        let why = "the world belongs to another thread: that which called evcp_test_new()";
        return Err(Fail(EVCP_E_STATE, why.to_owned()));
    }
    body(&here)
}

/// The same for a function that returns a result.
///
/// # Safety
/// As of [`within`].
pub(super) unsafe fn with_world(
    world: *const evcp_test_t,
    body: impl FnOnce(&Here) -> Result<i32, Fail>,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    guard(|| unsafe { within(world, body) })
}

/// The same for a function that returns a text, which is kept.
///
/// # Safety
/// As of [`within`].
pub(super) unsafe fn text_of(
    world: *const evcp_test_t,
    place: fn(&mut Texts) -> &mut CString,
    body: impl FnOnce(&Here) -> Result<Option<String>, Fail>,
) -> *const c_char {
    let mut pointer = std::ptr::null();
    // SAFETY: as the caller promises.
    let _ = guard(|| unsafe {
        within(world, |here| {
            if let Some(text) = body(here)? {
                let mut texts = here.texts.lock();
                let place = place(&mut texts);
                let text = to_c(&text);
                // The same text stays where it is.
                if *place != text {
                    *place = text;
                }
                pointer = place.as_ptr();
            }
            Ok(EVCP_OK)
        })
    });
    pointer
}

/// A world for this thread: the link is up, the wall clock shows 2026-01-01T00:00:00Z, the books are
/// empty. Yours until evcp_test_free(). NULL, with evcp_last_error(), when this thread has one.
#[no_mangle]
pub extern "C" fn evcp_test_new() -> *mut evcp_test_t {
    let mut new = std::ptr::null_mut();
    let _ = guard(|| {
        let here = Here::new()?;
        new = Box::into_raw(Box::new(evcp_test_t { here }));
        Ok(EVCP_OK)
    });
    new
}

/// Frees a world; NULL is fine. A charge point that is still in it goes as in evcp_test_power_cut():
/// evcp_free() its handle before or after. Not inside a callback.
///
/// # Safety
/// `world` is NULL or came from evcp_test_new() and was not freed before.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_free(world: *mut evcp_test_t) {
    if world.is_null() {
        return;
    }
    let _ = contain(|| {
        // SAFETY: made by Box::into_raw in evcp_test_new().
        let world = unsafe { Box::from_raw(world) };
        if let Some(there) = world.here.resident() {
            there.cut();
        }
    });
}
