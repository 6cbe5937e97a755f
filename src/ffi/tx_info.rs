//! A transaction, as the host sees it
// Most of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::{c_char, CStr};

use crate::core::{TransactionChange, TransactionStep};
use crate::ffi::codes::{evcp_reason_t, reason_number};
use crate::ffi::sized::sized32;
use crate::ffi::text::{pointer, Number};
use crate::ffi::values::{evcp_tx_t, size};

/// It began; energy is permitted from now on.
pub const EVCP_TX_STARTED: u32 = 0;
/// It goes on after a restart.
pub const EVCP_TX_RESUMED: u32 = 1;
/// The central system gave it an id: also after it ended, if there was no connection.
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
    /// How much of this struct the library filled; in evcp_get_tx_info() and evcp_get_undelivered():
    /// sizeof(evcp_tx_info_t), set by the caller.
    pub struct_size: u32,
    /// Where; 1 and up.
    pub connector: u32,
    /// The transaction.
    pub tx: evcp_tx_t,
    /// The central system's id; any number is possible, and 0 while it is not known: see ocpp_id_known.
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
    /// EVCP_REASON_*: why it ended; EVCP_REASON_NONE while it runs.
    pub reason: evcp_reason_t,
    /// Whether the central system gave it an id.
    pub ocpp_id_known: bool,
    /// Zero.
    pub reserved: [u8; 7],
    /// The tag that started it.
    pub tag: *const c_char,
    /// The central system's id as text; NULL while it is not known.
    pub ocpp_id_text: *const c_char,
}

// repr(C), begins with a u32; zero is NULL for both texts.
sized32!(evcp_tx_info_t {
    struct_size connector tx ocpp_id started_ms stopped_ms meter_start_wh meter_stop_wh change reason
    ocpp_id_known reserved tag ocpp_id_text
});

impl evcp_tx_info_t {
    /// A step for C; the texts are as long as it.
    pub(super) fn of(step: &TransactionStep, tag: &CStr, ocpp_id: &Number) -> Self {
        Self {
            struct_size: size::<Self>(),
            connector: step.connector.number(),
            tx: step.tx.0,
            ocpp_id: step.central_id.unwrap_or(0),
            started_ms: step.started.0,
            stopped_ms: step.stopped.map_or(0, |(wall, _)| wall.0),
            meter_start_wh: step.meter_start.0 as f64,
            meter_stop_wh: step.stopped.map_or(0.0, |(_, meter)| meter.0 as f64),
            change: match step.change {
                TransactionChange::Started => EVCP_TX_STARTED,
                TransactionChange::Resumed => EVCP_TX_RESUMED,
                TransactionChange::Confirmed => EVCP_TX_CONFIRMED,
                TransactionChange::Deauthorized => EVCP_TX_DEAUTHORIZED,
                TransactionChange::Stopped => EVCP_TX_STOPPED,
                TransactionChange::GivenUp => EVCP_TX_GIVEN_UP,
                TransactionChange::Delivered => EVCP_TX_DELIVERED,
                TransactionChange::Unanswered => EVCP_TX_UNANSWERED,
            },
            reason: reason_number(step.reason),
            ocpp_id_known: step.central_id.is_some(),
            reserved: [0; 7],
            tag: tag.as_ptr(),
            ocpp_id_text: pointer(ocpp_id.text()),
        }
    }
}
