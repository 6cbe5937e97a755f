//! What a restart would cost
// Most of the constants are for C alone.
#![allow(dead_code)]

use crate::ffi::sized::sized32;
use crate::ffi::values::size;
use crate::mailbox::{Restart, Verdict};

/// A restart now costs nobody anything.
pub const EVCP_RESTART_FREE: u32 = 0;
/// Somebody who may charge, or whose tag is being asked about, would have to show it again.
pub const EVCP_RESTART_WAITING: u32 = 1;
/// A transaction would be interrupted.
pub const EVCP_RESTART_SESSION: u32 = 2;
/// What is in memory alone would be lost.
pub const EVCP_RESTART_DATA: u32 = 3;

/// What is going on, and what a restart now would cost.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_restart_info_t {
    /// sizeof(evcp_restart_info_t), set by the caller of evcp_get_restart(); only that much is written.
    pub struct_size: u32,
    /// EVCP_RESTART_*: what a restart now would cost, the worst of it.
    pub verdict: u32,
    /// Transactions that are running, or wait for their last reading.
    pub transactions: u32,
    /// Those who may charge, and whose transaction has not begun.
    pub permissions: u32,
    /// Tags that the central system is being asked about.
    pub asked: u32,
    /// Whether what should be on the disk is in memory: the disk fails, or there is no storage.
    pub storage_fails: bool,
    /// Whether the newest readings are in memory alone: evcp_stop() stores them, a power cut loses them.
    pub unsaved: bool,
    /// Whether evcp_set_draining() is in effect.
    pub draining: bool,
    /// Whether a reset of the central system is under way: on_reboot follows.
    pub resetting: bool,
    /// Transaction messages that wait for delivery; they survive a restart.
    pub queued: u64,
    /// Transactions that were given up and are kept (evcp_get_undelivered()); they survive a restart.
    pub undelivered: u64,
}

// repr(C), begins with a u32, plain numbers and bools: zero is valid in all of them.
sized32!(evcp_restart_info_t {
    struct_size verdict transactions permissions asked storage_fails unsaved draining resetting queued
    undelivered
});

impl evcp_restart_info_t {
    pub(super) const fn of(restart: &Restart) -> Self {
        let standing = restart.standing;
        Self {
            struct_size: size::<Self>(),
            verdict: match restart.verdict() {
                Verdict::Free => EVCP_RESTART_FREE,
                Verdict::Waiting => EVCP_RESTART_WAITING,
                Verdict::Session => EVCP_RESTART_SESSION,
                Verdict::Data => EVCP_RESTART_DATA,
            },
            transactions: standing.transactions,
            permissions: standing.permissions,
            asked: standing.asked,
            storage_fails: restart.storage_fails,
            unsaved: standing.unsaved,
            draining: standing.draining,
            resetting: standing.resetting,
            queued: restart.queued,
            undelivered: restart.undelivered,
        }
    }
}
