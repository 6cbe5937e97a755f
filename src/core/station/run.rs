//! A transaction that runs, as far as it is not kept in its record: what it may draw, whether its vehicle wants it, and
//! when its meter is read.

use crate::core::station::instants::next_on_grid;
use crate::core::station::supply::Offer;
use crate::core::{Due, Ev, Transaction, TxId, Wh};
use crate::time::{Millis, Mono};

/// A running transaction, as far as it is not kept in its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    tx: TxId,
    /// It began in an earlier run of the charge point.
    resumed: bool,
    /// When it began, or went on after a restart.
    since: Mono,
    /// When the next periodic sample is due.
    sample: Option<Mono>,
    /// When the meter is looked at next, beside the samples.
    watch: Option<Mono>,
    /// How often it was looked at in vain for the first register.
    looks: u32,
    /// The offer is fresh: until then the vehicle may take its time to react.
    reacts_until: Option<Mono>,
    /// That offer came after a pause.
    after_pause: bool,
    /// The vehicle had its time and took nothing: it does not want energy now.
    declined: bool,
    /// What it may draw; `None` until that has been worked out.
    offer: Option<Offer>,
    allowance: Allowance,
    /// Something keeps energy off: a fault, or a reset.
    held: bool,
    /// Its status was another one than Preparing.
    under_way: bool,
}

/// How much energy a transaction may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// As much as it likes.
    Full,
    /// The tag was refused after the start: until the register shows this
    /// (`OCPP 1.6 §9.1.14`).
    Until(Wh),
    /// None any more.
    Spent,
}

impl Run {
    /// One that begins now. `sample`: when its first periodic sample is due; `reacts_until`: how long the
    /// vehicle may take to react to the first offer, if it is ready to.
    pub(crate) const fn new(
        tx: TxId,
        now: Mono,
        sample: Option<Mono>,
        reacts_until: Option<Mono>,
    ) -> Self {
        Self {
            tx,
            resumed: false,
            since: now,
            sample,
            watch: None,
            looks: 0,
            reacts_until,
            after_pause: false,
            declined: false,
            offer: None,
            allowance: Allowance::Full,
            held: false,
            under_way: false,
        }
    }

    /// One of an earlier run of the charge point, as it goes on.
    pub(crate) fn resumed(transaction: &Transaction, now: Mono, sample: Option<Mono>) -> Self {
        let allowance = match transaction.until {
            _ if !transaction.deauthorized => Allowance::Full,
            Some(until) if transaction.last.1 < until => Allowance::Until(until),
            _ => Allowance::Spent,
        };
        Self {
            resumed: true,
            under_way: true,
            allowance,
            ..Self::new(transaction.id, now, sample, None)
        }
    }

    pub(crate) const fn tx(&self) -> TxId {
        self.tx
    }

    // rules: 80
    /// Its transaction, if that was already running then.
    pub(crate) fn tx_at(&self, when: Mono) -> Option<TxId> {
        (self.since <= when).then_some(self.tx)
    }

    /// Whether it began in an earlier run of the charge point.
    pub(crate) const fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// When it began, or went on after a restart.
    pub(crate) const fn since(&self) -> Mono {
        self.since
    }

    /// What it may draw; `None` until that has been worked out.
    pub(crate) const fn offer(&self) -> Option<Offer> {
        self.offer
    }

    /// Whether limits leave nothing to draw.
    pub(crate) fn is_paused(&self) -> bool {
        self.offer.is_some_and(Offer::is_nothing)
    }

    /// Whether the vehicle takes what is offered, as far as is known.
    pub(crate) const fn wants_energy(&self) -> bool {
        !self.declined
    }

    /// Whether the vehicle may still take its time to react to an offer.
    pub(crate) const fn may_react(&self) -> bool {
        self.reacts_until.is_some()
    }

    /// Whether the offer that it may react to came after a pause.
    pub(crate) const fn goes_on(&self) -> bool {
        self.after_pause
    }

    /// Its status is another one than Preparing.
    pub(crate) fn gets_under_way(&mut self) {
        self.under_way = true;
    }

    /// Whether its status was another one than Preparing: the table of transitions knows no way back.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Takes an offer on. One that comes after a pause gives a vehicle that is ready time to react.
    pub(crate) fn take_offer(&mut self, offer: Offer, ready: bool, reaction: Mono) {
        let before = self.offer.replace(offer);
        if offer.is_nothing() {
            self.reacts_until = None;
        } else if before.is_some_and(Offer::is_nothing) {
            self.reacts_until = ready.then_some(reaction);
            self.after_pause = true;
        }
    }

    /// A fault or a reset keeps energy off (`held`), or none does any more: the vehicle, if it is ready and
    /// wants energy, is given time to react when it comes back.
    pub(crate) fn hold(&mut self, held: bool, ready: bool, reaction: Mono) {
        let comes_back = std::mem::replace(&mut self.held, held) && !held;
        if comes_back && ready && !self.declined {
            self.reacts_until = Some(reaction);
            self.after_pause = true;
        }
    }

    /// What the vehicle does. `permitted`: energy may flow.
    pub(crate) fn vehicle_does(&mut self, ev: Ev, permitted: bool) {
        match ev {
            Ev::Charging => self.declined = false,
            Ev::Suspended => self.declined = true,
            // It asked before, and does not any more although it could.
            Ev::Plugged if self.reacts_until.is_none() && permitted && !self.is_paused() => {
                self.declined = true;
            }
            _ => {}
        }
        if matches!(ev, Ev::Charging | Ev::Suspended) {
            self.reacts_until = None;
        }
    }

    /// A vehicle whose time to react is over does not want energy.
    pub(crate) fn expire_reaction(&mut self, now: Mono) {
        if self.reacts_until.is_some_and(|until| until <= now) {
            self.reacts_until = None;
            self.declined = true;
        }
    }

    /// Whether it may draw anything at all.
    pub(crate) fn is_allowed_some(&self) -> bool {
        self.allowance != Allowance::Spent
    }

    /// Whether what it may draw is counted.
    pub(crate) const fn is_counted(&self) -> bool {
        matches!(self.allowance, Allowance::Until(_))
    }

    /// The tag was refused after the start: until the register shows this; `None`: nothing any more.
    pub(crate) fn allow_until(&mut self, most: Option<Wh>) {
        self.allowance = most.map_or(Allowance::Spent, Allowance::Until);
    }

    /// The register shows this.
    pub(crate) fn has_drawn(&mut self, energy: Wh) {
        if matches!(self.allowance, Allowance::Until(most) if energy >= most) {
            self.allowance = Allowance::Spent;
        }
    }

    /// The interval of the samples was changed: when the next one is due.
    pub(crate) fn sample_at(&mut self, next: Option<Mono>) {
        self.sample = next;
    }

    /// The sample that is due, if one is; the next one is due an interval later.
    pub(crate) fn next_sample(&mut self, interval: Millis, now: Mono) -> Option<Mono> {
        let due = self.sample.filter(|due| *due <= now)?;
        self.sample = next_on_grid(due, interval, now);
        Some(due)
    }

    /// Whether it is time to look at the meter; counted, for the first register may not be there yet.
    pub(crate) fn next_look(&mut self, now: Mono) -> bool {
        let is_due = self.watch.is_some_and(|due| due <= now);
        if is_due {
            self.looks = self.looks.saturating_add(1);
        }
        is_due
    }

    /// How often the meter was looked at in vain for the first register.
    pub(crate) const fn looks(&self) -> u32 {
        self.looks
    }

    /// When the meter is looked at next. `in_vain`: its first register is not known yet.
    pub(crate) fn look_at(&mut self, next: Option<Mono>, in_vain: bool) {
        self.watch = next;
        self.looks = if in_vain { self.looks } else { 0 };
    }

    /// The transaction is to end: its meter is read once more, and for nothing else.
    pub(crate) fn read_no_more(&mut self) {
        self.sample = None;
        self.watch = None;
    }

    /// What is due next. `watches`: there is something to be seen at the meter.
    pub(crate) fn deadline(&self, watches: bool) -> Option<(Mono, Due)> {
        let sample = self.sample.map(|at| (at, Due::Sample));
        let watch = self.watch.filter(|_| watches).map(|at| (at, Due::Sample));
        let reaction = self.reacts_until.map(|at| (at, Due::Reaction));
        sample.into_iter().chain(watch).chain(reaction).min()
    }
}
