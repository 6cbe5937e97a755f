//! What connectors are offered, and what bounds them all together: the values that the work is done on.

use crate::core::station::supply::limits::Volts;
use crate::core::station::supply::profile::NEVER;
use crate::core::station::supply::share::{Claim, Part};
use crate::core::ConnectorId;
use crate::types::ChargingRateUnitType as Unit;
/// What a connector is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) deciamps: i64,
    pub(crate) deciwatts: i64,
    /// If profiles allow fewer phases than there are, and they can be switched.
    pub(crate) phases: Option<u8>,
    /// Less than this is of no use.
    pub(crate) least: Least,
}

/// The least that makes sense, in each unit: what the pilot can say (IEC 61851), and minChargingRate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) deciamps: i64,
    pub(crate) deciwatts: i64,
}

impl Offer {
    /// Whether nothing may flow at all.
    pub(crate) const fn is_nothing(self) -> bool {
        self.deciamps <= 0 || self.deciwatts <= 0
    }

    pub(crate) const fn in_unit(self, unit: Unit) -> i64 {
        match unit {
            Unit::A => self.deciamps,
            Unit::W => self.deciwatts,
        }
    }

    /// What is less than the least is nothing.
    pub(crate) fn or_nothing(mut self) -> Self {
        if self.deciamps < self.least.deciamps || self.deciwatts < self.least.deciwatts {
            (self.deciamps, self.deciwatts) = (0, 0);
        }
        self
    }

    /// Cuts it down to a limit in a unit, on so many conductors.
    pub(crate) fn cut(&mut self, tenths: i64, unit: Unit, lines: u8, volts: Volts) {
        let within = |most: i64, to| most.min(volts.convert(tenths, unit, to, lines));
        self.deciamps = within(self.deciamps, Unit::A);
        self.deciwatts = within(self.deciwatts, Unit::W);
    }
}

/// The offers, and the scratch to work them out: kept, so that no memory is asked for each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    list: Vec<(ConnectorId, Offer)>,
    scratch: Scratch,
    /// From this second on they may be others.
    until: Option<i64>,
}

impl Offers {
    /// None is made yet.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.until = None;
    }

    /// What a connector is offered at least until that second.
    pub(super) fn push(&mut self, at: ConnectorId, offer: Offer, until: i64) {
        self.list.push((at, offer));
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
    }

    /// To cut them down, and room for it.
    pub(super) fn parts(&mut self) -> (&mut [(ConnectorId, Offer)], &mut Scratch) {
        (&mut self.list, &mut self.scratch)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnectorId, Offer)> + '_ {
        self.list.iter().copied()
    }

    /// From which second on they may be others, if ever.
    pub(super) fn until(&self) -> Option<i64> {
        self.until.filter(|until| *until < NEVER)
    }
}

/// Bounds of the sum over all connectors, in tenths. Amperes and watts do not compare where
/// connectors differ in their phases: each sum keeps its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Together {
    pub(super) amps: Option<i64>,
    pub(super) watts: Option<i64>,
}

impl Together {
    pub(super) fn bound(&mut self, unit: Unit, tenths: i64) {
        let bound = match unit {
            Unit::A => &mut self.amps,
            Unit::W => &mut self.watts,
        };
        *bound = Some(bound.map_or(tenths, |before| before.min(tenths)));
    }

    /// The sums that are bounded.
    pub(crate) fn sums(self) -> impl Iterator<Item = (Unit, i64)> {
        let amps = self.amps.map(|tenths| (Unit::A, tenths));
        let watts = self.watts.map(|tenths| (Unit::W, tenths));
        amps.into_iter().chain(watts)
    }
}

/// What a connector brings along when all together are served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) at: ConnectorId,
    /// Its place among the offers.
    pub(super) index: usize,
    /// On how many conductors it draws.
    pub(super) lines: u8,
    pub(super) wants: bool,
    /// Its place in line, see [`Turns`](super::turns::Turns).
    pub(super) place: u64,
    /// The number of its transaction: who started first has the lowest.
    pub(super) order: u64,
}

/// Scratch for the work, kept so that no memory is asked for each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(super) demands: Vec<Demand>,
    pub(super) claims: Vec<Claim>,
    /// What each could draw if it were alone.
    pub(super) own: Vec<(ConnectorId, Offer)>,
}

impl Demand {
    /// What it could take of an offer, in a unit.
    pub(super) fn part(&self, own: Offer, unit: Unit, volts: Volts) -> Part {
        let Least {
            deciamps,
            deciwatts,
        } = own.least;
        // What is less than the least in its own unit is nothing: this is rounded up.
        let least = |tenths, from| {
            let least = volts.convert(tenths, from, unit, self.lines);
            least + i64::from(volts.convert(least, unit, from, self.lines) < tenths)
        };
        let most = if own.is_nothing() {
            0
        } else {
            own.in_unit(unit)
        };
        Part {
            most,
            least: least(deciamps, Unit::A)
                .max(least(deciwatts, Unit::W))
                .min(most),
        }
    }
}
