//! The charger behind the charge point: vehicles, contactors, meters, locks.

use std::time::Instant;

use evcp::core::{Ev, Reading, Supply, Wh};
use evcp::wire::Measurand;

/// One simulated connector.
pub struct Outlet {
    pub cable: bool,
    pub vehicle: bool,
    /// Whether the vehicle wants energy.
    pub hungry: bool,
    /// Whether it has reacted to the offer.
    pub awake: bool,
    pub supply: Supply,
    pub lock_fails: bool,
    pub faulted: bool,
    power_w: f64,
    wh: f64,
    since: Instant,
    soc: Option<f64>,
    temperature_c: Option<f64>,
    drawn_w: Option<f64>,
}

impl Outlet {
    pub fn new(power_w: f64, start_wh: f64) -> Self {
        Self {
            cable: false,
            vehicle: false,
            hungry: true,
            awake: false,
            supply: Supply::OFF,
            lock_fails: false,
            faulted: false,
            power_w,
            wh: start_wh,
            since: Instant::now(),
            soc: None,
            temperature_c: None,
            drawn_w: None,
        }
    }

    /// What the control pilot says.
    pub fn ev(&self) -> Ev {
        match (self.cable, self.vehicle) {
            (false, _) => Ev::Absent,
            (true, false) => Ev::CableOnly,
            (true, true) if self.flows() => Ev::Charging,
            (true, true) if self.supply.permit && !self.hungry => Ev::Suspended,
            (true, true) => Ev::Plugged,
        }
    }

    /// Whether energy flows.
    pub fn flows(&self) -> bool {
        self.vehicle && self.hungry && self.awake && self.supply.permit
    }

    /// Brings the register up to now; to be called before anything changes.
    pub fn tick(&mut self) {
        let now = Instant::now();
        if self.flows() {
            let hours = now.duration_since(self.since).as_secs_f64() / 3600.0;
            self.wh += self.power() * hours;
        }
        self.since = now;
    }

    fn power(&self) -> f64 {
        let mut power = self.drawn_w.unwrap_or(self.power_w);
        if let Some(deciwatts) = self.supply.deciwatts {
            power = power.min(deciwatts as f64 / 10.0);
        }
        if let Some(deciamps) = self.supply.deciamps {
            power = power.min(f64::from(deciamps) / 10.0 * 230.0 * 3.0);
        }
        power
    }

    pub fn set_readings(&mut self, command: &serde_json::Value) {
        self.tick();
        if let Some(wh) = command["wh"].as_f64() {
            self.wh = wh;
        }
        let given = |name: &str, old| command[name].as_f64().or(old);
        self.drawn_w = given("power_w", self.drawn_w);
        self.soc = given("soc", self.soc);
        self.temperature_c = given("temperature_c", self.temperature_c);
    }

    /// What the meter shows.
    pub fn readings(&mut self) -> Vec<Reading> {
        self.tick();
        let power = if self.flows() { self.power() } else { 0.0 };
        let of = |measurand, value: f64| Reading {
            measurand,
            phase: None,
            location: None,
            milli: (value * 1000.0).round() as i64,
        };
        let mut all = vec![
            Reading::energy(Wh(self.wh.floor() as i64)),
            of(Measurand::PowerActiveImport, power.round()),
            of(
                Measurand::CurrentImport,
                (power / 690.0 * 10.0).round() / 10.0,
            ),
            of(Measurand::Voltage, 230.0),
        ];
        all.extend(self.soc.map(|soc| of(Measurand::SoC, soc)));
        all.extend(self.temperature_c.map(|t| of(Measurand::Temperature, t)));
        all
    }
}
