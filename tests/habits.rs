//! Sessions at central systems with habits of their own: whatever these are, a session is on the books once.

use evcp::core::{Connection, Ev, Notice};
use evcp::time::Millis;
use evcp_testing::habits::Dates;
use evcp_testing::{with, Treat, World};
use serde_json::json;

fn booted() -> World {
    let keys = [
        ("MeterValueSampleInterval", "60"),
        // Where no answer to Authorize comes, the customer charges all the same.
        ("AllowOfflineTxForUnknownId", "true"),
    ];
    let mut world = World::booted(with(1, &keys));
    world.meter(1, 1_000);
    world
}

/// A session from 1000 to 3000 Wh, and whatever is queued of it.
fn session(world: &mut World, minutes: u64) {
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60 * minutes));
    world.meter(1, 3_000);
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(3_600));
}

/// The session is there once, with its energy.
fn is_booked(world: &World) {
    let books = &world.central.sessions;
    assert_eq!(books.len(), 1, "{books:?}");
    assert_eq!(books[0].start["meterStart"], 1_000);
    let stop = books[0].stop.as_ref();
    assert_eq!(stop.map(|stop| &stop["meterStop"]), Some(&json!(3_000)));
    assert_eq!(world.engine().counters().queued, 0);
}

#[test]
fn answers_that_come_14_s_late_cost_nothing() {
    let mut world = booted();
    world.central.habits.late = Millis::from_secs(14);
    session(&mut world, 10);
    is_booked(&world);
    assert_eq!(world.central.habits.failures, [json!(null); 0]);
}

#[test]
fn answers_that_always_come_after_the_time_out_count() {
    let mut world = booted();
    world.central.habits.late = Millis::from_secs(40);
    session(&mut world, 10);
    is_booked(&world);
}

#[test]
fn a_central_system_that_is_stopped_for_four_minutes_and_then_answers_everything_books_once() {
    for after in [0, 20, 100] {
        let mut world = booted();
        world.charge(1, "ONE");
        world.run(Millis::from_secs(after));
        world.central.habits.stopped_until = Some(world.now.mono + Millis::from_secs(240));
        world.run(Millis::from_secs(60));
        world.meter(1, 3_000);
        world.show(1, "ONE");
        world.run(Millis::from_secs(3_600));
        is_booked(&world);
    }
}

#[test]
fn a_central_system_that_is_stopped_when_the_tag_is_shown_books_once() {
    let mut world = booted();
    world.central.habits.stopped_until = Some(world.now.mono + Millis::from_secs(240));
    session(&mut world, 10);
    is_booked(&world);
}

#[test]
fn a_start_that_is_booked_twice_is_stopped_under_the_id_that_was_heard() {
    let mut world = booted();
    world.central.habits.books_starts_again = true;
    world.central.treat("StartTransaction", Treat::Silence);
    session(&mut world, 10);
    let books = &world.central.sessions;
    let stops: Vec<_> = books.iter().map(|booked| booked.stop.is_some()).collect();
    assert_eq!(stops, [false, true]);
    assert!(books[0].values.is_empty() && books[1].values.len() > 5);
}

#[test]
fn a_stop_whose_answer_is_lost_comes_again_as_it_was() {
    let mut world = booted();
    world.central.treat("StopTransaction", Treat::Silence);
    session(&mut world, 10);
    is_booked(&world);
    let stop = world.central.sessions[0].stop.clone();
    assert_eq!(
        world.central.habits.failures,
        [stop.expect("it was booked")]
    );
}

#[test]
fn dates_in_whole_seconds_with_many_digits_and_with_offsets_set_the_clock() {
    for dates in [
        Dates::Millis,
        Dates::WholeSeconds,
        Dates::Offset(0),
        Dates::Offset(3),
        Dates::Offset(7),
    ] {
        let mut world = World::new(with(1, &[]));
        world.central.habits.dates = dates;
        // A day ahead of the device.
        world.central.clock += 86_400_000;
        world.run(Millis::from_secs(1));
        world.meter(1, 1_000);
        world.charge(1, "ONE");
        let start = &world.sent("StartTransaction")[0];
        let time = start["timestamp"].as_str().expect("a time");
        assert!(time.starts_with("2026-01-02T00:00:0"), "{dates:?}: {time}");
    }
}

#[test]
fn null_for_all_that_is_optional_in_a_call_is_as_if_it_were_not_there() {
    let period = json!({"startPeriod": 0, "limit": 6, "numberPhases": null});
    let schedule = json!({
        "duration": null, "startSchedule": null, "chargingRateUnit": "A", "minChargingRate": null,
        "chargingSchedulePeriod": [period],
    });
    let profile = json!({
        "chargingProfileId": 1, "transactionId": null, "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative", "recurrencyKind": null,
        "validFrom": null, "validTo": null, "chargingSchedule": schedule,
    });
    let mut default = profile.clone();
    default["chargingProfilePurpose"] = json!("TxDefaultProfile");
    let mut world = booted();
    let calls = [
        (
            "SetChargingProfile",
            json!({"connectorId": 1, "csChargingProfiles": default}),
        ),
        (
            "RemoteStartTransaction",
            json!({"idTag": "ONE", "connectorId": null, "chargingProfile": null}),
        ),
        (
            "TriggerMessage",
            json!({"requestedMessage": "Heartbeat", "connectorId": null}),
        ),
        (
            "GetCompositeSchedule",
            json!({"connectorId": 1, "duration": 60, "chargingRateUnit": null}),
        ),
        (
            "ClearChargingProfile",
            json!({"id": null, "connectorId": null, "chargingProfilePurpose": null, "stackLevel": null}),
        ),
    ];
    for (action, payload) in calls {
        let answer = world.call(action, payload).unwrap_or_default();
        assert_eq!(answer["status"], "Accepted", "{action}: {answer}");
    }
    let answer = world.call("GetConfiguration", json!({ "key": null }));
    let keys = answer
        .as_ref()
        .and_then(|answer| answer["configurationKey"].as_array());
    assert!(keys.is_some_and(|keys| keys.len() > 10), "{answer:?}");
    world.ev(1, Ev::Plugged);
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn a_key_that_a_central_system_reads_at_each_connection_can_be_declared() {
    let mut setup = with(1, &[]);
    setup.declared.push(evcp::core::DeclaredKey::new(
        evcp::types::CiString::truncated("CpoName"),
        evcp::types::CiString::truncated("Example"),
    ));
    let mut world = World::booted(setup);
    for _ in 0..2 {
        let answer = world.call("GetConfiguration", json!({"key": ["CpoName"]}));
        let answer = answer.unwrap_or_default();
        assert_eq!(
            answer["configurationKey"][0]["value"], "Example",
            "{answer}"
        );
        world.drop_link();
        world.run(Millis::from_secs(60));
    }
}

#[test]
fn a_call_that_gets_an_error_after_30_s_on_a_new_connection_is_made_again() {
    let mut world = booted();
    world.charge(1, "ONE");
    world.drop_link();
    world.meter(1, 3_000);
    world.show(1, "ONE");
    world.central.habits.late = Millis::from_secs(29);
    world.central.habits.read_only = true;
    world.run(Millis::from_secs(30));
    world.central.habits.late = Millis(0);
    world.central.habits.read_only = false;
    world.run(Millis::from_secs(3_600));
    is_booked(&world);
}

#[test]
fn a_new_key_has_its_time_to_be_stored_before_it_is_used() {
    let keys = [("AuthorizationKey", "OCA_OCTT_admin_test")];
    let mut setup = with(1, &keys);
    setup.tuning.security_profile = 1;
    let mut world = World::booted(setup);
    world.central.habits.refuses_after_close = Millis(100);
    world.told.clear();
    let key = json!({"key": "AuthorizationKey", "value": "another_key_of_20_ch"});
    let answer = world.call("ChangeConfiguration", key);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.run(Millis::from_secs(10));
    assert!(world.connected);
    let failed = |notice: &Notice| matches!(notice, Notice::Connection(Connection::Failed, ..));
    assert!(!world.told.iter().any(failed));
}

#[test]
fn a_central_system_that_fails_at_quick_answers_has_its_session_all_the_same() {
    let mut world = booted();
    world.central.habits.fails_at_quick_answers = true;
    world.charge(1, "ONE");
    for _ in 0..3 {
        world.call("GetConfiguration", json!({"key": ["HeartbeatInterval"]}));
        assert!(!world.connected);
        world.run(Millis::from_secs(600));
        assert!(world.connected);
    }
    world.meter(1, 3_000);
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    is_booked(&world);
}
