//! What SetChargingProfile and its kin refuse, with the exact answers (OCPP 1.6 §5.16).
#![allow(clippy::panic)]

use evcp::core::Ev;
use evcp_testing::{with, World};
use serde_json::{json, Value};

fn good() -> Value {
    json!({
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.5}],
        },
    })
}

/// A good profile with one member changed; `path` goes down by dots, null removes.
fn but(path: &str, value: Value) -> Value {
    let mut profile = good();
    let mut place = &mut profile;
    let (before, name) = path.rsplit_once('.').unwrap_or(("", path));
    for step in before.split('.').filter(|step| !step.is_empty()) {
        place = match step.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[step],
        };
    }
    let object = place.as_object_mut().expect("an object");
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    profile
}

fn set(world: &mut World, connector: i64, profile: Value) -> Value {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    world
        .call("SetChargingProfile", request)
        .expect("it answers at once")
}

fn world() -> World {
    let keys = [
        ("ChargeProfileMaxStackLevel", "3"),
        ("ChargingScheduleMaxPeriods", "2"),
        ("ChargingScheduleAllowedChargingRateUnit", "Current"),
        ("MaxChargingProfilesInstalled", "2"),
    ];
    World::booted(with(2, &keys))
}

const PERIODS: &str = "chargingSchedule.chargingSchedulePeriod";

fn rejected() -> Value {
    json!({"status": "Rejected"})
}

fn accepted() -> Value {
    json!({"status": "Accepted"})
}

// rules: 140
#[test]
fn what_breaks_the_schema_is_an_error_with_its_code() {
    for (path, value, code) in [
        ("stackLevel", json!("0"), "TypeConstraintViolation"),
        ("stackLevel", Value::Null, "OccurenceConstraintViolation"),
        (
            "chargingSchedule",
            Value::Null,
            "OccurenceConstraintViolation",
        ),
        (
            "chargingProfilePurpose",
            json!("Nonsense"),
            "PropertyConstraintViolation",
        ),
        (
            "chargingSchedule.chargingRateUnit",
            json!("V"),
            "PropertyConstraintViolation",
        ),
        ("unknown", json!(1), "FormationViolation"),
    ] {
        assert_eq!(set(&mut world(), 1, but(path, value)), code, "{path}");
    }
}

// rules: 139
#[test]
fn a_connector_that_does_not_exist_is_an_error() {
    for connector in [-1, 3, 1_000] {
        assert_eq!(
            set(&mut world(), connector, good()),
            "PropertyConstraintViolation"
        );
    }
}

// rules: 140
#[test]
fn without_smart_charging_every_message_of_it_is_not_supported() {
    let mut world = World::booted(with(2, &[("SupportedFeatureProfiles", "Core")]));
    assert_eq!(set(&mut world, 1, good()), "NotSupported");
    let answer = world.call("ClearChargingProfile", json!({}));
    assert_eq!(answer, Some(json!("NotSupported")));
    let answer = world.call(
        "GetCompositeSchedule",
        json!({"connectorId": 1, "duration": 60}),
    );
    assert_eq!(answer, Some(json!("NotSupported")));
}

// rules: 139
#[test]
fn each_purpose_has_its_place() {
    let purpose = |name: &str| but("chargingProfilePurpose", json!(name));
    let mut world = world();
    assert_eq!(
        set(&mut world, 1, purpose("ChargePointMaxProfile")),
        rejected()
    );
    assert_eq!(set(&mut world, 0, purpose("TxProfile")), rejected());
    assert_eq!(set(&mut world, 1, purpose("TxProfile")), rejected());
    world.charge(1, "ONE");
    assert_eq!(set(&mut world, 2, purpose("TxProfile")), rejected());
    let mut other = purpose("TxProfile");
    other["transactionId"] = json!(4711);
    assert_eq!(set(&mut world, 1, other.clone()), rejected());
    other["transactionId"] = json!(world.central.sessions[0].id);
    assert_eq!(set(&mut world, 1, other), accepted());
    assert_eq!(set(&mut world, 1, purpose("TxProfile")), accepted());
    assert_eq!(
        set(&mut world, 0, purpose("ChargePointMaxProfile")),
        accepted()
    );
}

// rules: 154
#[test]
fn what_is_over_a_limit_of_the_keys_is_rejected() {
    let three = json!([
        {"startPeriod": 0, "limit": 1}, {"startPeriod": 1, "limit": 2}, {"startPeriod": 2, "limit": 3},
    ]);
    for (path, value) in [
        ("stackLevel", json!(-1)),
        ("stackLevel", json!(4)),
        (PERIODS, three),
        ("chargingSchedule.chargingRateUnit", json!("W")),
    ] {
        assert_eq!(set(&mut world(), 1, but(path, value)), rejected(), "{path}");
    }
    assert_eq!(
        set(&mut world(), 1, but("stackLevel", json!(3))),
        accepted()
    );
}

// rules: 141, 154
#[test]
fn a_full_store_refuses_what_is_new_and_takes_what_replaces() {
    let mut world = world();
    let profile = |id: i32, level: i32| {
        let mut profile = good();
        (profile["chargingProfileId"], profile["stackLevel"]) = (json!(id), json!(level));
        profile
    };
    assert_eq!(set(&mut world, 0, profile(1, 0)), accepted());
    assert_eq!(set(&mut world, 0, profile(2, 1)), accepted());
    assert_eq!(set(&mut world, 0, profile(3, 2)), rejected());
    assert_eq!(set(&mut world, 1, profile(2, 2)), accepted(), "the same id");
    assert_eq!(
        set(&mut world, 0, profile(4, 0)),
        accepted(),
        "the same place and level"
    );
    let gone = world.call("ClearChargingProfile", json!({"id": 1}));
    assert_eq!(gone, Some(json!({"status": "Unknown"})));
}

/// Found by breaking the code: profiles of transactions that are over would fill the store.
// rules: 150
#[test]
fn a_profile_of_a_transaction_that_is_over_takes_no_room() {
    let mut world = world();
    for _ in 0..5 {
        world.charge(1, "ONE");
        let tx = but("chargingProfilePurpose", json!("TxProfile"));
        assert_eq!(set(&mut world, 1, tx.clone()), accepted());
        let mut other = tx;
        (other["chargingProfileId"], other["stackLevel"]) = (json!(2), json!(1));
        assert_eq!(set(&mut world, 1, other), accepted());
        world.show(1, "ONE");
        let gone = world.call("ClearChargingProfile", json!({"id": 2}));
        assert_eq!(gone, Some(json!({"status": "Unknown"})));
    }
}

// rules: 146
#[test]
fn a_schedule_that_makes_no_sense_is_rejected() {
    let period = |start: i32| json!({"startPeriod": start, "limit": 6});
    for (path, value) in [
        (PERIODS, json!([])),
        (PERIODS, json!([period(1)])),
        (PERIODS, json!([period(0), period(0)])),
        (PERIODS, json!([{"startPeriod": 0, "limit": -1}])),
        (
            PERIODS,
            json!([{"startPeriod": 0, "limit": 6, "numberPhases": 0}]),
        ),
        (
            PERIODS,
            json!([{"startPeriod": 0, "limit": 6, "numberPhases": 4}]),
        ),
        ("chargingSchedule.minChargingRate", json!(-1)),
        ("chargingSchedule.duration", json!(0)),
        ("chargingSchedule.duration", json!(-5)),
    ] {
        let text = value.to_string();
        assert_eq!(
            set(&mut world(), 1, but(path, value)),
            rejected(),
            "{path} {text}"
        );
    }
    let mut window = good();
    window["validFrom"] = json!("2026-01-01T00:00:00Z");
    window["validTo"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(set(&mut world(), 1, window), rejected());
}

// rules: 147, 148
#[test]
fn a_kind_without_what_it_needs_is_rejected_and_what_it_does_not_need_is_ignored() {
    let mut recurring = but("chargingProfileKind", json!("Recurring"));
    assert_eq!(set(&mut world(), 1, recurring.clone()), rejected());
    recurring["recurrencyKind"] = json!("Daily");
    assert_eq!(set(&mut world(), 1, recurring.clone()), accepted());
    recurring["chargingSchedule"]
        .as_object_mut()
        .expect("it")
        .remove("startSchedule");
    assert_eq!(set(&mut world(), 1, recurring), rejected());
    let mut relative = but("chargingProfileKind", json!("Relative"));
    assert_eq!(set(&mut world(), 1, relative.clone()), accepted());
    relative["recurrencyKind"] = json!("Weekly");
    relative["transactionId"] = json!(99);
    assert_eq!(set(&mut world(), 1, relative.clone()), accepted());
    relative["chargingProfilePurpose"] = json!("ChargePointMaxProfile");
    assert_eq!(set(&mut world(), 0, relative), accepted());
}

// rules: 152, 154
#[test]
fn a_composite_schedule_of_nothing_that_exists_is_rejected() {
    let mut world = world();
    for request in [
        json!({"connectorId": 3, "duration": 60}),
        json!({"connectorId": -1, "duration": 60}),
        json!({"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}),
        json!({"connectorId": 1, "duration": -1}),
    ] {
        let text = request.to_string();
        let answer = world.call("GetCompositeSchedule", request);
        assert_eq!(answer, Some(rejected()), "{text}");
    }
    let unknown = json!({"connectorId": 1, "duration": 60, "chargingRateUnit": "V"});
    let answer = world.call("GetCompositeSchedule", unknown);
    assert_eq!(answer, Some(json!("PropertyConstraintViolation")));
}

// rules: 105
#[test]
fn a_remote_start_takes_a_profile_for_itself_alone() {
    let start = |world: &mut World, profile: Value| {
        let request = json!({"connectorId": 1, "idTag": "ONE", "chargingProfile": profile});
        world.call("RemoteStartTransaction", request)
    };
    let tx = but("chargingProfilePurpose", json!("TxProfile"));
    let mut world = world();
    assert_eq!(start(&mut world, good()), Some(rejected()));
    let mut bound = tx.clone();
    bound["transactionId"] = json!(1);
    assert_eq!(start(&mut world, bound), Some(rejected()));
    let mut broken = tx.clone();
    broken["stackLevel"] = json!(99);
    assert_eq!(start(&mut world, broken), Some(rejected()));
    assert_eq!(start(&mut world, tx.clone()), Some(accepted()));
    // It never started: the profile goes with it.
    world.show(1, "ONE");
    world.charge(1, "TWO");
    assert_eq!(
        world.supply(1).and_then(|supply| supply.deciamps),
        Some(320)
    );
    world.ev(1, Ev::Absent);
    assert_eq!(start(&mut world, tx), Some(accepted()));
    world.ev(1, Ev::Plugged);
    assert_eq!(
        world.supply(1).and_then(|supply| supply.deciamps),
        Some(105)
    );
}
