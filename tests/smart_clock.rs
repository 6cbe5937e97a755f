//! Charging profiles and clocks that are wrong: a limit of the site never falls silent.
#![allow(clippy::panic)]

use evcp::core::{AfterPowerLoss, Ev, Fact, Setup};
use evcp::time::{Millis, Wall};
use evcp_testing::{with, World, NEW_YEAR};
use serde_json::{json, Value};

const HOUR: i64 = 3_600;

/// So many seconds after the start of the world.
fn after(seconds: i64) -> Value {
    json!(evcp::types::format_wall(Wall(NEW_YEAR + seconds * 1_000)))
}

/// A profile with these periods.
fn profile(purpose: &str, kind: &str, periods: Value) -> Value {
    json!({
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    })
}

fn set(world: &mut World, connector: u32, profile: &Value) {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

fn amps(world: &World) -> u32 {
    let supply = world.supply(1);
    supply
        .and_then(|supply| supply.deciamps)
        .expect("it was told")
}

/// A charge point that starts transactions without a link.
fn offline() -> Setup {
    with(1, &[("AllowOfflineTxForUnknownId", "true")])
}

/// A power cut, after which there is no link and the device's clock shows that.
fn cut(world: &mut World, wall: i64) {
    world.reachable = false;
    world.now.wall = Wall(wall);
    world.power_cycle();
    world.run(Millis::from_secs(1));
}

// rules: 150
#[test]
fn a_limit_that_begins_after_its_installation_holds_after_a_power_cut_with_a_clock_that_is_behind()
{
    for wall in [0, NEW_YEAR - 1_000] {
        for member in ["startSchedule", "validFrom"] {
            for kind in ["Absolute", "Recurring"] {
                let mut world = World::booted(offline());
                let steps = json!([{"startPeriod": 0, "limit": 10}]);
                let mut limit = profile("ChargePointMaxProfile", kind, steps);
                limit["recurrencyKind"] = json!("Daily");
                limit["chargingSchedule"]["startSchedule"] = after(0);
                match member {
                    "validFrom" => limit[member] = after(HOUR),
                    _ => limit["chargingSchedule"][member] = after(HOUR),
                }
                set(&mut world, 0, &limit);
                world.run(Millis::from_secs(2 * 3_600));
                cut(&mut world, wall);
                world.charge(1, "ONE");
                assert_eq!(amps(&world), 100, "{member} {kind} at {wall}");
                // It goes on as long as nobody says what time it is.
                world.run(Millis::from_secs(10));
                assert_eq!(amps(&world), 100, "{member} {kind} at {wall}");
            }
        }
    }
}

// rules: 150
#[test]
fn a_clock_that_is_set_says_what_has_begun() {
    for host in [true, false] {
        let mut world = World::booted(offline());
        let steps = json!([{"startPeriod": 0, "limit": 10}]);
        let mut limit = profile("ChargePointMaxProfile", "Absolute", steps);
        limit["chargingSchedule"]["startSchedule"] = after(HOUR);
        set(&mut world, 0, &limit);
        world.run(Millis::from_secs(60));
        cut(&mut world, 0);
        world.charge(1, "ONE");
        assert_eq!(amps(&world), 100);
        if host {
            world.fact(Fact::Clock(Wall(world.central.clock)));
        } else {
            world.reachable = true;
            world.run(Millis::from_secs(130));
        }
        assert_eq!(amps(&world), 320, "it is to begin later");
        let left = NEW_YEAR + HOUR * 1_000 - world.central.clock;
        world.run(Millis(u64::try_from(left).expect("it lies ahead")));
        assert_eq!(amps(&world), 100);
    }
}

// rules: 150
#[test]
fn a_clock_that_is_not_behind_is_believed() {
    let mut world = World::booted(offline());
    let steps = json!([{"startPeriod": 0, "limit": 10}]);
    let mut limit = profile("ChargePointMaxProfile", "Absolute", steps);
    limit["chargingSchedule"]["startSchedule"] = after(HOUR);
    set(&mut world, 0, &limit);
    world.run(Millis::from_secs(600));
    let wall = world.now.wall.0;
    cut(&mut world, wall);
    world.charge(1, "ONE");
    assert_eq!(amps(&world), 320);
    world.run(Millis::from_secs(3_000));
    assert_eq!(amps(&world), 100);
}

// rules: 30
#[test]
fn time_begins_no_earlier_than_what_waits_to_be_sent() {
    let mut world = World::booted(offline());
    world.drop_link();
    world.reachable = false;
    world.run(Millis::from_secs(10 * 3_600));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    world.ev(1, Ev::Absent);
    let stopped = world.now.wall;
    cut(&mut world, 0);
    world.charge(1, "TWO");
    let stored = world.disk.load().expect("memory");
    assert!(stored.running[0].started.wall >= stopped);
}

// rules: 148
#[test]
fn a_clock_that_is_set_back_silences_no_profile_that_counts_from_a_transaction() {
    for kind in ["Relative", "Absolute"] {
        for purpose in ["TxDefaultProfile", "TxProfile"] {
            let mut world = World::booted(offline());
            world.charge(1, "ONE");
            let steps = json!([{"startPeriod": 0, "limit": 10}]);
            set(&mut world, 1, &profile(purpose, kind, steps));
            assert_eq!(amps(&world), 100);
            world.step_central(-24 * HOUR * 1_000);
            let right = world.central.clock;
            world.fact(Fact::Clock(Wall(right)));
            world.run(Millis::from_secs(60));
            assert_eq!(amps(&world), 100, "{kind} {purpose}");
        }
    }
}

// rules: 148
#[test]
fn a_clock_that_is_set_back_silences_no_maximum_that_counts_from_its_installation() {
    for kind in ["Relative", "Absolute"] {
        let mut world = World::booted(offline());
        world.charge(1, "ONE");
        let steps = json!([
            {"startPeriod": 0, "limit": 10}, {"startPeriod": 7_200, "limit": 16},
        ]);
        set(
            &mut world,
            0,
            &profile("ChargePointMaxProfile", kind, steps),
        );
        world.step_central(-HOUR * 1_000);
        let right = world.central.clock;
        world.fact(Fact::Clock(Wall(right)));
        world.run(Millis::from_secs(60));
        assert_eq!(amps(&world), 100, "{kind}");
        world.power_cycle();
        world.run(Millis::from_secs(3));
        world.ev(1, Ev::Absent);
        world.charge(1, "TWO");
        assert_eq!(amps(&world), 100, "{kind}");
    }
}

// rules: 150
#[test]
fn a_resumed_transaction_keeps_its_limit_with_a_clock_that_is_behind() {
    let mut setup = offline();
    setup.tuning.after_power_loss = AfterPowerLoss::Resume;
    let mut world = World::booted(setup);
    world.charge(1, "ONE");
    let steps = json!([{"startPeriod": 0, "limit": 10}]);
    let mut limit = profile("TxProfile", "Absolute", steps);
    limit["chargingSchedule"]["startSchedule"] = after(600);
    set(&mut world, 1, &limit);
    world.run(Millis::from_secs(601));
    assert_eq!(amps(&world), 100);
    cut(&mut world, 0);
    world.ev(1, Ev::Charging);
    assert_eq!(amps(&world), 100);
}
