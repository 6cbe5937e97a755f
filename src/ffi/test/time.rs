//! Time

use std::ffi::c_void;

use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::test::here::{Here, Tick};
use crate::ffi::test::world::{evcp_test_t, with_world};
use crate::ffi::values::UserData;
use crate::time::{Millis, Mono, Now, Wall};

/// So much time may pass at once, and no more: ten years. What is longer is a mistake that would take for ever.
const MOST_MS: u64 = 315_360_000_000;

/// A function of the firmware that is called again and again.
pub type evcp_test_tick_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// Lets so much time pass: goes from one moment at which something is due to the next, and runs the
/// callbacks that wait in each. With ms 0, all that can happen now does; ten years are the most. Returns how
/// many callbacks ran.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_advance(world: *mut evcp_test_t, ms: u64) -> i32 {
    // SAFETY: as the caller promises.
    unsafe { with_world(world, |here| pass(here, ms, true)) }
}

/// Lets so much time pass in which the host is busy: the library works on, nobody dispatches, no tick comes.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_stall(world: *mut evcp_test_t, ms: u64) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { with_world(world, |here| pass(here, ms, false)) }
}

fn pass(here: &Here, ms: u64, dispatches: bool) -> Result<i32, Fail> {
    if ms > MOST_MS {
        let why = format!("ms is {ms}: it must be 0 to {MOST_MS}, which is ten years");
        return Err(Fail::invalid(why));
    }
    let _busy = here.begin()?;
    let clock = &here.world.clock;
    let end = clock.now().mono + Millis(ms);
    let mut count = 0_i32;
    loop {
        count = count.saturating_add(here.settle(dispatches)?);
        let now = clock.now().mono;
        let tick = tick_of(here).filter(|_| dispatches);
        // One that was missed comes at once.
        let ticks = tick.map(|tick| tick.next.max(now));
        if ticks == Some(now) {
            tick_now(here, now);
            continue;
        }
        let due = here.resident().and_then(|it| it.charge_point().due());
        match due.into_iter().chain(ticks).min() {
            Some(next) if next <= end => clock.pass_to(next),
            _ => break,
        }
    }
    clock.pass_to(end);
    Ok(count)
}

fn tick_of(here: &Here) -> Option<Tick> {
    *here.tick.lock()
}

fn tick_now(here: &Here, now: Mono) {
    let mut tick = here.tick.lock();
    let Some(it) = &mut *tick else { return };
    it.next = now + Millis(it.every);
    let (call, user_data) = (it.call, it.user_data.0);
    // It may set another.
    drop(tick);
    // SAFETY: the host gave us both for such calls; we are on the thread of the world, and no callback runs.
    unsafe { call(user_data) };
}

/// What the clocks show; nothing for a world that is not this thread's.
///
/// # Safety
/// As of [`with_world`].
unsafe fn now(world: *const evcp_test_t) -> Now {
    let mut now = Now::default();
    // SAFETY: as the caller promises.
    let _ = unsafe {
        with_world(world, |here| {
            now = here.world.clock.now();
            Ok(EVCP_OK)
        })
    };
    now
}

/// Virtual milliseconds since the world was made, for the firmware's own timers. They go on over a power
/// cut.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_now(world: *const evcp_test_t) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { now(world) }.mono.0
}

/// The wall clock of the device, Unix time in milliseconds.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_clock(world: *const evcp_test_t) -> i64 {
    // SAFETY: as the caller promises.
    unsafe { now(world) }.wall.0
}

/// Sets the wall clock of the device, as an operating system would: a step. The clock of the central
/// system goes on as it was.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_set_clock(world: *mut evcp_test_t, unix_ms: i64) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            here.world.clock.set_wall(Wall(unix_ms));
            Ok(EVCP_OK)
        })
    }
}

/// Has evcp_test_advance() call a function every so many milliseconds, the first time after the first of
/// them: the firmware's own loop. It may call evcp_* as it likes, evcp_dispatch() too, but nothing that lets
/// time pass. It stays over a power cut. NULL, or 0 ms: no more.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_test_every(
    world: *mut evcp_test_t,
    ms: u32,
    tick: evcp_test_tick_fn,
    user_data: *mut c_void,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with_world(world, |here| {
            let now = here.world.clock.now().mono;
            let every = u64::from(ms);
            *here.tick.lock() = tick.filter(|_| ms > 0).map(|call| Tick {
                every,
                next: now + Millis(every),
                call,
                user_data: UserData(user_data),
            });
            Ok(EVCP_OK)
        })
    }
}
