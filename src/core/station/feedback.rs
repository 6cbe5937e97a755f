//! Contactor and lock report whether they are closed (`OCPP 1.6 §4.9`, `§7.6`).

use crate::core::station::{Context, Station};
use crate::core::{ConnectorId, Due};
use crate::time::Mono;

impl Station {
    pub(crate) fn on_contactor(&mut self, at: ConnectorId, closed: bool, now: Mono) {
        if let Some(connector) = self.connector_mut(at) {
            connector.on_contactor(closed, now);
        }
    }

    pub(crate) fn on_lock(&mut self, at: ConnectorId, closed: bool) {
        if let Some(connector) = self.connector_mut(at) {
            connector.on_lock(closed);
        }
    }

    /// What does not obey is a fault; a transaction whose contactor is open, or fails, is read for the last time.
    pub(crate) fn mind_feedback(&mut self, cx: &mut Context<'_>) {
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            connector.check_actuators(cx.now.mono);
            if connector.may_read_last() {
                self.read_last(at, cx);
            }
        }
    }

    pub(crate) fn feedback_deadline(&self) -> Option<(Mono, Due)> {
        let connectors = self.connectors.iter();
        let due = connectors.filter_map(|known| known.actuators_due()).min();
        due.map(|at| (at, Due::Feedback))
    }
}
