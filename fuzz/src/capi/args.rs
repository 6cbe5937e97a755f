//! Arguments: NULL, known, too long, not UTF-8, out of range, of another size.

use std::ffi::{c_char, CStr, CString};
use std::ptr::null;

use arbitrary::Unstructured;

use super::c::*;
use crate::bytes::{below, byte, flag, long, number, one, raw, short};

/// A text for C: NULL, something known, anything.
pub(crate) struct Arg(Option<CString>);

impl Arg {
    pub(crate) fn from(u: &mut Unstructured<'_>, known: &[&str]) -> Self {
        let bytes = match below(u, 8) {
            0 => return Self(None),
            1 => raw(u).to_vec(),
            2 => vec![b'x'; usize::from(short(u))],
            3 => "ü".repeat(usize::from(byte(u))).into_bytes(),
            4 => vec![0xff, 0xc0, byte(u)],
            _ if known.is_empty() => raw(u).to_vec(),
            _ => one(u, known).as_bytes().to_vec(),
        };
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        Self(CString::new(&bytes[..end]).ok())
    }

    /// A path, which leads to nowhere but the folder.
    pub(crate) fn inside(self, folder: &str) -> Self {
        let Some(text) = self.0 else {
            return self;
        };
        let path = text.as_bytes();
        if path.is_empty() || path.starts_with(folder.as_bytes()) || path == b"/proc/none" {
            return Self(Some(text));
        }
        let names = path.split(|b| *b == b'/');
        let names = names.filter(|name| !name.is_empty() && *name != b"..");
        let mut inside = folder.as_bytes().to_vec();
        for name in names {
            inside.push(b'/');
            inside.extend(name);
        }
        Self(CString::new(inside).ok())
    }

    pub(crate) fn ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

/// Bytes with a length; NULL goes with any length.
pub(crate) fn blob(u: &mut Unstructured<'_>) -> (Option<Vec<u8>>, usize) {
    match below(u, 4) {
        0 => (None, usize::from(short(u))),
        1 => (None, usize::MAX),
        2 => {
            let bytes = vec![b'y'; usize::from(short(u)) * 2];
            let len = bytes.len();
            (Some(bytes), len)
        }
        _ => {
            let bytes = raw(u).to_vec();
            let len = bytes.len();
            (Some(bytes), len)
        }
    }
}

pub(crate) fn at(bytes: &Option<Vec<u8>>) -> *const u8 {
    bytes.as_ref().map_or(null(), |bytes| bytes.as_ptr())
}

pub(crate) fn text_of(text: *const c_char) -> Option<&'static str> {
    // SAFETY: what the library gives is NULL or ends with a NUL, while we look at it.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
    text.map(|text| text.to_str().expect("the library speaks UTF-8"))
}

pub(crate) fn samples(u: &mut Unstructured<'_>) -> (Option<Vec<Sample>>, usize) {
    if below(u, 6) == 0 {
        return (None, usize::from(short(u)));
    }
    let sample = |u: &mut Unstructured<'_>| Sample {
        value: match flag(u) {
            true => f64::from(short(u)) / 8.0,
            false => f64::from_bits(long(u) as u64),
        },
        measurand: u16::from(byte(u) % 24),
        phase: byte(u) % 12,
        location: byte(u) % 7,
        reserved: u32::from(byte(u) / 250),
    };
    let first = sample(u);
    let mut all = vec![first; if byte(u) == 7 { 257 } else { below(u, 3) }];
    all.extend((0..below(u, 3)).map(|_| sample(u)));
    let count = all.len();
    (Some(all), count)
}

/// A struct to be filled, of whatever size: nothing outside of it is written, which the sanitizer
/// sees.
pub(crate) fn sized(u: &mut Unstructured<'_>, get: impl FnOnce(*mut u8) -> i32) -> i32 {
    let size = match below(u, 4) {
        0 => number(u) as u32,
        _ => u32::from(byte(u)),
    };
    // A size that is refused is all that is read.
    let room = if (8..=4096).contains(&size) {
        size as usize
    } else {
        4
    };
    let mut out = vec![0xAA_u8; room];
    out[..4].copy_from_slice(&size.to_ne_bytes());
    let code = get(out.as_mut_ptr());
    assert_eq!(out[..4], size.to_ne_bytes(), "the size is the caller's");
    if code < OK {
        assert!(out[4..].iter().all(|b| *b == 0xAA));
    }
    code
}
