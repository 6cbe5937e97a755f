//! Composite schedules in their details (OCPP 1.6 §5.7, §7.14).
#![allow(clippy::panic)]

use evcp::core::{Feed, Hardware};
use evcp::types::ChargingRateUnitType;
use evcp_testing::{place, with, World};
use serde_json::{json, Value};

fn hardware(feed: Feed) -> Hardware {
    Hardware {
        deciamps: 320,
        feed,
    }
}

/// A charge point with connectors of these kinds.
fn world(feeds: &[Feed]) -> World {
    let mut setup = with(feeds.len(), &[]);
    for (made, feed) in setup.connectors.iter_mut().zip(feeds) {
        made.hardware = hardware(*feed);
    }
    World::booted(setup)
}

fn set(world: &mut World, connector: u32, purpose: &str, unit: &str, limit: i64, phases: Value) {
    let mut period = json!({"startPeriod": 0, "limit": limit});
    if !phases.is_null() {
        period["numberPhases"] = phases;
    }
    let profile = json!({
        "chargingProfileId": connector, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": unit,
            "chargingSchedulePeriod": [period],
        },
    });
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

fn asked(world: &mut World, connector: u32, unit: &str) -> Value {
    let request = json!({"connectorId": connector, "duration": 60, "chargingRateUnit": unit});
    let answer = world.call("GetCompositeSchedule", request).expect("it");
    answer["chargingSchedule"]["chargingSchedulePeriod"][0].clone()
}

// rules: 145, 152
#[test]
fn hardware_of_fewer_phases_says_how_many_since_absence_means_three() {
    for (feed, phases) in [
        (Feed::One, json!(1)),
        (Feed::Two, json!(2)),
        (Feed::Three, Value::Null),
        (Feed::Dc, Value::Null),
    ] {
        let mut world = world(&[feed]);
        for connector in [0, 1] {
            for unit in ["A", "W"] {
                let period = asked(&mut world, connector, unit);
                assert_eq!(
                    period["numberPhases"], phases,
                    "{feed:?} {connector} {unit}"
                );
            }
        }
    }
}

// rules: 145, 152
#[test]
fn a_charge_point_with_one_connector_of_three_phases_has_three() {
    let mut world = world(&[Feed::One, Feed::Three]);
    assert_eq!(asked(&mut world, 0, "A")["numberPhases"], Value::Null);
    assert_eq!(asked(&mut world, 1, "A")["numberPhases"], 1);
    set(&mut world, 0, "ChargePointMaxProfile", "A", 16, json!(1));
    assert_eq!(asked(&mut world, 0, "A")["numberPhases"], 1);
    assert_eq!(asked(&mut world, 2, "W")["numberPhases"], 1);
}

// rules: 152
#[test]
fn a_schedule_that_is_cut_says_where_to_the_host_too() {
    let mut world = World::booted(with(1, &[("ChargingScheduleMaxPeriods", "24")]));
    let periods: Vec<_> = (0..24)
        .map(|hour| json!({"startPeriod": 3_600 * hour, "limit": 6 + hour}))
        .collect();
    let profile = json!({
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    });
    let request = json!({"connectorId": 1, "csChargingProfiles": profile});
    world.call("SetChargingProfile", request).expect("it");
    let asked = |duration| {
        let unit = ChargingRateUnitType::A;
        world.engine().schedule(world.now, place(1), duration, unit)
    };
    let (whole, cut) = (asked(86_400), asked(2 * 86_400));
    assert_eq!((whole.len(), whole.covered), (24, 86_400));
    assert_eq!((cut.len(), cut.covered), (24, 86_400));
}

// rules: 152
#[test]
fn a_maximum_of_one_phase_leaves_the_watts_of_a_connector_to_that_phase() {
    let mut world = world(&[Feed::Three]);
    set(&mut world, 1, "TxDefaultProfile", "W", 3_450, Value::Null);
    assert_eq!(asked(&mut world, 0, "A")["limit"], 5);
    set(&mut world, 0, "ChargePointMaxProfile", "A", 20, json!(1));
    // 3450 W on one phase are 15 A; on three they were 5 A each.
    assert_eq!(asked(&mut world, 1, "A")["limit"], 15);
    assert_eq!(asked(&mut world, 0, "A")["limit"], 15);
    assert_eq!(asked(&mut world, 0, "W")["limit"], 3_450);
}
