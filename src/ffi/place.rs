//! Where a charge point lives: on the library's thread. The test kit has another place for it.

use std::sync::Arc;

use crate::charge_point::{ChargePoint, Options};
use crate::ffi::guard::Fail;
use crate::mailbox::Wake;

/// Nowhere in particular.
pub(super) struct Place;

/// Makes a charge point.
pub(super) fn make(options: Options, wake: Arc<dyn Wake>) -> Result<(ChargePoint, Place), Fail> {
    Ok((ChargePoint::new(options, wake)?, Place))
}

impl Place {
    /// A charge point has moved in.
    pub(super) fn take_in<T>(&self, _: &Arc<T>) {}

    /// Whether this is a thread on which it may be called: each is.
    pub(super) fn check(&self) -> Result<(), Fail> {
        Ok(())
    }

    /// Runs callbacks.
    pub(super) fn dispatch(
        &self,
        _: &ChargePoint,
        timeout_ms: i32,
        run: impl FnOnce(i32) -> i32,
    ) -> Result<i32, Fail> {
        Ok(run(timeout_ms))
    }
}
