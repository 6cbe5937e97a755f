//! One charge point of the simulator: the library's handle, and the charger behind it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evcp::core::{Act, Answer, ConnectorId, Fact, Fault, Notice, Place, Supply};
use evcp::types::{ChargePointErrorCode, ChargePointStatus};
use evcp::{ChargePoint, Event};
use serde_json::{json, Value};

use crate::charger::Outlet;
use crate::config::Config;
use crate::handle::open;
use crate::Message;

/// How long the disk may take to close, which nobody waits for unless it does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something to do later.
pub enum Later {
    /// The vehicle reacts to what it is offered.
    React(usize),
    /// A fault comes.
    Fault(Place, Fault),
    /// The lock has moved, or has not.
    Unlocked(evcp::core::RequestId, bool),
}

pub struct Station {
    pub number: usize,
    pub config: Config,
    pub directory: Option<PathBuf>,
    pub handle: ChargePoint,
    pub outlets: Vec<Outlet>,
    pub disk_fails: Arc<AtomicBool>,
    to: Sender<Message>,
    pub later: Vec<(Instant, Later)>,
    /// Faults that wait for charging to begin.
    pub on_charging: Vec<(usize, Duration, Fault)>,
    pub registration: &'static str,
    pub connected: bool,
    pub ended: bool,
}

impl Station {
    pub fn new(
        number: usize,
        config: Config,
        directory: Option<PathBuf>,
        to: Sender<Message>,
    ) -> Result<Self, String> {
        let disk_fails = Arc::new(AtomicBool::new(false));
        let handle = open(&config, directory.as_ref(), &disk_fails, &to, number)?;
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
        };
        station.remember()?;
        Ok(station)
    }

    pub fn start(&self) -> Result<(), String> {
        self.handle.start().map_err(|why| why.to_string())
    }

    pub fn identity(&self) -> &str {
        &self.config.identity
    }

    /// Puts in what the control pilot says now.
    pub fn tell_ev(&mut self, at: usize) -> Result<(), String> {
        let ev = self.outlets[at].ev();
        self.tell(Fact::Ev(id(at)?, ev))
    }

    pub fn tell(&self, fact: Fact) -> Result<(), String> {
        self.handle.tell(fact).map_err(|why| why.to_string())
    }

    pub fn act(&self, act: Act) -> Result<(), String> {
        self.handle.act(act).map_err(|why| why.to_string())
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

    /// A restart of the device: the process stays, or it does not.
    pub fn reboot(&mut self) {
        self.keep_meters();
        if self.config.exit_on_reset {
            self.ended = true;
            return;
        }
        let _ = self.handle.stop(PATIENCE);
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
        match open(&self.config, directory, &fails, &self.to, self.number) {
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
                            let at = id(at).map_or(Place::ChargePoint, Place::Connector);
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
            let status = self.handle.status(Place::Connector(at));
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
        let _ = self.handle.stop(PATIENCE);
        self.events();
        self.ended = true;
    }
}

pub fn id(index: usize) -> Result<ConnectorId, String> {
    let number = u32::try_from(index + 1).unwrap_or(0);
    ConnectorId::new(number).ok_or_else(|| format!("there is no connector {number}"))
}
