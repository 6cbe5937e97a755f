//! Schedules that a central system could keep the charge point busy with (OCPP 1.6 §5.7).
#![allow(clippy::panic)]

use evcp::types::ChargingRateUnitType;
use evcp_testing::{place, with, World};
use serde_json::{json, Value};

/// A day of so many periods, none of which says anything but what the hardware can do anyway.
fn daily(id: i32, periods: usize) -> Value {
    let seconds = 86_400 / periods;
    let periods: Vec<_> = (0..periods)
        .map(|n| json!({"startPeriod": n * seconds, "limit": 1_000.0 + (n % 7) as f64}))
        .collect();
    json!({
        "chargingProfileId": id, "stackLevel": id, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
        "chargingSchedule": {
            "startSchedule": "2025-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    })
}

fn attacked(connectors: usize) -> World {
    let mut world = World::booted(with(connectors, &[]));
    for id in 1..=50 {
        let request = json!({"connectorId": 0, "csChargingProfiles": daily(id, 1_000)});
        let answer = world.call("SetChargingProfile", request);
        assert_eq!(answer, Some(json!({"status": "Accepted"})));
    }
    world
}

// rules: 141
#[test]
fn a_schedule_of_decades_in_which_nothing_differs_is_cut_and_says_where() {
    for connectors in [1, 256] {
        let mut world = attacked(connectors);
        for connector in [0, 1] {
            let request = json!({"connectorId": connector, "duration": i32::MAX});
            let answer = world
                .call("GetCompositeSchedule", request)
                .expect("an answer");
            assert_eq!(answer["status"], "Accepted");
            let schedule = &answer["chargingSchedule"];
            let duration = schedule["duration"].as_i64().expect("a duration");
            // Each look at the profiles gets to the end of a period of 86 seconds: without a bound
            // there would be 25 million of them.
            assert!((1..20_000 * 86).contains(&duration), "{duration}");
            let periods = schedule["chargingSchedulePeriod"]
                .as_array()
                .expect("a list");
            assert_eq!(periods.len(), 1);
        }
    }
}

// rules: 141
#[test]
fn what_the_host_asks_for_is_cut_as_well_and_what_is_usual_is_not() {
    let mut world = attacked(2);
    for unit in [ChargingRateUnitType::A, ChargingRateUnitType::W] {
        let periods = world.engine().schedule(world.now, place(1), u32::MAX, unit);
        assert_eq!(periods.len(), 1);
    }
    world.call("ClearChargingProfile", json!({}));
    for id in 1..=20 {
        let request = json!({"connectorId": 0, "csChargingProfiles": daily(id, 24)});
        world.call("SetChargingProfile", request);
    }
    let year = 365 * 86_400;
    let request = json!({"connectorId": 1, "duration": year});
    let answer = world
        .call("GetCompositeSchedule", request)
        .expect("an answer");
    assert_eq!(answer["chargingSchedule"]["duration"], year);
}
