//! What charging limits cost: composite schedules, and one live re-evaluation.
//!
//! `cargo bench --bench smart` measures time. For instructions, `EVCP_ONCE=composite:1000` (or
//! `live:1000`) does just that, to be run under callgrind; `benches/measure.py` subtracts.
#![allow(missing_docs, clippy::panic)]

use std::hint::black_box;

use criterion::Criterion;
use evcp::core::{Input, Place};
use evcp::time::{Millis, Now};
use evcp::types::ChargingRateUnitType;
use evcp_testing::{with, World};
use serde_json::json;

/// Twenty levels of daily profiles with 24 periods each, and a transaction they apply to.
fn charging() -> World {
    let mut world = World::booted(with(1, &[("ChargingScheduleMaxPeriods", "100000")]));
    world.charge(1, "ONE");
    for level in 0..20 {
        let period =
            |hour: i32| json!({"startPeriod": hour * 3600, "limit": 6 + (hour + level) % 24});
        let periods: Vec<_> = (0..24).map(period).collect();
        let profile = json!({
            "chargingProfileId": level, "stackLevel": level,
            "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
            "recurrencyKind": "Daily",
            "chargingSchedule": {
                "startSchedule": "2025-12-31T00:00:00Z", "chargingRateUnit": "A",
                "chargingSchedulePeriod": periods,
            },
        });
        let request = json!({"connectorId": 0, "csChargingProfiles": profile});
        let answer = world.call("SetChargingProfile", request);
        assert_eq!(answer, Some(json!({"status": "Accepted"})));
    }
    world
}

fn composite(world: &World, days: u32) -> usize {
    let connector = Place::Connector(evcp_testing::at(1));
    let unit = ChargingRateUnitType::A;
    let periods = world
        .engine()
        .schedule(world.now, connector, days * 86_400, unit);
    black_box(periods).len()
}

/// The most that a central system can ask for: 256 connectors, as many profiles as there may be, with
/// as many periods, and none of them says anything but what the hardware can do.
fn worst() -> World {
    let mut world = World::booted(with(256, &[]));
    let period = |n: i32| json!({"startPeriod": n * 86, "limit": 1_000 + n % 7});
    let periods: Vec<_> = (0..1_000).map(period).collect();
    for level in 0..50 {
        let profile = json!({
            "chargingProfileId": level, "stackLevel": level,
            "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Recurring",
            "recurrencyKind": "Daily",
            "chargingSchedule": {
                "startSchedule": "2025-12-31T00:00:00Z", "chargingRateUnit": "A",
                "chargingSchedulePeriod": periods,
            },
        });
        let request = json!({"connectorId": 0, "csChargingProfiles": profile});
        let answer = world.call("SetChargingProfile", request);
        assert_eq!(answer, Some(json!({"status": "Accepted"})));
    }
    world
}

fn live(world: &mut World) {
    let now = Now {
        mono: world.now.mono + Millis(1),
        ..world.now
    };
    let wants = world.power.wants(now, Some(Input::Deadline));
    assert!(wants.is_empty());
}

fn main() {
    let mut world = charging();
    if let Ok(once) = std::env::var("EVCP_ONCE") {
        let (what, count) = once.split_once(':').expect("what:count");
        for _ in 0..count.parse::<usize>().expect("a count") {
            match what {
                "composite" => assert!(composite(&world, 1) >= 24),
                _ => live(&mut world),
            }
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    for days in [1, 7, 30, 90, 365] {
        let name = format!("composite of 20 daily profiles, {days} d");
        criterion.bench_function(&name, |bencher| bencher.iter(|| composite(&world, days)));
    }
    let worst = worst();
    for connector in [Place::ChargePoint, Place::Connector(evcp_testing::at(1))] {
        let name = format!("the worst schedule there is, {connector:?}");
        let unit = ChargingRateUnitType::W;
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| {
                let schedule = worst
                    .engine()
                    .schedule(worst.now, connector, u32::MAX, unit);
                black_box(schedule).len()
            });
        });
    }
    criterion.bench_function("live re-evaluation, 20 profiles", |bencher| {
        bencher.iter(|| live(&mut world));
    });
    criterion.final_summary();
}
