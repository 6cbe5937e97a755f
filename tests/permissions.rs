//! Where a permission holds: at all connectors that it was meant for, until the first plug.

use evcp::core::{Act, Ev, Fact};
use evcp::time::Millis;
use evcp_testing::{at, place, setup, tag, with, World};
use serde_json::json;

/// Whoever plugs in at `connector`, the one who may charge is ONE.
fn plugs_in(world: &mut World, connector: u32) {
    world.ev(connector, Ev::Plugged);
    world.ev(connector, Ev::Charging);
    let starts = world.sent("StartTransaction");
    assert_eq!(starts.len(), 1, "{:?}", world.statuses(connector));
    assert_eq!(starts[0]["connectorId"], connector);
    assert_eq!(starts[0]["idTag"], "ONE");
}

fn booted(connectors: usize) -> World {
    let mut world = World::booted(setup(connectors));
    for connector in 1..=connectors {
        world.meter(u32::try_from(connector).expect("few"), 100);
    }
    world
}

fn remote_start(world: &mut World) {
    let answer = world.call("RemoteStartTransaction", json!({ "idTag": "ONE" }));
    assert_eq!(answer, Some(json!({ "status": "Accepted" })));
}

#[test]
fn a_remote_start_without_a_connector_starts_where_the_driver_plugs_in() {
    for connector in 1..=3 {
        let mut world = booted(3);
        remote_start(&mut world);
        plugs_in(&mut world, connector);
    }
}

#[test]
fn a_tag_at_a_reader_of_several_connectors_starts_where_the_driver_plugs_in() {
    for connector in 1..=3 {
        let mut world = booted(3);
        world.act(Act::Tag(vec![], tag("ONE")));
        plugs_in(&mut world, connector);
    }
}

#[test]
fn a_reader_permits_nothing_at_connectors_that_it_does_not_serve() {
    let mut world = booted(3);
    world.act(Act::Tag(vec![at(1), at(2)], tag("ONE")));
    world.ev(3, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
    plugs_in(&mut world, 2);
}

#[test]
fn the_connector_that_was_waited_for_is_free_again_when_the_driver_plugs_in_elsewhere() {
    let mut world = booted(2);
    remote_start(&mut world);
    plugs_in(&mut world, 2);
    assert_eq!(
        world.statuses(1).last().map(String::as_str),
        Some("Available")
    );
    // Whoever plugs in there has to say who it is.
    world.ev(1, Ev::Plugged);
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn of_two_who_are_waited_for_the_first_comes_first_and_both_charge() {
    let mut world = booted(3);
    world.act(Act::Tag(vec![], tag("ONE")));
    world.run(Millis::from_secs(5));
    world.act(Act::Tag(vec![], tag("TWO")));
    plugs_in(&mut world, 3);
    world.ev(1, Ev::Plugged);
    world.ev(2, Ev::Plugged);
    let starts = world.sent("StartTransaction");
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[1]["idTag"], "TWO");
}

#[test]
fn a_tag_that_is_taken_back_starts_nowhere() {
    let mut world = booted(2);
    world.act(Act::Tag(vec![], tag("ONE")));
    world.act(Act::Tag(vec![], tag("ONE")));
    world.ev(2, Ev::Plugged);
    world.ev(1, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
}

#[test]
fn a_permission_that_ran_out_starts_nowhere() {
    let mut world = World::booted(with(2, &[("ConnectionTimeOut", "30")]));
    world.meter(2, 100);
    remote_start(&mut world);
    world.run(Millis::from_secs(31));
    world.ev(2, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
}

#[test]
fn a_fault_at_the_connector_that_is_waited_for_leaves_the_others() {
    let mut world = booted(2);
    remote_start(&mut world);
    world.fact(Fact::Fault(
        place(1),
        Some(evcp::core::Fault {
            code: evcp::types::ChargePointErrorCode::GroundFailure,
            info: None,
            vendor_code: None,
        }),
    ));
    plugs_in(&mut world, 2);
}

#[test]
fn who_unlocks_a_connector_lets_nobody_start_there_who_was_asked_for_before() {
    let mut setup = setup(2);
    setup.host.unlocks = true;
    let mut world = World::booted(setup);
    world.act(Act::Tag(vec![], tag("ONE")));
    world.call("UnlockConnector", json!({ "connectorId": 2 }));
    world.ev(2, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
    plugs_in(&mut world, 1);
}
