//! What each connector may draw now, told at the second it changes and at no other time.

use crate::core::ledger::Ledger;
use crate::core::station::connector::Connector;
use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::offer::Offer;
use crate::core::station::supply::profile::NEVER;
use crate::core::station::{Context, Station};
use crate::core::{ConnectorId, Due};
use crate::time::{Millis, Mono};

impl Station {
    // rules: 156
    /// Works out what every transaction may draw now.
    pub(crate) fn offer_supplies(&mut self, cx: &mut Context<'_>) {
        let now = self.clock.instant(cx.now.mono);
        let mut offers = std::mem::take(&mut self.offers);
        offers.clear();
        let runs = |connector: &&Connector| connector.run().is_some();
        for connector in self.connectors.iter().filter(runs) {
            let (offer, until) = self.own_offer(connector.id(), now, cx.ledger);
            offers.push(connector.id(), offer, until);
        }
        let (list, scratch) = offers.parts();
        let mut turns = std::mem::take(&mut self.turns);
        if list.is_empty() {
            turns.cease();
        } else {
            let now = (now, cx.now.mono);
            self.keep_within(list, scratch, &mut turns, now, cx.ledger);
        }
        self.turns = turns;
        let reaction = cx.now.mono + self.setup.tuning.ev_reaction;
        for (at, offer) in offers.iter() {
            if let Some(connector) = self.connector_mut(at) {
                connector.take_offer(offer.or_nothing(), reaction);
            }
        }
        self.offers = offers;
    }

    /// What a connector could draw if it were alone on the grid.
    fn own_offer(&self, at: ConnectorId, now: Instant, ledger: &Ledger) -> (Offer, i64) {
        let Some(load) = self.load(at, now.t, ledger) else {
            return (Offer::default(), NEVER);
        };
        let terms = self.terms(&load, now);
        (terms.offer(self.least(at)), terms.until())
    }

    /// When some limit may be another, or others are served.
    pub(crate) fn offer_deadline(&self, now: Mono) -> Option<(Mono, Due)> {
        let turn = self.turns.ends().map(|at| (at, Due::Limit));
        self.limit_deadline(now).into_iter().chain(turn).min()
    }

    fn limit_deadline(&self, now: Mono) -> Option<(Mono, Due)> {
        let until = Millis(u64::try_from(self.offers.until()?.checked_mul(1000)?).ok()?);
        let wall = u64::try_from(self.clock.wall(now).0).ok()?;
        let wait = Millis(until.0.saturating_sub(wall));
        Some((now + wait, Due::Limit))
    }
}
