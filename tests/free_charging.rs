//! Charging that nobody is asked a tag for: the keys FreeCharging and RfidTagFreeCharging.
#![allow(clippy::panic)]

use evcp::core::{
    Act, AskedBy, ConnectorSetup, Ev, Fact, Fault, Notice, Place, Purpose, Setup, Why,
};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, Reason};
use evcp_testing::{at, place, setup, tag, with, Treat, World};
use serde_json::{json, Value};

fn free(connectors: usize) -> Setup {
    with(connectors, &[("FreeCharging", "true")])
}

fn booted(connectors: usize) -> World {
    let mut world = World::booted(free(connectors));
    for connector in 1..=connectors {
        world.ev(u32::try_from(connector).expect("few"), Ev::Absent);
        world.meter(u32::try_from(connector).expect("few"), 0);
    }
    world
}

fn starts(world: &World) -> Vec<Value> {
    world.sent("StartTransaction")
}

fn count(world: &World) -> usize {
    starts(world).len()
}

fn ground() -> Option<Fault> {
    Some(Fault {
        code: ChargePointErrorCode::GroundFailure,
        info: None,
        vendor_code: None,
    })
}

fn change(world: &mut World, key: &str, value: &str) -> Value {
    let answer = world.call("ChangeConfiguration", json!({ "key": key, "value": value }));
    answer.expect("an answer")["status"].clone()
}

/// The vehicle leaves, and the next one comes.
fn next_vehicle(world: &mut World) {
    world.ev(1, Ev::Absent);
    world.ev(1, Ev::Plugged);
}

/// Whatever the charger does and the firmware says from here on, the vehicle that is in starts nothing more.
fn starts_no_more(mut world: World) {
    let before = count(&world);
    for ev in [Ev::Charging, Ev::Plugged, Ev::Suspended, Ev::Plugged] {
        world.ev(1, ev);
        world.run(Millis::from_secs(120));
    }
    world.drop_link();
    world.run(Millis::from_secs(600));
    world.fact(Fact::Operative(place(1), false));
    world.fact(Fact::Operative(place(1), true));
    assert_eq!(count(&world), before, "{:?}", starts(&world));
    next_vehicle(&mut world);
    assert_eq!(count(&world), before + 1, "the next vehicle is new");
}

#[test]
fn a_vehicle_that_is_plugged_in_starts_nothing_unless_that_is_switched_on() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    next_vehicle(&mut world);
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 0);
}

#[test]
fn a_vehicle_that_is_plugged_in_starts_by_itself_with_the_tag_of_the_operator() {
    let mut world = booted(2);
    assert_eq!(
        change(&mut world, "RfidTagFreeCharging", "PARK"),
        "Accepted"
    );
    world.ev(2, Ev::Plugged);
    assert!(world.sent("Authorize").is_empty());
    let started = starts(&world);
    assert_eq!(started.len(), 1);
    assert_eq!(
        (&started[0]["idTag"], &started[0]["connectorId"]),
        (&json!("PARK"), &json!(2))
    );
    assert!(world.supply(2).is_some_and(|supply| supply.permit));
    let told = world.told.iter().find_map(|notice| match notice {
        Notice::Authorized { claim, purpose, .. } => Some((claim.clone(), *purpose)),
        _ => None,
    });
    let (claim, purpose) = told.expect("the host is told");
    assert_eq!((claim.by, claim.reader), (AskedBy::FreeCharging, place(2)));
    assert_eq!(purpose, Purpose::Start);
    world.ev(2, Ev::Absent);
    assert_eq!(world.sent("StopTransaction").len(), 1);
    world.ev(2, Ev::Plugged);
    assert_eq!(count(&world), 2);
}

#[test]
fn free_charging_goes_on_without_the_central_system() {
    let mut world = booted(1);
    world.reachable = false;
    world.drop_link();
    world.ev(1, Ev::Plugged);
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.reachable = true;
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 1);
}

#[test]
fn a_vehicle_whose_session_was_stopped_at_the_charger_starts_no_other() {
    let mut world = booted(1);
    world.ev(1, Ev::Plugged);
    world.act(Act::StopTx(at(1), Reason::Local));
    assert_eq!(world.sent("StopTransaction").len(), 1);
    starts_no_more(world);
}

#[test]
fn a_vehicle_whose_session_was_stopped_from_afar_starts_no_other() {
    let mut world = booted(1);
    world.ev(1, Ev::Plugged);
    let id = world.central.calls.len();
    assert!(id > 0);
    let running = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Transaction(step) => step.central_id,
        _ => None,
    });
    let stop = json!({ "transactionId": running.expect("it has an id") });
    world.call("RemoteStopTransaction", stop);
    assert_eq!(world.sent("StopTransaction").len(), 1);
    starts_no_more(world);
}

#[test]
fn a_vehicle_whose_tag_is_refused_after_the_start_starts_no_other() {
    let mut world = booted(1);
    let refused = json!({ "transactionId": 7, "idTagInfo": { "status": "Invalid" } });
    world
        .central
        .treat("StartTransaction", Treat::With(refused));
    world.ev(1, Ev::Plugged);
    assert_eq!(world.sent("StopTransaction")[0]["reason"], "DeAuthorized");
    starts_no_more(world);
}

#[test]
fn a_start_that_was_called_off_is_not_made_up_for() {
    let mut setup = free(1);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.ev(1, Ev::Absent);
    // The meter is waited for: the button comes first.
    world.ev(1, Ev::Plugged);
    world.act(Act::Cancel(place(1)));
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 0);
}

#[test]
fn a_vehicle_that_came_too_early_starts_when_the_charger_may_serve() {
    let mut world = booted(1);
    world.fact(Fact::Operative(place(1), false));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 0);
    world.fact(Fact::Operative(place(1), true));
    assert_eq!(count(&world), 1);

    let mut world = World::new(free(1));
    let pending =
        json!({ "status": "Pending", "currentTime": "2024-01-01T00:00:00Z", "interval": 900 });
    world
        .central
        .treat("BootNotification", Treat::With(pending));
    world.run(Millis(0));
    world.meter(1, 0);
    world.ev(1, Ev::Absent);
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 0);
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 1);
}

#[test]
fn a_vehicle_that_nobody_wanted_to_start_before_that_does_not_start_then() {
    let mut world = booted(1);
    world.fact(Fact::Operative(place(1), false));
    world.ev(1, Ev::Plugged);
    world.act(Act::StopTx(at(1), Reason::EmergencyStop));
    world.fact(Fact::Operative(place(1), true));
    starts_no_more(world);
}

#[test]
fn the_end_of_a_fault_starts_nothing() {
    for fault_at in [place(1), Place::ChargePoint] {
        let mut world = booted(1);
        world.fact(Fact::Fault(fault_at, ground()));
        world.ev(1, Ev::Plugged);
        world.fact(Fact::Fault(fault_at, None));
        assert_eq!(count(&world), 0);
        starts_no_more(world);
    }
}

#[test]
fn the_key_counts_from_the_next_plug_on() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    next_vehicle(&mut world);
    assert_eq!(change(&mut world, "freecharging", "true"), "Accepted");
    assert_eq!(count(&world), 0);
    next_vehicle(&mut world);
    assert_eq!(count(&world), 1);
    // Switched off, what runs goes on, and the next one needs a tag.
    assert_eq!(change(&mut world, "FreeCharging", "false"), "Accepted");
    assert!(world.sent("StopTransaction").is_empty());
    next_vehicle(&mut world);
    assert_eq!(count(&world), 1);
}

#[test]
fn who_came_too_early_does_not_start_when_it_is_switched_off_meanwhile() {
    let mut world = booted(1);
    world.fact(Fact::Operative(place(1), false));
    world.ev(1, Ev::Plugged);
    change(&mut world, "FreeCharging", "false");
    world.fact(Fact::Operative(place(1), true));
    assert_eq!(count(&world), 0);
}

#[test]
fn a_tag_that_is_shown_before_the_plug_pays_and_one_after_it_changes_nothing() {
    let mut world = booted(1);
    world.show(1, "ONE");
    world.ev(1, Ev::Plugged);
    assert_eq!(starts(&world)[0]["idTag"], "ONE");
    world.show(1, "ONE");
    assert_eq!(world.sent("StopTransaction").len(), 1);
    next_vehicle(&mut world);
    assert_eq!(starts(&world)[1]["idTag"], "FreeCharging");
    world.show(1, "ONE");
    assert_eq!(world.sent("StopTransaction").len(), 1);
    let why = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Authorized { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why, Some(Some(Why::FreeCharging)));
    // The operator's own tag is one like any other.
    world.show(1, "FREECHARGING");
    assert_eq!(world.sent("StopTransaction").len(), 2);
}

#[test]
fn a_tag_for_several_connectors_charges_where_its_owner_plugs_in() {
    let mut world = booted(2);
    world.act(Act::Tag(vec![], tag("ONE")));
    world.ev(2, Ev::Plugged);
    world.ev(1, Ev::Plugged);
    let tags: Vec<_> = starts(&world)
        .iter()
        .map(|start| start["idTag"].clone())
        .collect();
    assert_eq!(tags, ["ONE", "FreeCharging"]);
}

#[test]
fn the_tag_is_one_that_can_be_read() {
    let mut world = booted(1);
    for bad in ["", "  ", "TAB\tS", "A TAG OF TOO MANY CHARACTERS"] {
        assert_eq!(
            change(&mut world, "RfidTagFreeCharging", bad),
            "Rejected",
            "{bad:?}"
        );
    }
    assert_eq!(change(&mut world, "FreeCharging", "maybe"), "Rejected");
    world.ev(1, Ev::Plugged);
    assert_eq!(starts(&world)[0]["idTag"], "FreeCharging");
}

#[test]
fn the_keys_outlive_a_power_cut_and_the_vehicle_that_is_in_starts_nothing_after_it() {
    let mut world = World::booted(setup(1));
    change(&mut world, "FreeCharging", "true");
    change(&mut world, "RfidTagFreeCharging", "PARK");
    world.meter(1, 0);
    next_vehicle(&mut world);
    world.act(Act::StopTx(at(1), Reason::Local));
    world.run(Millis(0));
    world.power_cycle();
    world.run(Millis::from_secs(5));
    world.meter(1, 0);
    // The first word of the firmware: whoever is in may have been for long.
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(600));
    assert_eq!(count(&world), 1);
    next_vehicle(&mut world);
    assert_eq!(starts(&world)[1]["idTag"], "PARK");
}

#[test]
fn a_cable_without_a_vehicle_starts_nothing() {
    let mut setup = free(1);
    setup.connectors = vec![ConnectorSetup::SOCKET];
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.ev(1, Ev::CableOnly);
    assert_eq!(count(&world), 0);
    world.ev(1, Ev::Plugged);
    assert_eq!(count(&world), 1);
}
