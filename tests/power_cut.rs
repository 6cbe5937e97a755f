//! The promise: whatever instant the power is cut at, every transaction that was told of is on the
//! books exactly once, start before stop, with the right id.
#![allow(clippy::panic)]

use evcp::core::{AfterPowerLoss, Ev, Notice, TransactionChange};
use evcp::time::Millis;
use evcp::types::CiString;
use evcp_testing::{setup, World};
use serde_json::json;

/// A recorded story: two connectors, online and offline, samples, a remote stop.
fn story(world: &mut World) {
    world.run(Millis(0));
    world.meter(1, 100);
    world.charge(1, "ONE");
    for minute in 1..=3 {
        world.meter(1, 100 + minute * 50);
        world.run(Millis::from_secs(60));
    }
    world.reachable = false;
    world.drop_link();
    world.meter(2, 7_000);
    world.charge(2, "ONE");
    world.charge(2, "TWO");
    for minute in 1..=3 {
        world.meter(1, 300 + minute * 50);
        world.meter(2, 7_000 + minute * 80);
        world.run(Millis::from_secs(60));
    }
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    world.reachable = true;
    world.run(Millis::from_secs(300));
    world.ev(2, Ev::Absent);
    world.run(Millis::from_secs(10));
}

fn made(after_power_loss: AfterPowerLoss) -> World {
    let mut setup = setup(2);
    setup.tuning.after_power_loss = after_power_loss;
    for (name, value) in [
        ("AllowOfflineTxForUnknownId", "true"),
        ("StopTxnSampledData", "Energy.Active.Import.Register"),
        ("ClockAlignedDataInterval", "40"),
    ] {
        setup
            .keys
            .push((CiString::truncated(name), CiString::truncated(value)));
    }
    World::new(setup)
}

/// Cuts after `fuel` effects, starts again, lets everything settle, and looks at the books.
fn cut_after(fuel: usize, after_power_loss: AfterPowerLoss) {
    let mut world = made(after_power_loss);
    world.power.fuel = Some(fuel);
    story(&mut world);
    let begun = world.told.iter().filter(|notice| {
        matches!(notice, Notice::Transaction(step) if step.change == TransactionChange::Started)
    });
    let begun = begun.count();
    world.reachable = true;
    world.power_cycle();
    world.run(Millis::from_secs(600));
    // A resumed session ends when its vehicle leaves.
    world.ev(1, Ev::Absent);
    world.ev(2, Ev::Absent);
    world.run(Millis::from_secs(600));
    let books = &world.central.sessions;
    assert!(
        books.len() >= begun,
        "cut {fuel}: {begun} sessions were told, {} booked",
        books.len()
    );
    for session in books {
        let stop = session
            .stop
            .as_ref()
            .unwrap_or_else(|| panic!("cut {fuel}: no stop: {session:?}"));
        let start = session.start["meterStart"].as_i64();
        assert!(
            stop["meterStop"].as_i64() >= start,
            "cut {fuel}: runs backwards: {session:?}"
        );
        let data = stop["transactionData"].as_array();
        let data = data.unwrap_or_else(|| panic!("cut {fuel}: no data: {stop}"));
        let value = |at: usize| &data[at]["sampledValue"][0];
        let last = data.len() - 1;
        assert_eq!(value(0)["context"], "Transaction.Begin", "cut {fuel}");
        assert_eq!(value(last)["context"], "Transaction.End", "cut {fuel}");
        let meter_stop = json!(stop["meterStop"].to_string());
        assert_eq!(value(last)["value"], meter_stop, "cut {fuel}");
    }
    let mut starts: Vec<_> = books
        .iter()
        .map(|session| session.start.to_string())
        .collect();
    starts.sort();
    starts.dedup();
    assert_eq!(
        starts.len(),
        books.len(),
        "cut {fuel}: booked twice: {books:?}"
    );
    assert_eq!(
        world.engine().counters().queued,
        0,
        "cut {fuel}: something is left in the queue"
    );
}

fn effects_of_the_story() -> usize {
    let mut world = made(AfterPowerLoss::Stop);
    story(&mut world);
    assert_eq!(world.central.sessions.len(), 2);
    assert!(world
        .central
        .sessions
        .iter()
        .all(|session| session.stop.is_some()));
    world.power.effects
}

// rules: 61, 72
#[test]
fn a_cut_after_any_effect_loses_and_doubles_nothing_when_transactions_are_stopped() {
    for fuel in 0..=effects_of_the_story() {
        cut_after(fuel, AfterPowerLoss::Stop);
    }
}

// rules: 61, 72
#[test]
fn a_cut_after_any_effect_loses_and_doubles_nothing_when_transactions_are_resumed() {
    for fuel in 0..=effects_of_the_story() {
        cut_after(fuel, AfterPowerLoss::Resume);
    }
}

#[test]
fn a_transaction_without_samples_takes_four_commits() {
    let mut setup = setup(1);
    let interval = CiString::truncated("MeterValueSampleInterval");
    setup.keys.push((interval, CiString::truncated("0")));
    let mut world = World::booted(setup);
    world.charge(1, "ONE");
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(100));
    world.stores = 0;
    world.charge(1, "ONE");
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(100));
    assert_eq!(world.central.sessions.len(), 2);
    assert_eq!(world.stores, 4);
}

// rules: 72
#[test]
fn what_a_power_cut_interrupts_is_stopped_with_the_last_stored_reading() {
    let mut world = World::booted(setup(1));
    world.meter(1, 1_000);
    world.charge(1, "ONE");
    world.meter(1, 1_500);
    world.run(Millis::from_secs(120));
    world.meter(1, 1_900);
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert_eq!(
        world.central.sessions[0].stop, None,
        "the meter may still be shown"
    );
    world.run(Millis::from_secs(1));
    let stop = world.central.sessions[0]
        .stop
        .clone()
        .expect("it is stopped");
    assert_eq!(stop["reason"], "PowerLoss");
    assert_eq!(stop["meterStop"], 1_500);
}
