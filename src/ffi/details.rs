//! Questions to ourselves, with texts in the answer

use std::ffi::{c_char, CStr};

use crate::charge_point::FaultRank;
use crate::core::{ConnectorId, Place};
use crate::ffi::codes::{error_code, error_number};
use crate::ffi::dispatch::{boot_info, link_number};
use crate::ffi::get::{existing, existing_place};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::notices::*;
use crate::ffi::results::*;
use crate::ffi::sized::{self, Sized32};
use crate::ffi::text::{optional, to_c, Number};
use crate::ffi::tx_info::evcp_tx_info_t;
use crate::ffi::values::size;
use crate::types::CiString;

/// Whether the caller says how much room there is for texts.
pub(super) fn has_room(len: *mut usize) -> Result<(), Fail> {
    match len.is_null() {
        true => Err(Fail::invalid("len is NULL")),
        false => Ok(()),
    }
}

/// Fills a caller's struct, and the caller's buffer with the texts that it points to; or nothing at all.
///
/// # Safety
/// See POINTERS at the top of the header; `out->struct_size` is set, and `text` has `*len` bytes.
pub(super) unsafe fn fill<T: Sized32, const N: usize>(
    out: *mut T,
    text: *mut c_char,
    len: *mut usize,
    texts: [Option<&CStr>; N],
    make: impl FnOnce([*const c_char; N]) -> T,
) -> Result<(), Fail> {
    has_room(len)?;
    // SAFETY: not NULL, as was looked at.
    let len = unsafe { &mut *len };
    let all = texts.iter().flatten();
    let needed = all.map(|text| text.to_bytes_with_nul().len()).sum();
    let room = std::mem::replace(len, needed);
    if room < needed {
        let why = format!("its texts need {needed} bytes");
        return Err(Fail(EVCP_E_BUFFER, why));
    }
    if needed > 0 && text.is_null() {
        return Err(Fail::invalid("text is NULL"));
    }
    let mut end = 0;
    let places = texts.map(|known| {
        let start = end;
        end += known.map_or(0, |known| known.to_bytes_with_nul().len());
        known.map_or(std::ptr::null(), |_| text.wrapping_add(start).cast_const())
    });
    // SAFETY: as the caller promises.
    unsafe { sized::write(out, &make(places), "out") }?;
    for (place, known) in places.iter().zip(texts) {
        if let Some(known) = known {
            // SAFETY: inside of the caller's buffer, which is long enough.
            unsafe {
                std::ptr::copy(
                    known.as_ptr(),
                    place.cast_mut(),
                    known.to_bytes_with_nul().len(),
                )
            };
        }
    }
    Ok(())
}

/// The link to the central system, as on_connection told it last or will tell it: EVCP_DISCONNECTED before the
/// start. The detail is written to text: *len: room in text in, what it takes out; EVCP_E_BUFFER stores what is
/// needed. Like all questions here it waits for nobody.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_link(
    cp: *const evcp_t,
    out: *mut evcp_connection_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let (state, slot, detail) = inner.charge_point.link();
            let detail = to_c(&detail);
            fill(out, text, len, [Some(detail.as_c_str())], |[detail]| {
                evcp_connection_info_t {
                    struct_size: size::<evcp_connection_info_t>(),
                    state: link_number(state),
                    detail,
                    slot: slot.number(),
                    reserved: 0,
                }
            })?;
            Ok(EVCP_OK)
        })
    }
}

/// The last answer to BootNotification since the start, as on_boot told it or will tell it: returns 1, and 0 when
/// there was none yet.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_registration(
    cp: *const evcp_t,
    out: *mut evcp_boot_info_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let Some((status, interval, time)) = inner.charge_point.registration() else {
                return Ok(0);
            };
            sized::write(out, &boot_info(status, interval, time), "out")?;
            Ok(1)
        })
    }
}

/// All that is known of the transaction that runs at a connector, as on_tx told it last or will tell it: returns
/// 1, and 0 when none runs. text and len as in evcp_get_undelivered().
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_tx_info(
    cp: *const evcp_t,
    connector: u32,
    out: *mut evcp_tx_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            has_room(len)?;
            let at: ConnectorId = existing(inner, connector)?;
            let Some(step) = inner.charge_point.transaction(at) else {
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

/// What a warning has in its number beside its code.
const WARNING: u32 = 0x1_0000;
/// What one has that the library found out.
const OWN: u32 = 0x2_0000;

const fn flag(is: bool, bit: u32) -> u32 {
    if is {
        bit
    } else {
        0
    }
}

/// The next of the faults and warnings of a connector (0: the charge point), those that the library found
/// itself too: after is 0 at first, then the number of the last one. Returns 1, and 0 when there are no more.
/// Faults come first, then warnings. One that was just told shows when the library has dealt with it, before on_status
/// tells of it. info and vendor_code are written to text, with len as in evcp_get_undelivered(); 512 is always enough.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_fault(
    cp: *const evcp_t,
    connector: u32,
    after: u32,
    out: *mut evcp_fault_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            has_room(len)?;
            let at: Place = existing_place(inner, connector)?;
            let code = error_code(after & 0xFFFF).ok().flatten();
            let (warning, own) = (after & WARNING != 0, after & OWN != 0);
            let rank = code.map(|code| FaultRank::new(warning, own, code));
            if rank.is_none() && after != 0 || after > WARNING | OWN | 0xFFFF {
                let why = "it must be 0, or the number of a fault that this function gave";
                return Err(Fail::invalid(format!("after is {after}: {why}")));
            }
            let Some(standing) = inner.charge_point.fault(at, rank) else {
                return Ok(0);
            };
            let c = |text: &CiString<50>| to_c(text.as_str());
            let info = standing.fault.info.as_ref().map(c);
            let vendor_code = standing.fault.vendor_code.as_ref().map(c);
            let code = error_number(standing.fault.code);
            let texts = [info.as_deref(), vendor_code.as_deref()];
            fill(out, text, len, texts, |[info, vendor_code]| {
                evcp_fault_info_t {
                    struct_size: size::<evcp_fault_info_t>(),
                    number: code | flag(standing.warning, WARNING) | flag(standing.own, OWN),
                    connector,
                    code,
                    warning: standing.warning,
                    shown: standing.shown,
                    own: standing.own,
                    reserved: [0; 5],
                    info,
                    vendor_code,
                }
            })?;
            Ok(1)
        })
    }
}

/// The configuration key that follows the one that is named in the list of all: those of OCPP in the order of the
/// standard, then the firmware's own. NULL for the first, then the key of the last one. Returns 1, and 0 when there
/// are no more. EVCP_E_UNSUPPORTED for a key that there is not. Its name and its value are written to text, with len
/// as in evcp_get_undelivered(); 2304 is always enough. after may be in text.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_key_info(
    cp: *const evcp_t,
    after: *const c_char,
    out: *mut evcp_key_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            has_room(len)?;
            let next = inner.charge_point.key_after(optional(after, "after")?)?;
            let Some(listed) = next else {
                return Ok(0);
            };
            let name = to_c(listed.name.as_str());
            let value = listed.value.as_ref().map(|value| to_c(value.as_str()));
            let texts = [Some(name.as_c_str()), value.as_deref()];
            fill(out, text, len, texts, |[key, value]| evcp_key_info_t {
                struct_size: size::<evcp_key_info_t>(),
                read_only: listed.read_only,
                reboot_required: listed.reboot_required,
                reserved: [0; 2],
                key,
                value,
            })?;
            Ok(1)
        })
    }
}
