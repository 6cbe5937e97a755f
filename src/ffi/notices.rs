//! What a slot is told: a struct for each, so that a notice can say more one day
// Read in C alone.
#![allow(dead_code)]

use std::ffi::{c_char, CStr};

use crate::core::{Claim, Purpose, Why};
use crate::ffi::claims::{by_number, purpose_number, why_number};
use crate::ffi::codes::evcp_error_code_t;
use crate::ffi::sized::sized32;
use crate::ffi::text::{pointer, Counted};
use crate::ffi::values::size;
use crate::mailbox::SeenFrame;

/// What became of a tag.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_auth_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// Where it does what it was to do; 0 if it was refused.
    pub connector: u32,
    /// Where it was shown, or meant for; 0: at a reader of several connectors, or anywhere.
    pub reader: u32,
    /// EVCP_BY_*: who brought it.
    pub by: u32,
    /// EVCP_FOR_*: what it does, or was to do.
    pub purpose: u32,
    /// EVCP_AUTH_*
    pub status: u32,
    /// EVCP_WHY_*: what status does not say.
    pub why: u32,
    /// Zero.
    pub reserved: u32,
    /// The tag.
    pub tag: *const c_char,
}

/// Somebody who was waited for, until ConnectionTimeOut was over.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_timeout_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// Where a vehicle was waited for.
    pub connector: u32,
    /// As in on_auth; if it is 0 a plug at another connector would have done, too.
    pub reader: u32,
    /// EVCP_BY_*: by whom the tag may charge: a card, a remote start, or evcp_start_tx().
    pub by: u32,
    /// The tag.
    pub tag: *const c_char,
}

/// The status of a connector, and what is wrong with it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_status_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// Where; 0: the charge point.
    pub connector: u32,
    /// EVCP_STATUS_*
    pub status: u32,
    /// EVCP_ERROR_*: what is wrong.
    pub error_code: evcp_error_code_t,
    /// What evcp_set_fault() or evcp_set_warning() said of it; NULL for nothing.
    pub info: *const c_char,
    /// The vendor's own code, from there as well; NULL for none.
    pub vendor_code: *const c_char,
}

/// Vendor data of the central system.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_data_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Whose it is.
    pub vendor: *const c_char,
    /// Which message of theirs; NULL if it does not say.
    pub message: *const c_char,
    /// What it says, NUL-terminated too; NULL for nothing.
    pub data: *const c_char,
    /// The bytes of data, without the NUL at its end.
    pub len: usize,
}

/// A fault, or a warning, that is there now.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_fault_info_t {
    /// sizeof(evcp_fault_info_t), set by the caller; only that much is written.
    pub struct_size: u32,
    /// Which it is of those of this connector: what evcp_get_fault() goes on from. Never 0.
    pub number: u32,
    /// Where; 0: the charge point.
    pub connector: u32,
    /// EVCP_ERROR_*: what is wrong.
    pub code: evcp_error_code_t,
    /// Whether it is a warning, which stops nothing.
    pub warning: bool,
    /// Whether it is the one that the status of the connector tells of.
    pub shown: bool,
    /// Whether the library found it out itself, such as a contactor that does not open: it ends when it is over, and
    /// not by evcp_clear_fault().
    pub own: bool,
    /// Zero.
    pub reserved: [u8; 5],
    /// What was said of it; NULL for nothing.
    pub info: *const c_char,
    /// The vendor's own code for it; NULL for none.
    pub vendor_code: *const c_char,
}

// repr(C), begins with a u32; zero is NULL for both texts.
sized32!(evcp_fault_info_t { struct_size number connector code warning shown own reserved info vendor_code });

/// The answer to BootNotification.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_boot_info_t {
    /// How much of this struct the library filled; in evcp_get_registration(): sizeof(evcp_boot_info_t), set by
    /// the caller.
    pub struct_size: u32,
    /// EVCP_BOOT_*
    pub status: u32,
    /// Between heartbeats if accepted, and else until the next attempt, in seconds; 0: it named none.
    pub interval_s: u32,
    /// Zero.
    pub reserved: u32,
    /// The time at the central system: Unix time in milliseconds; 0: it named none that can be read.
    pub time_ms: i64,
}

/// The link to the central system.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_connection_info_t {
    /// How much of this struct the library filled; in evcp_get_link(): sizeof(evcp_connection_info_t), set by the
    /// caller.
    pub struct_size: u32,
    /// EVCP_DISCONNECTED, EVCP_CONNECT_FAILED or EVCP_CONNECTED.
    pub state: u32,
    /// Why, in words for people.
    pub detail: *const c_char,
    /// By which network profile, 1 to 4: that of the connection, or of the attempt.
    pub slot: u32,
    /// Zero.
    pub reserved: u32,
}

/// A configuration key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_key_info_t {
    /// How much of this struct the library filled; in evcp_get_key_info(): sizeof(evcp_key_info_t), set by the
    /// caller.
    pub struct_size: u32,
    /// Whether the central system may only read it.
    pub read_only: bool,
    /// Whether a change of the central system counts from the next boot on.
    pub reboot_required: bool,
    /// Zero.
    pub reserved: [u8; 2],
    /// Its name.
    pub key: *const c_char,
    /// Its value now, or in on_key_change what it is to be; NULL for a secret, which may not be read.
    pub value: *const c_char,
}

/// A text frame of OCPP-J.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_frame_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// EVCP_FRAME_RECEIVED or EVCP_FRAME_SENT.
    pub direction: u32,
    /// When, by the device's clock: Unix time in milliseconds.
    pub time_ms: i64,
    /// How many frames were lost right before it, because callbacks were not dispatched in time.
    pub dropped: u64,
    /// What it says, NUL-terminated too.
    pub text: *const c_char,
    /// The bytes of text, without the NUL at its end.
    pub len: usize,
    /// Whether secrets in it were replaced by "***".
    pub masked: bool,
    /// Zero.
    pub reserved: [u8; 7],
}

/// How the storage does.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_storage_info_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// EVCP_STORAGE_*
    pub state: u32,
    /// Why, or what was lost, in words for people; empty when it works again.
    pub detail: *const c_char,
}

// Each: repr(C), begins with a u32; zero is NULL for a text.
sized32!(evcp_boot_info_t { struct_size status interval_s reserved time_ms });
sized32!(evcp_connection_info_t { struct_size state detail slot reserved });
sized32!(evcp_key_info_t { struct_size read_only reboot_required reserved key value });

impl evcp_auth_info_t {
    pub(super) fn of(
        claim: &Claim,
        connector: u32,
        purpose: Purpose,
        status: u32,
        why: Option<Why>,
        tag: &CStr,
    ) -> Self {
        Self {
            struct_size: size::<Self>(),
            connector,
            reader: claim.reader.number(),
            by: by_number(claim.by),
            purpose: purpose_number(purpose),
            status,
            why: why_number(why),
            reserved: 0,
            tag: tag.as_ptr(),
        }
    }
}

impl evcp_timeout_info_t {
    pub(super) fn of(claim: &Claim, connector: u32, tag: &CStr) -> Self {
        Self {
            struct_size: size::<Self>(),
            connector,
            reader: claim.reader.number(),
            by: by_number(claim.by),
            tag: tag.as_ptr(),
        }
    }
}

impl evcp_status_info_t {
    pub(super) fn of(
        connector: u32,
        status: u32,
        error_code: evcp_error_code_t,
        info: Option<&CStr>,
        vendor_code: Option<&CStr>,
    ) -> Self {
        Self {
            struct_size: size::<Self>(),
            connector,
            status,
            error_code,
            info: pointer(info),
            vendor_code: pointer(vendor_code),
        }
    }
}

impl evcp_data_info_t {
    pub(super) fn of(vendor: &CStr, message: Option<&CStr>, data: &Counted) -> Self {
        Self {
            struct_size: size::<Self>(),
            reserved: 0,
            vendor: vendor.as_ptr(),
            message: pointer(message),
            data: data.pointer(),
            len: data.len,
        }
    }
}

impl evcp_boot_info_t {
    pub(super) fn of(status: u32, interval_s: u32, time_ms: i64) -> Self {
        Self {
            struct_size: size::<Self>(),
            status,
            interval_s,
            reserved: 0,
            time_ms,
        }
    }
}

impl evcp_connection_info_t {
    pub(super) fn of(state: u32, slot: u32, detail: &CStr) -> Self {
        Self {
            struct_size: size::<Self>(),
            state,
            detail: detail.as_ptr(),
            slot,
            reserved: 0,
        }
    }
}

impl evcp_key_info_t {
    pub(super) fn of(key: &CStr, value: Option<&CStr>, rights: (bool, bool)) -> Self {
        Self {
            struct_size: size::<Self>(),
            read_only: rights.0,
            reboot_required: rights.1,
            reserved: [0; 2],
            key: key.as_ptr(),
            value: pointer(value),
        }
    }
}

impl evcp_frame_info_t {
    pub(super) fn of(direction: u32, frame: &SeenFrame, text: &Counted) -> Self {
        Self {
            struct_size: size::<Self>(),
            direction,
            time_ms: frame.at.0,
            dropped: frame.dropped,
            text: text.pointer(),
            len: text.len,
            masked: frame.masked,
            reserved: [0; 7],
        }
    }
}

impl evcp_storage_info_t {
    pub(super) fn of(state: u32, detail: &CStr) -> Self {
        Self {
            struct_size: size::<Self>(),
            state,
            detail: detail.as_ptr(),
        }
    }
}
