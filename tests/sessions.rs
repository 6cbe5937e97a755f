//! Sessions as drivers see them.
#![allow(clippy::panic)]

use evcp::core::{Ev, Fact, Fault, Input, LinkEvent, Notice, Wh};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, CiString};
use evcp_testing::{place, setup, with, Treat, World};
use serde_json::json;

fn with_key(name: &str, value: &str) -> evcp::core::Setup {
    with(2, &[(name, value)])
}

// rules: 37, 51, 57
#[test]
fn plugged_first_a_session_is_preparing_charging_finishing_available() {
    let mut world = World::booted(setup(1));
    world.meter(1, 500);
    world.charge(1, "CAFE");
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.meter(1, 900);
    world.show(1, "CAFE");
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
    world.ev(1, Ev::Absent);
    assert_eq!(
        world.statuses(1),
        [
            "Available",
            "Preparing",
            "Charging",
            "Finishing",
            "Available"
        ]
    );
    let session = &world.central.sessions[0];
    assert_eq!(session.start["meterStart"], 500);
    let stop = session.stop.as_ref().expect("it was stopped");
    assert_eq!(
        (&stop["meterStop"], &stop["reason"]),
        (&json!(900), &json!("Local"))
    );
}

// cases: TC_004_2; rules: 39, 40
#[test]
fn a_tag_first_waits_for_the_plug_and_no_longer_than_connection_time_out() {
    let mut world = World::booted(with_key("ConnectionTimeOut", "30"));
    world.show(1, "CAFE");
    world.run(Millis::from_secs(29));
    assert_eq!(world.statuses(1), ["Available", "Preparing"]);
    world.run(Millis::from_secs(1));
    assert_eq!(world.statuses(1), ["Available", "Preparing", "Available"]);
    world.ev(1, Ev::Plugged);
    assert!(world.central.sessions.is_empty());
}

// rules: 40
#[test]
fn a_plug_without_a_tag_is_finishing_after_connection_time_out() {
    let mut world = World::booted(with_key("ConnectionTimeOut", "30"));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(30));
    assert_eq!(world.statuses(1), ["Available", "Preparing", "Finishing"]);
}

// rules: 20, 41
#[test]
fn a_tag_shown_twice_before_the_plug_is_taken_back() {
    let mut world = World::booted(setup(1));
    world.show(1, "CAFE");
    world.show(1, "cafe");
    assert_eq!(world.statuses(1), ["Available", "Preparing", "Available"]);
}

// rules: 52
#[test]
fn a_tag_that_is_refused_starts_nothing() {
    let mut world = World::booted(setup(1));
    world.central.treat(
        "Authorize",
        Treat::With(json!({"idTagInfo": {"status": "Blocked"}})),
    );
    world.charge(1, "CAFE");
    assert!(world.central.sessions.is_empty());
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
}

// cases: TC_069; rules: 54
#[test]
fn another_tag_stops_a_transaction_only_if_it_is_of_the_same_group() {
    let mut world = World::booted(setup(1));
    let grouped = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}});
    world
        .central
        .treat("Authorize", Treat::With(grouped.clone()));
    world.charge(1, "ONE");
    world.central.treat(
        "Authorize",
        Treat::With(json!({"idTagInfo": {"status": "Accepted"}})),
    );
    world.show(1, "STRANGER");
    assert!(world.central.sessions[0].stop.is_none());
    world.central.treat("Authorize", Treat::With(grouped));
    world.show(1, "TWO");
    let stop = world.central.sessions[0]
        .stop
        .as_ref()
        .expect("the group may stop it");
    assert_eq!(stop["idTag"], "TWO");
}

#[test]
fn without_a_group_another_tag_is_not_even_asked_about() {
    let mut world = World::booted(setup(1));
    world.charge(1, "ONE");
    world.show(1, "TWO");
    assert_eq!(world.sent("Authorize").len(), 1);
}

// rules: 6
#[test]
fn an_authorize_that_is_never_answered_ends_at_its_time_out() {
    let mut world = World::booted(setup(1));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "CAFE");
    world.run(Millis::from_secs(31));
    let refused = |notice: &Notice| matches!(notice, Notice::Authorized { .. });
    assert!(world.told.iter().any(refused));
    world.show(1, "CAFE");
    assert_eq!(world.sent("Authorize").len(), 2);
}

// cases: X-RETRY; rules: 62, 64
#[test]
fn a_start_that_is_refused_three_times_is_given_up_and_its_stop_says_minus_one() {
    let mut world = World::booted(with(1, &[("TransactionMessageAttempts", "3")]));
    for _ in 0..3 {
        world.central.treat("StartTransaction", Treat::Error);
    }
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60));
    assert_eq!(world.sent("StartTransaction").len(), 2);
    world.run(Millis::from_secs(119));
    assert_eq!(world.sent("StartTransaction").len(), 2);
    world.run(Millis::from_secs(1));
    assert_eq!(world.sent("StartTransaction").len(), 3);
    world.show(1, "ONE");
    let stops = world.sent("StopTransaction");
    assert_eq!(stops.len(), 1);
    assert_eq!(stops[0]["transactionId"], -1);
}

// rules: 63
#[test]
fn a_start_that_is_not_answered_is_sent_again_under_the_same_id_until_it_is() {
    let mut world = World::booted(setup(1));
    for _ in 0..5 {
        world.central.treat("StartTransaction", Treat::Silence);
    }
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    assert_eq!(world.sent("StartTransaction").len(), 6);
    assert_eq!(world.central.sessions.len(), 1);
    world.show(1, "ONE");
    assert!(world.central.sessions[0].stop.is_some());
}

// rules: 60, 61
#[test]
fn a_hundred_sessions_offline_arrive_once_and_in_order() {
    let mut world = World::booted(with_key("AllowOfflineTxForUnknownId", "true"));
    world.reachable = false;
    world.drop_link();
    for number in 0..100 {
        world.meter(1, number * 1000);
        world.charge(1, &format!("T{number}"));
        world.run(Millis::from_secs(150));
        world.show(1, &format!("T{number}"));
        world.ev(1, Ev::Absent);
        if number % 10 == 5 {
            world.power_cycle();
        }
    }
    assert_eq!(world.engine().counters().queued, 400);
    world.reachable = true;
    world.run(Millis::from_secs(600));
    let books = &world.central.sessions;
    assert_eq!(books.len(), 100);
    for (number, session) in books.iter().enumerate() {
        assert_eq!(session.start["idTag"], format!("T{number}"));
        assert_eq!(session.values.len(), 2);
        assert!(session.stop.is_some());
    }
}

// rules: 58
#[test]
fn a_deauthorized_transaction_is_stopped_or_only_suspended_as_the_key_says() {
    for (key, stopped) in [("true", true), ("false", false)] {
        let mut world = World::booted(with_key("StopTransactionOnInvalidId", key));
        let invalid = json!({"idTagInfo": {"status": "Invalid"}});
        world
            .central
            .treat("StartTransaction", Treat::With(invalid));
        world.charge(1, "ONE");
        assert!(world.supply(1).is_some_and(|supply| !supply.permit));
        let stop = &world.central.sessions[0].stop;
        assert_eq!(
            stop.as_ref().map(|stop| stop["reason"] == "DeAuthorized"),
            stopped.then_some(true)
        );
        let last = world.statuses(1).pop();
        assert_eq!(
            last.as_deref(),
            Some(if stopped {
                "Finishing"
            } else {
                "SuspendedEVSE"
            })
        );
    }
}

// rules: 44, 103
#[test]
fn nothing_starts_while_a_connector_is_faulted() {
    let mut world = World::booted(setup(1));
    let code = ChargePointErrorCode::GroundFailure;
    let fault = Fault {
        code,
        info: None,
        vendor_code: None,
    };
    world.fact(Fact::Fault(place(1), Some(fault)));
    world.charge(1, "ONE");
    let answer = world.call(
        "RemoteStartTransaction",
        json!({"connectorId": 1, "idTag": "ONE"}),
    );
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
    assert!(world.central.sessions.is_empty());
    assert_eq!(world.statuses(1), ["Available", "Faulted"]);
}

// rules: 49
#[test]
fn an_unplugged_vehicle_ends_or_suspends_the_transaction_as_the_key_says() {
    for (key, status) in [("true", "Available"), ("false", "SuspendedEV")] {
        let mut world = World::booted(with_key("StopTransactionOnEVSideDisconnect", key));
        world.charge(1, "ONE");
        world.ev(1, Ev::Absent);
        assert_eq!(world.central.sessions[0].stop.is_some(), key == "true");
        assert_eq!(world.statuses(1).pop().as_deref(), Some(status));
    }
}

// rules: 73, 80
#[test]
fn samples_come_at_the_interval_and_carry_the_transaction() {
    let mut world = World::booted(with_key("MeterValueSampleInterval", "10"));
    world.meter(1, 0);
    world.charge(1, "ONE");
    for step in 1..=3 {
        world.meter(1, step * 30);
        world.run(Millis::from_secs(10));
    }
    let values = &world.central.sessions[0].values;
    let shown: Vec<_> = values
        .iter()
        .map(|v| v["meterValue"][0]["sampledValue"][0]["value"].clone())
        .collect();
    assert_eq!(shown, ["30", "60", "90"]);
}

fn commits_in_five_minutes(interval: &str, wh: i64) -> usize {
    let mut setup = with_key("MeterValueSampleInterval", interval);
    setup.tuning.sample_commit = Millis::from_secs(60);
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.charge(1, "ONE");
    let before = world.stores;
    for step in 1..=300 {
        world.meter(1, step * wh);
        world.run(Millis::from_secs(1));
    }
    world.stores - before
}

#[test]
fn readings_are_stored_in_groups_and_before_a_sample_of_them_is_sent() {
    // Of each second, once a minute; of samples, with each one.
    let commits = commits_in_five_minutes("0", 3);
    assert!((4..=6).contains(&commits), "{commits} commits");
    let commits = commits_in_five_minutes("20", 3);
    assert!((15..=16).contains(&commits), "{commits} commits");
    // What has not moved needs no commit of its own.
    let commits = commits_in_five_minutes("20", 0);
    assert!((4..=6).contains(&commits), "{commits} commits");
}

#[test]
fn a_meter_that_is_asked_holds_up_the_start_no_longer_than_its_time() {
    let mut setup = setup(1);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    assert!(world.central.sessions.is_empty());
    let request = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, _) => Some(*request),
        _ => None,
    });
    let reading = evcp::core::Answer::Meter(vec![evcp::core::Reading::energy(Wh(4711))]);
    world.give(Input::Answer(request.expect("it is asked"), reading));
    assert_eq!(world.central.sessions[0].start["meterStart"], 4711);
    world.run(Millis::from_secs(5));
    world.show(1, "ONE");
    assert!(world.central.sessions[0].stop.is_none());
    world.run(Millis::from_secs(2));
    assert!(world.central.sessions[0].stop.is_some());
}

// rules: 30
#[test]
fn times_from_before_the_first_sync_are_put_right_before_they_are_sent() {
    let mut setup = setup(1);
    let key = CiString::truncated("AllowOfflineTxForUnknownId");
    setup.keys.push((key, CiString::truncated("true")));
    setup.tuning.charge_before_accepted = true;
    let mut world = World::new(setup);
    world.reachable = false;
    world.run(Millis(0));
    // The device believes that it is a year earlier than it is.
    world.central.clock += 365 * 86_400_000;
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    world.reachable = true;
    world.run(Millis::from_secs(130));
    let start = world.central.sessions[0].start["timestamp"].clone();
    assert_eq!(start, "2027-01-01T00:00:00.000Z");
}

// rules: 29
#[test]
fn a_step_of_the_device_clock_fires_and_starves_nothing() {
    for step in [-86_400_000_i64, 86_400_000] {
        let mut world = World::booted(with_key("MeterValueSampleInterval", "10"));
        world.charge(1, "ONE");
        world.meter(1, 10);
        world.run(Millis::from_secs(25));
        world.now.wall = world.now.wall.offset(step);
        world.run(Millis::from_secs(25));
        assert_eq!(world.central.sessions[0].values.len(), 5);
        let last = world.central.sessions[0].values[4]["meterValue"][0]["timestamp"].clone();
        assert_eq!(last, "2026-01-01T00:00:50.000Z");
    }
}

// rules: 10
#[test]
fn a_broken_frame_changes_nothing() {
    let mut world = World::booted(setup(1));
    for text in [
        "",
        "[",
        "{}",
        "[3,null,{}]",
        "[2]",
        "[9,\"x\"]",
        "[4,\"x\"]",
        "[3,\"x\",{}]",
    ] {
        world.give(Input::Link(LinkEvent::Text(text)));
    }
    world.charge(1, "ONE");
    assert_eq!(world.central.sessions.len(), 1);
}

#[test]
fn a_reset_that_was_agreed_to_starts_nothing_any_more() {
    let mut setup = setup(1);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.call("Reset", json!({"type": "Hard"}));
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    let asked = world.told.iter().filter_map(|notice| match notice {
        Notice::Ask(request, _) => Some(*request),
        _ => None,
    });
    let asked: Vec<_> = asked.collect();
    assert_eq!(asked.len(), 2);
    world.give(Input::Answer(asked[0], evcp::core::Answer::Accepted));
    world.give(Input::Answer(
        asked[1],
        evcp::core::Answer::Meter(Vec::new()),
    ));
    world.run(Millis::from_secs(10));
    assert!(world.central.sessions.is_empty());
    assert!(world.told.contains(&Notice::Reboot { hard: true }));
}
