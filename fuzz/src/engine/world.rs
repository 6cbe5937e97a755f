//! The engine, a disk in memory, a link, and a central system that is polite when it is told to be.

use std::collections::{BTreeMap, VecDeque};

use arbitrary::Unstructured;
use evcp::core::{
    AfterPowerLoss, ConnectorId, Effect, Engine, Fact, Fault, Fetched, Input, Link, Notice,
    Quantity, Question, QueuedBody, QueuedMessage, RequestId, Seq, Setup, TransactionChange,
};
use evcp::store::{MemoryStore, Store};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::wire::{self, Action, CiString, Frame, Mode};
use serde_json::value::{to_raw_value, RawValue};
use serde_json::{json, Value};

use super::books::Books;
use super::{answer, request};
use crate::bytes::{below, byte, flag, one};
use crate::settings::setup;

/// 2026-01-01T00:00:00Z
const NEW_YEAR: i64 = 1_767_225_600_000;
/// How many meter values may be queued at most.
const MOST_VALUES: u64 = 100;

/// What the charge point is made of.
pub struct Charger(Setup);

impl Charger {
    pub fn from(u: &mut Unstructured<'_>) -> Self {
        let mut made = setup(1 + below(u, 3));
        let bits = byte(u);
        let on = |bit: u8| bits >> bit & 1 == 1;
        made.host.reads_meter = on(0);
        made.tuning.after_power_loss = if on(1) {
            AfterPowerLoss::Resume
        } else {
            AfterPowerLoss::Stop
        };
        made.tuning.main_meter = on(2);
        made.tuning.charge_before_accepted = on(3);
        made.tuning.sharing = on(4);
        made.tuning.tolerant = on(5);
        made.tuning.most_values = MOST_VALUES;
        made.tuning.measurable = Quantity::parse_list("Power.Active.Import,Current.Import,SoC")
            .expect("they are OCPP's");
        made.connectors[0].lockable = !on(6);
        let mut key = |name, value: &str| {
            let key = (CiString::truncated(name), CiString::truncated(value));
            made.keys.push(key);
        };
        key("MeterValueSampleInterval", one(u, &["60", "1", "0", "900"]));
        key("ClockAlignedDataInterval", one(u, &["0", "60", "900"]));
        key(
            "TransactionMessageRetryInterval",
            one(u, &["10", "0", "60"]),
        );
        key(
            "AllowOfflineTxForUnknownId",
            if on(7) { "true" } else { "false" },
        );
        if flag(u) {
            key("StopTxnSampledData", "Energy.Active.Import.Register");
        }
        Self(made)
    }
}

pub struct World {
    setup: Setup,
    engine: Engine,
    disk: MemoryStore,
    now: Now,
    connected: bool,
    pub reachable: bool,
    /// Every call is answered well, at once.
    pub polite: bool,
    /// Effects until the power goes.
    pub fuel: Option<usize>,
    books: Books,
    questions: Vec<RequestId>,
    faults: BTreeMap<Option<ConnectorId>, Fault>,
    /// What the central system says, after the effects of the input have been carried out.
    owed: Vec<(String, String, Value)>,
    /// What effects led to, and the engine has not heard of yet.
    news: VecDeque<Input<'static>>,
    calls: u64,
    data: u64,
    concluded: u64,
    sessions: i32,
    ids: BTreeMap<String, i32>,
}

impl World {
    pub fn new(charger: Charger) -> Self {
        let setup = charger.0;
        let now = Now {
            mono: Mono(1_000),
            wall: Wall(NEW_YEAR),
        };
        let engine = Engine::new(setup.clone(), evcp::core::Stored::default(), now);
        let mut world = Self {
            setup,
            engine: engine.expect("the set-up is good"),
            disk: MemoryStore::default(),
            now,
            connected: false,
            reachable: true,
            polite: true,
            fuel: None,
            books: Books::default(),
            questions: Vec::new(),
            faults: BTreeMap::new(),
            owed: Vec::new(),
            news: VecDeque::new(),
            calls: 0,
            data: 0,
            concluded: 0,
            sessions: 0,
            ids: BTreeMap::new(),
        };
        world.effects();
        world
    }

    // ---- what happens ----

    pub fn give(&mut self, input: Input<'_>) {
        self.engine.handle(self.now, input);
        self.effects();
    }

    pub fn fact(&mut self, fact: Fact) {
        self.give(Input::Charger(fact));
    }

    pub fn fault(&mut self, at: Option<ConnectorId>, fault: Option<Fault>) {
        let there = at.is_none_or(|at| at.index() < self.setup.connectors.len());
        match &fault {
            Some(fault) if there => self.faults.insert(at, fault.clone()),
            _ => self.faults.remove(&at),
        };
        self.fact(Fact::Fault(at, fault));
    }

    pub fn send_data(
        &mut self,
        vendor: CiString<255>,
        message: Option<CiString<50>>,
        data: Option<String>,
    ) {
        self.data += 1;
        self.fact(Fact::DataTransfer {
            token: self.data,
            vendor,
            message,
            data,
        });
    }

    pub fn answer_question(&mut self, u: &mut Unstructured<'_>) {
        if self.questions.is_empty() {
            return;
        }
        let which = below(u, self.questions.len());
        let request = self.questions.swap_remove(which);
        self.give(Input::Answer(request, answer(u)));
    }

    pub fn hear(&mut self, text: &str) {
        if !self.connected {
            return;
        }
        match wire::parse_frame(text) {
            Ok(Frame::Call { id, .. }) | Err(wire::FrameError::Answer { id, .. }) => {
                self.books.asks(id.as_str());
            }
            Ok(Frame::CallResult { id, payload }) => self.answers(id.as_str(), Some(payload)),
            Ok(Frame::CallError { id, .. }) => self.answers(id.as_str(), None),
            Err(wire::FrameError::Ignore(_) | wire::FrameError::BadId { .. }) => {}
        }
        self.give(Input::Link(Link::Text(text)));
    }

    /// An answer is on its way: what it says that the central system has.
    fn answers(&mut self, id: &str, payload: Option<&RawValue>) {
        let good = payload.is_some_and(|payload| match self.books.body(id) {
            Some(QueuedBody::Start(_)) => {
                wire::read::<wire::StartTransactionResponse>(payload, Mode::Tolerant).is_ok()
            }
            _ => true,
        });
        if good {
            self.books.booked(id);
        }
        self.books.answered(id);
    }

    pub fn call(&mut self, action: &str, payload: &Value) {
        self.calls += 1;
        let text = json!([2, format!("cs-{}", self.calls), action, payload]).to_string();
        self.hear(&text);
    }

    pub fn call_well(&mut self, action: &str, u: &mut Unstructured<'_>) {
        let payload = request(action, u);
        self.call(action, &payload);
    }

    /// The call that waits is answered with this.
    pub fn answer_with(&mut self, payload: &Value) {
        if let Some(waiting) = &self.books.waiting {
            let payload = match payload {
                Value::Null => self.good_answer(&waiting.id.clone(), &waiting.action.clone()),
                payload => payload.clone(),
            };
            let id = self
                .books
                .waiting
                .as_ref()
                .map(|waiting| waiting.id.clone());
            self.hear(&json!([3, id, payload]).to_string());
        }
    }

    pub fn refuse(&mut self) {
        if let Some(waiting) = &self.books.waiting {
            let text = json!([4, waiting.id, "InternalError", "", {}]).to_string();
            self.hear(&text);
        }
    }

    pub fn cut(&mut self) {
        if std::mem::take(&mut self.connected) {
            self.give(Input::Link(Link::Down("cut".to_owned())));
        }
    }

    pub fn step_wall(&mut self, millis: i64) {
        self.now.wall = self.now.wall.offset(millis);
    }

    pub fn power_cut(&mut self) {
        self.now.mono = Mono(1_000);
        self.setup.seed += 1;
        self.connected = false;
        self.fuel = None;
        self.questions.clear();
        self.owed.clear();
        self.news.clear();
        self.faults.clear();
        self.books.power_cut();
        // Nobody is told any more what became of vendor data.
        self.concluded = self.data;
        let stored = self.disk.load().expect("memory can be read");
        let engine = Engine::new(self.setup.clone(), stored, self.now);
        self.engine = engine.expect("what is stored hinders nobody");
        self.effects();
    }

    /// Time passes, and everything happens that is due in it.
    pub fn run(&mut self, millis: u64) {
        let end = self.now.mono + Millis(millis);
        let (mut rounds, mut still) = (0, 0);
        while let Some((due, reason)) = self.engine.deadline().filter(|(due, _)| *due <= end) {
            rounds += 1;
            if rounds > 60 {
                return;
            }
            still = if due <= self.now.mono { still + 1 } else { 0 };
            assert!(still < 50, "it spins on {reason:?}");
            self.pass(due);
            self.give(Input::Deadline);
            self.look();
        }
        self.pass(end);
    }

    fn pass(&mut self, to: Mono) {
        let span = i64::try_from(to.since(self.now.mono).0).unwrap_or(i64::MAX);
        self.now.mono = self.now.mono.max(to);
        self.now.wall = self.now.wall.offset(span);
    }

    // ---- effects ----

    fn effects(&mut self) {
        let mut rounds = 0;
        loop {
            while let Some(effect) = self.engine.poll() {
                if let Some(left) = &mut self.fuel {
                    if *left == 0 {
                        return self.power_cut();
                    }
                    *left -= 1;
                }
                self.effect(effect);
            }
            rounds += 1;
            assert!(rounds < 2_000, "one input has no end of effects");
            if let Some(input) = self.news.pop_front() {
                self.engine.handle(self.now, input);
                continue;
            }
            if self.owed.is_empty() {
                return;
            }
            let (id, action, payload) = self.owed.remove(0);
            let waits = self.books.waiting.as_ref().is_some_and(|w| w.id == id);
            if !self.connected || !waits {
                continue;
            }
            let said = to_raw_value(&payload).expect("it is JSON");
            self.answers(&id, Some(&said));
            let text = json!([3, id, payload]).to_string();
            assert!(Action::parse(&action).is_some());
            self.engine.handle(self.now, Input::Link(Link::Text(&text)));
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Store(batch) => self.disk.commit(&batch).expect("memory can be written"),
            Effect::Fetch { after, limit } => {
                let fetched = self.disk.fetch(after, limit).expect("memory can be read");
                self.news.push_back(Input::Fetched(fetched));
            }
            Effect::Connect(_) => {
                assert!(!self.connected, "a second connection");
                self.connected = self.reachable;
                self.books.connected();
                let news = if self.reachable {
                    Link::Up
                } else {
                    Link::Failed("no route".to_owned())
                };
                self.news.push_back(Input::Link(news));
            }
            Effect::Close(_) => self.connected = false,
            Effect::Ping => {
                assert!(self.connected);
                if self.polite {
                    self.news.push_back(Input::Link(Link::Pong));
                }
            }
            Effect::Send(text) => self.sent(&text),
            Effect::Tell(notice) => self.told(notice),
        }
    }

    fn sent(&mut self, text: &str) {
        assert!(self.connected, "sent without a connection: {text}");
        let frame = wire::parse_frame(text).unwrap_or_else(|why| panic!("{why}: {text}"));
        let (Frame::Call { id, .. } | Frame::CallResult { id, .. } | Frame::CallError { id, .. }) =
            &frame;
        let of_session = matches!(&frame, Frame::Call { action, .. }
            if action == "StartTransaction" || action == "StopTransaction");
        let queued = of_session.then(|| self.queued(id.as_str())).flatten();
        let patience = self.setting("MessageTimeout").parse().unwrap_or(30);
        let patience = Millis::from_secs(patience);
        self.books
            .sent(self.now.mono, patience, text, queued.as_ref());
        if let Frame::Call { id, action, .. } = frame {
            if self.polite {
                let payload = self.good_answer(id.as_str(), &action);
                self.owed
                    .push((id.as_str().to_owned(), action.into_owned(), payload));
            }
        }
    }

    fn told(&mut self, notice: Notice) {
        match notice {
            Notice::Transaction(step) => {
                let stored = self.disk.clone().load().expect("memory can be read");
                let runs = stored.running.iter().any(|running| running.id == step.tx);
                match step.change {
                    TransactionChange::Started => assert!(runs, "told and not stored: {step:?}"),
                    TransactionChange::Stopped => assert!(!runs, "told and not stored: {step:?}"),
                    _ => {}
                }
                self.books.step(step.tx, step.connector, step.change);
            }
            Notice::Supply(at, supply) => self.books.supply(at, supply),
            Notice::Ask(request, question) => {
                if let Question::Unlock(at) = &question {
                    let supply = self.books.supplies.get(at);
                    assert!(supply.is_none_or(|supply| !supply.permit), "energy is on");
                }
                self.questions.push(request);
            }
            Notice::Expired(request) => self.questions.retain(|open| *open != request),
            // The interval of an acceptance is said anew at each boot, and not stored.
            Notice::Key(key, Some(value)) if key != "HeartbeatInterval" => {
                let stored = self.disk.clone().load().expect("memory can be read");
                assert!(stored.settings.contains(&(key, value)));
            }
            Notice::Availability(at, operative) => {
                let stored = self.disk.clone().load().expect("memory can be read");
                let mut all = stored.availability.iter();
                // What is not named is operative.
                let found = all.find(|(place, _)| *place == at);
                assert_eq!(found.is_none_or(|(_, is)| *is), operative);
            }
            Notice::DataTransferred(token, _) => {
                assert!(token <= self.data);
                self.concluded += 1;
                assert!(self.concluded <= self.data, "vendor data ends twice");
            }
            _ => {}
        }
    }

    // ---- what is the case ----

    fn queued(&self, id: &str) -> Option<QueuedMessage> {
        let fetched = self.disk.clone().fetch(Seq(0), usize::MAX);
        let Fetched { messages, .. } = fetched.expect("memory can be read");
        messages
            .into_iter()
            .find(|message| message.message_id == id)
    }

    fn setting(&self, name: &str) -> String {
        let mut all = self.engine.settings();
        let found = all.find(|(key, _)| *key == name);
        found
            .and_then(|(_, value)| value.map(str::to_owned))
            .unwrap_or_default()
    }

    fn good_answer(&mut self, id: &str, action: &str) -> Value {
        let time = wire::format_wall(self.now.wall);
        match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": 300})
            }
            "Heartbeat" => json!({ "currentTime": time }),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                let sessions = &mut self.sessions;
                let number = self.ids.entry(id.to_owned()).or_insert_with(|| {
                    *sessions += 1;
                    999 + *sessions
                });
                json!({"transactionId": number, "idTagInfo": {"status": "Accepted"}})
            }
            "DataTransfer" => json!({"status": "Accepted"}),
            _ => json!({}),
        }
    }

    /// What holds between any two inputs.
    pub fn look(&self) {
        for (at, supply) in &self.books.supplies {
            let faulty = self.faults.contains_key(&Some(*at)) || self.faults.contains_key(&None);
            assert!(!(faulty && supply.permit), "energy in spite of a fault");
            let of = supply.tx.filter(|_| supply.permit);
            let runs = of.is_none_or(|tx| self.books.running.get(&tx) == Some(at));
            assert!(runs, "energy without a transaction");
        }
        // Starts and stops are never dropped; those in the window of the queue come on top of the
        // values that the store may hold, and so does what is under way to it.
        let most = MOST_VALUES + 160 + 2 * self.books.sessions();
        let queued = self.engine.counters().queued;
        assert!(queued <= most, "{queued} messages are queued");
        assert!(self.questions.len() <= 32, "no end of questions");
    }

    /// With a central system that answers, all that must arrive does, and nothing is left over.
    pub fn settle_down(&mut self) {
        self.fuel = None;
        self.polite = true;
        self.reachable = true;
        self.cut();
        self.fact(Fact::Network(true));
        for _ in 0..2 {
            self.run(600_000);
        }
    }
}
