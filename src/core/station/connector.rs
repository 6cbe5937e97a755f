//! A connector: the facts about it, what is going on at it, and the status that follows.

use crate::core::station::faults::Faults;
use crate::core::station::meter::Meter;
use crate::core::station::run::Run;
use crate::core::station::session::{Session, Stage};
use crate::core::{ConnectorId, Ev, Fault, Supply, TemperatureUnit};
use crate::types::{ChargePointErrorCode, ChargePointStatus, CiString, Reason};

/// A status with everything that StatusNotification says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) status: ChargePointStatus,
    pub(crate) error: ChargePointErrorCode,
    pub(crate) info: Option<CiString<50>>,
    pub(crate) vendor_code: Option<CiString<50>>,
}

/// Whether a connector, or the charge point, is in service: two have a say in it, and neither can
/// take back what the other did. Who opened it up to repair it relies on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Availability {
    /// As the central system wants it (`OCPP 1.6 §5.2`).
    pub(crate) central: bool,
    /// As somebody at the charger wants it.
    pub(crate) local: bool,
}

impl Availability {
    pub(crate) const OPERATIVE: Self = Self {
        central: true,
        local: true,
    };

    pub(crate) const fn is_operative(self) -> bool {
        self.central && self.local
    }
}

/// Everything about one connector.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) id: ConnectorId,
    pub(crate) lockable: bool,
    pub(crate) ev: Ev,
    pub(crate) faults: Faults,
    /// What should be looked at, and does not stop anything.
    pub(crate) warnings: Faults,
    pub(crate) availability: Availability,
    pub(crate) session: Session,
    pub(crate) meter: Meter,
    /// The last command to the host.
    pub(crate) supply: Option<Supply>,
}

impl Connector {
    pub(crate) const fn new(id: ConnectorId, lockable: bool, unit: TemperatureUnit) -> Self {
        Self {
            id,
            lockable,
            ev: Ev::Absent,
            faults: Faults::NONE,
            warnings: Faults::NONE,
            availability: Availability::OPERATIVE,
            session: Session::IDLE,
            meter: Meter::new(unit),
            supply: None,
        }
    }

    pub(crate) const fn run(&self) -> Option<&Run> {
        self.session.run()
    }

    /// Whether there is something to be seen at the meter: energy may have flowed since it was read.
    pub(crate) fn watches(&self) -> bool {
        !self.meter.stands_still()
    }

    /// Whether nobody took it out of service.
    pub(crate) const fn is_operative(&self) -> bool {
        self.availability.is_operative()
    }

    /// Whether something is going on that a change of availability has to wait for.
    pub(crate) const fn is_busy(&self) -> bool {
        !matches!(self.session.stage(), Stage::Idle | Stage::Finishing { .. })
    }

    /// Whether a session could begin here.
    pub(crate) fn is_free(&self) -> bool {
        let open = match self.session.stage() {
            Stage::Idle => true,
            // A cable that is kept for somebody cannot serve anybody else.
            Stage::Finishing { hold, .. } => hold.is_none(),
            Stage::Preparing { allowed, .. } => allowed.is_none(),
            Stage::Starting(_) | Stage::Running(_) | Stage::Stopping(..) => false,
        };
        open && self.is_operative() && self.faults.is_empty()
    }

    // rules: 44
    /// The status that follows from everything that is known (`OCPP 1.6 §4.9`). `in_service`:
    /// whether the charge point as a whole may charge now.
    pub(crate) fn show(&self, in_service: bool) -> Shown {
        if let Some(fault) = self.faults.first() {
            return Shown::of(ChargePointStatus::Faulted, Some(fault));
        }
        let status = match self.session.stage() {
            Stage::Running(run) => self.show_running(run, in_service),
            Stage::Stopping(_, ending) => ending.status,
            Stage::Preparing { .. } | Stage::Starting(_) => ChargePointStatus::Preparing,
            _ if !self.is_operative() || !in_service => ChargePointStatus::Unavailable,
            Stage::Finishing { .. } => ChargePointStatus::Finishing,
            Stage::Idle => ChargePointStatus::Available,
        };
        let mut shown = Shown::of(status, self.warnings.first());
        let left = match self.session.stage() {
            Stage::Finishing { left, .. } => *left,
            _ => self.run().is_some(),
        };
        if left && !self.ev.is_connected() && shown.info.is_none() {
            shown.info = Some(CiString::truncated("EV side disconnected"));
        }
        shown
    }

    // rules: 42
    /// SuspendedEVSE wins over SuspendedEV when both hold. A vehicle that was only just offered
    /// energy has not refused it: until it reacts the connector is still preparing.
    pub(crate) fn show_running(&self, run: &Run, in_service: bool) -> ChargePointStatus {
        match self.ev {
            _ if !in_service || !run.is_allowed_some() || run.is_paused() => {
                ChargePointStatus::SuspendedEVSE
            }
            Ev::Charging => ChargePointStatus::Charging,
            Ev::Plugged if run.may_react() && run.goes_on() => ChargePointStatus::SuspendedEVSE,
            Ev::Plugged if run.may_react() => ChargePointStatus::Preparing,
            _ => ChargePointStatus::SuspendedEV,
        }
    }

    /// The transaction that energy may flow for, as far as it is a matter of this connector: one that runs and
    /// is allowed some, a vehicle that is there, and nothing that is wrong.
    pub(crate) fn may_supply(&self) -> Option<&Run> {
        let run = self.session.running()?;
        let allowed = run.is_allowed_some() && self.faults.is_empty();
        (allowed && self.ev.is_connected()).then_some(run)
    }

    // rules: 52, 69
    /// The command that follows: energy flows for a running transaction alone, and the cable is
    /// locked while there is one, or while it is kept for somebody (`OCPP 1.6 §4.10`).
    pub(crate) fn command(&self, site_may_supply: bool) -> Supply {
        let locked = match self.session.stage() {
            Stage::Starting(_) | Stage::Running(_) => true,
            // Who is to unlock must not be told to lock.
            Stage::Stopping(_, ending) => ending.reason != Reason::UnlockCommand,
            Stage::Finishing { hold, .. } => hold.is_some(),
            Stage::Idle | Stage::Preparing { .. } => false,
        };
        let lock = locked && self.lockable && self.ev != Ev::Absent;
        let mut supply = Supply {
            lock,
            tx: self.run().map(Run::tx),
            ..Supply::OFF
        };
        let run = self.may_supply().filter(|_| site_may_supply);
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

impl Shown {
    // rules: 45
    /// A status with what is wrong, if that may stand beside it: a vehicle that does not talk is
    /// a matter of some statuses only (`OCPP 1.6 §4.9`).
    pub(crate) fn of(status: ChargePointStatus, wrong: Option<&Fault>) -> Self {
        use ChargePointStatus as S;
        let fits = |fault: &&Fault| {
            fault.code != ChargePointErrorCode::EVCommunicationError
                || matches!(
                    status,
                    S::Preparing | S::SuspendedEV | S::SuspendedEVSE | S::Finishing | S::Faulted
                )
        };
        let wrong = wrong.filter(fits);
        Self {
            status,
            error: wrong.map_or(ChargePointErrorCode::NoError, |fault| fault.code),
            info: wrong.and_then(|fault| fault.info.clone()),
            vendor_code: wrong.and_then(|fault| fault.vendor_code.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChargePointStatus as S;

    // rules: 45
    #[test]
    fn a_silent_vehicle_is_a_warning_only_where_a_vehicle_should_talk() {
        let warning = Fault {
            code: ChargePointErrorCode::EVCommunicationError,
            info: None,
            vendor_code: None,
        };
        let error = |status| Shown::of(status, Some(&warning)).error;
        assert_eq!(error(S::Charging), ChargePointErrorCode::NoError);
        assert_eq!(error(S::Available), ChargePointErrorCode::NoError);
        for status in [S::Preparing, S::SuspendedEV, S::SuspendedEVSE, S::Finishing] {
            assert_eq!(error(status), ChargePointErrorCode::EVCommunicationError);
        }
    }
}
