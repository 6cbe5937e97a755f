//! What tests do to a world, and look at in it.

use evcp::core::*;
use serde_json::Value;

use crate::{at, place, tag, CentralSystem, World};

impl<C: CentralSystem> World<C> {
    /// The charger installs a profile of its own, if it can be read at all; a TxProfile is for what runs there.
    pub fn install_own(&mut self, connector: u32, profile: &Value) {
        let of_tx = profile["chargingProfilePurpose"] == "TxProfile";
        let steps = self.told.iter().rev();
        let last = steps.filter_map(|notice| match notice {
            Notice::Transaction(step) if step.connector.number() == connector => Some(step),
            _ => None,
        });
        let running = { last }.next().filter(|step| step.stopped.is_none());
        let tx = running.map(|step| step.tx).filter(|_| of_tx);
        let read = read_profile(&profile.to_string()).expect("a profile");
        self.give(Act::InstallProfile(place(connector), tx, Box::new(read)).into());
    }

    /// All profiles that are installed: whether it is one of the charger's own, where, and its id.
    pub fn installed(&self) -> Vec<(bool, u32, i32)> {
        let outlook = self.engine().outlook();
        let mut all = Vec::new();
        let mut last = None;
        while let Some(next) = outlook.profile_after(last) {
            last = Some(next.rank());
            let id = next.profile.charging_profile_id;
            all.push((next.origin == Origin::Charger, next.place.number(), id));
        }
        all
    }

    /// The firmware states something; what it says of a meter is shown from now on.
    pub fn fact(&mut self, fact: Fact) {
        if let Fact::Meter(place, readings) = &fact {
            let shown = self.shown.entry(*place).or_default();
            for new in readings {
                let same = |old: &Reading| (old.measurand, old.phase) != (new.measurand, new.phase);
                shown.retain(same);
                shown.push(*new);
            }
        }
        self.give(Input::Charger(fact));
    }

    /// Somebody at the charger, or the firmware, does something.
    pub fn act(&mut self, act: Act) {
        self.give(Input::Act(act));
    }

    /// The vehicle at a connector changes.
    pub fn ev(&mut self, connector: u32, ev: Ev) {
        self.fact(Fact::Ev(at(connector), ev));
    }

    /// The energy register of a connector is shown.
    pub fn meter(&mut self, connector: u32, wh: i64) {
        self.fact(Fact::Meter(place(connector), vec![Reading::energy(Wh(wh))]));
    }

    /// A tag is shown at a connector.
    pub fn show(&mut self, connector: u32, name: &str) {
        self.act(Act::Tag(vec![at(connector)], tag(name)));
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

impl World {
    /// The central system calls; the answer it gets at once, if any.
    pub fn call(&mut self, action: &str, payload: Value) -> Option<Value> {
        let id = self.calls(action, &payload);
        self.answer_to(&id)
    }

    /// The answer to a call of the central system: its payload, or the code of the error.
    pub fn answer_to(&self, id: &str) -> Option<Value> {
        let mut answers = self.central.answers.iter().rev();
        answers
            .find(|answer| answer[1] == id)
            .map(|answer| answer[2].clone())
    }

    /// Every call of the charge point: when by the monotonic clock, which, and what it says.
    pub fn timeline(&self) -> Vec<(u64, String, Value)> {
        let call = |(ms, frame): (u64, Value)| {
            let action = frame[2].as_str().filter(|_| frame[0] == 2)?.to_owned();
            Some((ms, action, frame[3].clone()))
        };
        self.trace.sent().filter_map(call).collect()
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

    /// The payloads of all calls of an action.
    pub fn sent(&self, action: &str) -> Vec<Value> {
        let calls = self.central.calls.iter().filter(|(name, _)| name == action);
        calls.map(|(_, payload)| payload.clone()).collect()
    }
}
