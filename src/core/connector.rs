//! A connector: the facts about it, what is going on at it, and the status that follows.

use crate::core::{ConnectorId, Ev, Fault, Reading, Stamp, Supply, TxId};
use crate::time::Mono;
use crate::wire::{
    ChargePointErrorCode, ChargePointStatus, CiString, IdToken, ReadingContext, Reason,
};

/// What is going on at a connector.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Session {
    /// Nothing.
    Idle,
    /// Somebody plugged in or showed a tag; the other is still to come (`OCPP 1.6 §4.9`).
    Preparing {
        /// When ConnectionTimeOut is over, counted from the beginning of this state.
        until: Mono,
        /// Who may charge, once that is settled.
        allowed: Option<Allowed>,
    },
    /// All is there but the reading of the meter, which the firmware was asked for.
    Starting(Allowed),
    /// A transaction is running.
    Running(Run),
    /// The transaction is to end, energy is off; only the reading of the meter is missing.
    Stopping(Run, Ending),
    /// The transaction is over, or nobody came to start one, and the cable is still in.
    Finishing,
}

/// A tag that may charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) tag: IdToken,
    pub(crate) parent: Option<IdToken>,
}

/// A running transaction, as far as it is not kept in its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) tx: TxId,
    /// When the next periodic sample is due.
    pub(crate) sample: Option<Mono>,
    /// The offer is fresh: until then the vehicle may take its time to react.
    pub(crate) reacts_until: Option<Mono>,
    /// The tag was refused after the start, and only the energy was stopped.
    pub(crate) suspended: bool,
}

/// How a transaction is to end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ending {
    pub(crate) reason: Reason,
    pub(crate) tag: Option<IdToken>,
    pub(crate) at: Stamp,
}

/// A status with everything that StatusNotification says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) status: ChargePointStatus,
    pub(crate) error: ChargePointErrorCode,
    pub(crate) info: Option<CiString<50>>,
    pub(crate) vendor_code: Option<CiString<50>>,
}

/// How a status gets to the central system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports {
    /// What is the case, and since when.
    pub(crate) current: Option<(Shown, Stamp, Mono)>,
    /// What the central system was told last; `None` before the first time, or when it is not
    /// certain that it heard.
    pub(crate) told: Option<Shown>,
}

/// Everything about one connector.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) id: ConnectorId,
    pub(crate) lockable: bool,
    pub(crate) ev: Ev,
    pub(crate) fault: Option<Fault>,
    pub(crate) operative: bool,
    pub(crate) session: Session,
    pub(crate) reports: Reports,
    /// What the meter showed last, and when each value was last told.
    pub(crate) readings: Vec<Reading>,
    pub(crate) read_at: Option<Mono>,
    /// A question for the meter is open, for this context.
    pub(crate) reading: Option<ReadingContext>,
    /// The last command to the host.
    pub(crate) supply: Option<Supply>,
}

impl Connector {
    pub(crate) const fn new(id: ConnectorId, lockable: bool) -> Self {
        Self {
            id,
            lockable,
            ev: Ev::Absent,
            fault: None,
            operative: true,
            session: Session::Idle,
            reports: Reports {
                current: None,
                told: None,
            },
            readings: Vec::new(),
            read_at: None,
            reading: None,
            supply: None,
        }
    }

    pub(crate) const fn run(&self) -> Option<&Run> {
        match &self.session {
            Session::Running(run) | Session::Stopping(run, _) => Some(run),
            _ => None,
        }
    }

    /// Whether something is going on that a change of availability has to wait for.
    pub(crate) const fn is_busy(&self) -> bool {
        !matches!(self.session, Session::Idle | Session::Finishing)
    }

    /// Whether a session could begin here.
    pub(crate) fn is_free(&self) -> bool {
        let open = match &self.session {
            Session::Idle | Session::Finishing => true,
            Session::Preparing { allowed, .. } => allowed.is_none(),
            Session::Starting(_) | Session::Running(_) | Session::Stopping(..) => false,
        };
        open && self.operative && self.fault.is_none()
    }

    /// The status that follows from everything that is known (`OCPP 1.6 §4.9`).
    pub(crate) fn show(&self) -> Shown {
        if let Some(fault) = &self.fault {
            return Shown {
                status: ChargePointStatus::Faulted,
                error: fault.code,
                info: fault.info.clone(),
                vendor_code: fault.vendor_code.clone(),
            };
        }
        let status = match &self.session {
            Session::Running(run) | Session::Stopping(run, _) => self.show_running(run),
            Session::Preparing { .. } | Session::Starting(_) => ChargePointStatus::Preparing,
            _ if !self.operative => ChargePointStatus::Unavailable,
            Session::Finishing => ChargePointStatus::Finishing,
            Session::Idle => ChargePointStatus::Available,
        };
        let left = !self.ev.is_connected() && self.run().is_some();
        Shown {
            status,
            error: ChargePointErrorCode::NoError,
            info: left.then(|| CiString::truncated("EV side disconnected")),
            vendor_code: None,
        }
    }

    /// SuspendedEVSE wins over SuspendedEV when both hold. A vehicle that was only just offered
    /// energy has not refused it: until it reacts the connector is still preparing.
    fn show_running(&self, run: &Run) -> ChargePointStatus {
        match self.ev {
            _ if run.suspended => ChargePointStatus::SuspendedEVSE,
            Ev::Charging => ChargePointStatus::Charging,
            Ev::Plugged if run.reacts_until.is_some() => ChargePointStatus::Preparing,
            _ => ChargePointStatus::SuspendedEV,
        }
    }

    /// The command that follows: energy flows for a running transaction alone.
    pub(crate) fn command(&self, all_stopped: bool) -> Supply {
        match &self.session {
            Session::Running(run) => {
                let stopped = all_stopped || run.suspended || self.fault.is_some();
                let permit = self.ev.is_connected() && !stopped;
                Supply {
                    permit,
                    tx: Some(run.tx),
                    ..Supply::OFF
                }
            }
            Session::Stopping(run, _) => Supply {
                tx: Some(run.tx),
                ..Supply::OFF
            },
            _ => Supply::OFF,
        }
    }

    /// Takes in what the meter shows; values that it does not name stay as they are.
    pub(crate) fn read(&mut self, now: Mono, readings: &[Reading]) {
        for new in readings {
            let full = self.readings.len() >= Self::MOST_READINGS;
            let same = |old: &&mut Reading| {
                (old.measurand, old.phase, old.location) == (new.measurand, new.phase, new.location)
            };
            match self.readings.iter_mut().find(same) {
                Some(old) => *old = *new,
                None if full => {}
                None => self.readings.push(*new),
            }
        }
        if !readings.is_empty() {
            self.read_at = Some(now);
        }
    }

    /// All measurands on all phases at all places are fewer.
    const MOST_READINGS: usize = 256;
}

impl Reports {
    /// What to tell the central system next to get from what it was told to what is the case,
    /// through a status between if the standard knows no direct way (`OCPP 1.6 §4.9`).
    pub(crate) fn next(&self) -> Option<(Shown, Stamp)> {
        let (current, since, _) = self.current.as_ref()?;
        let Some(told) = &self.told else {
            return Some((current.clone(), *since));
        };
        if told == current {
            return None;
        }
        let shown = match way(told.status, current.status) {
            None => current.clone(),
            Some(between) => Shown {
                status: between,
                error: ChargePointErrorCode::NoError,
                info: None,
                vendor_code: None,
            },
        };
        Some((shown, *since))
    }
}

/// The status to report between two others, if the table of transitions has no direct way.
fn way(from: ChargePointStatus, to: ChargePointStatus) -> Option<ChargePointStatus> {
    use ChargePointStatus::{Available, Finishing, Preparing};
    if from == to || may_follow(from, to) {
        return None;
    }
    [Preparing, Available, Finishing]
        .into_iter()
        .find(|&via| may_follow(from, via) && may_follow(via, to))
}

/// The table of transitions (`OCPP 1.6 §4.9`).
pub(crate) fn may_follow(from: ChargePointStatus, to: ChargePointStatus) -> bool {
    use ChargePointStatus as S;
    match from {
        S::Available => to != S::Available && to != S::Finishing,
        S::Preparing => !matches!(to, S::Preparing | S::Reserved | S::Unavailable),
        S::Charging => !matches!(to, S::Charging | S::Preparing | S::Reserved),
        S::SuspendedEV => !matches!(to, S::SuspendedEV | S::Preparing | S::Reserved),
        S::SuspendedEVSE => !matches!(to, S::SuspendedEVSE | S::Preparing | S::Reserved),
        S::Finishing | S::Reserved => {
            matches!(
                to,
                S::Available | S::Preparing | S::Unavailable | S::Faulted
            )
        }
        S::Unavailable => !matches!(to, S::Unavailable | S::Finishing | S::Reserved),
        S::Faulted => to != S::Faulted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Wall;
    use ChargePointStatus as S;

    // rules: 38
    #[test]
    fn every_status_can_be_reached_from_every_other_by_legal_steps() {
        for &from in S::ALL {
            for &to in S::ALL {
                let Some(via) = way(from, to) else {
                    assert!(from == to || may_follow(from, to), "{from:?} -> {to:?}");
                    continue;
                };
                assert!(
                    may_follow(from, via) && may_follow(via, to),
                    "{from:?} -> {to:?}"
                );
            }
        }
    }

    // rules: 38
    #[test]
    fn reserved_goes_to_charging_through_preparing() {
        assert_eq!(way(S::Reserved, S::Charging), Some(S::Preparing));
        assert_eq!(way(S::Preparing, S::Reserved), Some(S::Available));
        assert_eq!(way(S::Finishing, S::Charging), Some(S::Preparing));
    }

    // rules: 46
    #[test]
    fn nothing_is_reported_when_the_status_returned_to_what_was_told() {
        let shown = Shown {
            status: S::Available,
            error: ChargePointErrorCode::NoError,
            info: None,
            vendor_code: None,
        };
        let stamp = Stamp {
            wall: Wall(0),
            synced: true,
        };
        let current = Some((shown.clone(), stamp, Mono(0)));
        assert_eq!(
            Reports {
                current,
                told: Some(shown)
            }
            .next(),
            None
        );
    }
}
