//! How open energy managers set a charger up and control it, as their sources show: evcc (its `charger/ocpp`), and
//! the OCPP integration of Home Assistant (lbbrhzn/ocpp). Each step of theirs has to have the answer that they need.

#![allow(clippy::panic)]

use evcp::core::*;
use evcp::time::{Millis, Wall};
use evcp::types::{format_wall, Measurand, Phase};
use evcp_testing::{at, with, World};
use serde_json::{json, Value};

/// A wallbox with one connector whose meter shows what energy managers look for, or one that switches phases.
fn wallbox(switches: &str, units: &str) -> World {
    let mut setup = with(
        1,
        &[
            ("ConnectorSwitch3to1PhaseSupported", switches),
            ("ChargingScheduleAllowedChargingRateUnit", units),
        ],
    );
    let quantity = |measurand, phase| Quantity { measurand, phase };
    setup.tuning.measurable = vec![
        quantity(Measurand::PowerActiveImport, None),
        quantity(Measurand::CurrentImport, None),
        quantity(Measurand::Voltage, None),
    ];
    let mut world = World::booted(setup);
    let reading = |measurand, phase, milli| Reading {
        measurand,
        phase,
        location: None,
        milli,
    };
    let mut shown = vec![
        Reading::energy(Wh(1_000)),
        reading(Measurand::PowerActiveImport, None, 0),
    ];
    for phase in [Phase::L1, Phase::L2, Phase::L3] {
        shown.push(reading(Measurand::CurrentImport, Some(phase), 0));
        shown.push(reading(Measurand::Voltage, Some(phase), 230_000));
    }
    world.fact(Fact::Meter(Place::Connector(at(1)), shown));
    world
}

fn status(world: &mut World, action: &str, payload: Value) -> String {
    let answer = world.call(action, payload.clone());
    let answer = answer.unwrap_or_else(|| panic!("{action} {payload} has no answer"));
    answer["status"].as_str().expect("a status").to_owned()
}

fn change(world: &mut World, key: &str, value: &str) -> String {
    status(
        world,
        "ChangeConfiguration",
        json!({"key": key, "value": value}),
    )
}

/// The value of a key, as they look it up.
fn key(world: &mut World, wanted: Option<&str>, key: &str) -> String {
    let request = wanted.map_or_else(|| json!({}), |wanted| json!({ "key": [wanted] }));
    let answer = world.call("GetConfiguration", request).expect("an answer");
    let all = answer["configurationKey"].as_array().expect("keys").clone();
    let known = all.iter().find(|known| known["key"] == key);
    let known = known.unwrap_or_else(|| panic!("{key} is not there: {answer}"));
    known["value"].as_str().expect("a value").to_owned()
}

fn now(world: &World) -> String {
    format_wall(Wall(world.central.clock))
}

fn told(world: &World) -> (bool, u32) {
    let supply = world.supply(1).expect("it was told");
    (supply.permit, supply.deciamps.expect("said"))
}

/// What evcc tries one by one.
const EVCC_TRIES: [&str; 7] = [
    "Power.Active.Import",
    "Energy.Active.Import.Register",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "Power.Offered",
    "SoC",
];

fn set_up_by_evcc(world: &mut World) -> (i64, i64) {
    let everywhere = json!({"connectorId": 0, "type": "Operative"});
    assert_eq!(status(world, "ChangeAvailability", everywhere), "Accepted");
    let level = key(world, None, "ChargeProfileMaxStackLevel");
    let id = key(world, None, "MaxChargingProfilesInstalled");
    assert_eq!(key(world, None, "NumberOfConnectors"), "1");
    let profiles = key(world, None, "SupportedFeatureProfiles");
    for needed in ["Core", "SmartCharging", "RemoteTrigger"] {
        assert!(profiles.split(',').any(|one| one == needed), "{profiles}");
    }
    let boots = world.sent("BootNotification").len();
    let trigger = json!({"requestedMessage": "BootNotification"});
    assert_eq!(status(world, "TriggerMessage", trigger), "Accepted");
    assert_eq!(world.sent("BootNotification").len(), boots + 1);
    let taken: Vec<_> = EVCC_TRIES
        .into_iter()
        .filter(|one| change(world, "MeterValuesSampledData", one) == "Accepted")
        .collect();
    assert_eq!(taken, EVCC_TRIES[..6], "no vehicle says its SoC here");
    let most = key(world, None, "MeterValuesSampledDataMaxLength");
    assert!(most.parse::<usize>().expect("a number") >= taken.len());
    assert_eq!(
        change(world, "MeterValuesSampledData", &taken.join(",")),
        "Accepted"
    );
    let values = world.sent("MeterValues").len();
    let trigger = json!({"requestedMessage": "MeterValues"});
    assert_eq!(status(world, "TriggerMessage", trigger), "Accepted");
    world.run(Millis::from_secs(3));
    assert!(world.sent("MeterValues").len() > values, "they wait for it");
    assert_eq!(change(world, "MeterValueSampleInterval", "10"), "Accepted");
    assert_eq!(change(world, "WebSocketPingInterval", "30"), "Accepted");
    let number = |text: String| text.parse().expect("a number");
    (number(id), number(level))
}

/// What evcc sends for each other current: the same id and level each time, from now on, without an end.
fn evcc_sets(
    world: &mut World,
    (id, level): (i64, i64),
    unit: &str,
    limit: f64,
    phases: Option<u8>,
) {
    let mut period = json!({"startPeriod": 0, "limit": limit});
    if let Some(phases) = phases {
        period["numberPhases"] = json!(phases);
    }
    let request = json!({"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": id, "stackLevel": level, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": now(world), "chargingRateUnit": unit, "chargingSchedulePeriod": [period],
        },
    }});
    assert_eq!(status(world, "SetChargingProfile", request), "Accepted");
}

/// What evcc asks when no status says whether a charger is enabled.
fn evcc_asks(world: &mut World) -> Value {
    let answer = world.call(
        "GetCompositeSchedule",
        json!({"connectorId": 1, "duration": 60}),
    );
    let answer = answer.expect("an answer");
    assert_eq!(answer["status"], "Accepted");
    answer["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"].clone()
}

fn offered(world: &mut World) -> Option<String> {
    world.run(Millis::from_secs(10));
    let last = world.sent("MeterValues").pop()?;
    let values = last["meterValue"][0]["sampledValue"].as_array()?.clone();
    let value = values
        .iter()
        .find(|value| value["measurand"] == "Current.Offered")?;
    Some(value["value"].as_str()?.to_owned())
}

#[test]
fn evcc_sets_a_charger_up_and_follows_the_sun_in_amperes() {
    let mut world = wallbox("false", "Current,Power");
    let name = set_up_by_evcc(&mut world);
    evcc_sets(&mut world, name, "A", 0.0, None);
    assert_eq!(evcc_asks(&mut world), json!(0));
    world.ev(1, Ev::Plugged);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Preparing"));
    let start = json!({"connectorId": 1, "idTag": "evcc"});
    assert_eq!(
        status(&mut world, "RemoteStartTransaction", start),
        "Accepted"
    );
    world.run(Millis::from_secs(5));
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert_eq!(
        world.statuses(1).pop().as_deref(),
        Some("SuspendedEVSE"),
        "not enabled"
    );
    assert_eq!(offered(&mut world).as_deref(), Some("0"));
    evcc_sets(&mut world, name, "A", 6.0, None);
    assert_eq!(told(&world), (true, 60));
    world.ev(1, Ev::Charging);
    assert_eq!(
        world.statuses(1).pop().as_deref(),
        Some("Charging"),
        "enabled"
    );
    for limit in [10.5, 16.0, 6.1] {
        evcc_sets(&mut world, name, "A", limit, None);
        assert_eq!(f64::from(told(&world).1), limit * 10.0);
        assert_eq!(offered(&mut world), Some(limit.to_string()));
        assert_eq!(evcc_asks(&mut world).as_f64(), Some(limit));
    }
    evcc_sets(&mut world, name, "A", 0.0, None);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("SuspendedEVSE"));
    world.ev(1, Ev::Absent);
    assert_eq!(world.sent("StopTransaction").len(), 1);
    // There is one profile, however often it was sent.
    let clear = json!({"id": name.0});
    assert_eq!(
        status(&mut world, "ClearChargingProfile", clear.clone()),
        "Accepted"
    );
    assert_eq!(status(&mut world, "ClearChargingProfile", clear), "Unknown");
}

#[test]
fn evcc_switches_phases_where_they_can_be_switched() {
    let mut world = wallbox("true", "Current,Power");
    let name = set_up_by_evcc(&mut world);
    world.charge(1, "ONE");
    for (phases, limit) in [(3, 6.0), (1, 16.0), (3, 10.5), (1, 6.0)] {
        evcc_sets(&mut world, name, "A", limit, Some(phases));
        assert_eq!(f64::from(told(&world).1), limit * 10.0);
        let said = world.supply(1).and_then(|supply| supply.phases);
        assert_eq!(said.unwrap_or(3), phases);
    }
}

#[test]
fn evcc_speaks_of_watts_to_a_charger_that_takes_nothing_else() {
    let mut world = wallbox("false", "Power");
    assert_eq!(
        key(&mut world, None, "ChargingScheduleAllowedChargingRateUnit"),
        "Power"
    );
    let name = set_up_by_evcc(&mut world);
    world.charge(1, "ONE");
    // It works out 230 V on three phases, whole watts.
    for (amps, watts) in [(6.0, 4_140.0), (10.5, 7_245.0), (16.0, 11_040.0)] {
        evcc_sets(&mut world, name, "W", watts, Some(3));
        assert_eq!(f64::from(told(&world).1), amps * 10.0);
        assert_eq!(evcc_asks(&mut world).as_f64(), Some(watts));
    }
    evcc_sets(&mut world, name, "W", 0.0, Some(3));
    assert!(!told(&world).0);
}

#[test]
fn home_assistant_sets_a_charger_up() {
    let mut world = wallbox("false", "Current,Power");
    assert_eq!(
        key(&mut world, Some("NumberOfConnectors"), "NumberOfConnectors"),
        "1"
    );
    key(&mut world, Some("HeartbeatInterval"), "HeartbeatInterval");
    // All that it knows in one go, some of which no meter here shows; then what there is.
    let all = "Current.Export,Current.Import,Current.Offered,Energy.Active.Import.Register,Power.Active.Import,SoC,Voltage";
    assert_eq!(
        change(&mut world, "MeterValuesSampledData", all),
        "Rejected"
    );
    let has = key(
        &mut world,
        Some("MeterValuesSampledData"),
        "MeterValuesSampledData",
    );
    assert!(!has.is_empty());
    assert_eq!(
        change(&mut world, "MeterValuesSampledData", &has),
        "Accepted"
    );
    for (name, value) in [
        ("MeterValueSampleInterval", "60"),
        ("ClockAlignedDataInterval", "900"),
    ] {
        key(&mut world, Some(name), name);
        assert_eq!(change(&mut world, name, value), "Accepted");
        assert_eq!(key(&mut world, Some(name), name), value);
    }
    let profiles = key(
        &mut world,
        Some("SupportedFeatureProfiles"),
        "SupportedFeatureProfiles",
    );
    assert!(profiles.contains("SmartCharging"), "{profiles}");
    let boot = json!({"requestedMessage": "BootNotification"});
    assert_eq!(status(&mut world, "TriggerMessage", boot), "Accepted");
    let statuses = world.sent("StatusNotification").len();
    let trigger = json!({"requestedMessage": "StatusNotification", "connectorId": 1});
    assert_eq!(status(&mut world, "TriggerMessage", trigger), "Accepted");
    assert_eq!(world.sent("StatusNotification").len(), statuses + 1);
}

#[test]
fn home_assistant_limits_a_station_and_a_session() {
    let mut world = wallbox("false", "Current,Power");
    let level = key(
        &mut world,
        Some("ChargeProfileMaxStackLevel"),
        "ChargeProfileMaxStackLevel",
    );
    let level: i64 = level.parse().expect("a number");
    world.charge(1, "ONE");
    let tx = world.central.sessions[0].id;
    let relative = |id: i64, level: i64, purpose: &str, limit: f64| {
        json!({
            "chargingProfileId": id, "stackLevel": level, "chargingProfileKind": "Relative",
            "chargingProfilePurpose": purpose,
            "chargingSchedule": {
                "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            },
        })
    };
    let set = |world: &mut World, connector: u32, profile: Value| {
        let request = json!({"connectorId": connector, "csChargingProfiles": profile});
        assert_eq!(status(world, "SetChargingProfile", request), "Accepted");
    };
    // The slider of the station, then a limit of the session, then the default for those to come.
    set(
        &mut world,
        0,
        relative(1000, level, "ChargePointMaxProfile", 20.0),
    );
    assert_eq!(told(&world), (true, 200));
    let mut session = relative(3001, level.max(1), "TxProfile", 13.0);
    session["transactionId"] = json!(tx);
    set(&mut world, 1, session);
    assert_eq!(told(&world), (true, 130));
    set(
        &mut world,
        1,
        relative(2001, (level - 1).max(1), "TxDefaultProfile", 10.0),
    );
    assert_eq!(told(&world), (true, 130), "the session has its own");
    set(
        &mut world,
        0,
        relative(1000, level, "ChargePointMaxProfile", 6.0),
    );
    assert_eq!(told(&world), (true, 60));
    let mut clear = |purpose: &str| {
        let request = json!({"chargingProfilePurpose": purpose});
        status(&mut world, "ClearChargingProfile", request)
    };
    assert_eq!(clear("TxProfile"), "Accepted");
    assert_eq!(clear("ChargePointMaxProfile"), "Accepted");
    assert_eq!(clear("ChargePointMaxProfile"), "Unknown");
    assert_eq!(told(&world), (true, 100));
}
