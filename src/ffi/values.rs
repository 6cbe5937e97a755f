//! Names and values
// Most of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::{c_char, c_void};
use std::mem::size_of;

use crate::core::{ConnectorId, Ev, Reading, Supply};
use crate::ffi::guard::Fail;
use crate::ffi::sized::sized32;
use crate::wire::{Location, Measurand, Phase};

/// A question of the central system or of the library; answer it once, with evcp_answer() or one
/// of its kind. Never used again; 0 is none.
pub type evcp_req_t = u64;
/// A transaction, by the charge point's own number; survives a restart; 0 is none.
pub type evcp_tx_t = u64;

/// What the control pilot (IEC 61851) and the socket say of the vehicle.
pub type evcp_ev_t = u32;
/// A: nothing is plugged in.
pub const EVCP_EV_ABSENT: u32 = 0;
/// B: plugged in, asks for no energy.
pub const EVCP_EV_PLUGGED: u32 = 1;
/// C or D: asks for energy, or takes it.
pub const EVCP_EV_CHARGING: u32 = 2;
/// Energy is on offer, and the vehicle takes none.
pub const EVCP_EV_SUSPENDED: u32 = 3;
/// A cable is in the socket, and no vehicle at its end.
pub const EVCP_EV_CABLE: u32 = 4;

/// An answer to a question.
pub type evcp_answer_t = u32;
/// Yes, or it was done.
pub const EVCP_ACCEPTED: u32 = 0;
/// No.
pub const EVCP_REJECTED: u32 = 1;
/// It was tried, and did not work.
pub const EVCP_FAILED: u32 = 2;
/// There is no such thing here.
pub const EVCP_NOT_SUPPORTED: u32 = 3;
/// Vendor data: a vendor that nobody here knows.
pub const EVCP_UNKNOWN_VENDOR: u32 = 5;
/// Vendor data: the vendor is known, the message is not.
pub const EVCP_UNKNOWN_MESSAGE: u32 = 6;

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

/// The whole command for one connector: a later one replaces all of an earlier one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_supply_t {
    /// sizeof(evcp_supply_t); see GROWTH.
    pub struct_size: u32,
    /// Whether the contactor may be closed; false: open it.
    pub permit: bool,
    /// How many phases may be used, 1 to 3; 0: all that there are.
    pub phases: u8,
    /// Whether the lock of the connector is to be closed; false: open it.
    pub lock: bool,
    /// Zero.
    pub reserved: u8,
    /// A per phase, at most; 0 unless permit is set.
    pub amps: f64,
    /// W over all phases, at most; 0 unless permit is set.
    pub watts: f64,
    /// The transaction that is served; 0 for none.
    pub tx: evcp_tx_t,
}

// repr(C), begins with a u32, valid with all bytes zero.
sized32!(evcp_supply_t { struct_size permit phases lock reserved amps watts tx });

impl evcp_supply_t {
    pub(super) fn of(supply: &Supply) -> Self {
        Self {
            struct_size: size::<Self>(),
            permit: supply.permit,
            lock: supply.lock,
            phases: supply.phases.unwrap_or(0),
            reserved: 0,
            amps: supply
                .deciamps
                .map_or(0.0, |tenths| f64::from(tenths) / 10.0),
            watts: supply.deciwatts.map_or(0.0, |tenths| tenths as f64 / 10.0),
            tx: supply.tx.map_or(0, |tx| tx.0),
        }
    }
}

/// Amperes per phase.
pub const EVCP_AMPS: u32 = 0;
/// Watts over all phases.
pub const EVCP_WATTS: u32 = 1;

/// A piece of a schedule. Frozen: arrays of it cross the border.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_period_t {
    /// What may be drawn, in the unit that was asked for.
    pub limit: f64,
    /// When it begins, in seconds from the question on.
    pub start_s: u32,
    /// How many phases may be used, 1 to 3; 0: all that there are.
    pub phases: u32,
}

/// It began; energy is permitted from now on.
pub const EVCP_TX_STARTED: u32 = 0;
/// It goes on after a restart.
pub const EVCP_TX_RESUMED: u32 = 1;
/// The central system gave it an id.
pub const EVCP_TX_CONFIRMED: u32 = 2;
/// The central system does not accept the tag after all.
pub const EVCP_TX_DEAUTHORIZED: u32 = 3;
/// It ended.
pub const EVCP_TX_STOPPED: u32 = 4;
/// The central system refused it to the end (TransactionMessageAttempts), and it is over: nothing more of
/// it is sent. It is kept as undelivered: evcp_get_undelivered(), evcp_deliver_tx(), evcp_forget_tx().
pub const EVCP_TX_GIVEN_UP: u32 = 5;
/// One that was given up has been delivered after all.
pub const EVCP_TX_DELIVERED: u32 = 6;
/// The central system has not answered a message of it three times: it is sent on and on, and nothing
/// newer is delivered before it.
pub const EVCP_TX_UNANSWERED: u32 = 7;

/// A transaction, at a step of its life.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_tx_info_t {
    /// How much of this struct the library filled; in evcp_get_undelivered(): sizeof(evcp_tx_info_t), set by
    /// the caller.
    pub struct_size: u32,
    /// Where; 1 and up.
    pub connector: u32,
    /// The transaction.
    pub tx: evcp_tx_t,
    /// The central system's id; -1 while it is not known.
    pub ocpp_id: i64,
    /// Unix time in milliseconds.
    pub started_ms: i64,
    /// Unix time in milliseconds; 0 while it runs.
    pub stopped_ms: i64,
    /// The register when it began, Wh.
    pub meter_start_wh: f64,
    /// The register when it ended, Wh; 0 while it runs.
    pub meter_stop_wh: f64,
    /// EVCP_TX_*
    pub change: u32,
    /// Zero.
    pub reserved: u32,
    /// The tag that started it.
    pub tag: *const c_char,
    /// OCPP's reason for the end; NULL while it runs.
    pub reason: *const c_char,
}

// repr(C), begins with a u32; zero is NULL for both texts.
sized32!(evcp_tx_info_t {
    struct_size connector tx ocpp_id started_ms stopped_ms meter_start_wh meter_stop_wh change reserved tag reason
});

/// A connector of the C API that must exist at all.
pub(super) fn connector(number: u32) -> Result<ConnectorId, Fail> {
    ConnectorId::new(number)
        .ok_or_else(|| Fail::invalid(format!("connector {number} does not exist")))
}

/// A connector, or 0 for the charge point.
pub(super) fn place(number: u32) -> Result<Option<ConnectorId>, Fail> {
    if number == 0 {
        return Ok(None);
    }
    connector(number).map(Some)
}

pub(super) fn ev(ev: evcp_ev_t) -> Result<Ev, Fail> {
    match ev {
        EVCP_EV_ABSENT => Ok(Ev::Absent),
        EVCP_EV_PLUGGED => Ok(Ev::Plugged),
        EVCP_EV_CHARGING => Ok(Ev::Charging),
        EVCP_EV_SUSPENDED => Ok(Ev::Suspended),
        EVCP_EV_CABLE => Ok(Ev::CableOnly),
        _ => Err(Fail::invalid(format!("ev is {ev}"))),
    }
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
            Some(phase.ok_or_else(|| Fail::invalid(format!("phase is {}", sample.phase)))?)
        }
    };
    let location = match all(sample.location) {
        None => None,
        Some(index) => {
            let at = Location::ALL.get(index).copied();
            Some(at.ok_or_else(|| Fail::invalid(format!("location is {}", sample.location)))?)
        }
    };
    Ok(Reading {
        measurand: measurand
            .ok_or_else(|| Fail::invalid(format!("measurand is {}", sample.measurand)))?,
        phase,
        location,
        milli: milli.round() as i64,
    })
}

pub(super) const fn size<T>() -> u32 {
    size_of::<T>() as u32
}

/// The host's pointer, as it was given; only ever passed back.
#[derive(Clone, Copy)]
pub(super) struct UserData(pub *mut c_void);

// SAFETY: the header says on which threads the host gets it back.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

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
