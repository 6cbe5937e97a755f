//! What the vehicle does: it is plugged in, asks for energy, leaves; and whether the charger is ready for it
//! (`OCPP 1.6 §4.9`).

use crate::core::settings::Key;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::{ConnectorId, Ev, Evse};
use crate::types::Reason;

impl Station {
    /// The charger itself can supply energy at a connector, or cannot now.
    pub(crate) fn on_evse(&mut self, at: ConnectorId, evse: Evse) {
        if let Some(connector) = self.connector_mut(at) {
            connector.on_evse(evse);
        }
    }

    // rules: 49
    pub(crate) fn on_ev(&mut self, at: ConnectorId, ev: Ev, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let stops = self.settings.is(Key::StopTransactionOnEVSideDisconnect);
        let free = self.settings.is(Key::FreeCharging);
        let connector = self.connector_mut(at);
        if connector.is_some_and(|known| known.on_ev(ev, free)) {
            self.bring_permission(at);
        }
        let connector = self.connector_mut(at);
        let runs = connector.is_some_and(|known| known.follow_vehicle(now));
        if runs && stops && !ev.is_connected() {
            self.stop(at, Reason::EVDisconnected, None, cx);
        }
    }
}
