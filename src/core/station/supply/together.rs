//! What all connectors together may draw: the charge point's maximum, and its grid connection
//! (`OCPP 1.6 §3.13.3`).

use crate::core::ledger::Ledger;
use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::offer::{Demand, Offer, Scratch, Together};
use crate::core::station::supply::share::share;
use crate::core::station::Station;
use crate::core::{ConnectorId, Place};
use crate::types::ChargingRateUnitType as Unit;

impl Station {
    /// What all together may draw now.
    pub(crate) fn together(&self, now: Instant) -> Together {
        let mut all = Together::default();
        if let Some((profile, tenths, _)) = self.profiles.for_charge_point(now).word {
            all.bound(profile.unit, tenths);
        }
        let local = self.local_limits().iter();
        for limit in local.filter(|limit| limit.place == Place::ChargePoint) {
            all.bound(limit.rate.unit, i64::from(limit.rate.tenths));
        }
        if let Some(grid) = self.setup.tuning.grid {
            let volts = self.volts();
            all.bound(Unit::A, i64::from(grid.deciamps));
            // Amperes on more conductors than there are to the grid are more watts than it has.
            let wires = grid.feed.lines();
            let mut feeds = self.setup.connectors.iter().map(|made| made.hardware.feed);
            if feeds.any(|feed| feed.lines() > wires) {
                all.bound(Unit::W, volts.of(grid, Unit::W, wires));
            }
        }
        all
    }

    /// Cuts offers down to what all together may draw.
    pub(crate) fn keep_within(
        &self,
        list: &mut [(ConnectorId, Offer)],
        scratch: &mut Scratch,
        now: Instant,
        ledger: &Ledger,
    ) {
        let all = self.together(now);
        if all.sums().next().is_none() {
            return;
        }
        if self.setup.tuning.sharing {
            self.share_out(list, scratch, all, now, ledger);
        } else {
            self.divide(list, all, now, ledger);
        }
    }

    /// Without sharing each connector has its part, whatever the others do.
    fn divide(
        &self,
        list: &mut [(ConnectorId, Offer)],
        all: Together,
        now: Instant,
        ledger: &Ledger,
    ) {
        let count = i64::try_from(self.connectors.len())
            .unwrap_or(i64::MAX)
            .max(1);
        for (at, offer) in list {
            let Some(lines) = self.drawn(*at, now, ledger) else {
                continue;
            };
            for (unit, total) in all.sums() {
                offer.cut(total / count, unit, lines, self.volts());
            }
        }
    }

    fn share_out(
        &self,
        list: &mut [(ConnectorId, Offer)],
        scratch: &mut Scratch,
        all: Together,
        now: Instant,
        ledger: &Ledger,
    ) {
        scratch.demands.clear();
        for (index, (at, _)) in list.iter().enumerate() {
            scratch
                .demands
                .extend(self.place_of(index, *at, now, ledger));
        }
        scratch.own.clear();
        scratch.own.extend_from_slice(list);
        // Those that want energy first, and of them those that started first.
        scratch
            .demands
            .sort_unstable_by_key(|place| (!place.wants, place.order));
        if self.pour_out(list, scratch, all) {
            self.top_up(list, scratch, all, true);
            self.top_up(list, scratch, all, false);
        }
    }

    /// Gives what is left of both sums to those that were paused, where it is enough, or to the others.
    fn top_up(
        &self,
        list: &mut [(ConnectorId, Offer)],
        scratch: &Scratch,
        all: Together,
        paused: bool,
    ) {
        let volts = self.volts();
        for place in &scratch.demands {
            let own = scratch.own.get(place.index).map(|(_, own)| *own);
            let now = list.get(place.index).map(|(_, now)| *now);
            let (Some(own), Some(now)) = (own, now) else {
                continue;
            };
            if own.is_nothing() || now.is_nothing() != paused {
                continue;
            }
            let mut more = own;
            for (unit, total) in all.sums() {
                let offers = scratch
                    .demands
                    .iter()
                    .filter_map(|other| list.get(other.index));
                let drawn: i64 = offers.map(|(_, offer)| offer.in_unit(unit)).sum();
                let most = now.in_unit(unit).saturating_add(total - drawn);
                more.cut(most, unit, place.lines, volts);
            }
            let fits = all.sums().all(|(unit, _)| {
                let least = place.claim(own, unit, volts).least;
                more.in_unit(unit) >= least.max(now.in_unit(unit))
            });
            if let Some((_, offer)) = list.get_mut(place.index).filter(|_| fits) {
                *offer = more;
            }
        }
    }

    /// Serves all within each sum. Says whether somebody is paused for the second one who had
    /// something of the first; that one gets nothing the next time.
    fn pour_out(
        &self,
        list: &mut [(ConnectorId, Offer)],
        scratch: &mut Scratch,
        all: Together,
    ) -> bool {
        let volts = self.volts();
        let mut paused = false;
        for (number, (unit, total)) in all.sums().enumerate() {
            scratch.claims.clear();
            for place in &scratch.demands {
                let offer = list.get(place.index).map(|(_, offer)| *offer);
                let claim = place.claim(offer.unwrap_or_default(), unit, volts);
                scratch.claims.push(claim);
            }
            share(total, &mut scratch.claims);
            for (claim, place) in scratch.claims.iter().zip(&scratch.demands) {
                // What is not cut stays as it is: in the other unit it may be a little more.
                let cut = list
                    .get_mut(place.index)
                    .filter(|_| claim.gets < claim.most);
                if let Some((_, offer)) = cut {
                    offer.cut(claim.gets, unit, place.lines, volts);
                }
                paused |= number > 0 && claim.paused && claim.most > 0;
            }
        }
        paused
    }

    /// On how many conductors a connector draws.
    fn drawn(&self, at: ConnectorId, now: Instant, ledger: &Ledger) -> Option<u8> {
        let load = self.load(at, now.t, ledger)?;
        Some(self.terms(&load, now).drawn())
    }

    /// A connector that takes part of what all may draw.
    fn place_of(
        &self,
        index: usize,
        at: ConnectorId,
        now: Instant,
        ledger: &Ledger,
    ) -> Option<Demand> {
        let connector = self.connector(at)?;
        let run = connector.may_supply().filter(|_| self.may_supply())?;
        Some(Demand {
            index,
            lines: self.drawn(at, now, ledger)?,
            wants: run.wants_energy(),
            order: run.tx().0,
        })
    }
}
