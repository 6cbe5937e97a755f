//! Dispatch: events become calls of the host's functions.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::core::{
    Connection, ConnectorId, ConnectorStatus, DataTransferOutcome, Notice, Question, RequestId,
    TransactionStep,
};
use crate::ffi::callbacks::*;
use crate::ffi::codes::error_number;
use crate::ffi::guard::{guard, Fail};
use crate::ffi::life::{evcp_t, Inner};
use crate::ffi::notices::*;
use crate::ffi::restart_info::evcp_restart_info_t;
use crate::ffi::results::*;
use crate::ffi::supply::evcp_supply_t;
use crate::ffi::text::{to_c, Counted, Number};
use crate::ffi::tx_info::evcp_tx_info_t;
use crate::ffi::values::*;
use crate::mailbox::Event;
use crate::time::{Millis, Wall};
use crate::types::{
    AuthorizationStatus, ChargePointStatus, DataTransferStatus, ReadingContext, RegistrationStatus,
};

/// Runs the callbacks that wait, on this thread; waits up to timeout_ms for the first (0: not at
/// all, -1: for ever). What waited when it began is run, 64 at most, supplies first: evcp_fd() stays
/// readable while more waits, and evcp_wakeup() ends it between two callbacks. Returns how many ran;
/// EVCP_E_DEADLOCK inside a callback; EVCP_E_STATE while another thread dispatches; EVCP_E_CLOSED
/// when the charge point was freed meanwhile, or stopped and nothing is left to tell; EVCP_E_PANIC
/// after a failure inside the library.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_dispatch(cp: *mut evcp_t, timeout_ms: i32) -> i32 {
    // SAFETY: as the caller promises.
    let Some(inner) = (unsafe { cp.as_ref() }).map(|cp| cp.inner.clone()) else {
        return guard(|| Err(Fail::invalid("cp is NULL")));
    };
    let code = guard(|| dispatch(&inner, timeout_ms));
    if code == EVCP_E_PANIC {
        inner.poisoned.store(true, Ordering::Release);
    }
    code
}

/// Runs the callbacks of a charge point that wait; says how many.
pub(super) fn dispatch(inner: &Inner, timeout_ms: i32) -> Result<i32, Fail> {
    let dispatching = inner.begin_dispatch()?;
    let (place, charge_point) = (&inner.place, &inner.charge_point);
    let count = place.dispatch(charge_point, timeout_ms, |patience| run(inner, patience))?;
    let freed = inner.freed.load(Ordering::Acquire);
    if freed {
        // Still our turn: nobody else calls back while we tear down.
        inner.tear_down();
        inner.release_handle();
    }
    drop(dispatching);
    if freed {
        return Err(Fail(EVCP_E_CLOSED, "the charge point was freed".to_owned()));
    }
    if count == 0 && inner.poisoned.load(Ordering::Acquire) {
        return Err(Fail(EVCP_E_PANIC, "it failed inside before".to_owned()));
    }
    let stopped = inner.stopped.load(Ordering::Acquire);
    if count == 0 && stopped && inner.charge_point.waiting() == 0 {
        return Err(Fail(
            EVCP_E_CLOSED,
            "the charge point was stopped".to_owned(),
        ));
    }
    Ok(count)
}

/// So much is told in one go, that a host with a loop of its own has its turn.
const AT_ONCE: usize = 64;

fn run(inner: &Inner, timeout_ms: i32) -> i32 {
    let patience = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
    let until = patience.map(|patience| Instant::now() + patience);
    let mut count = 0;
    loop {
        let mut woken = false;
        for _ in 0..inner.charge_point.waiting().min(AT_ONCE) {
            if inner.freed.load(Ordering::Acquire) || woken {
                break;
            }
            let Some(event) = inner.charge_point.next() else {
                break;
            };
            count += i32::from(deliver(inner, event));
            woken = inner.event_fd.take_wake();
        }
        woken |= inner.event_fd.take_wake();
        let over = inner.stopped.load(Ordering::Acquire) || inner.poisoned.load(Ordering::Acquire);
        if count > 0 || woken || inner.freed.load(Ordering::Acquire) {
            return count;
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return count;
        }
        // What nobody has a callback for is no reason to come back.
        if inner.charge_point.waiting() > 0 {
            continue;
        }
        if over {
            return count;
        }
        // Rounded up: a wait that is a little too long is better than one that spins.
        let millis = left.map(|left| i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX));
        inner.event_fd.wait(millis);
    }
}

/// Calls the slot of an event; says whether there was one.
fn deliver(inner: &Inner, event: Event) -> bool {
    match event {
        Event::Notice(notice) => notify(inner, notice),
        Event::StoreReplaced { kept_as, why } => {
            let text = format!("the database was damaged ({why}) and is kept as {kept_as}");
            storage(inner, EVCP_STORAGE_DAMAGED, &text)
        }
        Event::Frame(mut frame) => {
            let direction = match frame.received {
                true => EVCP_FRAME_RECEIVED,
                false => EVCP_FRAME_SENT,
            };
            let text = Counted::new(Some(std::mem::take(&mut frame.text)));
            let info = evcp_frame_info_t::of(direction, &frame, &text);
            // SAFETY: see `call`.
            call(inner.callbacks.on_frame, |slot| unsafe {
                slot(inner.user_data.0, &info)
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
        Notice::Connection(state, slot, detail) => {
            let detail = to_c(&detail);
            let info = evcp_connection_info_t::of(link_number(state), slot.number(), &detail);
            // SAFETY: see `call`.
            call(cb.on_connection, |slot| unsafe { slot(ud, &info) })
        }
        Notice::Boot(status, interval, time) => {
            let info = boot_info(status, interval, time);
            // SAFETY: see `call`.
            call(cb.on_boot, |slot| unsafe { slot(ud, &info) })
        }
        // SAFETY: see `call`.
        Notice::Time(wall) => call(cb.on_time, |slot| unsafe { slot(ud, wall.0) }),
        Notice::Authorized {
            claim,
            connector,
            purpose,
            status,
            why,
        } => {
            let status = match status {
                AuthorizationStatus::Accepted => EVCP_AUTH_ACCEPTED,
                AuthorizationStatus::Blocked => EVCP_AUTH_BLOCKED,
                AuthorizationStatus::Expired => EVCP_AUTH_EXPIRED,
                AuthorizationStatus::Invalid => EVCP_AUTH_INVALID,
                AuthorizationStatus::ConcurrentTx => EVCP_AUTH_CONCURRENT_TX,
            };
            let tag = to_c(claim.tag.as_str());
            let connector = connector.map_or(0, ConnectorId::number);
            let info = evcp_auth_info_t::of(&claim, connector, purpose, status, why, &tag);
            // SAFETY: see `call`.
            call(cb.on_auth, |slot| unsafe { slot(ud, &info) })
        }
        Notice::TimedOut { claim, connector } => {
            let tag = to_c(claim.tag.as_str());
            let info = evcp_timeout_info_t::of(&claim, connector.number(), &tag);
            // SAFETY: see `call`.
            call(cb.on_timeout, |slot| unsafe { slot(ud, &info) })
        }
        Notice::Status(status) => notify_status(inner, &status),
        Notice::Transaction(step) => notify_transaction(inner, &step),
        Notice::Availability(place, operative) => {
            // SAFETY: see `call`.
            call(cb.on_availability, |slot| unsafe {
                slot(ud, place.number(), operative)
            })
        }
        Notice::Key(name, value) => {
            let (key, value) = (to_c(&name), value.as_deref().map(to_c));
            let rights = inner.charge_point.key_rights(&name);
            let info = evcp_key_info_t::of(&key, value.as_deref(), rights);
            // SAFETY: see `call`.
            call(cb.on_key_changed, |slot| unsafe { slot(ud, &info) })
        }
        Notice::DataTransferred(token, outcome) => conclude_transfer(inner, token, outcome),
        Notice::Damaged(text) => storage(inner, EVCP_STORAGE_DAMAGED, &text),
        Notice::Storage { failing } => match failing {
            Some(why) => storage(inner, EVCP_STORAGE_FAILS, &why),
            None => storage(inner, EVCP_STORAGE_WORKS, ""),
        },
        Notice::Drained => {
            let info = evcp_restart_info_t::of(&inner.charge_point.restart());
            // SAFETY: see `call`.
            call(cb.on_drained, |slot| unsafe { slot(ud, &info) })
        }
        // SAFETY: see `call`.
        Notice::Reboot { hard } => call(cb.on_reboot, |slot| unsafe { slot(ud, hard) }),
    }
}

/// The number of a state of the link.
pub(super) fn link_number(state: Connection) -> u32 {
    match state {
        Connection::Disconnected => EVCP_DISCONNECTED,
        Connection::Failed => EVCP_CONNECT_FAILED,
        Connection::Connected => EVCP_CONNECTED,
    }
}

/// An answer to BootNotification, for C.
pub(super) fn boot_info(
    status: RegistrationStatus,
    interval: Millis,
    time: Option<Wall>,
) -> evcp_boot_info_t {
    let status = match status {
        RegistrationStatus::Accepted => EVCP_BOOT_ACCEPTED,
        RegistrationStatus::Pending => EVCP_BOOT_PENDING,
        RegistrationStatus::Rejected => EVCP_BOOT_REJECTED,
    };
    let interval = u32::try_from(interval.0 / 1000).unwrap_or(u32::MAX);
    evcp_boot_info_t::of(status, interval, time.map_or(0, |wall| wall.0))
}

fn notify_status(inner: &Inner, status: &ConnectorStatus) -> bool {
    let error = error_number(status.error);
    let info = status.info.as_ref().map(|text| to_c(text.as_str()));
    let vendor_code = status.vendor_code.as_ref().map(|text| to_c(text.as_str()));
    let (connector, status) = (status.place.number(), number(status.status));
    let (info, vendor_code) = (info.as_deref(), vendor_code.as_deref());
    let info = evcp_status_info_t::of(connector, status, error, info, vendor_code);
    // SAFETY: see `call`.
    call(inner.callbacks.on_status, |slot| unsafe {
        slot(inner.user_data.0, &info)
    })
}

fn storage(inner: &Inner, state: u32, detail: &str) -> bool {
    let detail = to_c(detail);
    let info = evcp_storage_info_t::of(state, &detail);
    // SAFETY: see `call`.
    call(inner.callbacks.on_storage, |slot| unsafe {
        slot(inner.user_data.0, &info)
    })
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
                ReadingContext::SampleClock => EVCP_READ_CLOCK,
                _ => EVCP_READ_SAMPLE,
            };
            // SAFETY: see `call`.
            call(cb.on_meter_read, |slot| unsafe {
                slot(ud, connector.number(), context, req)
            })
        }
        Question::KeyChange { key, value } => {
            let rights = inner.charge_point.key_rights(&key);
            let (key, value) = (to_c(&key), to_c(&value));
            let info = evcp_key_info_t::of(&key, Some(&value), rights);
            // SAFETY: see `call`.
            call(cb.on_key_change, |slot| unsafe { slot(ud, &info, req) })
        }
        Question::DataTransfer {
            vendor,
            message,
            data,
        } => {
            let vendor = to_c(&vendor);
            let message = message.as_deref().map(to_c);
            let data = Counted::new(data);
            let info = evcp_data_info_t::of(&vendor, message.as_deref(), &data);
            // SAFETY: see `call`.
            call(cb.on_data_transfer, |slot| unsafe { slot(ud, &info, req) })
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

fn notify_transaction(inner: &Inner, step: &TransactionStep) -> bool {
    let tag = to_c(step.tag.as_str());
    let ocpp_id = Number::new(step.central_id);
    let info = evcp_tx_info_t::of(step, &tag, &ocpp_id);
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
    let data = Counted::new(data);
    // SAFETY: see `call`; this is the one call that was promised.
    call(done, |done| unsafe {
        done(user_data.0, err, status, data.pointer(), data.len)
    })
}
