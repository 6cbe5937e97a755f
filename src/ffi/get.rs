//! Questions to ourselves

use std::ffi::c_char;

use crate::core::{ConnectorId, Place, Supply};
use crate::ffi::dispatch::number;
use crate::ffi::guard::{guard, Fail};
use crate::ffi::life::{evcp_t, with, Inner};
use crate::ffi::results::*;
use crate::ffi::sized::{self, sized32};
use crate::ffi::supply::*;
use crate::ffi::text::required;
use crate::ffi::values::*;
use crate::types::ChargingRateUnitType;

/// What a connector may draw now: the same as on_supply told or will tell. A fault, a stop or
/// evcp_power_fails() shows here as soon as that call returned, however busy the library is. After a
/// failure inside the library this still works, and permits nothing; nor does it while the host does not
/// dispatch, with "host.watchdog_s".
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_supply(
    cp: *const evcp_t,
    connector: u32,
    out: *mut evcp_supply_t,
) -> evcp_err_t {
    guard(|| {
        // SAFETY: as the caller promises.
        let cp = unsafe { cp.as_ref() }.ok_or_else(|| Fail::invalid("cp is NULL"))?;
        let at = existing(&cp.inner, connector)?;
        let poisoned = cp.inner.poisoned.load(std::sync::atomic::Ordering::Acquire);
        let supply = if poisoned {
            Supply::OFF
        } else {
            cp.inner.charge_point.supply(at)
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(out, &evcp_supply_t::of(&supply), "out") }?;
        Ok(EVCP_OK)
    })
}

/// A connector that this charge point has.
pub(super) fn existing(inner: &Inner, number: u32) -> Result<ConnectorId, Fail> {
    let at = connector(number)?;
    if number > inner.charge_point.connector_count() {
        return Err(Fail::invalid(format!("connector {number} does not exist")));
    }
    Ok(at)
}

/// A connector that this charge point has, or 0 for the charge point.
pub(super) fn existing_place(inner: &Inner, number: u32) -> Result<Place, Fail> {
    match number {
        0 => Ok(Place::ChargePoint),
        _ => Ok(existing(inner, number)?.into()),
    }
}

pub(super) fn charging_rate_unit(unit: u32) -> Result<ChargingRateUnitType, Fail> {
    match unit {
        EVCP_AMPS => Ok(ChargingRateUnitType::A),
        EVCP_WATTS => Ok(ChargingRateUnitType::W),
        _ => Err(Fail::invalid(format!(
            "unit is {unit}: it must be EVCP_AMPS or EVCP_WATTS"
        ))),
    }
}

/// What a connector (0: the whole charge point, from the grid) may draw from now on for duration_s
/// seconds, as far as is known now: OCPP's composite schedule, in EVCP_AMPS or EVCP_WATTS. An idle
/// connector is answered as if a transaction began now. period_size: sizeof(evcp_period_t). *count: room
/// in periods in, number of them out; EVCP_E_BUFFER stores the number that is needed. covered_s (may be
/// NULL) gets, with EVCP_OK, how many seconds from now on the periods cover: duration_s, or less if the
/// schedule was cut, after ChargingScheduleMaxPeriods or too much work. What may be drawn after that is
/// not known: ask again by then. Worked out on the thread that calls, from a copy: it waits for nobody.
///
/// # Safety
/// See POINTERS at the top of the header; periods points to *count of them, of period_size bytes each.
#[no_mangle]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn evcp_get_schedule(
    cp: *const evcp_t,
    connector: u32,
    duration_s: u32,
    unit: u32,
    periods: *mut evcp_period_t,
    period_size: usize,
    count: *mut usize,
    covered_s: *mut u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let count = count
                .as_mut()
                .ok_or_else(|| Fail::invalid("count is NULL"))?;
            let unit = charging_rate_unit(unit)?;
            let at = existing_place(inner, connector)?;
            sized::stride::<evcp_period_t>(period_size, "period_size")?;
            let found = inner.charge_point.schedule(at, duration_s, unit)?;
            let room = std::mem::replace(count, found.len());
            if room < found.len() {
                return Err(Fail(EVCP_E_BUFFER, format!("{} periods", found.len())));
            }
            if periods.is_null() {
                return Err(Fail::invalid("periods is NULL"));
            }
            for (at, period) in found.iter().enumerate() {
                let period = evcp_period_t {
                    limit: period.tenths as f64 / 10.0,
                    start_s: period.start,
                    phases: period.phases.map_or(0, u32::from),
                };
                sized::put(periods, at, period_size, &period);
            }
            if let Some(covered_s) = covered_s.as_mut() {
                *covered_s = found.covered;
            }
            Ok(EVCP_OK)
        })
    }
}

/// The transaction that runs at a connector; 0 if none does.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_tx(
    cp: *const evcp_t,
    connector: u32,
    out: *mut evcp_tx_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let at = existing(inner, connector)?;
            let out = out.as_mut().ok_or_else(|| Fail::invalid("out is NULL"))?;
            *out = inner
                .charge_point
                .transaction(at)
                .map_or(0, |step| step.tx.0);
            Ok(EVCP_OK)
        })
    }
}

/// The status of a connector (0: the charge point): EVCP_STATUS_*.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_status(
    cp: *const evcp_t,
    connector: u32,
    out: *mut u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let at = existing_place(inner, connector)?;
            let out = out.as_mut().ok_or_else(|| Fail::invalid("out is NULL"))?;
            let status = inner
                .charge_point
                .status(at)
                .map(|status| number(status.status));
            *out = status.unwrap_or(crate::ffi::callbacks::EVCP_STATUS_AVAILABLE);
            Ok(EVCP_OK)
        })
    }
}

/// The value of a configuration key. *len: room for value in, length without the NUL out;
/// EVCP_E_BUFFER stores the length that is needed. EVCP_E_UNSUPPORTED for a key that there is not,
/// or that may not be read.
///
/// # Safety
/// See POINTERS at the top of the header; value has *len bytes, or is NULL if *len is 0.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_key(
    cp: *const evcp_t,
    key: *const c_char,
    value: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let key = required(key, "key")?;
            let len = len.as_mut().ok_or_else(|| Fail::invalid("len is NULL"))?;
            let text = inner.charge_point.key(key).ok_or_else(|| {
                Fail(
                    EVCP_E_UNSUPPORTED,
                    format!("there is no key \"{key}\" to read"),
                )
            })?;
            let room = std::mem::replace(len, text.len());
            if room <= text.len() {
                let text = format!("{key} needs {} bytes and the NUL", text.len());
                return Err(Fail(EVCP_E_BUFFER, text));
            }
            if value.is_null() {
                return Err(Fail::invalid("value is NULL"));
            }
            std::ptr::copy_nonoverlapping(text.as_ptr(), value.cast(), text.len());
            value.add(text.len()).write(0);
            Ok(EVCP_OK)
        })
    }
}

/// How much happened since the start.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_stats_t {
    /// sizeof(evcp_stats_t), set by the caller; only that much is written.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Connections that were made.
    pub connects: u64,
    /// Calls that were sent.
    pub calls_sent: u64,
    /// Calls of the central system that came.
    pub calls_received: u64,
    /// Calls, in either direction, that ended in an error.
    pub call_errors: u64,
    /// Calls that were not answered in time.
    pub timeouts: u64,
    /// Frames that made no sense.
    pub garbage: u64,
    /// Transaction messages that wait for delivery now.
    pub queued: u64,
    /// Bytes in the database.
    pub stored_bytes: u64,
    /// Bugs of the library that were contained.
    pub panics: u64,
    /// How far the device's clock is off, as the central system says, in milliseconds.
    pub clock_offset_ms: i64,
    /// Meter values that were dropped because too many were queued.
    pub thinned: u64,
}

// repr(C), begins with a u32, plain numbers.
sized32!(evcp_stats_t {
    struct_size reserved connects calls_sent calls_received call_errors timeouts garbage queued
    stored_bytes panics clock_offset_ms thinned
});

/// Copies the statistics out.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_stats(cp: *const evcp_t, out: *mut evcp_stats_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let stats = inner.charge_point.stats();
            let counters = stats.counters;
            let stats = evcp_stats_t {
                struct_size: size::<evcp_stats_t>(),
                reserved: 0,
                connects: counters.connects,
                calls_sent: counters.calls_sent,
                calls_received: counters.calls_received,
                call_errors: counters.call_errors,
                timeouts: counters.timeouts,
                garbage: counters.garbage,
                queued: counters.queued,
                stored_bytes: stats.stored_bytes,
                panics: stats.panics,
                clock_offset_ms: counters.clock_offset_ms,
                thinned: counters.thinned,
            };
            sized::write(out, &stats, "out")?;
            Ok(EVCP_OK)
        })
    }
}
