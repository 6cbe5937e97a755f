//! StatusNotification, and the commands to the hardware: both follow from what is the case
//! (`OCPP 1.6 §4.9`).

use super::transitions::Reports;
use super::{Context, View, V16};
use crate::core::link::CallPurpose;
use crate::core::settings::Key;
use crate::core::station::Shown;
use crate::core::{ConnectorStatus, Due, Notice, Place, Stamp};
use crate::time::Mono;
use crate::types::CiString;
use crate::wire::v16::{Action, StatusNotification};

impl V16 {
    fn reports(&self, at: Place) -> Option<&Reports> {
        self.reports.get(at.index())
    }

    fn reports_mut(&mut self, at: Place) -> Option<&mut Reports> {
        self.reports.get_mut(at.index())
    }

    // rules: 37, 48
    /// Tells host and central system of every status that changed. Offline, only the last one is
    /// remembered (`OCPP 1.6 §4.9`).
    pub(crate) fn report_statuses(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let stamp = cx.station.stamp(now);
        for at in cx.station.places() {
            let shown = cx.station.shown(at);
            let reports = self.reports_mut(at);
            if let Some(shown) = reports.and_then(|it| it.note(shown, stamp, now)) {
                cx.out.notify(Notice::Status(ConnectorStatus {
                    place: at,
                    status: shown.status,
                    error: shown.error,
                    info: shown.info.clone(),
                    vendor_code: shown.vendor_code.clone(),
                }));
            }
            self.send_status(at, cx);
        }
    }

    fn send_status(&mut self, at: Place, cx: &mut Context<'_>) {
        while self.is_online(cx.link) && cx.link.has_room() && !cx.station.is_resetting() {
            if self
                .report_due(at, cx.view())
                .is_some_and(|due| due > cx.now.mono)
            {
                return;
            }
            let Some((shown, since)) = self.reports_mut(at).and_then(Reports::tell) else {
                return;
            };
            notify(at, &shown, since, cx);
        }
    }

    /// When a status is told, by MinimumStatusDuration, or told again.
    fn report_due(&self, at: Place, it: View<'_>) -> Option<Mono> {
        let lasting = || it.station.settings().secs(Key::MinimumStatusDuration);
        self.reports(at)?.due(lasting)
    }

    pub(super) fn status_deadline(&self, it: View<'_>) -> Option<(Mono, Due)> {
        if !self.is_online(it.link) || it.station.is_resetting() {
            return None;
        }
        // What is overdue waits for room in the line, not for time.
        let places = it.station.places();
        let due = places.filter_map(|at| self.report_due(at, it));
        due.filter(|at| *at > it.now)
            .min()
            .map(|at| (at, Due::Status))
    }

    /// The connection was lost before the central system heard of a status: it is told again on the next.
    pub(super) fn status_lost(&mut self, at: Place, cx: &Context<'_>) {
        let now = cx.now.mono;
        if let Some(reports) = self.reports_mut(at) {
            reports.got_lost(now);
        }
    }

    /// The central system did not answer a status, or refused it: it is told again when it changes, on
    /// the next connection, or after a wait that grows, so that it is not all that is ever sent.
    pub(super) fn status_unheard(&mut self, at: Place, cx: &Context<'_>) {
        let now = cx.now.mono;
        if let Some(reports) = self.reports_mut(at) {
            reports.went_unheard(now);
        }
    }

    /// The central system took in a status.
    pub(super) fn status_heard(&mut self, at: Place) {
        if let Some(reports) = self.reports_mut(at) {
            reports.was_heard();
        }
    }

    /// A new connection: there is no reason to wait with what was not heard on the last one.
    pub(super) fn hurry_statuses(&mut self, cx: &Context<'_>) {
        let now = cx.now.mono;
        for reports in &mut self.reports {
            reports.hurry(now);
        }
    }

    /// Tells a status although nothing changed, or before it has lasted long enough
    /// (TriggerMessage).
    pub(super) fn repeat_status(&mut self, at: Place, cx: &mut Context<'_>) {
        let waits = cx.link.is_in_line(CallPurpose::Status(at));
        let (has_room, now) = (cx.link.has_room(), cx.now.mono);
        let Some(reports) = self.reports_mut(at) else {
            return;
        };
        if waits && reports.is_told() {
            return;
        }
        if !has_room {
            return reports.got_lost(now);
        }
        if let Some((shown, since)) = reports.repeat() {
            notify(at, &shown, since, cx);
        }
    }

    // rules: 27
    /// Every status is told anew.
    pub(super) fn send_all_statuses_again(&mut self) {
        for reports in &mut self.reports {
            reports.forget();
        }
    }

    /// The clock is right for the first time: so are the times of statuses then.
    pub(super) fn correct_statuses(&mut self, step: i64) {
        for reports in &mut self.reports {
            reports.correct(step);
        }
    }
}

// rules: 50
/// StatusNotification joins the line.
fn notify(at: Place, shown: &Shown, since: Stamp, cx: &mut Context<'_>) {
    // A code of the vendor's own means nothing without the vendor (OCPP 1.6 §6.47).
    let device = &cx.station.setup().device;
    let vendor = device.vendor.as_str();
    let vendor_id = device.vendor_id.clone();
    let vendor_id = vendor_id.or_else(|| CiString::new(vendor).ok());
    let request = StatusNotification {
        connector_id: at.connector_id(),
        error_code: shown.error,
        info: shown.info.clone(),
        status: shown.status,
        timestamp: Some(since.wall),
        vendor_id: vendor_id.filter(|_| shown.vendor_code.is_some()),
        vendor_error_code: shown.vendor_code.clone(),
    };
    V16::call(
        CallPurpose::Status(at),
        Action::StatusNotification,
        &request,
        cx,
    );
}
