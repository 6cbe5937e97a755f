//! Commands to the hardware: they follow from what is the case (`OCPP 1.6 §4.10`).

use crate::core::station::connector::Connector;
use crate::core::station::{Context, Station};
use crate::core::Notice;

impl Station {
    /// Commands the hardware: each command is complete, and given only when it changed. Less comes
    /// before more, so that all together never draw too much. Where it is less of one unit and more of
    /// the other, and both sums are bounded, the less of both comes in between.
    pub(crate) fn command_supplies(&mut self, cx: &mut Context<'_>) {
        let may_supply = self.may_supply();
        let now = cx.now.mono;
        let together = self.together(self.clock.instant(now));
        for less in [true, false] {
            for connector in &mut self.connectors {
                let bounded = together.sums().map(|(unit, _)| unit);
                let less = less.then_some(bounded);
                if let Some(supply) = connector.next_command(may_supply, now, less) {
                    cx.out.notify(Notice::Supply(connector.id(), supply));
                }
            }
        }
        let flows = self.connectors.iter().any(Connector::is_permitted);
        self.watchdog.watch(flows, now);
    }
}
