//! What OCPP says of boot and registration.
#![allow(clippy::panic)]

use evcp::core::{Act, Answer, Ev, Fact, Fault, Input, LinkEvent, Notice};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, CiString};
use evcp_testing::{boot, place, setup, told, with, Treat, World};
use serde_json::{json, Value};

fn actions(world: &World) -> Vec<&str> {
    let calls = world.central.calls.iter();
    calls.map(|(action, _)| action.as_str()).collect()
}

fn key(world: &mut World, name: &str) -> Value {
    let answer = world.call("GetConfiguration", json!({"key": [name]}));
    answer.expect("an answer")["configurationKey"][0]["value"].clone()
}

/// Everything that makes an accepted charge point talk.
fn provoke(world: &mut World) {
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.act(Act::DataTransfer {
        token: 1,
        vendor: CiString::truncated("org.example"),
        message: None,
        data: None,
    });
    world.ev(1, Ev::Absent);
}

// rules: 21
#[test]
fn after_a_start_the_boot_is_the_only_call_whatever_waits() {
    let mut world = World::booted(with(2, &[("AllowOfflineTxForUnknownId", "true")]));
    world.reachable = false;
    world.drop_link();
    world.charge(1, "ONE");
    world.run(Millis::from_secs(150));
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    world.power_cycle();
    world.reachable = true;
    world.central.calls.clear();
    world.central.treat("BootNotification", Treat::Silence);
    world.run(Millis(0));
    provoke(&mut world);
    world.run(Millis::from_secs(29));
    assert_eq!(actions(&world), ["BootNotification"]);
    world.run(Millis::from_secs(61));
    assert_eq!(world.sent("BootNotification").len(), 2);
    assert_eq!(world.engine().counters().queued, 0);
    assert!(world.central.sessions[0].stop.is_some());
}

// rules: 22
#[test]
fn accepted_with_an_interval_the_heartbeat_follows_it() {
    let mut world = told(setup(1), "Accepted", 17);
    assert_eq!(key(&mut world, "HeartbeatInterval"), "17");
    world.run(Millis::from_secs(50));
    assert_eq!(world.sent("Heartbeat").len(), 2);
    world.run(Millis::from_secs(1));
    assert_eq!(world.sent("Heartbeat").len(), 3);
}

// rules: 22
#[test]
fn accepted_without_an_interval_the_heartbeat_keeps_the_stored_one() {
    let mut world = World::booted(setup(1));
    let change = json!({"key": "HeartbeatInterval", "value": "45"});
    world.call("ChangeConfiguration", change);
    world.power_cycle();
    world.central.calls.clear();
    let answer = boot("Accepted", 0);
    world.central.treat("BootNotification", answer);
    world.run(Millis::from_secs(44));
    assert_eq!(key(&mut world, "HeartbeatInterval"), "45");
    assert!(world.sent("Heartbeat").is_empty());
    world.run(Millis::from_secs(1));
    assert_eq!(world.sent("Heartbeat").len(), 1);
}

// rules: 22
#[test]
fn not_accepted_the_interval_is_the_wait_and_zero_is_not_hammered() {
    for (status, interval, wait) in [
        ("Pending", 25, 25),
        ("Rejected", 25, 25),
        ("Pending", 0, 60),
        ("Rejected", 0, 60),
        ("Rejected", -5, 60),
    ] {
        let mut world = told(setup(1), status, interval);
        world.run(Millis::from_secs(wait - 1));
        assert_eq!(
            world.sent("BootNotification").len(),
            1,
            "{status} {interval}"
        );
        world.run(Millis::from_secs(1));
        assert_eq!(
            world.sent("BootNotification").len(),
            2,
            "{status} {interval}"
        );
        assert_ne!(key(&mut world, "HeartbeatInterval"), "25");
    }
}

// rules: 23
#[test]
fn a_rejected_charge_point_says_nothing_whatever_happens_and_whoever_asks() {
    let mut world = told(setup(1), "Rejected", 100);
    provoke(&mut world);
    for (action, payload) in [
        ("GetConfiguration", json!({})),
        (
            "TriggerMessage",
            json!({"requestedMessage": "BootNotification"}),
        ),
        ("RemoteStartTransaction", json!({"idTag": "ONE"})),
        ("Reset", json!({"type": "Hard"})),
        ("Nonsense", json!([])),
    ] {
        assert_eq!(world.call(action, payload), None, "{action}");
    }
    world.drop_link();
    world.run(Millis::from_secs(99));
    assert_eq!(actions(&world), ["BootNotification"]);
    assert!(world.central.answers.is_empty());
    world.run(Millis::from_secs(1));
    assert_eq!(
        actions(&world)[..2],
        ["BootNotification", "BootNotification"]
    );
}

// rules: 24
#[test]
fn a_pending_charge_point_sends_what_it_is_told_to_and_nothing_else() {
    let mut world = told(setup(1), "Pending", 100);
    world.meter(1, 700);
    provoke(&mut world);
    world.run(Millis::from_secs(50));
    assert_eq!(actions(&world), ["BootNotification"]);
    let wanted = [
        "StatusNotification",
        "MeterValues",
        "Heartbeat",
        "BootNotification",
    ];
    for (number, message) in wanted.into_iter().enumerate() {
        if message == "BootNotification" {
            let answer = boot("Pending", 100);
            world.central.treat(message, answer);
        }
        let request = json!({"requestedMessage": message, "connectorId": 1});
        let answer = world.call("TriggerMessage", request);
        assert_eq!(answer, Some(json!({"status": "Accepted"})), "{message}");
        assert_eq!(actions(&world)[1..], wanted[..=number]);
    }
    world.run(Millis::from_secs(99));
    assert_eq!(world.central.calls.len(), 5);
}

// rules: 24
#[test]
fn a_pending_charge_point_answers_every_question() {
    let mut world = told(setup(1), "Pending", 100);
    for (action, payload) in [
        (
            "ChangeAvailability",
            json!({"connectorId": 1, "type": "Inoperative"}),
        ),
        (
            "ChangeConfiguration",
            json!({"key": "ConnectionTimeOut", "value": "33"}),
        ),
        ("ClearCache", json!({})),
    ] {
        let answer = world.call(action, payload);
        assert_eq!(answer, Some(json!({"status": "Accepted"})), "{action}");
    }
    assert_eq!(key(&mut world, "ConnectionTimeOut"), "33");
    assert_eq!(actions(&world), ["BootNotification"]);
}

// rules: 25
#[test]
fn a_pending_charge_point_neither_starts_nor_stops_from_afar() {
    let mut world = World::booted(setup(2));
    world.charge(1, "ONE");
    let id = world.central.sessions[0].id;
    let answer = boot("Pending", 100);
    world.central.treat("BootNotification", answer);
    world.call(
        "TriggerMessage",
        json!({"requestedMessage": "BootNotification"}),
    );
    for (action, payload) in [
        ("RemoteStopTransaction", json!({ "transactionId": id })),
        (
            "RemoteStartTransaction",
            json!({"connectorId": 2, "idTag": "TWO"}),
        ),
    ] {
        let answer = world.call(action, payload);
        assert_eq!(answer, Some(json!({"status": "Rejected"})), "{action}");
    }
    world.run(Millis::from_secs(10));
    assert_eq!(world.central.sessions.len(), 1);
    assert_eq!(world.central.sessions[0].stop, None);
}

// rules: 27
#[test]
fn after_acceptance_the_statuses_are_those_of_now_and_before_it_there_are_none() {
    let mut world = World::booted(setup(3));
    let unavailable = json!({"connectorId": 3, "type": "Inoperative"});
    world.call("ChangeAvailability", unavailable);
    world.power_cycle();
    world.central.calls.clear();
    let answer = boot("Pending", 10);
    world.central.treat("BootNotification", answer);
    world.run(Millis(0));
    world.ev(1, Ev::Plugged);
    let fault = Fault {
        code: ChargePointErrorCode::HighTemperature,
        info: None,
        vendor_code: None,
    };
    world.fact(Fact::Fault(place(2), Some(fault)));
    assert!(world.sent("StatusNotification").is_empty());
    world.run(Millis::from_secs(10));
    let shown: Vec<_> = (0..=3).map(|number| world.statuses(number)).collect();
    assert_eq!(
        shown,
        [["Available"], ["Preparing"], ["Faulted"], ["Unavailable"]]
    );
}

// rules: 28
#[test]
fn what_a_power_cut_interrupted_is_stopped_before_anything_newer_starts() {
    let mut world = World::booted(with(1, &[("AllowOfflineTxForUnknownId", "true")]));
    world.charge(1, "ONE");
    world.power_cycle();
    world.reachable = false;
    world.run(Millis::from_secs(2));
    world.charge(1, "TWO");
    world.run(Millis::from_secs(30));
    world.central.calls.clear();
    world.reachable = true;
    world.run(Millis::from_secs(130));
    let transactional = ["StartTransaction", "StopTransaction"];
    let order: Vec<_> = actions(&world)
        .into_iter()
        .filter(|action| transactional.contains(action))
        .collect();
    assert_eq!(order, ["StopTransaction", "StartTransaction"]);
    assert_eq!(actions(&world)[0], "BootNotification");
    let stop = world.central.sessions[0]
        .stop
        .as_ref()
        .expect("it is stopped");
    assert_eq!(stop["reason"], "PowerLoss");
    assert_eq!(world.central.sessions[1].start["idTag"], "TWO");
}

// rules: 33
#[test]
fn a_boot_says_what_is_known_of_the_device_and_leaves_out_the_rest() {
    let world = World::booted(setup(1));
    let least = json!({"chargePointVendor": "evcp", "chargePointModel": "world"});
    assert_eq!(world.sent("BootNotification"), [least]);
    let mut full = setup(1);
    let long = "x".repeat(99);
    full.device.vendor = CiString::truncated(&long);
    full.device.model = CiString::truncated(&long);
    full.device.serial = Some(CiString::truncated(&long));
    full.device.firmware = Some(CiString::truncated(&long));
    full.device.iccid = Some(CiString::truncated(&long));
    full.device.imsi = Some(CiString::truncated(&long));
    full.device.meter_type = Some(CiString::truncated(&long));
    full.device.meter_serial = Some(CiString::truncated(&long));
    let boot = World::booted(full).sent("BootNotification").remove(0);
    let lengths: Vec<_> = boot.as_object().expect("an object").iter().collect();
    let mut lengths: Vec<_> = lengths
        .into_iter()
        .map(|(name, value)| (name.as_str(), value.as_str().map_or(0, str::len)))
        .collect();
    lengths.sort_unstable();
    assert_eq!(
        lengths,
        [
            ("chargePointModel", 20),
            ("chargePointSerialNumber", 25),
            ("chargePointVendor", 20),
            ("firmwareVersion", 50),
            ("iccid", 20),
            ("imsi", 20),
            ("meterSerialNumber", 25),
            ("meterType", 25),
        ]
    );
}

// rules: 23, 24
#[test]
fn what_waits_behind_a_boot_that_is_not_accepted_is_not_sent() {
    for word in ["Pending", "Rejected"] {
        let mut world = World::booted(setup(1));
        world.central.treat("BootNotification", Treat::Silence);
        let request = json!({"requestedMessage": "BootNotification"});
        world.call("TriggerMessage", request);
        provoke(&mut world);
        world.central.calls.clear();
        let boot = world
            .central
            .frames
            .iter()
            .rfind(|frame| frame[2] == "BootNotification");
        let id = boot.expect("it was sent")[1].clone();
        let time = "2026-01-01T00:00:00Z";
        let answer = json!([3, id, {"status": word, "currentTime": time, "interval": 100}]);
        world.give(Input::Link(LinkEvent::Text(&answer.to_string())));
        world.run(Millis::from_secs(99));
        assert_eq!(actions(&world), [""; 0], "{word}");
    }
}

// rules: 23
#[test]
fn what_the_firmware_still_has_to_answer_is_not_answered_once_we_are_rejected() {
    let mut world = World::booted(setup(1));
    world.call("UnlockConnector", json!({"connectorId": 1}));
    let asked = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, _) => Some(*request),
        _ => None,
    });
    let answer = boot("Rejected", 100);
    world.central.treat("BootNotification", answer);
    world.call(
        "TriggerMessage",
        json!({"requestedMessage": "BootNotification"}),
    );
    world.central.answers.clear();
    world.give(Input::Answer(asked.expect("it is asked"), Answer::Accepted));
    assert_eq!(world.central.answers, [Value::Null; 0]);
}

// rules: 33
#[test]
fn a_text_that_is_empty_is_left_out_of_the_boot() {
    let mut empty = setup(1);
    empty.device.serial = Some(CiString::truncated(""));
    empty.device.imsi = Some(CiString::truncated(""));
    let boot = World::booted(empty).sent("BootNotification").remove(0);
    assert_eq!(
        boot.as_object().map(serde_json::Map::len),
        Some(2),
        "{boot}"
    );
}

// rules: 23
#[test]
fn a_rejection_counts_although_another_boot_was_triggered_meanwhile() {
    let mut world = told(setup(1), "Pending", 30);
    world.central.treat("BootNotification", Treat::Silence);
    world.run(Millis::from_secs(30));
    world.call(
        "TriggerMessage",
        json!({"requestedMessage": "BootNotification"}),
    );
    let boot = |frame: &&Value| frame[2] == "BootNotification";
    let asked = world.central.frames.iter().rfind(boot).expect("a boot")[1].clone();
    let payload =
        json!({"status": "Rejected", "currentTime": "2026-01-01T00:00:00Z", "interval": 300});
    let answer = json!([3, asked, payload]).to_string();
    world.give(Input::Link(LinkEvent::Text(&answer)));
    world.central.calls.clear();
    world.run(Millis::from_secs(299));
    assert_eq!(actions(&world), Vec::<&str>::new());
    world.run(Millis::from_secs(1));
    assert_eq!(actions(&world)[0], "BootNotification");
}
