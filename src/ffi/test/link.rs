//! Link
// Some of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::c_char;

use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::test::world::{evcp_test_t, text_of, with_world};
use crate::ffi::text::required;
use crate::kit::{value_in, Link};

/// There is no link: the connection breaks, and each attempt fails at once.
pub const EVCP_TEST_LINK_DOWN: u32 = 0;
/// The link works.
pub const EVCP_TEST_LINK_UP: u32 = 1;
/// A dead line: nothing arrives, in neither direction, and nobody is told. What is under way arrives when it
/// is up again.
pub const EVCP_TEST_LINK_DEAD: u32 = 2;

/// The link becomes EVCP_TEST_LINK_*.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_link(world: *mut evcp_test_t, state: u32) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let link = match state {
                EVCP_TEST_LINK_DOWN => Link::Down,
                EVCP_TEST_LINK_UP => Link::Up,
                EVCP_TEST_LINK_DEAD => Link::Dead,
                _ => {
                    let why = format!("state is {state}: it must be one of EVCP_TEST_LINK_*");
                    return Err(Fail::invalid(why));
                }
            };
            here.world.set_link(link);
            Ok(EVCP_OK)
        })
    }
}

/// The next frame that the charge point sent, as JSON text: [2,"id","Action",{...}]. NULL when there is
/// none. The last 65,536 are kept.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_sent(world: *mut evcp_test_t) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { text_of(world, |texts| &mut texts.sent, |here| Ok(here.world.sent())) }
}

/// The payload of the next call that the charge point sent with that action; what it sent before is passed
/// over. NULL when there is none: then nothing is passed over.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_sent_call(
    world: *mut evcp_test_t,
    action: *const c_char,
) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe {
        text_of(
            world,
            |texts| &mut texts.sent_call,
            |here| Ok(here.world.sent_call(required(action, "action")?)?),
        )
    }
}

/// A value in a JSON text, by its JSON Pointer (RFC 6901), e.g. "/meterValue/0/sampledValue/0/value":
/// a string without its quotes, anything else as JSON. NULL when it is not there, or json is NULL.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_value(
    world: *mut evcp_test_t,
    json: *const c_char,
    pointer: *const c_char,
) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe {
        text_of(
            world,
            |texts| &mut texts.value,
            |_| {
                let pointer = required(pointer, "pointer")?;
                match crate::ffi::text::optional(json, "json")? {
                    Some(json) => Ok(value_in(json, pointer)?),
                    None => Ok(None),
                }
            },
        )
    }
}
