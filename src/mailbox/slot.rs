//! What facts and acts are to the inbox.

use std::mem::{size_of, size_of_val};

use crate::core::{Act, ConnectorId, Ev, Evse, Fact, Place, Reading, Source};
use crate::types::{ChargePointErrorCode, ChargingProfile};

/// So much room a network profile takes, more or less.
const NETWORK: usize = 16 * 1024;

/// Where a state is kept that the next one replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Ev(ConnectorId),
    /// One fault by its code, or that there is none any more.
    Fault(Place, Option<ChargePointErrorCode>),
    Warning(Place, Option<ChargePointErrorCode>),
    Operative(Place),
    Meter(Place),
    Signed(ConnectorId),
    Clock,
    Network,
    Evse(ConnectorId),
    Contactor(ConnectorId),
    Lock(ConnectorId),
    LocalLimit(Place, Source),
    Draining,
}

impl Slot {
    /// The slot of a fact.
    pub(super) fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Ev(at, _) => Self::Ev(*at),
            Fact::Fault(at, fault) => Self::Fault(*at, fault.as_ref().map(|fault| fault.code)),
            Fact::FaultOver(at, code) => Self::Fault(*at, Some(*code)),
            Fact::Warning(at, fault) => Self::Warning(*at, fault.as_ref().map(|fault| fault.code)),
            Fact::WarningOver(at, code) => Self::Warning(*at, Some(*code)),
            Fact::Operative(at, _) => Self::Operative(*at),
            Fact::Meter(at, _) => Self::Meter(*at),
            Fact::SignedMeter(at, _) => Self::Signed(*at),
            Fact::Clock(_) => Self::Clock,
            Fact::Network(_) => Self::Network,
            Fact::Evse(at, _) => Self::Evse(*at),
            Fact::Contactor(at, _) => Self::Contactor(*at),
            Fact::Lock(at, _) => Self::Lock(*at),
            Fact::LocalLimit { place, source, .. } => Self::LocalLimit(*place, *source),
            Fact::Draining(_) => Self::Draining,
        }
    }
}

/// How much a state allows. One that allowed less is not forgotten for one that allows more: an
/// unplugged vehicle ends a session, also if the next one is plugged in already.
pub(super) const fn allows(fact: &Fact) -> u8 {
    match fact {
        Fact::Ev(_, Ev::CableOnly)
        | Fact::Fault(_, None)
        | Fact::FaultOver(..)
        | Fact::Operative(_, true)
        | Fact::Network(true)
        | Fact::Draining(false)
        | Fact::Evse(_, Evse::Ready)
        | Fact::Lock(_, true) => 1,
        Fact::Ev(_, Ev::Plugged | Ev::Charging | Ev::Suspended) => 2,
        _ => 0,
    }
}

/// What the inbox minds of whatever waits in it.
pub(super) trait Waits {
    /// Where it takes energy away at once.
    fn stops(&self) -> Option<Place>;

    /// How many bytes of readings and data it carries.
    fn bytes(&self) -> usize;
}

impl Waits for Fact {
    fn stops(&self) -> Option<Place> {
        match self {
            Self::Fault(at, Some(_)) => Some(*at),
            Self::Evse(at, Evse::Paused { .. }) | Self::Lock(at, false) => {
                Some(Place::Connector(*at))
            }
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Meter(_, readings) => readings.len() * size_of::<Reading>(),
            Self::SignedMeter(_, text) => text.len(),
            _ => 0,
        }
    }
}

impl Waits for Act {
    fn stops(&self) -> Option<Place> {
        match self {
            Self::StopTx(at, _) => Some(Place::Connector(*at)),
            Self::PowerFails => Some(Place::ChargePoint),
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::DataTransfer { data, .. } => data.as_ref().map_or(0, String::len),
            // Certificates among others.
            Self::SetNetwork(_, Some(_)) => NETWORK,
            Self::InstallProfile(_, _, profile) => {
                let periods = &profile.charging_schedule.charging_schedule_period;
                size_of::<ChargingProfile>() + size_of_val(periods.as_slice())
            }
            _ => 0,
        }
    }
}

/// Acts that may be refused.
pub(super) const fn is_ordinary(act: &Act) -> bool {
    !matches!(act, Act::StopTx(..) | Act::PowerFails | Act::Closing)
}
