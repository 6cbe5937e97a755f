//! The limit of the grid connection, which bounds what all connectors draw together (OCPP 1.6 §3.13.3).
#![allow(clippy::panic)]

use evcp::core::{Ev, Feed, Hardware, Notice, Setup};
use evcp::time::Millis;
use evcp_testing::{with, World};
use serde_json::{json, Value};

fn of(feed: Feed, deciamps: u32) -> Hardware {
    Hardware { deciamps, feed }
}

/// A charge point with these connectors of 32 A, on that grid connection.
fn charger(feeds: &[Feed], grid: Hardware) -> Setup {
    let mut setup = with(feeds.len(), &[]);
    for (made, feed) in setup.connectors.iter_mut().zip(feeds) {
        made.hardware.feed = *feed;
    }
    setup.tuning.grid = Some(grid);
    setup
}

fn max(world: &mut World, unit: &str, limit: i64, phases: Value) {
    let mut period = json!({"startPeriod": 0, "limit": limit});
    if !phases.is_null() {
        period["numberPhases"] = phases;
    }
    let profile = json!({
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": unit, "chargingSchedulePeriod": [period]},
    });
    let request = json!({"connectorId": 0, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

/// What a connector may draw, in tenths of A and of W.
fn supply(world: &World, connector: u32) -> (u32, u64) {
    let supply = world.supply(connector).expect("it was told");
    (supply.deciamps.expect("A"), supply.deciwatts.expect("W"))
}

fn amps(world: &World, connector: u32) -> u32 {
    supply(world, connector).0
}

// rules: 144, 156
#[test]
fn two_connectors_of_32_a_on_a_grid_connection_of_32_a_get_16_a_each() {
    for sharing in [true, false] {
        let mut setup = charger(&[Feed::Three, Feed::Three], of(Feed::Three, 320));
        setup.tuning.sharing = sharing;
        let mut world = World::booted(setup);
        world.charge(1, "ONE");
        world.charge(2, "TWO");
        assert_eq!((amps(&world, 1), amps(&world, 2)), (160, 160));
        world.ev(2, Ev::Absent);
        // Without sharing nobody gets what another leaves.
        assert_eq!(amps(&world, 1), if sharing { 320 } else { 160 });
    }
}

// rules: 144, 156
#[test]
fn without_sharing_a_maximum_is_divided_among_all_connectors() {
    let mut setup = with(3, &[]);
    setup.tuning.sharing = false;
    let mut world = World::booted(setup);
    max(&mut world, "A", 50, Value::Null);
    world.charge(1, "ONE");
    assert_eq!(amps(&world, 1), 166);
    world.charge(2, "TWO");
    world.charge(3, "THREE");
    assert_eq!([1, 2, 3].map(|at| amps(&world, at)), [166; 3]);
}

// rules: 144, 156
#[test]
fn the_least_of_the_maximum_and_the_grid_connection_is_shared() {
    let mut world = World::booted(charger(&[Feed::Three; 2], of(Feed::Three, 400)));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    assert_eq!((amps(&world, 1), amps(&world, 2)), (200, 200));
    max(&mut world, "A", 24, Value::Null);
    assert_eq!((amps(&world, 1), amps(&world, 2)), (120, 120));
    max(&mut world, "A", 60, Value::Null);
    assert_eq!((amps(&world, 1), amps(&world, 2)), (200, 200));
}

// rules: 144, 145, 156
#[test]
fn a_maximum_in_watts_and_a_grid_connection_in_amperes_hold_both() {
    // 10 kW, and 32 A: a connector of one phase takes amperes, one of three takes watts.
    let mut world = World::booted(charger(&[Feed::One, Feed::Three], of(Feed::Three, 320)));
    max(&mut world, "W", 15_000, Value::Null);
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    let (one, two) = (supply(&world, 1), supply(&world, 2));
    assert!(one.0 + two.0 <= 320, "{one:?} {two:?}");
    assert!(one.1 + two.1 <= 150_000, "{one:?} {two:?}");
    // And one of the two is used up.
    assert_eq!(one.0 + two.0, 320, "{one:?} {two:?}");
    max(&mut world, "W", 8_000, Value::Null);
    let (one, two) = (supply(&world, 1), supply(&world, 2));
    assert!(one.0 + two.0 <= 320, "{one:?} {two:?}");
    assert_eq!(one.1 + two.1, 80_000, "{one:?} {two:?}");
}

// rules: 145, 156
#[test]
fn a_grid_connection_of_one_phase_bounds_the_watts_of_three() {
    let mut world = World::booted(charger(&[Feed::Three], of(Feed::One, 320)));
    world.charge(1, "ONE");
    let (amps, watts) = supply(&world, 1);
    assert!(watts <= 320 * 230, "{watts}");
    assert_eq!(amps, 106, "{watts}");
}

// rules: 144, 156
#[test]
fn who_cannot_get_the_least_on_the_grid_connection_is_paused_the_latest_first() {
    let mut world = World::booted(charger(&[Feed::Three; 3], of(Feed::Three, 160)));
    for (at, name) in [(1, "ONE"), (2, "TWO"), (3, "THREE")] {
        world.charge(at, name);
    }
    assert_eq!([1, 2, 3].map(|at| amps(&world, at)), [80, 80, 0]);
    assert_eq!(world.statuses(3).pop().as_deref(), Some("SuspendedEVSE"));
    world.ev(1, Ev::Absent);
    assert_eq!([2, 3].map(|at| amps(&world, at)), [80, 80]);
}

// rules: 156
#[test]
fn who_is_paused_for_amperes_leaves_its_watts_to_the_others() {
    // 12 A on the grid are two times the least; a third would have 4 A.
    let feeds = [Feed::Three, Feed::One, Feed::One];
    let mut world = World::booted(charger(&feeds, of(Feed::Three, 130)));
    max(&mut world, "W", 7_000, Value::Null);
    for (at, name) in [(1, "ONE"), (2, "TWO"), (3, "THREE")] {
        world.charge(at, name);
    }
    let all = [1, 2, 3].map(|at| supply(&world, at));
    assert_eq!(all[2], (0, 0));
    let (a, w) = (all[0].0 + all[1].0, all[0].1 + all[1].1);
    assert!(a <= 130 && w <= 70_000, "{all:?}");
    assert!(a == 130 || w > 70_000 - 230, "{all:?}");
}

// rules: 156
#[test]
fn all_are_served_whose_least_fits_into_both_sums() {
    let feeds = [Feed::Three, Feed::One, Feed::Three];
    let mut world = World::booted(charger(&feeds, of(Feed::One, 500)));
    world.charge(3, "ONE");
    let profile = json!({
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A", "minChargingRate": 8.4,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.4}],
        },
    });
    let request = json!({"connectorId": 3, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.charge(1, "TWO");
    world.charge(2, "THREE");
    let all = [1, 2, 3].map(|at| supply(&world, at));
    // 11.5 kW: 5.8 for the first, 4.1 for the second, and the third has the rest.
    assert_eq!(all[2].0, 84, "{all:?}");
    assert_eq!(all[0].0, 60, "{all:?}");
    assert!(all[1].0 >= 60, "{all:?}");
    let sum = |of: fn(&(u32, u64)) -> u64| all.iter().map(of).sum::<u64>();
    assert!(sum(|one| u64::from(one.0)) <= 500, "{all:?}");
    assert_eq!(sum(|one| one.1), 115_000, "{all:?}");
}

// rules: 144, 156
#[test]
fn no_command_exceeds_the_grid_connection_or_the_maximum_before_the_next() {
    let mut world = World::booted(charger(&[Feed::One, Feed::Three], of(Feed::Three, 320)));
    max(&mut world, "W", 9_000, Value::Null);
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    let mut now = [supply(&world, 1), supply(&world, 2)];
    for (phases, limit) in [(1, 9_000), (3, 9_000), (1, 5_000), (3, 14_000), (2, 9_000)] {
        let before = now;
        world.told.clear();
        max(&mut world, "W", limit, json!(phases));
        let limit = u64::try_from(limit).expect("watts") * 10;
        let sum = |all: [(u32, u64); 2]| (all[0].0 + all[1].0, all[0].1 + all[1].1);
        let most = sum(before).1.max(limit);
        for notice in &world.told {
            if let Notice::Supply(at, supply) = notice {
                let told = (supply.deciamps.expect("A"), supply.deciwatts.expect("W"));
                now[at.index()] = told;
                assert!(sum(now).0 <= 320, "{now:?} after {before:?}");
                assert!(sum(now).1 <= most, "{now:?} after {before:?}");
            }
        }
        assert!(sum(now).1 <= limit);
    }
    world.run(Millis::from_secs(1));
}
