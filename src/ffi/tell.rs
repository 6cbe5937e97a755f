//! The charger tells: states, of which the last one counts

use std::ffi::c_char;

use crate::core::{Evse, Fact, Fault};
use crate::ffi::codes::{error_code, evcp_error_code_t};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::{evcp_err_t, EVCP_OK};
use crate::ffi::samples::{evcp_sample_t, readings};
use crate::ffi::text::{counted, limited, optional};
use crate::ffi::values::{connector as connector_id, ev as vehicle, evcp_ev_t, place};
use crate::time::Wall;
use crate::types::{ChargePointErrorCode, CiString};

/// The most bytes of a signed reading.
const MOST_SIGNED: usize = 65_536;

/// States a fact.
///
/// # Safety
/// `cp` is NULL or came from evcp_new() and was not freed.
pub(super) unsafe fn tell(
    cp: *mut evcp_t,
    fact: impl FnOnce() -> Result<Fact, Fail>,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            inner.charge_point.tell(fact()?)?;
            Ok(EVCP_OK)
        })
    }
}

/// The state of the vehicle at a connector; as often as you like.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_ev(cp: *mut evcp_t, connector: u32, ev: evcp_ev_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Ev(connector_id(connector)?, vehicle(ev)?))) }
}

/// What a host says is wrong; `None` if nothing is any more.
///
/// # Safety
/// The pointers are NULL or point to text.
unsafe fn wrong(
    code: evcp_error_code_t,
    info: *const c_char,
    vendor_code: *const c_char,
) -> Result<Option<Fault>, Fail> {
    // SAFETY: as the caller promises.
    let (info, vendor_code) = unsafe {
        (
            optional(info, "info")?,
            optional(vendor_code, "vendor_code")?,
        )
    };
    let Some(code) = error_code(code)? else {
        return Ok(None);
    };
    Ok(Some(Fault {
        code,
        // Words that are too long must not cost the fault.
        info: info.map(CiString::truncated),
        vendor_code: vendor_code.map(CiString::truncated),
    }))
}

/// A connector (0: the charge point) has a fault: code: EVCP_ERROR_*, such as
/// EVCP_ERROR_GROUND_FAILURE; info and vendor_code (50 characters each) may be NULL. Energy is off while it
/// lasts, from this call on: evcp_get_supply() and the next on_supply say so, however busy the library
/// is. A transaction goes on when it is over. code EVCP_ERROR_NO_ERROR: no
/// fault any more.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_fault(
    cp: *mut evcp_t,
    connector: u32,
    code: evcp_error_code_t,
    info: *const c_char,
    vendor_code: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            let at = place(connector)?;
            Ok(Fact::Fault(at, wrong(code, info, vendor_code)?))
        })
    }
}

/// The code of a fault or a warning that is over.
fn over(code: evcp_error_code_t) -> Result<ChargePointErrorCode, Fail> {
    error_code(code)?.ok_or_else(|| {
        Fail::invalid("code is EVCP_ERROR_NO_ERROR: set that to say that all of them are over")
    })
}

/// One fault of a connector (0: the charge point) is over: the one with this code. Others stay.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_clear_fault(
    cp: *mut evcp_t,
    connector: u32,
    code: evcp_error_code_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::FaultOver(place(connector)?, over(code)?))) }
}

/// One warning of a connector (0: the charge point) is over: the one with this code. Others stay.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_clear_warning(
    cp: *mut evcp_t,
    connector: u32,
    code: evcp_error_code_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::WarningOver(place(connector)?, over(code)?))) }
}

/// Something about a connector (0: the charge point) should be looked at, and stops nothing: the
/// code goes along with its status. As evcp_set_fault() otherwise.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_warning(
    cp: *mut evcp_t,
    connector: u32,
    code: evcp_error_code_t,
    info: *const c_char,
    vendor_code: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            let at = place(connector)?;
            Ok(Fact::Warning(at, wrong(code, info, vendor_code)?))
        })
    }
}

/// Somebody at the charger took a connector (0: all of it) out of service, or back. Survives a
/// restart. The central system cannot take that back, nor can this what the central system took out of
/// service: a connector serves people when both want it to.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_operative(
    cp: *mut evcp_t,
    connector: u32,
    operative: bool,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Operative(place(connector)?, operative))) }
}

/// Whether the charger itself can supply energy at a connector (true at the start): false for heat, a switch
/// of phases or load shedding. A transaction goes on without energy, as SuspendedEVSE, and one may begin.
/// reason (up to 50 characters, NULL for none) goes along with that status; it counts with false alone. Energy
/// is off from this call on, as with evcp_set_fault(), which is for what ends in Faulted. After a restart it is
/// true.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_evse_ready(
    cp: *mut evcp_t,
    connector: u32,
    ready: bool,
    reason: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            let at = connector_id(connector)?;
            let reason = optional(reason, "reason")?;
            let reason = reason.map(|text| limited(text, "reason")).transpose()?;
            let evse = match ready {
                true => Evse::Ready,
                false => Evse::Paused { reason },
            };
            Ok(Fact::Evse(at, evse))
        })
    }
}

/// Whether the contactor of a connector is closed, as its auxiliary contact says: each time that changes, and as
/// often as you like. For connectors with EVCP_FEEDBACK_CONTACTOR; EVCP_E_STATE for others. Energy is
/// off before it is opened: say it when it is. After a restart nothing is known of it until this is called.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_contactor(
    cp: *mut evcp_t,
    connector: u32,
    closed: bool,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Contactor(connector_id(connector)?, closed))) }
}

/// Whether the lock of a connector is closed (false: open, or on its way): each time that changes, and as often
/// as you like. For connectors with EVCP_FEEDBACK_LOCK; EVCP_E_STATE for others. With false, energy is
/// off from this call on, as with evcp_set_fault(). After a restart nothing is known of it until this is
/// called, and nothing is permitted by a lock of which nothing is known.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_lock(
    cp: *mut evcp_t,
    connector: u32,
    closed: bool,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Lock(connector_id(connector)?, closed))) }
}

/// The device has a better clock than the library's: Unix time in milliseconds. From then on, also
/// before evcp_start(), the central system's certificate is checked against it.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_clock(cp: *mut evcp_t, unix_ms: i64) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Clock(Wall(unix_ms)))) }
}

/// Whether there is a network at all (true at the start). Without one no connection is tried; with
/// one again, it is tried at once.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_network(cp: *mut evcp_t, up: bool) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Network(up))) }
}

/// What the meter of a connector (0: the main meter) shows now, 256 values at most; values that are
/// not named stay as they were, all of them if count is 0. Once a second while energy flows, also by who serves
/// on_meter_read: what was pushed last is the bill when power fails. The central system can ask for what
/// the setting "meter.measurands" names, and for the import register.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_push_meter(
    cp: *mut evcp_t,
    connector: u32,
    samples: *const evcp_sample_t,
    count: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            Ok(Fact::Meter(place(connector)?, readings(samples, count)?))
        })
    }
}

/// What the meter of a connector shows, in the form that the meter signed (such as OCMF; text of
/// 64 KiB at most). It goes with the next first or last reading of a transaction, in the
/// transactionData of its StopTransaction, if one of the StopTxn...Data keys is set: push it before
/// evcp_answer_meter() for EVCP_READ_BEGIN and EVCP_READ_END.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_push_signed_meter(
    cp: *mut evcp_t,
    connector: u32,
    data: *const c_char,
    len: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            if data.is_null() || len > MOST_SIGNED {
                let text = format!("data must have 1 to {MOST_SIGNED} bytes");
                return Err(Fail::invalid(text));
            }
            let text = counted(data, len, "data")?;
            Ok(Fact::SignedMeter(connector_id(connector)?, text.to_owned()))
        })
    }
}
