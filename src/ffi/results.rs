//! Results, and the version.

use std::ffi::{c_char, CStr};

use crate::ffi::last_error::last_error;

/// 0 is success, negative is an error, positive is a count.
pub type evcp_err_t = i32;

/// Done.
pub const EVCP_OK: i32 = 0;
/// An argument is NULL, out of range, not UTF-8 or too long; evcp_last_error() names it.
pub const EVCP_E_INVALID: i32 = -1;
/// Not possible now, e.g. evcp_start() twice.
pub const EVCP_E_STATE: i32 = -2;
/// A name, field or slot that this library does not know.
pub const EVCP_E_UNSUPPORTED: i32 = -3;
/// The buffer is too small; the length that is needed was stored.
pub const EVCP_E_BUFFER: i32 = -4;
/// The token was answered before, its time is over, or there never was such a token.
pub const EVCP_E_EXPIRED: i32 = -5;
/// Needs a connection, and there is none.
pub const EVCP_E_OFFLINE: i32 = -6;
/// Would wait for the thread that calls.
pub const EVCP_E_DEADLOCK: i32 = -7;
/// The handle was freed or has been stopped.
pub const EVCP_E_CLOSED: i32 = -8;
/// Storage or sockets failed; see evcp_last_error().
pub const EVCP_E_IO: i32 = -9;
/// Too much is waiting, for the library or to be dispatched: dispatch, and try again. Stops, faults
/// and evcp_power_fails() are never refused for this.
pub const EVCP_E_FULL: i32 = -10;
/// A bug of ours, contained: supply nothing, and free the handle.
pub const EVCP_E_PANIC: i32 = -99;

/// What a result means, in a few words. Never NULL; static.
#[no_mangle]
pub extern "C" fn evcp_strerror(err: evcp_err_t) -> *const c_char {
    let text: &CStr = match err {
        EVCP_E_INVALID => c(b"invalid argument\0"),
        EVCP_E_STATE => c(b"not possible now\0"),
        EVCP_E_UNSUPPORTED => c(b"not supported\0"),
        EVCP_E_BUFFER => c(b"buffer too small\0"),
        EVCP_E_EXPIRED => c(b"token expired\0"),
        EVCP_E_OFFLINE => c(b"offline\0"),
        EVCP_E_DEADLOCK => c(b"would deadlock\0"),
        EVCP_E_CLOSED => c(b"closed\0"),
        EVCP_E_IO => c(b"input or output failed\0"),
        EVCP_E_FULL => c(b"too much is waiting\0"),
        EVCP_E_PANIC => c(b"internal error\0"),
        err if err >= 0 => c(b"success\0"),
        _ => c(b"unknown error\0"),
    };
    text.as_ptr()
}

fn c(text: &'static [u8]) -> &'static CStr {
    CStr::from_bytes_with_nul(text).unwrap_or_default()
}

/// What exactly went wrong in the last call on this thread that failed. Never NULL; the pointer
/// is valid while the thread lives, the text until the next failure on it.
#[no_mangle]
pub extern "C" fn evcp_last_error() -> *const c_char {
    last_error()
}

/// The version of the library that runs, e.g. "0.1.0". Static.
#[no_mangle]
pub extern "C" fn evcp_version() -> *const c_char {
    c(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()).as_ptr()
}

/// The version of the library that runs: major << 16 | minor << 8 | patch.
#[no_mangle]
pub extern "C" fn evcp_version_number() -> u32 {
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    number(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | number(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | number(env!("CARGO_PKG_VERSION_PATCH"))
}
