//! What the charger itself decides: it pauses, it authorizes, it takes back (OCPP 1.6 §4.9).

use evcp::core::{Act, Ev, Evse, Fact, Place};
use evcp::types::CiString;
use evcp_testing::{at, setup, tag, World};

fn paused(reason: &str) -> Fact {
    let reason = Some(CiString::truncated(reason));
    Fact::Evse(at(1), Evse::Paused { reason })
}

fn permits(world: &World) -> bool {
    world.supply(1).is_some_and(|supply| supply.permit)
}

fn statuses(world: &World) -> Vec<String> {
    let sent = world.sent("StatusNotification");
    let of_one = sent.iter().filter(|status| status["connectorId"] == 1);
    let text =
        |status: &serde_json::Value| status["status"].as_str().unwrap_or_default().to_owned();
    of_one.map(text).collect()
}

// rules: 42
#[test]
fn a_charger_that_pauses_keeps_the_transaction_without_energy_and_says_why() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    world.charge(1, "ONE");
    assert!(permits(&world));
    world.fact(paused("too hot"));
    assert!(!permits(&world));
    let last = world.sent("StatusNotification").last().cloned();
    let last = last.expect("a status was told");
    assert_eq!(last["status"], "SuspendedEVSE");
    assert_eq!(last["info"], "too hot");
    assert_eq!(last["errorCode"], "NoError");
    assert!(world.sent("StopTransaction").is_empty());
    // The vehicle sees that energy is gone, and may ask again when it is back.
    world.ev(1, Ev::Plugged);
    world.fact(Fact::Evse(at(1), Evse::Ready));
    assert!(permits(&world));
    world.ev(1, Ev::Charging);
    assert_eq!(
        statuses(&world).last().map(String::as_str),
        Some("Charging")
    );
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn a_session_may_begin_while_the_charger_pauses_and_gets_energy_when_it_is_ready() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    world.fact(paused("phases are switched"));
    world.charge(1, "ONE");
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert!(!permits(&world));
    assert_eq!(
        statuses(&world).last().map(String::as_str),
        Some("SuspendedEVSE")
    );
    world.fact(Fact::Evse(at(1), Evse::Ready));
    assert!(permits(&world));
}

#[test]
fn whom_the_charger_authorizes_starts_without_a_question_to_the_central_system() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    world.ev(1, Ev::Plugged);
    world.act(Act::StartTx(at(1), tag("FREE")));
    assert!(world.sent("Authorize").is_empty());
    let started = world.sent("StartTransaction");
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["idTag"], "FREE");
    // A second one finds the connector taken.
    world.act(Act::StartTx(at(1), tag("OTHER")));
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn a_permission_that_is_cancelled_before_the_plug_starts_nothing() {
    let mut world = World::booted(setup(2));
    world.meter(1, 0);
    world.show(1, "ONE");
    assert_eq!(
        statuses(&world).last().map(String::as_str),
        Some("Preparing")
    );
    world.act(Act::Cancel(Place::Connector(at(1))));
    assert_eq!(
        statuses(&world).last().map(String::as_str),
        Some("Available")
    );
    world.ev(1, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
    // Everywhere in one go, and a new tag is a new beginning.
    world.show(1, "TWO");
    assert_eq!(world.sent("StartTransaction").len(), 1);
}

#[test]
fn to_cancel_stops_no_transaction() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.act(Act::Cancel(Place::ChargePoint));
    assert!(permits(&world));
    assert!(world.sent("StopTransaction").is_empty());
}
