//! The loop: whatever is due next happens, and what must hold is looked at after each step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};

use evcp::core::{
    Act, AfterPowerLoss, Answer, ConnectorId, ConnectorSetup, Device, Due, Effect, Engine, Ev,
    Evse, Fact, Fault, Feed, Feedback, Fetched, Hardware, Host, Input, Network, NetworkSlot,
    Notice, Place, Quantity, Question, Rate, Reading, RequestId, Route, Setup, Source, Supply,
    Transaction, TransactionChange, Tuning,
};
use evcp::store::{Health, RetryingStore, Store};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::types::{
    ChargePointErrorCode, ChargePointStatus, ChargingRateUnitType, CiString, DataTransferStatus,
    IdToken, Measurand, ReadingContext, Reason, RegistrationStatus,
};
use evcp::{Inbox, Mail, Outbox};
use evcp_testing::frames::Frames;
use evcp_testing::power::{News, Power, Surroundings};
use fastrand::Rng;
use serde_json::{json, Value};

use self::host::Seen;
use super::central::Central;
use super::charger::{Outlet, Sessions, FREE};
use super::disk::Disk;
use super::limits::Limits;
use super::link::{Link, State};
use super::plan::{Blow, Event, Make, Plan, Speed, Step, Who};
use super::refusals::Refusals;
use super::requests::{nonsense, request};
use super::NEW_YEAR;

#[path = "board.rs"]
mod board;
#[path = "device.rs"]
mod device;
#[path = "events.rs"]
mod events;
#[path = "host.rs"]
mod host;
#[path = "look.rs"]
mod look;
#[path = "meters.rs"]
mod meters;
#[path = "traffic.rs"]
mod traffic;
#[path = "undelivered.rs"]
mod undelivered;

/// How a life went.
#[derive(Debug, Default)]
pub struct Outcome {
    pub violation: Option<String>,
    pub steps: u64,
    pub millis: u64,
    pub sessions: u64,
    pub power_cuts: u64,
    /// What happened, line by line, if that was wanted.
    pub story: Vec<String>,
}

/// Lives through a plan. `tell`: with a story.
pub fn run(plan: &Plan, tell: bool) -> Outcome {
    let mut world = World::new(plan, tell);
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    let violation = match lived {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(why),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("panic: {}", text.unwrap_or_default()))
        }
    };
    Outcome {
        violation,
        millis: world.now,
        sessions: world.sessions.0.len() as u64,
        ..world.outcome
    }
}

type Is = Result<(), String>;

/// What is to happen at some time.
enum Next {
    Event(usize),
    ToCentral(u64, String),
    ToCharger(u64, String),
    Connected(u64),
    Refused(u64),
    Pong(u64),
    Answer(u64, RequestId, Answer),
    Meter(u64, RequestId, usize),
    /// The meter could not be read.
    NoMeter(u64, RequestId),
    /// It answers, and says nothing of the register.
    Bare(u64, RequestId),
    Strike(u64, usize, Blow),
    Push(usize),
    Contactor(usize),
    Lock(usize),
    HostIsBack,
    DiskWorks,
    DiskTry(u64),
    PowerOn,
}

struct World<'a> {
    plan: &'a Plan,
    make: &'a Make,
    dice: Rng,
    /// True milliseconds since the beginning.
    now: u64,
    agenda: BTreeMap<(u64, u64), Next>,
    count: u64,
    power: Power,
    /// For how long the power goes when there is no fuel left.
    off_for: u64,
    store: Option<RetryingStore>,
    disk: Disk,
    /// Counts the starts of the device.
    epoch: u64,
    booted: u64,
    /// How far the device's clock is off, beside its drift.
    clock: i64,
    link: Link,
    /// By which network profile the last attempt to connect was made.
    way_in_use: Option<NetworkSlot>,
    central: Central,
    limits: Limits,
    inbox: Inbox,
    outbox: Outbox,
    /// Calls of the central system that wait for the firmware.
    held: VecDeque<String>,
    /// The firmware does not look at what it is told before this.
    busy_until: u64,
    /// Since when energy may flow anywhere.
    flows_since: u64,
    /// When it did last; whether it did since the engine asked, and whether it was called.
    dispatched_at: u64,
    dispatched: bool,
    called: bool,
    seen: Vec<Seen>,
    /// Whose meter a question is about.
    open_meters: BTreeMap<RequestId, usize>,
    /// The engine knows of a fault of the charge point as a whole.
    seen_fault: bool,
    /// Nothing new may begin.
    draining: bool,
    /// A connector was commanded since somebody looked.
    commanded: bool,
    frames: Frames,
    refusals: Refusals,
    outlets: Vec<Outlet>,
    sessions: Sessions,
    statuses: BTreeMap<usize, ChargePointStatus>,
    /// The charge point as a whole has a fault.
    faulted: bool,
    /// The central system accepted this run of the charge point.
    registered: bool,
    /// When the disk began to fail, if it does.
    failing_since: u64,
    /// So many commits take so long each.
    slow: (u32, u64),
    /// When the disk was slow last.
    slow_at: u64,
    /// What effects brought about for the engine itself.
    owed: VecDeque<Fetched>,
    tags: u64,
    calls: u64,
    data: u64,
    /// Vendor data whose end the firmware has not heard of.
    open_data: BTreeSet<u64>,
    calm: bool,
    tell: bool,
    outcome: Outcome,
}

const DAY: u64 = 86_400_000;
/// How long after the last trouble everything must be well.
const RECOVERS: u64 = 4 * 3_600_000;
/// How often a failing disk is tried again, as the shell does.
const DISK_TRY: u64 = 5_000;
/// How long the charge point waits for an answer: MessageTimeout.
const PATIENCE: Millis = Millis(30_000);

fn at(number: usize) -> ConnectorId {
    ConnectorId::new(u32::try_from(number).unwrap_or(0)).expect("connectors count from 1")
}

fn place(number: usize) -> Place {
    Place::new(u32::try_from(number).unwrap_or(0)).unwrap_or(Place::ChargePoint)
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, tell: bool) -> Self {
        let make = &plan.make;
        let mut dice = Rng::with_seed(plan.seed ^ 0x5EED);
        let outlets = (0..make.connectors)
            .map(|_| Outlet::new(make, dice.u64(..9_000_000_000)))
            .collect();
        Self {
            plan,
            make,
            dice,
            now: 0,
            agenda: BTreeMap::new(),
            count: 0,
            power: Power::default(),
            off_for: 0,
            store: None,
            disk: Disk::new(make.sqlite, plan.seed),
            epoch: 0,
            booted: 0,
            clock: make.clock_off,
            link: Link::new(),
            way_in_use: None,
            central: Central::new(plan.make.stop_data),
            limits: Limits::new(plan),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            held: VecDeque::new(),
            busy_until: 0,
            flows_since: 0,
            dispatched_at: 0,
            dispatched: false,
            called: false,
            seen: vec![Seen::default(); make.connectors],
            seen_fault: false,
            draining: false,
            open_meters: BTreeMap::new(),
            commanded: false,
            frames: Frames::default(),
            refusals: Refusals::default(),
            outlets,
            sessions: Sessions::default(),
            statuses: BTreeMap::new(),
            faulted: false,
            registered: false,
            failing_since: 0,
            slow: (0, 0),
            slow_at: 0,
            owed: VecDeque::new(),
            tags: 0,
            calls: 0,
            data: 0,
            open_data: BTreeSet::new(),
            calm: false,
            tell,
            outcome: Outcome::default(),
        }
    }

    fn live(&mut self) -> Is {
        for number in 0..self.plan.events.len() {
            self.at(self.plan.events[number].0, Next::Event(number));
        }
        self.power_on()?;
        self.until(self.plan.calm, |_| false)?;
        self.calm_down()?;
        let end = self.now + RECOVERS;
        if !self.until(end, Self::is_well)? {
            return Err(format!("not well after {RECOVERS} ms: {}", self.ails()));
        }
        // Whatever was said before must not keep anybody from charging now.
        self.call("ClearChargingProfile", json!({}))?;
        self.call(
            "ChangeAvailability",
            json!({"connectorId": 0, "type": "Operative"}),
        )?;
        self.until(self.now + 60_000, |_| false)?;
        for number in 1..=self.make.connectors {
            self.probe(number)?;
        }
        let end = self.now + RECOVERS;
        if !self.until(end, Self::is_well)? {
            return Err(format!("not well after the last session: {}", self.ails()));
        }
        self.deliver_all()?;
        self.compare()?;
        // And nothing is left over.
        self.act(Act::Closing)?;
        let left = self.disk.clone().load().map_err(|why| why.to_string())?;
        if left.queued > 0 || !left.running.is_empty() || !left.undelivered.is_empty() {
            return Err(format!("left in the store: {left:?}"));
        }
        Ok(())
    }

    fn at(&mut self, when: u64, next: Next) {
        self.count += 1;
        self.agenda.insert((when.max(self.now), self.count), next);
    }

    fn after(&mut self, millis: u64, next: Next) {
        self.at(self.now + millis, next);
    }

    /// Lets happen what is due before `end`, or until it is enough. Says whether it was.
    fn until(&mut self, end: u64, enough: impl Fn(&Self) -> bool) -> Result<bool, String> {
        let (mut spins, mut before) = (0, self.now);
        loop {
            if enough(self) {
                return Ok(true);
            }
            let due = self.power.engine().and_then(Engine::deadline);
            let asks = matches!(due, Some((_, Due::Host)));
            let due =
                due.map(|(mono, _)| (self.booted + mono.0.saturating_sub(1_000)).max(self.now));
            let next = self.agenda.keys().next().map(|(when, _)| *when);
            let Some(when) = due.into_iter().chain(next).min().filter(|when| *when < end) else {
                self.pass(end.max(self.now));
                return Ok(enough(self));
            };
            self.pass(when.max(self.now));
            spins = if self.now == before { spins + 1 } else { 0 };
            before = self.now;
            if spins > 20_000 {
                return Err("time stands still".to_owned());
            }
            self.outcome.steps += 1;
            if next == Some(when) {
                if let Some((_, next)) = self.agenda.pop_first() {
                    self.happen(next)?;
                }
            } else if asks {
                let dispatched = self.has_dispatched();
                self.give(Input::Host { dispatched })?;
            } else {
                self.give(Input::Deadline)?;
            }
            self.release()?;
            self.host_comes()?;
            self.look()?;
        }
    }

    fn pass(&mut self, when: u64) {
        self.now = when;
    }

    /// The time as the device knows it.
    fn device(&self) -> Now {
        let now = i64::try_from(self.now).unwrap_or(0);
        let drift = now / 1_000 * self.make.drift / 1_000;
        Now {
            mono: Mono(1_000 + self.now - self.booted),
            wall: Wall(NEW_YEAR + now + self.clock + drift),
        }
    }

    fn wall(&self) -> i64 {
        NEW_YEAR + i64::try_from(self.now).unwrap_or(0)
    }

    fn say(&mut self, text: impl FnOnce() -> String) {
        if self.tell {
            let (now, text) = (self.now, text());
            let (days, rest) = (now / DAY, now % DAY / 1_000);
            let clock = format!(
                "{days}d {:02}:{:02}:{:02}",
                rest / 3_600,
                rest / 60 % 60,
                rest % 60
            );
            self.outcome.story.push(format!("{clock}  {text}"));
        }
    }
}
