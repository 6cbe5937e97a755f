//! Charging profiles of the charger's own, beside those of the central system.
#![allow(clippy::panic)]

use evcp::core::{read_profile, Act, Ev, Outlook, Place, TxId};
use evcp::time::{Millis, Wall};
use evcp::types::ChargingRateUnitType::A;
use evcp_testing::{place, with, World, NEW_YEAR};
use serde_json::{json, Value};

/// A profile of one limit, in amperes.
fn limit(id: i32, purpose: &str, level: i32, amps: i32) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": level, "chargingProfilePurpose": purpose,
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

/// The central system installs one.
fn set(world: &mut World, connector: u32, profile: &Value) {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})), "{profile}");
}

/// The charger installs one of its own; a TxProfile for that transaction.
fn own_for(world: &mut World, connector: u32, profile: &Value, tx: Option<TxId>) {
    let read = read_profile(&profile.to_string()).expect("a profile");
    let act = Act::InstallProfile(place(connector), tx, Box::new(read));
    world.give(act.into());
}

fn own(world: &mut World, connector: u32, profile: &Value) {
    world.install_own(connector, profile);
}

fn amps(world: &World, connector: u32) -> u32 {
    let supply = world.supply(connector);
    supply
        .and_then(|supply| supply.deciamps)
        .expect("it was told")
}

fn outlook(world: &World) -> Outlook {
    world.engine().outlook()
}

fn listed(world: &World) -> Vec<(bool, u32, i32)> {
    world.installed()
}

fn stored(world: &mut World) -> usize {
    world.disk.load().expect("memory").profiles.len()
}

/// Whose a profile is.
const CENTRAL: bool = false;
const CHARGER: bool = true;

#[test]
fn an_own_default_holds_and_survives_a_power_cut() {
    let mut world = World::booted(with(1, &[]));
    own(&mut world, 0, &limit(7, "TxDefaultProfile", 0, 10));
    for _ in 0..2 {
        world.charge(1, "ONE");
        assert_eq!(amps(&world, 1), 100);
        world.ev(1, Ev::Absent);
        assert_eq!(listed(&world), [(CHARGER, 0, 7)]);
        world.power_cycle();
        world.run(Millis::from_secs(3));
    }
    world.give(Act::ClearProfile(Place::ChargePoint, 7).into());
    world.charge(1, "ONE");
    assert_eq!(amps(&world, 1), 320);
    assert_eq!((listed(&world), stored(&mut world)), (vec![], 0));
}

#[test]
fn it_is_on_the_disk_before_the_supply_that_follows_from_it_is_told() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    world.told.clear();
    let read = read_profile(&limit(7, "TxDefaultProfile", 0, 10).to_string());
    let act = Act::InstallProfile(place(1), None, Box::new(read.expect("a profile")));
    let wants = world.wants(act.into());
    assert!(
        matches!(wants.first(), Some(evcp::core::Effect::Store(_))),
        "{wants:?}"
    );
}

#[test]
fn on_one_level_the_central_system_prevails_while_it_speaks_and_a_higher_level_over_a_lower_one() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    own(&mut world, 1, &limit(1, "TxDefaultProfile", 3, 10));
    assert_eq!(amps(&world, 1), 100);
    // Also one of connector 0, which a level of the charger's own does not take from it.
    let mut all = limit(1, "TxDefaultProfile", 3, 20);
    all["validTo"] = after(60);
    set(&mut world, 0, &all);
    assert_eq!(amps(&world, 1), 200);
    let mut here = limit(2, "TxDefaultProfile", 3, 13);
    here["validTo"] = after(120);
    set(&mut world, 1, &here);
    assert_eq!(amps(&world, 1), 130);
    // It says nothing any more: the charger's own does.
    world.run(Millis::from_secs(130));
    assert_eq!(amps(&world, 1), 100);
    set(&mut world, 1, &limit(3, "TxDefaultProfile", 4, 16));
    assert_eq!(amps(&world, 1), 160);
    own(&mut world, 1, &limit(2, "TxDefaultProfile", 5, 9));
    assert_eq!(amps(&world, 1), 90);
    // All of them stand.
    let all = [
        (CENTRAL, 0, 1),
        (CENTRAL, 1, 2),
        (CENTRAL, 1, 3),
        (CHARGER, 1, 1),
        (CHARGER, 1, 2),
    ];
    assert_eq!(listed(&world), all);
}

#[test]
fn each_side_replaces_and_clears_its_own_alone() {
    let mut world = World::booted(with(1, &[("MaxChargingProfilesInstalled", "1")]));
    set(&mut world, 0, &limit(7, "ChargePointMaxProfile", 0, 30));
    own(&mut world, 0, &limit(7, "ChargePointMaxProfile", 0, 20));
    own(&mut world, 0, &limit(8, "TxDefaultProfile", 0, 12));
    assert_eq!(
        listed(&world),
        [(CENTRAL, 0, 7), (CHARGER, 0, 7), (CHARGER, 0, 8)]
    );
    // The same place, purpose and level.
    own(&mut world, 0, &limit(9, "TxDefaultProfile", 0, 11));
    assert_eq!(
        listed(&world),
        [(CENTRAL, 0, 7), (CHARGER, 0, 7), (CHARGER, 0, 9)]
    );
    // The charger's own do not count for the central system's room.
    set(&mut world, 0, &limit(7, "ChargePointMaxProfile", 0, 31));
    let answer = world.call("ClearChargingProfile", json!({"id": 9}));
    assert_eq!(answer, Some(json!({"status": "Unknown"})));
    let answer = world.call("ClearChargingProfile", json!({}));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    assert_eq!(listed(&world), [(CHARGER, 0, 7), (CHARGER, 0, 9)]);
    set(&mut world, 0, &limit(7, "ChargePointMaxProfile", 0, 30));
    world.give(Act::ClearProfile(Place::ChargePoint, 7).into());
    assert_eq!(listed(&world), [(CENTRAL, 0, 7), (CHARGER, 0, 9)]);
    world.give(Act::ClearProfiles.into());
    assert_eq!(listed(&world), [(CENTRAL, 0, 7)]);
    assert_eq!(stored(&mut world), 1);
}

#[test]
fn a_tx_profile_of_its_own_ends_with_its_transaction_and_is_for_no_other() {
    let mut world = World::booted(with(1, &[]));
    let tx_profile = limit(1, "TxProfile", 0, 10);
    own_for(&mut world, 1, &tx_profile, None);
    own_for(&mut world, 1, &tx_profile, Some(TxId(1)));
    assert_eq!(listed(&world), []);
    world.charge(1, "ONE");
    let tx = world.disk.load().expect("memory").running[0].id;
    own(&mut world, 1, &tx_profile);
    assert_eq!(amps(&world, 1), 100);
    set(&mut world, 1, &limit(1, "TxProfile", 0, 14));
    assert_eq!(amps(&world, 1), 140);
    world.ev(1, Ev::Absent);
    assert_eq!((listed(&world), stored(&mut world)), (vec![], 0));
    // The one that it was for is over.
    world.charge(1, "TWO");
    own_for(&mut world, 1, &tx_profile, Some(tx));
    assert_eq!((amps(&world, 1), listed(&world)), (320, vec![]));
}

#[test]
fn the_central_system_sees_them_in_composite_schedules() {
    let mut world = World::booted(with(1, &[]));
    own(&mut world, 0, &limit(1, "ChargePointMaxProfile", 0, 12));
    for connector in [0, 1] {
        let request = json!({"connectorId": connector, "duration": 60});
        let answer = world.call("GetCompositeSchedule", request);
        let period = &answer.expect("an answer")["chargingSchedule"]["chargingSchedulePeriod"];
        assert_eq!(period, &json!([{"startPeriod": 0, "limit": 12}]));
        let own = outlook(&world).schedule(world.now, place(connector), 60, A);
        assert_eq!(own[0].tenths, 120);
    }
}

#[test]
fn there_are_sixteen_at_most_and_one_that_replaces_another_needs_no_room() {
    let mut world = World::booted(with(1, &[("ChargeProfileMaxStackLevel", "20")]));
    for id in 0..17 {
        own(&mut world, 1, &limit(id, "TxDefaultProfile", id, 10));
    }
    assert_eq!(listed(&world).len(), 16);
    own(&mut world, 1, &limit(3, "TxDefaultProfile", 17, 10));
    assert_eq!(listed(&world).len(), 16);
    set(&mut world, 1, &limit(1, "TxDefaultProfile", 0, 10));
    assert_eq!(listed(&world).len(), 17);
}

#[test]
fn a_text_that_is_no_profile_says_where_it_is_wrong() {
    for (text, why) in [
        ("", "no JSON"),
        ("null", "null"),
        ("[]", "not an object"),
        ("{", "no JSON"),
        ("{}", "chargingProfileId"),
    ] {
        let found = read_profile(text).expect_err("it is refused");
        assert!(found.contains(why), "{text}: {found}");
    }
    let mut profile = limit(1, "TxDefaultProfile", 0, 10);
    profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = json!("10");
    let found = read_profile(&profile.to_string()).expect_err("it is refused");
    assert!(found.contains("chargingSchedulePeriod[0].limit"), "{found}");
    profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] = json!(10);
    profile["nonsense"] = json!(1);
    let found = read_profile(&profile.to_string()).expect_err("it is refused");
    assert!(found.contains("nonsense"), "{found}");
}
