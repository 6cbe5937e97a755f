//! Local limits: what others than the central system say may be drawn

use std::ffi::c_char;

use crate::core::{Act, Fact, Place, Rate, Source};
use crate::ffi::get::{charging_rate_unit, existing_place};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::{evcp_err_t, EVCP_E_UNSUPPORTED, EVCP_OK};
use crate::ffi::sized::{self, sized32};
use crate::ffi::supply::{EVCP_AMPS, EVCP_WATTS};
use crate::ffi::tell::tell;
use crate::ffi::text::required;
use crate::ffi::values::{place, size};
use crate::time::Millis;
use crate::types::ChargingRateUnitType as Unit;

/// So much may be drawn, and not more.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_limit_t {
    /// sizeof(evcp_limit_t); see GROWTH.
    pub struct_size: u32,
    /// EVCP_AMPS (per phase) or EVCP_WATTS (over all phases).
    pub unit: u32,
    /// How much, up to 10000 A or 10000000 W; what is between two tenths counts as the lower one. 0 is nothing.
    pub value: f64,
    /// On how many phases at most, 1 to 3; 0: on all that there are.
    pub phases: u32,
    /// Zero.
    pub reserved: u32,
}

// repr(C), begins with a u32, valid with all bytes zero.
sized32!(evcp_limit_t { struct_size unit value phases reserved });

/// A local limit that stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_local_limit_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// EVCP_AMPS or EVCP_WATTS.
    pub unit: u32,
    /// How much may be drawn.
    pub value: f64,
    /// On how many phases at most; 0: on all that there are.
    pub phases: u32,
    /// Whether it is the failsafe value: the source has not spoken since the start, or not for too long.
    pub failsafe: bool,
    /// Zero.
    pub reserved: [u8; 3],
    /// Who set it.
    pub source: [c_char; 40],
}

// repr(C), begins with a u32, valid with all bytes zero.
sized32!(evcp_local_limit_t { struct_size unit value phases failsafe reserved source });

/// The limit of a caller; `None` for NULL.
///
/// # Safety
/// `from` is NULL or points to `struct_size` readable bytes.
unsafe fn rate(from: *const evcp_limit_t) -> Result<Option<Rate>, Fail> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(from, "limit") }?;
    let unit = charging_rate_unit(given.unit)?;
    let most = match unit {
        Unit::A => 10_000.0,
        Unit::W => 10_000_000.0,
    };
    if !(0.0..=most).contains(&given.value) {
        let (value, unit) = (given.value, unit.as_str());
        return Err(Fail::invalid(format!(
            "value is {value}: it must be 0 to {most} {unit}"
        )));
    }
    if given.reserved != 0 {
        let text = "limit: reserved is not 0".to_owned();
        return Err(Fail(EVCP_E_UNSUPPORTED, text));
    }
    let phases = match u8::try_from(given.phases) {
        Ok(0) => None,
        Ok(phases @ 1..=3) => Some(phases),
        _ => {
            return Err(Fail::invalid(format!(
                "phases is {}: it must be 1 to 3, or 0 for all",
                given.phases
            )))
        }
    };
    Ok(Some(Rate {
        // Never more than was said.
        tenths: (given.value * 10.0 + 1e-6).floor() as u32,
        unit,
        phases,
    }))
}

/// # Safety
/// `text` is NULL or points to text.
unsafe fn named(text: *const c_char) -> Result<Source, Fail> {
    // SAFETY: as the caller promises.
    let text = unsafe { required(text, "source") }?;
    Source::new(text).ok_or_else(|| {
        let most = Source::LONGEST;
        Fail::invalid(format!(
            "source must have 1 to {most} bytes without control characters, and has {}",
            text.len()
        ))
    })
}

/// A source of limits other than the central system (the grid operator, a house meter, an energy manager, a
/// temperature, a cable, the owner: source is your name for it, 1 to 32 bytes, exactly the same each time) says what
/// may be drawn at a connector (0: by all of them together). limit NULL: this source does not limit it. The least of
/// all limits counts, those of the central system among them; none of them lets more flow than another. valid_for_ms:
/// after that time without another word from this source its failsafe value stands in its place, or nothing if it has
/// none; 0: until it says something else. As often as you like, each second for instance: the same again costs
/// nothing but a wake-up of the library's thread. It is not kept: after a restart the failsafe values hold.
/// A charge point has 16 sources in one run, each for all places.
///
/// # Safety
/// See POINTERS at the top of the header; limit->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_local_limit(
    cp: *mut evcp_t,
    connector: u32,
    source: *const c_char,
    limit: *const evcp_limit_t,
    valid_for_ms: u64,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        tell(cp, || {
            Ok(Fact::LocalLimit {
                place: place(connector)?,
                source: named(source)?,
                rate: rate(limit)?,
                valid: (valid_for_ms > 0).then_some(Millis(valid_for_ms)),
            })
        })
    }
}

/// What holds at a connector (0: for all of them together) while a source of limits has not spoken since the start,
/// or not in time (NULL: no limit, as if this was never called). It is stored, and holds from the start on in each
/// later run, until the source speaks: set it once, or at each start (the same again writes nothing).
///
/// # Safety
/// See POINTERS at the top of the header; limit->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_failsafe(
    cp: *mut evcp_t,
    connector: u32,
    source: *const c_char,
    limit: *const evcp_limit_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let (at, source, rate) = (place(connector)?, named(source)?, rate(limit)?);
            inner.charge_point.act(Act::SetFailsafe(at, source, rate))?;
            Ok(EVCP_OK)
        })
    }
}

/// The local limits that stand at a connector (0: for all of them together), one after the other: number counts from
/// 0. Returns 1, and 0 when there are no more. One that was just set shows when the library has dealt with it.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_local_limit(
    cp: *const evcp_t,
    connector: u32,
    number: u32,
    out: *mut evcp_local_limit_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let at: Place = existing_place(inner, connector)?;
            let all = inner.charge_point.local_limits()?;
            let mut here = all.iter().filter(|limit| limit.place == at);
            let Some(limit) = here.nth(usize::try_from(number).unwrap_or(usize::MAX)) else {
                return Ok(0);
            };
            let mut source = [0; 40];
            // One zero at least is left behind it.
            for (to, from) in source
                .iter_mut()
                .take(39)
                .zip(limit.source.as_str().bytes())
            {
                *to = from as c_char;
            }
            let shown = evcp_local_limit_t {
                struct_size: size::<evcp_local_limit_t>(),
                unit: match limit.rate.unit {
                    Unit::A => EVCP_AMPS,
                    Unit::W => EVCP_WATTS,
                },
                value: f64::from(limit.rate.tenths) / 10.0,
                phases: limit.rate.phases.map_or(0, u32::from),
                failsafe: limit.failsafe,
                reserved: [0; 3],
                source,
            };
            sized::write(out, &shown, "out")?;
            Ok(1)
        })
    }
}
