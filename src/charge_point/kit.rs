//! A charge point in a world of the test kit.

use std::sync::Arc;

use crate::charge_point::{ChargePoint, Options, State};
use crate::error::Error;
use crate::kit::{Charger, World};
use crate::mailbox::Wake;
use crate::shell::Clock;
use crate::time::Mono;

impl ChargePoint {
    /// Makes a charge point that lives in a world, and nowhere else.
    ///
    /// # Errors
    /// As of [`ChargePoint::new`].
    pub(crate) fn in_world(
        options: Options,
        wake: Arc<dyn Wake>,
        world: &Arc<World>,
    ) -> Result<Self, Error> {
        let mut it = Self::by(Clock::Virtual(world.clock.clone()), options, wake)?;
        let made = std::mem::replace(it.state.get_mut(), State::Stopped);
        if let State::Made(driver) = made {
            it.charger = Some(Charger::new(world, *driver, it.mailbox.clone()));
        }
        Ok(it)
    }

    /// Does all that there is to do now.
    ///
    /// # Errors
    /// [`Error::State`] when that has no end.
    pub(crate) fn work(&self) -> Result<(), Error> {
        self.charger.as_ref().map_or(Ok(()), Charger::work)
    }

    /// When there is something to do next, after now.
    pub(crate) fn due(&self) -> Option<Mono> {
        self.charger.as_ref()?.next()
    }

    /// The power is cut.
    pub(crate) fn cut(&self) {
        if let Some(charger) = &self.charger {
            charger.cut();
        }
    }

    /// Whether nothing happens in it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.charger.as_ref().map_or(true, Charger::is_over)
    }
}
