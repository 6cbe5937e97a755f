//! The charger tells: acts, each of which counts

use std::ffi::{c_char, c_void};
use std::sync::atomic::Ordering;

use crate::core::Act;
use crate::ffi::codes::{evcp_reason_t, reason as stop_reason};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_data_fn, evcp_t, with};
use crate::ffi::results::{evcp_err_t, EVCP_OK};
use crate::ffi::text::{counted, filled, limited, optional, required};
use crate::ffi::values::{connector as connector_id, place, UserData};
use crate::types::IdToken;

/// Does something.
///
/// # Safety
/// `cp` is NULL or came from evcp_new() and was not freed.
pub(super) unsafe fn act(cp: *mut evcp_t, act: impl FnOnce() -> Result<Act, Fail>) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            inner.charge_point.act(act()?)?;
            Ok(EVCP_OK)
        })
    }
}

/// What a reader read.
///
/// # Safety
/// See POINTERS at the top of the header.
unsafe fn card(tag: *const c_char) -> Result<IdToken, Fail> {
    // SAFETY: as the caller promises.
    let text = unsafe { filled(tag, "tag") }?;
    if text.chars().any(char::is_control) {
        return Err(Fail::invalid("tag has a control character in it"));
    }
    limited(text, "tag")
}

/// The most connectors that one reader serves.
const MOST_AT_READER: usize = 256;

/// As evcp_present_tag(), for a reader that serves these connectors. The permission holds at all of them
/// that are free, until a cable is plugged in at one; meanwhile the one that on_auth names shows
/// Preparing.
///
/// # Safety
/// See POINTERS at the top of the header; connectors points to count numbers.
#[no_mangle]
pub unsafe extern "C" fn evcp_present_tag_at(
    cp: *mut evcp_t,
    connectors: *const u32,
    count: usize,
    tag: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        act(cp, || {
            if connectors.is_null() || count == 0 || count > MOST_AT_READER {
                return Err(Fail::invalid("connectors must be 1 to 256 numbers"));
            }
            let named = std::slice::from_raw_parts(connectors, count);
            let at = named.iter().map(|number| connector_id(*number));
            let at = at.collect::<Result<_, _>>()?;
            Ok(Act::Tag(at, card(tag)?))
        })
    }
}

/// A card was shown (1 to 20 characters, none of them a control character) at the reader of a connector;
/// 0: at one that serves all of them. Each call is a wish of its own, and a second one the contrary of the first:
/// a card that lies on the reader is to be shown once. The outcome arrives in on_auth. EVCP_E_FULL when the
/// outcomes of 256 cards wait to be dispatched.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_present_tag(
    cp: *mut evcp_t,
    connector: u32,
    tag: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        act(cp, || {
            Ok(Act::Tag(
                place(connector)?.connector().into_iter().collect(),
                card(tag)?,
            ))
        })
    }
}

/// The charger itself lets somebody charge: free charging, a PIN, an app, a list of its own. Nobody is asked
/// about tag (1 to 20 characters), which the transaction begins with; it does when a vehicle is there, as after
/// a card, and the outcome arrives in on_auth. The central system may still not accept the tag when it hears of the start:
/// see StopTransactionOnInvalidId. flags is 0. EVCP_E_FULL as with evcp_present_tag().
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_start_tx(
    cp: *mut evcp_t,
    connector: u32,
    tag: *const c_char,
    flags: u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        act(cp, || {
            if flags != 0 {
                return Err(Fail::invalid(format!(
                    "flags {flags}: there are none yet, 0 is right"
                )));
            }
            Ok(Act::StartTx(connector_id(connector)?, card(tag)?))
        })
    }
}

/// What waits at a connector (0: at all of them) is not wanted any more, such as by the stop button before the
/// plug: a permission that nobody has used, a card that the central system is being asked about, a remote start
/// that waits for a vehicle. A transaction goes on: evcp_stop_tx() ends that.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_cancel(cp: *mut evcp_t, connector: u32) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::Cancel(place(connector)?))) }
}

/// Stops the transaction of a connector, if one is running. reason: EVCP_REASON_*, such as
/// EVCP_REASON_LOCAL. Energy is off from this call on: evcp_get_supply() and the next
/// on_supply say so, however busy the library is.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_stop_tx(
    cp: *mut evcp_t,
    connector: u32,
    reason: evcp_reason_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        act(cp, || {
            let reason = stop_reason(reason)?;
            Ok(Act::StopTx(connector_id(connector)?, reason))
        })
    }
}

/// Power fails, and the device has enough of it left to say so: transactions are stopped with the
/// register that is known (evcp_push_meter() before this: no meter is asked for), stored, and reported if there is
/// time. If power is back before the device is off, nothing goes on by itself, and the next tag begins anew.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_power_fails(cp: *mut evcp_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::PowerFails)) }
}

/// Changes a configuration key, also one that the central system may only read. EVCP_E_UNSUPPORTED
/// for a key that there is not; EVCP_E_INVALID for a value that it cannot have, with what it can
/// have in evcp_last_error(), and for what the charge point is made of (NumberOfConnectors,
/// SecurityProfile).
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_key(
    cp: *mut evcp_t,
    key: *const c_char,
    value: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        act(cp, || {
            let key = limited(required(key, "key")?, "key")?;
            Ok(Act::SetKey(
                key,
                limited(required(value, "value")?, "value")?,
            ))
        })
    }
}

/// Sends vendor data (vendor 255, message 50 characters; message and data may be NULL). done is
/// called exactly once, from evcp_dispatch(), never inside this call, and only if this returns
/// EVCP_OK; it may be NULL. EVCP_E_FULL while 256 of them are not concluded, or too much waits.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_data_transfer(
    cp: *mut evcp_t,
    vendor: *const c_char,
    message: *const c_char,
    data: *const c_char,
    len: usize,
    done: evcp_data_fn,
    user_data: *mut c_void,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let token = inner.next_transfer.fetch_add(1, Ordering::Relaxed);
            let message = optional(message, "message")?;
            let there = !data.is_null();
            let data = counted(data, len, "data")?;
            let act = Act::DataTransfer {
                token,
                vendor: limited(required(vendor, "vendor")?, "vendor")?,
                message: message.map(|text| limited(text, "message")).transpose()?,
                data: there.then(|| data.to_owned()),
            };
            // Known before it can be concluded on another thread.
            inner
                .transfers
                .lock()
                .insert(token, (done, UserData(user_data)));
            if let Err(why) = inner.charge_point.act(act) {
                inner.transfers.lock().remove(&token);
                return Err(why.into());
            }
            Ok(EVCP_OK)
        })
    }
}
