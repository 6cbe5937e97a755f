//! Messages that are too large for a central system, and more triggers than it can take answers to
//! (OCPP 1.6 §3.7, §5.17).
#![allow(clippy::panic)]

use evcp::core::{Ev, Fact, Notice, Reading, Setup};
use evcp::time::Millis;
use evcp::types::{Measurand, Phase};
use evcp_testing::{place, with, Treat, World};
use serde_json::json;

const REGISTER: &str = "Energy.Active.Import.Register";

fn with_data(most_values: &str) -> Setup {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("StopTxnSampledData", REGISTER),
        ("StopTransactionMaxMeterValues", most_values),
    ];
    with(1, &keys)
}

fn long_session(world: &mut World) {
    world.meter(1, 0);
    world.charge(1, "ONE");
    for step in 1..=400 {
        world.meter(1, step);
        world.run(Millis::from_secs(10));
    }
}

// rules: 62
#[test]
fn a_stop_on_which_the_central_system_hangs_up_goes_without_its_data_and_the_next_session_follows()
{
    let mut world = World::booted(with_data("200"));
    long_session(&mut world);
    for _ in 0..3 {
        world.central.treat("StopTransaction", Treat::Deaf);
    }
    world.show(1, "ONE");
    for _ in 0..3 {
        assert!(world.connected);
        world.drop_link();
        world.run(Millis::from_secs(20));
    }
    let stops = world.sent("StopTransaction");
    let last = stops.last().expect("it was sent");
    assert_eq!(last.get("transactionData"), None, "{} times", stops.len());
    assert_eq!(last["meterStop"], 400);
    assert!(stops[0].get("transactionData").is_some());
    let told = |notice: &Notice| matches!(notice, Notice::Connection(_, _, why) if why.contains("hangs up"));
    assert!(world.told.iter().any(told), "the host is not told");
    // And what waits behind it arrives.
    world.ev(1, Ev::Absent);
    world.charge(1, "TWO");
    assert_eq!(world.central.sessions.len(), 2);
}

#[test]
fn a_stop_that_a_link_survives_keeps_its_data_and_its_id_however_often_links_break_otherwise() {
    let mut world = World::booted(with_data("200"));
    long_session(&mut world);
    world
        .central
        .always
        .insert("StopTransaction".to_owned(), Treat::Silence);
    world.show(1, "ONE");
    for _ in 0..6 {
        world.run(Millis::from_secs(300));
        world.drop_link();
    }
    world.central.always.clear();
    world.run(Millis::from_secs(300));
    let stops = world.sent("StopTransaction");
    assert!(stops.iter().all(|stop| stop["transactionData"].is_array()));
    // It was booked the first time, and each time after that it was the same message.
    assert!(!world.central.habits.failures.is_empty());
    assert_eq!(world.engine().counters().queued, 0);
}

// rules: 82
#[test]
fn a_stop_carries_no_more_bytes_than_it_may() {
    for most in [1_024, 16_384] {
        let mut setup = with_data("1000");
        setup.tuning.most_stop_bytes = most;
        let mut world = World::booted(setup);
        long_session(&mut world);
        world.show(1, "ONE");
        let stop = world.sent("StopTransaction").pop().expect("it stopped");
        let data = stop["transactionData"].as_array().expect("a list");
        let bytes = stop["transactionData"].to_string().len();
        assert!((most / 2..=most).contains(&bytes), "{bytes} of {most}");
        let context = |at: usize| data[at]["sampledValue"][0]["context"].clone();
        assert_eq!(context(0), "Transaction.Begin");
        assert_eq!(context(data.len() - 1), "Transaction.End");
    }
}

#[test]
fn a_link_that_breaks_at_small_messages_takes_nothing_from_them() {
    let mut world = World::booted(with_data("10"));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(100));
    for _ in 0..5 {
        world.central.treat("StopTransaction", Treat::Deaf);
    }
    world.show(1, "ONE");
    for _ in 0..5 {
        world.drop_link();
        world.run(Millis::from_secs(150));
    }
    let stop = world.sent("StopTransaction").pop().expect("it was sent");
    assert!(stop.get("transactionData").is_some());
}

fn volts(world: &mut World) {
    let reading = Reading {
        measurand: Measurand::Voltage,
        phase: Some(Phase::L1),
        location: None,
        milli: 230_000,
    };
    world.fact(Fact::Meter(place(1), vec![reading]));
}

// rules: 106
#[test]
fn a_flood_of_triggers_is_merged_and_holds_no_stop_back() {
    let mut world = World::booted(with(2, &[]));
    world.meter(1, 10);
    world.meter(2, 10);
    world.charge(1, "ONE");
    // The answer to a heartbeat is late, and meanwhile everything is asked for again and again.
    world.central.treat("Heartbeat", Treat::Silence);
    world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
    let before = world.central.frames.len();
    for _ in 0..500 {
        for message in [
            "BootNotification",
            "Heartbeat",
            "MeterValues",
            "StatusNotification",
        ] {
            world.call("TriggerMessage", json!({"requestedMessage": message}));
        }
        volts(&mut world);
    }
    world.show(1, "ONE");
    world.run(Millis::from_secs(31));
    let calls: Vec<_> = world.central.frames[before..]
        .iter()
        .filter(|frame| frame[0] == 2)
        .map(|frame| frame[2].as_str().expect("an action").to_owned())
        .collect();
    assert!(calls.len() < 20, "{} calls: {calls:?}", calls.len());
    let stop = calls.iter().position(|action| action == "StopTransaction");
    assert!(stop.is_some_and(|place| place <= 8), "{calls:?}");
}

// rules: 90
#[test]
fn clearing_a_cache_that_is_empty_writes_nothing() {
    let mut world = World::booted(with(1, &[]));
    let before = world.stores;
    let answer = world.call("ClearCache", json!({}));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    assert_eq!(world.stores, before);
}
