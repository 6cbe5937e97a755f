//! The test kit as a C program sees it: written from include/evcp_test.h, linked by name.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

pub enum evcp_test_t {}

pub const STATE: i32 = -2;

type Text = *const c_char;
type World = *mut evcp_test_t;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Tx {
    pub struct_size: u32,
    pub connector: u32,
    pub id: i64,
    pub started_ms: i64,
    pub stopped_ms: i64,
    pub meter_start_wh: f64,
    pub meter_stop_wh: f64,
    pub stopped: bool,
    pub reserved: [u8; 3],
    pub samples: u32,
    pub tag: Text,
    pub stop_tag: Text,
    pub reason: Text,
    pub last_sample: Text,
}

pub type Tick = Option<unsafe extern "C" fn(*mut c_void)>;

extern "C" {
    pub fn evcp_test_new() -> World;
    pub fn evcp_test_free(world: World);
    pub fn evcp_test_advance(world: World, ms: u64) -> i32;
    pub fn evcp_test_stall(world: World, ms: u64) -> i32;
    pub fn evcp_test_now(world: *const evcp_test_t) -> u64;
    pub fn evcp_test_clock(world: *const evcp_test_t) -> i64;
    pub fn evcp_test_set_clock(world: World, unix_ms: i64) -> i32;
    pub fn evcp_test_every(world: World, ms: u32, tick: Tick, ud: *mut c_void) -> i32;
    pub fn evcp_test_link(world: World, state: u32) -> i32;
    pub fn evcp_test_sent(world: World) -> Text;
    pub fn evcp_test_sent_call(world: World, action: Text) -> Text;
    pub fn evcp_test_value(world: World, json: Text, pointer: Text) -> Text;
    pub fn evcp_test_rule(world: World, action: Text, rule: u32, with: Text) -> i32;
    pub fn evcp_test_set_tag(world: World, tag: Text, status: Text, parent: Text) -> i32;
    pub fn evcp_test_set_delay(world: World, ms: u32) -> i32;
    pub fn evcp_test_reply(world: World, payload: Text) -> i32;
    pub fn evcp_test_refuse(world: World, code: Text, description: Text) -> i32;
    pub fn evcp_test_call(world: World, action: Text, payload: Text, answer: *mut Text) -> i32;
    pub fn evcp_test_answer(world: World) -> Text;
    pub fn evcp_test_tx_count(world: *const evcp_test_t) -> usize;
    pub fn evcp_test_tx(world: World, number: usize, out: *mut Tx) -> i32;
    pub fn evcp_test_power_cut(world: World) -> i32;
    pub fn evcp_test_storage(world: World, state: u32) -> i32;
}
