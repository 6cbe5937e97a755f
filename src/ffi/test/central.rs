//! Central system
// Some of the constants are for C alone.
#![allow(dead_code)]

use std::ffi::c_char;

use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::test::here::Here;
use crate::ffi::test::world::{evcp_test_t, text_of, with_world};
use crate::ffi::text::{filled, limited, optional, required};
use crate::kit::{Rule, World};
use crate::time::Millis;
use crate::types::CiString;

/// The central system answers by itself, accepts, and keeps books: what it does at first. `with` (a JSON object,
/// or NULL): members that take the place of those of its answer, e.g. {"status":"Pending","interval":60} for
/// BootNotification, {"idTagInfo":{"status":"Blocked"}} for Authorize or StartTransaction.
pub const EVCP_TEST_ANSWER: u32 = 0;
/// It answers with an error (CALLERROR), and books nothing; `with`: the code, NULL for InternalError.
pub const EVCP_TEST_ERROR: u32 = 1;
/// It never answers, and books nothing.
pub const EVCP_TEST_SILENT: u32 = 2;
/// You answer, with evcp_test_reply() or evcp_test_refuse().
pub const EVCP_TEST_BY_HAND: u32 = 3;

/// From now on the central system deals with calls of that action (NULL: of every action) in this way:
/// EVCP_TEST_ANSWER, _ERROR, _SILENT or _BY_HAND; what `with` is see there, NULL for nothing.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_rule(
    world: *mut evcp_test_t,
    action: *const c_char,
    rule: u32,
    with: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let action = optional(action, "action")?;
            let with = optional(with, "with")?;
            let rule = match (rule, with) {
                (EVCP_TEST_ANSWER, with) => World::answering(with)?,
                (EVCP_TEST_ERROR, None) => Rule::Error("InternalError".to_owned()),
                (EVCP_TEST_ERROR, Some("")) => return Err(Fail::invalid("with is empty")),
                (EVCP_TEST_ERROR, Some(code)) => Rule::Error(code.to_owned()),
                (EVCP_TEST_SILENT, None) => Rule::Silent,
                (EVCP_TEST_BY_HAND, None) => Rule::ByHand,
                (EVCP_TEST_SILENT | EVCP_TEST_BY_HAND, Some(_)) => {
                    return Err(Fail::invalid("with must be NULL: nothing is answered"))
                }
                (rule, _) => {
                    let all = "EVCP_TEST_ANSWER, _ERROR, _SILENT, _BY_HAND";
                    return Err(Fail::invalid(format!(
                        "rule is {rule}: it must be one of {all}"
                    )));
                }
            };
            here.world.set_rule(action, rule)?;
            Ok(EVCP_OK)
        })
    }
}

/// What the idTagInfo of a tag may say.
const STATUSES: [&str; 5] = ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"];

/// What the central system says of a tag, in each answer with an idTagInfo: "Accepted", "Blocked",
/// "Expired", "Invalid", "ConcurrentTx"; and the tag of its group, parent (NULL: none). A tag that is not in
/// its books is Accepted.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_set_tag(
    world: *mut evcp_test_t,
    tag: *const c_char,
    status: *const c_char,
    parent: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let tag: CiString<20> = limited(filled(tag, "tag")?, "tag")?;
            let status = required(status, "status")?;
            if !STATUSES.contains(&status) {
                let all = STATUSES.join(", ");
                let why = format!("status is \"{status}\": it must be one of {all}");
                return Err(Fail::invalid(why));
            }
            let parent = optional(parent, "parent")?;
            let parent = parent.map(|parent| limited::<20>(parent, "parent"));
            let parent = parent.transpose()?;
            let parent = parent.as_ref().map(CiString::as_str);
            here.world.set_tag(tag.as_str(), status, parent);
            Ok(EVCP_OK)
        })
    }
}

/// From now on each answer and call of the central system takes so long to arrive: 0 at first.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_set_delay(world: *mut evcp_test_t, ms: u32) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            here.world.set_delay(Millis(u64::from(ms)));
            Ok(EVCP_OK)
        })
    }
}

/// Lets all happen that can now, before and after something is done.
fn now(here: &Here, body: impl FnOnce() -> Result<(), Fail>) -> Result<(), Fail> {
    let _busy = here.begin()?;
    here.settle(true)?;
    body()?;
    here.settle(true)?;
    Ok(())
}

/// Answers the call of the charge point that was left without an answer, EVCP_TEST_BY_HAND or
/// EVCP_TEST_SILENT, with a payload (a JSON object), and books it; then all that can happen now does, as in
/// evcp_test_advance(0). EVCP_E_STATE when no call waits.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_reply(
    world: *mut evcp_test_t,
    payload: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let payload = required(payload, "payload")?;
            now(here, || Ok(here.world.reply(payload)?))?;
            Ok(EVCP_OK)
        })
    }
}

/// The same with an error: code ("NotImplemented", ...), description (NULL: none).
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_refuse(
    world: *mut evcp_test_t,
    code: *const c_char,
    description: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let code = filled(code, "code")?;
            let description = optional(description, "description")?.unwrap_or_default();
            now(here, || Ok(here.world.refuse(code, description)?))?;
            Ok(EVCP_OK)
        })
    }
}

/// The central system calls the charge point, e.g. "RemoteStartTransaction" with {"idTag":"..."} (NULL: {});
/// then all that can happen now does, as in evcp_test_advance(0). *answer (may be NULL) gets the payload of
/// the answer or, if it is an error, {"errorCode":...,"errorDescription":...}; NULL while there is none: see
/// evcp_test_answer(). EVCP_E_OFFLINE without a connection.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_call(
    world: *mut evcp_test_t,
    action: *const c_char,
    payload: *const c_char,
    answer: *mut *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        if let Some(answer) = answer.as_mut() {
            *answer = std::ptr::null();
        }
        let code = with_world(world, |here| {
            let action = filled(action, "action")?;
            let payload = optional(payload, "payload")?.unwrap_or("{}");
            now(here, || match here.world.is_connected() {
                true => Ok(here.world.call(action, payload)?),
                false => Err(Fail(EVCP_E_OFFLINE, "there is no connection".to_owned())),
            })?;
            Ok(EVCP_OK)
        });
        if let (EVCP_OK, Some(answer)) = (code, answer.as_mut()) {
            *answer = evcp_test_answer(world);
        }
        code
    }
}

/// The answer to the last evcp_test_call(), as there; NULL while there is none. With evcp_test_call() it has one
/// text, which is valid until one of both is called again.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_answer(world: *mut evcp_test_t) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe {
        text_of(
            world,
            |texts| &mut texts.answer,
            |here| Ok(here.world.answer()),
        )
    }
}
