//! Transactions that were given up

use std::ffi::c_char;

use crate::core::{Act, TxId};
use crate::ffi::acts::act;
use crate::ffi::details::{fill, has_room};
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::*;
use crate::ffi::text::{to_c, Number};
use crate::ffi::tx_info::evcp_tx_info_t;
use crate::ffi::values::*;

/// The first transaction with a number above after that is kept as undelivered: the central system refused its
/// StartTransaction or its StopTransaction to the end (EVCP_TX_GIVEN_UP). Begin with 0, and go on with the tx of
/// the last one: returns 1, and 0 when there are no more. They survive restarts, so look for them after
/// evcp_new(); "tx.keep_undelivered" (200) of them are kept. The tag and the id are written to text:
/// *len: room in text in, what they take out; EVCP_E_BUFFER stores what is needed; 128 is always enough.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_undelivered(
    cp: *const evcp_t,
    after: evcp_tx_t,
    out: *mut evcp_tx_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            has_room(len)?;
            let Some(step) = inner.charge_point.undelivered(TxId(after)) else {
                return Ok(0);
            };
            let tag = to_c(step.tag.as_str());
            let ocpp_id = Number::new(step.central_id);
            let texts = [Some(tag.as_c_str()), ocpp_id.text()];
            fill(out, text, len, texts, |[tag_at, id_at]| evcp_tx_info_t {
                tag: tag_at,
                ocpp_id_text: id_at,
                ..evcp_tx_info_t::of(&step, &tag, &ocpp_id)
            })?;
            Ok(1)
        })
    }
}

/// Delivers an undelivered transaction again: it goes to the end of the queue, and each of its messages is sent
/// once; then on_tx tells EVCP_TX_DELIVERED, or EVCP_TX_GIVEN_UP again. To be called when the central system
/// works again; "tx.redeliver_s" does so by itself from time to time. EVCP_E_INVALID if it is not undelivered.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_deliver_tx(cp: *mut evcp_t, tx: evcp_tx_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::Deliver(TxId(tx)))) }
}

/// Forgets an undelivered transaction: its bill was written by hand. EVCP_E_INVALID if it is not undelivered.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_forget_tx(cp: *mut evcp_t, tx: evcp_tx_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::Forget(TxId(tx)))) }
}
