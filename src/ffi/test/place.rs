//! Where a charge point of the test kit lives: in the world of the thread that makes it.

use std::sync::{Arc, Weak};

use crate::charge_point::{ChargePoint, Options};
use crate::ffi::guard::Fail;
use crate::ffi::results::*;
use crate::ffi::test::here::{here, Here, Resident};
use crate::ffi::this_thread::this_thread;
use crate::mailbox::Wake;

/// The world of a charge point.
pub(super) struct Place {
    here: Weak<Here>,
    thread: u64,
}

/// Makes a charge point in the world of this thread.
pub(super) fn make(
    mut options: Options,
    wake: Arc<dyn Wake>,
) -> Result<(ChargePoint, Place), Fail> {
    let state = |why: &str| Fail(EVCP_E_STATE, why.to_owned());
    let here =
        here().ok_or_else(|| state("this thread has no world: evcp_test_new() makes one"))?;
    if !here.is_free() {
        let why = "the world has a charge point: evcp_free() it, or evcp_test_power_cut(), first";
        return Err(state(why));
    }
    options.setup.seed = here.world.seed();
    let charge_point = ChargePoint::in_world(options, wake, &here.world)?;
    let place = Place {
        here: Arc::downgrade(&here),
        thread: this_thread(),
    };
    Ok((charge_point, place))
}

impl Place {
    /// A charge point has moved in.
    pub(super) fn take_in(&self, inner: &Arc<impl Resident + 'static>) {
        if let Some(here) = self.here.upgrade() {
            here.take_in(inner);
        }
    }

    /// Whether this is the thread on which it lives.
    pub(super) fn check(&self) -> Result<(), Fail> {
        if self.thread == this_thread() {
            return Ok(());
        }
        let why = "the charge point lives in the world of another thread: call this there";
        Err(Fail(EVCP_E_STATE, why.to_owned()))
    }

    /// Runs callbacks, after the library has taken in what it was told. Nothing is waited for.
    pub(super) fn dispatch(
        &self,
        charge_point: &ChargePoint,
        _: i32,
        run: impl FnOnce(i32) -> i32,
    ) -> Result<i32, Fail> {
        self.check()?;
        charge_point.work()?;
        let here = self.here.upgrade();
        let _calls = here.as_ref().map(|here| here.calls());
        Ok(run(0))
    }
}
