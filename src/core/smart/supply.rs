//! What each connector may draw now, told at the second it changes and at no other time.

use crate::core::connector::{Allowance, Connector, Session};
use crate::core::smart::limits::lines;
use crate::core::smart::profile::{Instant, NEVER};
use crate::core::smart::share::{share, Claim};
use crate::core::{ConnectorId, Due, Engine, Ev, Feed};
use crate::time::{Millis, Mono};
use crate::wire::ChargingRateUnitType as Unit;

/// What a connector is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) deciamps: i64,
    pub(crate) deciwatts: i64,
    /// If profiles allow fewer phases than there are.
    pub(crate) phases: Option<u8>,
}

impl Offer {
    /// Whether nothing may flow at all.
    pub(crate) const fn is_nothing(self) -> bool {
        self.deciamps <= 0 || self.deciwatts <= 0
    }
}

/// The offers, and the room to work them out: kept, so that no memory is asked for each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    list: Vec<(ConnectorId, Offer)>,
    claims: Vec<Claim>,
    claimants: Vec<usize>,
    /// From this second on they may be others.
    until: Option<i64>,
}

/// What alternating current takes at least, in tenths of an ampere (IEC 61851).
const LEAST_AC: i64 = 60;

impl Engine {
    /// Works out what every transaction may draw now.
    pub(crate) fn offer_supplies(&mut self) {
        let now = self.clock.instant(self.now.mono);
        let mut offers = std::mem::take(&mut self.offers);
        offers.list.clear();
        let mut until = NEVER;
        for connector in self
            .connectors
            .iter()
            .filter(|connector| connector.run().is_some())
        {
            let (offer, same) = self.own_offer(connector.id, now);
            until = until.min(same);
            offers.list.push((connector.id, offer));
        }
        if !offers.list.is_empty() && self.setup.tuning.sharing {
            self.share_out(&mut offers, now);
        }
        let reaction = self.now.mono + self.setup.tuning.ev_reaction;
        for (at, offer) in &offers.list {
            if let Some(connector) = self.connector_mut(*at) {
                connector.take_offer(*offer, reaction);
            }
        }
        let any = !offers.list.is_empty();
        offers.until = any.then_some(until).filter(|until| *until < NEVER);
        self.offers = offers;
    }

    /// What a connector could draw if it were alone.
    fn own_offer(&self, at: ConnectorId, now: Instant) -> (Offer, i64) {
        let Some(whom) = self.whom(at, now.t) else {
            return (Offer::default(), NEVER);
        };
        let (shared, volts) = (self.setup.tuning.sharing, self.volts());
        let (amps, until) = self.profiles.limit(&whom, now, Unit::A, volts, shared);
        let (watts, _) = self.profiles.limit(&whom, now, Unit::W, volts, shared);
        let offer = Offer {
            deciamps: amps.tenths,
            deciwatts: watts.tenths,
            phases: amps.phases,
        };
        (offer, until)
    }

    /// ChargePointMaxProfile bounds what all draw together.
    fn share_out(&self, offers: &mut Offers, now: Instant) {
        let max = self.profiles.for_charge_point(now);
        let Some((profile, total, phases)) = max.word else {
            return;
        };
        let (unit, volts) = (profile.unit, self.volts());
        offers.claims.clear();
        offers.claimants.clear();
        for (index, (at, own)) in offers.list.iter().enumerate() {
            if let Some((claim, _)) = self.claim(*at, *own, now, unit, phases) {
                offers.claims.push(claim);
                offers.claimants.push(index);
            }
        }
        share(total, &mut offers.claims);
        for (claim, index) in offers.claims.iter().zip(&offers.claimants) {
            let Some((at, offer)) = offers.list.get_mut(*index) else {
                continue;
            };
            let used = self
                .claim(*at, *offer, now, unit, phases)
                .map_or(1, |(_, used)| used);
            offer.deciamps = offer
                .deciamps
                .min(volts.convert(claim.gets, unit, Unit::A, used));
            offer.deciwatts = offer
                .deciwatts
                .min(volts.convert(claim.gets, unit, Unit::W, used));
        }
    }

    /// What a connector could take of what all may draw together, and on how many conductors.
    fn claim(
        &self,
        at: ConnectorId,
        own: Offer,
        now: Instant,
        unit: Unit,
        phases: Option<u8>,
    ) -> Option<(Claim, u8)> {
        let connector = self.connector(at)?;
        let Session::Running(run) = &connector.session else {
            return None;
        };
        let off = run.allowance == Allowance::Spent || !connector.faults.is_empty();
        if off || !connector.ev.is_connected() || self.all_stopped() {
            return None;
        }
        let (whom, volts) = (self.whom(at, now.t)?, self.volts());
        let word = self.profiles.for_transaction(&whom, now).word;
        let said = [word.and_then(|word| word.2), phases];
        let used = lines(whom.hardware, said.into_iter().flatten());
        let most = match unit {
            Unit::A => own.deciamps,
            Unit::W => own.deciwatts,
        };
        let least = word.and_then(|(profile, ..)| {
            let least = profile.least?;
            Some(volts.convert(least, profile.unit, unit, used))
        });
        let physical = match whom.hardware.feed {
            Feed::Dc => 0,
            _ => volts.convert(LEAST_AC, Unit::A, unit, used),
        };
        let claim = Claim {
            most,
            // A limit of its own below that is no reason to pause it.
            least: least.unwrap_or(physical).min(most),
            wants: !run.declined,
            order: run.tx.0,
            gets: 0,
            paused: false,
        };
        Some((claim, used))
    }

    /// Whether no connector may deliver anything.
    pub(crate) fn all_stopped(&self) -> bool {
        !self.faults.is_empty() || self.reset.is_some()
    }

    /// When some limit may be another.
    pub(crate) fn offer_deadline(&self) -> Option<(Mono, Due)> {
        let until = Millis(u64::try_from(self.offers.until?.checked_mul(1000)?).ok()?);
        let now = Millis(u64::try_from(self.clock.wall(self.now.mono).0).ok()?);
        let wait = Millis(until.0.saturating_sub(now.0));
        Some((self.now.mono + wait, Due::Limit))
    }
}

impl Connector {
    /// Takes an offer on. One that comes after a pause gives the vehicle time to react.
    fn take_offer(&mut self, offer: Offer, reaction: Mono) {
        let plugged = self.ev == Ev::Plugged;
        let Session::Running(run) = &mut self.session else {
            return;
        };
        let before = run.offer.replace(offer);
        if offer.is_nothing() {
            run.reacts_until = None;
        } else if before.is_some_and(Offer::is_nothing) {
            run.reacts_until = plugged.then_some(reaction);
            run.resumes = true;
        }
    }
}
