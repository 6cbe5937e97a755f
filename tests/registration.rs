//! Boot, heartbeats, the link.
#![allow(clippy::panic)]

use evcp::core::{Engine, Ev, Fact, Stored};
use evcp::time::Millis;
use evcp::types::CiString;
use evcp_testing::{setup, Treat, World};
use serde_json::json;

fn boot(status: &str, interval: u32) -> Treat {
    let time = "2026-01-01T00:00:00Z";
    Treat::With(json!({"status": status, "currentTime": time, "interval": interval}))
}

// rules: 27
#[test]
fn after_acceptance_every_connector_and_the_charge_point_are_reported() {
    let world = World::booted(setup(2));
    for connector in 0..=2 {
        assert_eq!(world.statuses(connector), ["Available"]);
    }
}

/// Found by the fuzzer of the C API: the numbers were counted on behind the last of 256.
// rules: 27
#[test]
fn as_many_connectors_as_there_may_be_are_reported_and_no_more_are_taken() {
    let world = World::booted(setup(256));
    assert!((0..=256).all(|connector| world.statuses(connector) == ["Available"]));
    assert!(Engine::new(setup(257), Stored::default(), world.now).is_err());
}

// cases: X-BOOT-REJ; rules: 22, 23
#[test]
fn a_rejected_charge_point_is_silent_until_the_interval_is_over() {
    let mut world = World::new(setup(1));
    world
        .central
        .treat("BootNotification", boot("Rejected", 40));
    world.run(Millis(0));
    assert_eq!(world.call("GetConfiguration", json!({})), None);
    assert_eq!(world.call("Nonsense", json!([])), None);
    world.run(Millis::from_secs(39));
    assert_eq!(world.central.calls.len(), 1);
    world.run(Millis::from_secs(1));
    assert_eq!(world.sent("BootNotification").len(), 2);
    assert_eq!(world.statuses(1), ["Available"]);
}

// rules: 24, 25
#[test]
fn a_pending_charge_point_answers_and_sends_nothing_by_itself() {
    let mut world = World::new(setup(1));
    world.central.treat("BootNotification", boot("Pending", 40));
    world.run(Millis(0));
    let answer = world.call(
        "ChangeConfiguration",
        json!({"key": "HeartbeatInterval", "value": "9"}),
    );
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    let answer = world.call("RemoteStartTransaction", json!({"idTag": "ONE"}));
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(39));
    assert_eq!(world.central.calls.len(), 1);
    let answer = world.call(
        "TriggerMessage",
        json!({"requestedMessage": "BootNotification"}),
    );
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    assert_eq!(world.sent("BootNotification").len(), 2);
    assert_eq!(world.statuses(1), ["Preparing"]);
}

// cases: X-BOOT-ERR; rules: 26
#[test]
fn a_boot_that_fails_is_tried_again_and_nothing_else_is_sent() {
    for how in [
        Treat::Error,
        Treat::Silence,
        Treat::With(json!({"status": "Maybe"})),
    ] {
        let mut world = World::new(setup(1));
        world.central.treat("BootNotification", how);
        world.run(Millis::from_secs(30));
        assert_eq!(world.central.calls.len(), 1);
        world.run(Millis::from_secs(61));
        assert_eq!(world.sent("BootNotification").len(), 2);
    }
}

// rules: 4
#[test]
fn a_reconnect_is_not_a_boot() {
    let mut world = World::booted(setup(1));
    world.drop_link();
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(5));
    assert_eq!(world.sent("BootNotification").len(), 1);
    assert_eq!(world.statuses(1), ["Available", "Preparing"]);
}

// rules: 32
#[test]
fn heartbeats_follow_the_interval_of_the_boot_and_its_changes_at_once() {
    let mut world = World::booted(setup(1));
    world.run(Millis::from_secs(599));
    assert_eq!(world.sent("Heartbeat").len(), 1);
    world.call(
        "ChangeConfiguration",
        json!({"key": "HeartbeatInterval", "value": "10"}),
    );
    world.run(Millis::from_secs(30));
    assert_eq!(world.sent("Heartbeat").len(), 4);
}

// rules: 3
#[test]
fn attempts_to_connect_back_off() {
    let mut world = World::new(setup(1));
    world.reachable = false;
    world.run(Millis::from_secs(3_600));
    let failed = world.told.iter().filter(|notice| {
        matches!(
            notice,
            evcp::core::Notice::Connection(evcp::core::Connection::Failed, ..)
        )
    });
    let failed = failed.count();
    assert!((30..=40).contains(&failed), "{failed} attempts in an hour");
}

#[test]
fn without_a_network_nothing_is_tried() {
    let mut world = World::booted(setup(1));
    world.fact(Fact::Network(false));
    assert!(!world.connected);
    assert_eq!(world.engine().deadline(), None);
    world.fact(Fact::Network(true));
    world.run(Millis(0));
    assert!(world.connected);
}

// rules: 123, 124
#[test]
fn a_new_password_is_answered_then_used_on_a_new_connection() {
    let mut world = World::booted(setup(1));
    let change = json!({"key": "AuthorizationKey", "value": "0123456789abcdef0123456789abcdef"});
    assert_eq!(
        world.call("ChangeConfiguration", change),
        Some(json!({"status": "Accepted"}))
    );
    world.run(Millis::from_secs(2));
    assert_eq!(world.engine().counters().connects, 2);
    assert_eq!(world.sent("BootNotification").len(), 1);
    let listed = world
        .call("GetConfiguration", json!({}))
        .expect("an answer")
        .to_string();
    assert!(!listed.contains("AuthorizationKey"));
}

// rules: 46
#[test]
fn a_status_that_does_not_last_is_not_reported() {
    let mut setup = setup(1);
    let key = CiString::truncated("MinimumStatusDuration");
    setup.keys.push((key, CiString::truncated("5")));
    let mut world = World::booted(setup);
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(4));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(10));
    assert_eq!(world.statuses(1), ["Available"]);
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(5));
    assert_eq!(world.statuses(1), ["Available", "Preparing"]);
}

// rules: 27, 47
#[test]
fn an_availability_that_was_changed_survives_a_power_cut() {
    let mut world = World::booted(setup(2));
    let change = json!({"connectorId": 1, "type": "Inoperative"});
    assert_eq!(
        world.call("ChangeAvailability", change),
        Some(json!({"status": "Accepted"}))
    );
    world.power_cycle();
    world.run(Millis(0));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Unavailable"));
    assert_eq!(world.statuses(2).pop().as_deref(), Some("Available"));
}

#[test]
fn an_idle_charge_point_has_one_deadline_and_it_is_far() {
    let world = World::booted(setup(2));
    let (due, reason) = world
        .engine()
        .deadline()
        .expect("pings and heartbeats are due some time");
    let wait = due.since(world.now.mono);
    assert!(wait >= Millis::from_secs(30), "{reason:?} in {wait:?}");
}
