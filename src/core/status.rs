//! StatusNotification, and the commands to the hardware: both follow from what is the case
//! (`OCPP 1.6 §4.9`).

use crate::core::connector::{Availability, Reports, Shown};
use crate::core::link::Purpose;
use crate::core::settings::Key;
use crate::core::{ConnectorStatus, Due, Engine, Notice, Place, Stamp, Write};
use crate::time::{Millis, Mono};
use crate::wire::{
    Action, AvailabilityStatus, AvailabilityType, ChangeAvailability, ChargePointStatus, CiString,
    StatusNotification,
};

/// A status that was not heard is told again after that; the wait doubles each time, up to an hour or so.
const TOLD_AGAIN: Millis = Millis::from_secs(60);
const TOLD_AGAIN_DOUBLES: u32 = 6;

impl Engine {
    fn reports_mut(&mut self, at: Place) -> Option<&mut Reports> {
        match at {
            Place::ChargePoint => Some(&mut self.reports),
            Place::Connector(at) => self
                .connector_mut(at)
                .map(|connector| &mut connector.reports),
        }
    }

    /// Connector 0 knows only Available, Unavailable and Faulted.
    fn show_charge_point(&self) -> Shown {
        if let Some(fault) = self.faults.first() {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let status = if self.availability.is_operative() && self.in_service() {
            ChargePointStatus::Available
        } else {
            ChargePointStatus::Unavailable
        };
        Shown::of(status, self.warnings.first())
    }

    /// Tells host and central system of every status that changed. Offline, only the last one is
    /// remembered (`OCPP 1.6 §4.9`).
    pub(crate) fn report_statuses(&mut self) {
        let now = self.now.mono;
        let stamp = self.clock.stamp(now);
        let in_service = self.in_service() && self.faults.is_empty();
        for at in self.places() {
            let shown = match at.connector().and_then(|at| self.connector(at)) {
                Some(connector) => connector.show(in_service),
                None => self.show_charge_point(),
            };
            let Some(reports) = self.reports_mut(at) else {
                continue;
            };
            let known = reports.current.as_ref().map(|(known, ..)| known);
            if known != Some(&shown) {
                let status = ConnectorStatus {
                    place: at,
                    status: shown.status,
                    error: shown.error,
                };
                let news = known.map(|known| (known.status, known.error))
                    != Some((shown.status, shown.error));
                reports.current = Some((shown, stamp, now));
                if news {
                    self.out.tell(Notice::Status(status));
                }
            }
            self.report(at);
        }
    }

    fn report(&mut self, at: Place) {
        while self.is_online() && self.link.has_room() && self.reset.is_none() {
            if self.report_due(at).is_some_and(|due| due > self.now.mono) {
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
            self.notify(at, &shown, since);
        }
    }

    fn notify(&mut self, at: Place, shown: &Shown, since: Stamp) {
        // A code of the vendor's own means nothing without the vendor (OCPP 1.6 §6.47).
        let device = &self.setup.device;
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
        self.call(Purpose::Status(at), Action::StatusNotification, &request);
    }

    /// When a status that changed has lasted long enough to be told (MinimumStatusDuration), or one that
    /// was not heard is told again.
    fn report_due(&self, at: Place) -> Option<Mono> {
        let reports = match at {
            Place::ChargePoint => &self.reports,
            Place::Connector(at) => &self.connector(at)?.reports,
        };
        let (current, _, since) = reports.current.as_ref()?;
        let told = reports.told.as_ref()?;
        if told == current {
            return reports.unheard;
        }
        Some(*since + self.settings.secs(Key::MinimumStatusDuration))
    }

    pub(crate) fn status_deadline(&self) -> Option<(Mono, Due)> {
        if !self.is_online() || self.reset.is_some() {
            return None;
        }
        // What is overdue waits for room in the line, not for time.
        let due = self.places().filter_map(|at| self.report_due(at));
        due.filter(|at| *at > self.now.mono)
            .min()
            .map(|at| (at, Due::Status))
    }

    /// The connection was lost before the central system heard of a status: it is told again on the next.
    pub(crate) fn status_lost(&mut self, at: Place) {
        let now = self.now.mono;
        if let Some(reports) = self.reports_mut(at) {
            reports.unheard = Some(now);
        }
    }

    /// The central system did not answer a status, or refused it: it is told again when it changes, on
    /// the next connection, or after a wait that grows, so that it is not all that is ever sent.
    pub(crate) fn status_unheard(&mut self, at: Place) {
        let now = self.now.mono;
        if let Some(reports) = self.reports_mut(at) {
            let wait = Millis(TOLD_AGAIN.0 << reports.misses.min(TOLD_AGAIN_DOUBLES));
            reports.misses = reports.misses.saturating_add(1);
            reports.unheard = Some(now + wait);
        }
    }

    /// The central system took in a status.
    pub(crate) fn status_heard(&mut self, at: Place) {
        if let Some(reports) = self.reports_mut(at) {
            reports.misses = 0;
        }
    }

    /// A new connection: there is no reason to wait with what was not heard on the last one.
    pub(crate) fn hurry_statuses(&mut self) {
        let now = self.now.mono;
        let connectors = self.connectors.iter_mut();
        let all = connectors.map(|connector| &mut connector.reports);
        for reports in all.chain([&mut self.reports]) {
            reports.misses = 0;
            reports.unheard = reports.unheard.map(|_| now);
        }
    }

    /// Tells a status although nothing changed, or before it has lasted long enough
    /// (TriggerMessage).
    pub(crate) fn repeat_status(&mut self, at: Place) {
        let waits = self.link.is_in_line(Purpose::Status(at));
        let (has_room, now) = (self.link.has_room(), self.now.mono);
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
            self.notify(at, &shown, since);
        }
    }

    /// Commands the hardware: each command is complete, and given only when it changed. Less comes
    /// before more, so that all together never draw too much. Where it is less of one unit and more of
    /// the other, and both sums are bounded, the less of both comes in between.
    pub(crate) fn command_supplies(&mut self) {
        let stopped = self.all_stopped();
        let together = self.together(self.clock.instant(self.now.mono));
        for less in [true, false] {
            for at in self.connector_ids() {
                let Some(connector) = self.connector_mut(at) else {
                    continue;
                };
                let supply = connector.command(stopped);
                if connector.supply == Some(supply) {
                    continue;
                }
                let supply = if less {
                    let bounded = together.sums().map(|(unit, _)| unit);
                    supply.what_is_less(connector.supply.as_ref(), bounded)
                } else {
                    Some(supply)
                };
                let Some(supply) = supply else {
                    continue;
                };
                connector.supply = Some(supply);
                connector.meter.flowed |= supply.permit;
                self.out.tell(Notice::Supply(at, supply));
            }
        }
    }

    /// ChangeAvailability: at once where nothing is going on, else when it is over
    /// (`OCPP 1.6 §5.2`).
    pub(crate) fn change_availability(
        &mut self,
        request: &ChangeAvailability,
    ) -> AvailabilityStatus {
        let operative = request.r#type == AvailabilityType::Operative;
        let Some(at) = self.place(request.connector_id) else {
            return AvailabilityStatus::Rejected;
        };
        let mut affected = self
            .connectors
            .iter()
            .filter(|c| at == Place::ChargePoint || at == c.id.into());
        let waits = !operative && affected.any(|connector| connector.is_busy());
        // Who took it out of service at the charger relies on it.
        let kept = self.availability_mut(at).is_some_and(|known| !known.local);
        if operative && kept {
            return AvailabilityStatus::Rejected;
        }
        for place in self.affected(at) {
            let known = self.availability_mut(place);
            let changed = known.filter(|known| known.central != operative);
            if let Some(known) = changed {
                known.central = operative;
                self.out.durable(Write::Availability(place, operative));
            }
        }
        self.out.tell(Notice::Availability(at, operative));
        if waits {
            AvailabilityStatus::Scheduled
        } else {
            AvailabilityStatus::Accepted
        }
    }

    pub(crate) fn availability_mut(&mut self, at: Place) -> Option<&mut Availability> {
        match at {
            Place::ChargePoint => Some(&mut self.availability),
            Place::Connector(at) => self
                .connector_mut(at)
                .map(|connector| &mut connector.availability),
        }
    }

    /// Connector 0 means the whole charge point.
    fn affected(&self, at: Place) -> Vec<Place> {
        match at {
            Place::ChargePoint => self.places().collect(),
            Place::Connector(_) => vec![at],
        }
    }

    /// Somebody at the charger takes a connector, or all of it, out of service or back. Kept over
    /// restarts.
    pub(crate) fn set_in_service(&mut self, at: Place, operative: bool) {
        for place in self.affected(at) {
            let known = self.availability_mut(place);
            let changed = known.filter(|known| known.local != operative);
            if let Some(known) = changed {
                known.local = operative;
                self.out.durable(Write::LocalAvailability(place, operative));
            }
        }
    }
}
