//! Log (one per process)

use std::cell::Cell;
use std::ffi::{c_char, c_void};

use parking_lot::RwLock;

use crate::ffi::guard::{guard, install_panic_hook, Fail};
use crate::ffi::results::{evcp_err_t, EVCP_E_DEADLOCK, EVCP_OK};
use crate::ffi::text::to_c;

/// Errors only.
pub const EVCP_LOG_ERROR: u32 = 1;
/// And what somebody should look at.
pub const EVCP_LOG_WARN: u32 = 2;
/// And what happens.
pub const EVCP_LOG_INFO: u32 = 3;
/// And why.
pub const EVCP_LOG_DEBUG: u32 = 4;
/// And every frame, with tags and everything: not for a log that others read.
pub const EVCP_LOG_TRACE: u32 = 5;

/// One line of the log.
#[repr(C)]
pub struct evcp_log_line_t {
    /// How much of this struct the library filled.
    pub struct_size: u32,
    /// EVCP_LOG_ERROR to EVCP_LOG_TRACE.
    pub level: u32,
    /// Which part of the library speaks.
    pub target: *const c_char,
    /// What it says, without a line end.
    pub text: *const c_char,
}

/// Receives log lines, on any thread, also one of the library: it must not call evcp_*.
pub type evcp_log_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, line: *const evcp_log_line_t)>;

type LogFn = unsafe extern "C-unwind" fn(*mut c_void, *const evcp_log_line_t);

struct Target {
    /// Checked under the same lock: while functions change hands, what the `log` crate lets through
    /// may have been meant for another one.
    level: log::LevelFilter,
    function: LogFn,
    user_data: *mut c_void,
}

// SAFETY: the header says that the function is called on any thread with this pointer.
unsafe impl Send for Target {}
// SAFETY: as above; the pointer itself is only passed on.
unsafe impl Sync for Target {}

static TARGET: RwLock<Option<Target>> = RwLock::new(None);

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // What libraries below us have to say may contain secrets.
        metadata.target().starts_with("evcp")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) || INSIDE.with(Cell::get) {
            return;
        }
        let target = TARGET.read();
        let Some(Target {
            function,
            user_data,
            ..
        }) = target
            .as_ref()
            .filter(|target| record.level() <= target.level)
        else {
            return;
        };
        let name = to_c(record.target());
        // One line, also where it quotes what somebody else said.
        let text = to_c(&record.args().to_string().replace(char::is_control, " "));
        let line = evcp_log_line_t {
            struct_size: crate::ffi::values::size::<evcp_log_line_t>(),
            level: record.level() as u32,
            target: name.as_ptr(),
            text: text.as_ptr(),
        };
        INSIDE.with(|inside| inside.set(true));
        // SAFETY: the host gave us this function for this purpose; the lock that is held keeps
        // evcp_set_log() from returning before the call is over.
        unsafe { function(*user_data, &line) };
        INSIDE.with(|inside| inside.set(false));
    }

    fn flush(&self) {}
}

/// Sends log lines up to max_level (EVCP_LOG_*) to a function; NULL stops that. When this returns,
/// no call of the former function is running any more, so what user_data points to may go.
/// EVCP_E_DEADLOCK inside a log function, EVCP_E_INVALID for a level that there is not.
///
/// # Safety
/// `log` must be callable from any thread with `user_data` until it is replaced.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_log(
    max_level: u32,
    log: evcp_log_fn,
    user_data: *mut c_void,
) -> evcp_err_t {
    guard(|| {
        if INSIDE.with(Cell::get) {
            let text = "evcp_set_log() inside the log function";
            return Err(Fail(EVCP_E_DEADLOCK, text.to_owned()));
        }
        let level = match max_level {
            EVCP_LOG_ERROR => log::LevelFilter::Error,
            EVCP_LOG_WARN => log::LevelFilter::Warn,
            EVCP_LOG_INFO => log::LevelFilter::Info,
            EVCP_LOG_DEBUG => log::LevelFilter::Debug,
            EVCP_LOG_TRACE => log::LevelFilter::Trace,
            0 if log.is_none() => log::LevelFilter::Off,
            _ => return Err(Fail::invalid(format!("max_level is {max_level}"))),
        };
        install_panic_hook();
        let mut target = TARGET.write();
        *target = log.map(|function| Target {
            level,
            function,
            user_data,
        });
        // Fails when it is set already, by ourselves.
        let _ = log::set_logger(&Logger);
        // Under the lock, or two calls at once leave the level of the one with the function of the other.
        log::set_max_level(if log.is_some() {
            level
        } else {
            log::LevelFilter::Off
        });
        Ok(EVCP_OK)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Log;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WARNINGS: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C-unwind" fn count(_: *mut c_void, line: *const evcp_log_line_t) {
        // SAFETY: the line is valid until this returns.
        let level = unsafe { (*line).level };
        WARNINGS.fetch_add(u32::from(level == EVCP_LOG_WARN), Ordering::Relaxed);
    }

    fn warn() {
        let mut line = log::Record::builder();
        Logger.log(&line.level(log::Level::Warn).target("evcp").build());
    }

    /// It was on its way when the function changed.
    #[test]
    fn a_line_that_was_meant_for_another_function_is_dropped() {
        // SAFETY: the function takes any pointer, on any thread.
        let set = |level| unsafe { evcp_set_log(level, Some(count), std::ptr::null_mut()) };
        assert_eq!(set(EVCP_LOG_ERROR), EVCP_OK);
        warn();
        assert_eq!(WARNINGS.load(Ordering::Relaxed), 0);
        assert_eq!(set(EVCP_LOG_WARN), EVCP_OK);
        warn();
        assert_eq!(WARNINGS.load(Ordering::Relaxed), 1);
        // SAFETY: there is no function.
        let unset = unsafe { evcp_set_log(0, None, std::ptr::null_mut()) };
        assert_eq!(unset, EVCP_OK);
    }
}
