//! What follows from what is known of a connector: its status, and the command to its hardware
//! (`OCPP 1.6 §4.9`, `§4.10`).

use super::Connector;
use crate::core::station::run::Run;
use crate::core::station::session::Stage;
use crate::core::station::shown::Shown;
use crate::core::{Ev, Evse, Supply};
use crate::time::Mono;
use crate::types::{ChargePointStatus, ChargingRateUnitType, CiString, Reason};

impl Connector {
    // rules: 44
    /// The status that follows from everything that is known (`OCPP 1.6 §4.9`). `in_service`:
    /// whether the charge point as a whole may charge now; `draining`: it serves nobody new.
    pub(crate) fn show(&self, in_service: bool, draining: bool) -> Shown {
        if let Some(fault) = self.condition.fault() {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let status = match self.session.stage() {
            Stage::Running(run) => self.show_running(run, in_service),
            Stage::Stopping(_, ending) => ending.status,
            Stage::Preparing { .. } | Stage::Starting(_) => ChargePointStatus::Preparing,
            _ if !self.condition.is_operative() => ChargePointStatus::Unavailable,
            _ if !in_service || draining => ChargePointStatus::Unavailable,
            Stage::Finishing { .. } => ChargePointStatus::Finishing,
            Stage::Idle => ChargePointStatus::Available,
        };
        let mut shown = Shown::of(status, self.condition.warning());
        let left = match self.session.stage() {
            Stage::Finishing { left, .. } => *left,
            _ => self.run().is_some(),
        };
        if left && !self.ev.is_connected() && shown.info.is_none() {
            shown.info = Some(CiString::truncated("EV side disconnected"));
        }
        if let (Evse::Paused { reason }, Some(_)) = (&self.evse, self.session.running()) {
            shown.info = shown.info.or_else(|| reason.clone());
        }
        shown
    }

    // rules: 42
    /// SuspendedEVSE wins over SuspendedEV when both hold. A vehicle that was only just offered
    /// energy has not refused it: until it reacts the connector is still preparing.
    pub(super) fn show_running(&self, run: &Run, in_service: bool) -> ChargePointStatus {
        match self.ev {
            _ if !in_service || !run.is_allowed_some() || run.is_paused() => {
                ChargePointStatus::SuspendedEVSE
            }
            _ if self.evse != Evse::Ready || !self.actuators.is_locked() => {
                ChargePointStatus::SuspendedEVSE
            }
            // Nothing flows yet.
            Ev::Charging if self.actuators.is_still_open() && run.is_under_way() => {
                ChargePointStatus::SuspendedEVSE
            }
            Ev::Charging if self.actuators.is_still_open() => ChargePointStatus::Preparing,
            Ev::Charging => ChargePointStatus::Charging,
            Ev::Plugged if run.may_react() && run.goes_on() => ChargePointStatus::SuspendedEVSE,
            Ev::Plugged if run.may_react() => ChargePointStatus::Preparing,
            _ => ChargePointStatus::SuspendedEV,
        }
    }

    /// The transaction that energy may flow for, as far as it is a matter of this connector: one that runs and
    /// is allowed some, a vehicle that is there, a charger that is ready, and nothing that is wrong.
    pub(crate) fn may_supply(&self) -> Option<&Run> {
        let run = self.session.running()?;
        let allowed = run.is_allowed_some() && !self.condition.is_faulted();
        let ready =
            self.evse == Evse::Ready && self.ev.is_connected() && self.actuators.is_locked();
        (allowed && ready).then_some(run)
    }

    /// The command that is to be given, if it is another one than the last. `less`: only what of it is less, in
    /// the units in which the sum over all connectors is bounded, see [`Supply::what_is_less`].
    pub(crate) fn next_command(
        &mut self,
        site_may_supply: bool,
        now: Mono,
        less: Option<impl Iterator<Item = ChargingRateUnitType>>,
    ) -> Option<Supply> {
        let run = self.session.running();
        let shown = run.map(|run| self.show_running(run, site_may_supply));
        if shown != Some(ChargePointStatus::Preparing) {
            if let Some(run) = self.session.running_mut() {
                run.gets_under_way();
            }
        }
        let wanted = self.command(site_may_supply);
        if self.supply == Some(wanted) {
            return None;
        }
        let supply = match less {
            Some(bounded) => wanted.what_is_less(self.supply.as_ref(), bounded)?,
            None => wanted,
        };
        self.supply = Some(supply);
        let (amps, watts) = (supply.deciamps, supply.deciwatts);
        if let (Some(amps), Some(watts)) = (amps, watts) {
            self.meter.offers(amps, watts);
        }
        if supply.permit {
            self.meter.energy_may_flow();
        }
        self.tell_actuators(now);
        Some(supply)
    }

    // rules: 52, 69
    /// The command that follows: energy flows for a running transaction alone, and the cable is
    /// locked while there is one, or while it is kept for somebody (`OCPP 1.6 §4.10`).
    fn command(&self, site_may_supply: bool) -> Supply {
        let locked = match self.session.stage() {
            Stage::Starting(_) | Stage::Running(_) => true,
            // Who is to unlock must not be told to lock.
            Stage::Stopping(_, ending) => ending.end.reason != Reason::UnlockCommand,
            Stage::Finishing { hold, .. } => hold.is_some(),
            Stage::Idle | Stage::Preparing { .. } => self.locks_first(),
        };
        // A plug is not pulled out of a live socket.
        let locked = locked || self.actuators.is_live();
        let lock = locked && self.lockable && self.ev != Ev::Absent;
        let mut supply = Supply {
            lock,
            tx: self.run().map(Run::tx),
            ..Supply::OFF
        };
        let run = self.may_supply().filter(|_| site_may_supply);
        // One that is closed and should not be opens first, or is a fault.
        let run = run.filter(|_| self.is_permitted() || !self.actuators.is_live());
        let offer = run.and_then(Run::offer);
        if let Some(offer) = offer.filter(|offer| !offer.is_nothing()) {
            supply.permit = true;
            supply.deciamps = Some(u32::try_from(offer.deciamps).unwrap_or(u32::MAX));
            supply.deciwatts = Some(u64::try_from(offer.deciwatts).unwrap_or(0));
            supply.phases = offer.phases;
        }
        supply
    }
}
