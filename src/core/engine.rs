//! The engine: routes inputs to those who decide, and collects what they want done.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::ledger::Ledger;
use crate::core::link::Link;
use crate::core::output::Output;
use crate::core::protocol::{Context, Protocol, View};
use crate::core::settings::{Key, Settings};
use crate::core::station::{self, Kept, LocalLimits, Outlook, Station};
use crate::core::{
    Act, Due, Effect, Fact, Input, ListedKey, LocalLimit, Place, Schedule, Setup, SetupError,
    Standing, StandingFault, Stored, Transaction, TxId,
};
use crate::time::{Mono, Now};
use crate::types::ChargingRateUnitType;

/// One charge point: all that it knows, and every decision.
///
/// After each [`handle`](Self::handle), carry out every effect that [`poll`](Self::poll) returns,
/// in order, before the next `handle`.
#[derive(Debug)]
pub struct Engine {
    now: Now,
    protocol: Protocol,
    station: Station,
    ledger: Ledger,
    link: Link,
    out: Output,
}

/// How much happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that were made.
    pub connects: u64,
    /// Calls of ours that were sent.
    pub calls_sent: u64,
    /// Calls of the central system that came.
    pub calls_received: u64,
    /// Calls, ours or theirs, that ended in an error.
    pub call_errors: u64,
    /// Calls of ours that were not answered in time.
    pub timeouts: u64,
    /// Frames that could not be understood at all.
    pub garbage: u64,
    /// Messages in the queue now.
    pub queued: u64,
    /// Meter values that were dropped because too many were queued.
    pub thinned: u64,
    /// How far the device's clock was off when the central system last told the time.
    pub clock_offset_ms: i64,
}

impl Engine {
    /// A charge point that goes on where the stored one ended. Effects may wait at once: poll them
    /// before the first input.
    ///
    /// # Errors
    /// When the set-up does not make sense; nothing has been written then.
    pub fn new(setup: Setup, mut stored: Stored, now: Now) -> Result<Self, SetupError> {
        setup.check()?;
        let mut settings = Settings::new(&setup).map_err(SetupError::Key)?;
        let link = Link::new(&setup, &mut stored.settings, now.mono);
        let local = LocalLimits::take(&mut stored.settings);
        // An earlier version stored names as the central system spelt them: the right spelling wins.
        let all = stored.settings.iter().cloned();
        let (right, mut kept): (Vec<_>, Vec<_>) =
            all.partition(|(name, _)| settings.spelling(name) == name);
        kept.extend(right);
        for refused in settings.set_all(&kept) {
            let key = refused.key;
            log::warn!("stored configuration key {key} is not possible here and is ignored");
        }
        link.check_passwords(settings.password())?;
        let newest = stored.newest();
        let mut out = Output::default();
        out.notify_damaged(std::mem::take(&mut stored.damaged));
        let ledger = Ledger::new(&mut stored, &setup, now.mono, &mut out);
        let station = Station::new(setup, settings, &mut stored, newest, now);
        let places = station.places().count();
        let mut engine = Self {
            now,
            protocol: Protocol::new(places, now.mono),
            station,
            ledger,
            link,
            out,
        };
        let kept = Kept {
            running: stored.running,
            orderly: stored.orderly,
            profiles: stored.profiles,
            local,
        };
        engine.at_station(|station, cx| station.restore_kept(kept, cx));
        engine.settle(false);
        Ok(engine)
    }

    /// The protocol, and what it works with. `idle`: nothing happened but that time has passed.
    fn protocol(&mut self, idle: bool) -> (&mut Protocol, Context<'_>) {
        let cx = Context {
            now: self.now,
            idle,
            station: &mut self.station,
            ledger: &mut self.ledger,
            link: &mut self.link,
            out: &mut self.out,
        };
        (&mut self.protocol, cx)
    }

    fn at_station<T>(
        &mut self,
        act: impl FnOnce(&mut Station, &mut station::Context<'_>) -> T,
    ) -> T {
        let (protocol, mut cx) = self.protocol(false);
        protocol.at_station(&mut cx, act)
    }

    /// Takes in one thing that happened at a time. All that the one before led to has been carried out by
    /// then ([`Engine::poll`]): a build with debug assertions panics where it has not.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        debug_assert!(
            self.out.is_carried_out(),
            "an input comes before the effects of the last one are carried out"
        );
        // A clock that never goes back is asked for; one that does is not followed.
        let mono = now.mono.max(self.now.mono);
        let before = self.now;
        self.now = Now {
            mono,
            wall: now.wall,
        };
        // All that the last input led to has been done.
        self.station.answers_are_out(mono);
        self.link.answers_are_out(mono);
        let patience = self.station.settings().secs(Key::MessageTimeout);
        self.link.call_is_out(mono + patience);
        let idle = matches!(input, Input::Deadline | Input::Host { .. });
        let (protocol, mut cx) = self.protocol(idle);
        protocol.mind_jump(before, &cx);
        match input {
            Input::Link(news) => protocol.on_link(news, &mut cx),
            Input::Charger(fact) => self.on_fact(fact),
            Input::Act(act) => self.on_act(act),
            Input::Answer(request, answer) => protocol.on_answer(request, answer, &mut cx),
            Input::Fetched(fetched) => protocol.on_fetched(fetched, &mut cx),
            Input::Host { dispatched } => {
                protocol.at_station(&mut cx, |it, cx| it.on_host(dispatched, cx));
            }
            // An answer that came in time counts however long the rest of us were held up.
            Input::Deadline => {
                protocol.expire_questions(&mut cx);
                protocol.expire_calls(&mut cx);
            }
        }
        self.settle(idle);
    }

    /// The next thing to do.
    #[must_use]
    pub fn poll(&mut self) -> Option<Effect> {
        self.out.next()
    }

    /// How much happened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            queued: self.ledger.len(),
            thinned: self.ledger.thinned(),
            clock_offset_ms: self.station.clock().offset(),
            ..self.protocol.counters()
        }
    }

    /// What a restart would cut short.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            unsaved: self.ledger.commit_due().is_some(),
            ..self.station.standing()
        }
    }

    /// The transactions that are over and were given up, by their numbers.
    #[must_use]
    pub fn undelivered(&self) -> &Arc<BTreeMap<TxId, Transaction>> {
        self.ledger.undelivered()
    }

    /// All that is wrong now, place by place, faults before warnings, each in the order in which it came.
    #[must_use]
    pub fn standing_faults(&self) -> Vec<StandingFault> {
        self.station.standing_faults()
    }

    /// The local limits that stand now.
    #[must_use]
    pub fn local_limits(&self) -> &[LocalLimit] {
        self.station.local_limits()
    }

    /// All configuration keys, in the order of the standard, then the firmware's own.
    #[must_use]
    pub fn listed_keys(&self) -> Vec<ListedKey> {
        self.station.settings().all()
    }

    /// All configuration keys; those that may not be read have no value.
    pub fn settings(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.station.settings().iter()
    }

    /// The configuration keys, to look at what a change would come to.
    #[cfg(feature = "net")]
    pub(crate) fn keys(&self) -> Settings {
        self.station.settings().clone()
    }

    /// Whether [`Act::Closing`] has been dealt with: all is stored, and the link is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.station.is_closing()
    }

    /// The composite schedule of a connector, or of the grid connection, from now on for so
    /// many seconds, in amperes per phase or in watts (`OCPP 1.6 §5.7`).
    #[must_use]
    pub fn schedule(
        &self,
        now: Now,
        place: Place,
        duration: u32,
        unit: ChargingRateUnitType,
    ) -> Schedule {
        self.outlook().schedule(now, place, duration, unit)
    }

    /// A copy of what composite schedules are made from, which can be asked on any thread.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        self.station.outlook(&self.ledger)
    }

    /// Whether a copy says what a new one would.
    #[must_use]
    pub fn agrees_with(&self, outlook: &Outlook) -> bool {
        self.station.agrees_with(outlook, &self.ledger)
    }

    fn on_fact(&mut self, fact: Fact) {
        let (protocol, mut cx) = self.protocol(false);
        let cx = &mut cx;
        match fact {
            Fact::Ev(at, ev) => protocol.at_station(cx, |it, cx| it.on_ev(at, ev, cx)),
            Fact::Fault(at, fault) => cx.station.on_fault(at, fault),
            Fact::Warning(at, warning) => cx.station.on_warning(at, warning),
            Fact::FaultOver(at, code) => cx.station.on_fault_over(at, code),
            Fact::WarningOver(at, code) => cx.station.on_warning_over(at, code),
            Fact::Operative(at, operative) => {
                protocol.at_station(cx, |it, cx| it.set_in_service(at, operative, cx));
            }
            Fact::Clock(wall) => protocol.on_clock(wall, cx),
            Fact::Meter(at, readings) => {
                protocol.at_station(cx, |it, cx| it.on_meter(at, &readings, false, cx));
            }
            Fact::SignedMeter(at, signed) => cx.station.on_signed_meter(at, signed),
            Fact::Network(up) => protocol.on_network(up, cx),
            Fact::Evse(at, evse) => cx.station.on_evse(at, evse),
            Fact::Contactor(at, closed) => cx.station.on_contactor(at, closed, cx.now.mono),
            Fact::Lock(at, closed) => cx.station.on_lock(at, closed),
            Fact::LocalLimit {
                place,
                source,
                rate,
                valid,
            } => {
                let now = cx.now.mono;
                cx.station.set_local_limit(place, source, rate, valid, now);
            }
            Fact::Draining(is) => protocol.at_station(cx, |it, cx| it.set_draining(is, cx)),
        }
    }

    fn on_act(&mut self, act: Act) {
        let (protocol, mut cx) = self.protocol(false);
        let cx = &mut cx;
        match act {
            Act::Tag(at, tag) => protocol.at_station(cx, |it, cx| it.on_tag(&at, tag, cx)),
            Act::StartTx(at, tag) => protocol.at_station(cx, |it, cx| it.start_for(at, tag, cx)),
            Act::Cancel(at) => protocol.at_station(cx, |it, cx| it.cancel(at, cx)),
            Act::StopTx(at, reason) => {
                protocol.at_station(cx, |it, cx| it.stop(at, reason, None, cx));
            }
            Act::DataTransfer {
                token,
                vendor,
                message,
                data,
            } => {
                protocol.send_data(token, vendor, message, data, cx);
            }
            Act::Deliver(tx) => cx.ledger.deliver_again(tx, cx.now.mono, cx.out),
            Act::Forget(tx) => cx.ledger.forget_undelivered(tx, cx.out),
            Act::InstallProfile(at, tx, profile) => {
                protocol.at_station(cx, |it, cx| it.install_own(at, tx, &profile, cx));
            }
            Act::ClearProfile(at, id) => {
                protocol.at_station(cx, |it, cx| it.clear_own(at, id, cx));
            }
            Act::ClearProfiles => protocol.at_station(cx, Station::clear_all_own),
            Act::SetKey(key, value) => protocol.on_set_key(key.as_str(), value.as_str(), cx),
            Act::SetNetwork(slot, network) => protocol.on_set_network(slot, network, cx),
            Act::NetworkPriority(slots) => protocol.on_network_priority(slots, cx),
            Act::SetFailsafe(at, source, rate) => {
                protocol.at_station(cx, |it, cx| it.set_failsafe(at, source, rate, cx));
            }
            Act::PowerFails => protocol.at_station(cx, |it, cx| it.on_power_fails(cx)),
            Act::Closing => protocol.on_closing(cx),
        }
    }

    /// Does everything that follows from the state being what it is.
    fn settle(&mut self, idle: bool) {
        let (protocol, mut cx) = self.protocol(idle);
        let cx = &mut cx;
        // What the input led to joins the line before the link may go that it would go by.
        protocol.report(cx);
        // What is overdue comes next: it changes what the rest looks at.
        protocol.expire(cx);
        protocol.at_station(cx, |station, cx| station.expire(cx));
        protocol.expire_reset(cx);
        protocol.report(cx);
        // Sessions, then what they may draw, since an offer is made to those that run.
        protocol.at_station(cx, |station, cx| {
            station.begin_freely(cx);
            station.advance_sessions(cx);
            station.mind_absence(cx);
            station.offer_supplies(cx);
        });
        // A status is told before the command that it leads to, so that a host knows why.
        protocol.report_statuses(cx);
        protocol.at_station(cx, |station, cx| {
            station.command_supplies(cx);
            station.mind_drain(cx);
        });
        protocol.mind_reset(cx);
        // Readings are stored before anything is sent, which may say the same.
        let online = protocol.is_online(cx.link);
        cx.ledger.commit(online, cx.now.mono, cx.out);
        protocol.at_station(cx, |station, cx| station.look_later(cx));
        if online {
            cx.ledger.redeliver(cx.now.mono, cx.out);
        }
        protocol.send_next(cx);
        // The window of the queue is as it will be: what it needs is fetched, what it does not is forgotten.
        cx.ledger.forget();
        cx.ledger.fetch(cx.out);
        // Durable before visible: whatever this input changed is stored before anybody hears of it.
        if cx.out.stores() {
            // No sample on the disk may be newer than what is known of its transaction there.
            protocol.at_station(cx, |station, cx| station.save_all(cx));
            let patience = cx.station.settings().secs(Key::MessageTimeout);
            cx.link.hold_call(cx.now.mono + patience);
        }
        cx.out.complete();
    }

    /// The time of the next thing to do if nothing else happens, and what that is.
    #[must_use]
    pub fn deadline(&self) -> Option<(Mono, Due)> {
        let protocol = self.protocol.deadline(View {
            now: self.now.mono,
            station: &self.station,
            ledger: &self.ledger,
            link: &self.link,
        });
        let station = self.station.deadline(self.now.mono);
        let commit = self.ledger.commit_due().map(|at| (at, Due::Commit));
        [protocol, station, commit].into_iter().flatten().min()
    }
}
