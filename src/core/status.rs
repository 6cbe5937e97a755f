//! StatusNotification, and the commands to the hardware: both follow from what is the case
//! (`OCPP 1.6 §4.9`).

use crate::core::calls::Purpose;
use crate::core::connector::{Reports, Shown};
use crate::core::metering::number;
use crate::core::settings::Key;
use crate::core::smart::second;
use crate::core::{ConnectorId, ConnectorStatus, Due, Engine, Notice, Stamp, Write};
use crate::time::Mono;
use crate::wire::{
    Action, AvailabilityStatus, AvailabilityType, ChangeAvailability, ChargePointStatus,
    StatusNotification,
};

impl Engine {
    fn reports_mut(&mut self, at: Option<ConnectorId>) -> Option<&mut Reports> {
        match at {
            None => Some(&mut self.reports),
            Some(at) => self
                .connector_mut(at)
                .map(|connector| &mut connector.reports),
        }
    }

    fn places(&self) -> impl Iterator<Item = Option<ConnectorId>> {
        std::iter::once(None).chain(self.connector_ids().map(Some))
    }

    /// Connector 0 knows only Available, Unavailable and Faulted.
    fn show_charge_point(&self) -> Shown {
        if let Some(fault) = &self.fault {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let status = if self.operative && self.in_service() {
            ChargePointStatus::Available
        } else {
            ChargePointStatus::Unavailable
        };
        Shown::of(status, self.warning.as_ref())
    }

    /// Tells host and central system of every status that changed. Offline, only the last one is
    /// remembered (`OCPP 1.6 §4.9`).
    pub(crate) fn report_statuses(&mut self) {
        let now = self.now.mono;
        let stamp = self.clock.stamp(now);
        let in_service = self.in_service() && self.fault.is_none();
        for at in self.places() {
            let shown = match at.and_then(|at| self.connector(at)) {
                Some(connector) => connector.show(in_service),
                None => self.show_charge_point(),
            };
            let Some(reports) = self.reports_mut(at) else {
                continue;
            };
            let known = reports.current.as_ref().map(|(known, ..)| known);
            if known != Some(&shown) {
                let status = ConnectorStatus {
                    connector: at,
                    status: shown.status,
                    error: shown.error,
                };
                let news = known.map(|known| (known.status, known.error))
                    != Some((shown.status, shown.error));
                reports.current = Some((shown, stamp, now));
                if news {
                    self.tell(Notice::Status(status));
                }
            }
            self.report(at);
        }
    }

    fn report(&mut self, at: Option<ConnectorId>) {
        while self.is_online() && self.calls.has_room() && self.reset.is_none() {
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
            reports.unheard = false;
            self.notify(at, &shown, since);
        }
    }

    fn notify(&mut self, at: Option<ConnectorId>, shown: &Shown, since: Stamp) {
        let request = StatusNotification {
            connector_id: number(at),
            error_code: shown.error,
            info: shown.info.clone(),
            status: shown.status,
            timestamp: Some(since.wall),
            vendor_id: None,
            vendor_error_code: shown.vendor_code.clone(),
        };
        self.call(Purpose::Status(at), Action::StatusNotification, &request);
    }

    /// When a status that changed has lasted long enough to be told (MinimumStatusDuration).
    fn report_due(&self, at: Option<ConnectorId>) -> Option<Mono> {
        let reports = match at {
            None => &self.reports,
            Some(at) => &self.connector(at)?.reports,
        };
        let (current, _, since) = reports.current.as_ref()?;
        let told = reports.told.as_ref()?;
        let wait = self.settings.secs(Key::MinimumStatusDuration);
        (told != current).then(|| *since + wait)
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

    /// It is not certain that the central system heard of a status: it is told again.
    pub(crate) fn status_unheard(&mut self, at: Option<ConnectorId>) {
        if let Some(reports) = self.reports_mut(at) {
            reports.unheard = true;
        }
    }

    /// Tells a status although nothing changed, or before it has lasted long enough
    /// (TriggerMessage).
    pub(crate) fn repeat_status(&mut self, at: Option<ConnectorId>) {
        let Some(reports) = self.reports_mut(at) else {
            return;
        };
        let current = reports.current.as_ref();
        let current = current.map(|(shown, since, _)| (shown.clone(), *since));
        if let Some((shown, since)) = reports.next().or(current) {
            reports.told = Some(shown.clone());
            reports.unheard = false;
            self.notify(at, &shown, since);
        }
    }

    /// Commands the hardware: each command is complete, and given only when it changed. Less comes
    /// before more, so that all together never draw too much.
    pub(crate) fn command_supplies(&mut self) {
        let stopped = self.all_stopped();
        // What all share is counted in one unit; fewer phases may mean more in the other.
        let t = second(self.clock.wall(self.now.mono));
        let unit = self
            .profiles
            .for_charge_point(t)
            .word
            .map(|word| word.0.unit);
        for less in [true, false] {
            for at in self.connector_ids() {
                let Some(connector) = self.connector_mut(at) else {
                    continue;
                };
                let supply = connector.command(stopped);
                let before = connector.supply;
                if before == Some(supply) || supply.is_less(before.as_ref(), unit) != less {
                    continue;
                }
                connector.supply = Some(supply);
                connector.meter.flowed |= supply.permit;
                self.tell(Notice::Supply(at, supply));
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
        let number = u32::try_from(request.connector_id).ok();
        let at = match number {
            Some(0) => None,
            Some(n) => match ConnectorId::new(n).filter(|at| self.connector(*at).is_some()) {
                Some(at) => Some(at),
                None => return AvailabilityStatus::Rejected,
            },
            None => return AvailabilityStatus::Rejected,
        };
        let mut affected = self
            .connectors
            .iter()
            .filter(|c| at.is_none() || at == Some(c.id));
        let waits = !operative && affected.any(|connector| connector.is_busy());
        self.set_operative(at, operative);
        self.tell(Notice::Availability(at, operative));
        if waits {
            AvailabilityStatus::Scheduled
        } else {
            AvailabilityStatus::Accepted
        }
    }

    /// What was asked for is kept over restarts. Connector 0 means the whole charge point.
    pub(crate) fn set_operative(&mut self, at: Option<ConnectorId>, operative: bool) {
        if at.is_none() && self.operative != operative {
            self.operative = operative;
            self.write(Write::Availability(None, operative));
        }
        for id in self.connector_ids() {
            if at.is_some() && at != Some(id) {
                continue;
            }
            let Some(connector) = self.connector_mut(id) else {
                continue;
            };
            if connector.operative != operative {
                connector.operative = operative;
                self.write(Write::Availability(Some(id), operative));
            }
        }
    }
}
