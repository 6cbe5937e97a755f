//! The charger behind the charge point: vehicles, contactors, meters, locks.

use std::time::Instant;

use evcp::core::{Ev, Quantity, Reading, Supply, Wh};
use evcp::types::Measurand;

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
    soc: f64,
    temperature_c: f64,
    drawn_w: Option<f64>,
    measures: Vec<Quantity>,
}

impl Outlet {
    pub fn new(power_w: f64, start_wh: f64, measures: Vec<Quantity>) -> Self {
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
            soc: 50.0,
            temperature_c: 25.0,
            drawn_w: None,
            measures,
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
        let given = |name: &str| command[name].as_f64();
        self.drawn_w = given("power_w").or(self.drawn_w);
        self.soc = given("soc").unwrap_or(self.soc);
        self.temperature_c = given("temperature_c").unwrap_or(self.temperature_c);
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
        let all = [
            of(Measurand::PowerActiveImport, power.round()),
            of(
                Measurand::CurrentImport,
                (power / 690.0 * 10.0).round() / 10.0,
            ),
            of(Measurand::Voltage, 230.0),
            of(Measurand::SoC, self.soc),
            of(Measurand::Temperature, self.temperature_c),
            of(Measurand::Frequency, 50.0),
            of(Measurand::PowerFactor, 1.0),
            of(Measurand::PowerOffered, self.offered()),
            of(
                Measurand::CurrentOffered,
                (self.offered() / 69.0).round() / 10.0,
            ),
        ];
        let shown = |reading: &Reading| {
            let measurand = reading.measurand;
            self.measures
                .iter()
                .any(|shown| shown.measurand == measurand)
        };
        let register = Reading::energy(Wh(self.wh.floor() as i64));
        std::iter::once(register)
            .chain(all.into_iter().filter(shown))
            .collect()
    }

    fn offered(&self) -> f64 {
        if self.supply.permit {
            self.supply
                .deciwatts
                .map_or(self.power_w, |tenths| tenths as f64 / 10.0)
        } else {
            0.0
        }
    }
}
