//! The configuration file `cp-config/1`, and what the command line adds to it.

use evcp::core::{
    ConnectorSetup, Device, Engine, Feed, Hardware, Host, Key, Quantity, Setup, SetupError, Stored,
    Tuning,
};
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::types::CiString;
use evcp::TlsOptions;
use serde_json::Value;

use crate::certificates::tls;

/// One charge point to simulate.
#[derive(Clone)]
pub struct Config {
    pub identity: String,
    pub url: String,
    pub setup: Setup,
    pub tls: TlsOptions,
    pub ev_reaction_s: f64,
    pub ev_power_w: f64,
    /// Whether vehicles are still there after a restart.
    pub ev_remembered: bool,
    pub meter_start_wh: f64,
    pub exit_on_reset: bool,
    /// What was asked for and cannot be, in words: it is left out.
    pub left_out: Vec<String>,
}

impl Config {
    /// Reads a configuration; members that are not known are ignored.
    pub fn read(json: &Value) -> Result<Self, String> {
        let text = |name: &str, default: &str| json[name].as_str().unwrap_or(default).to_owned();
        let identity = text("identity", "CP0001");
        let profile = json["security"]["profile"].as_u64().unwrap_or(0);
        let profile = u8::try_from(profile).ok().filter(|p| *p <= 3);
        let profile = profile.ok_or("security.profile must be 0 to 3")?;
        let mut tuning = Tuning {
            security_profile: profile,
            measurable: measurands(&json["measurands"])?,
            main_meter: json["main_meter"] == true,
            volts: volts(&json["smart_charging"])?,
            ..Tuning::default()
        };
        tune(&mut tuning, &json["timing"]);
        for (name, value) in json["tuning"].as_object().into_iter().flatten() {
            let text = value
                .as_str()
                .ok_or_else(|| format!("tuning.{name} must be a string"))?;
            tuning
                .set(name, text)
                .map_err(|_| format!("tuning: {name} cannot be \"{text}\""))?;
        }
        let mut left_out = Vec::new();
        let mut keys = Vec::new();
        for (name, value) in json["keys"].as_object().into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match (CiString::new(name.as_str()), CiString::new(text)) {
                (Ok(name), Ok(value)) => keys.push((name, value)),
                _ => left_out.push(format!("keys.{name}: name or value is too long")),
            }
        }
        if let Some(password) = json["security"]["authorization_key"].as_str() {
            keys.push((
                CiString::truncated("AuthorizationKey"),
                limited("authorization_key", password)?,
            ));
        }
        let optional = |name: &str| json[name].as_str().map(CiString::truncated);
        let mut setup = Setup {
            device: Device {
                serial: optional("charge_box_serial_number"),
                firmware: json["firmware_version"].as_str().map(CiString::truncated),
                ..Device::new(
                    CiString::truncated(&text("vendor", "evcp")),
                    CiString::truncated(&text("model", "simulator")),
                )
            },
            connectors: connectors(&json["connectors"], hardware(&json["smart_charging"])?),
            keys,
            declared: Vec::new(),
            host: Host::COMPLETE,
            networks: Vec::new(),
            tuning,
            seed: 0,
        };
        left_out.extend(without_wrong_keys(&mut setup));
        Ok(Self {
            url: url(&json["csms"], profile),
            setup,
            tls: tls(&json["security"])?,
            ev_reaction_s: json["ev"]["reaction_s"].as_f64().unwrap_or(1.0).max(0.0),
            ev_remembered: json["ev"]["remember"] != false,
            ev_power_w: json["ev"]["power_w"].as_f64().unwrap_or(11_000.0).max(0.0),
            meter_start_wh: json["meter"]["start_wh"].as_f64().unwrap_or(0.0),
            exit_on_reset: json["on_reset"] == "exit",
            left_out,
            identity,
        })
    }
}

/// Takes out the keys that there are not, or that cannot have their value, and says which.
fn without_wrong_keys(setup: &mut Setup) -> Vec<String> {
    let now = Now {
        mono: Mono(0),
        wall: Wall(0),
    };
    let mut wrong = Vec::new();
    while let Err(SetupError::Key(bad)) = Engine::new(setup.clone(), Stored::default(), now) {
        let count = setup.keys.len();
        setup
            .keys
            .retain(|(name, _)| !name.as_str().eq_ignore_ascii_case(&bad.key));
        if setup.keys.len() == count {
            break;
        }
        wrong.push(match Key::by_name(&bad.key) {
            Some(_) => format!("{}; it is left out", SetupError::Key(bad)),
            None => format!("keys.{}: there is no such key; it is left out", bad.key),
        });
    }
    wrong
}

/// What every connector can deliver; no phases stand for direct current.
fn hardware(json: &Value) -> Result<Hardware, String> {
    let amps = json["default_limit_a"].as_f64().unwrap_or(32.0);
    if !(0.0..=10_000.0).contains(&amps) {
        return Err("smart_charging.default_limit_a must be 0 to 10000".to_owned());
    }
    let feed = match json["phases"].as_u64().unwrap_or(3) {
        0 => Feed::Dc,
        1 => Feed::One,
        2 => Feed::Two,
        3 => Feed::Three,
        _ => return Err("smart_charging.phases must be 0 to 3".to_owned()),
    };
    Ok(Hardware {
        deciamps: (amps * 10.0).round() as u32,
        feed,
    })
}

fn volts(json: &Value) -> Result<u32, String> {
    let volts = json["voltage"].as_f64().unwrap_or(230.0).round();
    let sane = (1.0..=2000.0).contains(&volts);
    sane.then_some(volts as u32)
        .ok_or_else(|| "smart_charging.voltage must be 1 to 2000".to_owned())
}

/// What the meters of the charger show; the import register needs no words.
fn measurands(json: &Value) -> Result<Vec<Quantity>, String> {
    let named: Vec<_> = match json.as_array() {
        Some(all) => all.iter().filter_map(Value::as_str).collect(),
        None => vec![
            "Power.Active.Import",
            "Current.Import",
            "Voltage",
            "SoC",
            "Temperature",
            "Frequency",
            "Power.Factor",
            "Power.Offered",
            "Current.Offered",
        ],
    };
    Quantity::parse_list(&named.join(",")).ok_or_else(|| "measurands: unknown".to_owned())
}

fn limited(name: &str, value: &str) -> Result<CiString<500>, String> {
    CiString::new(value).map_err(|_| format!("{name}: the value is too long"))
}

fn url(csms: &Value, profile: u8) -> String {
    // What is written for a lower profile follows to a higher one; wss:// never goes down to ws://.
    if let Some(url) = csms["url"].as_str() {
        let follows = url.strip_prefix("ws://").filter(|_| profile >= 2);
        return follows.unwrap_or(url).to_owned();
    }
    let scheme = if profile >= 2 { "wss" } else { "ws" };
    let host = csms["host"].as_str().unwrap_or("127.0.0.1");
    let path = csms["path"].as_str().unwrap_or("").trim_matches('/');
    match csms["port"].as_u64() {
        Some(port) => format!("{scheme}://{host}:{port}/{path}"),
        None => format!("{scheme}://{host}/{path}"),
    }
}

fn connectors(json: &Value, limit: Hardware) -> Vec<ConnectorSetup> {
    let one = |json: &Value| ConnectorSetup {
        lockable: json["lockable"].as_bool().unwrap_or(true),
        hardware: limit,
        ..ConnectorSetup::SOCKET
    };
    match json.as_array() {
        Some(all) => all.iter().map(one).collect(),
        None => vec![one(&Value::Null); 2],
    }
}

fn tune(tuning: &mut Tuning, timing: &Value) {
    let millis = |name: &str| {
        let seconds = timing[name].as_f64().filter(|s| (0.0..1e9).contains(s))?;
        Some(Millis((seconds * 1000.0) as u64))
    };
    if let Some(wait) = millis("reconnect_wait_s") {
        tuning.reconnect_min = wait;
        tuning.reconnect_max = Millis(wait.0.saturating_mul(32).min(120_000)).max(wait);
        let jitter = millis("reconnect_jitter_s").unwrap_or_default();
        let percent = jitter.0.saturating_mul(100) / wait.0.max(1);
        tuning.reconnect_jitter = u8::try_from(percent.min(100)).unwrap_or(100);
    }
    if let Some(wait) = millis("boot_retry_s") {
        tuning.boot_retry = wait;
    }
}
