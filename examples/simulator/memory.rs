//! What the simulated hardware knows without power: registers, and the vehicles at its cables.

use serde_json::{json, Value};

use crate::station::Station;

const METERS: &str = "meters.json";
const VEHICLES: &str = "vehicles.json";

impl Station {
    /// A real meter keeps its register when power is lost, and a vehicle stays where it is; here both are
    /// found in files.
    pub fn remember(&mut self) -> Result<(), String> {
        let registers = self.recall(METERS);
        for (outlet, wh) in self.outlets.iter_mut().zip(registers) {
            outlet.set_readings(&json!({ "wh": wh }));
        }
        if !self.config.ev_remembered {
            return Ok(());
        }
        for (at, was) in self.recall(VEHICLES).into_iter().enumerate() {
            let Some(outlet) = self.outlets.get_mut(at) else {
                break;
            };
            outlet.cable = was["cable"] == true;
            outlet.vehicle = was["vehicle"] == true;
            outlet.hungry = was["hungry"] != false;
            self.tell_ev(at)?;
        }
        Ok(())
    }

    pub fn keep_meters(&mut self) {
        let registers: Vec<_> = self
            .outlets
            .iter_mut()
            .map(|o| o.readings()[0].milli as f64 / 1000.0)
            .collect();
        self.keep(METERS, &json!(registers));
    }

    pub fn keep_vehicles(&self) {
        let of = |outlet: &crate::charger::Outlet| json!({"cable": outlet.cable, "vehicle": outlet.vehicle, "hungry": outlet.hungry});
        self.keep(VEHICLES, &self.outlets.iter().map(of).collect());
    }

    fn recall(&self, name: &str) -> Vec<Value> {
        let path = self
            .directory
            .as_ref()
            .map(|directory| directory.join(name));
        let text = path.and_then(|path| std::fs::read_to_string(path).ok());
        let all = text.and_then(|text| serde_json::from_str(&text).ok());
        all.unwrap_or_default()
    }

    /// The whole file or the one before, whenever the process is killed.
    fn keep(&self, name: &str, what: &Value) {
        let Some(directory) = &self.directory else {
            return;
        };
        let new = directory.join(format!("{name}.new"));
        if std::fs::write(&new, what.to_string()).is_ok() {
            let _ = std::fs::rename(new, directory.join(name));
        }
    }
}
