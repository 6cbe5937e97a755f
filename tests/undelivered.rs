//! Transactions that the central system refuses to the end are not gone (OCPP 1.6 §3.7.1).
#![allow(clippy::panic)]

use std::collections::BTreeMap;

use evcp::core::{Act, CentralId, Delivery, Ev, Notice, Setup, TransactionChange, TxId};
use evcp::time::Millis;
use evcp_testing::{with, Treat, World};
use serde_json::{json, Value};

const REGISTER: &str = "Energy.Active.Import.Register";
const MESSAGES: [&str; 3] = ["StartTransaction", "MeterValues", "StopTransaction"];

/// So long the default attempts take.
const ALL_ATTEMPTS: Millis = Millis::from_secs(45 * 60 + 1);

fn made() -> Setup {
    let keys = [
        ("StopTxnSampledData", REGISTER),
        ("MeterValueSampleInterval", "600"),
    ];
    with(2, &keys)
}

/// What the central system does with every call of these actions from now on.
fn treat(world: &mut World, actions: &[&str], how: &Treat) {
    for action in actions {
        let always = &mut world.central.always;
        always.insert((*action).to_owned(), how.clone());
    }
}

fn all_is_well(world: &mut World) {
    world.central.always = BTreeMap::new();
}

/// A session of a vehicle that comes and goes.
fn session(world: &mut World, connector: u32, name: &str, from: i64, minutes: i64) {
    world.meter(connector, from);
    world.charge(connector, name);
    for minute in 1..=minutes {
        world.meter(connector, from + 100 * minute);
        world.run(Millis::from_secs(60));
    }
    world.show(connector, name);
    world.ev(connector, Ev::Absent);
}

fn changes(world: &World, of: TransactionChange) -> Vec<TxId> {
    let told = world.told.iter().filter_map(|notice| match notice {
        Notice::Transaction(step) if step.change == of => Some(step.tx),
        _ => None,
    });
    told.collect()
}

fn listed(world: &World) -> Vec<u64> {
    world.engine().undelivered().keys().map(|tx| tx.0).collect()
}

/// What the store has of them, as a start would find it.
fn stored(world: &mut World) -> Vec<u64> {
    let stored = world.disk.load().expect("memory can be read");
    stored.undelivered.iter().map(|one| one.id.0).collect()
}

/// A session whose start was refused to the end, and whose stop came with -1.
fn given_up() -> World {
    let mut world = World::booted(made());
    treat(&mut world, &["StartTransaction"], &Treat::Error);
    session(&mut world, 1, "ONE", 1_000, 60);
    world.run(Millis::from_secs(60));
    world
}

#[test]
fn a_database_that_is_read_only_for_three_minutes_costs_no_session() {
    for begins in [0, 30] {
        let mut world = World::booted(made());
        world.meter(1, 1_000);
        let read_only = |world: &mut World| treat(world, &MESSAGES, &Treat::Error);
        if begins == 0 {
            read_only(&mut world);
        }
        world.charge(1, "ONE");
        world.run(Millis::from_secs(begins));
        read_only(&mut world);
        if begins > 0 {
            world.show(1, "ONE");
        }
        world.run(Millis::from_secs(200));
        all_is_well(&mut world);
        world.run(ALL_ATTEMPTS);
        world.show(1, "ONE");
        world.run(Millis::from_secs(60));
        let booked = &world.central.sessions;
        assert!(!booked.is_empty(), "lost after {begins} s");
        assert!(booked[0].stop.is_some(), "open after {begins} s");
        assert_eq!(changes(&world, TransactionChange::GivenUp), []);
    }
}

// rules: 62, 64
#[test]
fn what_is_refused_to_the_end_is_kept_with_all_that_its_bill_hangs_on_and_the_host_is_told() {
    let mut world = given_up();
    assert_eq!(world.sent("StartTransaction").len(), 10);
    assert_eq!(world.sent("StopTransaction").len(), 1);
    assert_eq!(world.sent("StopTransaction")[0]["transactionId"], -1);
    assert_eq!(changes(&world, TransactionChange::GivenUp), [TxId(1)]);
    let told = world.told.iter().find_map(|notice| match notice {
        Notice::Transaction(step) if step.change == TransactionChange::GivenUp => Some(step),
        _ => None,
    });
    let told = told.expect("it is told").clone();
    assert_eq!((told.connector.number(), told.meter_start.0), (1, 1_000));
    assert_eq!(told.stopped.map(|(_, wh)| wh.0), Some(7_000));
    assert_eq!((told.tag.as_str(), told.central_id), ("ONE", None));
    // Also when the power was gone meanwhile.
    world.power_cycle();
    assert_eq!(listed(&world), [1]);
    let kept = world.engine().undelivered()[&TxId(1)].clone();
    assert_eq!(
        (kept.started.wall, kept.meter_start.0),
        (told.started, 1_000)
    );
    assert_eq!(kept.stop.map(|stop| stop.meter.0), Some(7_000));
    assert_eq!(
        (kept.delivery, kept.central),
        (Delivery::GivenUp, CentralId::GivenUp)
    );
    // By itself it goes nowhere.
    all_is_well(&mut world);
    world.run(Millis::from_secs(86_400));
    assert_eq!(world.central.sessions.len(), 0);
    assert_eq!(listed(&world), [1]);
}

fn deliver(world: &mut World, tx: u64) {
    world.act(Act::Deliver(TxId(tx)));
    world.run(Millis::from_secs(60));
}

/// Session `at` of the books is the one that was given up, in full.
fn is_complete(world: &World, at: usize) {
    let booked = &world.central.sessions[at];
    assert_eq!(booked.start["idTag"], "ONE");
    assert_eq!(booked.start["meterStart"], 1_000);
    let stop = booked.stop.as_ref().expect("it has its end");
    assert_eq!(
        (&stop["meterStop"], &stop["reason"]),
        (&json!(7_000), &json!("Local"))
    );
    let data = stop["transactionData"].as_array().expect("its readings");
    let context = |at: usize| &data[at]["sampledValue"][0]["context"];
    assert_eq!(context(0), "Transaction.Begin");
    assert_eq!(context(data.len() - 1), "Transaction.End");
}

#[test]
fn a_transaction_that_was_given_up_is_delivered_again_in_full_when_the_host_asks_for_it() {
    for restarts in [false, true] {
        let mut world = given_up();
        let before = world.sent("StopTransaction").len();
        all_is_well(&mut world);
        if restarts {
            world.power_cycle();
            world.run(Millis::from_secs(60));
        }
        deliver(&mut world, 1);
        assert_eq!(world.central.sessions.len(), 1);
        is_complete(&world, 0);
        assert_eq!(world.sent("StopTransaction").len(), before + 1);
        assert_eq!(changes(&world, TransactionChange::Delivered), [TxId(1)]);
        assert_eq!((listed(&world), stored(&mut world)), (vec![], vec![]));
        // Once: there is nothing left to deliver.
        deliver(&mut world, 1);
        assert_eq!(world.central.sessions.len(), 1);
    }
}

#[test]
fn a_stop_that_was_given_up_is_delivered_again_under_the_id_of_its_transaction() {
    let mut world = World::booted(made());
    treat(&mut world, &["StopTransaction"], &Treat::Error);
    session(&mut world, 1, "ONE", 1_000, 60);
    world.run(ALL_ATTEMPTS);
    assert_eq!(world.sent("StopTransaction").len(), 10);
    assert_eq!(listed(&world), [1]);
    let kept = &world.engine().undelivered()[&TxId(1)];
    assert_eq!(kept.central, CentralId::Known(1_000));
    all_is_well(&mut world);
    deliver(&mut world, 1);
    assert_eq!(world.central.sessions.len(), 1);
    is_complete(&world, 0);
    assert_eq!(listed(&world), Vec::<u64>::new());
}

#[test]
fn what_is_refused_again_is_tried_once_and_nobody_waits_behind_it() {
    let mut world = given_up();
    world.run(Millis::from_secs(3_600));
    world.told.clear();
    world.central.calls.clear();
    world.act(Act::Deliver(TxId(1)));
    world.meter(2, 500);
    world.charge(2, "TWO");
    let mut starts = world.sent("StartTransaction");
    assert_eq!(starts.remove(0)["idTag"], "ONE");
    assert_eq!(starts[0]["idTag"], "TWO", "it waits");
    // Its stop says nothing to anybody.
    assert_eq!(world.sent("StopTransaction").len(), 0);
    assert_eq!(listed(&world), [1]);
    assert_eq!(changes(&world, TransactionChange::GivenUp), [TxId(1)]);
    all_is_well(&mut world);
    world.run(Millis::from_secs(3_600));
    deliver(&mut world, 1);
    is_complete(&world, 1);
}

/// The first copy is booked, and its answer is lost; then the central system refuses what it has.
#[test]
fn a_start_that_may_be_booked_is_delivered_again_under_its_id_and_booked_once() {
    for restarts in [false, true] {
        let mut world = World::booted(made());
        world.central.treat("StartTransaction", Treat::Silence);
        treat(&mut world, &["StartTransaction"], &Treat::Error);
        session(&mut world, 1, "ONE", 1_000, 60);
        world.run(Millis::from_secs(600));
        assert_eq!(listed(&world), [1]);
        for _ in 0..3 {
            if restarts {
                world.power_cycle();
                world.run(Millis::from_secs(60));
            }
            deliver(&mut world, 1);
        }
        all_is_well(&mut world);
        deliver(&mut world, 1);
        assert_eq!(world.central.sessions.len(), 1);
        is_complete(&world, 0);
        assert_eq!(listed(&world), Vec::<u64>::new());
    }
}

#[test]
fn the_oldest_go_when_there_is_no_room_for_more() {
    let mut setup = made();
    setup.tuning.keep_undelivered = 2;
    let mut world = World::booted(setup);
    treat(&mut world, &["StartTransaction"], &Treat::Error);
    for name in ["ONE", "TWO", "THREE"] {
        session(&mut world, 1, name, 1_000, 60);
        world.run(ALL_ATTEMPTS);
    }
    assert_eq!(changes(&world, TransactionChange::GivenUp).len(), 3);
    assert_eq!(listed(&world), [2, 3]);
    assert_eq!(stored(&mut world), [2, 3]);
    // Fewer from now on.
    world.setup.tuning.keep_undelivered = 0;
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert_eq!((listed(&world), stored(&mut world)), (vec![], vec![]));
}

#[test]
fn what_the_host_forgets_is_gone() {
    let mut world = given_up();
    world.act(Act::Forget(TxId(1)));
    assert_eq!((listed(&world), stored(&mut world)), (vec![], vec![]));
    all_is_well(&mut world);
    deliver(&mut world, 1);
    assert_eq!(world.central.sessions.len(), 0);
}

#[test]
fn the_library_tries_again_by_itself_if_it_is_told_to() {
    let mut setup = made();
    setup.tuning.redeliver = Millis::from_secs(3_600);
    let mut world = World::booted(setup);
    treat(&mut world, &["StartTransaction"], &Treat::Error);
    session(&mut world, 1, "ONE", 1_000, 60);
    world.run(ALL_ATTEMPTS);
    let before = world.sent("StartTransaction").len();
    world.run(Millis::from_secs(5 * 3_600));
    assert_eq!(world.sent("StartTransaction").len(), before + 5);
    // Offline the hour passes, and nothing more.
    world.reachable = false;
    world.drop_link();
    world.run(Millis::from_secs(5 * 3_600));
    all_is_well(&mut world);
    world.reachable = true;
    world.run(Millis::from_secs(600));
    is_complete(&world, 0);
    assert_eq!(listed(&world), Vec::<u64>::new());
}

fn ids(world: &World, action: &str) -> Vec<Value> {
    let frames = world.central.frames.iter();
    let of = frames.filter(|frame| frame[0] == 2 && frame[2] == action);
    of.map(|frame| frame[1].clone()).collect()
}

/// Gives up, delivers again, is refused once more, and is delivered at last.
fn story(world: &mut World) {
    world.run(Millis(0));
    treat(world, &["StartTransaction"], &Treat::Error);
    session(world, 1, "ONE", 1_000, 60);
    world.run(Millis::from_secs(60));
    deliver(world, 1);
    all_is_well(world);
    deliver(world, 1);
}

// rules: 61
#[test]
fn a_cut_after_any_effect_neither_loses_nor_doubles_what_was_given_up() {
    let mut whole = World::new(made());
    story(&mut whole);
    is_complete(&whole, 0);
    for fuel in 0..=whole.power.effects {
        let mut world = World::new(made());
        world.power.fuel = Some(fuel);
        story(&mut world);
        let begun = !changes(&world, TransactionChange::Started).is_empty();
        let ended = !changes(&world, TransactionChange::Stopped).is_empty();
        all_is_well(&mut world);
        world.power_cycle();
        world.run(ALL_ATTEMPTS);
        for tx in listed(&world) {
            deliver(&mut world, tx);
        }
        let books = &world.central.sessions;
        assert_eq!(
            books.len(),
            usize::from(begun).max(books.len().min(1)),
            "cut {fuel}"
        );
        if ended {
            is_complete(&world, 0);
        }
        assert!(
            books.iter().all(|booked| booked.stop.is_some()),
            "cut {fuel}"
        );
        assert_eq!(
            (listed(&world), stored(&mut world)),
            (vec![], vec![]),
            "cut {fuel}"
        );
        let mut all = ids(&world, "StartTransaction");
        all.dedup();
        assert!(!all.is_empty() || !begun);
    }
}
