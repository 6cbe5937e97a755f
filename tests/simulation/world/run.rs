//! The loop: whatever is due next happens, and what must hold is looked at after each step.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};

use evcp::core::{
    AfterPowerLoss, Answer, ConnectorId, ConnectorSetup, Device, Effect, Engine, Fact, Fault,
    Fetched, Host, Input, Notice, Quantity, Question, Reading, RequestId, Setup, Tuning,
};
use evcp::store::{Cushion, Turn};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::wire::{
    ChargePointErrorCode, ChargePointStatus, CiString, DataTransferStatus, IdToken, Measurand,
    Reason, RegistrationStatus,
};
use fastrand::Rng;
use serde_json::{json, Value};

use super::central::Central;
use super::charger::{Outlet, Sessions};
use super::disk::Disk;
use super::link::{Link, State};
use super::plan::{Event, Make, Plan, Who};
use super::requests::{nonsense, request};
use super::wire::Wire;
use super::NEW_YEAR;

#[path = "events.rs"]
mod events;

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
    Push(usize),
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
    engine: Option<Engine>,
    store: Option<Cushion>,
    disk: Disk,
    /// Counts the starts of the device.
    epoch: u64,
    booted: u64,
    /// How far the device's clock is off, beside its drift.
    clock: i64,
    link: Link,
    central: Central,
    wire: Wire,
    outlets: Vec<Outlet>,
    sessions: Sessions,
    statuses: BTreeMap<usize, ChargePointStatus>,
    /// The central system accepted this run of the charge point.
    registered: bool,
    /// When the disk began to fail, if it does.
    failing_since: u64,
    /// Effects until the power goes, and for how long then.
    fuel: Option<(u32, u64)>,
    /// What effects brought about for the engine itself.
    owed: VecDeque<Fetched>,
    tags: u64,
    calls: u64,
    calm: bool,
    tell: bool,
    outcome: Outcome,
}

const DAY: u64 = 86_400_000;
/// How long after the last trouble everything must be well.
const RECOVERS: u64 = 4 * 3_600_000;
/// How often a failing disk is tried again, as the shell does.
const DISK_TRY: u64 = 5_000;

fn at(number: usize) -> ConnectorId {
    ConnectorId::new(u32::try_from(number).unwrap_or(0)).expect("connectors count from 1")
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, tell: bool) -> Self {
        let make = &plan.make;
        let mut dice = Rng::with_seed(plan.seed ^ 0x5EED);
        let outlets = (0..make.connectors)
            .map(|_| Outlet::new(dice.u64(..9_000_000_000)))
            .collect();
        Self {
            plan,
            make,
            dice,
            now: 0,
            agenda: BTreeMap::new(),
            count: 0,
            engine: None,
            store: None,
            disk: Disk::new(make.sqlite, plan.seed),
            epoch: 0,
            booted: 0,
            clock: make.clock_off,
            link: Link::new(),
            central: Central::default(),
            wire: Wire::new(30_000),
            outlets,
            sessions: Sessions::default(),
            statuses: BTreeMap::new(),
            registered: false,
            failing_since: 0,
            fuel: None,
            owed: VecDeque::new(),
            tags: 0,
            calls: 0,
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
        self.compare()
    }

    // ---- time ----

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
            let due = self.engine.as_ref().and_then(Engine::deadline);
            let due =
                due.map(|(mono, _)| (self.booted + mono.0.saturating_sub(1_000)).max(self.now));
            let next = self.agenda.keys().next().map(|(when, _)| *when);
            let Some(when) = due.into_iter().chain(next).min().filter(|when| *when < end) else {
                self.pass(end);
                return Ok(enough(self));
            };
            self.pass(when);
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
            } else {
                self.give(Input::Deadline)?;
            }
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

    // ---- the device ----

    fn setup(&self) -> Setup {
        let key =
            |name: &str, value: String| (CiString::truncated(name), CiString::truncated(&value));
        let make = self.make;
        let register = "Energy.Active.Import.Register".to_owned();
        let data = if make.stop_data {
            register
        } else {
            String::new()
        };
        Setup {
            device: Device {
                vendor: CiString::truncated("evcp"),
                model: CiString::truncated("simulation"),
                serial: None,
                firmware: None,
                iccid: None,
                imsi: None,
                meter_type: None,
                meter_serial: None,
            },
            connectors: vec![ConnectorSetup::SOCKET; make.connectors],
            keys: vec![
                key("MeterValueSampleInterval", make.sample_s.to_string()),
                key("ClockAlignedDataInterval", make.aligned_s.to_string()),
                key("StopTxnSampledData", data),
                key(
                    "AllowOfflineTxForUnknownId",
                    make.offline_strangers.to_string(),
                ),
                key("LocalPreAuthorize", make.pre_authorizes.to_string()),
                key("TransactionMessageAttempts", make.attempts.to_string()),
                key("TransactionMessageRetryInterval", "10".to_owned()),
                key("WebSocketPingInterval", make.ping_s.to_string()),
                key("StopTransactionOnInvalidId", make.stops_invalid.to_string()),
            ],
            declared: Vec::new(),
            host: Host {
                unlocks: true,
                resets: true,
                reads_meter: make.reads_meter,
                transfers_data: true,
            },
            tuning: Tuning {
                after_power_loss: if make.resumes {
                    AfterPowerLoss::Resume
                } else {
                    AfterPowerLoss::Stop
                },
                sample_commit: Millis(make.commit_ms),
                most_values: make.most_values,
                sharing: make.shares,
                measurable: Quantity::parse_list("Power.Active.Import").unwrap_or_default(),
                ..Tuning::default()
            },
            seed: self.plan.seed.wrapping_mul(1_000).wrapping_add(self.epoch),
        }
    }

    fn power_on(&mut self) -> Is {
        self.epoch += 1;
        self.booted = self.now;
        let mut store = Cushion::new(Box::new(self.disk.clone()));
        let stored = store
            .load()
            .map_err(|why| format!("the store cannot be read: {why}"))?;
        self.say(|| {
            format!(
                "power on: {} queued, {} running",
                stored.queued,
                stored.running.len()
            )
        });
        let running: Vec<_> = stored.running.iter().map(|running| running.id.0).collect();
        for outlet in &mut self.outlets {
            self.sessions.power_on(outlet, &running);
        }
        let engine = Engine::new(self.setup(), stored, self.device());
        self.engine = Some(engine.map_err(|why| format!("no engine: {why}"))?);
        self.store = Some(store);
        self.effects()?;
        // The firmware says what it finds.
        for number in 1..=self.make.connectors {
            if !self.make.starts_silent {
                self.show(number)?;
            }
            self.state(number)?;
            if self.outlets[number - 1].faulted {
                self.fault(number, true)?;
            }
        }
        Ok(())
    }

    /// The power is gone: contactors open, memory is empty.
    fn power_off(&mut self, off: u64) {
        self.engine = None;
        self.owed.clear();
        self.registered = false;
        self.fuel = None;
        self.outcome.power_cuts += 1;
        let lossy = self.store.take().is_some_and(|store| store.holds_back());
        self.say(|| {
            format!(
                "power off{}",
                if lossy {
                    ", with writes that the disk refused"
                } else {
                    ""
                }
            )
        });
        for outlet in &mut self.outlets {
            outlet.integrate(self.now);
            outlet.supply = evcp::core::Supply::OFF;
            self.sessions
                .power_cut(outlet, self.now, self.make.commit_ms, lossy);
        }
        if lossy {
            // What ended meanwhile may not be known to have ended, and so on: none of it is sure.
            self.excuse_all();
            self.wire.forget();
        }
        self.link.change(State::None);
        self.after(off.max(1), Next::PowerOn);
    }

    fn excuse_all(&mut self) {
        for told in &mut self.sessions.0 {
            told.excused |= told.stop.is_none() || told.stopped >= self.failing_since;
        }
    }

    fn give(&mut self, input: Input<'_>) -> Is {
        let now = self.device();
        let Some(engine) = &mut self.engine else {
            return Ok(());
        };
        engine.handle(now, input);
        self.effects()
    }

    fn fact(&mut self, fact: Fact) -> Is {
        self.give(Input::Charger(fact))
    }

    /// Carries out effects in order, until there are none or the power goes.
    fn effects(&mut self) -> Is {
        loop {
            while let Some(effect) = self.engine.as_mut().and_then(Engine::poll) {
                if let Some((left, off)) = &mut self.fuel {
                    if *left == 0 {
                        let off = *off;
                        self.power_off(off);
                        return Ok(());
                    }
                    *left -= 1;
                }
                self.effect(effect)?;
            }
            let Some(owed) = self.owed.pop_front() else {
                return Ok(());
            };
            let now = self.device();
            if let Some(engine) = &mut self.engine {
                engine.handle(now, Input::Fetched(owed));
            }
        }
    }

    fn effect(&mut self, effect: Effect) -> Is {
        match effect {
            Effect::Store(batch) => {
                if let Some(store) = &mut self.store {
                    let turn = store.commit(batch);
                    self.stored(None, turn);
                }
            }
            Effect::Fetch { after, limit } => {
                if let Some(store) = &mut self.store {
                    let (fetched, turn) = store.fetch(after, limit);
                    self.stored(fetched, turn);
                }
            }
            Effect::Connect(_) => {
                self.link.change(State::Opening);
                let number = self.link.number;
                let (next, takes) = if self.now < self.link.reachable_from {
                    (Next::Refused(number), self.dice.u64(1..5_000))
                } else {
                    (Next::Connected(number), 2 * self.link.latency)
                };
                self.after(takes, next);
            }
            Effect::Close(_) => self.link.change(State::None),
            Effect::Ping if !self.link.half_open => {
                let (number, takes) = (self.link.number, 2 * self.link.latency);
                self.after(takes, Next::Pong(number));
            }
            Effect::Ping => {}
            Effect::Send(text) => self.send(text)?,
            Effect::Tell(notice) => self.told(notice)?,
        }
        Ok(())
    }

    /// What came of the store.
    fn stored(&mut self, fetched: Option<Fetched>, turn: Option<Turn>) {
        if let Some(turn) = turn {
            self.say(|| format!("disk: {turn:?}"));
            if turn != Turn::Works {
                self.failing_since = self.now;
                self.after(DISK_TRY, Next::DiskTry(self.epoch));
            }
        }
        self.owed.extend(fetched);
    }

    /// As the shell does from time to time.
    fn try_disk_again(&mut self) -> Is {
        let Some(store) = self.store.as_mut().filter(|store| store.is_failing()) else {
            return Ok(());
        };
        let (fetched, turn) = store.try_again();
        if store.is_failing() {
            self.after(DISK_TRY, Next::DiskTry(self.epoch));
        }
        self.stored(fetched, turn);
        self.effects()
    }

    fn told(&mut self, notice: Notice) -> Is {
        match notice {
            Notice::Supply(at, supply) => {
                self.say(|| format!("  supply {at}: {supply:?}"));
                let outlet = &mut self.outlets[at.index()];
                outlet.integrate(self.now);
                let moved = outlet.supply.permit != supply.permit;
                outlet.supply = supply;
                if moved && !self.make.reads_meter {
                    let wait = if supply.permit {
                        self.make.pushes_every
                    } else {
                        100
                    };
                    self.after(wait, Next::Push(at.index() + 1));
                }
                if supply.deciamps.is_some_and(|tenths| tenths > 320) {
                    return Err(format!("more than the hardware can: {supply:?}"));
                }
            }
            Notice::Transaction(step) => {
                self.say(|| {
                    format!(
                        "  transaction {}: {:?} {}",
                        step.tx.0,
                        step.change,
                        step.tag.as_str()
                    )
                });
                let outlet = &mut self.outlets[step.connector.index()];
                outlet.integrate(self.now);
                self.sessions.step(self.now, outlet, &step)?;
            }
            Notice::Status(status) => {
                self.statuses.insert(
                    status.connector.map_or(0, |at| at.index() + 1),
                    status.status,
                );
            }
            Notice::Boot(status, _) => self.registered = status == RegistrationStatus::Accepted,
            Notice::Ask(request, question) => self.asked(request, &question),
            Notice::Reboot { .. } => {
                self.say(|| "  reboot".to_owned());
                self.fuel = Some((0, 3_000));
            }
            _ => {}
        }
        Ok(())
    }

    fn asked(&mut self, request: RequestId, question: &Question) {
        let epoch = self.epoch;
        match question {
            Question::ReadMeter(place, _) => {
                let number = place.map_or(0, |at| at.index() + 1);
                let wait = self.dice.u64(1..400);
                if number > 0 && self.now >= self.outlets[number - 1].stalls_until {
                    self.after(wait, Next::Meter(epoch, request, number));
                }
            }
            Question::Unlock(_) => {
                let answer = if self.dice.bool() {
                    Answer::Accepted
                } else {
                    Answer::Failed
                };
                let wait = self.dice.u64(1..8_000);
                self.after(wait, Next::Answer(epoch, request, answer));
            }
            Question::Reset { .. } => self.after(1, Next::Answer(epoch, request, Answer::Accepted)),
            Question::DataTransfer { .. } => {
                let answer = Answer::Data(DataTransferStatus::Accepted, None);
                self.after(1, Next::Answer(epoch, request, answer));
            }
        }
    }

    fn reading(&self, number: usize) -> Vec<Reading> {
        let milli = i64::try_from(self.outlets[number - 1].mwh).unwrap_or(0);
        vec![Reading {
            measurand: Measurand::EnergyActiveImportRegister,
            phase: None,
            location: None,
            milli,
        }]
    }

    /// The firmware shows the meter of its own accord.
    fn show(&mut self, number: usize) -> Is {
        let outlet = &mut self.outlets[number - 1];
        outlet.integrate(self.now);
        if self.now < outlet.stalls_until || self.engine.is_none() {
            return Ok(());
        }
        self.sessions.read(outlet, self.now);
        self.fact(Fact::Meter(Some(at(number)), self.reading(number)))
    }

    fn state(&mut self, number: usize) -> Is {
        let ev = self.outlets[number - 1].ev();
        self.fact(Fact::Ev(at(number), ev))
    }

    fn fault(&mut self, number: usize, is: bool) -> Is {
        if number > 0 {
            self.outlets[number - 1].faulted = is;
        }
        let code = ChargePointErrorCode::GroundFailure;
        let fault = is.then_some(Fault {
            code,
            info: None,
            vendor_code: None,
        });
        self.fact(Fact::Fault((number > 0).then(|| at(number)), fault))
    }

    // ---- the wire ----

    fn send(&mut self, text: String) -> Is {
        if self.link.state != State::Open {
            return Err(format!("sent without a connection: {text}"));
        }
        let frame: Value = serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))?;
        self.say(|| format!("  > {text}"));
        self.wire.sent(self.now, &frame)?;
        if !self.link.half_open {
            let (number, when) = (self.link.number, self.link.arrives_at_central(self.now));
            self.at(when, Next::ToCentral(number, text));
        }
        Ok(())
    }

    fn call(&mut self, action: &str, payload: Value) -> Is {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        self.wire.asked.insert(id.clone(), false);
        self.write(json!([2, id, action, payload]).to_string(), 0)
    }

    /// The central system writes.
    fn write(&mut self, text: String, later: u64) -> Is {
        if self.link.state == State::Open && !self.link.half_open {
            let (number, when) = (
                self.link.number,
                self.link.arrives_at_charger(self.now + later),
            );
            self.at(when, Next::ToCharger(number, text));
        }
        Ok(())
    }

    fn at_central(&mut self, text: &str) -> Is {
        let frame: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
        if frame[0] != 2 {
            return Ok(());
        }
        for (later, answer) in self.central.take(self.wall(), &frame)? {
            self.write(answer, later)?;
        }
        Ok(())
    }

    fn at_charger(&mut self, text: &str) -> Is {
        self.say(|| format!("  < {text}"));
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        if frame[0] == 3 || frame[0] == 4 {
            if let Some(id) = frame[1].as_str() {
                self.wire.answered(id);
            }
        } else if let (Some(2), Some(id)) = (frame[0].as_i64(), frame[1].as_str()) {
            self.wire.asked.entry(id.to_owned()).or_insert(false);
        }
        self.give(Input::Link(evcp::core::Link::Text(text)))
    }

    fn cut(&mut self) -> Is {
        if self.link.state != State::Open {
            return Ok(());
        }
        self.link.change(State::None);
        self.give(Input::Link(evcp::core::Link::Down(
            "reset by peer".to_owned(),
        )))
    }

    fn happen(&mut self, next: Next) -> Is {
        match next {
            Next::Event(number) => {
                let event = self.plan.events[number].1.clone();
                self.say(|| format!("{event:?}"));
                self.event(event)
            }
            Next::ToCentral(number, text) if number == self.link.number => self.at_central(&text),
            Next::ToCharger(number, text) if number == self.link.number => self.at_charger(&text),
            Next::Connected(number) if number == self.link.number => {
                self.link.change(State::Open);
                self.wire.connected();
                self.give(Input::Link(evcp::core::Link::Up))
            }
            Next::Refused(number) if number == self.link.number => {
                self.link.change(State::None);
                self.give(Input::Link(evcp::core::Link::Failed("no route".to_owned())))
            }
            Next::Pong(number) if number == self.link.number => {
                self.give(Input::Link(evcp::core::Link::Pong))
            }
            Next::Answer(epoch, request, answer) if epoch == self.epoch => {
                self.give(Input::Answer(request, answer))
            }
            Next::Meter(epoch, request, number) if epoch == self.epoch && self.engine.is_some() => {
                let outlet = &mut self.outlets[number - 1];
                outlet.integrate(self.now);
                self.sessions.read(outlet, self.now);
                let answer = Answer::Meter(self.reading(number));
                self.give(Input::Answer(request, answer))
            }
            Next::Push(number) => {
                if self.outlets[number - 1].supply.permit {
                    self.after(self.make.pushes_every, Next::Push(number));
                }
                self.show(number)
            }
            Next::DiskWorks => {
                self.disk.set_failing(false);
                Ok(())
            }
            Next::DiskTry(epoch) if epoch == self.epoch => self.try_disk_again(),
            Next::PowerOn => self.power_on(),
            _ => Ok(()),
        }
    }
}
