//! Log (one per process)

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use crate::ffi::guard::{guard, install_panic_hook, Fail};
use crate::ffi::results::{evcp_err_t, EVCP_E_DEADLOCK, EVCP_OK};
use crate::ffi::text::{pointer, to_c};
use crate::shell::log_identity;

/// Errors only.
pub const EVCP_LOG_ERROR: u32 = 1;
/// And what somebody should look at.
pub const EVCP_LOG_WARN: u32 = 2;
/// And what happens.
pub const EVCP_LOG_INFO: u32 = 3;
/// And why.
pub const EVCP_LOG_DEBUG: u32 = 4;
/// And every frame, with tags: not for a log that others read. Secrets are replaced by "***", unless the setting
/// "frames.secrets" of a charge point says otherwise.
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
    /// The charge point that it is about, by its name at the central system (63 bytes of it at most); NULL: none alone.
    pub identity: *const c_char,
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

/// A line is cut after so many bytes.
const LONGEST: usize = 1024;
/// So many lines of one level are told in a second at most.
const MOST: u32 = 200;
const SECOND: Duration = Duration::from_secs(1);

/// What was said at one level in the running second. Each level has its own: a flood of warnings
/// hides no error.
struct Second {
    began: Option<Instant>,
    said: u32,
    left_out: u64,
}

static SECONDS: Mutex<[Second; 5]> = Mutex::new([Second::NEW; 5]);

impl Second {
    const NEW: Self = Self {
        began: None,
        said: 0,
        left_out: 0,
    };

    /// Whether one more line is told and, if so, how many were left out before it.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        let over = |began| now.saturating_duration_since(began) >= SECOND;
        let mut left_out = 0;
        if self.began.map_or(true, over) {
            left_out = self.left_out;
            *self = Self {
                began: Some(now),
                ..Self::NEW
            };
        }
        if self.said == MOST {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.said += 1;
        Some(left_out)
    }
}

/// Text that is written as far as there is room for it.
struct Cut {
    text: String,
    room: usize,
}

impl Write for Cut {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let mut end = more.len().min(self.room - self.text.len());
        while !more.is_char_boundary(end) {
            end -= 1;
        }
        // One line, also where it quotes what somebody else said.
        let one_line = |c: char| if c.is_control() { ' ' } else { c };
        self.text.extend(more[..end].chars().map(one_line));
        if end < more.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}

/// A line of the log, with three dots where it was cut.
fn line_of(what: fmt::Arguments<'_>, room: usize) -> String {
    let text = String::new();
    let mut cut = Cut { text, room };
    let whole = cut.write_fmt(what).is_ok();
    if !whole {
        cut.text.push_str("...");
    }
    cut.text
}

impl Target {
    fn say(&self, level: log::Level, name: &str, text: &str) {
        let (name, text) = (to_c(name), to_c(text));
        let identity = log_identity().map(|identity| to_c(&identity));
        let line = evcp_log_line_t {
            struct_size: crate::ffi::values::size::<evcp_log_line_t>(),
            level: level as u32,
            target: name.as_ptr(),
            text: text.as_ptr(),
            identity: pointer(identity.as_deref()),
        };
        INSIDE.with(|inside| inside.set(true));
        // SAFETY: the host gave us this function for this purpose; the lock that the caller holds
        // keeps evcp_set_log() from returning before the call is over.
        unsafe { (self.function)(self.user_data, &line) };
        INSIDE.with(|inside| inside.set(false));
    }
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
        let wanted = |target: &&Target| record.level() <= target.level;
        let Some(target) = target.as_ref().filter(wanted) else {
            return;
        };
        let (level, name) = (record.level(), record.target());
        // Who asks for frames gets them, all and whole.
        if name == "evcp::frame" {
            return target.say(level, name, &line_of(*record.args(), usize::MAX));
        }
        let now = Instant::now();
        let admitted = SECONDS.lock()[level as usize - 1].admit(now);
        let Some(left_out) = admitted else {
            return;
        };
        if left_out > 0 {
            let text = format!("{left_out} lines were left out: there are {MOST} a second at most");
            target.say(level, "evcp", &text);
        }
        target.say(level, name, &line_of(*record.args(), LONGEST));
    }

    fn flush(&self) {}
}

/// Sends log lines up to max_level (EVCP_LOG_*) to a function; NULL stops that. When this returns,
/// no call of the former function is running any more, so what user_data points to may go. A line is
/// cut after 1024 bytes, and of each level there are 200 a second at most: the next second begins with
/// how many were left out. Frames (target evcp::frame, at EVCP_LOG_TRACE) are told all, and whole:
/// "IDENTITY < FRAME" for one that came, "IDENTITY > FRAME" for one that is sent.
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

    #[test]
    fn a_flood_of_lines_is_bounded_and_counted() {
        let start = Instant::now();
        let mut second = Second::NEW;
        let mut said = |at: u64| second.admit(start + Duration::from_millis(at));
        let first = (0..5_000).filter(|_| said(999).is_some()).count();
        assert_eq!(first, MOST as usize);
        assert_eq!(said(1_998), None);
        assert_eq!(said(1_999), Some(5_001 - u64::from(MOST)));
        assert_eq!(said(1_999), Some(0));
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_stays_one_line() {
        assert_eq!(line_of(format_args!("a\n{}", "b"), 10), "a b");
        assert_eq!(
            line_of(format_args!("{}{}", "ü".repeat(4), "ü"), 9),
            "üüüü..."
        );
        let flood = line_of(format_args!("{}", "x".repeat(100_000)), LONGEST);
        assert_eq!(flood.len(), LONGEST + 3);
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
