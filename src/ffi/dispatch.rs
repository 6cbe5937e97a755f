//! Callbacks
// Most of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::{c_char, c_void, CStr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::core::{
    Connection, ConnectorId, DataTransferOutcome, Notice, Question, RequestId, TransactionChange,
    TransactionStep,
};
use crate::ffi::guard::{guard, Fail};
use crate::ffi::life::{evcp_t, Inner};
use crate::ffi::results::*;
use crate::ffi::sized::Sized32;
use crate::ffi::text::to_c;
use crate::ffi::values::*;
use crate::mailbox::Event;
use crate::wire::{
    AuthorizationStatus, ChargePointStatus, DataTransferStatus, ReadingContext, RegistrationStatus,
};

/// How long a question may stay without answer, in milliseconds, unless "answer.timeout_s" says
/// otherwise. A meter must be read sooner: within "meter.timeout_s", 2 s.
pub const EVCP_ANSWER_MS: u32 = 25_000;

/// There is no connection.
pub const EVCP_DISCONNECTED: u32 = 0;
/// An attempt failed; the next follows by itself.
pub const EVCP_CONNECT_FAILED: u32 = 1;
/// The WebSocket stands.
pub const EVCP_CONNECTED: u32 = 2;

/// The charge point is in operation.
pub const EVCP_BOOT_ACCEPTED: u32 = 0;
/// The central system wants to configure it first.
pub const EVCP_BOOT_PENDING: u32 = 1;
/// The central system does not want it now.
pub const EVCP_BOOT_REJECTED: u32 = 2;

/// The tag may charge, or it stopped its transaction.
pub const EVCP_AUTH_ACCEPTED: u32 = 0;
/// The tag is blocked.
pub const EVCP_AUTH_BLOCKED: u32 = 1;
/// The tag has expired.
pub const EVCP_AUTH_EXPIRED: u32 = 2;
/// Nobody knows the tag.
pub const EVCP_AUTH_INVALID: u32 = 3;
/// The tag is charging elsewhere, or there is no free connector.
pub const EVCP_AUTH_CONCURRENT_TX: u32 = 4;

/// OCPP's Available
pub const EVCP_STATUS_AVAILABLE: u32 = 0;
/// OCPP's Preparing
pub const EVCP_STATUS_PREPARING: u32 = 1;
/// OCPP's Charging
pub const EVCP_STATUS_CHARGING: u32 = 2;
/// OCPP's SuspendedEVSE
pub const EVCP_STATUS_SUSPENDED_EVSE: u32 = 3;
/// OCPP's SuspendedEV
pub const EVCP_STATUS_SUSPENDED_EV: u32 = 4;
/// OCPP's Finishing
pub const EVCP_STATUS_FINISHING: u32 = 5;
/// OCPP's Reserved
pub const EVCP_STATUS_RESERVED: u32 = 6;
/// OCPP's Unavailable
pub const EVCP_STATUS_UNAVAILABLE: u32 = 7;
/// OCPP's Faulted
pub const EVCP_STATUS_FAULTED: u32 = 8;

/// A meter is read for the beginning of a transaction.
pub const EVCP_READ_BEGIN: u32 = 0;
/// A meter is read for a periodic sample.
pub const EVCP_READ_SAMPLE: u32 = 1;
/// A meter is read for the end of a transaction.
pub const EVCP_READ_END: u32 = 2;
/// A meter is read because the central system asks.
pub const EVCP_READ_TRIGGER: u32 = 3;

/// What the library tells and asks. NULL is a default for every slot: a question that nobody serves
/// is answered as OCPP asks, a notice that nobody wants is dropped.
///
/// A slot with an evcp_req_t asks a question: answer with evcp_answer() or the typed answer, inside
/// the callback or later, from any thread, before EVCP_ANSWER_MS have passed. No slot may be left
/// by throw, longjmp or pthread_exit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_callbacks_t {
    /// sizeof(evcp_callbacks_t); see GROWTH.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Called once, after the last call of any other slot: user_data may go now.
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,

    /// A command, complete; the first ones come after the start, for every connector.
    pub on_supply: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            supply: *const evcp_supply_t,
        ),
    >,

    /// Unlock the connector; energy is off. EVCP_ACCEPTED, EVCP_FAILED, EVCP_NOT_SUPPORTED.
    /// NULL: NotSupported.
    pub on_unlock: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, connector: u32, req: evcp_req_t),
    >,
    /// May the device be restarted? EVCP_ACCEPTED or EVCP_REJECTED; on_reboot says when.
    /// NULL: Rejected.
    pub on_reset:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, hard: bool, req: evcp_req_t)>,
    /// Read the meter (context: EVCP_READ_*): evcp_answer_meter(). NULL: what evcp_push_meter()
    /// said last is used.
    pub on_meter_read: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            context: u32,
            req: evcp_req_t,
        ),
    >,
    /// Vendor data of the central system; message and data may be NULL: evcp_answer_data().
    /// NULL: UnknownVendorId.
    pub on_data_transfer: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            vendor: *const c_char,
            message: *const c_char,
            data: *const c_char,
            len: usize,
            req: evcp_req_t,
        ),
    >,

    /// The link: EVCP_DISCONNECTED, EVCP_CONNECT_FAILED, EVCP_CONNECTED, and why.
    pub on_connection: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, state: u32, detail: *const c_char),
    >,
    /// BootNotification was answered: EVCP_BOOT_*.
    pub on_boot:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, status: u32, interval_s: u32)>,
    /// The central system says what time it is: the device may set its clock.
    pub on_time: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, unix_ms: i64)>,
    /// What became of a tag: EVCP_AUTH_*. connector 0: none was chosen.
    pub on_auth: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            tag: *const c_char,
            status: u32,
        ),
    >,
    /// A connector (0: the charge point) has a new status: EVCP_STATUS_*, and OCPP's error code.
    pub on_status: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            status: u32,
            error_code: *const c_char,
        ),
    >,
    /// A transaction took a step.
    pub on_tx:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, tx: *const evcp_tx_info_t)>,
    /// The central system put a connector (0: all) in or out of service.
    pub on_availability: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, connector: u32, operative: bool),
    >,
    /// A configuration key was changed. Secrets come without their value.
    pub on_key_changed: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            key: *const c_char,
            value: *const c_char,
        ),
    >,
    /// The storage fails, and what happens is kept in memory only (failing); it works again; or a
    /// damaged database was set aside and a fresh one started (not failing, with a detail).
    pub on_storage: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, failing: bool, detail: *const c_char),
    >,
    /// All is stored and said: restart the device (hard) or the application now.
    pub on_reboot: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, hard: bool)>,
    /// The library cannot go on: supply nothing, and free the handle. The last call but destroy.
    pub on_fatal: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, err: evcp_err_t, detail: *const c_char),
    >,
}

// SAFETY: repr(C), begins with a u32; zero is NULL in every slot.
unsafe impl Sized32 for evcp_callbacks_t {}

impl evcp_callbacks_t {
    pub(super) const fn none() -> Self {
        Self {
            struct_size: 0,
            reserved: 0,
            destroy: None,
            on_supply: None,
            on_unlock: None,
            on_reset: None,
            on_meter_read: None,
            on_data_transfer: None,
            on_connection: None,
            on_boot: None,
            on_time: None,
            on_auth: None,
            on_status: None,
            on_tx: None,
            on_availability: None,
            on_key_changed: None,
            on_storage: None,
            on_reboot: None,
            on_fatal: None,
        }
    }
}

/// Runs the callbacks that wait, on this thread; waits up to timeout_ms for the first (0: not at
/// all, -1: for ever). Returns how many ran; EVCP_E_DEADLOCK inside a callback; EVCP_E_STATE while
/// another thread dispatches; EVCP_E_CLOSED when the charge point was freed meanwhile, or stopped
/// and nothing is left to tell; EVCP_E_PANIC after a failure inside the library.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_dispatch(cp: *mut evcp_t, timeout_ms: i32) -> i32 {
    // SAFETY: as the caller promises.
    let Some(inner) = (unsafe { cp.as_ref() }).map(|cp| cp.inner.clone()) else {
        return guard(|| Err(Fail::invalid("cp is NULL")));
    };
    let code = guard(|| {
        let turn = inner.take_turn()?;
        let count = run(&inner, timeout_ms);
        let freed = inner.freed.load(Ordering::Acquire);
        if freed {
            // Still our turn: nobody else calls back while we tear down.
            inner.tear_down();
            inner.release_handle();
        }
        drop(turn);
        if freed {
            return Err(Fail(EVCP_E_CLOSED, "the charge point was freed".to_owned()));
        }
        if count == 0 && inner.poisoned.load(Ordering::Acquire) {
            return Err(Fail(EVCP_E_PANIC, "it failed inside before".to_owned()));
        }
        if count == 0 && inner.stopped.load(Ordering::Acquire) {
            return Err(Fail(
                EVCP_E_CLOSED,
                "the charge point was stopped".to_owned(),
            ));
        }
        Ok(count)
    });
    if code == EVCP_E_PANIC {
        inner.poisoned.store(true, Ordering::Release);
    }
    code
}

fn run(inner: &Inner, timeout_ms: i32) -> i32 {
    let patience = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
    let until = patience.map(|patience| Instant::now() + patience);
    let mut count = 0;
    loop {
        while !inner.freed.load(Ordering::Acquire) {
            let Some(event) = inner.charge_point.next() else {
                break;
            };
            count += i32::from(deliver(inner, event));
        }
        let woken = inner.event_fd.take_wake();
        let over = inner.stopped.load(Ordering::Acquire) || inner.poisoned.load(Ordering::Acquire);
        if count > 0 || woken || over || inner.freed.load(Ordering::Acquire) {
            return count;
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return count;
        }
        // Rounded up: a wait that is a little too long is better than one that spins.
        let millis = left.map(|left| i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX));
        inner.event_fd.wait(millis);
    }
}

fn at(connector: Option<ConnectorId>) -> u32 {
    connector.map_or(0, ConnectorId::number)
}

fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// Calls the slot of an event; says whether there was one.
fn deliver(inner: &Inner, event: Event) -> bool {
    match event {
        Event::Notice(notice) => notify(inner, notice),
        Event::Frame { .. } => false,
        Event::StoreReplaced { kept_as, why } => {
            let text = to_c(&format!(
                "the database was damaged ({why}) and is kept as {kept_as}"
            ));
            call(inner.callbacks.on_storage, |slot| {
                // SAFETY: see `call`.
                unsafe { slot(inner.user_data.0, false, text.as_ptr()) }
            })
        }
        Event::Fatal(why) => {
            let text = to_c(&why);
            inner.poisoned.store(true, Ordering::Release);
            call(inner.callbacks.on_fatal, |slot| {
                // SAFETY: see `call`.
                unsafe { slot(inner.user_data.0, EVCP_E_PANIC, text.as_ptr()) }
            })
        }
    }
}

/// Calls a slot, if there is one. What makes each of these calls sound: the host gave us the
/// function and `user_data` for it; we are in evcp_dispatch(), in our turn, so calls come one at a
/// time; and whatever a pointer points to outlives the call.
fn call<F>(slot: Option<F>, body: impl FnOnce(F)) -> bool {
    let there = slot.is_some();
    if let Some(slot) = slot {
        body(slot);
    }
    there
}

fn notify(inner: &Inner, notice: Notice) -> bool {
    let (cb, ud) = (&inner.callbacks, inner.user_data.0);
    match notice {
        Notice::Supply(connector, supply) => {
            let supply = evcp_supply_t::of(&supply);
            // SAFETY: see `call`.
            call(cb.on_supply, |slot| unsafe {
                slot(ud, connector.number(), &supply)
            })
        }
        Notice::Ask(request, question) => ask(inner, request, question),
        Notice::Connection(state, detail) => {
            let state = match state {
                Connection::Disconnected => EVCP_DISCONNECTED,
                Connection::Failed => EVCP_CONNECT_FAILED,
                Connection::Connected => EVCP_CONNECTED,
            };
            let detail = to_c(&detail);
            // SAFETY: see `call`.
            call(cb.on_connection, |slot| unsafe {
                slot(ud, state, detail.as_ptr())
            })
        }
        Notice::Boot(status, interval) => {
            let status = match status {
                RegistrationStatus::Accepted => EVCP_BOOT_ACCEPTED,
                RegistrationStatus::Pending => EVCP_BOOT_PENDING,
                RegistrationStatus::Rejected => EVCP_BOOT_REJECTED,
            };
            let interval = u32::try_from(interval.0 / 1000).unwrap_or(u32::MAX);
            // SAFETY: see `call`.
            call(cb.on_boot, |slot| unsafe { slot(ud, status, interval) })
        }
        // SAFETY: see `call`.
        Notice::Time(wall) => call(cb.on_time, |slot| unsafe { slot(ud, wall.0) }),
        Notice::Authorized {
            connector,
            tag,
            status,
        } => {
            let status = match status {
                AuthorizationStatus::Accepted => EVCP_AUTH_ACCEPTED,
                AuthorizationStatus::Blocked => EVCP_AUTH_BLOCKED,
                AuthorizationStatus::Expired => EVCP_AUTH_EXPIRED,
                AuthorizationStatus::Invalid => EVCP_AUTH_INVALID,
                AuthorizationStatus::ConcurrentTx => EVCP_AUTH_CONCURRENT_TX,
            };
            let tag = to_c(tag.as_str());
            // SAFETY: see `call`.
            call(cb.on_auth, |slot| unsafe {
                slot(ud, at(connector), tag.as_ptr(), status)
            })
        }
        Notice::Status(status) => {
            let error = to_c(status.error.as_str());
            let (connector, status) = (at(status.connector), number(status.status));
            // SAFETY: see `call`.
            call(cb.on_status, |slot| unsafe {
                slot(ud, connector, status, error.as_ptr())
            })
        }
        Notice::Transaction(step) => tell_transaction(inner, &step),
        Notice::Availability(connector, operative) => {
            // SAFETY: see `call`.
            call(cb.on_availability, |slot| unsafe {
                slot(ud, at(connector), operative)
            })
        }
        Notice::Key(key, value) => {
            let (key, value) = (to_c(&key), to_c(&value));
            // SAFETY: see `call`.
            call(cb.on_key_changed, |slot| unsafe {
                slot(ud, key.as_ptr(), value.as_ptr())
            })
        }
        Notice::DataTransferred(token, outcome) => conclude_transfer(inner, token, outcome),
        Notice::Storage { failing } => {
            let detail = to_c(failing.as_deref().unwrap_or(""));
            let failing = failing.is_some();
            // SAFETY: see `call`.
            call(cb.on_storage, |slot| unsafe {
                slot(ud, failing, detail.as_ptr())
            })
        }
        // SAFETY: see `call`.
        Notice::Reboot { hard } => call(cb.on_reboot, |slot| unsafe { slot(ud, hard) }),
        Notice::Expired(_) => false,
    }
}

fn ask(inner: &Inner, request: RequestId, question: Question) -> bool {
    let (cb, ud, req) = (&inner.callbacks, inner.user_data.0, request.0);
    match question {
        Question::Unlock(connector) => {
            // SAFETY: see `call`.
            call(cb.on_unlock, |slot| unsafe {
                slot(ud, connector.number(), req)
            })
        }
        // SAFETY: see `call`.
        Question::Reset { hard } => call(cb.on_reset, |slot| unsafe { slot(ud, hard, req) }),
        Question::ReadMeter(connector, context) => {
            let context = match context {
                ReadingContext::TransactionBegin => EVCP_READ_BEGIN,
                ReadingContext::TransactionEnd => EVCP_READ_END,
                ReadingContext::Trigger => EVCP_READ_TRIGGER,
                _ => EVCP_READ_SAMPLE,
            };
            // SAFETY: see `call`.
            call(cb.on_meter_read, |slot| unsafe {
                slot(ud, connector.number(), context, req)
            })
        }
        Question::DataTransfer {
            vendor,
            message,
            data,
        } => {
            let len = data.as_ref().map_or(0, String::len);
            let vendor = to_c(&vendor);
            let message = message.as_deref().map(to_c);
            // Data may contain a NUL: the length counts, and a NUL follows all the same.
            let data = data.map(|data| [data.as_bytes(), b"\0"].concat());
            let text = data
                .as_ref()
                .map_or(std::ptr::null(), |data| data.as_ptr().cast());
            let message = pointer(message.as_deref());
            call(cb.on_data_transfer, |slot| {
                // SAFETY: see `call`.
                unsafe { slot(ud, vendor.as_ptr(), message, text, len, req) }
            })
        }
    }
}

/// The number of a status.
pub(super) fn number(status: ChargePointStatus) -> u32 {
    match status {
        ChargePointStatus::Available => EVCP_STATUS_AVAILABLE,
        ChargePointStatus::Preparing => EVCP_STATUS_PREPARING,
        ChargePointStatus::Charging => EVCP_STATUS_CHARGING,
        ChargePointStatus::SuspendedEVSE => EVCP_STATUS_SUSPENDED_EVSE,
        ChargePointStatus::SuspendedEV => EVCP_STATUS_SUSPENDED_EV,
        ChargePointStatus::Finishing => EVCP_STATUS_FINISHING,
        ChargePointStatus::Reserved => EVCP_STATUS_RESERVED,
        ChargePointStatus::Unavailable => EVCP_STATUS_UNAVAILABLE,
        ChargePointStatus::Faulted => EVCP_STATUS_FAULTED,
    }
}

fn tell_transaction(inner: &Inner, step: &TransactionStep) -> bool {
    let tag = to_c(step.tag.as_str());
    let reason = step.reason.map(|reason| to_c(reason.as_str()));
    let info = evcp_tx_info_t {
        struct_size: size::<evcp_tx_info_t>(),
        connector: step.connector.number(),
        tx: step.tx.0,
        ocpp_id: step.central_id.map_or(-1, i64::from),
        started_ms: step.started.0,
        stopped_ms: step.stopped.map_or(0, |(wall, _)| wall.0),
        meter_start_wh: step.meter_start.0 as f64,
        meter_stop_wh: step.stopped.map_or(0.0, |(_, meter)| meter.0 as f64),
        change: match step.change {
            TransactionChange::Started => EVCP_TX_STARTED,
            TransactionChange::Resumed => EVCP_TX_RESUMED,
            TransactionChange::Confirmed => EVCP_TX_CONFIRMED,
            TransactionChange::Deauthorized => EVCP_TX_DEAUTHORIZED,
            TransactionChange::Stopped => EVCP_TX_STOPPED,
        },
        reserved: 0,
        tag: tag.as_ptr(),
        reason: pointer(reason.as_deref()),
    };
    // SAFETY: see `call`.
    call(inner.callbacks.on_tx, |slot| unsafe {
        slot(inner.user_data.0, &info)
    })
}

fn conclude_transfer(inner: &Inner, token: u64, outcome: DataTransferOutcome) -> bool {
    let Some((done, user_data)) = inner.transfers.lock().remove(&token) else {
        return false;
    };
    let (err, status, data) = match outcome {
        DataTransferOutcome::Answered(status, data) => {
            let status = match status {
                DataTransferStatus::Accepted => EVCP_ACCEPTED,
                DataTransferStatus::Rejected => EVCP_REJECTED,
                DataTransferStatus::UnknownMessageId => EVCP_UNKNOWN_MESSAGE,
                DataTransferStatus::UnknownVendorId => EVCP_UNKNOWN_VENDOR,
            };
            (EVCP_OK, status, data)
        }
        DataTransferOutcome::Offline => (EVCP_E_OFFLINE, 0, None),
        DataTransferOutcome::Failed(why) => (EVCP_E_IO, 0, Some(why)),
    };
    let len = data.as_ref().map_or(0, String::len);
    let data = data.map(|data| [data.as_bytes(), b"\0"].concat());
    let text = data
        .as_ref()
        .map_or(std::ptr::null(), |data| data.as_ptr().cast());
    // SAFETY: see `call`; this is the one call that was promised.
    call(done, |done| unsafe {
        done(user_data.0, err, status, text, len)
    })
}
