//! A C program that does what the bytes say: exported functions in any order, with arguments that
//! are NULL, too long, not UTF-8 or out of range, also inside callbacks.
//!
//! It keeps to what the header asks of a caller: nothing is used after it was freed, pointers point
//! to what they say, a struct is as long as its `struct_size`.

mod c;
mod central;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{c_char, c_void, CStr, CString};
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use arbitrary::Unstructured;
use tungstenite::Message;

use crate::bytes::{below, byte, flag, long, maybe, number, one, raw, short, text};
use c::*;

const OK: i32 = 0;
const INVALID: i32 = -1;
const BUFFER: i32 = -4;
const DEADLOCK: i32 = -7;
const CLOSED: i32 = -8;
const PANIC: i32 = -99;

/// Once per process: the library's own hook for panics, which is quiet, is replaced by one that
/// ends the process, so that no contained panic goes unseen.
pub fn prepare() {
    // SAFETY: NULL is refused, after the hook was installed.
    unsafe { evcp_new(null(), null(), null_mut(), null_mut()) };
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture());
        std::process::abort();
    }));
}

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut program = Program::default();
    for _ in 0..80 {
        if u.is_empty() {
            break;
        }
        program.step(&mut u);
    }
}

/// What belongs to one charge point of the program; `user_data` points here.
#[derive(Default)]
struct Host {
    cp: Cell<Option<*mut evcp_t>>,
    inside: Cell<bool>,
    freed: Cell<bool>,
    destroyed: Cell<bool>,
    has_destroy: Cell<bool>,
    questions: RefCell<Vec<u64>>,
    /// Vendor data that was taken and has not been concluded.
    transfers: Cell<u32>,
    /// What callbacks do.
    script: RefCell<VecDeque<u8>>,
}

struct Program {
    configs: [*mut evcp_config_t; 2],
    hosts: [Option<Box<Host>>; 2],
    folder: Option<PathBuf>,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            configs: [null_mut(); 2],
            hosts: [None, None],
            folder: None,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        for host in self.hosts.iter_mut().filter_map(Option::take) {
            free(&host);
            over(&host);
        }
        for config in self.configs {
            // SAFETY: NULL or ours, and not used again.
            unsafe { evcp_config_free(config) };
        }
        // SAFETY: NULL stops the log.
        unsafe { evcp_set_log(1, None, null_mut()) };
        central::forget();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A text for C: NULL, something known, anything.
struct Arg(Option<CString>);

impl Arg {
    fn from(u: &mut Unstructured<'_>, known: &[&str]) -> Self {
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
    fn inside(self, folder: &str) -> Self {
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

    fn ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

/// Bytes with a length; NULL goes with any length.
fn blob(u: &mut Unstructured<'_>) -> (Option<Vec<u8>>, usize) {
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

fn at(bytes: &Option<Vec<u8>>) -> *const u8 {
    bytes.as_ref().map_or(null(), |bytes| bytes.as_ptr())
}

fn text_of(text: *const c_char) -> Option<&'static str> {
    // SAFETY: what the library gives is NULL or ends with a NUL, while we look at it.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
    text.map(|text| text.to_str().expect("the library speaks UTF-8"))
}

/// Every result is one of the header's, no bug of the library's, and says why if it is an error.
fn check(code: i32) -> i32 {
    let why = text_of(unsafe { evcp_last_error() }).expect("it is never NULL");
    assert_ne!(code, PANIC, "contained: {why}");
    assert!(code >= -9, "{code}");
    assert!(code >= 0 || !why.is_empty());
    // SAFETY: takes any number.
    assert!(text_of(unsafe { evcp_strerror(code) }).is_some_and(|text| !text.is_empty()));
    code
}

fn free(host: &Host) {
    if let Some(cp) = host.cp.take() {
        host.freed.set(true);
        // SAFETY: from evcp_new(), and taken out so that nothing uses it again.
        unsafe { evcp_free(cp) };
    }
}

/// After its end, everything that was promised has come.
fn over(host: &Host) {
    assert_eq!(host.destroyed.get(), host.has_destroy.get(), "destroy");
    assert_eq!(host.transfers.get(), 0, "vendor data is concluded once");
}

impl Program {
    fn folder(&mut self) -> PathBuf {
        let folder = self.folder.get_or_insert_with(|| {
            let name = format!("evcp-fuzz-capi-{}", std::process::id());
            let memory = PathBuf::from("/dev/shm");
            let base = if memory.is_dir() {
                memory
            } else {
                std::env::temp_dir()
            };
            base.join(name)
        });
        folder.clone()
    }

    fn step(&mut self, u: &mut Unstructured<'_>) {
        let which = below(u, 2);
        match below(u, 10) {
            0 => {
                // SAFETY: NULL or ours; the place of it is taken by a new one.
                unsafe { evcp_config_free(self.configs[which]) };
                self.configs[which] = match flag(u) {
                    // SAFETY: needs nothing.
                    true => unsafe { evcp_config_new() },
                    false => null_mut(),
                };
            }
            1 => self.configure(self.configs[which], u),
            2 => self.prefer(which),
            3 => self.make(which, u),
            4 => self.end(which),
            5 => central::say(match below(u, 3) {
                0 => Message::Binary(raw(u).to_vec().into()),
                1 => Message::Text(text(u).into()),
                _ => {
                    let action = one(u, crate::engine::ACTIONS);
                    let payload = crate::engine::request(action, u);
                    let id = format!("cs-{}", long(u));
                    let text = serde_json::json!([2, id, action, payload]).to_string();
                    Message::Text(text.into())
                }
            }),
            6 => log(u),
            _ => match &self.hosts[which] {
                Some(host) => operate(host, u),
                None => operate(&Host::default(), u),
            },
        }
    }

    /// A configuration that works.
    fn prefer(&mut self, which: usize) {
        let url = format!("ws://127.0.0.1:{}/", central::port());
        let url = CString::new(url).expect("it has no NUL");
        // SAFETY: texts with a NUL at the end; the configuration is new and ours.
        unsafe {
            evcp_config_free(self.configs[which]);
            let cfg = evcp_config_new();
            assert_eq!(check(evcp_config_set_url(cfg, url.as_ptr())), OK);
            assert_eq!(check(evcp_config_set_identity(cfg, c"CP1".as_ptr())), OK);
            let (vendor, model) = (c"evcp".as_ptr(), c"fuzz".as_ptr());
            assert_eq!(
                check(evcp_config_set_device(cfg, vendor, model, null(), null())),
                OK
            );
            assert_eq!(
                check(evcp_config_set(
                    cfg,
                    c"reconnect.min_s".as_ptr(),
                    c"0.01".as_ptr()
                )),
                OK
            );
            assert_eq!(
                check(evcp_config_set(
                    cfg,
                    c"meter.timeout_s".as_ptr(),
                    c"0.02".as_ptr()
                )),
                OK
            );
            self.configs[which] = cfg;
        }
    }

    fn configure(&mut self, cfg: *mut evcp_config_t, u: &mut Unstructured<'_>) {
        let settings: Vec<_> = evcp::core::Tuning::NAMES
            .iter()
            .copied()
            .chain(evcp::core::KEYS.iter().map(|row| row.name))
            .collect();
        let values = ["0", "1", "true", "false", "300", "0.001", "resume"];
        // SAFETY: each pointer is NULL or points to what is said to be there.
        let code = unsafe {
            match below(u, 13) {
                0 => {
                    evcp_config_set_url(cfg, Arg::from(u, &["ws://127.0.0.1:1/", "http://x"]).ptr())
                }
                1 => evcp_config_set_identity(cfg, Arg::from(u, &["CP1", "a/b", "%"]).ptr()),
                2 => evcp_config_set_device(
                    cfg,
                    Arg::from(u, &["evcp"]).ptr(),
                    Arg::from(u, &["fuzz"]).ptr(),
                    Arg::from(u, &["1"]).ptr(),
                    Arg::from(u, &["1"]).ptr(),
                ),
                3 => evcp_config_set_connectors(cfg, number(u) as u32),
                4 => evcp_config_set_lockable(cfg, number(u) as u32, flag(u)),
                5 => {
                    let (at, phases) = (number(u) as u32, number(u) as u32);
                    evcp_config_set_limit(cfg, at, phases, f64::from_bits(long(u) as u64))
                }
                6 => {
                    let ours = self.folder();
                    let ours = ours.to_str().unwrap_or("");
                    let path = Arg::from(u, &[ours, ours, "/proc/none"]).inside(ours);
                    evcp_config_set_storage(cfg, path.ptr())
                }
                7 => evcp_config_set_profile(cfg, u32::from(byte(u) % 6)),
                8 => {
                    let (key, len) = blob(u);
                    evcp_config_set_auth_key(cfg, at(&key), len)
                }
                9 => {
                    let (pem, len) = blob(u);
                    evcp_config_set_ca_pem(cfg, at(&pem), len)
                }
                10 => {
                    let ((chain, one), (key, two)) = (blob(u), blob(u));
                    evcp_config_set_client_pem(cfg, at(&chain), one, at(&key), two)
                }
                11 => {
                    let name = Arg::from(u, &settings);
                    evcp_config_set(cfg, name.ptr(), Arg::from(u, &values).ptr())
                }
                _ => {
                    let key = Arg::from(u, &["Mine", "Yours", "HeartbeatInterval"]);
                    let value = Arg::from(u, &values);
                    evcp_config_declare(cfg, key.ptr(), value.ptr(), flag(u), flag(u))
                }
            }
        };
        if cfg.is_null() {
            assert_eq!(code, INVALID);
        }
        check(code);
    }

    fn make(&mut self, which: usize, u: &mut Unstructured<'_>) {
        self.end(which);
        let host = Box::new(Host::default());
        let slots = u.arbitrary::<u32>().unwrap_or(0);
        let (sized, cb) = callbacks(slots, u);
        host.has_destroy
            .set(cb.is_some_and(|cb| cb.destroy.is_some()));
        host.script.borrow_mut().extend(raw(u));
        let ud: *const Host = &*host;
        let cb = sized.as_ref().map_or(null(), |words| words.as_ptr().cast());
        let mut cp = null_mut();
        let out = if byte(u) == 0 {
            null_mut()
        } else {
            &raw mut cp
        };
        // SAFETY: the configuration is NULL or ours, the callbacks are as long as they say, and the
        // host stays where it is until its end.
        let code = check(unsafe { evcp_new(self.configs[which], cb, ud.cast_mut().cast(), out) });
        if code == OK {
            assert!(!cp.is_null());
            host.cp.set(Some(cp));
            if flag(u) {
                // SAFETY: it was just made.
                assert_eq!(check(unsafe { evcp_start(cp) }), OK);
            }
            self.hosts[which] = Some(host);
        } else {
            assert!(cp.is_null() && !host.destroyed.get());
        }
    }

    fn end(&mut self, which: usize) {
        if let Some(host) = self.hosts[which].take() {
            free(&host);
            over(&host);
        }
    }
}

/// Some of the slots, in a struct of this or another version of the header: as words, so that it
/// can be longer or shorter than ours.
fn callbacks(slots: u32, u: &mut Unstructured<'_>) -> (Option<Vec<u64>>, Option<Callbacks>) {
    if slots == 0 {
        return (None, None);
    }
    let on = |bit: u32| slots >> bit & 1 == 0;
    let all = Callbacks {
        struct_size: 0,
        reserved: 0,
        destroy: on(0).then_some(destroy),
        on_supply: on(1).then_some(on_supply),
        on_unlock: on(2).then_some(on_unlock),
        on_reset: on(3).then_some(on_reset),
        on_meter_read: on(4).then_some(on_meter_read),
        on_data_transfer: on(5).then_some(on_data_transfer),
        on_connection: on(6).then_some(on_connection),
        on_boot: on(7).then_some(on_boot),
        on_time: on(8).then_some(on_time),
        on_auth: on(9).then_some(on_auth),
        on_status: on(10).then_some(on_status),
        on_tx: on(11).then_some(on_tx),
        on_availability: on(12).then_some(on_availability),
        on_key_changed: on(13).then_some(on_key_changed),
        on_storage: on(14).then_some(on_storage),
        on_reboot: on(15).then_some(on_reboot),
        on_fatal: on(16).then_some(on_fatal),
    };
    const WORDS: usize = size_of::<Callbacks>() / 8;
    // SAFETY: a struct of pointers, and of two numbers that make up one word.
    let words: [u64; WORDS] = unsafe { std::mem::transmute(all) };
    let mut words = words.to_vec();
    match below(u, 6) {
        0 => words.truncate(1 + below(u, WORDS)),
        1 => words.resize(WORDS + below(u, 8), 0),
        2 => words.resize(WORDS + 1, u64::from(byte(u))),
        _ => {}
    }
    let size = (words.len() * 8) as u32;
    // Little-endian or not, the size comes first and `reserved` is zero.
    let mut head = [0; 8];
    head[..4].copy_from_slice(&size.to_ne_bytes());
    words[0] = u64::from_ne_bytes(head);
    let mut seen = all;
    if words.len() < 2 {
        seen.destroy = None;
    }
    (Some(words), Some(seen))
}

fn samples(u: &mut Unstructured<'_>) -> (Option<Vec<Sample>>, usize) {
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

fn log(u: &mut Unstructured<'_>) {
    unsafe extern "C" fn line(_: *mut c_void, line: *const LogLine) {
        // SAFETY: it is valid until we return.
        let line = unsafe { &*line };
        assert!((1..=5).contains(&line.level));
        assert!(text_of(line.target).is_some() && text_of(line.text).is_some());
    }
    let level = u32::from(byte(u) % 8);
    let function: Log = flag(u).then_some(line);
    // SAFETY: the function needs no user data.
    check(unsafe { evcp_set_log(level, function, null_mut()) });
}

/// One call of a function of a charge point, which may be NULL.
fn operate(host: &Host, u: &mut Unstructured<'_>) {
    let cp = host.cp.get().unwrap_or(null_mut());
    let inside = host.inside.get();
    let place = match below(u, 4) {
        0 => number(u) as u32,
        _ => u32::from(byte(u) % 3),
    };
    let ud: *mut c_void = std::ptr::from_ref(host).cast_mut().cast();
    // SAFETY: `cp` is NULL or alive; each pointer is NULL or points to what is said to be there.
    let code = unsafe {
        match below(u, 27) {
            0 | 1 => {
                let code = evcp_dispatch(cp, i32::from(byte(u) % 6));
                assert!(!inside || cp.is_null() || code == DEADLOCK);
                code
            }
            2 => {
                evcp_wakeup(cp);
                evcp_dispatch(cp, -1)
            }
            3 => evcp_start(cp),
            4 => {
                let code = evcp_stop(cp, u32::from(short(u)));
                assert!(!inside || cp.is_null() || code == DEADLOCK);
                code
            }
            5 if inside => {
                free(host);
                return;
            }
            5 => evcp_set_network(cp, flag(u)),
            6 => {
                let fd = evcp_fd(cp);
                assert_eq!(fd < 0, cp.is_null());
                return;
            }
            7 => evcp_set_ev(cp, place, u32::from(byte(u) % 6)),
            8 | 9 => {
                let code = Arg::from(u, &["GroundFailure", "NoError", "OtherError"]);
                let (info, vendor) = (Arg::from(u, &[]), Arg::from(u, &[]));
                let say = if flag(u) {
                    evcp_set_fault
                } else {
                    evcp_set_warning
                };
                say(cp, place, code.ptr(), info.ptr(), vendor.ptr())
            }
            10 => evcp_set_operative(cp, place, flag(u)),
            11 => evcp_set_clock(cp, number(u)),
            12 => {
                let (all, count) = samples(u);
                evcp_push_meter(
                    cp,
                    place,
                    all.as_ref().map_or(null(), |all| all.as_ptr()),
                    count,
                )
            }
            13 => {
                let (data, len) = blob(u);
                evcp_push_signed_meter(cp, place, at(&data).cast(), len)
            }
            14 => {
                let count = usize::from(byte(u)) * 2;
                let places: Vec<_> = (0..count)
                    .map(|n| n as u32 / 2 + u32::from(byte(u) % 2))
                    .collect();
                evcp_present_tag_at(cp, places.as_ptr(), count, Arg::from(u, &["CAFE01"]).ptr())
            }
            15 => evcp_present_tag(cp, place, Arg::from(u, &["CAFE01", "CAFE02"]).ptr()),
            16 => evcp_stop_tx(cp, place, Arg::from(u, &["Local", "EmergencyStop"]).ptr()),
            17 => evcp_power_fails(cp),
            18 => {
                let keys: Vec<_> = evcp::core::KEYS.iter().map(|row| row.name).collect();
                let key = Arg::from(u, &keys);
                evcp_set_key(cp, key.ptr(), Arg::from(u, &["0", "1", "true"]).ptr())
            }
            19 => {
                let (data, len) = blob(u);
                let (vendor, message) = (Arg::from(u, &["evcp"]), Arg::from(u, &["m"]));
                let done: Done = flag(u).then_some(on_done);
                let data = at(&data).cast();
                let code = evcp_data_transfer(cp, vendor.ptr(), message.ptr(), data, len, done, ud);
                if code == OK && done.is_some() {
                    host.transfers.set(host.transfers.get() + 1);
                }
                code
            }
            20 => {
                let open = host.questions.borrow().clone();
                let req = match maybe(u, |u| one(u, &[0, 1, u64::MAX])) {
                    None if !open.is_empty() => open[below(u, open.len())],
                    other => other.unwrap_or(7),
                };
                match below(u, 3) {
                    0 => evcp_answer(cp, req, u32::from(byte(u) % 8)),
                    1 => {
                        let (all, count) = samples(u);
                        let all = all.as_ref().map_or(null(), |all| all.as_ptr());
                        evcp_answer_meter(cp, req, all, count)
                    }
                    _ => {
                        let (data, len) = blob(u);
                        let data = at(&data).cast();
                        evcp_answer_data(cp, req, u32::from(byte(u) % 8), data, len)
                    }
                }
            }
            21 | 22 => {
                let get = match flag(u) {
                    true => |cp, _, out| evcp_get_stats(cp, out),
                    false => |cp, place, out| evcp_get_supply(cp, place, out),
                };
                sized(u, |out| get(cp, place, out))
            }
            23 => {
                let mut count = below(u, 9);
                let mut periods = vec![
                    Period {
                        limit: 0.0,
                        start_s: 0,
                        phases: 0
                    };
                    count
                ];
                let (duration, unit) = (number(u) as u32, u32::from(byte(u) % 3));
                let (room, out) = (count, periods.as_mut_ptr());
                let code = evcp_get_schedule(cp, place, duration, unit, out, &mut count);
                assert_eq!(code == BUFFER, code != INVALID && count > room && code < 0);
                if code == OK {
                    assert!(periods[..count]
                        .iter()
                        .all(|period| period.limit.is_finite()));
                }
                code
            }
            24 => {
                let mut tx = 0;
                evcp_get_tx(cp, place, if byte(u) == 0 { null_mut() } else { &mut tx })
            }
            25 => {
                let mut status = 99;
                let code = evcp_get_status(cp, place, &mut status);
                assert_eq!(code == OK, status <= 8);
                code
            }
            _ => {
                let keys: Vec<_> = evcp::core::KEYS.iter().map(|row| row.name).collect();
                let key = Arg::from(u, &keys);
                let room = below(u, 70);
                let mut value = vec![b'?' as c_char; room];
                let mut len = room;
                let code = evcp_get_key(cp, key.ptr(), value.as_mut_ptr(), &mut len);
                if code == OK {
                    assert!(len < room && value[len] == 0);
                    assert!(value[len + 1..].iter().all(|c| *c == b'?' as c_char));
                } else if code == BUFFER {
                    assert!(len >= room);
                }
                code
            }
        }
    };
    if cp.is_null() {
        assert_eq!(code, INVALID, "NULL is refused");
    }
    check(code);
}

/// A struct to be filled, of whatever size: nothing outside of it is written, which the sanitizer
/// sees.
fn sized(u: &mut Unstructured<'_>, get: impl FnOnce(*mut u8) -> i32) -> i32 {
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
    if code != OK {
        assert!(out[4..].iter().all(|b| *b == 0xAA));
    }
    code
}

// ---- callbacks ----

/// Looks whether a callback may come now, and does what the script says.
fn enter(ud: *mut c_void, req: Option<u64>) {
    // SAFETY: the host lives until its end, and is only shared.
    let host: &Host = unsafe { &*ud.cast::<Host>() };
    assert!(!host.destroyed.get(), "a callback after destroy");
    assert!(!host.freed.get(), "a callback after evcp_free");
    host.questions.borrow_mut().extend(req);
    let script: Vec<_> = {
        let mut script = host.script.borrow_mut();
        let len = script.len().min(12);
        script.drain(..len).collect()
    };
    if script.is_empty() {
        return;
    }
    host.inside.set(true);
    operate(host, &mut Unstructured::new(&script));
    host.inside.set(false);
}

unsafe extern "C" fn destroy(ud: *mut c_void) {
    // SAFETY: as in `enter`.
    let host: &Host = unsafe { &*ud.cast::<Host>() };
    assert!(host.freed.get() && !host.destroyed.get());
    assert_eq!(host.transfers.get(), 0, "destroy comes last");
    host.destroyed.set(true);
}

unsafe extern "C" fn on_done(ud: *mut c_void, err: i32, _: u32, data: *const c_char, len: usize) {
    // SAFETY: as in `enter`.
    let host: &Host = unsafe { &*ud.cast::<Host>() };
    assert!(!host.destroyed.get() && host.transfers.get() > 0);
    assert_eq!(host.freed.get(), err == CLOSED);
    host.transfers.set(host.transfers.get() - 1);
    counted(data, len);
}

/// Text with a length, which a NUL follows all the same.
fn counted(data: *const c_char, len: usize) {
    if !data.is_null() {
        // SAFETY: the header promises as much.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len + 1) };
        assert_eq!(bytes.last(), Some(&0));
        assert!(std::str::from_utf8(&bytes[..len]).is_ok());
    }
}

unsafe extern "C" fn on_supply(ud: *mut c_void, at: u32, supply: *const Supply) {
    // SAFETY: it is valid until we return.
    let supply = unsafe { &*supply };
    assert!(at >= 1 && supply.struct_size as usize == size_of::<Supply>());
    assert!(supply.amps.is_finite() && supply.watts.is_finite() && supply.phases <= 3);
    let energy = supply.amps > 0.0 || supply.watts > 0.0;
    assert!(supply.permit || !energy);
    assert!(supply.amps >= 0.0 && supply.watts >= 0.0 && supply.reserved == 0);
    assert!(!supply.permit || supply.tx != 0);
    enter(ud, None);
}

unsafe extern "C" fn on_unlock(ud: *mut c_void, _: u32, req: u64) {
    enter(ud, Some(req));
}

unsafe extern "C" fn on_reset(ud: *mut c_void, _: bool, req: u64) {
    enter(ud, Some(req));
}

unsafe extern "C" fn on_meter_read(ud: *mut c_void, _: u32, context: u32, req: u64) {
    assert!(context <= 4);
    enter(ud, Some(req));
}

unsafe extern "C" fn on_data_transfer(
    ud: *mut c_void,
    vendor: *const c_char,
    message: *const c_char,
    data: *const c_char,
    len: usize,
    req: u64,
) {
    assert!(text_of(vendor).is_some());
    text_of(message);
    counted(data, len);
    enter(ud, Some(req));
}

unsafe extern "C" fn on_connection(ud: *mut c_void, state: u32, detail: *const c_char) {
    assert!(state <= 2 && text_of(detail).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_boot(ud: *mut c_void, status: u32, _: u32) {
    assert!(status <= 2);
    enter(ud, None);
}

unsafe extern "C" fn on_time(ud: *mut c_void, _: i64) {
    enter(ud, None);
}

unsafe extern "C" fn on_auth(ud: *mut c_void, _: u32, tag: *const c_char, status: u32) {
    assert!(text_of(tag).is_some_and(|tag| tag.chars().count() <= 20) && status <= 4);
    enter(ud, None);
}

unsafe extern "C" fn on_status(ud: *mut c_void, _: u32, status: u32, code: *const c_char) {
    assert!(status <= 8 && text_of(code).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_tx(ud: *mut c_void, tx: *const TxInfo) {
    // SAFETY: it is valid until we return.
    let tx = unsafe { &*tx };
    assert!(tx.struct_size as usize == size_of::<TxInfo>() && tx.connector >= 1 && tx.tx >= 1);
    assert!(text_of(tx.tag).is_some() && tx.change <= 4 && tx.reserved == 0);
    assert!(tx.meter_start_wh.is_finite() && tx.meter_stop_wh.is_finite());
    assert!(text_of(tx.reason).is_some() || tx.change != 4);
    enter(ud, None);
}

unsafe extern "C" fn on_availability(ud: *mut c_void, _: u32, _: bool) {
    enter(ud, None);
}

unsafe extern "C" fn on_key_changed(ud: *mut c_void, key: *const c_char, value: *const c_char) {
    assert!(text_of(key).is_some() && text_of(value).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_storage(ud: *mut c_void, _: bool, detail: *const c_char) {
    assert!(text_of(detail).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_reboot(ud: *mut c_void, _: bool) {
    enter(ud, None);
}

unsafe extern "C" fn on_fatal(_: *mut c_void, _: i32, detail: *const c_char) {
    panic!("it cannot go on: {:?}", text_of(detail));
}
