//! A C program that does what the bytes say: exported functions in any order, with arguments that
//! are NULL, too long, not UTF-8 or out of range, also inside callbacks.
//!
//! It keeps to what the header asks of a caller: nothing is used after it was freed, pointers point
//! to what they say, a struct is as long as its `struct_size`.

pub(crate) mod args;
mod asks;
pub(crate) mod c;
mod callbacks;
mod central;
pub(crate) mod operate;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::CString;
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use arbitrary::Unstructured;
use tungstenite::Message;

use crate::bytes::{below, byte, flag, long, number, one, raw, text};
use args::{at, blob, text_of, Arg};
use c::*;
use callbacks::callbacks;
use operate::{log, network_profile, operate};

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
pub(crate) struct Host {
    pub(crate) cp: Cell<Option<*mut evcp_t>>,
    inside: Cell<bool>,
    freed: Cell<bool>,
    destroyed: Cell<bool>,
    has_destroy: Cell<bool>,
    questions: RefCell<Vec<u64>>,
    /// Vendor data that was taken and has not been concluded.
    transfers: Cell<u32>,
    /// What callbacks do.
    script: RefCell<VecDeque<u8>>,
    /// What else they may do, beside the calls of a charge point.
    pub(crate) beside: Cell<Option<fn(&mut Unstructured<'_>)>>,
}

pub(crate) struct Program {
    pub(crate) configs: [*mut evcp_config_t; 2],
    pub(crate) hosts: [Option<Box<Host>>; 2],
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

/// Every result is one of the header's, no bug of the library's, and says why if it is an error.
pub(crate) fn check(code: i32) -> i32 {
    let why = text_of(unsafe { evcp_last_error() }).expect("it is never NULL");
    assert_ne!(code, PANIC, "contained: {why}");
    assert!(code >= -10, "{code}");
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
    pub(crate) fn folder(&mut self) -> PathBuf {
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
    pub(crate) fn prefer(&mut self, which: usize) {
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

    pub(crate) fn configure(&mut self, cfg: *mut evcp_config_t, u: &mut Unstructured<'_>) {
        let settings: Vec<_> = evcp::core::Tuning::NAMES
            .iter()
            .copied()
            .chain(evcp::core::KEYS.iter().map(|row| row.name))
            .collect();
        let values = ["0", "1", "true", "false", "300", "0.001", "resume"];
        // SAFETY: each pointer is NULL or points to what is said to be there.
        let code = unsafe {
            match below(u, 14) {
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
                4 if flag(u) => {
                    let (at, flags) = (number(u) as u32, u32::from(byte(u) % 5));
                    evcp_config_set_feedback(cfg, at, flags)
                }
                4 => evcp_config_set_lockable(cfg, number(u) as u32, flag(u)),
                5 if flag(u) => {
                    let amps = f64::from_bits(long(u) as u64);
                    evcp_config_set_min_current(cfg, number(u) as u32, amps)
                }
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
                12 => network_profile(u, |slot, profile| {
                    evcp_config_set_network_profile(cfg, slot, profile)
                }),
                11 => {
                    let name = Arg::from(u, &settings);
                    evcp_config_set(cfg, name.ptr(), Arg::from(u, &values).ptr())
                }
                _ => {
                    let key = Arg::from(u, &["Mine", "Yours", "HeartbeatInterval"]);
                    let value = Arg::from(u, &values);
                    let words = Arg::from(u, &["300,true", "red"]);
                    let decl = KeyDecl {
                        struct_size: match byte(u) % 8 {
                            0 => number(u) as u32 % size_of::<KeyDecl>() as u32,
                            _ => size_of::<KeyDecl>() as u32,
                        },
                        kind: u32::from(byte(u) % 6),
                        name: key.ptr(),
                        value: value.ptr(),
                        words: words.ptr(),
                        reserved_pointer: null(),
                        min: one(u, &[0, 0, -5, i64::MIN, 7]),
                        max: one(u, &[0, 500, 7, i64::MAX, -1]),
                        read_only: flag(u),
                        reboot_required: flag(u),
                        asks: flag(u),
                        reserved: [0; 5],
                    };
                    evcp_config_declare(cfg, &decl)
                }
            }
        };
        if cfg.is_null() {
            assert_eq!(code, INVALID);
        }
        check(code);
    }

    pub(crate) fn make(&mut self, which: usize, u: &mut Unstructured<'_>) {
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

    pub(crate) fn end(&mut self, which: usize) {
        if let Some(host) = self.hosts[which].take() {
            free(&host);
            over(&host);
        }
    }
}
