//! The world of the tests, with a central system that is polite when it is told to be, and books of what was
//! sent and told.

use std::collections::BTreeMap;
use std::convert::Infallible;

use arbitrary::Unstructured;
use evcp::core::{
    Act, AfterPowerLoss, ConnectorId, DeclaredKey, Effect, Engine, Fact, Fault, Feedback, Input,
    LinkEvent, Notice, OwnValues, Place, Quantity, Question, QueuedBody, QueuedMessage, RequestId,
    Seq, Setup, TransactionChange,
};
use evcp::store::MemoryStore;
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::types::CiString;
use evcp::wire::json::{self, Frame, Mode};
use evcp::wire::v16;
use evcp_testing::power::{News, Power, Surroundings};
use evcp_testing::{Polite, NEW_YEAR};
use serde_json::value::RawValue;
use serde_json::{json, Value};

use super::books::Books;
use super::{answer, request};
use crate::bytes::{below, byte, flag, one};
use crate::settings::setup;

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
        made.declared.push(DeclaredKey {
            values: OwnValues::Integer(0, 100),
            asks: on(1),
            ..DeclaredKey::new(CiString::truncated("Mine"), CiString::truncated("1"))
        });
        made.tuning.after_power_loss = if on(1) {
            AfterPowerLoss::Resume
        } else {
            AfterPowerLoss::Stop
        };
        made.tuning.main_meter = on(2);
        made.tuning.charge_before_accepted = on(3);
        made.tuning.sharing = on(4);
        made.tuning.tolerant = on(5);
        made.tuning.watchdog = Millis(if on(4) { 10_000 } else { 0 });
        made.tuning.most_values = MOST_VALUES;
        made.tuning.measurable = Quantity::parse_list("Power.Active.Import,Current.Import,SoC")
            .expect("they are OCPP's");
        let made_of = &mut made.connectors[0];
        made_of.lockable = !on(6);
        made_of.feedback = Feedback {
            contactor: on(2),
            lock: on(3) && !on(6),
        };
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
    pub all: evcp_testing::World<Polite>,
    books: Books,
    questions: Vec<RequestId>,
    faults: BTreeMap<Place, Fault>,
    /// Whether a lock was reported closed.
    locked: BTreeMap<ConnectorId, bool>,
    calls: u64,
    data: u64,
    concluded: u64,
}

/// What is wrong in this world is a panic.
fn sure(done: Result<(), Infallible>) {
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

impl World {
    pub fn new(charger: Charger) -> Self {
        let now = Now {
            mono: Mono(1_000),
            wall: Wall(NEW_YEAR),
        };
        let memory = Box::<MemoryStore>::default();
        let all = evcp_testing::World::with(charger.0, memory, Polite::default(), now);
        let mut world = Self {
            all: all.expect("the set-up is good"),
            books: Books::default(),
            questions: Vec::new(),
            faults: BTreeMap::new(),
            locked: BTreeMap::new(),
            calls: 0,
            data: 0,
            concluded: 0,
        };
        sure(Power::settle(&mut world));
        world
    }

    // ---- what happens ----

    pub fn give(&mut self, input: Input<'_>) {
        sure(Power::give(self, input));
    }

    pub fn fact(&mut self, fact: Fact) {
        if let Fact::Lock(at, closed) = &fact {
            self.locked.insert(*at, *closed);
        }
        self.give(Input::Charger(fact));
    }

    pub fn act(&mut self, act: Act) {
        self.give(Input::Act(act));
    }

    pub fn fault(&mut self, at: Place, fault: Option<Fault>) {
        let there = at
            .connector()
            .is_none_or(|at| at.index() < self.all.setup.connectors.len());
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
        self.act(Act::DataTransfer {
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
        if !self.all.connected {
            return;
        }
        self.all.arrives(text);
        self.answers(text);
        self.give(Input::Link(LinkEvent::Text(text)));
    }

    /// An answer is on its way: what it says that the central system has.
    fn answers(&mut self, text: &str) {
        let Ok(Frame::CallResult { id, payload }) = json::parse_frame(text) else {
            return;
        };
        let good = |payload: &RawValue| match self.books.body(id.as_str()) {
            Some(QueuedBody::Start(_)) => {
                json::read::<v16::StartTransactionResponse>(payload, Mode::Tolerant).is_ok()
            }
            _ => true,
        };
        if good(payload) {
            self.books.booked(id.as_str());
        }
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
        if let Some(waiting) = self.all.frames.waiting().cloned() {
            let payload = match payload {
                Value::Null => {
                    let central = &mut self.all.central;
                    central.answer(self.all.now, &waiting.id, &waiting.action)
                }
                payload => payload.clone(),
            };
            self.hear(&json!([3, waiting.id, payload]).to_string());
        }
    }

    pub fn refuse(&mut self) {
        if let Some(waiting) = self.all.frames.waiting() {
            let text = json!([4, waiting.id, "InternalError", "", {}]).to_string();
            self.hear(&text);
        }
    }

    pub fn cut(&mut self) {
        if std::mem::take(&mut self.all.connected) {
            self.give(Input::Link(LinkEvent::Down("cut".to_owned())));
        }
    }

    pub fn power_cut(&mut self) {
        sure(self.power_goes());
        sure(Power::settle(self));
    }

    /// Time passes, and everything happens that is due in it.
    pub fn run(&mut self, millis: u64) {
        let end = self.all.now.mono + Millis(millis);
        let (mut rounds, mut still) = (0, 0);
        while let Some((due, reason)) = self.due().filter(|(due, _)| *due <= end) {
            rounds += 1;
            if rounds > 60 {
                return;
            }
            let now = self.all.now.mono;
            still = if due <= now { still + 1 } else { 0 };
            assert!(still < 50, "it spins on {reason:?}");
            self.all.pass(due.since(now));
            match reason {
                evcp::core::Due::Host => self.give(Input::Host {
                    dispatched: !self.calls.is_multiple_of(3),
                }),
                _ => self.give(Input::Deadline),
            }
            self.look();
        }
        self.all.pass(end.since(self.all.now.mono));
    }

    fn due(&self) -> Option<(Mono, evcp::core::Due)> {
        self.all.engine().deadline()
    }

    // ---- what was sent and told ----

    fn sent(&mut self, text: &str) {
        let frame = match json::parse_frame(text) {
            Ok(frame) => frame,
            // The refusal of a call whose id is none: it comes back as it was.
            Err(_) if text.starts_with("[4,") => return,
            Err(why) => panic!("{why}: {text}"),
        };
        let Frame::Call {
            id,
            action,
            payload,
        } = frame
        else {
            return;
        };
        let of_session = action == "StartTransaction" || action == "StopTransaction";
        let queued = of_session.then(|| self.queued(id.as_str())).flatten();
        self.books
            .sent(id.as_str(), &action, payload, queued.as_ref());
    }

    fn told(&mut self, notice: Notice) {
        match notice {
            Notice::Transaction(step) => {
                let stored = self.all.disk.load().expect("memory can be read");
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
            // The interval of an acceptance is said anew at each boot, and not stored.
            Notice::Key(key, Some(value)) if key != "HeartbeatInterval" => {
                let stored = self.all.disk.load().expect("memory can be read");
                assert!(stored.settings.contains(&(key, value)));
            }
            Notice::Availability(at, operative) => {
                let stored = self.all.disk.load().expect("memory can be read");
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

    fn queued(&mut self, id: &str) -> Option<QueuedMessage> {
        let fetched = self.all.disk.fetch(Seq(0), usize::MAX);
        let messages = fetched.expect("memory can be read").messages;
        messages
            .into_iter()
            .find(|message| message.message_id == id)
    }

    /// What holds between any two inputs.
    pub fn look(&self) {
        for (at, supply) in &self.books.supplies {
            let faulty = self.faults.contains_key(&Place::Connector(*at))
                || self.faults.contains_key(&Place::ChargePoint);
            assert!(!(faulty && supply.permit), "energy in spite of a fault");
            let made_of = self.all.setup.connectors.get(at.index());
            let waits = made_of.is_some_and(|made_of| made_of.feedback.lock);
            let open = waits && self.locked.get(at) != Some(&true);
            assert!(!(open && supply.permit), "energy before the lock");
            let of = supply.tx.filter(|_| supply.permit);
            let runs = of.is_none_or(|tx| self.books.running.get(&tx) == Some(at));
            assert!(runs, "energy without a transaction");
        }
        for wrong in self.all.engine().standing_faults() {
            for (at, supply) in &self.books.supplies {
                let here = [Place::ChargePoint, Place::Connector(*at)].contains(&wrong.place);
                let stops = here && !wrong.warning;
                assert!(
                    !(stops && supply.permit),
                    "energy in spite of a fault that is listed"
                );
            }
        }
        // Starts and stops are never dropped; those in the window of the queue come on top of the
        // values that the store may hold, and so does what is under way to it.
        let most = MOST_VALUES + 160 + 2 * self.books.sessions();
        let queued = self.all.engine().counters().queued;
        assert!(queued <= most, "{queued} messages are queued");
        assert!(self.questions.len() <= 32, "no end of questions");
    }

    /// With a central system that answers, all that must arrive does, and nothing is left over.
    pub fn settle_down(&mut self) {
        self.all.power.fuel = None;
        self.all.central.silent = false;
        self.all.reachable = true;
        self.cut();
        self.fact(Fact::Network(true));
        for _ in 0..2 {
            self.run(600_000);
        }
    }
}

impl Surroundings for World {
    type Wrong = Infallible;

    fn power(&mut self) -> &mut Power {
        &mut self.all.power
    }

    fn clock(&self) -> Now {
        self.all.now
    }

    fn carry_out(&mut self, engine: &Engine, effect: Effect) -> Result<(), Infallible> {
        match &effect {
            Effect::Send(text) => self.sent(text),
            Effect::Notify(notice) => self.told(notice.clone()),
            Effect::Withdraw(request) => self.questions.retain(|open| open != request),
            Effect::Ping => {
                assert!(self.all.connected);
                if self.all.central.silent {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.all.carry_out(engine, effect)
    }

    fn news(&mut self) -> Option<News> {
        let news = self.all.news()?;
        if let News::Text(text) = &news {
            self.answers(text);
        }
        Some(news)
    }

    fn power_goes(&mut self) -> Result<(), Infallible> {
        self.all.power_cycle();
        self.questions.clear();
        self.faults.clear();
        self.locked.clear();
        self.books.power_cut();
        // Nobody is told any more what became of vendor data.
        self.concluded = self.data;
        Ok(())
    }
}
