//! How profiles are taken in, kept and replaced, as energy managers send them (OCPP 1.6 §5.16).
#![allow(clippy::panic)]

use evcp::core::Ev;
use evcp::time::{Millis, Wall};
use evcp_testing::{with, World, NEW_YEAR};
use serde_json::{json, Value};

/// A profile of one limit, in amperes.
fn limit(id: i32, purpose: &str, amps: i32) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        },
    })
}

/// So many seconds after the start of the world.
fn after(seconds: i64) -> Value {
    json!(evcp::types::format_wall(Wall(NEW_YEAR + seconds * 1_000)))
}

fn set(world: &mut World, connector: u32, profile: &Value) -> Value {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    answer.expect("an answer")["status"].clone()
}

fn amps(world: &World, connector: u32) -> u32 {
    let supply = world.supply(connector);
    supply
        .and_then(|supply| supply.deciamps)
        .expect("it was told")
}

// rules: 141
#[test]
fn one_id_on_two_connectors_is_two_profiles_also_after_a_power_cut() {
    let mut world = World::booted(with(2, &[]));
    assert_eq!(
        set(&mut world, 1, &limit(7, "TxDefaultProfile", 10)),
        "Accepted"
    );
    assert_eq!(
        set(&mut world, 2, &limit(7, "TxDefaultProfile", 12)),
        "Accepted"
    );
    for _ in 0..2 {
        world.charge(1, "ONE");
        world.charge(2, "TWO");
        assert_eq!((amps(&world, 1), amps(&world, 2)), (100, 120));
        world.ev(1, Ev::Absent);
        world.ev(2, Ev::Absent);
        world.power_cycle();
        world.run(Millis::from_secs(3));
    }
    let answer = world.call("ClearChargingProfile", json!({"id": 7}));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    assert_eq!((amps(&world, 1), amps(&world, 2)), (320, 320));
    assert!(world.disk.load().expect("memory").profiles.is_empty());
}

// rules: 141
#[test]
fn transactions_on_two_connectors_have_profiles_of_one_id() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    assert_eq!(set(&mut world, 1, &limit(7, "TxProfile", 10)), "Accepted");
    assert_eq!(set(&mut world, 2, &limit(7, "TxProfile", 12)), "Accepted");
    assert_eq!((amps(&world, 1), amps(&world, 2)), (100, 120));
    // The end of one takes its own away, and not the other's.
    world.ev(2, Ev::Absent);
    assert_eq!(amps(&world, 1), 100);
    assert_eq!(world.disk.load().expect("memory").profiles.len(), 1);
}

// rules: 141
#[test]
fn one_id_on_connector_0_and_on_another_is_one_profile() {
    let mut world = World::booted(with(2, &[]));
    set(&mut world, 1, &limit(7, "TxDefaultProfile", 10));
    set(&mut world, 2, &limit(7, "TxDefaultProfile", 12));
    assert_eq!(
        set(&mut world, 0, &limit(7, "ChargePointMaxProfile", 50)),
        "Accepted"
    );
    assert_eq!(world.disk.load().expect("memory").profiles.len(), 1);
    assert_eq!(
        set(&mut world, 1, &limit(7, "TxDefaultProfile", 14)),
        "Accepted"
    );
    assert_eq!(world.disk.load().expect("memory").profiles.len(), 1);
}

// rules: 142
#[test]
fn a_start_a_few_seconds_ahead_counts_as_begun() {
    for ahead in [0, 1, 10] {
        for member in ["startSchedule", "validFrom"] {
            let mut world = World::booted(with(1, &[]));
            world.charge(1, "ONE");
            world.told.clear();
            let mut profile = limit(1, "TxProfile", 10);
            match member {
                "validFrom" => profile[member] = after(ahead),
                _ => profile["chargingSchedule"][member] = after(ahead),
            }
            assert_eq!(set(&mut world, 1, &profile), "Accepted");
            assert_eq!(amps(&world, 1), 100, "{member} in {ahead} s");
            // Its time counts from then on: the next period comes in time too.
            world.run(Millis::from_secs(60));
            assert_eq!(amps(&world, 1), 100, "{member} in {ahead} s");
        }
    }
}

// rules: 142
#[test]
fn a_start_that_is_further_ahead_is_waited_for() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    let mut profile = limit(1, "TxProfile", 10);
    profile["chargingSchedule"]["startSchedule"] = after(11);
    set(&mut world, 1, &profile);
    assert_eq!(amps(&world, 1), 320);
    world.run(Millis::from_secs(11));
    assert_eq!(amps(&world, 1), 100);
}

// rules: 142
#[test]
fn a_schedule_that_counts_as_begun_counts_from_its_installation() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    let mut profile = limit(1, "TxProfile", 10);
    let schedule = &mut profile["chargingSchedule"];
    schedule["startSchedule"] = after(8);
    schedule["chargingSchedulePeriod"] =
        json!([{"startPeriod": 0, "limit": 10}, {"startPeriod": 20, "limit": 6}]);
    set(&mut world, 1, &profile);
    world.run(Millis(19_999));
    assert_eq!(amps(&world, 1), 100);
    world.run(Millis(1));
    assert_eq!(amps(&world, 1), 60);
}

// rules: 148
#[test]
fn a_maximum_of_kind_relative_counts_from_its_installation() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(100));
    let mut profile = limit(1, "ChargePointMaxProfile", 10);
    profile["chargingProfileKind"] = json!("Relative");
    profile["chargingSchedule"]["chargingSchedulePeriod"] =
        json!([{"startPeriod": 0, "limit": 10}, {"startPeriod": 60, "limit": 16}]);
    assert_eq!(set(&mut world, 0, &profile), "Accepted");
    world.run(Millis(59_999));
    assert_eq!(amps(&world, 1), 100);
    world.run(Millis(1));
    assert_eq!(amps(&world, 1), 160);
    let request = json!({"connectorId": 0, "duration": 60});
    let answer = world.call("GetCompositeSchedule", request).expect("it");
    let periods = &answer["chargingSchedule"]["chargingSchedulePeriod"];
    assert_eq!(periods, &json!([{"startPeriod": 0, "limit": 16}]));
}

// rules: 141
#[test]
fn a_profile_that_is_installed_already_is_not_written_again() {
    let mut relative = limit(1, "ChargePointMaxProfile", 10);
    relative["chargingProfileKind"] = json!("Relative");
    let mut begun = limit(2, "TxDefaultProfile", 10);
    begun["chargingSchedule"]["startSchedule"] = after(5);
    for (connector, profile) in [
        (0, limit(1, "ChargePointMaxProfile", 10)),
        (0, relative),
        (1, begun),
        (1, limit(2, "TxProfile", 10)),
    ] {
        let mut world = World::booted(with(2, &[]));
        world.charge(1, "ONE");
        assert_eq!(set(&mut world, connector, &profile), "Accepted");
        world.run(Millis::from_secs(20));
        let stores = world.stores;
        assert_eq!(set(&mut world, connector, &profile), "Accepted");
        assert_eq!(world.stores, stores, "{profile}");
        let mut other = profile;
        other["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = json!(11);
        assert_eq!(set(&mut world, connector, &other), "Accepted");
        assert_eq!(world.stores, stores + 1);
        assert_eq!(amps(&world, 1), 110);
    }
}

// rules: 141, 148
#[test]
fn the_same_steps_again_from_their_installation_are_another_profile() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    let mut profile = limit(1, "ChargePointMaxProfile", 10);
    profile["chargingProfileKind"] = json!("Relative");
    profile["chargingSchedule"]["duration"] = json!(60);
    for _ in 0..5 {
        assert_eq!(set(&mut world, 0, &profile), "Accepted");
        world.run(Millis::from_secs(50));
        assert_eq!(amps(&world, 1), 100);
    }
    world.run(Millis::from_secs(10));
    assert_eq!(amps(&world, 1), 320);
}

// rules: 105, 154
#[test]
fn a_remote_start_whose_profile_replaces_another_needs_no_room() {
    let mut world = World::booted(with(2, &[("MaxChargingProfilesInstalled", "1")]));
    assert_eq!(
        set(&mut world, 1, &limit(7, "TxDefaultProfile", 16)),
        "Accepted"
    );
    let start = |world: &mut World, id| {
        let request = json!({
            "connectorId": 1, "idTag": "ONE", "chargingProfile": limit(id, "TxProfile", 10),
        });
        world.call("RemoteStartTransaction", request)
    };
    assert_eq!(start(&mut world, 8), Some(json!({"status": "Rejected"})));
    assert_eq!(start(&mut world, 7), Some(json!({"status": "Accepted"})));
    world.ev(1, Ev::Plugged);
    assert_eq!(amps(&world, 1), 100);
}

// rules: 140
#[test]
fn limits_of_several_decimals_are_rounded_down() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    for (sent, tenths) in [
        (10.55, 105),
        (6.099_999_905, 60),
        (16.000_000_1, 160),
        (7.999, 79),
    ] {
        let mut profile = limit(1, "TxProfile", 0);
        let schedule = &mut profile["chargingSchedule"];
        schedule["chargingSchedulePeriod"][0]["limit"] = json!(sent);
        schedule["minChargingRate"] = json!(sent);
        assert_eq!(set(&mut world, 1, &profile), "Accepted", "{sent}");
        assert_eq!(amps(&world, 1), tenths, "{sent}");
    }
    world.ev(1, Ev::Absent);
    let mut profile = limit(1, "TxProfile", 0);
    profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = json!(10.99);
    let request = json!({"connectorId": 1, "idTag": "ONE", "chargingProfile": profile});
    let answer = world.call("RemoteStartTransaction", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.ev(1, Ev::Plugged);
    assert_eq!(amps(&world, 1), 109);
}
