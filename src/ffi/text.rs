//! Text and bytes across the border.

use std::ffi::{c_char, CStr, CString};
use std::io::Write;

use crate::ffi::guard::Fail;
use crate::types::CiString;

/// A text that must be there.
///
/// # Safety
/// `text` is NULL or NUL-terminated and stays as it is for `'a`.
pub(super) unsafe fn required<'a>(text: *const c_char, what: &str) -> Result<&'a str, Fail> {
    // SAFETY: as the caller promises.
    unsafe { optional(text, what) }?.ok_or_else(|| Fail::invalid(format!("{what} is NULL")))
}

/// A text that must be there and say something.
///
/// # Safety
/// `text` is NULL or NUL-terminated and stays as it is for `'a`.
pub(super) unsafe fn filled<'a>(text: *const c_char, what: &str) -> Result<&'a str, Fail> {
    // SAFETY: as the caller promises.
    match unsafe { required(text, what) } {
        Ok("") => Err(Fail::invalid(format!("{what} is empty"))),
        other => other,
    }
}

/// A text, or NULL.
///
/// # Safety
/// `text` is NULL or NUL-terminated and stays as it is for `'a`.
pub(super) unsafe fn optional<'a>(
    text: *const c_char,
    what: &str,
) -> Result<Option<&'a str>, Fail> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so NUL-terminated, as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Fail::invalid(format!("{what} is not UTF-8"))),
    }
}

/// Bytes with a length; NULL is fine if there are none.
///
/// # Safety
/// `bytes` is NULL or points to `len` readable bytes that stay as they are for `'a`.
pub(super) unsafe fn bytes<'a>(bytes: *const u8, len: usize, what: &str) -> Result<&'a [u8], Fail> {
    if len == 0 {
        return Ok(&[]);
    }
    if bytes.is_null() {
        return Err(Fail::invalid(format!("{what} is NULL")));
    }
    if len > isize::MAX as usize {
        return Err(Fail::invalid(format!("{what}: the length is out of range")));
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(bytes, len) })
}

/// A text with a length; NULL is fine if there is none.
///
/// # Safety
/// As of [`bytes`].
pub(super) unsafe fn counted<'a>(
    text: *const c_char,
    len: usize,
    what: &str,
) -> Result<&'a str, Fail> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { bytes(text.cast(), len, what) }?;
    std::str::from_utf8(bytes).map_err(|_| Fail::invalid(format!("{what} is not UTF-8")))
}

/// A text within the length that OCPP allows.
pub(super) fn limited<const N: usize>(text: &str, what: &str) -> Result<CiString<N>, Fail> {
    // It may be a password, which has no place in a text for people.
    CiString::new(text).map_err(|why| {
        let len = why.len;
        Fail::invalid(format!("{what} has {len} characters: there may be {N}"))
    })
}

/// A text for C. One with a NUL inside, which OCPP does not have, ends there.
pub(super) fn to_c(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// A text for C; NULL for none.
pub(super) fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// A number as text for C, or none; it needs no memory but its own.
pub(super) struct Number {
    digits: [u8; 24],
    len: usize,
}

impl Number {
    pub(super) fn new(number: Option<i64>) -> Self {
        let mut digits = [0; 24];
        let mut rest = &mut digits[..23];
        if let Some(number) = number {
            // An i64 has 20 characters at most.
            let _ = write!(rest, "{number}");
        }
        let len = 23 - rest.len();
        Self { digits, len }
    }

    pub(super) fn text(&self) -> Option<&CStr> {
        let digits = self.digits.get(..=self.len).filter(|_| self.len > 0)?;
        CStr::from_bytes_with_nul(digits).ok()
    }
}

/// A text as C takes it with its length. A NUL in it counts like any other character; one more follows.
pub(super) struct Counted {
    text: Option<Vec<u8>>,
    pub(super) len: usize,
}

impl Counted {
    pub(super) fn new(text: Option<String>) -> Self {
        Self {
            len: text.as_ref().map_or(0, String::len),
            text: text.map(|text| [text.as_bytes(), b"\0"].concat()),
        }
    }

    /// NULL for none.
    pub(super) fn pointer(&self) -> *const c_char {
        let text = self.text.as_ref();
        text.map_or(std::ptr::null(), |text| text.as_ptr().cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_room_for_its_text() {
        for number in [0, -1, i64::MIN, i64::MAX] {
            let text = Number::new(Some(number));
            let text = text.text().and_then(|text| text.to_str().ok());
            assert_eq!(text, Some(number.to_string().as_str()));
        }
        assert_eq!(Number::new(None).text(), None);
    }
}
