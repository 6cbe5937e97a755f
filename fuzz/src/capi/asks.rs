//! What is the case: each question that is answered with texts, into room of any size.

use std::ffi::c_char;
use std::ptr::null_mut;

use arbitrary::Unstructured;

use super::args::{sized, Arg};
use super::c::*;
use crate::bytes::{below, byte, flag, number};

/// One question.
pub(super) fn ask(cp: *const evcp_t, place: u32, u: &mut Unstructured<'_>) -> i32 {
    let room = match flag(u) {
        true => 2_400,
        false => below(u, 90),
    };
    let mut text = vec![b'?' as c_char; room];
    let mut len = room;
    let at = match byte(u) % 8 {
        0 => null_mut(),
        _ => text.as_mut_ptr(),
    };
    let len_at: *mut usize = match byte(u) % 16 {
        0 => null_mut(),
        _ => &mut len,
    };
    let keys: Vec<_> = evcp::core::KEYS.iter().map(|row| row.name).collect();
    let (which, after) = (below(u, 6), Arg::from(u, &keys));
    let number = match below(u, 3) {
        0 => number(u) as u32,
        _ => u32::from(byte(u) % 18) | u32::from(flag(u)) << 16,
    };
    // SAFETY: `cp` is NULL or alive; each pointer is NULL or points to what is said to be there.
    let code = sized(u, |out| unsafe {
        match which {
            0 => evcp_get_link(cp, out, at, len_at),
            1 => evcp_get_registration(cp, out),
            2 => evcp_get_tx_info(cp, place, out, at, len_at),
            3 => evcp_get_fault(cp, place, number, out, at, len_at),
            4 => evcp_get_profile(cp, u64::from(number) << 32, out, at, len_at),
            _ => evcp_get_key_info(cp, after.ptr(), out, at, len_at),
        }
    });
    let wrote = which != 1 && !len_at.is_null() && (code == 1 || which == 0 && code == OK);
    if wrote {
        assert!(len <= room && (len == 0 || text[len - 1] == 0));
        assert!(text[len..].iter().all(|c| *c == b'?' as c_char));
    } else {
        assert!(text.iter().all(|c| *c == b'?' as c_char), "{code}");
    }
    assert!(code != BUFFER || len > room);
    code
}
