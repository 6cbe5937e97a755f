//! A connector: the facts about it, and what is going on at it. They change together, by its verbs.

mod feedback;
mod status;
mod transaction;

use crate::core::station::actuators::Actuators;
use crate::core::station::arrival::Arrival;
use crate::core::station::condition::Condition;
use crate::core::station::meter::Meter;
use crate::core::station::read_for::ReadFor;
use crate::core::station::run::Run;
use crate::core::station::session::{Allowed, Owner, Session, Stage};
use crate::core::{Claim, ConnectorId, Due, Ev, Evse, Supply, TemperatureUnit};
use crate::time::{Millis, Mono};
use crate::types::IdToken;

/// Everything about one connector.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    id: ConnectorId,
    lockable: bool,
    ev: Ev,
    evse: Evse,
    arrival: Arrival,
    condition: Condition,
    session: Session,
    meter: Meter,
    /// The last command to the host.
    supply: Option<Supply>,
    /// What says of itself whether it is closed.
    actuators: Actuators,
}

/// What a session comes to because of what is the case now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// All prerequisites hold: a transaction starts.
    Start(Allowed),
    /// What was about to begin does not.
    CallOff,
}

/// The facts.
impl Connector {
    pub(crate) fn new(
        id: ConnectorId,
        lockable: bool,
        unit: TemperatureUnit,
        actuators: Actuators,
    ) -> Self {
        Self {
            id,
            lockable,
            ev: Ev::Absent,
            evse: Evse::Ready,
            arrival: Arrival::Unknown,
            condition: Condition::SOUND,
            session: Session::IDLE,
            meter: Meter::new(unit),
            supply: None,
            actuators,
        }
    }

    pub(crate) const fn id(&self) -> ConnectorId {
        self.id
    }

    /// Whether it has a lock.
    pub(crate) const fn is_lockable(&self) -> bool {
        self.lockable
    }

    pub(crate) const fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn meter_mut(&mut self) -> &mut Meter {
        &mut self.meter
    }

    pub(crate) const fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(crate) fn condition_mut(&mut self) -> &mut Condition {
        &mut self.condition
    }

    /// Its transaction, until the end of it is on the books.
    pub(crate) const fn run(&self) -> Option<&Run> {
        self.session.run()
    }

    /// Its transaction, while it runs.
    pub(crate) const fn running(&self) -> Option<&Run> {
        self.session.running()
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Run> {
        self.session.running_mut()
    }

    /// Whether a cable is in.
    pub(crate) fn has_cable(&self) -> bool {
        self.ev != Ev::Absent
    }

    /// Whether a vehicle is connected.
    pub(crate) const fn has_vehicle(&self) -> bool {
        self.ev.is_connected()
    }

    /// Whether there is something to be seen at the meter: energy may have flowed since it was read.
    pub(crate) fn watches(&self) -> bool {
        !self.meter.stands_still()
    }

    /// Whether something is going on that a change of availability has to wait for.
    pub(crate) const fn is_busy(&self) -> bool {
        !matches!(self.session.stage(), Stage::Idle | Stage::Finishing { .. })
    }

    /// Whether somebody may charge here, and the transaction has not begun.
    pub(crate) const fn waits_for_somebody(&self) -> bool {
        match self.session.stage() {
            Stage::Starting(_) => true,
            Stage::Preparing { allowed, .. } => allowed.is_some(),
            _ => false,
        }
    }

    /// Whether a session could begin here.
    pub(crate) fn is_free(&self) -> bool {
        self.session.is_open() && self.condition.is_operative() && !self.condition.is_faulted()
    }

    /// Whether a vehicle waits here for somebody who may charge.
    pub(crate) fn is_waiting(&self) -> bool {
        self.has_vehicle() && matches!(self.session.stage(), Stage::Preparing { .. })
    }

    /// Whether energy may flow, by the last command.
    pub(crate) fn is_permitted(&self) -> bool {
        self.supply.is_some_and(|supply| supply.permit)
    }
}

/// What happens to it.
impl Connector {
    /// What the vehicle does; says whether a cable was plugged in. `free`: nobody is asked for a tag.
    pub(crate) fn on_ev(&mut self, ev: Ev, free: bool) -> bool {
        self.arrival = self.arrival.seen(ev.is_connected(), free);
        let before = std::mem::replace(&mut self.ev, ev);
        before == Ev::Absent && ev != Ev::Absent
    }

    /// Whether the charger itself can supply energy here.
    pub(crate) fn on_evse(&mut self, evse: Evse) {
        self.evse = evse;
    }

    /// Whether a session may begin here because a vehicle has just been plugged in. What a fault forbids is not
    /// put off, as with a tag; and who is served already, or waited for, is not served twice.
    pub(crate) fn is_new(&mut self, all_faulted: bool) -> bool {
        if all_faulted || self.condition.is_faulted() || !self.session.is_open() {
            self.is_known();
        }
        self.arrival == Arrival::New && self.is_free()
    }

    /// Whatever begins here, somebody has to ask for it.
    pub(crate) fn is_known(&mut self) {
        self.arrival.is_over();
    }

    /// What comes of it for the session. Says whether a transaction runs.
    pub(crate) fn follow_vehicle(&mut self, now: Mono) -> bool {
        if !self.has_vehicle() {
            self.wait_again(now);
        }
        let (ev, permitted) = (self.ev, self.is_permitted());
        let run = self.session.running_mut();
        run.map(|run| run.vehicle_does(ev, permitted)).is_some()
    }

    /// What was about to begin has to wait; the meter is read anew.
    fn wait_again(&mut self, now: Mono) {
        if self.session.wait_again(now) {
            self.meter.nobody_waits_for(ReadFor::Begin);
        }
    }

    // rules: 39, 43, 51
    /// What the session comes to because of what is the case now. `may_run`, `may_begin`: whether one may go
    /// on, and whether one may begin, as far as the charge point as a whole is concerned.
    pub(crate) fn advance(
        &mut self,
        may_run: bool,
        may_begin: bool,
        now: Mono,
        reaction: Mono,
    ) -> Option<Next> {
        let sound = !self.condition.calls_off();
        let usable = may_begin && sound;
        let locked = self.actuators.is_locked();
        let (cable, vehicle) = (self.has_cable(), self.has_vehicle());
        let ready = self.ev == Ev::Plugged;
        if let Some(run) = self.session.running_mut() {
            let held = !may_run || !sound || !locked || self.evse != Evse::Ready;
            run.hold(held, ready, reaction);
            return None;
        }
        match self.session.stage() {
            Stage::Idle if cable && usable && self.condition.is_operative() => {
                self.session.prepare(now, None);
            }
            Stage::Preparing { allowed: None, .. } | Stage::Finishing { .. } if !cable => {
                self.session.end(false);
            }
            Stage::Preparing {
                allowed: Some(allowed),
                ..
            } if usable && vehicle && locked && !self.actuators.is_live() => {
                return Some(Next::Start(allowed.clone()));
            }
            // What forbids a start does not just put it off: when an emergency stop is released,
            // nothing may begin that nobody asks for then.
            Stage::Preparing { .. } | Stage::Finishing { .. } | Stage::Idle
                if !usable && vehicle =>
            {
                return Some(Next::CallOff);
            }
            Stage::Starting(_) if !usable => return Some(Next::CallOff),
            Stage::Starting(_) if !locked => self.wait_again(now),
            _ => {}
        }
        None
    }

    // rules: 40
    /// Waits that are over: ConnectionTimeOut, and the time that a vehicle has to react. Returns who was
    /// waited for, and is not any more.
    pub(crate) fn expire(
        &mut self,
        connection_timeout: Option<Millis>,
        now: Mono,
    ) -> Option<Claim> {
        let until = self.session.preparing_until(connection_timeout);
        if until.is_some_and(|until| until <= now) {
            let claim = self.session.call_off(now);
            self.session.end(self.has_cable());
            return claim;
        }
        if let Some(run) = self.session.running_mut() {
            run.expire_reaction(now);
        }
        None
    }

    /// What is due next.
    pub(crate) fn deadline(&self, connection_timeout: Option<Millis>) -> Option<(Mono, Due)> {
        if let Some(run) = self.session.running() {
            return run.deadline(self.watches());
        }
        let until = self.session.preparing_until(connection_timeout);
        until.map(|until| (until, Due::Connection))
    }

    /// What was about to begin does not; returns who that was.
    pub(crate) fn call_off(&mut self, now: Mono) -> Option<Claim> {
        let claim = self.session.call_off(now)?;
        self.meter.nobody_waits_for(ReadFor::Begin);
        Some(claim)
    }

    /// What is being prepared is over, and nothing begins for the plug alone.
    pub(crate) fn prepare_no_more(&mut self) {
        self.is_known();
        if matches!(self.session.stage(), Stage::Preparing { .. }) {
            self.session.end(self.has_cable());
        }
    }

    /// Who may charge here is known; see [`Session::permit`].
    pub(crate) fn permit(&mut self, allowed: Allowed, now: Mono) {
        self.session.permit(allowed, now);
    }

    /// Who was waited for elsewhere since then charges here.
    pub(crate) fn permit_since(&mut self, since: Mono, allowed: Option<Allowed>) {
        self.session.prepare(since, allowed);
    }

    /// Since when somebody is waited for here who may charge at that connector as well.
    pub(crate) fn waits_for_one_of(&self, at: ConnectorId) -> Option<Mono> {
        let since = self.session.waits_for_one_of(at)?;
        (!self.has_cable()).then_some(since)
    }

    /// Who is waited for here goes somewhere else: nobody is any more.
    pub(crate) fn take_along(&mut self) -> Option<Allowed> {
        self.session.take_along()
    }

    /// Who may charge here or elsewhere may not at that connector.
    pub(crate) fn permit_no_more_at(&mut self, at: ConnectorId) {
        self.session.permit_no_more_at(at);
    }

    /// A tag that was shown is taken back; says whether it was waited for.
    pub(crate) fn take_back(&mut self, tag: &IdToken, now: Mono) -> bool {
        if self.starting().is_some_and(|by| by.claim.tag == *tag) {
            return self.call_off(now).is_some();
        }
        self.session.take_back(tag)
    }

    /// Who has to come to get the cable back.
    pub(crate) const fn kept_for(&self) -> Option<&Owner> {
        self.session.kept_for()
    }

    /// The cable may be taken, if it is kept for somebody who fits; says whether it was.
    pub(crate) fn release(&mut self, fits: impl Fn(&Owner) -> bool) -> bool {
        self.session.release(fits)
    }

    /// The meter is read, then the transaction begins.
    pub(crate) fn await_meter(&mut self, allowed: Allowed) {
        self.session.await_meter(allowed);
    }

    /// Whose session begins as soon as the meter has been read.
    pub(crate) const fn starting(&self) -> Option<&Allowed> {
        self.session.starting()
    }
}
