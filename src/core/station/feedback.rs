//! Contactor and lock report whether they are closed (`OCPP 1.6 §4.9`, `§7.6`).

use crate::core::station::{Context, Station};
use crate::core::{ConnectorId, Due, Notice, Question};
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

    /// What does not obey is a fault; a transaction whose contactor is open, or fails, is read for the last time;
    /// what waited for an open contactor is asked.
    pub(crate) fn mind_feedback(&mut self, cx: &mut Context<'_>) {
        for at in self.connector_ids() {
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            connector.check_actuators(cx.now.mono);
            if connector.may_read_last() {
                self.read_last(at, cx);
            }
            if self.connector(at).is_some_and(|known| !known.is_live()) {
                self.unlock_what_waited(at, cx);
            }
        }
    }

    /// The firmware is asked to unlock a connector whose contactor was closed until now.
    fn unlock_what_waited(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let (now, patience) = (cx.now.mono, self.setup.tuning.answer_timeout);
        let question = Question::Unlock(at);
        while let Some(request) = self.questions.let_go(&question, now, patience) {
            // The lock is free to move before anybody is asked to move it.
            self.command_supplies(cx);
            cx.out.notify(Notice::Ask(request, question.clone()));
        }
    }

    pub(crate) fn feedback_deadline(&self) -> Option<(Mono, Due)> {
        let connectors = self.connectors.iter();
        let due = connectors.filter_map(|known| known.actuators_due()).min();
        due.map(|at| (at, Due::Feedback))
    }
}
