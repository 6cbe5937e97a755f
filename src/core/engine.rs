//! The engine: routes inputs to those who decide, and collects what they want done.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::authorize::Authorizations;
use crate::core::boot::Registration;
use crate::core::cache::Cache;
use crate::core::clock::Clock;
use crate::core::connector::{Availability, Connector, Reports};
use crate::core::faults::Faults;
use crate::core::ledger::Ledger;
use crate::core::link::Link;
use crate::core::meter::Meter;
use crate::core::output::Output;
use crate::core::questions::Questions;
use crate::core::reset::Reset;
use crate::core::settings::{Key, Settings};
use crate::core::smart::{Installed, Offers};
use crate::core::{
    ConnectorId, Effect, Fact, Input, Place, Setup, SetupError, Stored, Transaction, TxId,
};
use crate::time::{Mono, Now, Wall};

/// One charge point: all that it knows, and every decision.
///
/// After each [`handle`](Self::handle), carry out every effect that [`poll`](Self::poll) returns,
/// in order, before the next `handle`.
#[derive(Debug)]
pub struct Engine {
    pub(crate) setup: Setup,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) now: Now,
    /// Nothing happened but that time has passed.
    pub(crate) idle: bool,
    /// The newest time that an earlier run is known to have stored.
    pub(crate) newest: Wall,
    /// When the time was last asked for because of a jump, or will be.
    pub(crate) asked_time: Option<Mono>,
    pub(crate) link: Link,
    /// The host stops us: nothing new is begun.
    pub(crate) closing: bool,
    pub(crate) registration: Registration,
    pub(crate) heartbeat: Option<Mono>,
    pub(crate) ledger: Ledger,
    pub(crate) connectors: Vec<Connector>,
    /// Connector 0: the charge point as a whole.
    pub(crate) availability: Availability,
    pub(crate) faults: Faults,
    pub(crate) warnings: Faults,
    /// The central system has accepted us, in this run or an earlier one.
    pub(crate) accepted: bool,
    /// The main meter, if there is one.
    pub(crate) main_meter: Option<Meter>,
    /// The next instant of the clock-aligned interval.
    pub(crate) aligned: Option<Wall>,
    pub(crate) reports: Reports,
    /// Shared with whoever looks ahead.
    pub(crate) profiles: Arc<Installed>,
    pub(crate) offers: Offers,
    pub(crate) cache: Cache,
    pub(crate) authorizations: Authorizations,
    pub(crate) questions: Questions,
    pub(crate) reset: Option<Reset>,
    pub(crate) counters: Counters,
    pub(crate) out: Output,
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

/// Why [`Engine::deadline`] is when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The next attempt to connect.
    Reconnect,
    /// A ping is due.
    Ping,
    /// The answer to a ping is overdue.
    Pong,
    /// BootNotification is due again.
    Boot,
    /// A heartbeat is due.
    Heartbeat,
    /// The answer to a call is overdue.
    Call,
    /// A transaction message is tried again.
    Retry,
    /// The firmware's answer is overdue.
    Question,
    /// ConnectionTimeOut.
    Connection,
    /// A charging limit may change.
    Limit,
    /// The vehicle had time enough to react to an offer.
    Reaction,
    /// A status has lasted long enough to be told.
    Status,
    /// A sample of the meter is due.
    Sample,
    /// Readings have to be stored.
    Commit,
    /// A reset does not wait any longer.
    Reset,
    /// Transactions that were given up are delivered again.
    Redelivery,
    /// A connection is to be closed, and made anew with another password.
    Renewal,
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
        // An earlier version stored names as the central system spelt them: the right spelling wins.
        let mut kept = stored.settings.clone();
        kept.sort_by_key(|(name, _)| settings.spelling(name) == name);
        for refused in settings.set_all(&kept) {
            let key = refused.key;
            log::warn!("stored configuration key {key} is not possible here and is ignored");
        }
        let profile = setup.tuning.security_profile;
        if matches!(profile, 1 | 2) && settings.password().is_none() {
            return Err(SetupError::Password(profile));
        }
        let ids = (1..=u32::from(ConnectorId::MAX)).filter_map(ConnectorId::new);
        let numbered = ids.zip(&setup.connectors);
        let connectors = numbered
            .map(|(id, made)| Connector::new(id, made.lockable))
            .collect();
        let newest = stored.newest();
        let mut out = Output::default();
        let ledger = Ledger::new(&mut stored, &setup, now.mono, &mut out);
        let mut engine = Self {
            settings,
            clock: Clock::new(now, newest),
            now,
            idle: false,
            newest: newest.unwrap_or_default(),
            asked_time: None,
            link: Link::new(&setup, now.mono),
            closing: false,
            registration: Registration::Unknown { retry: now.mono },
            heartbeat: None,
            ledger,
            connectors,
            availability: Availability::OPERATIVE,
            faults: Faults::NONE,
            warnings: Faults::NONE,
            accepted: stored.accepted,
            main_meter: setup.tuning.main_meter.then(Meter::new),
            aligned: None,
            reports: Reports::default(),
            profiles: Arc::default(),
            offers: Offers::default(),
            cache: Cache::new(stored.cache),
            authorizations: Authorizations::default(),
            questions: Questions::default(),
            reset: None,
            counters: Counters::default(),
            out,
            setup,
        };
        for (place, operative) in stored.availability {
            if let Some(availability) = engine.availability_mut(place) {
                availability.central = operative;
            }
        }
        for (place, operative) in stored.local_availability {
            if let Some(availability) = engine.availability_mut(place) {
                availability.local = operative;
            }
        }
        for (at, register) in stored.registers {
            if let Some(connector) = engine.connector_mut(at) {
                connector.meter.remembered = Some(register);
            }
        }
        let unit = engine.setup.tuning.temperature_unit;
        let meters = engine.connectors.iter_mut().map(|one| &mut one.meter);
        for meter in meters.chain(&mut engine.main_meter) {
            meter.temperature = unit;
        }
        engine.out.tell_damaged(stored.damaged);
        engine.restore(stored.running, stored.orderly);
        engine.restore_profiles(stored.profiles);
        engine.rearm_aligned();
        engine.settle();
        Ok(engine)
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
        self.questions.are_seen(mono);
        self.answers_are_out();
        let patience = self.settings.secs(Key::MessageTimeout);
        self.link.is_sent(mono + patience);
        self.idle = matches!(input, Input::Deadline);
        self.mind_jump(before);
        match input {
            Input::Link(news) => self.on_link(news),
            Input::Charger(fact) => self.on_fact(fact),
            Input::Answer(request, answer) => self.on_answer(request, answer),
            Input::Fetched(fetched) => self.on_fetched(fetched),
            Input::Deadline => {}
        }
        // An answer that came in time counts however long the rest of us were held up.
        if self.idle {
            self.expire_questions();
            self.expire_calls();
        }
        self.settle();
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
            clock_offset_ms: self.clock.offset(),
            ..self.counters
        }
    }

    /// The transactions that are over and were given up, by their numbers.
    #[must_use]
    pub fn undelivered(&self) -> &Arc<BTreeMap<TxId, Transaction>> {
        self.ledger.undelivered()
    }

    /// All configuration keys; those that may not be read have no value.
    pub fn settings(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.settings.iter()
    }

    /// The configuration keys, to look at what a change would come to.
    #[cfg(feature = "net")]
    pub(crate) fn keys(&self) -> Settings {
        self.settings.clone()
    }

    /// Whether [`Fact::Closing`] has been dealt with: all is stored, and the link is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closing
    }

    fn on_fact(&mut self, fact: Fact) {
        match fact {
            Fact::Ev(at, ev) => self.on_ev(at, ev),
            Fact::Fault(at, fault) => self.on_fault(at, fault),
            Fact::Warning(at, warning) => self.on_warning(at, warning),
            Fact::FaultOver(at, code) => self.on_fault_over(at, code),
            Fact::WarningOver(at, code) => self.on_warning_over(at, code),
            Fact::Operative(at, operative) => self.set_in_service(at, operative),
            Fact::Clock(wall) => {
                let first = !self.clock.is_synced();
                self.set_clock(wall);
                if first {
                    self.connect_by_clock();
                }
            }
            Fact::Meter(at, readings) => self.on_meter(at, &readings, false),
            Fact::SignedMeter(at, signed) => self.on_signed_meter(at, signed),
            Fact::Tag(at, tag) => self.on_tag(&at, tag),
            Fact::StopTx(at, reason) => self.stop(at, reason, None),
            Fact::Network(up) => self.on_network(up),
            Fact::DataTransfer {
                token,
                vendor,
                message,
                data,
            } => {
                self.send_data(token, vendor, message, data);
            }
            Fact::Deliver(tx) => self.ledger.deliver_again(tx, self.now.mono, &mut self.out),
            Fact::Forget(tx) => self.ledger.forget_undelivered(tx, &mut self.out),
            Fact::SetKey(key, value) => self.set_key(key.as_str(), value.as_str()),
            Fact::PowerFails => self.on_power_fails(),
            Fact::Closing => self.on_closing(),
        }
    }

    /// Does everything that follows from the state being what it is: overdue deadlines, sessions
    /// that can start, statuses and commands that changed, calls that can go out.
    fn settle(&mut self) {
        self.expire();
        self.advance_sessions();
        self.offer_supplies();
        self.report_statuses();
        self.command_supplies();
        self.mind_reset();
        let (online, now) = (self.is_online(), self.now.mono);
        self.ledger.commit(online, now, &mut self.out);
        self.look_later();
        if online {
            self.ledger.redeliver(now, &mut self.out);
        }
        self.send_next();
        self.ledger.forget();
        self.ledger.fetch(&mut self.out);
        // Durable before visible: whatever this input changed is stored before anybody hears of it.
        if self.out.stores() {
            // No sample on the disk may be newer than what is known of its transaction there.
            self.ledger.save_all(&mut self.out);
            self.look_later();
            let patience = self.settings.secs(Key::MessageTimeout);
            self.link.is_held(self.now.mono + patience);
        }
        self.out.is_complete();
    }

    /// Everything whose time has come.
    fn expire(&mut self) {
        self.expire_link();
        self.expire_boot();
        self.expire_sessions();
        self.expire_samples();
        self.expire_reset();
    }

    /// The time of the next thing to do if nothing else happens, and what that is.
    #[must_use]
    pub fn deadline(&self) -> Option<(Mono, Due)> {
        let link = self.link_deadline();
        let calls = self.call_deadline();
        let boot = self.boot_deadline();
        let questions = self.questions.deadline().map(|at| (at, Due::Question));
        let sessions = self.session_deadline();
        let statuses = self.status_deadline();
        let commit = self.ledger.commit_due().map(|at| (at, Due::Commit));
        let aligned = self.aligned_deadline();
        let limits = self.offer_deadline();
        let reset = self.reset_deadline();
        let again = self.ledger.redelivery_due().filter(|_| self.is_online());
        let again = again.map(|at| (at, Due::Redelivery));
        let all = [
            link, calls, boot, questions, sessions, statuses, aligned, limits, commit, reset, again,
        ];
        all.into_iter().flatten().min()
    }

    /// What was read just now and is durable need not be read again soon.
    pub(crate) fn look_later(&mut self) {
        while let Some(at) = self.ledger.next_saved() {
            let connector = self.connector(at);
            if connector.is_some_and(|known| known.meter.is_fresh(self.now.mono)) {
                self.rearm_watch(at);
            }
        }
    }

    pub(crate) fn connector(&self, id: ConnectorId) -> Option<&Connector> {
        self.connectors.get(id.index())
    }

    pub(crate) fn connector_mut(&mut self, id: ConnectorId) -> Option<&mut Connector> {
        self.connectors.get_mut(id.index())
    }

    /// A place by the number that the central system names it by, if it exists here.
    pub(crate) fn place(&self, number: i32) -> Option<Place> {
        let place = Place::new(u32::try_from(number).ok()?)?;
        let exists = place
            .connector()
            .map_or(true, |at| self.connector(at).is_some());
        exists.then_some(place)
    }

    /// The charge point as a whole, and its connectors by their numbers; borrows nothing.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + Clone + 'static {
        let connectors = self.connector_ids().map(Place::Connector);
        std::iter::once(Place::ChargePoint).chain(connectors)
    }

    /// All connectors by their numbers; borrows nothing.
    pub(crate) fn connector_ids(&self) -> impl Iterator<Item = ConnectorId> + Clone + 'static {
        let count = u32::try_from(self.connectors.len()).unwrap_or(0);
        (1..=count).filter_map(ConnectorId::new)
    }
}
