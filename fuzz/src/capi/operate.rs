//! One call of a function of a charge point, in and outside of callbacks.

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};

use arbitrary::Unstructured;

use super::args::{at, blob, samples, sized, text_of, Arg};
use super::asks::ask;
use super::c::*;
use super::callbacks::on_done;
use super::{check, free, Host};
use crate::bytes::{below, byte, flag, maybe, number, one, short};

pub(crate) fn log(u: &mut Unstructured<'_>) {
    unsafe extern "C" fn line(_: *mut c_void, line: *const LogLine) {
        // SAFETY: it is valid until we return.
        let line = unsafe { &*line };
        assert!((1..=5).contains(&line.level));
        assert!(text_of(line.target).is_some() && text_of(line.text).is_some());
        assert!(text_of(line.identity).is_none_or(|identity| (1..=63).contains(&identity.len())));
    }
    let level = u32::from(byte(u) % 8);
    let function: Log = flag(u).then_some(line);
    // SAFETY: the function needs no user data.
    check(unsafe { evcp_set_log(level, function, null_mut()) });
}

/// A local limit, good or bad, or none.
fn limit(u: &mut Unstructured<'_>) -> Option<Box<Limit>> {
    maybe(u, |u| {
        let whole = size_of::<Limit>() as u32;
        Box::new(Limit {
            struct_size: one(u, &[whole, whole, whole, 16, 20, 8, 0, 13]),
            unit: u32::from(byte(u) % 3),
            value: match flag(u) {
                true => f64::from(short(u)) / 10.0,
                false => f64::from_bits(number(u) as u64),
            },
            phases: u32::from(byte(u) % 5),
            reserved: u32::from(byte(u) == 7),
        })
    })
}

/// A network profile, good or bad, for a slot that there is or is not. A struct that says that it is shorter than
/// it is, is: the sanitizer sees who reads on.
pub(crate) fn network_profile(
    u: &mut Unstructured<'_>,
    call: impl FnOnce(u32, *const NetworkProfile) -> i32,
) -> i32 {
    let slot = u32::from(byte(u) % 6);
    if byte(u).is_multiple_of(8) {
        return call(slot, null());
    }
    let whole = size_of::<NetworkProfile>() as u32;
    let url = format!("ws://127.0.0.1:{}/", super::central::port());
    let url = Arg::from(u, &[&url, &url, "ws://127.0.0.1:1", "wss://a", "http://x"]);
    let identity = Arg::from(u, &["CP1", "CP2", "a:b"]);
    let (interface, source) = (Arg::from(u, &["lo"]), Arg::from(u, &["127.0.0.2", "::1"]));
    let proxy = Arg::from(u, &["http://127.0.0.1:1", "http://a:b@127.0.0.1:1/", "x"]);
    let (some, none) = (flag(u), null());
    let given = |arg: &Arg| if some { arg.ptr() } else { none };
    let ((key, key_len), (ca, ca_len)) = (blob(u), blob(u));
    let ((chain, chain_len), (own, own_len)) = (blob(u), blob(u));
    let profile = NetworkProfile {
        struct_size: one(u, &[whole, whole, whole, 40, 24, 8, 0, 13]),
        security_profile: u32::from(byte(u) % 5),
        url: url.ptr(),
        identity: identity.ptr(),
        auth_key: at(&key),
        auth_key_len: key_len,
        ca_pem: at(&ca),
        ca_pem_len: ca_len,
        client_chain_pem: at(&chain),
        client_chain_pem_len: chain_len,
        client_key_pem: at(&own),
        client_key_pem_len: own_len,
        interface: given(&interface),
        source_address: given(&source),
        proxy: given(&proxy),
        connect_timeout_s: u32::from(byte(u)) * 3,
        reserved: u32::from(byte(u) == 1),
    };
    let from = std::ptr::from_ref(&profile).cast::<u8>();
    let size = (profile.struct_size as usize).max(4);
    // SAFETY: so many bytes of it are there.
    let bytes = unsafe { std::slice::from_raw_parts(from, size) };
    let copy = bytes.to_vec();
    call(slot, copy.as_ptr().cast())
}

/// Charging profiles that make sense somewhere.
const PROFILES: &[&str] = &[
    r#"{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile",
    "chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",
    "chargingSchedulePeriod":[{"startPeriod":0,"limit":10}]}}"#,
    r#"{"chargingProfileId":2,"stackLevel":0,"chargingProfilePurpose":"TxProfile",
    "chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",
    "chargingSchedulePeriod":[{"startPeriod":0,"limit":8}]}}"#,
    r#"{"chargingProfileId":3,"stackLevel":1,"chargingProfilePurpose":"ChargePointMaxProfile",
    "chargingProfileKind":"Absolute","chargingSchedule":{"chargingRateUnit":"W",
    "chargingSchedulePeriod":[{"startPeriod":0,"limit":5000}]}}"#,
];

/// One call of a function of a charge point, which may be NULL.
pub(crate) fn operate(host: &Host, u: &mut Unstructured<'_>) {
    let cp = host.cp.get().unwrap_or(null_mut());
    let inside = host.inside.get();
    let place = match below(u, 4) {
        0 => number(u) as u32,
        _ => u32::from(byte(u) % 3),
    };
    let ud: *mut c_void = std::ptr::from_ref(host).cast_mut().cast();
    // SAFETY: `cp` is NULL or alive; each pointer is NULL or points to what is said to be there.
    let code = unsafe {
        match below(u, 28) {
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
            5 => match byte(u) % 4 {
                0 => network_profile(u, |slot, profile| {
                    evcp_set_network_profile(cp, slot, profile)
                }),
                1 => {
                    let count = below(u, 6);
                    let slots: Vec<_> = (0..count).map(|_| u32::from(byte(u) % 6)).collect();
                    let slots = if flag(u) { slots.as_ptr() } else { null() };
                    evcp_set_network_priority(cp, slots, count)
                }
                _ => evcp_set_network(cp, flag(u)),
            },
            6 => {
                let fd = evcp_fd(cp);
                assert_eq!(fd < 0, cp.is_null());
                return;
            }
            7 => evcp_set_ev(cp, place, u32::from(byte(u) % 6)),
            8 | 9 => {
                let code = match below(u, 8) {
                    0 => number(u) as u32,
                    _ => u32::from(byte(u) % 17),
                };
                let (info, vendor) = (Arg::from(u, &[]), Arg::from(u, &[]));
                match byte(u) % 6 {
                    0 => evcp_clear_fault(cp, place, code),
                    1 => evcp_clear_warning(cp, place, code),
                    2 | 3 => evcp_set_fault(cp, place, code, info.ptr(), vendor.ptr()),
                    _ => evcp_set_warning(cp, place, code, info.ptr(), vendor.ptr()),
                }
            }
            10 => match byte(u) % 9 {
                7 => {
                    let source = Arg::from(u, &["grid", "house meter"]);
                    let limit = limit(u);
                    let limit = limit.as_deref().map_or(null(), std::ptr::from_ref);
                    match flag(u) {
                        true => {
                            let valid = [0, 1, 1000, u64::MAX][below(u, 4)];
                            evcp_set_local_limit(cp, place, source.ptr(), limit, valid)
                        }
                        false => evcp_set_failsafe(cp, place, source.ptr(), limit),
                    }
                }
                8 => {
                    let number = below(u, 4) as u32;
                    sized(u, |out| evcp_get_local_limit(cp, place, number, out))
                }
                6 => evcp_set_draining(cp, flag(u)),
                0 => evcp_set_evse_ready(cp, place, flag(u), Arg::from(u, &["too hot"]).ptr()),
                1 => evcp_start_tx(
                    cp,
                    place,
                    Arg::from(u, &["FREE"]).ptr(),
                    u32::from(byte(u) == 7),
                ),
                2 => evcp_cancel(cp, place),
                3 => evcp_set_contactor(cp, place, flag(u)),
                4 => evcp_set_lock(cp, place, flag(u)),
                _ => evcp_set_operative(cp, place, flag(u)),
            },
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
            16 => evcp_stop_tx(cp, place, u32::from(byte(u) % 13)),
            17 => match byte(u) % 4 {
                0 => evcp_power_fails(cp),
                1 => evcp_clear_profile(cp, place, i32::from(byte(u) % 4)),
                2 if flag(u) => evcp_clear_profiles(cp),
                _ => evcp_install_profile(cp, place, Arg::from(u, PROFILES).ptr()),
            },
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
                let get = match byte(u) % 3 {
                    0 => |cp, _, out| evcp_get_stats(cp, out),
                    1 => |cp, _, out| evcp_get_restart(cp, out),
                    _ => |cp, place, out| evcp_get_supply(cp, place, out),
                };
                sized(u, |out| get(cp, place, out))
            }
            23 => {
                let mut count = below(u, 9);
                let room = count;
                let size = one(u, &[16, 16, 24, 17, 0, 8, 15, usize::MAX]);
                // So many bytes are written to, and not one more: the sanitizer sees it.
                let mut periods = vec![0xAA_u8; if size > 64 { 0 } else { room * size }];
                let (duration, unit) = (number(u) as u32, u32::from(byte(u) % 3));
                let out: *mut Period = periods.as_mut_ptr().cast();
                let mut covered = 0;
                let seconds = match byte(u) % 2 {
                    0 => null_mut(),
                    _ => &mut covered,
                };
                let code =
                    evcp_get_schedule(cp, place, duration, unit, out, size, &mut count, seconds);
                assert!(covered <= duration);
                assert_eq!(code == BUFFER, code != INVALID && count > room && code < 0);
                if code == OK {
                    assert!((16..=24).contains(&size));
                    for period in periods.chunks_exact(size).take(count) {
                        let limit: [u8; 8] = period[..8].try_into().expect("eight bytes");
                        assert!(f64::from_ne_bytes(limit).is_finite());
                        assert!(period[16..].iter().all(|b| *b == 0));
                    }
                }
                code
            }
            26 => {
                let names = [
                    evcp_status_name,
                    evcp_reason_name,
                    evcp_error_code_name,
                    evcp_auth_name,
                    evcp_by_name,
                    evcp_for_name,
                    evcp_why_name,
                    evcp_restart_name,
                    evcp_boot_name,
                    evcp_read_name,
                    evcp_ev_name,
                    evcp_tx_change_name,
                    evcp_connection_name,
                    evcp_storage_name,
                ];
                assert!(text_of(one(u, &names)(number(u) as u32)).is_some());
                return;
            }
            24 if flag(u) => ask(cp, place, u),
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
