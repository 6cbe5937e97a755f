//! The transaction of a connector, from its beginning to what is left when it is over.

use super::Connector;
use crate::core::ledger::End;
use crate::core::station::read_for::ReadFor;
use crate::core::station::run::Run;
use crate::core::station::session::{Ending, Owner, Stage};
use crate::core::station::supply::Offer;
use crate::core::{Ev, Transaction, TxId, Wh};
use crate::time::Mono;
use crate::types::{ChargePointStatus, Reason};

impl Connector {
    /// A transaction of an earlier run goes on, or is to end: see [`Meter::resume`] for `zero`.
    pub(crate) fn resume(&mut self, run: Run, zero: Option<Wh>) {
        self.meter.resume(zero);
        self.session.begin(run);
    }

    /// Until the firmware says otherwise, the vehicle that charged in an earlier run is still there.
    pub(crate) fn expect_vehicle(&mut self) {
        self.ev = Ev::Plugged;
        self.meter.wait(ReadFor::Resumed);
    }

    /// The transaction of an earlier run is to end.
    pub(crate) fn interrupt(&mut self, end: End) {
        self.session.stop(Ending {
            end,
            status: ChargePointStatus::Finishing,
            reads_later: false,
        });
    }

    /// The transaction begins; a vehicle that is ready may react to the first offer until then.
    pub(crate) fn begin(&mut self, tx: TxId, now: Mono, sample: Option<Mono>, reaction: Mono) {
        let reacts_until = Some(reaction).filter(|_| self.ev == Ev::Plugged);
        self.session.begin(Run::new(tx, now, sample, reacts_until));
    }

    /// Takes an offer on.
    pub(crate) fn take_offer(&mut self, offer: Offer, reaction: Mono) {
        // Who is kept from it by something else does not decline it.
        let ready = self.ev == Ev::Plugged && self.may_supply().is_some();
        if let Some(run) = self.session.running_mut() {
            run.take_offer(offer, ready, reaction);
        }
    }

    /// The meter showed its register: returns it, with the transaction that it is of.
    pub(crate) fn register_is_read(&mut self) -> Option<(&Run, Wh)> {
        let shown = self
            .meter
            .register_is_read(self.is_permitted() || self.actuators.is_live());
        Some((self.session.run()?, shown?))
    }

    /// The running transaction, and the register as the bill counts it, which counts against what is allowed.
    pub(crate) fn count_energy(&mut self) -> Option<(TxId, Wh)> {
        let energy = self.meter.energy()?;
        let run = self.session.running_mut()?;
        run.has_drawn(energy);
        Some((run.tx(), energy))
    }

    /// The tag is refused after the start: the vehicle may draw so much more, to get home (`OCPP 1.6 §3.5.4`);
    /// nothing without a meter. Returns the register up to which it may.
    pub(crate) fn allow_only(&mut self, more: i64) -> Option<Wh> {
        let energy = self.meter.energy().filter(|_| more > 0);
        let until = energy.map(|energy| Wh(energy.0.saturating_add(more)));
        if let Some(run) = self.session.running_mut() {
            run.allow_until(until);
        }
        until
    }

    /// The transaction that runs is to end; says whether there is one.
    pub(crate) fn stop(&mut self, end: End, in_service: bool) -> bool {
        let status = self.session.running();
        let status = status.map(|run| self.show_running(run, in_service));
        if let Some(status) = status {
            self.session.stop(Ending {
                end,
                status,
                reads_later: false,
            });
        }
        status.is_some()
    }

    /// Whether the transaction is to end as soon as the meter has been read.
    pub(crate) const fn is_stopping(&self) -> bool {
        matches!(self.session.stage(), Stage::Stopping(..))
    }

    /// The meter has been read for the last time, or will not be: how the transaction ends, and what the meter
    /// shows, not what is billed by it.
    pub(crate) fn last_reading(&mut self) -> Option<(TxId, End, Option<Wh>)> {
        let (run, ending) = self.session.stopping()?;
        let (tx, mut end) = (run.tx(), ending.end.clone());
        let (billed, register) = self.meter.end();
        end.meter = billed;
        Some((tx, end, register))
    }

    /// It is over.
    pub(crate) fn end(&mut self) {
        self.session.end(self.has_cable());
    }

    // rules: 68
    /// What is left of a session when its transaction is over: the cable, if it is still in, and
    /// whether it stays locked until its owner comes (`OCPP 1.6 §4.10`, errata 3.17). `unlocks`: not because
    /// the vehicle was unplugged at its own side.
    pub(crate) fn finish(&mut self, transaction: &Transaction, reason: Reason, unlocks: bool) {
        let left = reason == Reason::EVDisconnected;
        let kept = self.lockable && (reason == Reason::DeAuthorized || (left && !unlocks));
        let hold = kept.then(|| Owner {
            tag: transaction.tag.clone(),
            parent: transaction.parent.clone(),
        });
        self.session.finish(self.has_cable(), left, hold);
    }
}
