//! Before an update or a shutdown

use crate::core::Fact;
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::restart_info::evcp_restart_info_t;
use crate::ffi::results::{evcp_err_t, EVCP_OK};
use crate::ffi::sized;
use crate::ffi::tell::tell;

/// What is going on, and whether a restart now costs anybody anything, as of what the library has dealt with: it
/// never waits. What was presented a moment ago may not be in it; with evcp_set_draining(), once draining is
/// set, nothing comes after it. Without a storage directory all that there is would be lost.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_restart(
    cp: *const evcp_t,
    out: *mut evcp_restart_info_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| -> Result<evcp_err_t, Fail> {
            sized::write(
                out,
                &evcp_restart_info_t::of(&inner.charge_point.restart()),
                "out",
            )?;
            Ok(EVCP_OK)
        })
    }
}

/// Whether nothing new is to begin (false at the start), before an update or a shutdown: transactions go on to
/// their own end, tags and remote starts are refused (EVCP_WHY_DRAINING), also those that were accepted and
/// whose transaction has not begun, and connectors that serve nobody are Unavailable. on_drained tells when no
/// session is left. false: everything as before. After a restart the charger serves again by itself.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_draining(cp: *mut evcp_t, draining: bool) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { tell(cp, || Ok(Fact::Draining(draining))) }
}
