//! Callbacks
// Most of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::{c_char, c_void};

use crate::ffi::notices::*;
use crate::ffi::restart_info::evcp_restart_info_t;
use crate::ffi::results::evcp_err_t;
use crate::ffi::sized::sized32;
use crate::ffi::supply::evcp_supply_t;
use crate::ffi::tx_info::evcp_tx_info_t;
use crate::ffi::values::evcp_req_t;

/// How long a question may stay without answer, in milliseconds, unless "answer.timeout_s" says
/// otherwise. A meter must be read sooner: within "meter.timeout_s", 2 s. The time begins when the
/// question can be dispatched.
pub const EVCP_ANSWER_MS: u32 = 25_000;

/// There is no connection.
pub const EVCP_DISCONNECTED: u32 = 0;
/// An attempt failed; the next follows by itself.
pub const EVCP_CONNECT_FAILED: u32 = 1;
/// The WebSocket stands.
pub const EVCP_CONNECTED: u32 = 2;

/// The charge point is in operation.
pub const EVCP_BOOT_ACCEPTED: u32 = 0;
/// The central system wants to configure it first.
pub const EVCP_BOOT_PENDING: u32 = 1;
/// The central system does not want it now.
pub const EVCP_BOOT_REJECTED: u32 = 2;

/// The tag may charge, or it stopped its transaction.
pub const EVCP_AUTH_ACCEPTED: u32 = 0;
/// The tag is blocked.
pub const EVCP_AUTH_BLOCKED: u32 = 1;
/// The tag has expired.
pub const EVCP_AUTH_EXPIRED: u32 = 2;
/// Nobody knows the tag; or nobody could be asked, or what it was to do is off: see why.
pub const EVCP_AUTH_INVALID: u32 = 3;
/// The tag is charging elsewhere, or nothing can begin here: see why.
pub const EVCP_AUTH_CONCURRENT_TX: u32 = 4;

/// OCPP's Available
pub const EVCP_STATUS_AVAILABLE: u32 = 0;
/// OCPP's Preparing
pub const EVCP_STATUS_PREPARING: u32 = 1;
/// OCPP's Charging
pub const EVCP_STATUS_CHARGING: u32 = 2;
/// OCPP's SuspendedEVSE
pub const EVCP_STATUS_SUSPENDED_EVSE: u32 = 3;
/// OCPP's SuspendedEV
pub const EVCP_STATUS_SUSPENDED_EV: u32 = 4;
/// OCPP's Finishing
pub const EVCP_STATUS_FINISHING: u32 = 5;
/// OCPP's Reserved
pub const EVCP_STATUS_RESERVED: u32 = 6;
/// OCPP's Unavailable
pub const EVCP_STATUS_UNAVAILABLE: u32 = 7;
/// OCPP's Faulted
pub const EVCP_STATUS_FAULTED: u32 = 8;

/// What could not be written before is written.
pub const EVCP_STORAGE_WORKS: u32 = 0;
/// It fails: what happens is kept in memory only.
pub const EVCP_STORAGE_FAILS: u32 = 1;
/// It works, but some of it could not be read and was set aside; or a damaged database was kept aside and
/// what it still says salvaged into a fresh one; or one that somebody removed was written again.
pub const EVCP_STORAGE_DAMAGED: u32 = 2;

/// A frame was received.
pub const EVCP_FRAME_RECEIVED: u32 = 0;
/// A frame is being sent.
pub const EVCP_FRAME_SENT: u32 = 1;

/// A meter is read for the beginning of a transaction.
pub const EVCP_READ_BEGIN: u32 = 0;
/// A meter is read for a periodic sample.
pub const EVCP_READ_SAMPLE: u32 = 1;
/// A meter is read for the end of a transaction.
pub const EVCP_READ_END: u32 = 2;
/// A meter is read because the central system asks.
pub const EVCP_READ_TRIGGER: u32 = 3;
/// A meter is read for a sample at an instant of the wall clock.
pub const EVCP_READ_CLOCK: u32 = 4;

/// What the library tells and asks. NULL is a default for every slot: a question that nobody serves
/// is answered as OCPP asks, a notice that nobody wants is dropped.
///
/// A slot with an evcp_req_t asks a question: answer with evcp_answer() or the typed answer, inside
/// the callback or later, from any thread, before EVCP_ANSWER_MS have passed. No slot may be left
/// by throw, longjmp or pthread_exit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_callbacks_t {
    /// sizeof(evcp_callbacks_t); see GROWTH.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Called once, after the last call of any other slot: user_data may go now.
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,

    /// A command, complete; the first ones come after the start, for every connector.
    pub on_supply: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            supply: *const evcp_supply_t,
        ),
    >,

    /// Unlock the connector; energy is off. EVCP_ACCEPTED, EVCP_FAILED, EVCP_NOT_SUPPORTED.
    /// NULL: NotSupported.
    pub on_unlock: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, connector: u32, req: evcp_req_t),
    >,
    /// May the device be restarted? EVCP_ACCEPTED or EVCP_REJECTED; on_reboot says when.
    /// NULL: Rejected.
    pub on_reset:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, hard: bool, req: evcp_req_t)>,
    /// Read the meter (connector 0: the main meter; context: EVCP_READ_*): evcp_answer_meter().
    /// Asked at the start and the end of a session, for each sample, and while energy flows at least each
    /// "storage.sample_commit_s". Unanswered: a sample is left out; a bill has the register that is known,
    /// and a start waits up to 10 s for one. NULL: what evcp_push_meter() said is used.
    pub on_meter_read: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connector: u32,
            context: u32,
            req: evcp_req_t,
        ),
    >,
    /// Vendor data of the central system: evcp_answer_data(). NULL: UnknownVendorId.
    pub on_data_transfer: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            data: *const evcp_data_info_t,
            req: evcp_req_t,
        ),
    >,
    /// May the central system change this key of the firmware's own, which was declared with asks? value is what it is
    /// to be, within its limits. EVCP_ACCEPTED, EVCP_REJECTED, or EVCP_REBOOT_REQUIRED: it is stored, and counts
    /// from the next boot on. It has its value when on_key_changed says so. NULL: Rejected.
    pub on_key_change: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            key: *const evcp_key_info_t,
            req: evcp_req_t,
        ),
    >,

    /// The link changed.
    pub on_connection: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            connection: *const evcp_connection_info_t,
        ),
    >,
    /// BootNotification was answered.
    pub on_boot:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, boot: *const evcp_boot_info_t)>,
    /// The central system says what time it is: the device may set its clock.
    pub on_time: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, unix_ms: i64)>,
    /// What became of a tag: one that was shown, that a remote start brought, or that evcp_start_tx() let in.
    /// One that was accepted for a start is told again, with why, if it is called off before the transaction
    /// begins; on_timeout tells if ConnectionTimeOut is over first.
    pub on_auth:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, auth: *const evcp_auth_info_t)>,
    /// ConnectionTimeOut is over, and nobody plugged in: who may charge may not any more.
    pub on_timeout: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, timeout: *const evcp_timeout_info_t),
    >,
    /// A connector (0: the charge point) has a new status, or another error code.
    pub on_status: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, status: *const evcp_status_info_t),
    >,
    /// A transaction took a step.
    pub on_tx:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, tx: *const evcp_tx_info_t)>,
    /// The central system put a connector (0: all) in or out of service.
    pub on_availability: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, connector: u32, operative: bool),
    >,
    /// A configuration key was changed.
    pub on_key_changed:
        Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, key: *const evcp_key_info_t)>,
    /// The storage fails, works again, or was damaged: what could not be saved is in the detail, and all
    /// of it in the log.
    pub on_storage: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, storage: *const evcp_storage_info_t),
    >,
    /// A frame of OCPP-J was received or is being sent, in its place among the other callbacks, with secrets replaced by
    /// "***" (setting "frames.secrets"). A host that is behind loses the oldest: 256 of them, or a mebibyte, wait at
    /// most. NULL costs nothing.
    pub on_frame: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, frame: *const evcp_frame_info_t),
    >,
    /// All is stored and said: restart the device (hard) or the application now.
    pub on_reboot: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, hard: bool)>,
    /// No session is left since evcp_set_draining().
    pub on_drained: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, restart: *const evcp_restart_info_t),
    >,
    /// The library cannot go on: supply nothing, and free the handle. The last call but destroy.
    pub on_fatal: Option<
        unsafe extern "C-unwind" fn(user_data: *mut c_void, err: evcp_err_t, detail: *const c_char),
    >,
}

// repr(C), begins with a u32; zero is NULL in every slot.
sized32!(evcp_callbacks_t {
    struct_size reserved destroy on_supply on_unlock on_reset on_meter_read on_data_transfer
    on_key_change on_connection on_boot on_time on_auth on_timeout on_status on_tx on_availability on_key_changed on_storage
    on_frame on_reboot on_drained on_fatal
});

impl evcp_callbacks_t {
    pub(super) const fn none() -> Self {
        Self {
            struct_size: 0,
            reserved: 0,
            destroy: None,
            on_supply: None,
            on_unlock: None,
            on_reset: None,
            on_meter_read: None,
            on_data_transfer: None,
            on_key_change: None,
            on_connection: None,
            on_boot: None,
            on_time: None,
            on_auth: None,
            on_timeout: None,
            on_status: None,
            on_tx: None,
            on_availability: None,
            on_key_changed: None,
            on_storage: None,
            on_frame: None,
            on_reboot: None,
            on_drained: None,
            on_fatal: None,
        }
    }
}
