//! A world without I/O: the engine, a disk in memory, a central system that keeps books, a clock
//! that moves when it is told to.
#![allow(dead_code, unreachable_pub, clippy::panic)]

use std::collections::BTreeMap;

use evcp::core::*;
use evcp::store::{MemoryStore, Store};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::wire::{CiString, IdToken};
use serde_json::{json, Value};

/// 2026-01-01T00:00:00Z
pub const NEW_YEAR: i64 = 1_767_225_600_000;

pub fn at(number: u32) -> ConnectorId {
    ConnectorId::new(number).expect("connectors count from 1")
}

pub fn tag(name: &str) -> IdToken {
    IdToken::new(name).expect("tags have 20 characters at most")
}

pub fn setup(connectors: usize) -> Setup {
    Setup {
        device: Device {
            vendor: CiString::truncated("evcp"),
            model: CiString::truncated("world"),
            serial: None,
            firmware: None,
            iccid: None,
            imsi: None,
            meter_type: None,
            meter_serial: None,
        },
        connectors: vec![ConnectorSetup { lockable: true }; connectors],
        keys: Vec::new(),
        declared: Vec::new(),
        host: Host {
            unlocks: true,
            resets: true,
            reads_meter: false,
            transfers_data: true,
        },
        tuning: Tuning {
            reconnect_jitter: 0,
            measurable: Quantity::parse_list(
                "Power.Active.Import,Current.Import,Voltage,SoC,Temperature",
            )
            .expect("these are OCPP's"),
            ..Tuning::default()
        },
        seed: 1,
    }
}

/// A session on the central system's books.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: i64,
    pub start: Value,
    pub values: Vec<Value>,
    pub stop: Option<Value>,
}

/// What the central system does with the next calls of an action.
#[derive(Clone, Debug)]
pub enum Treat {
    /// Answers with this.
    With(Value),
    /// A CALLERROR.
    Error,
    /// Says nothing.
    Silence,
}

/// A central system: answers, and keeps books. A call that comes again under its id gets the same
/// answer again and is not booked twice.
#[derive(Clone, Debug, Default)]
pub struct Central {
    pub sessions: Vec<Session>,
    pub calls: Vec<(String, Value)>,
    /// Every frame, in the order in which they came.
    pub frames: Vec<Value>,
    pub answers: Vec<Value>,
    pub treat: BTreeMap<String, Vec<Treat>>,
    seen: BTreeMap<String, (String, Value)>,
    pub clock: i64,
}

impl Central {
    pub fn treat(&mut self, action: &str, how: Treat) {
        self.treat.entry(action.to_owned()).or_default().push(how);
    }

    /// Takes in a frame; the answer to it, if it is to have one.
    fn take(&mut self, text: &str) -> Option<String> {
        let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
        self.frames.push(frame.clone());
        if frame[0] != 2 {
            self.answers.push(frame);
            return None;
        }
        let id = frame[1].as_str().expect("ids are strings").to_owned();
        let action = frame[2].as_str().expect("actions are strings").to_owned();
        let payload = frame[3].clone();
        self.calls.push((action.clone(), payload.clone()));
        let how = self.treat.get_mut(&action).filter(|list| !list.is_empty());
        let answer = match how.map(|list| list.remove(0)) {
            Some(Treat::Silence) => {
                self.book(&id, &action, &payload);
                return None;
            }
            Some(Treat::Error) => return Some(json!([4, id, "InternalError", "", {}]).to_string()),
            Some(Treat::With(mut answer)) => {
                let booked = self.book(&id, &action, &payload);
                if action == "StartTransaction" {
                    answer["transactionId"] = booked["transactionId"].clone();
                }
                answer
            }
            None => self.book(&id, &action, &payload),
        };
        Some(json!([3, id, answer]).to_string())
    }

    fn book(&mut self, id: &str, action: &str, payload: &Value) -> Value {
        if let Some((known, answer)) = self.seen.get(id) {
            assert_eq!(
                known,
                &format!("{action}{payload}"),
                "an id is used for two calls"
            );
            return answer.clone();
        }
        let answer = self.book_once(action, payload);
        self.seen.insert(
            id.to_owned(),
            (format!("{action}{payload}"), answer.clone()),
        );
        answer
    }

    fn book_once(&mut self, action: &str, payload: &Value) -> Value {
        let time = evcp::wire::format_wall(Wall(self.clock));
        match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": 300})
            }
            "Heartbeat" => json!({ "currentTime": time }),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                let id = 1000 + i64::try_from(self.sessions.len()).expect("few sessions");
                let (start, values) = (payload.clone(), Vec::new());
                self.sessions.push(Session {
                    id,
                    start,
                    values,
                    stop: None,
                });
                json!({"transactionId": id, "idTagInfo": {"status": "Accepted"}})
            }
            "MeterValues" => {
                if let Some(session) = self.session(payload) {
                    assert!(session.stop.is_none(), "values after the stop: {payload}");
                    session.values.push(payload.clone());
                }
                json!({})
            }
            "StopTransaction" => {
                if let Some(session) = self.session(payload) {
                    assert!(session.stop.is_none(), "stopped twice: {payload}");
                    session.stop = Some(payload.clone());
                }
                json!({})
            }
            _ => json!({}),
        }
    }

    fn session(&mut self, payload: &Value) -> Option<&mut Session> {
        let id = payload["transactionId"].as_i64()?;
        if id == -1 {
            return None;
        }
        let found = self.sessions.iter_mut().find(|session| session.id == id);
        Some(found.unwrap_or_else(|| panic!("a transaction that never started: {payload}")))
    }
}

/// What every frame of a charge point must hold to, whatever a test looks at. With the environment
/// variable EVCP_TRACES, the frames are also written to a file in that folder, for the checker of
/// the black-box tests, which knows the official schemas.
#[derive(Default)]
struct Wire {
    ids: BTreeMap<String, String>,
    /// The unanswered call, and since when.
    outstanding: Option<(String, Mono)>,
    /// How long the charge point waits for answers: MessageTimeout.
    patience: Millis,
    statuses: BTreeMap<i64, String>,
    trace: Vec<Value>,
}

impl Wire {
    fn note(&mut self, what: &str, now: Now, text: &str) {
        let ms = now.mono.0;
        self.trace
            .push(json!({"what": what, "ms": ms, "text": text}));
    }

    fn sent(&mut self, now: Now, text: &str) {
        self.note("sent", now, text);
        let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
        if frame[0] != 2 {
            return;
        }
        let id = frame[1].as_str().expect("ids are strings");
        assert!(
            (1..=36).contains(&id.len()),
            "an id of {} characters",
            id.len()
        );
        if let Some((waiting, since)) = &self.outstanding {
            let over = now.mono.since(*since) >= self.patience;
            assert!(over, "{text} is sent while {waiting} has no answer");
        }
        self.outstanding = Some((id.to_owned(), now.mono));
        let says = format!("{}{}", frame[2], frame[3]);
        let before = self
            .ids
            .entry(id.to_owned())
            .or_insert_with(|| says.clone());
        assert_eq!(*before, says, "the id is used for two calls");
        match frame[2].as_str() {
            Some("BootNotification") => self.statuses.clear(),
            Some("StatusNotification") => self.status(&frame[3]),
            _ => {}
        }
    }

    fn status(&mut self, payload: &Value) {
        let at = payload["connectorId"].as_i64().expect("a connector");
        let status = payload["status"].as_str().expect("a status").to_owned();
        assert!(payload["timestamp"].is_string(), "no time: {payload}");
        let faulty = payload["errorCode"] != "NoError";
        assert!(faulty || status != "Faulted", "no error: {payload}");
        if let Some(before) = self.statuses.insert(at, status.clone()) {
            let legal = before == status || TRANSITIONS.contains(&(&before, &status));
            assert!(legal, "connector {at} goes from {before} to {status}");
        }
    }

    fn received(&mut self, now: Now, text: &str) {
        self.note("received", now, text);
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let waiting = self.outstanding.as_ref().map(|(id, _)| id.as_str());
        if frame[1].as_str() == waiting && frame[0] != 2 {
            self.outstanding = None;
        }
    }

    fn connected(&mut self, now: Now) {
        self.note("connected", now, "");
        self.outstanding = None;
        self.statuses.clear();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os("EVCP_TRACES") else {
            return;
        };
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let test = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let file = format!("{test}-{}-{count}.jsonl", std::process::id());
        let lines: Vec<_> = self.trace.iter().map(Value::to_string).collect();
        let path = std::path::Path::new(&folder).join(file);
        std::fs::write(path, lines.join("\n")).expect("the trace can be written");
    }
}

/// The table of transitions (OCPP 1.6 §4.9), by itself: the library has its own.
const TRANSITIONS: &[(&str, &str)] = &[
    ("Available", "Preparing"),
    ("Available", "Charging"),
    ("Available", "SuspendedEV"),
    ("Available", "SuspendedEVSE"),
    ("Available", "Reserved"),
    ("Available", "Unavailable"),
    ("Available", "Faulted"),
    ("Preparing", "Available"),
    ("Preparing", "Charging"),
    ("Preparing", "SuspendedEV"),
    ("Preparing", "SuspendedEVSE"),
    ("Preparing", "Finishing"),
    ("Preparing", "Faulted"),
    ("Charging", "Available"),
    ("Charging", "SuspendedEV"),
    ("Charging", "SuspendedEVSE"),
    ("Charging", "Finishing"),
    ("Charging", "Unavailable"),
    ("Charging", "Faulted"),
    ("SuspendedEV", "Available"),
    ("SuspendedEV", "Charging"),
    ("SuspendedEV", "SuspendedEVSE"),
    ("SuspendedEV", "Finishing"),
    ("SuspendedEV", "Unavailable"),
    ("SuspendedEV", "Faulted"),
    ("SuspendedEVSE", "Available"),
    ("SuspendedEVSE", "Charging"),
    ("SuspendedEVSE", "SuspendedEV"),
    ("SuspendedEVSE", "Finishing"),
    ("SuspendedEVSE", "Unavailable"),
    ("SuspendedEVSE", "Faulted"),
    ("Finishing", "Available"),
    ("Finishing", "Preparing"),
    ("Finishing", "Unavailable"),
    ("Finishing", "Faulted"),
    ("Reserved", "Available"),
    ("Reserved", "Preparing"),
    ("Reserved", "Unavailable"),
    ("Reserved", "Faulted"),
    ("Unavailable", "Available"),
    ("Unavailable", "Preparing"),
    ("Unavailable", "Charging"),
    ("Unavailable", "SuspendedEV"),
    ("Unavailable", "SuspendedEVSE"),
    ("Unavailable", "Faulted"),
    ("Faulted", "Available"),
    ("Faulted", "Preparing"),
    ("Faulted", "Charging"),
    ("Faulted", "SuspendedEV"),
    ("Faulted", "SuspendedEVSE"),
    ("Faulted", "Finishing"),
    ("Faulted", "Reserved"),
    ("Faulted", "Unavailable"),
];

/// Everything together.
pub struct World {
    pub setup: Setup,
    pub engine: Engine,
    pub disk: Box<dyn Store>,
    pub central: Central,
    pub now: Now,
    pub told: Vec<Notice>,
    /// Whether connections can be made.
    pub reachable: bool,
    pub connected: bool,
    /// Stop after so many effects, as a power cut does: `None` for never.
    pub fuel: Option<usize>,
    pub effects: usize,
    pub stores: usize,
    calls: u64,
    wire: Wire,
}

impl World {
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
            calls: 0,
            wire,
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
        self.told.clear();
        self.wire.note("power", self.now, "");
    }

    pub fn out_of_fuel(&self) -> bool {
        self.fuel == Some(0)
    }

    pub fn give(&mut self, input: Input<'_>) {
        if !self.out_of_fuel() {
            if let Input::Link(Link::Text(text)) = input {
                self.wire.received(self.now, text);
            }
            self.engine.handle(self.now, input);
            self.settle();
        }
    }

    pub fn fact(&mut self, fact: Fact) {
        self.give(Input::Charger(fact));
    }

    pub fn ev(&mut self, connector: u32, ev: Ev) {
        self.fact(Fact::Ev(at(connector), ev));
    }

    pub fn meter(&mut self, connector: u32, wh: i64) {
        self.fact(Fact::Meter(
            Some(at(connector)),
            vec![Reading::energy(Wh(wh))],
        ));
    }

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

    pub fn answer_to(&self, id: &str) -> Option<Value> {
        let mut answers = self.central.answers.iter().rev();
        answers
            .find(|answer| answer[1] == id)
            .map(|answer| match answer[0].as_i64() {
                Some(3) => answer[2].clone(),
                _ => answer[2].clone(),
            })
    }

    /// Drops the connection.
    pub fn drop_link(&mut self) {
        if self.connected {
            self.connected = false;
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
        while let Some((due, reason)) = self.engine.deadline().filter(|(due, _)| *due <= end) {
            if self.out_of_fuel() {
                return;
            }
            rounds += 1;
            assert!(rounds < 1_000_000, "spins on {reason:?}");
            self.pass(due.since(self.now.mono));
            self.give(Input::Deadline);
        }
        self.pass(end.since(self.now.mono));
    }

    fn pass(&mut self, span: Millis) {
        let millis = i64::try_from(span.0).expect("not that long");
        self.now.mono = self.now.mono + span;
        self.now.wall = self.now.wall.offset(millis);
        self.central.clock += millis;
    }

    /// Carries out effects, in order, until there are none or the power is cut.
    fn settle(&mut self) {
        while let Some(effect) = self.engine.poll() {
            if let Some(fuel) = &mut self.fuel {
                if *fuel == 0 {
                    return;
                }
                *fuel -= 1;
            }
            self.effects += 1;
            match effect {
                Effect::Store(batch) => {
                    self.stores += 1;
                    self.disk.commit(&batch).expect("memory can be written");
                }
                Effect::Fetch { after, limit } => {
                    let fetched = self.disk.fetch(after, limit).expect("memory can be read");
                    self.engine.handle(self.now, Input::Fetched(fetched));
                }
                Effect::Connect(_) => {
                    self.connected = self.reachable;
                    if self.connected {
                        self.wire.connected(self.now);
                    }
                    let news = if self.reachable {
                        Link::Up
                    } else {
                        Link::Failed("no route".to_owned())
                    };
                    self.engine.handle(self.now, Input::Link(news));
                }
                Effect::Close(_) => self.connected = false,
                Effect::Ping => self.engine.handle(self.now, Input::Link(Link::Pong)),
                Effect::Send(text) => {
                    assert!(self.connected, "sent without a connection: {text}");
                    self.wire.sent(self.now, &text);
                    if let Some(answer) = self.central.take(&text) {
                        self.wire.received(self.now, &answer);
                        self.engine
                            .handle(self.now, Input::Link(Link::Text(&answer)));
                    } else if text.starts_with("[2") {
                        self.wire.note("ignored", self.now, &text);
                    }
                }
                Effect::Tell(notice) => self.told.push(notice),
            }
        }
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
