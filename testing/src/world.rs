//! A world without I/O: the engine, a disk in memory, a central system that keeps books, a clock
//! that moves when it is told to.

use std::collections::{BTreeMap, VecDeque};

use evcp::core::*;
use evcp::store::{MemoryStore, Store};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::wire::CiString;
use serde_json::{json, Value};

use crate::wire::Wire;
use crate::{at, tag, Central, NEW_YEAR};

/// Everything together.
pub struct World {
    /// What the charge point is made of.
    pub setup: Setup,
    /// The one that is tested.
    pub engine: Engine,
    /// What outlives a power cut.
    pub disk: Box<dyn Store>,
    /// The central system.
    pub central: Central,
    /// The clocks of the charge point.
    pub now: Now,
    /// What the host was told.
    pub told: Vec<Notice>,
    /// Whether connections can be made.
    pub reachable: bool,
    /// Whether there is a connection.
    pub connected: bool,
    /// Stop after so many effects, as a power cut does: `None` for never.
    pub fuel: Option<usize>,
    /// How many effects were carried out.
    pub effects: usize,
    /// How many of them were commits.
    pub stores: usize,
    /// What the firmware shows of the meters, all the time; taken out, they show nothing more.
    pub shown: BTreeMap<Option<ConnectorId>, Vec<Reading>>,
    calls: u64,
    wire: Wire,
    /// What effects led to, and the engine has not heard of yet.
    news: VecDeque<News>,
}

/// What comes of effects.
enum News {
    Fetched(Fetched),
    Link(Link<'static>),
    Text(String),
}

impl World {
    /// A charge point that has just been switched on for the first time.
    pub fn new(setup: Setup) -> Self {
        let now = Now {
            mono: Mono(1_000_000),
            wall: Wall(NEW_YEAR),
        };
        let engine =
            Engine::new(setup.clone(), Stored::default(), now).expect("the set-up is good");
        let named = |key: &&(CiString<50>, CiString<500>)| key.0.as_str() == "MessageTimeout";
        let patience = setup.keys.iter().find(named);
        let patience = patience.map_or(30, |(_, secs)| secs.as_str().parse().expect("seconds"));
        let mut wire = Wire::default();
        wire.patience = Millis::from_secs(patience);
        let central = Central {
            clock: NEW_YEAR,
            ..Central::default()
        };
        Self {
            setup,
            engine,
            disk: Box::<MemoryStore>::default(),
            central,
            now,
            told: Vec::new(),
            reachable: true,
            connected: false,
            fuel: None,
            effects: 0,
            stores: 0,
            shown: BTreeMap::new(),
            calls: 0,
            wire,
            news: VecDeque::new(),
        }
    }

    /// A charge point that is connected and accepted, with everything said that follows from it.
    pub fn booted(setup: Setup) -> Self {
        let mut world = Self::new(setup);
        world.run(Millis(0));
        world
    }

    /// Cuts the power and starts again from the disk.
    pub fn power_cycle(&mut self) {
        self.now.mono = Mono(1_000);
        self.setup.seed += 1;
        let stored = self.disk.load().expect("memory can be read");
        self.engine = Engine::new(self.setup.clone(), stored, self.now).expect("still good");
        self.connected = false;
        self.fuel = None;
        self.central.habits.owed.clear();
        // The clock that this was measured with starts anew.
        self.central.habits.closed = None;
        self.news.clear();
        self.shown.clear();
        self.told.clear();
        self.wire.note("power", self.now, "");
    }

    /// The power was cut: only [`World::power_cycle`] goes on from here.
    pub fn out_of_fuel(&self) -> bool {
        self.fuel == Some(0)
    }

    /// The engine takes something in, and all that follows from it at once happens.
    pub fn give(&mut self, input: Input<'_>) {
        if input == Input::Deadline {
            self.show_meters();
        }
        // All that came before has been done.
        self.settle();
        if !self.out_of_fuel() {
            if let Input::Link(Link::Text(text)) = input {
                self.wire.received(self.now, text);
            }
            self.engine.handle(self.now, input);
            self.settle();
        }
    }

    /// The firmware states something; what it says of a meter is shown from now on.
    pub fn fact(&mut self, fact: Fact) {
        if let Fact::Meter(place, readings) = &fact {
            let shown = self.shown.entry(*place).or_default();
            for new in readings {
                let same = |old: &Reading| (old.measurand, old.phase) != (new.measurand, new.phase);
                shown.retain(same);
                shown.push(*new);
            }
        }
        self.give(Input::Charger(fact));
    }

    /// The firmware that is not asked shows its meters all the time; what matters is that it does
    /// when something is due.
    fn show_meters(&mut self) {
        if self.setup.host.reads_meter {
            return;
        }
        for (place, readings) in self.shown.clone() {
            self.give(Input::Charger(Fact::Meter(place, readings)));
        }
    }

    /// The vehicle at a connector changes.
    pub fn ev(&mut self, connector: u32, ev: Ev) {
        self.fact(Fact::Ev(at(connector), ev));
    }

    /// The energy register of a connector is shown.
    pub fn meter(&mut self, connector: u32, wh: i64) {
        self.fact(Fact::Meter(
            Some(at(connector)),
            vec![Reading::energy(Wh(wh))],
        ));
    }

    /// A tag is shown at a connector.
    pub fn show(&mut self, connector: u32, name: &str) {
        self.fact(Fact::Tag(vec![at(connector)], tag(name)));
    }

    /// The central system calls; the answer it gets at once, if any.
    pub fn call(&mut self, action: &str, payload: Value) -> Option<Value> {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        let text = json!([2, id, action, payload]).to_string();
        self.give(Input::Link(Link::Text(&text)));
        self.answer_to(&id)
    }

    /// The answer to a call of the central system: its payload, or the code of the error.
    pub fn answer_to(&self, id: &str) -> Option<Value> {
        let mut answers = self.central.answers.iter().rev();
        answers
            .find(|answer| answer[1] == id)
            .map(|answer| answer[2].clone())
    }

    /// Drops the connection.
    pub fn drop_link(&mut self) {
        if self.connected {
            self.connected = false;
            self.forget_answers();
            self.give(Input::Link(Link::Down("cut".to_owned())));
        }
    }

    /// The time of the library's clock moves on without anything being due in between.
    pub fn step_wall(&mut self, millis: i64) {
        self.now.wall = self.now.wall.offset(millis);
    }

    /// The clock of the central system jumps.
    pub fn step_central(&mut self, millis: i64) {
        self.central.clock += millis;
        self.wire.note("clock", self.now, "");
    }

    /// Lets time pass, and everything happen that is due in it.
    pub fn run(&mut self, span: Millis) {
        self.settle();
        let end = self.now.mono + span;
        let mut rounds = 0;
        loop {
            let (due, reason) = self.engine.deadline().unzip();
            let answer = self.central.habits.next();
            let next = due.into_iter().chain(answer).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            if self.out_of_fuel() {
                return;
            }
            rounds += 1;
            assert!(rounds < 1_000_000, "spins on {reason:?}");
            self.pass(next.since(self.now.mono));
            match self.central.habits.due(self.now.mono) {
                Some(answer) => self.give(Input::Link(Link::Text(&answer))),
                None => self.give(Input::Deadline),
            }
        }
        self.pass(end.since(self.now.mono));
    }

    fn pass(&mut self, span: Millis) {
        let millis = i64::try_from(span.0).expect("not that long");
        self.now.mono = self.now.mono + span;
        self.now.wall = self.now.wall.offset(millis);
        self.central.clock += millis;
    }

    /// Carries out effects, in order, and hands the engine what they lead to one by one, until there is
    /// nothing more or the power is cut.
    fn settle(&mut self) {
        loop {
            while let Some(effect) = self.engine.poll() {
                if let Some(fuel) = &mut self.fuel {
                    if *fuel == 0 {
                        return;
                    }
                    *fuel -= 1;
                }
                self.effects += 1;
                self.carry_out(effect);
            }
            let input = match self.news.pop_front() {
                None => return,
                Some(News::Fetched(fetched)) => Input::Fetched(fetched),
                Some(News::Link(link)) => Input::Link(link),
                Some(News::Text(text)) => {
                    self.wire.received(self.now, &text);
                    self.engine.handle(self.now, Input::Link(Link::Text(&text)));
                    continue;
                }
            };
            self.engine.handle(self.now, input);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store(batch) => {
                self.stores += 1;
                self.disk.commit(&batch).expect("memory can be written");
            }
            Effect::Fetch { after, limit } => {
                let fetched = self.disk.fetch(after, limit).expect("memory can be read");
                self.news.push_back(News::Fetched(fetched));
            }
            Effect::Connect(_) => {
                assert!(!self.connected, "a second connection");
                let refused = self.central.habits.refuses_link(self.now.mono);
                self.connected = self.reachable && !refused;
                let link = if self.connected {
                    self.wire.connected(self.now);
                    Link::Up
                } else {
                    Link::Failed("no route".to_owned())
                };
                self.news.push_back(News::Link(link));
            }
            Effect::Close(_) => {
                self.connected = false;
                self.central.habits.closed = Some(self.now.mono);
                self.forget_answers();
            }
            Effect::Ping => self.news.push_back(News::Link(Link::Pong)),
            Effect::Send(text) => self.send(&text),
            Effect::Tell(notice) => self.told.push(notice),
        }
    }

    fn send(&mut self, text: &str) {
        assert!(self.connected, "sent without a connection: {text}");
        self.wire.sent(self.now, text);
        match self.central.take(text) {
            Some(answer) => match self.central.habits.comes_later(self.now.mono, &answer) {
                None => self.news.push_back(News::Text(answer)),
                // Nobody waits for it that long.
                Some(span) if span >= self.wire.patience => {
                    self.wire.note("ignored", self.now, text);
                }
                Some(_) => {}
            },
            None if text.starts_with("[2") => self.wire.note("ignored", self.now, text),
            None => {}
        }
        let quick = self.central.habits.fails_at_quick_answers && !text.starts_with("[2");
        if std::mem::take(&mut self.central.hung_up) || quick {
            self.connected = false;
            let link = Link::Down("it hung up".to_owned());
            self.news.push_back(News::Link(link));
        }
    }

    /// Answers that are under way on a connection that is gone do not arrive.
    fn forget_answers(&mut self) {
        self.central.habits.owed.clear();
        self.news.retain(|news| !matches!(news, News::Text(_)));
    }

    /// Every call of the charge point: when by the monotonic clock, which, and what it says.
    pub fn timeline(&self) -> Vec<(u64, String, Value)> {
        let sent = self.wire.trace.iter().filter(|step| step["what"] == "sent");
        let call = |step: &Value| {
            let text = step["text"].as_str().expect("a frame");
            let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
            let action = frame[2].as_str().filter(|_| frame[0] == 2)?.to_owned();
            Some((step["ms"].as_u64()?, action, frame[3].clone()))
        };
        sent.filter_map(call).collect()
    }

    /// The statuses of a connector that the central system was told, in order.
    pub fn statuses(&self, connector: u32) -> Vec<String> {
        let calls = self.central.calls.iter().filter(|(action, payload)| {
            action == "StatusNotification" && payload["connectorId"] == connector
        });
        calls
            .map(|(_, p)| p["status"].as_str().expect("a status").to_owned())
            .collect()
    }

    /// The payloads of all calls of an action.
    pub fn sent(&self, action: &str) -> Vec<Value> {
        let calls = self.central.calls.iter().filter(|(name, _)| name == action);
        calls.map(|(_, payload)| payload.clone()).collect()
    }

    /// The last command for a connector.
    pub fn supply(&self, connector: u32) -> Option<Supply> {
        self.told.iter().rev().find_map(|notice| match notice {
            Notice::Supply(id, supply) if *id == at(connector) => Some(*supply),
            _ => None,
        })
    }

    /// Plugs in, shows a tag, and charges.
    pub fn charge(&mut self, connector: u32, name: &str) {
        self.ev(connector, Ev::Plugged);
        self.show(connector, name);
        self.ev(connector, Ev::Charging);
    }
}
