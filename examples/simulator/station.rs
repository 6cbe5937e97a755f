//! One charge point of the simulator: the library's handle, and the charger behind it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use evcp::core::{
    Answer, Batch, Connection, ConnectorId, Fact, Fault, Fetched, Notice, Question, Reading, Seq,
    Stored, Supply, TransactionChange, Wh,
};
use evcp::store::{MemoryStore, SqliteStore, Store, StoreError};
use evcp::time::Wall;
use evcp::wire::{ChargePointErrorCode, ChargePointStatus, DataTransferStatus};
use evcp::{ChargePoint, Event, Options, Storage, Wake};
use serde_json::{json, Value};

use crate::charger::Outlet;
use crate::config::Config;
use crate::Message;

/// Rings the main loop once for any number of events.
struct Bell {
    station: usize,
    rung: AtomicBool,
    to: Sender<Message>,
}

impl Wake for Bell {
    fn raise(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = self.to.send(Message::Events(self.station));
        }
    }

    fn clear(&self) {
        self.rung.store(false, Ordering::Release);
    }
}

/// A disk that fails when it is told to.
struct Disk {
    store: Box<dyn Store>,
    fails: Arc<AtomicBool>,
}

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Acquire) {
            return Err(StoreError("the simulated disk fails".to_owned()));
        }
        self.store.commit(batch)
    }

    fn fetch(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        if self.fails.load(Ordering::Acquire) {
            return Err(StoreError("the simulated disk fails".to_owned()));
        }
        self.store.fetch(after, limit)
    }

    fn size(&self) -> u64 {
        self.store.size()
    }
}

/// Something to do later.
pub enum Later {
    /// The vehicle reacts to what it is offered.
    React(usize),
    /// A fault comes.
    Fault(Option<ConnectorId>, Fault),
    /// The lock has moved, or has not.
    Unlocked(evcp::core::RequestId, bool),
}

pub struct Station {
    pub number: usize,
    pub config: Config,
    directory: Option<PathBuf>,
    pub handle: ChargePoint,
    pub outlets: Vec<Outlet>,
    pub disk_fails: Arc<AtomicBool>,
    to: Sender<Message>,
    pub later: Vec<(Instant, Later)>,
    /// Faults that wait for charging to begin.
    pub on_charging: Vec<(usize, Duration, Fault)>,
    registration: &'static str,
    connected: bool,
    pub ended: bool,
    trace: bool,
}

fn seed() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |t| t.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (now as u64) ^ (u64::from(std::process::id()) << 40) ^ (count << 56)
}

fn open(
    config: &Config,
    directory: Option<&PathBuf>,
    fails: &Arc<AtomicBool>,
    to: &Sender<Message>,
    number: usize,
    trace: bool,
) -> Result<ChargePoint, String> {
    let mut setup = config.setup.clone();
    setup.seed = seed();
    let store: Box<dyn Store> = match directory {
        None => Box::<MemoryStore>::default(),
        Some(directory) => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |t| t.as_millis());
            let opened = SqliteStore::open(directory, Wall(now as i64)).map_err(|w| w.0)?;
            if let Some((aside, why)) = opened.replaced {
                let text = format!("the store was damaged: {why}; kept as {}", aside.display());
                crate::say(&json!({"event": "error", "text": text}));
            }
            Box::new(opened.store)
        }
    };
    let bell = Bell {
        station: number,
        rung: AtomicBool::new(false),
        to: to.clone(),
    };
    let options = Options {
        setup,
        url: config.url.clone(),
        identity: config.identity.clone(),
        storage: Storage::Custom(Box::new(Disk {
            store,
            fails: fails.clone(),
        })),
        tls: config.tls.clone(),
        trace_frames: trace,
    };
    ChargePoint::new(options, Arc::new(bell)).map_err(|why| why.to_string())
}

impl Station {
    pub fn new(
        number: usize,
        config: Config,
        directory: Option<PathBuf>,
        to: Sender<Message>,
        trace: bool,
    ) -> Result<Self, String> {
        let disk_fails = Arc::new(AtomicBool::new(false));
        let handle = open(&config, directory.as_ref(), &disk_fails, &to, number, trace)?;
        let measures = &config.setup.tuning.measurable;
        let outlet = || Outlet::new(config.ev_power_w, config.meter_start_wh, measures.clone());
        let outlets = config.setup.connectors.iter().map(|_| outlet()).collect();
        let mut station = Self {
            number,
            config,
            directory,
            handle,
            outlets,
            disk_fails,
            to,
            later: Vec::new(),
            on_charging: Vec::new(),
            registration: "None",
            connected: false,
            ended: false,
            trace,
        };
        station.restore_meters();
        Ok(station)
    }

    pub fn start(&self) -> Result<(), String> {
        self.handle.start().map_err(|why| why.to_string())
    }

    pub fn identity(&self) -> &str {
        &self.config.identity
    }

    /// A real meter keeps its register when power is lost; the simulated one finds it in a file.
    fn restore_meters(&mut self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let Ok(text) = std::fs::read_to_string(directory.join("meters.json")) else {
            return;
        };
        let Ok(Value::Array(all)) = serde_json::from_str(&text) else {
            return;
        };
        for (outlet, wh) in self.outlets.iter_mut().zip(all) {
            outlet.set_readings(&json!({ "wh": wh }));
        }
    }

    pub fn keep_meters(&mut self) {
        let Some(directory) = self.directory.clone() else {
            return;
        };
        let all: Vec<_> = self
            .outlets
            .iter_mut()
            .map(|o| o.readings()[0].milli as f64 / 1000.0)
            .collect();
        let new = directory.join("meters.json.new");
        if std::fs::write(&new, json!(all).to_string()).is_ok() {
            let _ = std::fs::rename(new, directory.join("meters.json"));
        }
    }

    /// Puts in what the control pilot says now.
    pub fn tell_ev(&mut self, at: usize) -> Result<(), String> {
        let ev = self.outlets[at].ev();
        self.tell(Fact::Ev(id(at)?, ev))
    }

    pub fn tell(&self, fact: Fact) -> Result<(), String> {
        self.handle.tell(fact).map_err(|why| why.to_string())
    }

    pub fn events(&mut self) {
        while let Some(event) = self.handle.next() {
            self.on_event(event);
            if self.ended {
                return;
            }
        }
    }

    pub fn say(&self, mut event: Value) {
        if let Some(members) = event.as_object_mut() {
            members.insert("identity".to_owned(), json!(self.identity()));
        }
        crate::say(&event);
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Frame { sent, text } => {
                let direction = if sent { "out" } else { "in" };
                self.say(json!({"event": "ocpp", "direction": direction, "frame": text}));
            }
            Event::StoreReplaced { kept_as, why } => {
                let text = format!("the store was damaged: {why}; kept as {kept_as}");
                self.say(json!({"event": "error", "text": text}));
            }
            Event::Fatal(why) => {
                self.say(json!({"event": "error", "text": format!("fatal: {why}")}));
                self.ended = true;
            }
            Event::Notice(notice) => self.on_notice(notice),
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Supply(at, supply) => self.on_supply(at, supply),
            Notice::Ask(request, question) => self.on_question(request, question),
            Notice::Connection(state, detail) => {
                let word = match state {
                    Connection::Connected => "connected",
                    Connection::Disconnected => "disconnected",
                    Connection::Failed => "failed",
                };
                self.connected = state == Connection::Connected;
                self.say(json!({"event": "ws", "state": word, "detail": detail}));
            }
            Notice::Boot(status, interval) => {
                self.registration = status.as_str();
                let interval = interval.0 / 1000;
                let status = status.as_str();
                self.say(json!({"event": "boot", "status": status, "interval": interval}));
            }
            Notice::Status(status) => {
                let connector = status.connector.map_or(0, ConnectorId::number);
                self.say(json!({
                    "event": "status",
                    "connector": connector,
                    "status": status.status.as_str(),
                    "error_code": status.error.as_str(),
                }));
            }
            Notice::Transaction(step) => {
                let state = match step.change {
                    TransactionChange::Started | TransactionChange::Resumed => "started",
                    TransactionChange::Confirmed => "confirmed",
                    TransactionChange::Deauthorized => "deauthorized",
                    TransactionChange::Stopped => "stopped",
                };
                self.keep_meters();
                self.say(json!({
                    "event": "tx",
                    "connector": step.connector.number(),
                    "state": state,
                    "transaction_id": step.central_id,
                    "tx": step.tx.0,
                    "id_tag": step.tag.as_str(),
                    "meter_start": step.meter_start.0,
                    "meter_stop": step.stopped.map(|(_, wh)| wh.0),
                    "reason": step.reason.map(|reason| reason.as_str()),
                }));
            }
            Notice::Authorized {
                connector,
                tag,
                status,
            } => self.say(json!({
                "event": "auth",
                "connector": connector.map(ConnectorId::number),
                "id_tag": tag.as_str(),
                "status": status.as_str(),
            })),
            Notice::Storage { failing } => {
                let text = failing.map_or_else(
                    || "storage works again".to_owned(),
                    |why| format!("storage fails: {why}"),
                );
                self.say(json!({"event": "log", "text": text}));
            }
            Notice::Key(name, value) => {
                let value = value.unwrap_or_default();
                self.say(json!({"event": "key", "key": name, "value": value}));
            }
            Notice::DataTransferred(token, outcome) => {
                let text = format!("{outcome:?}");
                self.say(json!({"event": "data_transfer", "id": token, "outcome": text}));
            }
            Notice::Reboot { hard } => {
                let kind = if hard { "Hard" } else { "Soft" };
                self.say(json!({"event": "reset", "type": kind}));
                self.reboot();
            }
            Notice::Expired(_) | Notice::Time(_) | Notice::Availability(..) => {}
        }
    }

    /// A restart of the device: the process stays, or it does not.
    pub fn reboot(&mut self) {
        self.keep_meters();
        if self.config.exit_on_reset {
            self.ended = true;
            return;
        }
        let _ = self.handle.stop(Duration::from_secs(2));
        while let Some(event) = self.handle.next() {
            if !matches!(event, Event::Notice(Notice::Reboot { .. })) {
                self.on_event(event);
            }
        }
        self.connected = false;
        self.registration = "None";
        // The store is open as long as the old handle lives.
        let fails = self.disk_fails.clone();
        let directory = self.directory.as_ref();
        match open(
            &self.config,
            directory,
            &fails,
            &self.to,
            self.number,
            self.trace,
        ) {
            Ok(handle) => self.handle = handle,
            Err(why) => {
                self.say(json!({"event": "error", "text": why}));
                self.ended = true;
                return;
            }
        }
        for at in 0..self.outlets.len() {
            self.outlets[at].tick();
            self.outlets[at].supply = Supply::OFF;
            self.outlets[at].awake = false;
            let _ = self.tell_ev(at);
        }
        if let Err(why) = self.start() {
            self.say(json!({"event": "error", "text": why}));
        }
    }

    fn on_supply(&mut self, at: ConnectorId, supply: Supply) {
        let index = at.index();
        let Some(outlet) = self.outlets.get_mut(index) else {
            return;
        };
        outlet.tick();
        let offered = supply.permit && !outlet.supply.permit;
        outlet.supply = supply;
        if !supply.permit {
            outlet.awake = false;
        }
        let wakes = offered && outlet.vehicle && outlet.hungry;
        self.say(json!({
            "event": "supply",
            "connector": at.number(),
            "permit": supply.permit,
            "lock": supply.lock,
            "amps": supply.deciamps.map(|tenths| f64::from(tenths) / 10.0),
            "watts": supply.deciwatts.map(|tenths| tenths as f64 / 10.0),
            "phases": supply.phases.unwrap_or(0),
        }));
        if wakes {
            let reaction = Duration::from_secs_f64(self.config.ev_reaction_s);
            self.later
                .push((Instant::now() + reaction, Later::React(index)));
        }
        let _ = self.tell_ev(index);
    }

    fn on_question(&mut self, request: evcp::core::RequestId, question: Question) {
        let answer = match question {
            Question::Unlock(at) => {
                let fails = self
                    .outlets
                    .get(at.index())
                    .is_some_and(|outlet| outlet.lock_fails);
                let moved = Instant::now() + Duration::from_millis(20);
                return self.later.push((moved, Later::Unlocked(request, !fails)));
            }
            Question::Reset { .. } => Answer::Accepted,
            Question::ReadMeter(Some(at), _) => match self.outlets.get_mut(at.index()) {
                Some(outlet) => Answer::Meter(outlet.readings()),
                None => Answer::Failed,
            },
            Question::ReadMeter(None, _) => {
                let all = self.outlets.iter_mut();
                let milli = all.map(|outlet| outlet.readings()[0].milli).sum();
                Answer::Meter(vec![Reading {
                    milli,
                    ..Reading::energy(Wh(0))
                }])
            }
            Question::DataTransfer {
                vendor,
                message,
                data,
            } => echo(&vendor, message.as_deref(), data),
        };
        let _ = self.handle.answer(request, answer);
    }

    pub fn on_later(&mut self, later: Later) {
        match later {
            Later::React(at) => {
                let outlet = &mut self.outlets[at];
                outlet.tick();
                outlet.awake = outlet.supply.permit && outlet.vehicle;
                if outlet.awake {
                    let _ = self.tell_ev(at);
                    let due = std::mem::take(&mut self.on_charging);
                    for (place, delay, fault) in due {
                        if place == at {
                            let at = id(at).ok();
                            self.later
                                .push((Instant::now() + delay, Later::Fault(at, fault)));
                        } else {
                            self.on_charging.push((place, delay, fault));
                        }
                    }
                }
            }
            Later::Fault(at, fault) => {
                let _ = self.tell(Fact::Fault(at, Some(fault)));
            }
            Later::Unlocked(request, moved) => {
                let answer = if moved {
                    Answer::Accepted
                } else {
                    Answer::Failed
                };
                let _ = self.handle.answer(request, answer);
            }
        }
    }

    pub fn drain_until(&mut self, patience: Duration, over: impl Fn(&Self) -> bool) {
        let until = Instant::now() + patience;
        loop {
            self.events();
            let due: Vec<_> = self.take_due();
            for later in due {
                self.on_later(later);
            }
            if over(self) || Instant::now() > until {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the time has come for.
    pub fn take_due(&mut self) -> Vec<Later> {
        let now = Instant::now();
        let (due, left) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.later = left;
        let mut due: Vec<(Instant, Later)> = due;
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().map(|(_, later)| later).collect()
    }

    pub fn state(&self) -> Value {
        let stats = self.handle.stats();
        let connectors: Vec<_> = (0..self.outlets.len()).filter_map(|at| {
            let at = id(at).ok()?;
            let status = self.handle.status(Some(at));
            let supply = self.handle.supply(at);
            Some(json!({
                "connector": at.number(),
                "status": status.as_ref().map_or(ChargePointStatus::Available, |s| s.status).as_str(),
                "error_code": status.map_or(ChargePointErrorCode::NoError, |s| s.error).as_str(),
                "transaction": self.handle.transaction(at).map(|step| json!({
                    "tx": step.tx.0,
                    "transaction_id": step.central_id,
                    "id_tag": step.tag.as_str(),
                    "meter_start": step.meter_start.0,
                })),
                "supply": {
                    "permit": supply.permit,
                    "lock": supply.lock,
                    "amps": supply.deciamps.map(|tenths| f64::from(tenths) / 10.0),
                    "watts": supply.deciwatts.map(|tenths| tenths as f64 / 10.0),
                    "phases": supply.phases.unwrap_or(0),
                },
            }))
        }).collect();
        json!({
            "registration": self.registration,
            "connected": self.connected,
            "queue": stats.counters.queued,
            "connectors": connectors,
        })
    }

    /// An orderly end: what the queue holds is sent if that is possible in time.
    pub fn finish(&mut self, patience: Duration) {
        self.drain_until(patience, |station| {
            let stats = station.handle.stats();
            !station.charges() && (!station.connected || stats.counters.queued == 0)
        });
        self.end();
    }

    /// Whether a transaction is running at any connector.
    pub fn charges(&self) -> bool {
        let running = |at| id(at).is_ok_and(|at| self.handle.transaction(at).is_some());
        (0..self.outlets.len()).any(running)
    }

    /// Closes the link and the store.
    pub fn end(&mut self) {
        self.keep_meters();
        let _ = self.handle.stop(Duration::from_secs(2));
        self.events();
        self.ended = true;
    }
}

/// The one vendor that the simulator knows sends back what it gets.
fn echo(vendor: &str, message: Option<&str>, data: Option<String>) -> Answer {
    match (vendor, message) {
        ("org.evcp", Some("echo")) => Answer::Data(DataTransferStatus::Accepted, data),
        ("org.evcp", _) => Answer::Data(DataTransferStatus::UnknownMessageId, None),
        _ => Answer::Data(DataTransferStatus::UnknownVendorId, None),
    }
}

pub fn id(index: usize) -> Result<ConnectorId, String> {
    let number = u32::try_from(index + 1).unwrap_or(0);
    ConnectorId::new(number).ok_or_else(|| format!("there is no connector {number}"))
}
