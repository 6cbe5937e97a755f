//! Names and values
// Most of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::c_void;
use std::mem::size_of;

use crate::core::{ConnectorId, Ev, Place};
use crate::ffi::guard::Fail;

/// A question of the central system or of the library; answer it once, with evcp_answer() or one
/// of its kind. Never used again; 0 is none.
pub type evcp_req_t = u64;
/// A transaction, by the charge point's own number; survives a restart; 0 is none.
pub type evcp_tx_t = u64;

/// What the control pilot (IEC 61851) and the socket say of the vehicle.
pub type evcp_ev_t = u32;
/// A: nothing is plugged in.
pub const EVCP_EV_ABSENT: u32 = 0;
/// B: plugged in, asks for no energy. Enough in a session too: what the vehicle was only just offered it may
/// still take ("ev.reaction_s"), and then it is SuspendedEV. In states E and F: what was before them.
pub const EVCP_EV_PLUGGED: u32 = 1;
/// C or D: asks for energy, or takes it.
pub const EVCP_EV_CHARGING: u32 = 2;
/// Energy is on offer, and the vehicle takes none: for who knows that without waiting for its reaction.
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
/// Yes, and it counts from the next boot on: on_key_change.
pub const EVCP_REBOOT_REQUIRED: u32 = 4;
/// Vendor data: a vendor that nobody here knows.
pub const EVCP_UNKNOWN_VENDOR: u32 = 5;
/// Vendor data: the vendor is known, the message is not.
pub const EVCP_UNKNOWN_MESSAGE: u32 = 6;

/// A connector of the C API that must exist at all.
pub(super) fn connector(number: u32) -> Result<ConnectorId, Fail> {
    ConnectorId::new(number).ok_or_else(|| no_connector(number))
}

fn no_connector(number: u32) -> Fail {
    Fail::invalid(format!("connector {number} does not exist"))
}

/// A connector, or 0 for the charge point.
pub(super) fn place(number: u32) -> Result<Place, Fail> {
    Place::new(number).ok_or_else(|| no_connector(number))
}

pub(super) fn ev(ev: evcp_ev_t) -> Result<Ev, Fail> {
    match ev {
        EVCP_EV_ABSENT => Ok(Ev::Absent),
        EVCP_EV_PLUGGED => Ok(Ev::Plugged),
        EVCP_EV_CHARGING => Ok(Ev::Charging),
        EVCP_EV_SUSPENDED => Ok(Ev::Suspended),
        EVCP_EV_CABLE => Ok(Ev::CableOnly),
        _ => Err(Fail::invalid(format!(
            "ev is {ev}: it must be one of EVCP_EV_*, 0 to 4"
        ))),
    }
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
