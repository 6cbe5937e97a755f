//! The surroundings of a charge point in a world: the clock of that, and a line in memory.

use std::sync::Arc;

use crate::core::{Access, CloseReason};
use crate::kit::World;
use crate::shell::Surroundings;
use crate::time::Now;

pub(super) struct Line(pub(super) Arc<World>);

impl Surroundings for Line {
    fn now(&self) -> Now {
        self.0.clock.now()
    }

    fn is_open(&self) -> bool {
        self.0.central().connected
    }

    fn connect(&mut self, _: Access) {
        let now = self.now().mono;
        self.0.central().connect(now);
    }

    fn close(&mut self, _: CloseReason) {
        self.lose();
    }

    fn lose(&mut self) {
        self.0.central().hang_up();
    }

    fn ping(&mut self) -> Result<(), String> {
        let now = self.now().mono;
        self.0.central().ping(now);
        Ok(())
    }

    fn send(&mut self, text: String) -> Result<(), String> {
        let (now, wall) = (self.now().mono, self.0.true_time());
        self.0.central().take(text, now, wall);
        Ok(())
    }
}
