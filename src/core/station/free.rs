//! Charging that nobody is asked a tag for (keys FreeCharging and RfidTagFreeCharging).

use crate::core::settings::Key;
use crate::core::station::{Context, Intent, Station};
use crate::core::{AskedBy, Claim, Place};

impl Station {
    /// A vehicle that has just been plugged in charges without a tag of its own, as soon as that is possible.
    pub(crate) fn begin_freely(&mut self, cx: &mut Context<'_>) {
        let (all_faulted, may_begin) = (self.condition.is_faulted(), self.may_begin());
        for at in self.connector_ids() {
            let connector = self.connector_mut(at);
            let is_new = connector.is_some_and(|known| known.is_new(all_faulted));
            if !is_new || !may_begin || !self.settings.is(Key::FreeCharging) {
                continue;
            }
            let Some(tag) = self.settings.tag(Key::RfidTagFreeCharging).cloned() else {
                continue;
            };
            let claim = Claim {
                tag,
                by: AskedBy::FreeCharging,
                reader: Place::Connector(at),
            };
            self.grant(claim, None, Intent::Start(vec![at], None), cx);
        }
    }
}
