//! What a meter shows
// Most of the constants are for C alone.
#![allow(dead_code)]

use crate::core::Reading;
use crate::ffi::guard::Fail;
use crate::types::{Location, Measurand, Phase};

/// Import register, Wh: the one value that every charger must have.
pub const EVCP_M_ENERGY_IMPORT: u16 = 0;
/// W
pub const EVCP_M_POWER_IMPORT: u16 = 1;
/// A
pub const EVCP_M_CURRENT_IMPORT: u16 = 2;
/// V
pub const EVCP_M_VOLTAGE: u16 = 3;
/// State of charge of the vehicle, %
pub const EVCP_M_SOC: u16 = 4;
/// W that the vehicle may take
pub const EVCP_M_POWER_OFFERED: u16 = 5;
/// A that the vehicle may take
pub const EVCP_M_CURRENT_OFFERED: u16 = 6;
/// Degrees Celsius
pub const EVCP_M_TEMPERATURE: u16 = 7;
/// Hz
pub const EVCP_M_FREQUENCY: u16 = 8;
/// Export register, Wh
pub const EVCP_M_ENERGY_EXPORT: u16 = 9;
/// W
pub const EVCP_M_POWER_EXPORT: u16 = 10;
/// A
pub const EVCP_M_CURRENT_EXPORT: u16 = 11;
/// var
pub const EVCP_M_REACTIVE_POWER_IMPORT: u16 = 12;
/// var
pub const EVCP_M_REACTIVE_POWER_EXPORT: u16 = 13;
/// Register, varh
pub const EVCP_M_REACTIVE_ENERGY_IMPORT: u16 = 14;
/// Register, varh
pub const EVCP_M_REACTIVE_ENERGY_EXPORT: u16 = 15;
/// Wh in this interval
pub const EVCP_M_ENERGY_IMPORT_INTERVAL: u16 = 16;
/// Wh in this interval
pub const EVCP_M_ENERGY_EXPORT_INTERVAL: u16 = 17;
/// varh in this interval
pub const EVCP_M_REACTIVE_ENERGY_IMPORT_INTERVAL: u16 = 18;
/// varh in this interval
pub const EVCP_M_REACTIVE_ENERGY_EXPORT_INTERVAL: u16 = 19;
/// Power factor
pub const EVCP_M_POWER_FACTOR: u16 = 20;
/// Fan speed, 1/min
pub const EVCP_M_RPM: u16 = 21;

/// By the numbers above.
const MEASURANDS: [Measurand; 22] = [
    Measurand::EnergyActiveImportRegister,
    Measurand::PowerActiveImport,
    Measurand::CurrentImport,
    Measurand::Voltage,
    Measurand::SoC,
    Measurand::PowerOffered,
    Measurand::CurrentOffered,
    Measurand::Temperature,
    Measurand::Frequency,
    Measurand::EnergyActiveExportRegister,
    Measurand::PowerActiveExport,
    Measurand::CurrentExport,
    Measurand::PowerReactiveImport,
    Measurand::PowerReactiveExport,
    Measurand::EnergyReactiveImportRegister,
    Measurand::EnergyReactiveExportRegister,
    Measurand::EnergyActiveImportInterval,
    Measurand::EnergyActiveExportInterval,
    Measurand::EnergyReactiveImportInterval,
    Measurand::EnergyReactiveExportInterval,
    Measurand::PowerFactor,
    Measurand::RPM,
];

/// All phases together, or there is only one.
pub const EVCP_PHASE_NONE: u8 = 0;
/// L1
pub const EVCP_PHASE_L1: u8 = 1;
/// L2
pub const EVCP_PHASE_L2: u8 = 2;
/// L3
pub const EVCP_PHASE_L3: u8 = 3;
/// Neutral
pub const EVCP_PHASE_N: u8 = 4;
/// L1 to neutral
pub const EVCP_PHASE_L1_N: u8 = 5;
/// L2 to neutral
pub const EVCP_PHASE_L2_N: u8 = 6;
/// L3 to neutral
pub const EVCP_PHASE_L3_N: u8 = 7;
/// L1 to L2
pub const EVCP_PHASE_L1_L2: u8 = 8;
/// L2 to L3
pub const EVCP_PHASE_L2_L3: u8 = 9;
/// L3 to L1
pub const EVCP_PHASE_L3_L1: u8 = 10;

/// The usual place of the measurand: the outlet, or the vehicle for EVCP_M_SOC.
pub const EVCP_AT_DEFAULT: u8 = 0;
/// In the cable.
pub const EVCP_AT_CABLE: u8 = 1;
/// In the vehicle.
pub const EVCP_AT_EV: u8 = 2;
/// At the grid connection.
pub const EVCP_AT_INLET: u8 = 3;
/// At the outlet.
pub const EVCP_AT_OUTLET: u8 = 4;
/// In the body of the charger.
pub const EVCP_AT_BODY: u8 = 5;

/// One value of a meter, in the unit that stands at its measurand: Wh, W, A, V, %, degrees Celsius,
/// Hz, var, varh, 1/min. Frozen: arrays of it cross the border.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_sample_t {
    /// The value; finite, and exact to a thousandth.
    pub value: f64,
    /// EVCP_M_*
    pub measurand: u16,
    /// EVCP_PHASE_*
    pub phase: u8,
    /// EVCP_AT_*
    pub location: u8,
    /// Zero.
    pub reserved: u32,
}

/// The most samples in one call.
const MOST_SAMPLES: usize = 256;

/// Takes in an array of samples.
///
/// # Safety
/// `samples` is NULL or points to `count` readable samples.
pub(super) unsafe fn readings(
    samples: *const evcp_sample_t,
    count: usize,
) -> Result<Vec<Reading>, Fail> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if samples.is_null() {
        return Err(Fail::invalid("samples is NULL"));
    }
    if count > MOST_SAMPLES {
        return Err(Fail::invalid(format!(
            "{count} samples are more than {MOST_SAMPLES}"
        )));
    }
    // SAFETY: not NULL, so `count` samples are readable, as the caller promises.
    let samples = unsafe { std::slice::from_raw_parts(samples, count) };
    samples.iter().map(reading).collect()
}

fn reading(sample: &evcp_sample_t) -> Result<Reading, Fail> {
    let milli = sample.value * 1000.0;
    if !milli.is_finite() || milli.abs() > 9e15 {
        return Err(Fail::invalid(format!("sample value is {}", sample.value)));
    }
    let measurand = MEASURANDS.get(usize::from(sample.measurand)).copied();
    let all = |index: u8| usize::from(index).checked_sub(1);
    let phase = match all(sample.phase) {
        None => None,
        Some(index) => {
            let phase = Phase::ALL.get(index).copied();
            Some(phase.ok_or_else(|| {
                Fail::invalid(format!(
                    "phase is {}: it must be one of EVCP_PHASE_*, 0 to 10",
                    sample.phase
                ))
            })?)
        }
    };
    let location = match all(sample.location) {
        None => None,
        Some(index) => {
            let at = Location::ALL.get(index).copied();
            Some(at.ok_or_else(|| {
                Fail::invalid(format!(
                    "location is {}: it must be one of EVCP_AT_*, 0 to 5",
                    sample.location
                ))
            })?)
        }
    };
    Ok(Reading {
        measurand: measurand.ok_or_else(|| {
            Fail::invalid(format!(
                "measurand is {}: it must be one of EVCP_M_*, 0 to 21",
                sample.measurand
            ))
        })?,
        phase,
        location,
        milli: milli.round() as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurand_has_one_number() {
        for measurand in Measurand::ALL {
            let found = MEASURANDS
                .iter()
                .filter(|known| *known == measurand)
                .count();
            assert_eq!(found, 1, "{measurand}");
        }
    }

    #[test]
    fn samples_that_are_no_numbers_are_refused() {
        let sample = |value| evcp_sample_t {
            value,
            measurand: 0,
            phase: 0,
            location: 0,
            reserved: 0,
        };
        for bad in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(reading(&sample(bad)).is_err());
        }
        assert_eq!(reading(&sample(1.5)).map(|r| r.milli).ok(), Some(1500));
    }
}
