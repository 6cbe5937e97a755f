//! Before an update or a shutdown: nothing new begins, what runs goes on, and the host hears when that is over.
#![allow(clippy::panic)]

use evcp::core::{Act, Ev, Fact, Notice, Standing, Why};
use evcp::time::Millis;
use evcp::types::Reason;
use evcp_testing::{at, setup, tag, with, Treat, World};
use serde_json::json;

fn drain(world: &mut World, is: bool) {
    world.fact(Fact::Draining(is));
}

fn last(world: &World, connector: u32) -> String {
    world.statuses(connector).pop().unwrap_or_default()
}

fn drained(world: &World) -> usize {
    let told = world.told.iter();
    told.filter(|notice| **notice == Notice::Drained).count()
}

fn whys(world: &World) -> Vec<Option<Why>> {
    let told = world.told.iter().filter_map(|notice| match notice {
        Notice::Authorized { why, .. } => Some(*why),
        _ => None,
    });
    told.collect()
}

fn booted(connectors: usize) -> World {
    let mut world = World::booted(setup(connectors));
    for connector in 1..=connectors {
        world.meter(u32::try_from(connector).expect("few"), 0);
    }
    world
}

#[test]
fn what_runs_goes_on_and_its_own_end_is_told() {
    let mut world = booted(2);
    world.charge(1, "ONE");
    drain(&mut world, true);
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    assert_eq!(last(&world, 1), "Charging");
    assert_eq!(last(&world, 2), "Unavailable");
    assert_eq!(last(&world, 0), "Unavailable");
    world.run(Millis::from_secs(3_600));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    assert_eq!(drained(&world), 0);
    // The vehicle pauses and comes back: that is no new session.
    world.ev(1, Ev::Suspended);
    world.ev(1, Ev::Charging);
    assert_eq!(last(&world, 1), "Charging");
    world.show(1, "ONE");
    assert_eq!(world.sent("StopTransaction").len(), 1);
    assert_eq!(
        (last(&world, 1).as_str(), drained(&world)),
        ("Unavailable", 1)
    );
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(3_600));
    assert_eq!(drained(&world), 1);
}

#[test]
fn nothing_begins_whoever_asks_for_it() {
    let mut world = World::booted(with(3, &[("FreeCharging", "true")]));
    for connector in 1..=3 {
        world.meter(connector, 0);
        world.ev(connector, Ev::Absent);
    }
    drain(&mut world, true);
    assert_eq!(drained(&world), 1);
    world.show(1, "ONE");
    world.act(Act::StartTx(at(1), tag("TWO")));
    assert_eq!(whys(&world), [Some(Why::Draining); 2]);
    let remote = json!({ "idTag": "THREE", "connectorId": 1 });
    let answer = world.call("RemoteStartTransaction", remote);
    assert_eq!(answer, Some(json!({ "status": "Rejected" })));
    for connector in 1..=3 {
        world.ev(connector, Ev::Plugged);
        world.ev(connector, Ev::Charging);
    }
    world.run(Millis::from_secs(600));
    assert!(world.sent("StartTransaction").is_empty());
    assert!(world.sent("Authorize").is_empty());
    assert_eq!(last(&world, 1), "Unavailable");
}

#[test]
fn who_was_let_in_and_has_not_begun_is_told_that_it_is_off() {
    let mut setup = setup(3);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    // One waits for a plug, one for the meter, one for the central system.
    world.act(Act::StartTx(at(1), tag("ONE")));
    world.ev(2, Ev::Plugged);
    world.act(Act::StartTx(at(2), tag("TWO")));
    world.central.treat("Authorize", Treat::Silence);
    world.show(3, "THREE");
    let before = whys(&world).len();
    drain(&mut world, true);
    assert_eq!(whys(&world)[before..], [Some(Why::Draining); 3]);
    assert_eq!(drained(&world), 1);
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(60));
    assert!(world.sent("StartTransaction").is_empty());
}

#[test]
fn it_can_be_taken_back_and_nothing_begins_by_itself_then() {
    let mut world = booted(1);
    world.show(1, "ONE");
    drain(&mut world, true);
    world.ev(1, Ev::Plugged);
    drain(&mut world, false);
    assert!(world.sent("StartTransaction").is_empty());
    assert_eq!(last(&world, 1), "Preparing");
    world.show(1, "ONE");
    assert_eq!(world.sent("StartTransaction").len(), 1);
    // Said twice it is as if it had been said once.
    drain(&mut world, true);
    drain(&mut world, true);
    world.act(Act::StopTx(at(1), Reason::Local));
    assert_eq!(drained(&world), 2);
}

#[test]
fn after_a_restart_the_charger_serves_again() {
    let mut world = booted(1);
    drain(&mut world, true);
    world.power_cycle();
    world.run(Millis::from_secs(5));
    world.meter(1, 0);
    world.charge(1, "ONE");
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn what_a_restart_would_cut_short_is_counted() {
    let mut world = booted(3);
    let standing = |world: &World| world.engine().standing();
    assert_eq!(standing(&world), Standing::default());
    world.charge(1, "ONE");
    world.show(2, "TWO");
    world.central.treat("Authorize", Treat::Silence);
    world.show(3, "THREE");
    let now = standing(&world);
    assert_eq!((now.transactions, now.permissions, now.asked), (1, 1, 1));
    assert!(!now.draining && !now.resetting);
    drain(&mut world, true);
    let now = standing(&world);
    assert_eq!((now.transactions, now.permissions, now.asked), (1, 0, 0));
    assert!(now.draining);
    world.show(1, "ONE");
    assert_eq!(standing(&world).transactions, 0);
}
