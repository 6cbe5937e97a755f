//! Answers

use std::ffi::c_char;

use crate::core::{Answer, RequestId};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::{evcp_err_t, EVCP_OK};
use crate::ffi::samples::{evcp_sample_t, readings};
use crate::ffi::text::counted;
use crate::ffi::values::*;
use crate::types::DataTransferStatus;

/// # Safety
/// `cp` is NULL or came from evcp_new() and was not freed.
unsafe fn answer(
    cp: *mut evcp_t,
    req: evcp_req_t,
    body: impl FnOnce() -> Result<Answer, Fail>,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            inner.charge_point.answer(RequestId(req), body()?)?;
            Ok(EVCP_OK)
        })
    }
}

fn unfit(result: evcp_answer_t, fits: &str) -> Fail {
    Fail::invalid(format!("result is {result}: it must be {fits}"))
}

/// Answers a question: EVCP_ACCEPTED, EVCP_REJECTED, EVCP_FAILED, EVCP_NOT_SUPPORTED or EVCP_REBOOT_REQUIRED.
/// EVCP_E_EXPIRED when it was answered before, its time is over, or there is no such question;
/// EVCP_E_INVALID, which says what would be right, when the question is of another kind: it stays open.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_answer(
    cp: *mut evcp_t,
    req: evcp_req_t,
    result: evcp_answer_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        answer(cp, req, || {
            match result {
            EVCP_ACCEPTED => Ok(Answer::Accepted),
            EVCP_REJECTED => Ok(Answer::Rejected),
            EVCP_FAILED => Ok(Answer::Failed),
            EVCP_NOT_SUPPORTED => Ok(Answer::NotSupported),
            EVCP_REBOOT_REQUIRED => Ok(Answer::RebootRequired),
            _ => Err(unfit(
                result,
                "EVCP_ACCEPTED, EVCP_REJECTED, EVCP_FAILED, EVCP_NOT_SUPPORTED or EVCP_REBOOT_REQUIRED",
            )),
        }
        })
    }
}

/// Answers on_meter_read with what the meter shows; count 0 (samples may be NULL): it could not be read, and is
/// not waited for any longer. For EVCP_READ_END energy is off already: read the meter when the contactor is open.
/// Errors as evcp_answer(); what comes too late (EVCP_E_EXPIRED) is taken in all the same, as if it had
/// been pushed. A reading for EVCP_READ_BEGIN or EVCP_READ_END has the import register: without it the
/// one that is known is the bill.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_answer_meter(
    cp: *mut evcp_t,
    req: evcp_req_t,
    samples: *const evcp_sample_t,
    count: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { answer(cp, req, || Ok(Answer::Meter(readings(samples, count)?))) }
}

/// Answers on_data_transfer: EVCP_ACCEPTED, EVCP_REJECTED, EVCP_UNKNOWN_VENDOR or
/// EVCP_UNKNOWN_MESSAGE, and data, which may be NULL. Errors as evcp_answer().
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_answer_data(
    cp: *mut evcp_t,
    req: evcp_req_t,
    result: evcp_answer_t,
    data: *const c_char,
    len: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        answer(cp, req, || {
            let status =
                match result {
                    EVCP_ACCEPTED => DataTransferStatus::Accepted,
                    EVCP_REJECTED => DataTransferStatus::Rejected,
                    EVCP_UNKNOWN_VENDOR => DataTransferStatus::UnknownVendorId,
                    EVCP_UNKNOWN_MESSAGE => DataTransferStatus::UnknownMessageId,
                    _ => return Err(unfit(
                        result,
                        "EVCP_ACCEPTED, EVCP_REJECTED, EVCP_UNKNOWN_VENDOR or EVCP_UNKNOWN_MESSAGE",
                    )),
                };
            let there = !data.is_null();
            let data = counted(data, len, "data")?;
            Ok(Answer::Data(status, there.then(|| data.to_owned())))
        })
    }
}
