//! What all connectors together may draw: the charge point's maximum, and its grid connection
//! (`OCPP 1.6 §3.13.3`).

use crate::core::ledger::Ledger;
use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::offer::{Demand, Offer, Scratch, Together};
use crate::core::station::supply::share::{admit, pour, Claim};
use crate::core::station::supply::turns::{sort, Turns};
use crate::core::station::Station;
use crate::core::{ConnectorId, Place, Rate};
use crate::time::Mono;
use crate::types::ChargingRateUnitType as Unit;

impl Station {
    /// What all together may draw now.
    pub(crate) fn together(&self, now: Instant) -> Together {
        let mut all = Together::default();
        if let Some((profile, tenths, phases)) = self.profiles.for_charge_point(now).word {
            self.bound(&mut all, tenths, profile.unit, phases);
        }
        let local = self.local_limits().iter();
        for limit in local.filter(|limit| limit.place == Place::ChargePoint) {
            let Rate {
                tenths,
                unit,
                phases,
            } = limit.rate;
            self.bound(&mut all, i64::from(tenths), unit, phases);
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

    /// Bounds a sum. Amperes on fewer phases than there are, where none can be switched off, are fewer watts than
    /// these amperes make on all of them.
    fn bound(&self, all: &mut Together, tenths: i64, unit: Unit, phases: Option<u8>) {
        all.bound(unit, tenths);
        let Some(phases) = phases.filter(|_| unit == Unit::A && !self.switches_phases()) else {
            return;
        };
        let mut feeds = self.setup.connectors.iter().map(|made| made.hardware.feed);
        if feeds.any(|feed| feed.lines() > phases) {
            let watts = self.volts().convert(tenths, Unit::A, Unit::W, phases);
            all.bound(Unit::W, watts);
        }
    }

    /// Cuts offers down to what all together may draw.
    pub(crate) fn keep_within(
        &self,
        list: &mut [(ConnectorId, Offer)],
        scratch: &mut Scratch,
        turns: &mut Turns,
        (now, mono): (Instant, Mono),
        ledger: &Ledger,
    ) {
        let all = self.together(now);
        let shared = self.setup.tuning.sharing && all.sums().next().is_some();
        if !shared {
            turns.cease();
            return self.divide(list, all, now, ledger);
        }
        scratch.demands.clear();
        for (index, (at, _)) in list.iter().enumerate() {
            scratch
                .demands
                .extend(self.place_of(index, *at, now, ledger));
        }
        let span = self.setup.tuning.sharing_turn;
        if span.0 == 0 {
            sort(&mut scratch.demands);
            self.share_out(list, scratch, all);
            return;
        }
        scratch.own.clear();
        scratch.own.extend_from_slice(list);
        turns.line_up(&mut scratch.demands, mono);
        self.share_out(list, scratch, all);
        let mut waits = false;
        for (claim, demand) in scratch.claims.iter().zip(&scratch.demands) {
            let takes = claim.wants && claim.could_take();
            turns.is_served(demand, takes && !claim.paused);
            waits |= takes && claim.paused;
        }
        if turns.begin(waits, span, mono) && scratch.demands.iter().any(|one| one.place > 0) {
            // Nobody waits any more, and the order is that of the transactions from this instant on.
            list.copy_from_slice(&scratch.own);
            for demand in &mut scratch.demands {
                demand.place = 0;
            }
            sort(&mut scratch.demands);
            self.share_out(list, scratch, all);
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

    /// Serves all within each sum, in their order.
    fn share_out(&self, list: &mut [(ConnectorId, Offer)], scratch: &mut Scratch, all: Together) {
        let volts = self.volts();
        let Scratch {
            demands, claims, ..
        } = scratch;
        let offer_of = |list: &[(ConnectorId, Offer)], demand: &Demand| {
            list.get(demand.index).map_or(Offer::default(), |all| all.1)
        };
        let mut totals = [0; 2];
        claims.clear();
        claims.extend(demands.iter().map(|demand| Claim::new(demand.wants)));
        for ((unit, total), (number, bound)) in all.sums().zip(totals.iter_mut().enumerate()) {
            *bound = total;
            for (claim, demand) in claims.iter_mut().zip(demands.iter()) {
                if let Some(part) = claim.parts.get_mut(number) {
                    *part = demand.part(offer_of(list, demand), unit, volts);
                }
            }
        }
        admit(totals, claims);
        for (number, (unit, total)) in all.sums().enumerate() {
            for (claim, demand) in claims.iter_mut().zip(demands.iter()) {
                if let Some(part) = claim.parts.get_mut(number) {
                    part.most = part.most.min(offer_of(list, demand).in_unit(unit));
                }
            }
            pour(total, claims, number);
            for (claim, demand) in claims.iter().zip(demands.iter()) {
                // What is not cut stays as it is: in the other unit it may be a little more.
                let cut = list.get_mut(demand.index);
                if let Some((_, offer)) = cut.filter(|_| claim.is_cut(number)) {
                    offer.cut(claim.gets, unit, demand.lines, volts);
                }
            }
        }
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
            at,
            index,
            lines: self.drawn(at, now, ledger)?,
            wants: run.wants_energy(),
            place: 0,
            order: run.tx().0,
        })
    }
}
