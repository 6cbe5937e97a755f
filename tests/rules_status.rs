//! Statuses of connectors: what they follow from, when they are told (OCPP 1.6 §4.9).
#![allow(clippy::panic)]

use evcp::core::{Act, Ev, Fact, Fault, Notice, Place};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, ChargePointStatus, CiString};
use evcp_testing::{place, with, Treat, World};
use serde_json::{json, Value};

fn fault(code: ChargePointErrorCode) -> Option<Fault> {
    Some(Fault {
        code,
        info: Some(CiString::truncated("look here")),
        vendor_code: Some(CiString::truncated("E42")),
    })
}

fn last_status(world: &World, connector: u32) -> Value {
    let all = world.sent("StatusNotification");
    let of = |status: &&Value| status["connectorId"] == connector;
    all.iter().rev().find(of).cloned().expect("it was told")
}

fn unplug_vehicle(world: &mut World) {
    world.ev(1, Ev::CableOnly);
}

// rules: 34, 47
#[test]
fn nothing_charges_before_the_first_acceptance_ever_unless_it_is_allowed() {
    for allowed in [false, true] {
        let mut setup = with(2, &[("AllowOfflineTxForUnknownId", "true")]);
        setup.tuning.charge_before_accepted = allowed;
        let mut world = World::new(setup);
        world.reachable = false;
        world.run(Millis(0));
        world.charge(1, "ONE");
        assert_eq!(world.supply(1).is_some_and(|supply| supply.permit), allowed);
        let whole = world.told.iter().find_map(|notice| match notice {
            Notice::Status(status) if status.place == Place::ChargePoint => Some(status.status),
            _ => None,
        });
        let expected = if allowed { "Available" } else { "Unavailable" };
        assert_eq!(whole.map(ChargePointStatus::as_str), Some(expected));
        let begun = |notice: &Notice| matches!(notice, Notice::Transaction(_));
        assert_eq!(world.told.iter().any(begun), allowed);
        // Accepted once, it charges offline for ever, also after a restart.
        world.reachable = true;
        world.run(Millis::from_secs(200));
        world.reachable = false;
        world.power_cycle();
        world.run(Millis(0));
        world.charge(2, "TWO");
        assert!(world.supply(2).is_some_and(|supply| supply.permit));
    }
}

// rules: 36
#[test]
fn connector_zero_stays_available_whatever_the_connectors_do() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.charge(2, "TWO");
    world.show(1, "ONE");
    assert_eq!(world.statuses(0), ["Available"]);
    world.fact(Fact::Fault(
        Place::ChargePoint,
        fault(ChargePointErrorCode::InternalError),
    ));
    assert_eq!(world.statuses(0), ["Available", "Faulted"]);
    assert_eq!(world.statuses(2).pop().as_deref(), Some("SuspendedEVSE"));
    assert!(world.supply(2).is_some_and(|supply| !supply.permit));
    world.fact(Fact::Fault(Place::ChargePoint, None));
    assert_eq!(world.statuses(0).pop().as_deref(), Some("Available"));
    assert!(world.supply(2).is_some_and(|supply| supply.permit));
}

// rules: 37, 46
#[test]
fn a_status_that_lasts_shorter_than_the_minimum_is_not_told_and_all_others_come_later() {
    let mut world = World::booted(with(2, &[("MinimumStatusDuration", "5")]));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(4));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(60));
    assert_eq!(world.statuses(1), ["Available"]);
    world.ev(1, Ev::Plugged);
    world.run(Millis(4_999));
    assert_eq!(world.statuses(1), ["Available"]);
    world.run(Millis(1));
    assert_eq!(world.statuses(1), ["Available", "Preparing"]);
    assert_eq!(
        last_status(&world, 1)["timestamp"],
        "2026-01-01T00:01:04.000Z"
    );
}

// rules: 42, 52
#[test]
fn suspended_by_the_charger_wins_over_suspended_by_the_vehicle() {
    let mut world = World::booted(with(2, &[("StopTransactionOnInvalidId", "false")]));
    world.charge(1, "ONE");
    world.ev(1, Ev::Suspended);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("SuspendedEV"));
    world.ev(1, Ev::Charging);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Charging"));
    let invalid = json!({"idTagInfo": {"status": "Invalid"}});
    world
        .central
        .treat("StartTransaction", Treat::With(invalid));
    world.charge(2, "TWO");
    world.ev(2, Ev::Suspended);
    assert_eq!(world.statuses(2).pop().as_deref(), Some("SuspendedEVSE"));
}

// rules: 43, 53
#[test]
fn a_tag_shown_while_finishing_begins_a_new_session_through_preparing() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.show(1, "ONE");
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Finishing"));
    world.show(1, "TWO");
    assert_eq!(world.sent("StartTransaction").len(), 2);
    let all = world.statuses(1);
    let end = &all[all.len() - 3..];
    assert_eq!(end, ["Finishing", "Preparing", "Charging"]);
    assert_eq!(world.sent("StopTransaction").len(), 1);
}

// rules: 44
#[test]
fn a_fault_stops_the_energy_and_when_it_is_over_the_session_is_where_it_was() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    let code = ChargePointErrorCode::GroundFailure;
    world.fact(Fact::Fault(place(1), fault(code)));
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
    let told = last_status(&world, 1);
    assert_eq!(told["errorCode"], "GroundFailure");
    assert_eq!(
        (&told["info"], &told["vendorErrorCode"]),
        (&json!("look here"), &json!("E42"))
    );
    world.fact(Fact::Fault(place(1), None));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    assert_eq!(
        world.statuses(1),
        ["Available", "Preparing", "Charging", "Faulted", "Charging"]
    );
    assert!(world.central.sessions[0].stop.is_none());
}

// rules: 44, 45
#[test]
fn a_warning_goes_along_with_the_status_and_stops_nothing() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    let code = ChargePointErrorCode::HighTemperature;
    world.fact(Fact::Warning(place(1), fault(code)));
    let told = last_status(&world, 1);
    assert_eq!(
        (&told["status"], &told["errorCode"]),
        (&json!("Charging"), &json!("HighTemperature"))
    );
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.fact(Fact::Warning(place(1), None));
    assert_eq!(last_status(&world, 1)["errorCode"], "NoError");
    world.fact(Fact::Warning(
        Place::ChargePoint,
        fault(ChargePointErrorCode::WeakSignal),
    ));
    assert_eq!(last_status(&world, 0)["errorCode"], "WeakSignal");
}

// rules: 48, 50
#[test]
fn what_changed_while_the_link_was_down_is_told_once_with_the_time_of_the_change() {
    let mut world = World::booted(with(2, &[]));
    world.reachable = false;
    world.drop_link();
    world.run(Millis::from_secs(10));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(10));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(10));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(10));
    world.reachable = true;
    world.run(Millis::from_secs(130));
    assert_eq!(world.statuses(1), ["Available", "Preparing", "Finishing"]);
    let all = world.sent("StatusNotification");
    let preparing = all.iter().find(|status| status["status"] == "Preparing");
    let time = preparing.map(|status| status["timestamp"].clone());
    assert_eq!(time, Some(json!("2026-01-01T00:00:30.000Z")));
}

// rules: 49, 69
#[test]
fn a_vehicle_that_leaves_suspends_or_ends_its_session_and_the_status_says_why() {
    for (stops, status) in [("true", "Finishing"), ("false", "SuspendedEV")] {
        let mut world = World::booted(with(2, &[("StopTransactionOnEVSideDisconnect", stops)]));
        world.charge(1, "ONE");
        unplug_vehicle(&mut world);
        let told = last_status(&world, 1);
        assert_eq!(told["status"], status);
        assert_eq!(told["info"], "EV side disconnected");
        assert_eq!(told["errorCode"], "NoError");
        let reason = world
            .sent("StopTransaction")
            .pop()
            .map(|stop| stop["reason"].clone());
        assert_eq!(reason, (stops == "true").then(|| json!("EVDisconnected")));
        // It comes back: energy flows only for a session that is still open.
        world.ev(1, Ev::Charging);
        assert_eq!(
            world.supply(1).is_some_and(|supply| supply.permit),
            stops == "false"
        );
    }
}

fn locked(world: &World) -> bool {
    world.supply(1).is_some_and(|supply| supply.lock)
}

// rules: 68, 69
#[test]
fn the_cable_is_locked_in_a_session_and_free_after_it_unless_the_vehicle_left_and_the_key_holds_it()
{
    let mut world = World::booted(with(2, &[]));
    world.ev(1, Ev::Plugged);
    assert!(!locked(&world));
    world.show(1, "ONE");
    assert!(locked(&world));
    world.show(1, "ONE");
    assert!(!locked(&world));

    for (key, stays) in [("true", false), ("false", true)] {
        let mut world = World::booted(with(2, &[("UnlockConnectorOnEVSideDisconnect", key)]));
        world.charge(1, "ONE");
        unplug_vehicle(&mut world);
        assert_eq!(locked(&world), stays);
        // Its owner comes and gets it.
        world.show(1, "ONE");
        assert!(!locked(&world));
        assert_eq!(world.sent("StartTransaction").len(), 1);
    }
}

// rules: 69
#[test]
fn a_session_that_outlives_its_vehicle_keeps_the_cable_whatever_the_unlock_key_says() {
    let keys = [
        ("StopTransactionOnEVSideDisconnect", "false"),
        ("UnlockConnectorOnEVSideDisconnect", "true"),
    ];
    let mut world = World::booted(with(2, &keys));
    world.charge(1, "ONE");
    unplug_vehicle(&mut world);
    assert!(locked(&world));
}

// rules: 70
#[test]
fn a_fixed_cable_has_nothing_to_unlock_and_its_key_says_so() {
    let mut setup = with(2, &[]);
    setup
        .connectors
        .iter_mut()
        .for_each(|made| made.lockable = false);
    let mut world = World::booted(setup);
    let name = "UnlockConnectorOnEVSideDisconnect";
    let key = world.call("GetConfiguration", json!({ "key": [name] }));
    let key = key.map(|answer| answer["configurationKey"][0].clone());
    assert_eq!(
        key,
        Some(json!({"key": name, "readonly": true, "value": "false"}))
    );
    let answer = world.call("ChangeConfiguration", json!({"key": name, "value": "true"}));
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
    world.charge(1, "ONE");
    assert!(!locked(&world));
}

// rules: 58
#[test]
fn the_cable_of_a_refused_tag_is_kept_until_it_or_one_of_its_group_is_shown() {
    for (shown, released) in [("ONE", true), ("FRIEND", true), ("STRANGER", false)] {
        let mut world = World::booted(with(2, &[]));
        let group = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}});
        world.central.treat("Authorize", Treat::With(group.clone()));
        let invalid = json!({"idTagInfo": {"status": "Invalid", "parentIdTag": "FLEET"}});
        world
            .central
            .treat("StartTransaction", Treat::With(invalid));
        world.charge(1, "ONE");
        assert_eq!(world.sent("StopTransaction")[0]["reason"], "DeAuthorized");
        assert!(locked(&world));
        if shown == "FRIEND" {
            world.central.treat("Authorize", Treat::With(group));
        }
        world.show(1, shown);
        assert_eq!(locked(&world), !released, "{shown}");
        assert_eq!(world.sent("StartTransaction").len(), 1);
    }
}

// rules: 40
#[test]
fn a_connection_time_out_that_is_changed_counts_for_those_who_wait_already() {
    let mut world = World::booted(with(2, &[("ConnectionTimeOut", "600")]));
    world.show(1, "ONE");
    world.run(Millis::from_secs(10));
    let change = json!({"key": "ConnectionTimeOut", "value": "30"});
    world.call("ChangeConfiguration", change);
    world.run(Millis::from_secs(19));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Preparing"));
    world.run(Millis::from_secs(1));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Available"));
}

// rules: 41
#[test]
fn unplugging_ends_the_wait_for_a_tag() {
    let mut world = World::booted(with(2, &[("ConnectionTimeOut", "30")]));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(10));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(60));
    assert_eq!(world.statuses(1), ["Available", "Preparing", "Available"]);
}

// rules: 44
#[test]
fn a_fault_of_the_charge_point_suspends_who_charges_and_takes_the_others_out_of_service() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.fact(Fact::Fault(
        Place::ChargePoint,
        fault(ChargePointErrorCode::GroundFailure),
    ));
    let now = |world: &World| [0, 1, 2].map(|n| last_status(world, n)["status"].clone());
    assert_eq!(now(&world), ["Faulted", "SuspendedEVSE", "Unavailable"]);
    assert!(!world.supply(1).expect("it was told").permit);
    world.fact(Fact::Fault(Place::ChargePoint, None));
    assert_eq!(now(&world), ["Available", "Charging", "Available"]);
    assert!(world.supply(1).expect("it was told").permit);
}

// rules: 58
#[test]
fn with_a_reader_for_all_a_tag_of_the_group_gets_the_kept_cable_out_before_it_starts_anew() {
    for waits in [false, true] {
        let mut world = World::booted(with(2, &[("UnlockConnectorOnEVSideDisconnect", "false")]));
        let group = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}});
        for _ in 0..2 {
            world.central.treat("Authorize", Treat::With(group.clone()));
        }
        world.charge(1, "ONE");
        unplug_vehicle(&mut world);
        assert!(locked(&world));
        if waits {
            world.ev(2, Ev::Plugged);
        }
        world.act(Act::Tag(vec![], evcp_testing::tag("TWO")));
        assert_eq!(locked(&world), waits, "somebody waits: {waits}");
        assert_eq!(world.sent("StartTransaction").len(), 1 + usize::from(waits));
    }
}

/// Found by the simulation: a status that may have been heard counted as not heard, and the next one jumped.
// rules: 38
#[test]
fn a_status_that_may_not_have_been_heard_is_the_one_that_the_next_follows() {
    let mut world = World::booted(with(1, &[]));
    world.central.treat("StatusNotification", Treat::Silence);
    world.ev(1, Ev::Plugged);
    world.fact(Fact::Fault(
        Place::ChargePoint,
        fault(ChargePointErrorCode::GroundFailure),
    ));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(60));
    let said = world.statuses(1);
    assert_eq!(said[1..4], ["Preparing", "Available", "Unavailable"]);
}
