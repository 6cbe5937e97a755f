//! What a tag is about
// Most of the constants are for C alone.
#![allow(dead_code)]

use crate::core::{AskedBy, Purpose, Why};

/// Somebody showed it at a reader.
pub const EVCP_BY_READER: u32 = 0;
/// The central system starts a transaction with it (RemoteStartTransaction).
pub const EVCP_BY_CENTRAL_SYSTEM: u32 = 1;
/// The charger itself: evcp_start_tx().
pub const EVCP_BY_CHARGER: u32 = 2;
/// Nobody: a vehicle was plugged in while the key FreeCharging is set.
pub const EVCP_BY_FREE_CHARGING: u32 = 3;

/// It starts a transaction.
pub const EVCP_FOR_START: u32 = 0;
/// It stops one: its own, or that of its group.
pub const EVCP_FOR_STOP: u32 = 1;
/// It gets a cable out that is kept for it, or for its group.
pub const EVCP_FOR_UNLOCK: u32 = 2;
/// It was shown a second time before anything was plugged in: its permission is taken back.
pub const EVCP_FOR_TAKE_BACK: u32 = 3;

/// The status says it all.
pub const EVCP_WHY_NONE: u32 = 0;
/// The connector, or each that the reader serves, was taken out of service.
pub const EVCP_WHY_OUT_OF_SERVICE: u32 = 1;
/// The connector, each that the reader serves, or the charge point has a fault.
pub const EVCP_WHY_FAULTED: u32 = 2;
/// The central system has never accepted this charge point.
pub const EVCP_WHY_NOT_REGISTERED: u32 = 3;
/// A reset is under way, or evcp_stop() was called.
pub const EVCP_WHY_RESTARTING: u32 = 4;
/// There is no connection, and what is known here does not let it charge.
pub const EVCP_WHY_OFFLINE_UNKNOWN: u32 = 5;
/// The central system gave no answer that says, and what is known here does not let it charge.
pub const EVCP_WHY_CENTRAL_SYSTEM_SILENT: u32 = 6;
/// So many tags are being asked about that this one was not: show it again.
pub const EVCP_WHY_TOO_MANY: u32 = 7;
/// None of the connectors is free.
pub const EVCP_WHY_NO_FREE_CONNECTOR: u32 = 8;
/// Another tag charges at this connector, the only one that the reader serves.
pub const EVCP_WHY_OTHER_TAG_CHARGES: u32 = 9;
/// The cable in this connector is kept for the tag that charged.
pub const EVCP_WHY_CABLE_KEPT: u32 = 10;
/// evcp_cancel(), a stop or an unlock came first.
pub const EVCP_WHY_CANCELLED: u32 = 11;
/// The vehicle at this connector charges without a tag (key FreeCharging): this one changes nothing.
pub const EVCP_WHY_FREE_CHARGING: u32 = 12;
/// The charger is about to be updated, or shut down: evcp_set_draining().
pub const EVCP_WHY_DRAINING: u32 = 13;

pub(super) const fn by_number(by: AskedBy) -> u32 {
    match by {
        AskedBy::Reader => EVCP_BY_READER,
        AskedBy::CentralSystem => EVCP_BY_CENTRAL_SYSTEM,
        AskedBy::Host => EVCP_BY_CHARGER,
        AskedBy::FreeCharging => EVCP_BY_FREE_CHARGING,
    }
}

pub(super) const fn purpose_number(purpose: Purpose) -> u32 {
    match purpose {
        Purpose::Start => EVCP_FOR_START,
        Purpose::Stop => EVCP_FOR_STOP,
        Purpose::Unlock => EVCP_FOR_UNLOCK,
        Purpose::TakeBack => EVCP_FOR_TAKE_BACK,
    }
}

pub(super) const fn why_number(why: Option<Why>) -> u32 {
    match why {
        None => EVCP_WHY_NONE,
        Some(Why::OutOfService) => EVCP_WHY_OUT_OF_SERVICE,
        Some(Why::Faulted) => EVCP_WHY_FAULTED,
        Some(Why::NotRegistered) => EVCP_WHY_NOT_REGISTERED,
        Some(Why::Restarting) => EVCP_WHY_RESTARTING,
        Some(Why::OfflineUnknown) => EVCP_WHY_OFFLINE_UNKNOWN,
        Some(Why::CentralSystemSilent) => EVCP_WHY_CENTRAL_SYSTEM_SILENT,
        Some(Why::TooMany) => EVCP_WHY_TOO_MANY,
        Some(Why::NoFreeConnector) => EVCP_WHY_NO_FREE_CONNECTOR,
        Some(Why::OtherTagCharges) => EVCP_WHY_OTHER_TAG_CHARGES,
        Some(Why::CableKept) => EVCP_WHY_CABLE_KEPT,
        Some(Why::Cancelled) => EVCP_WHY_CANCELLED,
        Some(Why::FreeCharging) => EVCP_WHY_FREE_CHARGING,
        Some(Why::Draining) => EVCP_WHY_DRAINING,
    }
}
