//! Local limits, the least current, and phases that cannot be switched: what others than the central system say
//! may be drawn, and what a pilot can say (OCPP 1.6 §3.13, IEC 61851).

use evcp::core::*;
use evcp::time::{Millis, Mono, Now, Wall};
use evcp::types::ChargingRateUnitType as Unit;
use evcp_testing::{with, World};
use serde_json::json;

fn source(name: &str) -> Source {
    Source::new(name).expect("a source")
}

fn rate(value: u32, unit: Unit) -> Rate {
    Rate {
        tenths: value * 10,
        unit,
        phases: None,
    }
}

fn amps(value: u32) -> Option<Rate> {
    Some(rate(value, Unit::A))
}

fn limit(world: &mut World, number: u32, name: &str, rate: Option<Rate>, valid_s: Option<u64>) {
    world.fact(Fact::LocalLimit {
        place: Place::new(number).expect("a place"),
        source: source(name),
        rate,
        valid: valid_s.map(Millis::from_secs),
    });
}

fn failsafe(world: &mut World, number: u32, name: &str, rate: Option<Rate>) {
    let place = Place::new(number).expect("a place");
    world.act(Act::SetFailsafe(place, source(name), rate));
}

/// What a connector was told: whether energy may flow, and tenths of A.
fn told(world: &World, connector: u32) -> (bool, u32) {
    let supply = world.supply(connector).expect("it was told");
    (supply.permit, supply.deciamps.expect("said"))
}

fn setup_error(setup: Setup) -> Option<String> {
    let now = Now {
        mono: Mono(0),
        wall: Wall(0),
    };
    let made = Engine::new(setup, Stored::default(), now);
    made.err().map(|why| why.to_string())
}

fn status(world: &World, connector: u32) -> Option<String> {
    world.statuses(connector).pop()
}

fn profile(world: &mut World, unit: &str, limit: f64, phases: Option<u32>) {
    let mut period = json!({"startPeriod": 0, "limit": limit});
    if let Some(phases) = phases {
        period["numberPhases"] = json!(phases);
    }
    let request = json!({"connectorId": 0, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": unit, "chargingSchedulePeriod": [period]},
    }});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

#[test]
fn the_least_of_all_sources_and_profiles_counts() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    assert_eq!(told(&world, 1), (true, 320));
    limit(&mut world, 1, "cable", amps(20), None);
    limit(&mut world, 1, "temperature", amps(16), None);
    assert_eq!(told(&world, 1), (true, 160));
    profile(&mut world, "A", 10.0, None);
    assert_eq!(told(&world, 1), (true, 100));
    limit(&mut world, 1, "temperature", amps(8), None);
    assert_eq!(told(&world, 1), (true, 80));
    limit(&mut world, 1, "temperature", None, None);
    assert_eq!(told(&world, 1), (true, 100));
    limit(&mut world, 0, "grid", Some(rate(4_140, Unit::W)), None);
    assert_eq!(world.supply(1).and_then(|it| it.deciwatts), Some(41_400));
    assert_eq!(told(&world, 1), (true, 60));
}

#[test]
fn what_all_may_draw_is_shared_out() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    limit(&mut world, 0, "house meter", amps(20), None);
    assert_eq!(
        (told(&world, 1), told(&world, 2)),
        ((true, 100), (true, 100))
    );
    limit(&mut world, 1, "cable", amps(8), None);
    assert_eq!(
        (told(&world, 1), told(&world, 2)),
        ((true, 80), (true, 120))
    );
}

#[test]
fn a_limit_that_is_stale_gives_way_to_its_failsafe_value_at_its_instant_and_never_frees_more() {
    let mut world = World::booted(with(1, &[]));
    failsafe(&mut world, 1, "energy manager", amps(6));
    world.charge(1, "ONE");
    assert_eq!(told(&world, 1), (true, 60), "it has not spoken yet");
    limit(&mut world, 1, "energy manager", amps(16), Some(10));
    assert_eq!(told(&world, 1), (true, 160));
    world.run(Millis::from_secs(5));
    limit(&mut world, 1, "energy manager", amps(16), Some(10));
    world.run(Millis(9_999));
    assert_eq!(told(&world, 1), (true, 160));
    world.run(Millis(1));
    assert_eq!(told(&world, 1), (true, 60));
    // It may say that it does not limit anything, for a time.
    limit(&mut world, 1, "energy manager", None, Some(10));
    assert_eq!(told(&world, 1), (true, 320));
    world.run(Millis::from_secs(10));
    assert_eq!(told(&world, 1), (true, 60));
    failsafe(&mut world, 1, "energy manager", None);
    assert_eq!(told(&world, 1), (true, 320));
}

#[test]
fn failsafe_values_hold_after_a_power_cut_and_what_was_said_does_not() {
    let mut world = World::booted(with(1, &[]));
    failsafe(&mut world, 0, "grid", Some(rate(4_200, Unit::W)));
    failsafe(&mut world, 1, "gone", amps(10));
    failsafe(&mut world, 1, "gone", None);
    limit(&mut world, 0, "grid", None, None);
    limit(&mut world, 1, "cable", amps(13), None);
    world.power_cycle();
    world.run(Millis::from_secs(2));
    let stands: Vec<_> = world.engine().local_limits().to_vec();
    assert_eq!(stands.len(), 1, "{stands:?}");
    assert_eq!(stands[0].source.as_str(), "grid");
    assert!(stands[0].failsafe);
    world.charge(1, "ONE");
    assert_eq!(told(&world, 1), (true, 60));
}

#[test]
fn the_same_limit_again_writes_nothing_and_says_nothing() {
    let mut world = World::booted(with(
        1,
        &[
            ("MeterValueSampleInterval", "0"),
            ("HeartbeatInterval", "0"),
        ],
    ));
    world.charge(1, "ONE");
    limit(&mut world, 1, "energy manager", amps(16), Some(3));
    let sent = |world: &World| {
        let calls = world.central.calls.iter();
        calls.filter(|(action, _)| action != "Heartbeat").count()
    };
    let (stored, before, heard) = (world.stores, sent(&world), world.told.len());
    for turn in 0..3_600 {
        limit(
            &mut world,
            1,
            "energy manager",
            amps(16 + turn % 2),
            Some(3),
        );
        limit(&mut world, 1, "energy manager", amps(16), Some(3));
        world.run(Millis::from_secs(1));
    }
    assert_eq!(world.stores, stored);
    assert_eq!(sent(&world), before);
    assert!(world.told.len() > heard, "what is another limit is told");
}

#[test]
fn a_limit_below_the_least_current_is_a_pause() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    limit(&mut world, 1, "house meter", amps(5), None);
    assert_eq!(told(&world, 1), (false, 0));
    assert_eq!(status(&world, 1).as_deref(), Some("SuspendedEVSE"));
    limit(&mut world, 1, "house meter", amps(6), None);
    assert_eq!(told(&world, 1), (true, 60));
    profile(&mut world, "A", 5.9, None);
    assert_eq!(told(&world, 1), (false, 0));
    // In watts, too: 3 phases of 6 A are 4140 W.
    profile(&mut world, "W", 4_139.0, None);
    assert_eq!(told(&world, 1), (false, 0));
    profile(&mut world, "W", 4_140.0, None);
    assert_eq!(told(&world, 1), (true, 60));
}

#[test]
fn the_least_current_is_the_connectors_or_the_settings_and_none_for_direct_current() {
    let mut setup = with(4, &[]);
    setup.tuning.least = 80;
    setup.connectors[1].least = Some(100);
    setup.connectors[2].hardware.feed = Feed::Dc;
    setup.connectors[3].least = Some(0);
    let mut world = World::booted(setup);
    profile(&mut world, "A", 7.0, None);
    for (connector, at_7, at_9) in [
        (1, false, true),
        (2, false, false),
        (3, true, true),
        (4, true, true),
    ] {
        world.charge(connector, &format!("T{connector}"));
        assert_eq!(told(&world, connector).0, at_7, "connector {connector}");
        limit(&mut world, connector, "owner", None, None);
        profile(&mut world, "A", 9.0, None);
        assert_eq!(told(&world, connector).0, at_9, "connector {connector}");
        profile(&mut world, "A", 7.0, None);
    }
}

#[test]
fn on_phases_that_cannot_be_switched_off_fewer_phases_are_less_current() {
    for (switches, supply) in [("false", (true, 106)), ("true", (true, 160))] {
        let mut world = World::booted(with(1, &[("ConnectorSwitch3to1PhaseSupported", switches)]));
        world.charge(1, "ONE");
        // 16 A on two phases are 7360 W: 10.6 A on three.
        profile(&mut world, "A", 16.0, Some(2));
        assert_eq!(told(&world, 1), supply);
        let phases = world.supply(1).and_then(|supply| supply.phases);
        assert_eq!(phases, (switches == "true").then_some(2));
        assert_eq!(
            world.supply(1).and_then(|supply| supply.deciwatts),
            Some(73_600)
        );
        // 16 A on one phase are 5.3 A on three, which no pilot can say.
        profile(&mut world, "A", 16.0, Some(1));
        assert_eq!(told(&world, 1).0, switches == "true");
    }
}

#[test]
fn amperes_on_one_phase_for_all_are_not_three_times_as_much_on_three() {
    // By the central system, and by a source of the charger's own.
    for central in [true, false] {
        for (phases, supply) in [(1, (false, 0)), (2, (true, 106)), (3, (true, 160))] {
            let mut world = World::booted(with(2, &[]));
            world.charge(1, "ONE");
            if central {
                let request = json!({"connectorId": 0, "csChargingProfiles": {
                    "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "ChargePointMaxProfile",
                    "chargingProfileKind": "Relative",
                    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16, "numberPhases": phases},
                    ]},
                }});
                let answer = world.call("SetChargingProfile", request);
                assert_eq!(answer, Some(json!({"status": "Accepted"})));
            } else {
                let phases = u8::try_from(phases).ok();
                let all = Rate {
                    phases,
                    ..rate(16, Unit::A)
                };
                limit(&mut world, 0, "grid", Some(all), None);
            }
            assert_eq!(told(&world, 1), supply, "{phases} phases");
            let request = json!({"connectorId": 0, "duration": 0, "chargingRateUnit": "W"});
            let answer = world
                .call("GetCompositeSchedule", request)
                .expect("an answer");
            let most = &answer["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"];
            assert_eq!(*most, json!(16 * 230 * phases));
        }
    }
}

#[test]
fn a_connector_that_carries_less_than_its_least_current_is_refused() {
    let mut setup = with(2, &[]);
    setup.connectors[1].least = Some(330);
    let refused = setup_error(setup.clone()).expect("nothing would ever flow");
    assert!(
        refused.contains("connector 2") && refused.contains("electric.min_a"),
        "{refused}"
    );
    setup.connectors[1].least = Some(320);
    assert_eq!(setup_error(setup), None);
}

#[test]
fn composite_schedules_have_the_limits_that_stand_as_if_they_stayed() {
    let mut world = World::booted(with(2, &[]));
    limit(&mut world, 1, "cable", amps(13), Some(60));
    limit(&mut world, 0, "grid", amps(20), Some(60));
    let ask = |world: &mut World, connector: u32| {
        let request = json!({"connectorId": connector, "duration": 3_600, "chargingRateUnit": "A"});
        let answer = world
            .call("GetCompositeSchedule", request)
            .expect("an answer");
        answer["chargingSchedule"]["chargingSchedulePeriod"].clone()
    };
    assert_eq!(ask(&mut world, 1), json!([{"startPeriod": 0, "limit": 13}]));
    assert_eq!(ask(&mut world, 2), json!([{"startPeriod": 0, "limit": 20}]));
    assert_eq!(ask(&mut world, 0), json!([{"startPeriod": 0, "limit": 20}]));
    world.run(Millis::from_secs(60));
    assert_eq!(ask(&mut world, 1), json!([{"startPeriod": 0, "limit": 32}]));
}

#[test]
fn a_source_too_many_and_a_place_that_is_not_there_change_nothing() {
    let mut world = World::booted(with(1, &[]));
    world.charge(1, "ONE");
    for number in 0..16 {
        limit(
            &mut world,
            number % 2,
            &format!("source {number}"),
            amps(30),
            None,
        );
    }
    limit(&mut world, 1, "one too many", amps(6), None);
    failsafe(&mut world, 1, "one too many", amps(6));
    limit(&mut world, 7, "source 1", amps(6), None);
    failsafe(&mut world, 7, "source 1", amps(6));
    assert_eq!(told(&world, 1), (true, 300));
    limit(&mut world, 1, "source 3", amps(8), None);
    assert_eq!(told(&world, 1), (true, 80));
}
