//! A world without I/O: an engine under power, a disk, a link, a central system, a clock that moves when it is
//! told to.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use evcp::core::*;
use evcp::store::{MemoryStore, Store};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::wire::json::{self, Frame, FrameError};
use serde_json::{json, Value};

use crate::central::{CentralSystem, Reply};
use crate::frames::Frames;
use crate::power::{News, Power, Surroundings};
use crate::trace::Trace;
use crate::{Central, NEW_YEAR};

/// Everything together, around one engine.
pub struct World<C = Central> {
    /// What the charge point is made of.
    pub setup: Setup,
    /// What the engine runs by, with the fuel of it.
    pub power: Power,
    /// What outlives a power cut.
    pub disk: Box<dyn Store>,
    /// The central system.
    pub central: C,
    /// The clocks of the charge point.
    pub now: Now,
    /// What the host was told.
    pub told: Vec<Notice>,
    /// Whether connections can be made.
    pub reachable: bool,
    /// The network profiles that lead nowhere.
    pub cut_off: Vec<NetworkSlot>,
    /// The attempts to connect, and when they were made.
    pub attempts: Vec<(Mono, Access)>,
    /// Whether there is a connection.
    pub connected: bool,
    /// Whether the host dispatches.
    pub attends: bool,
    /// How often it was called to.
    pub calls_of_host: usize,
    /// How many commits there were.
    pub stores: usize,
    /// What the firmware shows of the meters, all the time; taken out, they show nothing more.
    pub shown: BTreeMap<Place, Vec<Reading>>,
    /// The rules that every frame is held to.
    pub frames: Frames,
    pub(crate) trace: Trace,
    /// Where the network profiles lead.
    centrals: BTreeMap<NetworkSlot, String>,
    calls: u64,
    /// What effects led to, and the engine has not heard of yet.
    news: VecDeque<News>,
}

/// Where the network profiles of a set-up lead.
fn centrals(setup: &Setup) -> BTreeMap<NetworkSlot, String> {
    let networks = setup.networks.iter();
    networks
        .map(|(slot, it)| (*slot, it.central.clone()))
        .collect()
}

impl World {
    /// A charge point that has just been switched on for the first time.
    pub fn new(setup: Setup) -> Self {
        let now = Now {
            mono: Mono(1_000_000),
            wall: Wall(NEW_YEAR),
        };
        let central = Central {
            clock: NEW_YEAR,
            ..Central::default()
        };
        let memory = Box::<MemoryStore>::default();
        Self::with(setup, memory, central, now).expect("the set-up is good")
    }

    /// A charge point that is connected and accepted, with everything said that follows from it.
    pub fn booted(setup: Setup) -> Self {
        let mut world = Self::new(setup);
        world.run(Millis(0));
        world
    }

    /// The clock of the central system jumps.
    pub fn step_central(&mut self, millis: i64) {
        self.central.clock += millis;
        self.trace.note("clock", self.now, "");
    }
}

impl<C: CentralSystem> World<C> {
    /// A charge point that goes on from what is on a disk, at that time.
    ///
    /// # Errors
    /// When it cannot be made of that set-up.
    pub fn with(
        setup: Setup,
        mut disk: Box<dyn Store>,
        central: C,
        now: Now,
    ) -> Result<Self, SetupError> {
        let stored = disk.load().expect("the disk can be read");
        let mut power = Power::default();
        power.on(Engine::new(setup.clone(), stored, now)?);
        Ok(Self {
            centrals: centrals(&setup),
            setup,
            power,
            disk,
            central,
            now,
            told: Vec::new(),
            reachable: true,
            cut_off: Vec::new(),
            attempts: Vec::new(),
            connected: false,
            attends: true,
            calls_of_host: 0,
            stores: 0,
            shown: BTreeMap::new(),
            frames: Frames::default(),
            trace: Trace::default(),
            calls: 0,
            news: VecDeque::new(),
        })
    }

    /// The device has this time from now on, and nobody has told the engine.
    pub fn set_wall(&mut self, wall: Wall) {
        self.now.wall = wall;
        self.trace.note("clock", self.now, "");
    }

    /// The engine, to look at.
    pub fn engine(&self) -> &Engine {
        self.power.engine().expect("the power is on")
    }

    /// What the engine wants because of an input; nobody carries it out.
    pub fn wants(&mut self, input: Input<'_>) -> Vec<Effect> {
        self.power.wants(self.now, Some(input))
    }

    /// Cuts the power and starts again from the disk.
    pub fn power_cycle(&mut self) {
        self.now.mono = Mono(1_000);
        self.setup.seed += 1;
        let stored = self.disk.load().expect("memory can be read");
        let engine = Engine::new(self.setup.clone(), stored, self.now).expect("still good");
        self.power.off();
        self.power.on(engine);
        self.centrals = centrals(&self.setup);
        self.connected = false;
        self.central.power_cycled();
        self.news.clear();
        self.shown.clear();
        self.told.clear();
        self.trace.note("power", self.now, "");
    }

    /// The power was cut: only [`World::power_cycle`] goes on from here.
    pub fn out_of_fuel(&self) -> bool {
        self.power.fuel == Some(0)
    }

    /// The engine takes something in, and all that follows from it at once happens.
    pub fn give(&mut self, input: Input<'_>) {
        if let Input::Act(Act::SetNetwork(slot, Some(network))) = &input {
            self.centrals.insert(*slot, network.central.clone());
        }
        if input == Input::Deadline {
            self.show_meters();
        }
        // All that came before has been done.
        self.settle();
        if !self.out_of_fuel() {
            if let Input::Link(LinkEvent::Text(text)) = input {
                self.arrives(text);
            }
            sure(Power::give(self, input));
        }
    }

    /// All that waits is done.
    pub fn settle(&mut self) {
        sure(Power::settle(self));
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

    /// The central system calls; the id of the call.
    pub(crate) fn calls(&mut self, action: &str, payload: &Value) -> String {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        let text = json!([2, id, action, payload]).to_string();
        self.give(Input::Link(LinkEvent::Text(&text)));
        id
    }

    /// Drops the connection.
    pub fn drop_link(&mut self) {
        if self.connected {
            self.connected = false;
            self.forget_answers();
            self.give(Input::Link(LinkEvent::Down("cut".to_owned())));
        }
    }

    /// The time of the library's clock moves on without anything being due in between.
    pub fn step_wall(&mut self, millis: i64) {
        self.now.wall = self.now.wall.offset(millis);
    }

    /// Lets time pass, and everything happen that is due in it.
    pub fn run(&mut self, span: Millis) {
        self.settle();
        let end = self.now.mono + span;
        let mut rounds = 0;
        loop {
            let (due, reason) = self.power.engine().and_then(Engine::deadline).unzip();
            let answer = self.central.next();
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
            match self.central.due(self.now.mono) {
                Some(answer) => self.give(Input::Link(LinkEvent::Text(&answer))),
                None if reason == Some(Due::Host) => self.give(Input::Host {
                    dispatched: self.attends,
                }),
                None => self.give(Input::Deadline),
            }
        }
        self.pass(end.since(self.now.mono));
    }

    /// Time passes, and nothing is done about it.
    pub fn pass(&mut self, span: Millis) {
        let millis = i64::try_from(span.0).expect("not that long");
        self.now.mono = self.now.mono + span;
        self.now.wall = self.now.wall.offset(millis);
        self.central.pass(span);
    }

    /// A frame is about to reach the charge point.
    pub fn arrives(&mut self, text: &str) {
        self.trace.note("received", self.now, text);
        match json::parse_frame(text) {
            Ok(Frame::Call { id, .. }) | Err(FrameError::Answer { id, .. }) => {
                self.frames.asked(id.as_str());
            }
            Ok(Frame::CallResult { id, .. } | Frame::CallError { id, .. }) => {
                self.frames.answered(id.as_str());
            }
            // It comes back with its refusal, unless it is a number.
            Err(FrameError::BadId { id, .. }) => {
                if let Ok(id) = serde_json::from_str::<String>(id.get()) {
                    self.frames.asked(&id);
                }
            }
            Err(FrameError::Ignore(_)) => {}
        }
    }

    fn send(&mut self, engine: &Engine, text: &str) {
        assert!(self.connected, "sent without a connection: {text}");
        self.trace.note("sent", self.now, text);
        let patience = patience(engine);
        let frame = serde_json::from_str(text).expect("the charge point writes JSON");
        let sent = self.frames.sent(self.now.mono, patience, &frame);
        sent.unwrap_or_else(|why| panic!("{why}"));
        match self.central.take(self.now, text) {
            Reply::AtOnce(answer) => self.news.push_back(News::Text(answer)),
            // Nobody waits for it that long.
            Reply::Later(span) if span < patience => {}
            Reply::Later(_) | Reply::Never if frame[0] == 2 => {
                self.trace.note("ignored", self.now, text);
            }
            Reply::Later(_) | Reply::Never => {}
        }
        if self.central.hung_up() {
            self.connected = false;
            let link = LinkEvent::Down("it hung up".to_owned());
            self.news.push_back(News::Link(link));
        }
    }

    /// Answers that are under way on a connection that is gone do not arrive.
    fn forget_answers(&mut self) {
        self.central.is_cut_off();
        self.news.retain(|news| !matches!(news, News::Text(_)));
    }
}

/// Nothing goes wrong in this world that is no panic.
fn sure(done: Result<(), Infallible>) {
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

/// How long the charge point waits for an answer.
fn patience(engine: &Engine) -> Millis {
    let mut keys = engine.settings();
    let found = keys.find(|(name, _)| *name == "MessageTimeout");
    let secs = found.and_then(|(_, value)| value?.parse().ok());
    Millis::from_secs(secs.unwrap_or(30))
}

impl<C: CentralSystem> Surroundings for World<C> {
    type Wrong = Infallible;

    fn power(&mut self) -> &mut Power {
        &mut self.power
    }

    fn clock(&self) -> Now {
        self.now
    }

    fn carry_out(&mut self, engine: &Engine, effect: Effect) -> Result<(), Infallible> {
        match effect {
            Effect::Store(batch) => {
                self.stores += 1;
                self.disk.commit(&batch).expect("memory can be written");
            }
            Effect::Fetch { after, limit } => {
                let fetched = self.disk.fetch(after, limit).expect("memory can be read");
                self.news.push_back(News::Fetched(fetched));
            }
            Effect::Connect(access) => {
                assert!(!self.connected, "a second connection");
                let leads = self.reachable && !self.cut_off.contains(&access.slot);
                let central = self.centrals.get(&access.slot);
                let central = central.map_or_else(String::new, Clone::clone);
                self.attempts.push((self.now.mono, access));
                self.connected = leads && self.central.accepts(self.now.mono);
                let link = if self.connected {
                    self.trace.note("connected", self.now, &central);
                    self.frames.connected();
                    LinkEvent::Up
                } else {
                    LinkEvent::Failed("no route".to_owned())
                };
                self.news.push_back(News::Link(link));
            }
            Effect::Close(_) => {
                self.connected = false;
                self.central.closed(self.now.mono);
                self.forget_answers();
            }
            Effect::Ping => self.news.push_back(News::Link(LinkEvent::Pong)),
            Effect::Send(text) => self.send(engine, &text),
            Effect::Notify(notice) => self.told.push(notice),
            Effect::CallHost => self.calls_of_host += 1,
            Effect::Withdraw(_) => {}
        }
        Ok(())
    }

    fn news(&mut self) -> Option<News> {
        let news = self.news.pop_front()?;
        if let News::Text(text) = &news {
            self.arrives(text);
        }
        Some(news)
    }

    fn power_goes(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
