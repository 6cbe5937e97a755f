//! The world of a thread, and who lives in it.

use std::cell::RefCell;
use std::ffi::{c_void, CString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::charge_point::ChargePoint;
use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::this_thread::this_thread;
use crate::ffi::values::UserData;
use crate::kit::World;
use crate::time::Mono;

/// Who lives in a world.
pub(in crate::ffi) trait Resident: Send + Sync {
    /// The charge point.
    fn charge_point(&self) -> &ChargePoint;

    /// Runs the callbacks that wait; says how many.
    fn dispatch(&self) -> Result<i32, Fail>;

    /// The power is cut: nothing more is told.
    fn cut(&self);
}

/// A world, and who lives in it.
pub(in crate::ffi) struct Here {
    pub(in crate::ffi) world: Arc<World>,
    pub(super) thread: u64,
    resident: Mutex<Option<Weak<dyn Resident>>>,
    /// Time passes, or a callback runs.
    busy: AtomicBool,
    pub(super) tick: Mutex<Option<Tick>>,
    pub(super) texts: Mutex<Texts>,
}

/// What the firmware does again and again.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    pub(super) every: u64,
    pub(super) next: Mono,
    pub(super) call: unsafe extern "C-unwind" fn(user_data: *mut c_void),
    pub(super) user_data: UserData,
}

/// The texts that functions returned, until they are called again.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) sent: CString,
    pub(super) sent_call: CString,
    pub(super) value: CString,
    pub(super) answer: CString,
    pub(super) booked: [CString; 4],
}

/// That time passes, or callbacks run, until it is dropped.
pub(in crate::ffi) struct Busy<'a>(&'a Here, bool);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.store(self.1, Ordering::Release);
    }
}

/// So often callbacks and what they lead to may follow each other at one moment.
const MOST_ROUNDS: usize = 10_000;

impl Here {
    /// A world for this thread.
    pub(super) fn new() -> Result<Arc<Self>, Fail> {
        let state = |why: &str| Fail(EVCP_E_STATE, why.to_owned());
        if here().is_some() {
            return Err(state("this thread has a world: evcp_test_free() it first"));
        }
        let new = Arc::new(Self {
            world: Arc::new(World::new()),
            thread: this_thread(),
            resident: Mutex::default(),
            busy: AtomicBool::new(false),
            tick: Mutex::default(),
            texts: Mutex::default(),
        });
        let ours = HERE.try_with(|ours| *ours.borrow_mut() = Arc::downgrade(&new));
        ours.map_err(|_| state("the thread is about to end"))?;
        Ok(new)
    }

    /// The charge point that lives here, if there is one.
    pub(super) fn resident(&self) -> Option<Arc<dyn Resident>> {
        self.resident.lock().as_ref()?.upgrade()
    }

    pub(in crate::ffi) fn is_free(&self) -> bool {
        let there = self.resident();
        there.map_or(true, |there| there.charge_point().is_over())
    }

    pub(in crate::ffi) fn take_in(&self, resident: &Arc<impl Resident + 'static>) {
        let resident: Arc<dyn Resident> = resident.clone();
        *self.resident.lock() = Some(Arc::downgrade(&resident));
    }

    /// Says that callbacks run.
    pub(in crate::ffi) fn calls(&self) -> Busy<'_> {
        Busy(self, self.busy.swap(true, Ordering::AcqRel))
    }

    /// Lets something pass that no callback may.
    pub(super) fn begin(&self) -> Result<Busy<'_>, Fail> {
        if self.busy.load(Ordering::Acquire) {
            let why = "inside a callback, where no time can pass".to_owned();
            return Err(Fail(EVCP_E_DEADLOCK, why));
        }
        Ok(self.calls())
    }

    /// Does all that can be done now; says how many callbacks ran.
    pub(super) fn settle(&self, dispatches: bool) -> Result<i32, Fail> {
        let mut count = 0_i32;
        for _ in 0..MOST_ROUNDS {
            let Some(there) = self.resident() else {
                return Ok(count);
            };
            there.charge_point().work()?;
            if !dispatches || there.charge_point().waiting() == 0 {
                return Ok(count);
            }
            match there.dispatch() {
                Ok(ran) => count = count.saturating_add(ran),
                // A callback freed it: perhaps another has taken its place.
                Err(Fail(EVCP_E_CLOSED, _)) => {}
                Err(why) => return Err(why),
            }
        }
        let why = "the firmware and the library answer each other at one moment without an end";
        Err(Fail(EVCP_E_STATE, why.to_owned()))
    }
}

thread_local! {
    static HERE: RefCell<Weak<Here>> = const { RefCell::new(Weak::new()) };
}

/// The world of this thread.
pub(in crate::ffi) fn here() -> Option<Arc<Here>> {
    HERE.try_with(|here| here.borrow().upgrade()).ok().flatten()
}
