//! What happens all the time asks for no memory.
#![allow(clippy::panic)]

use std::alloc::System;

use evcp::core::Input;
use evcp::time::Millis;
use evcp_testing::{with, World};
use serde_json::json;
use stats_alloc::{Region, StatsAlloc, INSTRUMENTED_SYSTEM};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

// rules: 143
#[test]
fn a_live_re_evaluation_of_twenty_profiles_asks_for_no_memory() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    for level in 0..20 {
        let (purpose, connector) = match level % 2 {
            0 => ("TxDefaultProfile", level / 2 % 3),
            _ => ("ChargePointMaxProfile", 0),
        };
        let periods: Vec<_> = (0..24)
            .map(|hour| json!({"startPeriod": hour * 3600, "limit": 20 + hour % 5}))
            .collect();
        let profile = json!({
            "chargingProfileId": level, "stackLevel": level, "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
            "chargingSchedule": {
                "startSchedule": "2025-12-31T00:00:00Z", "chargingRateUnit": "A",
                "chargingSchedulePeriod": periods,
            },
        });
        let request = json!({"connectorId": connector, "csChargingProfiles": profile});
        let answer = world.call("SetChargingProfile", request);
        assert_eq!(answer, Some(json!({"status": "Accepted"})));
    }
    world.run(Millis::from_secs(1));
    let region = Region::new(GLOBAL);
    for _ in 0..100 {
        world.now.mono = world.now.mono + Millis(1);
        assert!(world.wants(Input::Deadline).is_empty());
        assert!(world.engine().deadline().is_some());
    }
    let asked = region.change();
    assert_eq!((asked.allocations, asked.reallocations), (0, 0));
}
