//! What may be drawn
// Most of the constants are for C alone.
#![allow(dead_code)]

use crate::core::Supply;
use crate::ffi::sized::sized32;
use crate::ffi::values::{evcp_tx_t, size};

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

/// A piece of a schedule. It grows at its end: evcp_get_schedule() is told how large the caller's is.
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
