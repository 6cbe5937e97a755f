//! Nobody waits behind a message that is known to be refused (OCPP 1.6 §3.7.1, errata J 3.3).
#![allow(clippy::panic)]

use evcp::core::{Act, Ev, Fact, Notice, Reading, TransactionChange, TxId};
use evcp::time::Millis;
use evcp::types::Measurand;
use evcp_testing::{place, with, Treat, World};
use serde_json::{json, Value};

const REGISTER: &str = "Energy.Active.Import.Register";

/// The errors that say that a message would be refused each time, for its form.
const OF_FORM: [&str; 6] = [
    "FormationViolation",
    "PropertyConstraintViolation",
    "TypeConstraintViolation",
    "OccurenceConstraintViolation",
    "NotSupported",
    "NotImplemented",
];

fn made() -> World {
    let keys = [
        ("StopTxnSampledData", REGISTER),
        ("MeterValueSampleInterval", "60"),
        ("AllowOfflineTxForUnknownId", "true"),
    ];
    World::booted(with(2, &keys))
}

fn always(world: &mut World, action: &str, how: Treat) {
    world.central.always.insert(action.to_owned(), how);
}

/// A session at connector 1, of so many minutes.
fn session(world: &mut World, name: &str, minutes: i64) {
    world.meter(1, 1_000);
    world.charge(1, name);
    for minute in 1..=minutes {
        world.meter(1, 1_000 + 100 * minute);
        world.run(Millis::from_secs(60));
    }
    world.show(1, name);
    world.ev(1, Ev::Absent);
}

/// When the first call of an action of that tag or transaction went out, in milliseconds.
fn when(world: &World, action: &str, of: impl Fn(&Value) -> bool) -> Option<u64> {
    let timeline = world.timeline();
    let mut calls = timeline.iter();
    let found = calls.find(|(_, name, payload)| name == action && of(payload));
    found.map(|(ms, ..)| *ms)
}

fn of_tag(tag: &str) -> impl Fn(&Value) -> bool + '_ {
    move |payload| payload["idTag"] == tag
}

// rules: 62, 64
#[test]
fn what_belongs_to_a_start_that_was_given_up_is_sent_once_and_others_follow_at_once() {
    let mut world = made();
    always(&mut world, "StartTransaction", Treat::Error);
    always(&mut world, "MeterValues", Treat::Error);
    always(&mut world, "StopTransaction", Treat::Error);
    world.reachable = false;
    world.drop_link();
    session(&mut world, "ONE", 30);
    world.central.always.remove("StopTransaction");
    world.reachable = true;
    // The start takes its 45 minutes.
    world.run(Millis::from_secs(2_700 + 200));
    world.central.always.remove("StartTransaction");
    let values = world.sent("MeterValues");
    assert!(values.iter().all(|value| value["transactionId"] == -1));
    assert_eq!(values.len(), 30, "each once");
    let stops = world.sent("StopTransaction");
    assert_eq!(stops.len(), 1);
    // And whoever comes then is told of at once.
    let now = world.now.mono.0;
    world.charge(2, "TWO");
    let start = when(&world, "StartTransaction", of_tag("TWO"));
    assert!(
        start.is_some_and(|ms| ms <= now + 1_000),
        "{start:?}, {now}"
    );
}

// rules: 62
#[test]
fn when_one_value_of_a_transaction_was_refused_to_the_end_its_others_are_sent_once() {
    for restarts in [false, true] {
        let mut world = made();
        world.setup.tuning.after_power_loss = evcp::core::AfterPowerLoss::Resume;
        always(&mut world, "MeterValues", Treat::Error);
        session_begins(&mut world, "ONE", 60);
        // The first one takes its 45 minutes.
        let first = |world: &World| {
            let sent = world.sent("MeterValues");
            sent.iter().filter(|value| **value == sent[0]).count()
        };
        assert_eq!(first(&world), 10);
        if restarts {
            world.power_cycle();
            world.run(Millis::from_secs(60));
        }
        world.central.calls.clear();
        for minute in 61..=80 {
            world.meter(1, 1_000 + 100 * minute);
            world.run(Millis::from_secs(60));
        }
        let values = world.sent("MeterValues");
        let mut different = values.clone();
        different.dedup();
        assert!(values.len() >= 19 && different == values, "{values:?}");
        world.show(1, "ONE");
        world.run(Millis::from_secs(1));
        assert!(world.central.sessions[0].stop.is_some());
    }
}

fn session_begins(world: &mut World, name: &str, minutes: i64) {
    world.meter(1, 1_000);
    world.charge(1, name);
    for minute in 1..=minutes {
        world.meter(1, 1_000 + 100 * minute);
        world.run(Millis::from_secs(60));
    }
}

// rules: 62
#[test]
fn clock_aligned_values_that_are_refused_outside_of_transactions_hold_nobody_up_for_hours() {
    let keys = [("ClockAlignedDataInterval", "900")];
    let mut world = World::booted(with(1, &keys));
    always(&mut world, "MeterValues", Treat::Error);
    world.meter(1, 1_000);
    world.run(Millis::from_secs(4 * 3_600));
    world.central.calls.clear();
    world.run(Millis::from_secs(3_600));
    assert_eq!(world.sent("MeterValues").len(), 4);
    world.charge(1, "ONE");
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

// rules: 62
#[test]
fn a_value_that_is_refused_for_its_form_is_refused_for_good_and_holds_nobody_up() {
    for code in OF_FORM {
        let mut world = made();
        always(&mut world, "MeterValues", Treat::Code(code));
        session(&mut world, "ONE", 10);
        world.run(Millis::from_secs(1));
        assert_eq!(world.sent("MeterValues").len(), 10, "{code}");
        assert!(world.central.sessions[0].stop.is_some(), "{code}");
    }
}

// rules: 62, 82
#[test]
fn a_stop_whose_data_are_refused_for_their_form_goes_without_them_at_once() {
    for code in OF_FORM {
        let mut world = made();
        world.central.treat("StopTransaction", Treat::Code(code));
        session(&mut world, "ONE", 10);
        world.run(Millis::from_secs(1));
        let stops = world.sent("StopTransaction");
        assert_eq!(stops.len(), 2, "{code}");
        assert!(stops[0]["transactionData"].is_array());
        assert_eq!(stops[1].get("transactionData"), None);
        let booked = world.central.sessions[0].stop.as_ref();
        assert_eq!(
            booked.map(|stop| stop["meterStop"].clone()),
            Some(json!(2_000))
        );
    }
}

// rules: 62, 82
#[test]
fn the_last_attempts_of_a_stop_go_without_its_data() {
    for (most, bare) in [("2", 1), ("3", 1), ("10", 2)] {
        let mut world = made();
        let change = json!({"key": "TransactionMessageAttempts", "value": most});
        world.call("ChangeConfiguration", change);
        always(&mut world, "StopTransaction", Treat::Error);
        session(&mut world, "ONE", 10);
        world.run(Millis::from_secs(2_701));
        let stops = world.sent("StopTransaction");
        assert_eq!(stops.len().to_string(), most);
        let with_data = stops
            .iter()
            .filter(|stop| stop["transactionData"].is_array());
        assert_eq!(with_data.count() + bare, stops.len(), "of {most}");
        // What was given up keeps them.
        world.central.always.clear();
        world.act(Act::Deliver(TxId(1)));
        world.run(Millis::from_secs(1));
        let stop = world.central.sessions[0].stop.clone().expect("it arrives");
        assert!(stop["transactionData"].is_array());
    }
}

/// Some central systems know only "Celsius", others only "Celcius": each refuses a whole message for it.
// rules: 16
#[test]
fn a_temperature_costs_no_session_whatever_unit_the_central_system_knows() {
    let asked = "Energy.Active.Import.Register,Temperature";
    let keys = [
        ("MeterValuesSampledData", asked),
        ("StopTxnSampledData", asked),
        ("MeterValueSampleInterval", "60"),
    ];
    for unit in ["K", "Celcius", "Celsius"] {
        let mut setup = with(1, &keys);
        setup
            .tuning
            .set("meter.temperature_unit", unit)
            .expect("there is one");
        let mut world = World::booted(setup);
        let refused = Treat::Code("PropertyConstraintViolation");
        if unit != "K" {
            always(&mut world, "MeterValues", refused.clone());
            world.central.treat("StopTransaction", refused);
        }
        let reading = Reading {
            measurand: Measurand::Temperature,
            phase: None,
            location: None,
            milli: 21_500,
        };
        world.fact(Fact::Meter(place(1), vec![reading]));
        session(&mut world, "ONE", 3);
        world.run(Millis::from_secs(1));
        let values = &world.sent("MeterValues")[0]["meterValue"][0]["sampledValue"];
        let values = values.as_array().expect("samples").iter();
        let shown = values
            .clone()
            .find(|value| value["measurand"] == "Temperature");
        let shown = shown.expect("it is sampled");
        let right = if unit == "K" { "294.65" } else { "21.5" };
        assert_eq!(
            (&shown["unit"], &shown["value"]),
            (&json!(unit), &json!(right))
        );
        assert!(world.central.sessions[0].stop.is_some(), "{unit}");
    }
}

// rules: 60, 63
#[test]
fn a_stop_that_is_never_answered_is_told_of_and_the_other_connectors_stay_known() {
    let mut world = made();
    always(&mut world, "StopTransaction", Treat::Silence);
    session(&mut world, "ONE", 2);
    world.meter(2, 500);
    world.charge(2, "TWO");
    world.run(Millis::from_secs(3_600));
    // It is sent on and on under its id, and told of once.
    let stops = world.sent("StopTransaction");
    assert!(stops.len() > 30 && stops.iter().all(|stop| *stop == stops[0]));
    let told = world.told.iter().filter_map(|notice| match notice {
        Notice::Transaction(step) if step.change == TransactionChange::Unanswered => Some(step.tx),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [TxId(1)]);
    // Nothing overtakes it; but who is charging can be seen.
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert_eq!(
        world.statuses(2).last().map(String::as_str),
        Some("Charging")
    );
    // And all arrives in its order when it answers.
    world.central.always.clear();
    world.run(Millis::from_secs(120));
    assert_eq!(world.central.sessions.len(), 2);
    world.show(2, "TWO");
    assert!(world
        .central
        .sessions
        .iter()
        .all(|booked| booked.stop.is_some()));
}

/// A central system that compares letters leaves the transaction open for ever otherwise.
// rules: 53
#[test]
fn a_stop_by_the_starting_tag_in_other_letters_has_the_spelling_that_started() {
    let mut world = made();
    world.meter(1, 1_000);
    world.charge(1, "Tag1");
    world.show(1, "TAG1");
    let stop = world.central.sessions[0].stop.clone().expect("it stops");
    assert_eq!(stop["idTag"], "Tag1");
}
