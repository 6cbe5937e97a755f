//! A handle of the C API as one who lives in a world.

use std::sync::atomic::Ordering;

use crate::charge_point::ChargePoint;
use crate::ffi::dispatch::dispatch;
use crate::ffi::guard::Fail;
use crate::ffi::life::Inner;
use crate::ffi::test::here::Resident;

impl Resident for Inner {
    fn charge_point(&self) -> &ChargePoint {
        &self.charge_point
    }

    fn dispatch(&self) -> Result<i32, Fail> {
        dispatch(self, 0)
    }

    fn cut(&self) {
        self.charge_point.cut();
        self.stopped.store(true, Ordering::Release);
    }
}
