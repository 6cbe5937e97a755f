//! What the library calls: looked at, and answered with calls as the bytes say.

use std::ffi::{c_char, c_void};

use arbitrary::Unstructured;

use super::args::text_of;
use super::c::*;
use super::operate::operate;
use super::Host;
use crate::bytes::{below, byte};

/// Some of the slots, in a struct of this or another version of the header: as words, so that it
/// can be longer or shorter than ours.
pub(super) fn callbacks(
    slots: u32,
    u: &mut Unstructured<'_>,
) -> (Option<Vec<u64>>, Option<Callbacks>) {
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
        on_key_change: on(5).then_some(on_key_change),
        on_connection: on(6).then_some(on_connection),
        on_boot: on(7).then_some(on_boot),
        on_time: on(8).then_some(on_time),
        on_auth: on(9).then_some(on_auth),
        on_timeout: on(17).then_some(on_timeout),
        on_status: on(10).then_some(on_status),
        on_tx: on(11).then_some(on_tx),
        on_availability: on(12).then_some(on_availability),
        on_key_changed: on(13).then_some(on_key_changed),
        on_storage: on(14).then_some(on_storage),
        on_frame: on(14).then_some(on_frame),
        on_reboot: on(15).then_some(on_reboot),
        on_drained: on(18).then_some(on_drained),
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
    let mut script = Unstructured::new(&script);
    match host.beside.get() {
        Some(beside) if below(&mut script, 2) == 1 => beside(&mut script),
        _ => operate(host, &mut script),
    }
    host.inside.set(false);
}

unsafe extern "C" fn destroy(ud: *mut c_void) {
    // SAFETY: as in `enter`.
    let host: &Host = unsafe { &*ud.cast::<Host>() };
    assert!(host.freed.get() && !host.destroyed.get());
    assert_eq!(host.transfers.get(), 0, "destroy comes last");
    host.destroyed.set(true);
}

pub(super) unsafe extern "C" fn on_done(
    ud: *mut c_void,
    err: i32,
    _: u32,
    data: *const c_char,
    len: usize,
) {
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

unsafe extern "C" fn on_data_transfer(ud: *mut c_void, data: *const DataInfo, req: u64) {
    // SAFETY: it is valid until we return.
    let asked = unsafe { &*data };
    assert!(asked.struct_size as usize == size_of::<DataInfo>() && asked.reserved == 0);
    assert!(text_of(asked.vendor).is_some());
    text_of(asked.message);
    counted(asked.data, asked.len);
    enter(ud, Some(req));
}

unsafe extern "C" fn on_key_change(ud: *mut c_void, key: *const KeyInfo, req: u64) {
    // SAFETY: it is valid until we return.
    let key = unsafe { &*key };
    assert!(key.struct_size as usize == size_of::<KeyInfo>() && !key.read_only);
    assert!(text_of(key.key).is_some() && text_of(key.value).is_some());
    enter(ud, Some(req));
}

unsafe extern "C" fn on_connection(ud: *mut c_void, link: *const ConnectionInfo) {
    // SAFETY: it is valid until we return.
    let link = unsafe { &*link };
    assert!(link.struct_size as usize == size_of::<ConnectionInfo>() && link.state <= 2);
    assert!(text_of(link.detail).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_boot(ud: *mut c_void, boot: *const BootInfo) {
    // SAFETY: it is valid until we return.
    let boot = unsafe { &*boot };
    assert!(boot.struct_size as usize == size_of::<BootInfo>() && boot.reserved == 0);
    assert!(boot.status <= 2);
    enter(ud, None);
}

unsafe extern "C" fn on_time(ud: *mut c_void, _: i64) {
    enter(ud, None);
}

unsafe extern "C" fn on_auth(ud: *mut c_void, auth: *const AuthInfo) {
    // SAFETY: it is valid until we return.
    let auth = unsafe { &*auth };
    assert!(auth.struct_size as usize == size_of::<AuthInfo>() && auth.reserved == 0);
    assert!(text_of(auth.tag).is_some_and(|tag| tag.chars().count() <= 20) && auth.status <= 4);
    assert!(auth.by <= 3 && auth.purpose <= 3 && auth.why <= 13);
    // Who is accepted is so somewhere, and who is refused nowhere.
    assert_eq!(auth.status == 0, auth.connector != 0);
    assert!(auth.status != 0 || auth.why == 0);
    enter(ud, None);
}

unsafe extern "C" fn on_timeout(ud: *mut c_void, timeout: *const TimeoutInfo) {
    // SAFETY: it is valid until we return.
    let timeout = unsafe { &*timeout };
    assert!(timeout.struct_size as usize == size_of::<TimeoutInfo>() && timeout.connector >= 1);
    assert!(text_of(timeout.tag).is_some() && timeout.by <= 3);
    enter(ud, None);
}

unsafe extern "C" fn on_status(ud: *mut c_void, status: *const StatusInfo) {
    // SAFETY: it is valid until we return.
    let status = unsafe { &*status };
    assert!(status.struct_size as usize == size_of::<StatusInfo>());
    assert!(status.status <= 8 && status.error_code <= 15);
    for text in [status.info, status.vendor_code] {
        assert!(text_of(text).is_none_or(|text| text.chars().count() <= 50));
    }
    enter(ud, None);
}

unsafe extern "C" fn on_tx(ud: *mut c_void, tx: *const TxInfo) {
    // SAFETY: it is valid until we return.
    let tx = unsafe { &*tx };
    assert!(tx.struct_size as usize == size_of::<TxInfo>() && tx.connector >= 1 && tx.tx >= 1);
    assert!(text_of(tx.tag).is_some() && tx.change <= 7 && tx.reserved == [0; 7]);
    let id = text_of(tx.ocpp_id_text);
    assert_eq!(id.is_some(), tx.ocpp_id_known);
    assert!(id.map_or(tx.ocpp_id == 0, |id| id == tx.ocpp_id.to_string()));
    assert!(tx.meter_start_wh.is_finite() && tx.meter_stop_wh.is_finite());
    assert!(tx.reason <= 11 && (tx.reason != 0 || tx.change != 4));
    enter(ud, None);
}

unsafe extern "C" fn on_availability(ud: *mut c_void, _: u32, _: bool) {
    enter(ud, None);
}

unsafe extern "C" fn on_key_changed(ud: *mut c_void, key: *const KeyInfo) {
    // SAFETY: it is valid until we return.
    let key = unsafe { &*key };
    assert!(key.struct_size as usize == size_of::<KeyInfo>() && key.reserved == [0; 2]);
    assert!(text_of(key.key).is_some());
    text_of(key.value);
    enter(ud, None);
}

unsafe extern "C" fn on_storage(ud: *mut c_void, storage: *const StorageInfo) {
    // SAFETY: it is valid until we return.
    let storage = unsafe { &*storage };
    assert!(storage.struct_size as usize == size_of::<StorageInfo>() && storage.state <= 2);
    assert!(text_of(storage.detail).is_some());
    enter(ud, None);
}

unsafe extern "C" fn on_frame(ud: *mut c_void, frame: *const FrameInfo) {
    // SAFETY: it is valid until we return.
    let frame = unsafe { &*frame };
    assert!(frame.struct_size as usize == size_of::<FrameInfo>() && frame.reserved == [0; 7]);
    assert!(frame.direction <= 1 && !frame.text.is_null());
    counted(frame.text, frame.len);
    enter(ud, None);
}

unsafe extern "C" fn on_reboot(ud: *mut c_void, _: bool) {
    enter(ud, None);
}

unsafe extern "C" fn on_drained(ud: *mut c_void, restart: *const RestartInfo) {
    // SAFETY: it is valid until we return.
    let restart = unsafe { &*restart };
    assert!(restart.struct_size as usize == size_of::<RestartInfo>() && restart.verdict <= 3);
    assert_eq!(
        restart.verdict == 2,
        restart.transactions > 0 && !restart.storage_fails
    );
    enter(ud, None);
}

unsafe extern "C" fn on_fatal(_: *mut c_void, _: i32, detail: *const c_char) {
    panic!("it cannot go on: {:?}", text_of(detail));
}
