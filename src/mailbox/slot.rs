//! What a fact is to the inbox: a state with a slot of its own, or an act.

use std::mem::size_of;

use crate::core::{ConnectorId, Ev, Fact, Place, Reading};
use crate::types::ChargePointErrorCode;

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
}

impl Slot {
    /// The slot of a state; an act has none.
    pub(super) fn of(fact: &Fact) -> Option<Self> {
        Some(match fact {
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
            Fact::Tag(..)
            | Fact::StopTx(..)
            | Fact::DataTransfer { .. }
            | Fact::Deliver(_)
            | Fact::Forget(_)
            | Fact::SetKey(..)
            | Fact::PowerFails
            | Fact::Closing => return None,
        })
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
        | Fact::Network(true) => 1,
        Fact::Ev(_, Ev::Plugged | Ev::Charging | Ev::Suspended) => 2,
        _ => 0,
    }
}

/// Where a fact takes energy away at once; `Some(None)`: at all connectors.
pub(super) const fn stops(fact: &Fact) -> Option<Place> {
    match fact {
        Fact::Fault(at, Some(_)) => Some(*at),
        Fact::StopTx(at, _) => Some(Place::Connector(*at)),
        Fact::PowerFails => Some(Place::ChargePoint),
        _ => None,
    }
}

/// How many bytes of readings and data a fact carries.
pub(super) fn bytes(fact: &Fact) -> usize {
    match fact {
        Fact::Meter(_, readings) => readings.len() * size_of::<Reading>(),
        Fact::SignedMeter(_, text) => text.len(),
        Fact::DataTransfer { data, .. } => data.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

/// Acts that may be refused.
pub(super) const fn is_ordinary(fact: &Fact) -> bool {
    !matches!(fact, Fact::StopTx(..) | Fact::PowerFails | Fact::Closing)
}
