//! What the vehicle does: it is plugged in, asks for energy, leaves (`OCPP 1.6 §4.9`).

use crate::core::settings::Key;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::ConnectorId;
use crate::core::Ev;
use crate::types::Reason;

impl Station {
    // rules: 49
    pub(crate) fn on_ev(&mut self, at: ConnectorId, ev: Ev, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let stops = self.settings.is(Key::StopTransactionOnEVSideDisconnect);
        if self.connector_mut(at).is_some_and(|known| known.on_ev(ev)) {
            self.bring_permission(at);
        }
        let connector = self.connector_mut(at);
        let runs = connector.is_some_and(|known| known.follow_vehicle(now));
        if runs && stops && !ev.is_connected() {
            self.stop(at, Reason::EVDisconnected, None, cx);
        }
    }
}
