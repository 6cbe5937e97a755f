//! All that bounds one connector at an instant: its hardware, profiles, local limits, and the least that
//! makes sense.

use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::limits::{lines, Installed, Limit, Load, Prevailing, Volts};
use crate::core::station::supply::offer::{Least, Offer};
use crate::core::station::supply::profile::Profile;
use crate::core::station::Station;
use crate::core::{ConnectorId, LocalLimit, Place, Rate};
use crate::types::ChargingRateUnitType as Unit;

/// What bounds a connector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    load: Load,
    /// What is said to its transaction.
    own: Prevailing<'a>,
    /// What is said to the charge point as a whole.
    all: Prevailing<'a>,
    local: &'a [LocalLimit],
    volts: Volts,
}

impl Installed {
    /// What bounds a connector at an instant.
    pub(crate) fn terms<'a>(
        &'a self,
        load: &Load,
        at: Instant,
        local: &'a [LocalLimit],
        volts: Volts,
    ) -> Terms<'a> {
        Terms {
            load: *load,
            own: self.for_transaction(load, at),
            all: self.for_charge_point(at),
            local,
            volts,
        }
    }
}

impl<'a> Terms<'a> {
    /// They are the same at least until that second.
    pub(crate) fn until(&self) -> i64 {
        self.own.until.min(self.all.until)
    }

    /// The profile that prevails for its transaction.
    pub(crate) fn profile(&self) -> Option<&'a Profile> {
        self.own.word.map(|word| word.0)
    }

    /// What local limits say at a place.
    fn said_at(&self, place: Place) -> impl Iterator<Item = Rate> + 'a {
        let local = self.local.iter().filter(move |limit| limit.place == place);
        local.map(|limit| limit.rate)
    }

    /// The phases that limits are converted with: the fewest that anybody allows.
    pub(crate) fn lines(&self) -> u8 {
        let profiles = [self.own.word, self.all.word].into_iter().flatten();
        let profiles = profiles.filter_map(|(.., phases)| phases);
        let here = self.said_at(self.load.at.into());
        let local = here.chain(self.said_at(Place::ChargePoint));
        let local = local.filter_map(|rate| rate.phases);
        lines(self.load.hardware, profiles.chain(local))
    }

    /// The conductors that it draws on: all that there are, where they cannot be switched off.
    pub(crate) fn drawn(&self) -> u8 {
        if self.load.switches_phases {
            self.lines()
        } else {
            self.load.hardware.feed.lines()
        }
    }

    // rules: 144
    /// The limit in a unit. `shared`: what the charge point as a whole may draw is minded elsewhere.
    pub(crate) fn limit(&self, unit: Unit, shared: bool) -> Limit {
        let (hardware, volts, lines) = (self.load.hardware, self.volts, self.lines());
        let words = [self.own.word, self.all.word.filter(|_| !shared)];
        let profiles = words.into_iter().flatten();
        let profiles = profiles.map(|(profile, tenths, _)| (tenths, profile.unit));
        let here = self.said_at(self.load.at.into());
        let all = self.said_at(Place::ChargePoint).filter(|_| !shared);
        let local = here.chain(all);
        let local = local.map(|rate| (i64::from(rate.tenths), rate.unit));
        let tenths = { profiles.chain(local) }
            .map(|(tenths, from)| volts.convert(tenths, from, unit, lines))
            .fold(volts.of(hardware, unit, lines), i64::min);
        Limit {
            tenths,
            phases: (lines < hardware.feed.lines()).then_some(lines),
        }
    }

    /// What it could draw if it were alone on the grid; `least`: the least current, in tenths of an ampere.
    /// Below that, or what its profile says is of no use, it draws nothing.
    pub(crate) fn offer(&self, least: i64) -> Offer {
        let (amps, watts) = (self.limit(Unit::A, true), self.limit(Unit::W, true));
        let (drawn, lines) = (self.drawn(), self.lines());
        let of_profile = self.profile().and_then(|it| Some((it.least?, it.unit)));
        let of_profile =
            |unit| of_profile.map_or(0, |(of, from)| if from == unit { of } else { 0 });
        let offer = Offer {
            // On phases that cannot be switched off, fewer phases are less current.
            deciamps: match drawn == lines {
                true => amps.tenths,
                false => self.volts.convert(watts.tenths, Unit::W, Unit::A, drawn),
            },
            deciwatts: watts.tenths,
            phases: amps.phases.filter(|_| self.load.switches_phases),
            least: Least {
                deciamps: least.max(of_profile(Unit::A)),
                deciwatts: of_profile(Unit::W),
            },
        };
        offer.or_nothing()
    }
}

impl Station {
    /// What bounds a connector now.
    pub(super) fn terms(&self, load: &Load, now: Instant) -> Terms<'_> {
        let local = self.local_limits();
        self.profiles.terms(load, now, local, self.volts())
    }

    /// The least current of a connector, in tenths of an ampere.
    pub(super) fn least(&self, at: ConnectorId) -> i64 {
        let made = self.setup.connectors.get(at.index());
        made.map_or(0, |made| i64::from(made.least(&self.setup.tuning)))
    }
}
