//! What the vehicle does: it is plugged in, asks for energy, leaves (`OCPP 1.6 §4.9`).

use crate::core::settings::Key;
use crate::core::station::read_for::ReadFor;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::ConnectorId;
use crate::core::Ev;
use crate::types::Reason;

impl Station {
    // rules: 49
    pub(crate) fn on_ev(&mut self, at: ConnectorId, ev: Ev, cx: &mut Context<'_>) {
        let since = cx.now.mono;
        let stops = self.settings.is(Key::StopTransactionOnEVSideDisconnect);
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        let plugs_in = connector.ev == Ev::Absent && ev != Ev::Absent;
        connector.ev = ev;
        if plugs_in {
            self.bring_permission(at);
        }
        let Some(connector) = self.connector_mut(at) else {
            return;
        };
        if !ev.is_connected() && connector.session.wait_again(since) {
            connector.meter.nobody_waits_for(ReadFor::Begin);
        }
        let permitted = connector.supply.is_some_and(|supply| supply.permit);
        let Some(run) = connector.session.running_mut() else {
            return;
        };
        run.vehicle_does(ev, permitted);
        if !ev.is_connected() && stops {
            self.stop(at, Reason::EVDisconnected, None, cx);
        }
    }
}
