//! One guard around every function: panics become a code, errors leave their text behind.

use std::panic::{catch_unwind, AssertUnwindSafe};

use once_cell::sync::OnceCell;

use crate::error::Error;
use crate::ffi::last_error::remember;
use crate::ffi::results::*;
use crate::shell::text_of;

/// Why a call failed: a code for the caller to act on, a text for people.
pub(super) struct Fail(pub i32, pub String);

impl Fail {
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self(EVCP_E_INVALID, text.into())
    }
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Invalid(_) => EVCP_E_INVALID,
            Error::Unsupported(_) => EVCP_E_UNSUPPORTED,
            Error::State(_) => EVCP_E_STATE,
            Error::Full => EVCP_E_FULL,
            Error::Expired => EVCP_E_EXPIRED,
            Error::Closed => EVCP_E_CLOSED,
            Error::Io(_) => EVCP_E_IO,
            Error::Panicked => EVCP_E_PANIC,
        };
        Self(code, error.to_string())
    }
}

/// Runs the body of a function of the C API.
pub(super) fn guard(body: impl FnOnce() -> Result<i32, Fail>) -> evcp_err_t {
    match contain(body) {
        Some(Ok(code)) => code,
        Some(Err(Fail(code, text))) => {
            remember(&text);
            code
        }
        None => EVCP_E_PANIC,
    }
}

/// Runs a body that may panic; `None` if it did.
pub(super) fn contain<T>(body: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(panic) => {
            remember(text_of(panic).as_deref().unwrap_or("internal error"));
            None
        }
    }
}

/// Panics are bugs, and go to the log: never to a stderr that belongs to the host. std is private
/// to this library, so no other Rust code in the process is touched.
pub(super) fn install_panic_hook() {
    static INSTALLED: OnceCell<()> = OnceCell::new();
    INSTALLED.get_or_init(|| {
        std::panic::set_hook(Box::new(|info| log::error!(target: "evcp", "{info}")));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::last_error::last_error;
    use std::ffi::CStr;

    fn last() -> String {
        // SAFETY: last_error() is NUL-terminated and valid on this thread.
        unsafe { CStr::from_ptr(last_error()) }
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_panic_becomes_a_code_and_a_text() {
        assert_eq!(guard(|| panic!("a bug")), EVCP_E_PANIC);
        assert_eq!(last(), "a bug");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        guard(|| Err(Fail::invalid("ü".repeat(400))));
        assert_eq!(last(), "ü".repeat(127));
    }
}
