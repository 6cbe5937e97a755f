//! Trouble
// Some of the constants are for C alone.
#![allow(dead_code)]

use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::test::world::{evcp_test_t, with_world};

/// The storage works.
pub const EVCP_TEST_STORAGE_WORKS: u32 = 0;
/// Nothing can be written.
pub const EVCP_TEST_STORAGE_FAILS: u32 = 1;

/// Power is cut: the charge point is gone, and with it what was not stored. Its handle answers
/// EVCP_E_CLOSED; evcp_free() it. After that evcp_new() with the same storage directory is the device that
/// starts again, in the same world. EVCP_E_STATE without a charge point.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_power_cut(world: *mut evcp_test_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let _busy = here.begin()?;
            let there = here.resident().filter(|_| !here.is_free());
            let Some(there) = there else {
                let why = "there is no charge point in the world: evcp_new() makes one";
                return Err(Fail(EVCP_E_STATE, why.to_owned()));
            };
            there.cut();
            Ok(EVCP_OK)
        })
    }
}

/// The storage becomes EVCP_TEST_STORAGE_*. The library tries again every five seconds what could not be
/// written.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_storage(world: *mut evcp_test_t, state: u32) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let fails = match state {
                EVCP_TEST_STORAGE_WORKS => false,
                EVCP_TEST_STORAGE_FAILS => true,
                _ => {
                    let why = format!("state is {state}: it must be one of EVCP_TEST_STORAGE_*");
                    return Err(Fail::invalid(why));
                }
            };
            here.world.set_disk_fails(fails);
            Ok(EVCP_OK)
        })
    }
}
