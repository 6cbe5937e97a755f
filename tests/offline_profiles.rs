//! What becomes of the central system's charging profiles while it cannot be reached: they stay (OCPP 1.6
//! §3.13.6), unless the host says which are ignored after how long.
#![allow(clippy::panic)]

use evcp::core::{read_profile, Act, Due, Fact, Purposes, Setup};
use evcp::time::Millis;
use evcp::types::ChargingRateUnitType::A;
use evcp_testing::{place, with, Treat, World};
use serde_json::{json, Value};

fn limit(purpose: &str, amps: i32) -> Value {
    json!({
        "chargingProfileId": amps, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2025-12-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        },
    })
}

fn set(world: &mut World, connector: u32, profile: &Value) {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})), "{profile}");
}

fn amps(world: &World) -> u32 {
    let supply = world.supply(1);
    supply
        .and_then(|supply| supply.deciamps)
        .expect("it was told")
}

/// What a display would be told.
fn foreseen(world: &World) -> i64 {
    let outlook = world.engine().outlook();
    outlook.schedule(world.now, place(1), 3_600, A)[0].tenths
}

fn ignoring(purposes: &str, after: u64) -> Setup {
    let mut setup = with(1, &[("AllowOfflineTxForUnknownId", "true")]);
    setup.tuning.offline_ignores = Purposes::parse(purposes).expect("purposes");
    setup.tuning.offline_ignore_after = Millis::from_secs(after);
    setup
}

/// Charges under a default of 10 A and a maximum of 20 A, and then there is no network.
fn alone(setup: Setup) -> World {
    let mut world = World::booted(setup);
    set(&mut world, 0, &limit("ChargePointMaxProfile", 20));
    set(&mut world, 0, &limit("TxDefaultProfile", 10));
    world.charge(1, "ONE");
    assert_eq!(amps(&world), 100);
    world.fact(Fact::Network(false));
    world
}

#[test]
fn all_profiles_stay_in_force_unless_the_host_says_more() {
    let mut world = alone(ignoring("", 60));
    world.run(Millis::from_secs(100_000));
    assert_eq!((amps(&world), foreseen(&world)), (100, 100));
}

#[test]
fn what_the_host_named_is_ignored_at_that_second_and_counts_again_with_the_connection() {
    let mut world = alone(ignoring("TxDefaultProfile", 60));
    world.run(Millis(59_999));
    assert_eq!((amps(&world), foreseen(&world)), (100, 100));
    let (at, due) = world.engine().deadline().expect("it comes back for it");
    assert_eq!((at, due), (world.now.mono + Millis(1), Due::Limit));
    world.run(Millis(1));
    assert_eq!((amps(&world), foreseen(&world)), (200, 200));
    // Nothing is deleted, and nobody is accepted before it counts.
    assert_eq!(world.disk.load().expect("memory").profiles.len(), 2);
    let always = &mut world.central.always;
    always.insert("BootNotification".to_owned(), Treat::Deaf);
    world.fact(Fact::Network(true));
    world.run(Millis(0));
    assert!(world.connected);
    assert_eq!((amps(&world), foreseen(&world)), (100, 100));
}

#[test]
fn several_purposes_are_ignored_and_the_hardware_stands() {
    let mut world = alone(ignoring("TxDefaultProfile,ChargePointMaxProfile", 60));
    world.run(Millis::from_secs(60));
    assert_eq!((amps(&world), foreseen(&world)), (320, 320));
}

#[test]
fn the_chargers_own_profiles_speak_in_their_place() {
    let mut world = alone(ignoring("TxDefaultProfile", 60));
    let own = read_profile(&limit("TxDefaultProfile", 7).to_string()).expect("a profile");
    world.give(Act::InstallProfile(place(0), None, Box::new(own)).into());
    assert_eq!(amps(&world), 100);
    world.run(Millis::from_secs(60));
    assert_eq!((amps(&world), foreseen(&world)), (70, 70));
}

#[test]
fn after_a_boot_without_a_link_the_time_counts_from_the_start() {
    let mut setup = ignoring("TxDefaultProfile", 60);
    setup.tuning.after_power_loss = evcp::core::AfterPowerLoss::Resume;
    let mut world = alone(setup);
    world.run(Millis::from_secs(40));
    world.reachable = false;
    world.power_cycle();
    world.run(Millis(59_999));
    assert_eq!((amps(&world), foreseen(&world)), (100, 100));
    world.run(Millis(1));
    assert_eq!((amps(&world), foreseen(&world)), (200, 200));
}

#[test]
fn a_short_connection_begins_the_time_anew() {
    let mut world = alone(ignoring("TxDefaultProfile", 60));
    world.run(Millis::from_secs(50));
    world.fact(Fact::Network(true));
    world.run(Millis::from_secs(1));
    world.fact(Fact::Network(false));
    world.run(Millis::from_secs(59));
    assert_eq!(amps(&world), 100);
    world.run(Millis::from_secs(1));
    assert_eq!(amps(&world), 200);
}
