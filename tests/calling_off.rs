//! Every way to end or forbid a session works in every state of a session (OCPP 1.6 §4.9, §5.18).
#![allow(clippy::panic)]

use evcp::core::{
    Act, Answer, Ev, Fact, Fault, Input, Notice, Question, Reading, RequestId, Setup, Wh,
};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, Reason};
use evcp_testing::{at, place, tag, Treat, World};
use serde_json::json;

fn asked() -> Setup {
    let mut setup = evcp_testing::with(1, &[]);
    setup.host.reads_meter = true;
    setup
}

fn question(world: &World) -> RequestId {
    let last = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, Question::ReadMeter(..)) => Some(*request),
        _ => None,
    });
    last.expect("the meter was asked for")
}

fn shows(world: &mut World, wh: i64) {
    let request = question(world);
    let readings = vec![Reading::energy(Wh(wh))];
    world.give(Input::Answer(request, Answer::Meter(readings)));
}

fn fault(world: &mut World, number: u32, code: Option<ChargePointErrorCode>) {
    let fault = code.map(|code| Fault {
        code,
        info: None,
        vendor_code: None,
    });
    world.fact(Fact::Fault(place(number), fault));
}

/// A vehicle is plugged in, a tag was accepted, and the first reading is waited for.
fn starting() -> World {
    let mut world = World::booted(asked());
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world
}

/// Whatever is told now, no session begins.
fn nothing_begins(world: &mut World) {
    shows(world, 1_000);
    world.run(Millis::from_secs(30));
    assert!(world.sent("StartTransaction").is_empty());
    assert!(world.supply(1).is_none_or_off());
}

trait NoneOrOff {
    fn is_none_or_off(&self) -> bool;
}

impl NoneOrOff for Option<evcp::core::Supply> {
    fn is_none_or_off(&self) -> bool {
        self.map_or(true, |supply| !supply.permit)
    }
}

#[test]
fn a_fault_while_the_first_reading_is_waited_for_calls_the_session_off() {
    use ChargePointErrorCode::{ConnectorLockFailure, GroundFailure};
    for (number, code) in [
        (1, GroundFailure),
        (1, ConnectorLockFailure),
        (0, GroundFailure),
    ] {
        let mut world = starting();
        fault(&mut world, number, Some(code));
        nothing_begins(&mut world);
        // The end of the fault starts nothing that nobody asked for.
        fault(&mut world, number, None);
        world.run(Millis::from_secs(20));
        assert!(world.sent("StartTransaction").is_empty());
        world.show(1, "ONE");
        shows(&mut world, 1_000);
        assert_eq!(world.sent("StartTransaction").len(), 1);
    }
}

#[test]
fn an_emergency_stop_ends_a_session_in_each_of_its_states() {
    // Nothing but the tag; the tag is being asked about; the meter is; it runs.
    for state in 0..4 {
        let mut world = World::booted(asked());
        if state == 1 {
            world.central.treat("Authorize", Treat::Silence);
        }
        if state > 0 {
            world.ev(1, Ev::Plugged);
        }
        world.show(1, "ONE");
        if state == 3 {
            shows(&mut world, 1_000);
            world.ev(1, Ev::Charging);
        }
        world.act(Act::StopTx(at(1), Reason::EmergencyStop));
        if state == 1 {
            let frames = world.central.frames.iter().rev();
            let id = frames.clone().find(|frame| frame[2] == "Authorize");
            let id = id.expect("it was asked about")[1].clone();
            let late = json!([3, id, {"idTagInfo": {"status": "Accepted"}}]).to_string();
            world.give(Input::Link(evcp::core::LinkEvent::Text(&late)));
        }
        if state == 0 {
            world.ev(1, Ev::Plugged);
        }
        if state > 1 {
            shows(&mut world, 1_100);
        }
        world.run(Millis::from_secs(30));
        assert!(world.supply(1).is_none_or_off(), "state {state}");
        let stops = world.sent("StopTransaction");
        assert_eq!(stops.len(), usize::from(state == 3), "state {state}");
        if state == 3 {
            assert_eq!(stops[0]["reason"], "EmergencyStop");
        } else {
            assert!(world.sent("StartTransaction").is_empty(), "state {state}");
        }
    }
}

#[test]
fn power_that_fails_before_the_first_reading_starts_nothing() {
    let mut world = starting();
    world.act(Act::PowerFails);
    nothing_begins(&mut world);
}

// rules: 41
#[test]
fn a_tag_that_is_taken_back_while_the_meter_is_read_does_not_start() {
    let mut world = starting();
    world.show(1, "one");
    nothing_begins(&mut world);
}

#[test]
fn an_unlock_calls_off_what_has_not_begun_yet() {
    let mut world = starting();
    world.call("UnlockConnector", json!({"connectorId": 1}));
    nothing_begins(&mut world);
    // Also while the plug is still to come.
    let mut world = World::booted(asked());
    world.show(1, "ONE");
    world.call("UnlockConnector", json!({"connectorId": 1}));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(30));
    assert!(world.sent("StartTransaction").is_empty());
}

#[test]
fn a_reader_of_two_connectors_serves_the_other_one_when_one_is_stopped() {
    let mut setup = evcp_testing::with(2, &[]);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.central.treat("Authorize", Treat::Silence);
    world.act(Act::Tag(vec![at(1), at(2)], tag("ONE")));
    world.act(Act::StopTx(at(1), Reason::EmergencyStop));
    let frames = world.central.frames.iter().rev();
    let id = frames.clone().find(|frame| frame[2] == "Authorize");
    let id = id.expect("it was asked about")[1].clone();
    let text = json!([3, id, {"idTagInfo": {"status": "Accepted"}}]).to_string();
    world.give(Input::Link(evcp::core::LinkEvent::Text(&text)));
    world.ev(2, Ev::Plugged);
    shows(&mut world, 5);
    assert_eq!(world.sent("StartTransaction")[0]["connectorId"], 2);
}

#[test]
fn whoever_is_still_asked_about_when_a_running_session_is_stopped_does_not_start_behind_it() {
    let mut world = World::booted(evcp_testing::with(1, &[]));
    world.meter(1, 0);
    world.ev(1, Ev::Plugged);
    // Two tags at an outlet that is free: the second is still asked about when the first charges.
    world.central.habits.late = Millis::from_secs(5);
    world.show(1, "ONE");
    world.show(1, "TWO");
    world.run(Millis::from_secs(8));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.act(Act::StopTx(at(1), Reason::Local));
    world.run(Millis::from_secs(120));
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert!(world.supply(1).is_none_or_off());
}

// rules: 51
#[test]
fn a_vehicle_that_stops_drawing_because_energy_is_off_has_not_suspended() {
    for way in ["tag", "remote", "unlock"] {
        let mut world = starting();
        shows(&mut world, 1_000);
        world.ev(1, Ev::Charging);
        let id = world.central.sessions[0].id;
        match way {
            "tag" => world.show(1, "ONE"),
            "remote" => {
                world.call("RemoteStopTransaction", json!({"transactionId": id}));
            }
            _ => {
                world.call("UnlockConnector", json!({"connectorId": 1}));
            }
        }
        // The pilot goes back to state B, and the meter takes its time.
        world.ev(1, Ev::Plugged);
        world.run(Millis(300));
        shows(&mut world, 1_200);
        let statuses = world.statuses(1);
        assert_eq!(
            statuses,
            ["Available", "Preparing", "Charging", "Finishing"],
            "{way}"
        );
    }
}

#[test]
fn a_vehicle_has_time_to_react_when_a_fault_is_over() {
    let mut world = starting();
    shows(&mut world, 1_000);
    world.ev(1, Ev::Charging);
    fault(&mut world, 1, Some(ChargePointErrorCode::HighTemperature));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(60));
    fault(&mut world, 1, None);
    world.run(Millis::from_secs(2));
    world.ev(1, Ev::Charging);
    let statuses = world.statuses(1);
    assert!(
        !statuses.contains(&"SuspendedEV".to_owned()),
        "{statuses:?}"
    );
    assert_eq!(statuses.last().map(String::as_str), Some("Charging"));
}
