//! What OCPP-J says of frames, calls, ids and pings.
#![allow(clippy::panic)]

use evcp::core::{
    Act, CloseReason, DataTransferOutcome, Due, Effect, Engine, Ev, Fact, Fault, Input, LinkEvent,
    Notice, Reading, Stored,
};
use evcp::time::Millis;
use evcp::types::{AuthorizationStatus, ChargePointErrorCode, CiString, Measurand};
use evcp_testing::{place, setup, with, Treat, World};
use serde_json::{json, Value};

/// The central system writes whatever it likes; what comes back, if anything does.
fn write(world: &mut World, text: &str) -> Option<Value> {
    let before = world.central.answers.len();
    world.give(Input::Link(LinkEvent::Text(text)));
    world.central.answers.get(before).cloned()
}

/// The ids of the calls with that action, in order.
fn ids(world: &World, action: &str) -> Vec<String> {
    let calls = world.central.frames.iter();
    let calls = calls.filter(|frame| frame[0] == 2 && frame[2] == action);
    calls
        .map(|frame| frame[1].as_str().expect("ids are strings").to_owned())
        .collect()
}

fn change(world: &mut World, key: &str, value: &str) -> Option<Value> {
    world.call("ChangeConfiguration", json!({"key": key, "value": value}))
}

// rules: 5
#[test]
fn one_call_waits_for_its_answer_and_those_of_the_central_system_are_answered_meanwhile() {
    let mut world = World::booted(setup(2));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "ONE");
    world.ev(2, Ev::Plugged);
    world.run(Millis::from_secs(29));
    assert_eq!(world.statuses(2), ["Available"]);
    let answer = world.call("GetConfiguration", json!({"key": ["NumberOfConnectors"]}));
    assert!(answer.is_some());
    world.run(Millis::from_secs(1));
    assert_eq!(world.statuses(2), ["Available", "Preparing"]);
}

// rules: 6
#[test]
fn an_answer_after_the_message_time_out_is_ignored() {
    let mut world = World::booted(with(2, &[("MessageTimeout", "5")]));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "ONE");
    let told = |world: &World, status| {
        let is = |notice: &Notice| matches!(notice, Notice::Authorized { status: s, .. } if *s == status);
        world.told.iter().any(is)
    };
    world.run(Millis(4_999));
    assert!(!told(&world, AuthorizationStatus::Invalid));
    world.run(Millis(1));
    assert!(told(&world, AuthorizationStatus::Invalid));
    let id = ids(&world, "Authorize").remove(0);
    world.central.treat("Authorize", Treat::Silence);
    world.show(2, "TWO");
    let frames = world.central.frames.len();
    let late = json!([3, id, {"idTagInfo": {"status": "Accepted"}}]).to_string();
    assert_eq!(write(&mut world, &late), None);
    world.run(Millis(4_999));
    assert!(!told(&world, AuthorizationStatus::Accepted));
    assert_eq!(world.central.frames.len(), frames);
}

// rules: 7
#[test]
fn no_message_id_is_used_twice_on_any_connection_or_in_any_run() {
    let mut world = World::booted(setup(2));
    world.meter(1, 100);
    for run in 0..4 {
        world.charge(1, &format!("T{run}"));
        world.run(Millis::from_secs(400));
        world.drop_link();
        world.run(Millis::from_secs(5));
        world.power_cycle();
        world.meter(1, 100);
        world.run(Millis::from_secs(1));
    }
    let calls = world.central.frames.iter().filter(|frame| frame[0] == 2);
    let mut all: Vec<_> = calls
        .map(|frame| frame[1].as_str().expect("ids are strings"))
        .collect();
    assert!(all.len() > 40, "{} calls", all.len());
    assert!(all.iter().all(|id| (1..=36).contains(&id.chars().count())));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

// rules: 7, 62, 63
#[test]
fn a_repeated_message_keeps_its_id_and_one_that_is_refused_gets_another() {
    let mut world = World::booted(setup(1));
    for how in [Treat::Silence, Treat::Silence, Treat::Silence] {
        world.central.treat("StartTransaction", how);
    }
    world.charge(1, "ONE");
    world.drop_link();
    world.run(Millis::from_secs(600));
    let repeated = ids(&world, "StartTransaction");
    assert_eq!(repeated.len(), 4);
    assert!(repeated.iter().all(|id| *id == repeated[0]), "{repeated:?}");

    world.central.treat("StopTransaction", Treat::Error);
    world.show(1, "ONE");
    world.run(Millis::from_secs(600));
    let refused = ids(&world, "StopTransaction");
    assert_eq!(refused.len(), 2);
    assert_ne!(refused[0], refused[1]);
}

// rules: 8
#[test]
fn an_answer_carries_the_id_of_its_call_whatever_that_is() {
    let mut world = World::booted(setup(1));
    let long = "é".repeat(36);
    for id in ["1", " ", "a\"b\\", "null", &long] {
        for action in ["GetConfiguration", "Getconfiguration"] {
            let text = json!([2, id, action, {}]).to_string();
            let answer = write(&mut world, &text).expect("an answer");
            assert_eq!(answer[1], id);
            assert_eq!(answer[0], if action == "GetConfiguration" { 3 } else { 4 });
        }
    }
}

// rules: 9
#[test]
fn frames_have_their_shape_and_null_is_taken_for_an_empty_payload() {
    let mut world = World::booted(setup(1));
    let answer = write(&mut world, "[2,\"a\",\"GetConfiguration\",null]").expect("an answer");
    assert_eq!(answer.as_array().map(Vec::len), Some(3));
    assert!(answer[2].is_object());
    let error = write(&mut world, "[2,\"b\",\"Nonsense\",{}]").expect("an answer");
    assert_eq!(error.as_array().map(Vec::len), Some(5));
    assert!(error[3].is_string() && error[4] == json!({}), "{error}");
    world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
    let beat = world.central.frames.last().expect("a heartbeat");
    assert_eq!(
        (&beat[0], &beat[2], &beat[3], beat.as_array().map(Vec::len)),
        (&json!(2), &json!("Heartbeat"), &json!({}), Some(4))
    );
}

// rules: 12
#[test]
fn each_fault_of_a_call_has_its_code() {
    let mut world = World::booted(setup(1));
    for (action, payload, code) in [
        ("Nonsense", json!({}), "NotImplemented"),
        (
            "GetDiagnostics",
            json!({"location": "ftp://x"}),
            "NotSupported",
        ),
        ("Authorize", json!({"idTag": "A"}), "NotSupported"),
        ("Reset", json!({}), "OccurenceConstraintViolation"),
        (
            "Reset",
            json!({"type": "Soft", "x": 1}),
            "FormationViolation",
        ),
        ("Reset", json!([]), "FormationViolation"),
        ("Reset", json!({"type": 1}), "TypeConstraintViolation"),
        (
            "Reset",
            json!({"type": "Cold"}),
            "PropertyConstraintViolation",
        ),
        (
            "RemoteStartTransaction",
            json!({"idTag": "123456789012345678901"}),
            "PropertyConstraintViolation",
        ),
    ] {
        let text = json!([2, "x", action, payload]).to_string();
        let answer = write(&mut world, &text).expect("an answer");
        assert_eq!(
            (&answer[0], &answer[2]),
            (&json!(4), &json!(code)),
            "{text}"
        );
    }
}

// rules: 13
#[test]
fn what_is_refused_is_answered_with_a_status_and_not_with_an_error() {
    let mut setup = with(2, &[("AuthorizationCacheEnabled", "false")]);
    setup.host.resets = false;
    let mut world = World::booted(setup);
    for (action, payload, status) in [
        (
            "ChangeAvailability",
            json!({"connectorId": 9, "type": "Inoperative"}),
            "Rejected",
        ),
        (
            "ChangeConfiguration",
            json!({"key": "Nonsense", "value": ""}),
            "NotSupported",
        ),
        (
            "ChangeConfiguration",
            json!({"key": "HeartbeatInterval", "value": ""}),
            "Rejected",
        ),
        ("ClearCache", json!({}), "Rejected"),
        (
            "RemoteStartTransaction",
            json!({"connectorId": 9, "idTag": "A"}),
            "Rejected",
        ),
        (
            "RemoteStopTransaction",
            json!({"transactionId": 9}),
            "Rejected",
        ),
        ("Reset", json!({"type": "Hard"}), "Rejected"),
        (
            "TriggerMessage",
            json!({"requestedMessage": "MeterValues", "connectorId": 9}),
            "Rejected",
        ),
        ("UnlockConnector", json!({"connectorId": 9}), "NotSupported"),
    ] {
        let text = json!([2, "x", action, payload]).to_string();
        let answer = write(&mut world, &text).expect("an answer");
        assert_eq!(
            (&answer[0], &answer[2]),
            (&json!(3), &json!({"status": status})),
            "{text}"
        );
    }
}

// rules: 16
#[test]
fn a_temperature_is_sent_in_kelvin_which_every_central_system_knows() {
    let mut world = World::booted(with(2, &[("MeterValuesSampledData", "Temperature")]));
    let (measurand, milli) = (Measurand::Temperature, 21_500);
    let reading = Reading {
        measurand,
        phase: None,
        location: None,
        milli,
    };
    world.fact(Fact::Meter(place(1), vec![reading]));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60));
    let sample = &world.sent("MeterValues")[0]["meterValue"][0]["sampledValue"][0];
    assert_eq!(
        (&sample["value"], &sample["unit"]),
        (&json!("294.65"), &json!("K"))
    );
}

// rules: 17
#[test]
fn a_ping_is_due_after_the_interval_and_a_change_counts_at_once() {
    let mut world = World::booted(with(2, &[("WebSocketPingInterval", "20")]));
    let due = |world: &World, secs| Some((world.now.mono + Millis::from_secs(secs), Due::Ping));
    assert_eq!(world.engine().deadline(), due(&world, 20));
    world.run(Millis::from_secs(10));
    change(&mut world, "WebSocketPingInterval", "7");
    assert_eq!(world.engine().deadline(), due(&world, 7));
    change(&mut world, "WebSocketPingInterval", "0");
    assert!(world
        .engine()
        .deadline()
        .is_some_and(|(_, due)| due == Due::Heartbeat));
    let answer = change(&mut world, "WebSocketPingInterval", "-1");
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
}

/// Proxies cut a link on which nothing came for a while, nginx after 60 s unless it is told otherwise.
// rules: 17
#[test]
fn a_quiet_link_says_something_well_before_a_proxy_of_60_s_cuts_it() {
    let world = World::booted(setup(2));
    let ping = (world.now.mono + Millis::from_secs(30), Due::Ping);
    assert_eq!(world.engine().deadline(), Some(ping));
}

// rules: 17
#[test]
fn a_connection_whose_pings_stay_unanswered_is_made_anew() {
    let mut world = World::booted(with(2, &[("WebSocketPingInterval", "20")]));
    let wants = |world: &mut World, secs| {
        world.now.mono = world.now.mono + Millis::from_secs(secs);
        world.wants(Input::Deadline)
    };
    assert_eq!(wants(&mut world, 20), [Effect::Ping]);
    assert_eq!(wants(&mut world, 19), []);
    let effects = wants(&mut world, 1);
    assert_eq!(effects[0], Effect::Close(CloseReason::NoPong));
    let effects = wants(&mut world, 2);
    assert!(matches!(effects[..], [Effect::Connect(_)]), "{effects:?}");
}

/// How long it waits after each loss of a connection on which the central system did `what`.
fn waits_after(world: &mut World, what: impl Fn(&mut World)) -> Vec<u64> {
    let wait = |_| {
        what(world);
        world.drop_link();
        let (at, due) = world.engine().deadline().expect("a wait");
        assert_eq!(due, Due::Reconnect);
        let wait = at.0 - world.now.mono.0;
        world.run(Millis(wait));
        assert!(world.connected);
        wait / 1000
    };
    (0..5).map(wait).collect()
}

fn without_jitter() -> World {
    let mut setup = with(1, &[("WebSocketPingInterval", "20")]);
    setup.tuning.reconnect_jitter = 0;
    World::booted(setup)
}

// rules: 3
#[test]
fn a_central_system_that_talks_nonsense_and_hangs_up_is_tried_ever_more_rarely() {
    let mut world = without_jitter();
    let waits = waits_after(&mut world, |world| {
        write(world, "nonsense");
        world.give(Input::Link(LinkEvent::Garbage));
        // Not asked for, so it proves nothing.
        world.give(Input::Link(LinkEvent::Pong));
    });
    assert_eq!(waits, [2, 4, 8, 16, 32]);
}

// rules: 3
#[test]
fn a_central_system_that_answers_and_hangs_up_is_tried_ever_more_rarely() {
    let mut world = without_jitter();
    world.run(Millis::from_secs(3_600));
    let question = "[2,\"a\",\"GetConfiguration\",{\"key\":[\"NumberOfConnectors\"]}]";
    let waits = waits_after(&mut world, |world| {
        write(world, question);
    });
    // The first was good for an hour.
    assert_eq!(waits, [2, 4, 8, 16, 32]);
}

// rules: 3
#[test]
fn a_connection_that_proved_itself_is_soon_made_anew() {
    let mut world = without_jitter();
    let question = "[2,\"a\",\"GetConfiguration\",{\"key\":[\"NumberOfConnectors\"]}]";
    let waits = waits_after(&mut world, |world| {
        write(world, question);
        world.run(Millis::from_secs(10));
    });
    assert_eq!(waits, [2, 2, 2, 2, 2]);
    let waits = waits_after(&mut world, |world| {
        world.now.mono = world.now.mono + Millis::from_secs(20);
        let effects = world.wants(Input::Deadline);
        assert!(effects.contains(&Effect::Ping), "{effects:?}");
        world.give(Input::Link(LinkEvent::Pong));
    });
    assert_eq!(waits, [2, 2, 2, 2, 2]);
}

// rules: 17
#[test]
fn a_dead_connection_is_found_before_a_transaction_message_is_given_up() {
    let world = World::booted(setup(1));
    let secs = |name: &str| {
        let value = world.engine().settings().find(|(key, _)| *key == name);
        let value = value.and_then(|(_, value)| value?.parse::<u64>().ok());
        value.expect("a number")
    };
    let patience = secs("TransactionMessageAttempts") * secs("TransactionMessageRetryInterval");
    assert!(secs("WebSocketPingInterval") < patience);
}

// rules: 20
#[test]
fn a_tag_is_any_text_and_is_sent_as_it_was_shown() {
    let mut world = World::booted(setup(1));
    world.charge(1, "mÄx \"7\" x");
    world.show(1, "MÄX \"7\" X");
    assert_eq!(world.sent("Authorize"), [json!({"idTag": "mÄx \"7\" x"})]);
    let session = &world.central.sessions[0];
    assert_eq!(session.start["idTag"], "mÄx \"7\" x");
    let stop = session.stop.as_ref().expect("case does not matter");
    assert_eq!(stop["idTag"], "mÄx \"7\" x", "as it started");
}

/// The firmware sends that much vendor data, all at once.
fn send_data(world: &mut World, count: u64) {
    for token in 0..count {
        let vendor = CiString::truncated("evcp");
        world.act(Act::DataTransfer {
            token,
            vendor,
            message: None,
            data: None,
        });
    }
}

#[test]
fn vendor_data_that_comes_in_a_flood_leaves_transactions_every_other_turn() {
    let mut world = World::booted(with(1, &[("MessageTimeout", "10")]));
    world.central.treat("DataTransfer", Treat::Silence);
    send_data(&mut world, 100);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(11));
    let order: Vec<_> = world
        .central
        .calls
        .iter()
        .map(|(action, _)| action.as_str())
        .collect();
    let place = |name| {
        order
            .iter()
            .position(|action| *action == name)
            .expect("it was sent")
    };
    let data = order[..place("StartTransaction")]
        .iter()
        .filter(|action| **action == "DataTransfer");
    assert!(data.count() <= 3, "{order:?}");
    // And what does not fit is refused rather than kept without bounds.
    let refused = |notice: &&Notice| {
        matches!(
            notice,
            Notice::DataTransferred(_, DataTransferOutcome::Failed(_))
        )
    };
    assert!(world.told.iter().filter(refused).count() > 60);
}

/// Found by the program that calls every function from many threads.
#[test]
fn values_that_were_asked_for_do_not_come_after_the_end_of_their_transaction() {
    let mut world = World::booted(with(1, &[("MessageTimeout", "10")]));
    world.charge(1, "ONE");
    world.meter(1, 1_000);
    world.central.treat("DataTransfer", Treat::Silence);
    send_data(&mut world, 10);
    let trigger = json!({"requestedMessage": "MeterValues", "connectorId": 1});
    world.call("TriggerMessage", trigger);
    world.show(1, "ONE");
    world.run(Millis::from_secs(30));
    let place = |name: &str| {
        let calls = &world.central.calls;
        let at = calls.iter().rposition(|(action, _)| action == name);
        at.expect("it was sent")
    };
    assert!(place("MeterValues") < place("StopTransaction"));
}

#[test]
fn a_fault_that_comes_and_goes_without_end_leaves_transactions_their_turn() {
    let mut world = World::booted(with(2, &[("MessageTimeout", "2")]));
    world.charge(1, "ONE");
    // There is always a status to tell before the last one has its answer.
    for round in 0..60 {
        world.central.treat("StatusNotification", Treat::Silence);
        let fault = (round % 2 == 0).then_some(Fault {
            code: ChargePointErrorCode::GroundFailure,
            info: None,
            vendor_code: None,
        });
        world.fact(Fact::Fault(place(2), fault));
        if round == 10 {
            world.show(1, "ONE");
        }
        world.run(Millis::from_secs(1));
    }
    assert_eq!(world.sent("StopTransaction").len(), 1);
}

/// Found by the simulation: a start that was sent twice, refused once and booked once was sent as a new
/// call, and booked again.
// rules: 7, 62
#[test]
fn a_message_keeps_its_id_after_a_refusal_while_another_copy_of_it_has_no_answer() {
    let keys = [
        ("MessageTimeout", "10"),
        ("TransactionMessageRetryInterval", "10"),
    ];
    let mut world = World::booted(with(1, &keys));
    // The first copy is booked and not answered; the second is refused.
    world.central.treat("StartTransaction", Treat::Silence);
    world.central.treat("StartTransaction", Treat::Error);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60));
    let sent = ids(&world, "StartTransaction");
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(sent.iter().all(|id| *id == sent[0]), "{sent:?}");
    assert_eq!(world.central.sessions.len(), 1);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "before the effects of the last one")]
fn a_driver_that_leaves_effects_undone_is_found() {
    let now = World::new(setup(1)).now;
    let engine = Engine::new(setup(1), Stored::default(), now);
    let mut engine = engine.expect("the set-up is good");
    engine.handle(now, Input::Deadline);
}
