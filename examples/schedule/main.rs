//! Draws what charging profiles add up to: an SVG of a day, worked out by the library.
//!
//! usage: schedule > docs/smart-charging.svg
//!
//! It also shows the engine on its own, without sockets, threads or a clock: text frames go in,
//! effects come out.

#![allow(clippy::print_stdout)]

use evcp::core::{
    Act, ConnectorId, ConnectorSetup, Device, Effect, Engine, Ev, Fact, Input, LinkEvent, Place,
    Setup, Stored,
};
use evcp::time::{Mono, Now, Wall};
use evcp::types::{ChargingRateUnitType, CiString, IdToken};
use serde_json::{json, Value};

/// 2026-01-01T00:00:00Z
const MIDNIGHT: Now = Now {
    mono: Mono(0),
    wall: Wall(1_767_225_600_000),
};

/// The profiles of the example: where, and what.
const PROFILES: [(i32, &str, &str); 3] = [
    (0, "ChargePointMaxProfile", include_str!("max.json")),
    (0, "TxDefaultProfile", include_str!("default.json")),
    (1, "TxProfile", include_str!("tx.json")),
];

fn main() {
    let alone = PROFILES.map(|profile| (profile.1, steps(&[profile])));
    print!("{}", chart(&alone, &steps(&PROFILES)));
}

/// The limits of a day with these profiles, in amperes: (hour, limit).
fn steps(profiles: &[(i32, &str, &str)]) -> Vec<(f64, f64)> {
    let mut point = Point::charging();
    for (connector, _, text) in profiles {
        let profile: Value = serde_json::from_str(text).expect("the example is JSON");
        let request = json!({"connectorId": connector, "csChargingProfiles": profile});
        point.hear(&json!([2, "set", "SetChargingProfile", request]));
    }
    let connector = Place::new(1).expect("there is one");
    let unit = ChargingRateUnitType::A;
    let periods = point.engine.schedule(MIDNIGHT, connector, 86_400, unit);
    let step = |start: u32, tenths: i64| (f64::from(start) / 3600.0, tenths as f64 / 10.0);
    periods
        .iter()
        .map(|period| step(period.start, period.tenths))
        .collect()
}

/// A charge point, and a central system that says yes to everything.
struct Point {
    engine: Engine,
}

impl Point {
    /// With a transaction that began at midnight.
    fn charging() -> Self {
        let text = |text| CiString::truncated(text);
        let device = Device::new(text("evcp"), text("schedule"));
        let setup = Setup::new(device, vec![ConnectorSetup::SOCKET]);
        let engine = Engine::new(setup, Stored::default(), MIDNIGHT).expect("it makes sense");
        let mut point = Self { engine };
        point.settle();
        point.take(Input::Link(LinkEvent::Up));
        let at = ConnectorId::new(1).expect("there is one");
        point.take(Input::Charger(Fact::Ev(at, Ev::Charging)));
        let tag = IdToken::truncated("CAFE01");
        point.take(Input::Act(Act::Tag(vec![at], tag)));
        point
    }

    fn take(&mut self, input: Input<'_>) {
        self.engine.handle(MIDNIGHT, input);
        self.settle();
    }

    fn hear(&mut self, frame: &Value) {
        self.take(Input::Link(LinkEvent::Text(&frame.to_string())));
    }

    fn settle(&mut self) {
        let effects: Vec<_> = std::iter::from_fn(|| self.engine.poll()).collect();
        for effect in effects {
            if let Effect::Send(text) = effect {
                self.answer(&text);
            }
        }
    }

    /// What the central system says to a frame.
    fn answer(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("the engine writes JSON");
        if frame[0] != 2 {
            return;
        }
        let answer = match frame[2].as_str() {
            Some("BootNotification") => json!({
                "status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 86400,
            }),
            Some("Authorize") => json!({"idTagInfo": {"status": "Accepted"}}),
            Some("StartTransaction") => {
                json!({"transactionId": 1, "idTagInfo": {"status": "Accepted"}})
            }
            _ => json!({}),
        };
        self.hear(&json!([3, frame[1], answer]));
    }
}

const COLOURS: [&str; 3] = ["#c0392b", "#2980b9", "#8e44ad"];

/// A day from left to right, 0 to 40 A from bottom to top.
fn chart(alone: &[(&str, Vec<(f64, f64)>)], all: &[(f64, f64)]) -> String {
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 330\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"760\" height=\"330\" fill=\"#fff\"/>\n",
    );
    for amps in (0..=40).step_by(8) {
        let y = place(0.0, f64::from(amps)).1;
        out += &format!(
            "<path d=\"M40 {y:.0}H736\" stroke=\"#ddd\"/><text x=\"34\" y=\"{:.0}\" \
             text-anchor=\"end\">{amps} A</text>\n",
            y + 4.0
        );
    }
    for hour in (0..=24).step_by(3) {
        let x = place(f64::from(hour), 0.0).0;
        out += &format!("<text x=\"{x:.0}\" y=\"276\" text-anchor=\"middle\">{hour}:00</text>\n");
    }
    let area = path(all);
    out += &format!("<path d=\"{area}V260H40Z\" fill=\"#2ecc71\" fill-opacity=\"0.35\"/>\n");
    for ((name, steps), (at, colour)) in alone.iter().zip(COLOURS.iter().enumerate()) {
        let line = path(steps);
        out += &format!(
            "<path d=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" \
             stroke-dasharray=\"5 3\"/>\n"
        );
        out += &legend(at, name, colour);
    }
    let line = path(all);
    out += &format!("<path d=\"{line}\" fill=\"none\" stroke=\"#1e8449\" stroke-width=\"2.5\"/>\n");
    out += &legend(3, "what may be drawn", "#1e8449");
    out + "</svg>\n"
}

fn legend(at: usize, name: &str, colour: &str) -> String {
    let x = 40 + at * 180;
    format!(
        "<path d=\"M{x} 304h22\" stroke=\"{colour}\" stroke-width=\"3\"/>\
         <text x=\"{}\" y=\"308\">{name}</text>\n",
        x + 28
    )
}

fn place(hour: f64, amps: f64) -> (f64, f64) {
    (40.0 + hour * 29.0, 260.0 - amps * 6.0)
}

/// A line with steps, to the end of the day.
fn path(steps: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (number, (hour, amps)) in steps.iter().enumerate() {
        let (x, y) = place(*hour, *amps);
        out += &match number {
            0 => format!("M{x:.0} {y:.0}"),
            _ => format!("H{x:.0}V{y:.0}"),
        };
    }
    out + "H736"
}
