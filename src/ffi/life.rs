//! Life

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::charge_point::ChargePoint;
use crate::core::Host;
use crate::ffi::callbacks::evcp_callbacks_t;
use crate::ffi::config::evcp_config_t;
use crate::ffi::fd::EventFd;
use crate::ffi::guard::{contain, guard, install_panic_hook, Fail};
use crate::ffi::place::{self, Place};
use crate::ffi::results::*;
use crate::ffi::sized;
use crate::ffi::this_thread::this_thread;
use crate::ffi::values::UserData;

/// Called exactly once, from evcp_dispatch(), with what became of vendor data: EVCP_OK and the
/// answer (EVCP_ACCEPTED, EVCP_REJECTED, EVCP_UNKNOWN_VENDOR, EVCP_UNKNOWN_MESSAGE; data is
/// NUL-terminated too, and NULL if there is none); EVCP_E_OFFLINE; EVCP_E_IO when no answer came or
/// an error instead, with the reason in data; EVCP_E_CLOSED, from evcp_free(), when the charge
/// point goes first.
pub type evcp_data_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        err: evcp_err_t,
        status: u32,
        data: *const c_char,
        len: usize,
    ),
>;

/// A charge point.
pub struct evcp_t {
    pub(super) inner: Arc<Inner>,
}

/// What outlives evcp_free() while a dispatch is under way.
pub(super) struct Inner {
    pub(super) charge_point: ChargePoint,
    pub(super) place: Place,
    pub(super) callbacks: evcp_callbacks_t,
    pub(super) user_data: UserData,
    pub(super) event_fd: Arc<EventFd>,
    pub(super) freed: AtomicBool,
    pub(super) poisoned: AtomicBool,
    pub(super) transfers: Mutex<BTreeMap<u64, (evcp_data_fn, UserData)>>,
    pub(super) next_transfer: AtomicU64,
    /// The handle, once it was given back.
    handle: AtomicPtr<evcp_t>,
    /// evcp_stop() was called: nothing more will come.
    pub(super) stopped: AtomicBool,
    ended: AtomicBool,
    dispatcher: Mutex<Option<u64>>,
    left: Condvar,
}

/// How long the end waits for the storage.
const STOP_TIME: Duration = Duration::from_secs(2);

/// The right to run callbacks; there is one at a time.
pub(super) struct Dispatching<'a>(&'a Inner);

impl Drop for Dispatching<'_> {
    fn drop(&mut self) {
        *self.0.dispatcher.lock() = None;
        self.0.left.notify_all();
    }
}

impl Inner {
    pub(super) fn begin_dispatch(&self) -> Result<Dispatching<'_>, Fail> {
        let mut dispatcher = self.dispatcher.lock();
        match *dispatcher {
            None => {
                *dispatcher = Some(this_thread());
                Ok(Dispatching(self))
            }
            Some(thread) if thread == this_thread() => {
                Err(Fail(EVCP_E_DEADLOCK, "inside a callback".to_owned()))
            }
            Some(_) => Err(Fail(EVCP_E_STATE, "another thread dispatches".to_owned())),
        }
    }

    pub(super) fn is_inside_callback(&self) -> bool {
        *self.dispatcher.lock() == Some(this_thread())
    }

    /// Waits until no other thread runs callbacks; says whether that is so.
    fn wait_for_dispatcher(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut dispatcher = self.dispatcher.lock();
        while dispatcher.is_some() {
            if self.left.wait_until(&mut dispatcher, until).timed_out() {
                return dispatcher.is_none();
            }
        }
        true
    }

    /// Frees the handle that was given back, once.
    pub(super) fn release_handle(&self) {
        let handle = self.handle.swap(std::ptr::null_mut(), Ordering::AcqRel);
        if !handle.is_null() {
            // SAFETY: made by Box::into_raw in evcp_new() and given back by evcp_free(); the swap
            // lets nobody else have it.
            drop(unsafe { Box::from_raw(handle) });
        }
    }

    /// The end, once, on the thread of the last one who is here: nothing calls back after it.
    pub(super) fn tear_down(&self) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        let _ = self.charge_point.stop(STOP_TIME);
        loop {
            let next = self.transfers.lock().pop_first();
            let Some((_, (done, user_data))) = next else {
                break;
            };
            if let Some(done) = done {
                // SAFETY: the host gave us both for exactly one call, and this is it.
                unsafe { done(user_data.0, EVCP_E_CLOSED, 0, std::ptr::null(), 0) };
            }
        }
        if let Some(destroy) = self.callbacks.destroy {
            // SAFETY: as above; this is the one and last call of a slot.
            unsafe { destroy(self.user_data.0) };
        }
    }
}

/// Runs a body with the charge point behind a pointer; a panic poisons it.
///
/// # Safety
/// `cp` is NULL or came from evcp_new() and was not freed.
pub(super) unsafe fn with(
    cp: *const evcp_t,
    body: impl FnOnce(&Inner) -> Result<i32, Fail>,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    let Some(inner) = (unsafe { cp.as_ref() }).map(|cp| cp.inner.clone()) else {
        return guard(|| Err(Fail::invalid("cp is NULL")));
    };
    if inner.poisoned.load(Ordering::Acquire) {
        return guard(|| Err(Fail(EVCP_E_PANIC, "it failed inside before".to_owned())));
    }
    let code = guard(|| body(&inner));
    if code == EVCP_E_PANIC {
        inner.poisoned.store(true, Ordering::Release);
    }
    code
}

/// Makes a charge point from a copy of cfg, with a copy of cb (NULL: no callbacks). Checks
/// everything and opens the storage; nothing runs yet. *out is yours until evcp_free().
/// EVCP_E_INVALID names what is not possible, EVCP_E_IO what is wrong with the storage,
/// EVCP_E_UNSUPPORTED a slot that this library does not know; then *out is NULL, and user_data is
/// still yours: destroy is not called.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_new(
    cfg: *const evcp_config_t,
    cb: *const evcp_callbacks_t,
    user_data: *mut c_void,
    out: *mut *mut evcp_t,
) -> evcp_err_t {
    guard(|| {
        install_panic_hook();
        if out.is_null() {
            return Err(Fail::invalid("out is NULL"));
        }
        // SAFETY: not NULL, so writable, as the caller promises.
        unsafe { *out = std::ptr::null_mut() };
        // SAFETY: as the caller promises.
        let cfg = unsafe { cfg.as_ref() }.ok_or_else(|| Fail::invalid("cfg is NULL"))?;
        let callbacks = if cb.is_null() {
            evcp_callbacks_t::none()
        } else {
            // SAFETY: as the caller promises.
            unsafe { sized::read(cb, "cb") }?
        };
        let host = Host {
            unlocks: callbacks.on_unlock.is_some(),
            resets: callbacks.on_reset.is_some(),
            reads_meter: callbacks.on_meter_read.is_some(),
            transfers_data: callbacks.on_data_transfer.is_some(),
            judges_keys: callbacks.on_key_change.is_some(),
        };
        let event_fd = Arc::new(EventFd::new().map_err(|why| Fail(EVCP_E_IO, why))?);
        let options = cfg.options(host)?;
        let (charge_point, place) = place::make(options, event_fd.clone())?;
        if callbacks.on_frame.is_some() {
            charge_point.show_frames();
        }
        let inner = Inner {
            charge_point,
            place,
            callbacks,
            user_data: UserData(user_data),
            event_fd,
            freed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            transfers: Mutex::default(),
            next_transfer: AtomicU64::new(0),
            handle: AtomicPtr::new(std::ptr::null_mut()),
            stopped: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            dispatcher: Mutex::new(None),
            left: Condvar::new(),
        };
        let inner = Arc::new(inner);
        inner.place.take_in(&inner);
        let new = Box::into_raw(Box::new(evcp_t { inner }));
        // SAFETY: as above.
        unsafe { *out = new };
        Ok(EVCP_OK)
    })
}

/// Starts the charge point: returns at once, and connects for ever. EVCP_E_STATE the second time.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_start(cp: *mut evcp_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            inner.place.check()?;
            inner.charge_point.start()?;
            Ok(EVCP_OK)
        })
    }
}

/// Closes the link and flushes the storage, and waits for that up to timeout_ms. Does not stop
/// transactions: at the next start they end with reason Reboot and what the meter shows then, or go on
/// (setting "tx.after_power_loss"). What happened until then can still be dispatched. EVCP_E_DEADLOCK inside a
/// callback, EVCP_E_IO when it takes longer.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_stop(cp: *mut evcp_t, timeout_ms: u32) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            if inner.is_inside_callback() {
                return Err(Fail(EVCP_E_DEADLOCK, "inside a callback".to_owned()));
            }
            inner.place.check()?;
            let timeout = Duration::from_millis(u64::from(timeout_ms));
            let outcome = inner.charge_point.stop(timeout);
            // Whoever waits in evcp_dispatch() has nothing to wait for any more.
            inner.stopped.store(true, Ordering::Release);
            inner.event_fd.wake();
            outcome?;
            Ok(EVCP_OK)
        })
    }
}

/// Stops and frees a charge point; NULL is fine. Inside a callback: legal, and no other callback
/// follows but destroy; it waits, two seconds at most, until the storage is closed, so that evcp_new()
/// may open it in the same callback. Else it waits, two seconds at most, for a dispatch on another thread, which
/// returns EVCP_E_CLOSED. Nothing may use cp afterwards: a thread that dispatches again and again is
/// to be ended before, by evcp_stop(). Waits two seconds at most for the storage as well: call
/// evcp_stop() with a longer patience before, if the next charge point is to open the same one and
/// the disk is slow.
///
/// # Safety
/// `cp` is NULL or came from evcp_new() and was not freed before.
#[no_mangle]
pub unsafe extern "C" fn evcp_free(cp: *mut evcp_t) {
    if cp.is_null() {
        return;
    }
    let _ = contain(|| {
        // SAFETY: not NULL, so from evcp_new() and alive, as the caller promises.
        let inner = unsafe { &*cp }.inner.clone();
        // Whoever is there last frees the handle: a callback that runs may still use it.
        inner.handle.store(cp, Ordering::Release);
        inner.freed.store(true, Ordering::Release);
        if inner.is_inside_callback() {
            // The rest of the end follows this callback; the storage is free for the next one now.
            let _ = inner.charge_point.stop(STOP_TIME);
            return;
        }
        inner.event_fd.wake();
        if inner.wait_for_dispatcher(Duration::from_secs(2)) {
            inner.tear_down();
            inner.release_handle();
        }
    });
}

/// Readable while callbacks wait: for poll, epoll, GLib, asyncio; with "host.watchdog_s" now and then although
/// none does. Owned by cp: do not read or close it. -1 for NULL.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_fd(cp: *const evcp_t) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { cp.as_ref() }.map_or(-1, |cp| cp.inner.event_fd.number())
}

/// Makes evcp_dispatch() return, now or the next time. May be called in a signal handler; NULL is
/// fine.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_wakeup(cp: *mut evcp_t) {
    // SAFETY: as the caller promises.
    if let Some(cp) = unsafe { cp.as_ref() } {
        cp.inner.event_fd.wake();
    }
}
