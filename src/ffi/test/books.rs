//! Books of the central system

use std::ffi::c_char;

use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::sized::{self, sized32};
use crate::ffi::test::world::{evcp_test_t, with_world};
use crate::ffi::text::{pointer, to_c};
use crate::ffi::values::size;

/// A transaction in the books of the central system.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_test_tx_t {
    /// sizeof(evcp_test_tx_t), set by the caller; only that much is written.
    pub struct_size: u32,
    /// Where; 1 and up.
    pub connector: u32,
    /// The id that the central system gave it: 1, 2, 3, ...
    pub id: i64,
    /// Unix time in milliseconds, as the charge point said it.
    pub started_ms: i64,
    /// Unix time in milliseconds; 0 while it runs.
    pub stopped_ms: i64,
    /// The register when it began, Wh.
    pub meter_start_wh: f64,
    /// The register when it ended, Wh; 0 while it runs.
    pub meter_stop_wh: f64,
    /// Whether it ended.
    pub stopped: bool,
    /// Zero.
    pub reserved: [u8; 3],
    /// How many MeterValues.req came for it.
    pub samples: u32,
    /// The tag that started it.
    pub tag: *const c_char,
    /// The tag that stopped it; NULL if none did.
    pub stop_tag: *const c_char,
    /// Why it ended, as on the wire ("Local" if the charge point does not say); NULL while it runs.
    pub reason: *const c_char,
    /// The payload of the last MeterValues.req for it; NULL if there was none.
    pub last_sample: *const c_char,
}

// repr(C), begins with a u32; zero is NULL for the texts.
sized32!(evcp_test_tx_t {
    struct_size connector id started_ms stopped_ms meter_start_wh meter_stop_wh stopped reserved samples tag
    stop_tag reason last_sample
});

/// How many transactions the central system has in its books.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_tx_count(world: *const evcp_test_t) -> usize {
    let mut count = 0;
    // SAFETY: as the caller promises.
    let _ = unsafe {
        with_world(world, |here| {
            count = here.world.booked_count();
            Ok(EVCP_OK)
        })
    };
    count
}

/// The transaction with that number in the books: 0 is the oldest. EVCP_E_INVALID when there are not so many.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_tx(
    world: *mut evcp_test_t,
    number: usize,
    out: *mut evcp_test_tx_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let booked = here.world.booked(number).ok_or_else(|| {
                let count = here.world.booked_count();
                Fail::invalid(format!(
                    "number is {number}: there are {count} transactions"
                ))
            })?;
            let stop = booked.stop.as_ref();
            let stop_tag = stop.and_then(|stop| stop.tag.as_deref()).map(to_c);
            let reason = stop.map(|stop| to_c(&stop.reason));
            let last_sample = booked.last_sample.as_deref().map(to_c);
            let tag = to_c(&booked.tag);
            let info = evcp_test_tx_t {
                struct_size: size::<evcp_test_tx_t>(),
                connector: booked.connector,
                id: booked.id,
                started_ms: booked.started,
                stopped_ms: stop.map_or(0, |stop| stop.at),
                meter_start_wh: booked.meter_start,
                meter_stop_wh: stop.map_or(0.0, |stop| stop.meter),
                stopped: stop.is_some(),
                reserved: [0; 3],
                samples: booked.samples,
                tag: tag.as_ptr(),
                stop_tag: pointer(stop_tag.as_deref()),
                reason: pointer(reason.as_deref()),
                last_sample: pointer(last_sample.as_deref()),
            };
            sized::write(out, &info, "out")?;
            // The pointers stay good: a text does not move with its owner.
            let texts = [Some(tag), stop_tag, reason, last_sample];
            here.texts.lock().booked = texts.map(Option::unwrap_or_default);
            Ok(EVCP_OK)
        })
    }
}
