//! Central systems as they are: with limits, without answers, and in a hurry to know.
#![allow(clippy::panic)]

use evcp::core::{Ev, Input, LinkEvent};
use evcp::time::Millis;
use evcp_testing::{with, Treat, World};
use serde_json::json;

/// A charge point that sends much at the end of a transaction.
fn talkative() -> World {
    let keys = [
        (
            "StopTxnSampledData",
            "Energy.Active.Import.Register,Voltage,Temperature",
        ),
        ("MeterValueSampleInterval", "60"),
        ("StopTransactionMaxMeterValues", "1000"),
    ];
    World::booted(with(1, &keys))
}

fn trigger(world: &mut World, message: &str) {
    let request = json!({ "requestedMessage": message });
    world.call("TriggerMessage", request);
}

/// The actions in the order in which they came.
fn order(world: &World) -> Vec<&str> {
    let calls = world.central.calls.iter();
    calls.map(|(action, _)| action.as_str()).collect()
}

fn place(world: &World, action: &str) -> usize {
    let all = order(world);
    let at = all.iter().position(|name| *name == action);
    at.unwrap_or_else(|| panic!("no {action} in {all:?}"))
}

#[test]
fn a_link_that_dies_on_a_small_message_is_not_the_fault_of_the_message() {
    let mut world = talkative();
    world.meter(1, 0);
    world.charge(1, "ONE");
    for how in [Treat::HangUp, Treat::HangUp, Treat::HangUp, Treat::HangUp] {
        world.central.treat("StopTransaction", how);
    }
    world.show(1, "ONE");
    world.run(Millis::from_secs(3_600));
    let stop = world.central.sessions[0].stop.clone().expect("it arrives");
    assert!(stop["transactionData"].is_array());
}

#[test]
fn the_readings_of_a_stop_are_thinned_out_to_what_they_may_weigh() {
    let mut world = talkative();
    world.meter(1, 0);
    world.charge(1, "ONE");
    for minute in 1..=900 {
        world.meter(1, 100 * minute);
        world.run(Millis::from_secs(60));
    }
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    let stop = world.central.sessions[0].stop.clone().expect("it arrives");
    let size = stop.to_string().len();
    assert!((12_000..17_000).contains(&size), "{size} bytes");
    let data = stop["transactionData"].as_array().expect("readings");
    let context = |at: usize| data[at]["sampledValue"][0]["context"].clone();
    assert_eq!(context(0), "Transaction.Begin");
    assert_eq!(context(data.len() - 1), "Transaction.End");
}

#[test]
fn what_is_triggered_twice_while_it_waits_is_sent_once() {
    let mut world = World::booted(with(2, &[("MessageTimeout", "600")]));
    world.meter(1, 0);
    world.charge(1, "ONE");
    // Nothing can leave.
    world.central.treat("Heartbeat", Treat::Silence);
    trigger(&mut world, "Heartbeat");
    world.central.calls.clear();
    for _ in 0..1_000 {
        for message in [
            "BootNotification",
            "Heartbeat",
            "StatusNotification",
            "MeterValues",
        ] {
            trigger(&mut world, message);
        }
    }
    world.run(Millis::from_secs(700));
    let count = |action: &str| {
        let calls = world.sent(action).into_iter();
        calls
            .filter(|call| call["meterValue"][0]["sampledValue"][0]["context"] != "Sample.Periodic")
            .count()
    };
    assert!((1..=2).contains(&count("BootNotification")));
    assert!(count("Heartbeat") <= 3);
    assert_eq!(count("MeterValues"), 1);
    // Once as it was asked for, and once since the boot was accepted.
    assert!(count("StatusNotification") <= 6, "{:?}", order(&world));
}

#[test]
fn a_flood_of_triggers_does_not_hold_a_stop_back() {
    let mut world = World::booted(with(1, &[("MessageTimeout", "10")]));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world
        .central
        .always
        .insert("MeterValues".to_owned(), Treat::Silence);
    trigger(&mut world, "MeterValues");
    world.show(1, "ONE");
    for _ in 0..40 {
        trigger(&mut world, "MeterValues");
        world.run(Millis::from_secs(1));
    }
    let before = &order(&world)[..place(&world, "StopTransaction")];
    let values = before.iter().filter(|action| **action == "MeterValues");
    assert!(values.count() <= 2, "{:?}", order(&world));
}

fn silent(world: &mut World, action: &str) {
    world
        .central
        .always
        .insert(action.to_owned(), Treat::Silence);
}

#[test]
fn statuses_that_are_never_answered_cost_a_session_one_time_out_at_most() {
    let mut world = World::new(with(3, &[]));
    silent(&mut world, "StatusNotification");
    world.run(Millis::from_secs(3_600));
    world.central.calls.clear();
    let shown = world.now.mono;
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    let timeline = world.timeline();
    let start = timeline
        .iter()
        .find(|(_, action, _)| action == "StartTransaction");
    let waited = start.expect("it is sent").0 - shown.0;
    assert!(waited <= 90_000, "{waited} ms");
    world.show(1, "ONE");
    world.run(Millis::from_secs(120));
    assert!(world.central.sessions[0].stop.is_some());
}

#[test]
fn a_status_that_is_not_answered_or_refused_is_told_again_ever_more_rarely() {
    for how in [Treat::Silence, Treat::Error] {
        let mut world = World::new(with(1, &[]));
        world
            .central
            .always
            .insert("StatusNotification".to_owned(), how);
        world.run(Millis::from_secs(86_400));
        let told = world.statuses(1).len();
        assert!((8..40).contains(&told), "told {told} times");
        // A change is told at once, and heard at last.
        world.central.always.clear();
        world.central.calls.clear();
        world.ev(1, Ev::Plugged);
        world.run(Millis::from_secs(31));
        assert_eq!(world.statuses(1), ["Preparing"]);
        world.run(Millis::from_secs(86_400));
        assert_eq!(world.statuses(1).len(), 2, "{:?}", world.statuses(1));
    }
}

#[test]
fn heartbeats_that_are_never_answered_leave_transactions_every_other_turn() {
    let mut world = World::booted(with(1, &[]));
    world.call(
        "ChangeConfiguration",
        json!({"key": "HeartbeatInterval", "value": "5"}),
    );
    silent(&mut world, "Heartbeat");
    world.run(Millis::from_secs(300));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(120));
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn a_boot_whose_answer_always_comes_late_counts() {
    let mut world = World::new(with(1, &[]));
    silent(&mut world, "BootNotification");
    world.run(Millis::from_secs(35));
    let calls = world.central.frames.iter();
    let boot = calls.rev().find(|frame| frame[2] == "BootNotification");
    let id = boot.expect("a boot")[1].clone();
    let answer =
        json!({"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300});
    world.give(Input::Link(LinkEvent::Text(
        &json!([3, id, answer]).to_string(),
    )));
    world.run(Millis::from_secs(1));
    assert_eq!(world.statuses(1), ["Available"]);
}

#[test]
fn an_empty_parent_makes_nobody_a_group() {
    for empty in ["", "  "] {
        let info = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": empty}});
        let mut world = World::booted(with(1, &[]));
        world.meter(1, 0);
        world
            .central
            .always
            .insert("Authorize".to_owned(), Treat::With(info.clone()));
        world
            .central
            .always
            .insert("StartTransaction".to_owned(), Treat::With(info));
        world.charge(1, "ONE");
        world.show(1, "TWO");
        world.run(Millis::from_secs(60));
        assert_eq!(world.central.sessions[0].stop, None, "{empty:?}");
        world.power_cycle();
        world.run(Millis::from_secs(60));
    }
}

#[test]
fn a_tag_in_use_elsewhere_is_good_again_when_it_is_not() {
    let keys = [
        ("LocalAuthorizeOffline", "true"),
        ("AuthorizationCacheEnabled", "true"),
    ];
    let mut world = World::booted(with(1, &keys));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    let concurrent = json!({"idTagInfo": {"status": "ConcurrentTx"}});
    world.call(
        "ChangeConfiguration",
        json!({"key": "LocalPreAuthorize", "value": "false"}),
    );
    world.central.treat("Authorize", Treat::With(concurrent));
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.run(Millis::from_secs(5));
    world.reachable = false;
    world.drop_link();
    world.told.clear();
    world.show(1, "ONE");
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
}

#[test]
fn an_error_to_authorize_is_no_answer_and_not_a_refusal() {
    let keys = [
        ("LocalAuthorizeOffline", "true"),
        ("LocalPreAuthorize", "false"),
    ];
    for (how, permitted) in [
        (Treat::Error, true),
        (Treat::Code("GenericError"), true),
        (Treat::Silence, true),
        (Treat::Code("SecurityError"), false),
    ] {
        let mut world = World::booted(with(1, &keys));
        world.meter(1, 0);
        world.charge(1, "ONE");
        world.show(1, "ONE");
        world.ev(1, Ev::Absent);
        world.central.treat("Authorize", how.clone());
        world.charge(1, "ONE");
        world.run(Millis::from_secs(31));
        let supply = world.supply(1).expect("a command");
        assert_eq!(supply.permit, permitted, "{how:?}");
    }
}

#[test]
fn concurrent_tx_in_answer_to_a_repeated_start_means_that_start() {
    let concurrent = json!({"idTagInfo": {"status": "ConcurrentTx"}});
    let mut world = World::booted(with(1, &[]));
    world.meter(1, 0);
    world.central.treat("StartTransaction", Treat::Silence);
    world
        .central
        .treat("StartTransaction", Treat::With(concurrent));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    assert!(world.central.sessions[0].stop.is_some());
}

#[test]
fn concurrent_tx_to_a_first_start_is_a_refusal() {
    let concurrent = json!({"idTagInfo": {"status": "ConcurrentTx"}});
    let mut world = World::booted(with(1, &[]));
    world.meter(1, 0);
    world
        .central
        .treat("StartTransaction", Treat::With(concurrent));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60));
    assert!(world.central.sessions[0].stop.is_some());
}

#[test]
fn a_start_that_is_known_under_0_is_asked_for_again() {
    let nobody = json!({"transactionId": 0, "idTagInfo": {"status": "ConcurrentTx"}});
    let mut world = World::booted(with(1, &[]));
    world.meter(1, 0);
    world.central.treat("StartTransaction", Treat::Silence);
    world.central.treat("StartTransaction", Treat::Just(nobody));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    let stop = world.central.sessions[0].stop.clone().expect("it ends");
    assert_eq!(stop["transactionId"], 1000);
}

#[test]
fn a_sloppy_answer_to_a_start_gives_the_transaction_its_id() {
    for sloppy in [
        json!({"transactionId": 77}),
        json!({"transactionId": 77, "idTagInfo": null}),
        json!({"transactionId": "77", "status": "Accepted"}),
        json!({"transactionId": 77.0, "idTagInfo": {"status": "accepted"}}),
        json!({"transactionId": 77, "idTagInfo": {"status": "Accepted", "expiryDate": ""}}),
        json!({"transactionId": 77, "idTagInfo": {"status": "Accepted", "expiryDate": "2027-01-01"}}),
        json!({"transactionId": 77, "idTagInfo": {"status": "Accepted", "parentIdTag": "x".repeat(36)}}),
        json!({"transactionId": 77, "idTagInfo": {"status": "whatever"}}),
    ] {
        let mut world = World::booted(with(1, &[]));
        world.meter(1, 0);
        world
            .central
            .treat("StartTransaction", Treat::Just(sloppy.clone()));
        world.central.treat("StopTransaction", Treat::Lost);
        world.charge(1, "ONE");
        world.run(Millis::from_secs(30));
        assert!(
            world.supply(1).is_some_and(|supply| supply.permit),
            "{sloppy}"
        );
        world.show(1, "ONE");
        assert_eq!(world.sent("StartTransaction").len(), 1, "{sloppy}");
        assert_eq!(
            world.sent("StopTransaction")[0]["transactionId"],
            77,
            "{sloppy}"
        );
    }
}

#[test]
fn an_id_of_64_bits_is_kept_over_a_restart_and_stopped_from_afar() {
    let id = 9_007_199_254_740_993_i64;
    let answer = json!({"transactionId": id, "idTagInfo": {"status": "Accepted"}});
    let mut setup = with(1, &[]);
    setup.tuning.after_power_loss = evcp::core::AfterPowerLoss::Resume;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.central.treat("StartTransaction", Treat::Just(answer));
    world.charge(1, "ONE");
    world.power_cycle();
    world.run(Millis::from_secs(10));
    world.central.treat("StopTransaction", Treat::Lost);
    let answer = world.call("RemoteStopTransaction", json!({ "transactionId": id }));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.run(Millis::from_secs(10));
    assert_eq!(world.sent("StopTransaction")[0]["transactionId"], id);
}

#[test]
fn a_boot_with_an_odd_time_or_interval_brings_the_charge_point_into_operation() {
    for sloppy in [
        json!({"status": "Accepted"}),
        json!({"status": "Accepted", "currentTime": "", "interval": "x"}),
        json!({"status": "accepted", "currentTime": 5, "heartbeatInterval": 60}),
        json!({"status": "Accepted", "currentTime": "0001-01-01T00:00:00", "interval": -5}),
        json!({"status": "Accepted", "currentTime": null, "interval": 1e300}),
    ] {
        let mut world = World::new(with(1, &[]));
        world
            .central
            .treat("BootNotification", Treat::Just(sloppy.clone()));
        world.run(Millis::from_secs(5));
        assert_eq!(world.statuses(1), ["Available"], "{sloppy}");
        world.meter(1, 0);
        world.charge(1, "ONE");
        world.run(Millis::from_secs(5));
        let start = world.sent("StartTransaction").remove(0);
        let time = start["timestamp"].as_str().expect("a time").to_owned();
        assert!(time.starts_with("2026-"), "{sloppy}: {time}");
    }
}
