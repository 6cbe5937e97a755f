//! The unit test of a firmware that does what the bytes say: calls of the test kit and of the charge point in its
//! world, with arguments that are NULL, too long, not UTF-8 or out of range, also inside callbacks.
//!
//! It keeps to what the headers ask of a caller. Each program runs twice: both say the same, byte for byte.

mod c;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::null_mut;

use arbitrary::Unstructured;

use crate::bytes::{below, byte, flag, number, one, raw, short};
use crate::capi::args::{sized, text_of, Arg};
use crate::capi::c::*;
use crate::capi::operate::operate;
use crate::capi::{check, Host, Program};
use crate::engine::{request, ACTIONS};
use c::*;

/// So much virtual time for a program: a key may have it beat each second.
const MOST_MS: u64 = 6 * 3_600_000;
/// Beyond what may pass at once.
const TOO_MUCH_MS: u64 = 315_360_000_001;

const SENT: &[&str] = &[
    "BootNotification",
    "StatusNotification",
    "Authorize",
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
    "Heartbeat",
    "DataTransfer",
];

const PAYLOADS: &[&str] = &[
    "{}",
    "{\"status\":\"Pending\",\"interval\":1}",
    "{\"idTagInfo\":{\"status\":\"Blocked\"}}",
    "{\"transactionId\":7,\"idTagInfo\":{\"status\":\"Accepted\"}}",
    "{\"currentTime\":\"2026-01-01T00:00:00Z\",\"interval\":60,\"status\":\"Accepted\"}",
    "[]",
    "{",
];

pub fn run(data: &[u8]) {
    let once = played(data);
    assert_eq!(once, played(data), "the same program says the same");
}

/// What the charge points of a program said.
fn played(data: &[u8]) -> Vec<String> {
    let mut u = Unstructured::new(data);
    let mut kit = Kit::default();
    kit.begin();
    for _ in 0..80 {
        if u.is_empty() {
            break;
        }
        kit.step(&mut u);
    }
    kit.over()
}

thread_local! {
    /// The world of this thread, for what runs inside of it.
    static WORLD: Cell<*mut evcp_test_t> = const { Cell::new(null_mut()) };
    /// Its charge point.
    static CP: Cell<*mut evcp_t> = const { Cell::new(null_mut()) };
    /// What the loop of the firmware does.
    static LOOP: RefCell<VecDeque<u8>> = const { RefCell::new(VecDeque::new()) };
}

#[derive(Default)]
struct Kit {
    program: Program,
    said: Vec<String>,
    passed_ms: u64,
}

impl Kit {
    /// A new world, if there is none.
    fn begin(&mut self) {
        let had = WORLD.get();
        // SAFETY: needs nothing.
        let new = unsafe { evcp_test_new() };
        assert_eq!(new.is_null(), !had.is_null(), "one world for a thread");
        if !new.is_null() {
            WORLD.set(new);
        }
    }

    /// The world goes, with what was said in it.
    fn end(&mut self) {
        let world = WORLD.get();
        self.listen(usize::MAX);
        // SAFETY: ours or NULL, outside of callbacks, and not used again.
        unsafe { evcp_test_free(world) };
        WORLD.set(null_mut());
    }

    /// The charge point and the world go, one before the other.
    fn over(mut self) -> Vec<String> {
        if self.said.len() % 2 == 0 {
            self.end();
        }
        self.leave();
        self.end();
        LOOP.take();
        std::mem::take(&mut self.said)
    }

    fn leave(&mut self) {
        self.program.end(0);
        CP.set(null_mut());
    }

    /// Reads so many frames.
    fn listen(&mut self, most: usize) {
        for _ in 0..most {
            // SAFETY: a world, or NULL; the text is copied before anything else is called.
            let Some(frame) = text_of(unsafe { evcp_test_sent(WORLD.get()) }) else {
                return;
            };
            let json: serde_json::Value = serde_json::from_str(frame).expect("a frame is JSON");
            assert!(matches!(json[0].as_i64(), Some(2..=4)), "{frame}");
            self.said.push(frame.to_owned());
        }
    }

    fn step(&mut self, u: &mut Unstructured<'_>) {
        match below(u, 12) {
            0 => self.make(u),
            1 => self.leave(),
            2 => self.program.configure(self.program.configs[0], u),
            3 if byte(u) == 0 => {
                self.end();
                self.begin();
            }
            3 => self.begin(),
            4 => self.listen(usize::from(byte(u))),
            5 | 6 => self.pass(u),
            7 | 8 => act(false, u),
            _ => match &self.program.hosts[0] {
                Some(host) => operate(host, u),
                None => operate(&Host::default(), u),
            },
        }
    }

    /// A charge point, with what was configured or with what works.
    fn make(&mut self, u: &mut Unstructured<'_>) {
        if byte(u) > 0 {
            self.program.prefer(0);
        }
        self.program.make(0, u);
        if let Some(host) = &self.program.hosts[0] {
            host.beside.set(Some(|u| act(true, u)));
            CP.set(host.cp.get().unwrap_or(null_mut()));
        }
    }

    /// Lets time pass.
    fn pass(&mut self, u: &mut Unstructured<'_>) {
        let world = WORLD.get();
        let ms = match below(u, 4) {
            0 => u64::from(short(u)),
            1 => u64::from(byte(u)) * 60_000,
            2 => u64::from(byte(u)),
            _ => [0, TOO_MUCH_MS, u64::MAX][below(u, 3)],
        };
        if ms < TOO_MUCH_MS && self.passed_ms + ms > MOST_MS {
            return;
        }
        // SAFETY: a world, or NULL.
        let (before, code, after) = unsafe {
            let before = evcp_test_now(world);
            let code = match flag(u) {
                true => evcp_test_advance(world, ms),
                false => evcp_test_stall(world, ms),
            };
            (before, check(code), evcp_test_now(world))
        };
        assert_eq!(code == INVALID, world.is_null() || ms >= TOO_MUCH_MS);
        assert!(before <= after);
        if code >= OK {
            assert_eq!(after - before, ms);
        }
        self.passed_ms += after - before;
        if let Some(host) = &self.program.hosts[0] {
            CP.set(host.cp.get().unwrap_or(null_mut()));
        }
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        WORLD.set(null_mut());
        CP.set(null_mut());
    }
}

/// The loop of the firmware.
unsafe extern "C" fn tick(_: *mut c_void) {
    let script: Vec<_> = LOOP.with_borrow_mut(|all| all.drain(..all.len().min(12)).collect());
    let mut u = Unstructured::new(&script);
    if flag(&mut u) {
        // SAFETY: alive, or NULL: it is set anew whenever it changes.
        check(unsafe { evcp_dispatch(CP.get(), i32::from(byte(&mut u))) });
    } else if !u.is_empty() {
        act(true, &mut u);
    }
}

/// One call of the world. Inside a callback or the loop, nothing lets time pass.
fn act(inside: bool, u: &mut Unstructured<'_>) {
    let world = WORLD.get();
    let with = |u: &mut Unstructured<'_>| Arg::from(u, PAYLOADS);
    let (mut answer, mut waits) = (std::ptr::null(), false);
    // SAFETY: `world` is NULL or alive; each pointer is NULL or points to what is said to be there.
    let code = unsafe {
        match below(u, 16) {
            0 => evcp_test_link(world, u32::from(byte(u) % 4)),
            1 => {
                let (action, rule) = (Arg::from(u, SENT), u32::from(byte(u) % 5));
                evcp_test_rule(world, action.ptr(), rule, with(u).ptr())
            }
            2 => {
                let words = ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"];
                let (tag, status) = (Arg::from(u, &["CAFE01", "FREE"]), Arg::from(u, &words));
                evcp_test_set_tag(world, tag.ptr(), status.ptr(), Arg::from(u, &["P"]).ptr())
            }
            3 => evcp_test_set_delay(world, u32::from(short(u))),
            4 => {
                waits = true;
                evcp_test_reply(world, with(u).ptr())
            }
            5 => {
                waits = true;
                let code = Arg::from(u, &["InternalError", "NotImplemented"]);
                evcp_test_refuse(world, code.ptr(), Arg::from(u, &["no"]).ptr())
            }
            6 | 7 => {
                waits = true;
                let action = one(u, ACTIONS);
                let known = request(action, u).to_string();
                let (action, payload) = (Arg::from(u, &[action]), Arg::from(u, &[&known]));
                let out = if byte(u) == 0 {
                    null_mut()
                } else {
                    &raw mut answer
                };
                let code = evcp_test_call(world, action.ptr(), payload.ptr(), out);
                assert!(code == OK || answer.is_null());
                code
            }
            8 => transactions(world, u),
            9 => {
                let to = number(u);
                let code = evcp_test_set_clock(world, to);
                assert!(code != OK || evcp_test_clock(world) == to);
                code
            }
            10 => {
                let ms = u32::from(short(u)) * u32::from(flag(u));
                let ms = if ms == 0 { 0 } else { ms.max(100) };
                LOOP.with_borrow_mut(|all| all.extend(raw(u)));
                evcp_test_every(world, ms, flag(u).then_some(tick), null_mut())
            }
            11 => evcp_test_storage(world, u32::from(byte(u) % 3)),
            12 => {
                waits = true;
                evcp_test_power_cut(world)
            }
            13 if inside => {
                waits = true;
                match flag(u) {
                    true => evcp_test_advance(world, u64::from(byte(u))),
                    false => evcp_test_stall(world, u64::from(byte(u))),
                }
            }
            13 => on_another_thread(world),
            _ => return texts(world, u),
        }
    };
    if world.is_null() {
        assert_eq!(code, INVALID, "NULL is refused");
    }
    assert!(
        !inside || !waits || code < OK,
        "no time passes in a callback"
    );
    check(code);
    if let Some(answer) = text_of(answer) {
        let json: serde_json::Value = serde_json::from_str(answer).expect("an answer is JSON");
        assert!(json.is_object(), "{answer}");
    }
}

/// What is in the books.
unsafe fn transactions(world: *mut evcp_test_t, u: &mut Unstructured<'_>) -> i32 {
    // SAFETY: `world` is NULL or alive; the struct is as long as it says.
    unsafe {
        let count = evcp_test_tx_count(world);
        if flag(u) {
            let which = usize::from(byte(u));
            return sized(u, |out| evcp_test_tx(world, which, out.cast()));
        }
        let which = below(u, count + 1);
        let mut tx: Tx = std::mem::zeroed();
        tx.struct_size = size_of::<Tx>() as u32;
        let code = evcp_test_tx(world, which, &mut tx);
        assert_eq!(code == OK, which < count);
        if code == OK {
            assert!(text_of(tx.tag).is_some() && tx.reserved == [0; 3]);
            assert_eq!(text_of(tx.reason).is_some(), tx.stopped);
            assert!(tx.stopped || tx.stopped_ms == 0 && text_of(tx.stop_tag).is_none());
            assert_eq!(text_of(tx.last_sample).is_some(), tx.samples > 0);
        }
        code
    }
}

/// A world belongs to its thread.
fn on_another_thread(world: *mut evcp_test_t) -> i32 {
    let there = world as usize;
    let beside = std::thread::scope(|scope| {
        let call = move || {
            let world = there as *mut evcp_test_t;
            // SAFETY: it is alive, or NULL; another thread is refused.
            let code = unsafe { evcp_test_advance(world, 1) };
            check(code)
        };
        scope.spawn(call).join().expect("nobody panics")
    });
    assert_eq!(beside, if world.is_null() { INVALID } else { STATE });
    // The last error is that of a thread: this one has none of it.
    if world.is_null() {
        check(unsafe { evcp_test_link(world, 1) })
    } else {
        OK
    }
}

/// What is asked for as a text.
fn texts(world: *mut evcp_test_t, u: &mut Unstructured<'_>) {
    // SAFETY: `world` is NULL or alive; each pointer is NULL or a text with its end.
    let said = unsafe {
        match below(u, 4) {
            0 => evcp_test_sent_call(world, Arg::from(u, SENT).ptr()),
            1 => evcp_test_answer(world),
            _ => {
                let json = Arg::from(u, &["{\"a\":[{\"b\":\"c\"}]}", "[1,null]", "{"]);
                let pointer = Arg::from(u, &["", "/a", "/a/0/b", "/0", "a", "/~"]);
                evcp_test_value(world, json.ptr(), pointer.ptr())
            }
        }
    };
    assert!(text_of(said).is_none() || !world.is_null());
}
