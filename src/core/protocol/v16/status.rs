//! StatusNotification, and the commands to the hardware: both follow from what is the case
//! (`OCPP 1.6 §4.9`).

use super::transitions::Reports;
use super::{Context, View, V16};
use crate::core::link::CallPurpose;
use crate::core::settings::Key;
use crate::core::station::Shown;
use crate::core::{ConnectorStatus, Due, Notice, Place, Stamp};
use crate::time::{Millis, Mono};
use crate::types::CiString;
use crate::wire::v16::{Action, StatusNotification};

/// A status that was not heard is told again after that; the wait doubles each time, up to an hour or so.
const TOLD_AGAIN: Millis = Millis::from_secs(60);
const TOLD_AGAIN_DOUBLES: u32 = 6;

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
            let Some(reports) = self.reports_mut(at) else {
                continue;
            };
            let known = reports.current.as_ref().map(|(known, ..)| known);
            if known != Some(&shown) {
                let status = ConnectorStatus {
                    place: at,
                    status: shown.status,
                    error: shown.error,
                    info: shown.info.clone(),
                    vendor_code: shown.vendor_code.clone(),
                };
                let news = known.map(|known| (known.status, known.error))
                    != Some((shown.status, shown.error));
                reports.current = Some((shown, stamp, now));
                if news {
                    cx.out.notify(Notice::Status(status));
                }
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
            let Some(reports) = self.reports_mut(at) else {
                return;
            };
            let Some((shown, since)) = reports.next() else {
                return;
            };
            reports.told = Some(shown.clone());
            reports.unheard = None;
            notify(at, &shown, since, cx);
        }
    }

    // rules: 46
    /// When a status that changed has lasted long enough to be told (MinimumStatusDuration), or one that
    /// was not heard is told again.
    fn report_due(&self, at: Place, it: View<'_>) -> Option<Mono> {
        let reports = self.reports(at)?;
        let (current, _, since) = reports.current.as_ref()?;
        let told = reports.told.as_ref()?;
        if told == current {
            return reports.unheard;
        }
        Some(*since + it.station.settings().secs(Key::MinimumStatusDuration))
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
            reports.unheard = Some(now);
        }
    }

    /// The central system did not answer a status, or refused it: it is told again when it changes, on
    /// the next connection, or after a wait that grows, so that it is not all that is ever sent.
    pub(super) fn status_unheard(&mut self, at: Place, cx: &Context<'_>) {
        let now = cx.now.mono;
        if let Some(reports) = self.reports_mut(at) {
            let wait = Millis(TOLD_AGAIN.0 << reports.misses.min(TOLD_AGAIN_DOUBLES));
            reports.misses = reports.misses.saturating_add(1);
            reports.unheard = Some(now + wait);
        }
    }

    /// The central system took in a status.
    pub(super) fn status_heard(&mut self, at: Place) {
        if let Some(reports) = self.reports_mut(at) {
            reports.misses = 0;
        }
    }

    /// A new connection: there is no reason to wait with what was not heard on the last one.
    pub(super) fn hurry_statuses(&mut self, cx: &Context<'_>) {
        let now = cx.now.mono;
        for reports in &mut self.reports {
            reports.misses = 0;
            reports.unheard = reports.unheard.map(|_| now);
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
        let is_told = reports.told == reports.current.as_ref().map(|(shown, ..)| shown.clone());
        if waits && is_told {
            return;
        }
        if !has_room {
            reports.unheard = Some(now);
            return;
        }
        let current = reports.current.as_ref();
        let current = current.map(|(shown, since, _)| (shown.clone(), *since));
        if let Some((shown, since)) = reports.next().or(current) {
            reports.told = Some(shown.clone());
            reports.unheard = None;
            notify(at, &shown, since, cx);
        }
    }

    // rules: 27
    /// Every status is told anew.
    pub(super) fn send_all_statuses_again(&mut self) {
        for reports in &mut self.reports {
            reports.told = None;
        }
    }

    /// The clock is right for the first time: so are the times of statuses then.
    pub(super) fn correct_statuses(&mut self, step: i64) {
        for reports in &mut self.reports {
            if let Some((_, since, _)) = &mut reports.current {
                since.correct(step);
            }
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
