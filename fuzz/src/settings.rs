//! Configuration values: through the set-up, through the firmware, through the central system.
//!
//! A value that is taken is shown, stored, told and there again after a restart; one that is not
//! leaves no trace.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use arbitrary::Unstructured;
use evcp::core::{
    Act, Answer, Change, ConnectorSetup, DeclaredKey, Device, Effect, Engine, Host, Input, Key,
    LinkEvent, Notice, OwnValues, Question, Record, Rights, Setup, Stored, Tuning, TuningError,
    KEYS,
};
use evcp::store::{MemoryStore, Store};
use evcp::time::{Mono, Now, Wall};
use evcp::types::CiString;
use evcp::wire::json::Frame;
use evcp_testing::power::{News, Power, Surroundings};
use serde_json::{json, Value};

use crate::bytes::{below, flag, one, text};
use crate::message;

const NOW: Now = Now {
    mono: Mono(1_000),
    wall: Wall(1_767_225_600_000),
};

/// A device with so many sockets.
pub fn setup(connectors: usize) -> Setup {
    let device = Device::new(CiString::truncated("evcp"), CiString::truncated("fuzz"));
    Setup {
        host: Host::COMPLETE,
        tuning: Tuning {
            reconnect_jitter: 0,
            ..Tuning::default()
        },
        seed: 1,
        ..Setup::new(device, vec![ConnectorSetup::SOCKET; connectors])
    }
}

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut setup = setup(1 + below(&mut u, 3));
    for _ in 0..below(&mut u, 4) {
        tune(&mut setup.tuning, &mut u);
    }
    for _ in 0..below(&mut u, 3) {
        setup.declared.push(DeclaredKey {
            name: name(&mut u, &[]),
            value: CiString::truncated(&text(&mut u)),
            values: values(&mut u),
            read_only: flag(&mut u),
            reboot_required: flag(&mut u),
            asks: flag(&mut u),
        });
    }
    for _ in 0..below(&mut u, 4) {
        let key = name(&mut u, &setup.declared);
        setup.keys.push((key, CiString::truncated(&text(&mut u))));
    }
    let Some(mut device) = Running::new(setup) else {
        return;
    };
    while !u.is_empty() {
        let key = name(&mut u, &device.setup.declared);
        match below(&mut u, 4) {
            0 => device.by_firmware(&key, CiString::truncated(&text(&mut u))),
            1 => device.ask(&[&key]),
            2 => device.ask(&[]),
            _ => device.by_central(&key, &text(&mut u)),
        }
    }
    device.restart();
}

/// What a key of the firmware's own may be.
fn values(u: &mut Unstructured<'_>) -> OwnValues {
    let words = ["0", "true", "red"].map(str::to_owned);
    let words = match flag(u) {
        true => words.to_vec(),
        false => Vec::new(),
    };
    let most = below(u, 20);
    match below(u, 5) {
        0 => OwnValues::Integer(-5, 5),
        1 => OwnValues::Boolean,
        2 => OwnValues::List { most, words },
        3 => OwnValues::Text { most, words },
        _ => OwnValues::TEXT,
    }
}

/// A setting of the library's own: one that is refused changes nothing.
fn tune(tuning: &mut Tuning, u: &mut Unstructured<'_>) {
    let name = if flag(u) {
        one(u, Tuning::NAMES).to_owned()
    } else {
        text(u)
    };
    let (before, value) = (tuning.clone(), text(u));
    match tuning.set(&name, &value) {
        Ok(()) => assert!(Tuning::NAMES.contains(&name.as_str())),
        Err(why) => {
            assert_eq!(*tuning, before);
            let known = Tuning::NAMES.contains(&name.as_str());
            assert_eq!(why == TuningError::Unknown, !known);
        }
    }
}

/// A name that exists, in whatever case, or any other.
fn name(u: &mut Unstructured<'_>, declared: &[DeclaredKey]) -> CiString<50> {
    match below(u, 8) {
        0 => CiString::truncated(&text(u)),
        1 if !declared.is_empty() => declared[below(u, declared.len())].name.clone(),
        2 => CiString::truncated(&KEYS[below(u, KEYS.len())].name.to_lowercase()),
        _ => CiString::truncated(KEYS[below(u, KEYS.len())].name),
    }
}

struct Running {
    setup: Setup,
    power: Power,
    news: VecDeque<News>,
    disk: MemoryStore,
    up: bool,
    sent: Vec<String>,
    told: Vec<Notice>,
    stored: Vec<(String, String)>,
    calls: u64,
}

type Shown = BTreeMap<String, Option<String>>;

impl Running {
    /// A charge point that was accepted; none if it cannot be made of this.
    fn new(setup: Setup) -> Option<Self> {
        let engine = match Engine::new(setup.clone(), Stored::default(), NOW) {
            Ok(engine) => engine,
            Err(why) => {
                assert!(!why.to_string().is_empty());
                return None;
            }
        };
        let mut power = Power::default();
        power.on(engine);
        let mut device = Self {
            setup,
            power,
            news: VecDeque::new(),
            disk: MemoryStore::default(),
            up: false,
            sent: Vec::new(),
            told: Vec::new(),
            stored: Vec::new(),
            calls: 0,
        };
        for (key, value) in &device.setup.keys {
            // Of two values for one key the later one counts.
            let later = device.setup.keys.iter().rev().find(|(name, _)| name == key);
            let wins = later.is_none_or(|(_, last)| std::ptr::eq(last, value));
            if wins {
                device.shows(key.as_str(), value.as_str());
            }
        }
        device.effects();
        let boot = device.sent.drain(..).next().expect("it reports first");
        let id = match evcp::wire::json::parse_frame(&boot) {
            Ok(Frame::Call { id, .. }) => id,
            other => panic!("{other:?}"),
        };
        let answer = json!({"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z",
            "interval": 0});
        device.hear(&json!([3, id.as_str(), answer]).to_string());
        Some(device)
    }

    fn hear(&mut self, text: &str) {
        self.give(Input::Link(LinkEvent::Text(text)));
    }

    fn give(&mut self, input: Input<'_>) {
        match Power::give(self, input) {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    fn effects(&mut self) {
        match Power::settle(self) {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    fn engine(&self) -> &Engine {
        self.power.engine().expect("the power is on")
    }

    fn all(&self) -> Shown {
        let all = self.engine().settings();
        all.map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
            .collect()
    }

    /// A key has that value now, if it may be read.
    fn shows(&self, key: &str, value: &str) {
        let mut all = self.engine().settings();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(key));
        let (_, shown) = found.unwrap_or_else(|| panic!("{key} was taken and is not there"));
        let secret = Key::by_name(key).is_some_and(|key| key.row().rights == Rights::WriteOnly);
        assert_eq!(shown, (!secret).then_some(value), "{key}");
    }

    /// What follows from a change that was taken, or was not.
    fn followed(&mut self, before: &Shown, key: &str, value: &str, taken: bool) {
        let told = self.told.drain(..);
        let told: Vec<_> = told
            .filter_map(|notice| match notice {
                Notice::Key(name, _) => Some(name),
                _ => None,
            })
            .collect();
        let stored = std::mem::take(&mut self.stored);
        if !taken {
            assert_eq!(self.all(), *before, "{key} was refused and changed");
            assert!(stored.is_empty() && told.is_empty());
            return;
        }
        self.shows(key, value);
        assert!(told.len() == 1 && told[0].eq_ignore_ascii_case(key));
        assert_eq!(stored.len(), 1);
        assert!(stored[0].0.eq_ignore_ascii_case(key) && stored[0].1 == value);
        let mut expected = before.clone();
        let changed = expected
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case(key));
        let (_, shown) = changed.expect("it was there before");
        if shown.is_some() {
            *shown = Some(value.to_owned());
        }
        assert_eq!(self.all(), expected, "more than one key changed");
    }

    fn by_firmware(&mut self, key: &CiString<50>, value: CiString<500>) {
        let before = self.all();
        let act = Act::SetKey(key.clone(), value.clone());
        self.give(Input::Act(act));
        let taken = !self.stored.is_empty();
        self.followed(&before, key.as_str(), value.as_str(), taken);
    }

    /// The firmware answers what it is asked about a key of its own: nothing changes before that.
    fn judge(&mut self) {
        let asked = self.told.iter().find_map(|notice| match notice {
            Notice::Ask(request, Question::KeyChange { .. }) => Some(*request),
            _ => None,
        });
        let Some(request) = asked else {
            return;
        };
        assert!(
            self.stored.is_empty(),
            "it changed before the firmware agreed"
        );
        let answer = match self.calls % 4 {
            0 => Answer::Rejected,
            1 => Answer::RebootRequired,
            2 => Answer::Failed,
            _ => Answer::Accepted,
        };
        self.give(Input::Answer(request, answer));
    }

    /// Calls, and gives the answer; none if the connection is gone since or the call was refused.
    fn call(&mut self, action: &str, payload: &Value) -> Option<Value> {
        if !self.up {
            self.effects();
        }
        self.calls += 1;
        self.sent.clear();
        let id = format!("cs-{}", self.calls);
        self.hear(&json!([2, id, action, payload]).to_string());
        self.judge();
        let answers: Vec<_> = self
            .sent
            .iter()
            .filter_map(|text| evcp::wire::json::parse_frame(text).ok())
            .filter(|frame| !matches!(frame, Frame::Call { .. }))
            .collect();
        match answers.as_slice() {
            [Frame::CallResult { id: its, payload }] => {
                assert_eq!(its.as_str(), id);
                Some(serde_json::from_str(payload.get()).expect("it is JSON"))
            }
            [Frame::CallError { id: its, .. }] => {
                assert_eq!(its.as_str(), id);
                None
            }
            other => panic!("a call has one answer: {other:?}"),
        }
    }

    fn by_central(&mut self, key: &CiString<50>, value: &str) {
        let before = self.all();
        let payload = json!({"key": key.as_str(), "value": value});
        if !self.up {
            return;
        }
        let answer = self.call("ChangeConfiguration", &payload);
        let status = answer.map(|answer| answer["status"].as_str().map(str::to_owned));
        let status = status.flatten();
        let taken = matches!(status.as_deref(), Some("Accepted" | "RebootRequired"));
        if taken {
            let row = Key::by_name(key.as_str()).map(|key| key.row().rights);
            assert_ne!(row, Some(Rights::ReadOnly), "{key} may only be read");
            assert!(value.chars().count() <= 500);
        }
        self.followed(&before, key.as_str(), value, taken);
    }

    fn ask(&mut self, keys: &[&CiString<50>]) {
        if !self.up {
            return;
        }
        let keys: Vec<_> = keys.iter().map(|key| key.as_str()).collect();
        let payload = if keys.is_empty() {
            json!({})
        } else {
            json!({ "key": keys })
        };
        let answer = self.call("GetConfiguration", &payload);
        let answer = answer.expect("the question is good");
        assert!(message::answer(
            evcp::wire::v16::Action::GetConfiguration,
            &answer
        ));
        let shown = self.all();
        for entry in answer["configurationKey"].as_array().into_iter().flatten() {
            let name = entry["key"].as_str().expect("it has a name");
            let (_, value) = shown
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .expect("it is there");
            assert_eq!(entry["value"].as_str(), value.as_deref(), "{name}");
        }
    }

    /// What was taken is there again.
    fn restart(&mut self) {
        let stored = self.disk.load().expect("memory can be read");
        let again = Engine::new(self.setup.clone(), stored, NOW).expect("it was good before");
        let again: Shown = again
            .settings()
            .map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
            .collect();
        assert_eq!(again, self.all());
    }
}

impl Surroundings for Running {
    type Wrong = Infallible;

    fn power(&mut self) -> &mut Power {
        &mut self.power
    }

    fn clock(&self) -> Now {
        NOW
    }

    fn carry_out(&mut self, _: &Engine, effect: Effect) -> Result<(), Infallible> {
        match effect {
            Effect::Store(batch) => {
                for write in &batch {
                    if let Change::Put(Record::Setting(key, value)) = write {
                        self.stored.push((key.clone(), value.clone()));
                    }
                }
                self.disk.commit(&batch).expect("memory can be written");
            }
            Effect::Connect(_) => {
                self.up = true;
                self.news.push_back(News::Link(LinkEvent::Up));
            }
            Effect::Close(_) => self.up = false,
            Effect::Send(text) => {
                assert!(self.up);
                self.sent.push(text);
            }
            Effect::Notify(notice) => self.told.push(notice),
            Effect::Withdraw(_) | Effect::CallHost => {}
            Effect::Ping => self.news.push_back(News::Link(LinkEvent::Pong)),
            Effect::Fetch { .. } => unreachable!("nothing is queued"),
        }
        Ok(())
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn power_goes(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
