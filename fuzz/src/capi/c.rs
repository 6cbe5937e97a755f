//! The C API as a C program sees it: written from include/evcp.h, linked by name.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

pub enum evcp_t {}
pub enum evcp_config_t {}

pub const OK: i32 = 0;
pub const INVALID: i32 = -1;
pub const BUFFER: i32 = -4;
pub const DEADLOCK: i32 = -7;
pub const CLOSED: i32 = -8;
pub const PANIC: i32 = -99;

type Text = *const c_char;
type Ud = *mut c_void;

/// evcp_limit_t
#[repr(C)]
pub struct Limit {
    pub struct_size: u32,
    pub unit: u32,
    pub value: f64,
    pub phases: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Supply {
    pub struct_size: u32,
    pub permit: bool,
    pub phases: u8,
    pub lock: bool,
    pub reserved: u8,
    pub amps: f64,
    pub watts: f64,
    pub tx: u64,
}

#[repr(C)]
pub struct TxInfo {
    pub struct_size: u32,
    pub connector: u32,
    pub tx: u64,
    pub ocpp_id: i64,
    pub started_ms: i64,
    pub stopped_ms: i64,
    pub meter_start_wh: f64,
    pub meter_stop_wh: f64,
    pub change: u32,
    pub reason: u32,
    pub ocpp_id_known: bool,
    pub reserved: [u8; 7],
    pub tag: Text,
    pub ocpp_id_text: Text,
}

#[repr(C)]
pub struct AuthInfo {
    pub struct_size: u32,
    pub connector: u32,
    pub reader: u32,
    pub by: u32,
    pub purpose: u32,
    pub status: u32,
    pub why: u32,
    pub reserved: u32,
    pub tag: Text,
}

#[repr(C)]
pub struct TimeoutInfo {
    pub struct_size: u32,
    pub connector: u32,
    pub reader: u32,
    pub by: u32,
    pub tag: Text,
}

#[repr(C)]
pub struct RestartInfo {
    pub struct_size: u32,
    pub verdict: u32,
    pub transactions: u32,
    pub permissions: u32,
    pub asked: u32,
    pub storage_fails: bool,
    pub unsaved: bool,
    pub draining: bool,
    pub resetting: bool,
    pub queued: u64,
    pub undelivered: u64,
}

#[repr(C)]
pub struct StatusInfo {
    pub struct_size: u32,
    pub connector: u32,
    pub status: u32,
    pub error_code: u32,
    pub info: Text,
    pub vendor_code: Text,
}

#[repr(C)]
pub struct DataInfo {
    pub struct_size: u32,
    pub reserved: u32,
    pub vendor: Text,
    pub message: Text,
    pub data: Text,
    pub len: usize,
}

#[repr(C)]
pub struct BootInfo {
    pub struct_size: u32,
    pub status: u32,
    pub interval_s: u32,
    pub reserved: u32,
    pub time_ms: i64,
}

#[repr(C)]
pub struct ConnectionInfo {
    pub struct_size: u32,
    pub state: u32,
    pub detail: Text,
    pub slot: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NetworkProfile {
    pub struct_size: u32,
    pub security_profile: u32,
    pub url: Text,
    pub identity: Text,
    pub auth_key: *const u8,
    pub auth_key_len: usize,
    pub ca_pem: *const u8,
    pub ca_pem_len: usize,
    pub client_chain_pem: *const u8,
    pub client_chain_pem_len: usize,
    pub client_key_pem: *const u8,
    pub client_key_pem_len: usize,
    pub interface: Text,
    pub source_address: Text,
    pub proxy: Text,
    pub connect_timeout_s: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct KeyInfo {
    pub struct_size: u32,
    pub read_only: bool,
    pub reboot_required: bool,
    pub reserved: [u8; 2],
    pub key: Text,
    pub value: Text,
}

#[repr(C)]
pub struct KeyDecl {
    pub struct_size: u32,
    pub kind: u32,
    pub name: Text,
    pub value: Text,
    pub words: Text,
    pub reserved_pointer: Text,
    pub min: i64,
    pub max: i64,
    pub read_only: bool,
    pub reboot_required: bool,
    pub asks: bool,
    pub reserved: [u8; 5],
}

#[repr(C)]
pub struct StorageInfo {
    pub struct_size: u32,
    pub state: u32,
    pub detail: Text,
}

#[repr(C)]
pub struct FrameInfo {
    pub struct_size: u32,
    pub direction: u32,
    pub time_ms: i64,
    pub dropped: u64,
    pub text: Text,
    pub len: usize,
    pub masked: bool,
    pub reserved: [u8; 7],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Sample {
    pub value: f64,
    pub measurand: u16,
    pub phase: u8,
    pub location: u8,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Period {
    pub limit: f64,
    pub start_s: u32,
    pub phases: u32,
}

#[repr(C)]
pub struct LogLine {
    pub struct_size: u32,
    pub level: u32,
    pub target: Text,
    pub text: Text,
    pub identity: Text,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Callbacks {
    pub struct_size: u32,
    pub reserved: u32,
    pub destroy: Option<unsafe extern "C" fn(Ud)>,
    pub on_supply: Option<unsafe extern "C" fn(Ud, u32, *const Supply)>,
    pub on_unlock: Option<unsafe extern "C" fn(Ud, u32, u64)>,
    pub on_reset: Option<unsafe extern "C" fn(Ud, bool, u64)>,
    pub on_meter_read: Option<unsafe extern "C" fn(Ud, u32, u32, u64)>,
    pub on_data_transfer: Option<unsafe extern "C" fn(Ud, *const DataInfo, u64)>,
    pub on_key_change: Option<unsafe extern "C" fn(Ud, *const KeyInfo, u64)>,
    pub on_connection: Option<unsafe extern "C" fn(Ud, *const ConnectionInfo)>,
    pub on_boot: Option<unsafe extern "C" fn(Ud, *const BootInfo)>,
    pub on_time: Option<unsafe extern "C" fn(Ud, i64)>,
    pub on_auth: Option<unsafe extern "C" fn(Ud, *const AuthInfo)>,
    pub on_timeout: Option<unsafe extern "C" fn(Ud, *const TimeoutInfo)>,
    pub on_status: Option<unsafe extern "C" fn(Ud, *const StatusInfo)>,
    pub on_tx: Option<unsafe extern "C" fn(Ud, *const TxInfo)>,
    pub on_availability: Option<unsafe extern "C" fn(Ud, u32, bool)>,
    pub on_key_changed: Option<unsafe extern "C" fn(Ud, *const KeyInfo)>,
    pub on_storage: Option<unsafe extern "C" fn(Ud, *const StorageInfo)>,
    pub on_frame: Option<unsafe extern "C" fn(Ud, *const FrameInfo)>,
    pub on_reboot: Option<unsafe extern "C" fn(Ud, bool)>,
    pub on_drained: Option<unsafe extern "C" fn(Ud, *const RestartInfo)>,
    pub on_fatal: Option<unsafe extern "C" fn(Ud, i32, Text)>,
}

pub type Done = Option<unsafe extern "C" fn(Ud, i32, u32, Text, usize)>;
pub type Log = Option<unsafe extern "C" fn(Ud, *const LogLine)>;

extern "C" {
    pub fn evcp_strerror(err: i32) -> Text;
    pub fn evcp_last_error() -> Text;
    pub fn evcp_config_new() -> *mut evcp_config_t;
    pub fn evcp_config_free(cfg: *mut evcp_config_t);
    pub fn evcp_config_set_url(cfg: *mut evcp_config_t, url: Text) -> i32;
    pub fn evcp_config_set_identity(cfg: *mut evcp_config_t, identity: Text) -> i32;
    pub fn evcp_config_set_device(
        cfg: *mut evcp_config_t,
        vendor: Text,
        model: Text,
        serial: Text,
        firmware: Text,
    ) -> i32;
    pub fn evcp_config_set_connectors(cfg: *mut evcp_config_t, count: u32) -> i32;
    pub fn evcp_config_set_feedback(cfg: *mut evcp_config_t, at: u32, flags: u32) -> i32;
    pub fn evcp_config_set_lockable(cfg: *mut evcp_config_t, at: u32, lockable: bool) -> i32;
    pub fn evcp_config_set_limit(cfg: *mut evcp_config_t, at: u32, phases: u32, amps: f64) -> i32;
    pub fn evcp_config_set_storage(cfg: *mut evcp_config_t, directory: Text) -> i32;
    pub fn evcp_config_set_profile(cfg: *mut evcp_config_t, profile: u32) -> i32;
    pub fn evcp_config_set_auth_key(cfg: *mut evcp_config_t, key: *const u8, len: usize) -> i32;
    pub fn evcp_config_set_ca_pem(cfg: *mut evcp_config_t, pem: *const u8, len: usize) -> i32;
    pub fn evcp_config_set_client_pem(
        cfg: *mut evcp_config_t,
        chain: *const u8,
        chain_len: usize,
        key: *const u8,
        key_len: usize,
    ) -> i32;
    pub fn evcp_config_set_network_profile(
        cfg: *mut evcp_config_t,
        slot: u32,
        profile: *const NetworkProfile,
    ) -> i32;
    pub fn evcp_set_network_profile(
        cp: *mut evcp_t,
        slot: u32,
        profile: *const NetworkProfile,
    ) -> i32;
    pub fn evcp_set_network_priority(cp: *mut evcp_t, slots: *const u32, count: usize) -> i32;
    pub fn evcp_config_set(cfg: *mut evcp_config_t, name: Text, value: Text) -> i32;
    pub fn evcp_config_declare(cfg: *mut evcp_config_t, decl: *const KeyDecl) -> i32;
    pub fn evcp_dispatch(cp: *mut evcp_t, timeout_ms: i32) -> i32;
    pub fn evcp_new(
        cfg: *const evcp_config_t,
        cb: *const Callbacks,
        ud: Ud,
        out: *mut *mut evcp_t,
    ) -> i32;
    pub fn evcp_start(cp: *mut evcp_t) -> i32;
    pub fn evcp_stop(cp: *mut evcp_t, timeout_ms: u32) -> i32;
    pub fn evcp_free(cp: *mut evcp_t);
    pub fn evcp_fd(cp: *const evcp_t) -> i32;
    pub fn evcp_wakeup(cp: *mut evcp_t);
    pub fn evcp_set_ev(cp: *mut evcp_t, at: u32, ev: u32) -> i32;
    pub fn evcp_set_fault(cp: *mut evcp_t, at: u32, code: u32, info: Text, vendor: Text) -> i32;
    pub fn evcp_set_warning(cp: *mut evcp_t, at: u32, code: u32, info: Text, vendor: Text) -> i32;
    pub fn evcp_clear_fault(cp: *mut evcp_t, at: u32, code: u32) -> i32;
    pub fn evcp_clear_warning(cp: *mut evcp_t, at: u32, code: u32) -> i32;
    pub fn evcp_set_operative(cp: *mut evcp_t, at: u32, operative: bool) -> i32;
    pub fn evcp_set_contactor(cp: *mut evcp_t, at: u32, closed: bool) -> i32;
    pub fn evcp_set_lock(cp: *mut evcp_t, at: u32, closed: bool) -> i32;
    pub fn evcp_set_draining(cp: *mut evcp_t, draining: bool) -> i32;
    pub fn evcp_get_restart(cp: *const evcp_t, out: *mut u8) -> i32;
    pub fn evcp_restart_name(number: u32) -> Text;
    pub fn evcp_set_evse_ready(cp: *mut evcp_t, at: u32, ready: bool, reason: Text) -> i32;
    pub fn evcp_set_local_limit(
        cp: *mut evcp_t,
        at: u32,
        source: Text,
        limit: *const Limit,
        valid_for_ms: u64,
    ) -> i32;
    pub fn evcp_set_failsafe(cp: *mut evcp_t, at: u32, source: Text, limit: *const Limit) -> i32;
    pub fn evcp_get_local_limit(cp: *const evcp_t, at: u32, number: u32, out: *mut u8) -> i32;
    pub fn evcp_config_set_min_current(cfg: *mut evcp_config_t, at: u32, amps: f64) -> i32;
    pub fn evcp_set_clock(cp: *mut evcp_t, unix_ms: i64) -> i32;
    pub fn evcp_set_network(cp: *mut evcp_t, up: bool) -> i32;
    pub fn evcp_push_meter(cp: *mut evcp_t, at: u32, samples: *const Sample, count: usize) -> i32;
    pub fn evcp_push_signed_meter(cp: *mut evcp_t, at: u32, data: Text, len: usize) -> i32;
    pub fn evcp_present_tag_at(cp: *mut evcp_t, at: *const u32, count: usize, tag: Text) -> i32;
    pub fn evcp_present_tag(cp: *mut evcp_t, at: u32, tag: Text) -> i32;
    pub fn evcp_start_tx(cp: *mut evcp_t, at: u32, tag: Text, flags: u32) -> i32;
    pub fn evcp_cancel(cp: *mut evcp_t, at: u32) -> i32;
    pub fn evcp_stop_tx(cp: *mut evcp_t, at: u32, reason: u32) -> i32;
    pub fn evcp_power_fails(cp: *mut evcp_t) -> i32;
    pub fn evcp_set_key(cp: *mut evcp_t, key: Text, value: Text) -> i32;
    pub fn evcp_data_transfer(
        cp: *mut evcp_t,
        vendor: Text,
        message: Text,
        data: Text,
        len: usize,
        done: Done,
        ud: Ud,
    ) -> i32;
    pub fn evcp_answer(cp: *mut evcp_t, req: u64, result: u32) -> i32;
    pub fn evcp_answer_meter(cp: *mut evcp_t, req: u64, s: *const Sample, count: usize) -> i32;
    pub fn evcp_answer_data(cp: *mut evcp_t, req: u64, r: u32, data: Text, len: usize) -> i32;
    pub fn evcp_get_supply(cp: *const evcp_t, at: u32, out: *mut u8) -> i32;
    pub fn evcp_get_schedule(
        cp: *const evcp_t,
        at: u32,
        duration_s: u32,
        unit: u32,
        periods: *mut Period,
        period_size: usize,
        count: *mut usize,
        covered_s: *mut u32,
    ) -> i32;
    pub fn evcp_get_tx(cp: *const evcp_t, at: u32, out: *mut u64) -> i32;
    pub fn evcp_get_status(cp: *const evcp_t, at: u32, out: *mut u32) -> i32;
    pub fn evcp_get_key(cp: *const evcp_t, key: Text, value: *mut c_char, len: *mut usize) -> i32;
    pub fn evcp_get_link(
        cp: *const evcp_t,
        out: *mut u8,
        text: *mut c_char,
        len: *mut usize,
    ) -> i32;
    pub fn evcp_get_registration(cp: *const evcp_t, out: *mut u8) -> i32;
    pub fn evcp_get_tx_info(
        cp: *const evcp_t,
        at: u32,
        out: *mut u8,
        text: *mut c_char,
        len: *mut usize,
    ) -> i32;
    pub fn evcp_get_fault(
        cp: *const evcp_t,
        at: u32,
        after: u32,
        out: *mut u8,
        text: *mut c_char,
        len: *mut usize,
    ) -> i32;
    pub fn evcp_get_key_info(
        cp: *const evcp_t,
        after: Text,
        out: *mut u8,
        text: *mut c_char,
        len: *mut usize,
    ) -> i32;
    pub fn evcp_install_profile(cp: *mut evcp_t, at: u32, json: Text) -> i32;
    pub fn evcp_clear_profile(cp: *mut evcp_t, at: u32, id: i32) -> i32;
    pub fn evcp_clear_profiles(cp: *mut evcp_t) -> i32;
    pub fn evcp_get_profile(
        cp: *const evcp_t,
        after: u64,
        out: *mut u8,
        text: *mut c_char,
        len: *mut usize,
    ) -> i32;
    pub fn evcp_get_stats(cp: *const evcp_t, out: *mut u8) -> i32;
    pub fn evcp_status_name(number: u32) -> Text;
    pub fn evcp_reason_name(number: u32) -> Text;
    pub fn evcp_error_code_name(number: u32) -> Text;
    pub fn evcp_auth_name(number: u32) -> Text;
    pub fn evcp_by_name(number: u32) -> Text;
    pub fn evcp_for_name(number: u32) -> Text;
    pub fn evcp_why_name(number: u32) -> Text;
    pub fn evcp_boot_name(number: u32) -> Text;
    pub fn evcp_read_name(number: u32) -> Text;
    pub fn evcp_ev_name(number: u32) -> Text;
    pub fn evcp_tx_change_name(number: u32) -> Text;
    pub fn evcp_connection_name(number: u32) -> Text;
    pub fn evcp_storage_name(number: u32) -> Text;
    pub fn evcp_set_log(max_level: u32, log: Log, ud: Ud) -> i32;
}
