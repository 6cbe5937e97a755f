//! What OCPP says of triggered messages and vendor data.
#![allow(clippy::panic)]

use evcp::core::{Act, Answer, DataTransferOutcome, Input, Notice, Question, RequestId};
use evcp::time::Millis;
use evcp::types::{CiString, DataTransferStatus};
use evcp_testing::{boot, setup, Treat, World};
use serde_json::{json, Value};

fn trigger(world: &mut World, message: &str, connector: Option<i32>) -> Option<Value> {
    let mut request = json!({ "requestedMessage": message });
    if let Some(connector) = connector {
        request["connectorId"] = json!(connector);
    }
    world.central.calls.clear();
    world.call("TriggerMessage", request)
}

fn status(status: &str) -> Option<Value> {
    Some(json!({ "status": status }))
}

/// The connectors that calls of an action named.
fn connectors(world: &World, action: &str) -> Vec<i64> {
    let sent = world.sent(action).into_iter();
    sent.map(|call| call["connectorId"].as_i64().expect("a number"))
        .collect()
}

/// The last question to the firmware.
fn asked(world: &World) -> (RequestId, Question) {
    let asked = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, question) => Some((*request, question.clone())),
        _ => None,
    });
    asked.expect("the firmware is asked")
}

// rules: 128
#[test]
fn a_trigger_is_answered_before_its_message_comes() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    for message in [
        "Heartbeat",
        "StatusNotification",
        "MeterValues",
        "BootNotification",
    ] {
        let before = world.central.frames.len();
        assert_eq!(
            trigger(&mut world, message, None),
            status("Accepted"),
            "{message}"
        );
        let frames = &world.central.frames[before..];
        assert_eq!((&frames[0][0], &frames[1][2]), (&json!(3), &json!(message)));
    }
}

// rules: 128
#[test]
fn a_trigger_for_no_connector_means_all_and_for_an_unknown_one_is_rejected() {
    let mut world = World::booted(setup(2));
    trigger(&mut world, "StatusNotification", None);
    assert_eq!(connectors(&world, "StatusNotification"), [0, 1, 2]);
    trigger(&mut world, "StatusNotification", Some(0));
    assert_eq!(connectors(&world, "StatusNotification"), [0]);
    trigger(&mut world, "StatusNotification", Some(2));
    assert_eq!(connectors(&world, "StatusNotification"), [2]);
    world.meter(1, 10);
    world.meter(2, 20);
    trigger(&mut world, "MeterValues", None);
    assert_eq!(connectors(&world, "MeterValues"), [1, 2]);
    for message in ["MeterValues", "StatusNotification"] {
        for unknown in [-1, 3] {
            let answer = trigger(&mut world, message, Some(unknown));
            assert_eq!(answer, status("Rejected"), "{message} {unknown}");
            assert!(world.central.calls.is_empty());
        }
    }
}

#[test]
fn what_is_triggered_before_the_first_registration_waits_for_it() {
    let mut world = World::new(setup(1));
    world.central.treat("BootNotification", Treat::Silence);
    world.meter(1, 100);
    world.run(Millis::from_secs(1));
    for message in ["StatusNotification", "Heartbeat", "MeterValues"] {
        assert_eq!(
            world.call("TriggerMessage", json!({ "requestedMessage": message })),
            Some(json!({"status": "Accepted"}))
        );
    }
    // The boot counts as unanswered, and the next one has its turn.
    world
        .central
        .treat("BootNotification", boot("Pending", 600));
    world.run(Millis::from_secs(300));
    let order: Vec<_> = world.central.calls.iter().map(|call| &call.0[..]).collect();
    let boots = order
        .iter()
        .take_while(|action| **action == "BootNotification");
    assert_eq!(boots.count(), 2, "{order:?}");
    let rest = &order[2..];
    for message in ["StatusNotification", "Heartbeat", "MeterValues"] {
        assert!(rest.contains(&message), "{order:?}");
    }
}

// rules: 129
#[test]
fn a_second_boot_is_sent_or_refused_as_the_setting_says() {
    for (accept, word, boots) in [(true, "Accepted", 1), (false, "Rejected", 0)] {
        let mut setup = setup(1);
        setup.tuning.accept_boot_trigger = accept;
        let mut world = World::booted(setup);
        assert_eq!(trigger(&mut world, "BootNotification", None), status(word));
        assert_eq!(world.sent("BootNotification").len(), boots);
    }
}

// rules: 129
#[test]
fn whatever_is_said_to_a_second_boot_the_transaction_goes_on() {
    for word in ["Accepted", "Pending", "Rejected"] {
        let mut world = World::booted(setup(1));
        world.meter(1, 0);
        world.charge(1, "ONE");
        let time = "2026-01-01T00:00:00Z";
        let answer = json!({"status": word, "currentTime": time, "interval": 100});
        world.central.treat("BootNotification", Treat::With(answer));
        trigger(&mut world, "BootNotification", None);
        world.central.calls.clear();
        world.meter(1, 50);
        world.run(Millis::from_secs(90));
        let sent = if word == "Accepted" { 1 } else { 0 };
        assert_eq!(world.sent("MeterValues").len(), sent, "{word}");
        assert!(world.supply(1).is_some_and(|supply| supply.permit));
        world.run(Millis::from_secs(10));
        assert_eq!(world.central.sessions[0].stop, None);
        assert_eq!(world.central.sessions[0].values.len(), 1, "{word}");
    }
}

// rules: 130
#[test]
fn without_diagnostics_and_firmware_updates_nothing_is_ever_said_of_them() {
    let mut world = World::booted(setup(1));
    for message in [
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ] {
        assert_eq!(trigger(&mut world, message, None), status("NotImplemented"));
        world.run(Millis::from_secs(3_600));
        assert!(world.sent(message).is_empty());
    }
}

// rules: 131
#[test]
fn vendor_data_that_nobody_here_understands_is_of_an_unknown_vendor() {
    let mut setup = setup(1);
    setup.host.transfers_data = false;
    let mut world = World::booted(setup);
    let answer = world.call(
        "DataTransfer",
        json!({"vendorId": "org.example", "data": "x"}),
    );
    assert_eq!(answer, status("UnknownVendorId"));
}

// cases: TC_062; rules: 131
#[test]
fn vendor_data_is_answered_as_the_firmware_says_and_an_unknown_vendor_gets_no_data() {
    use DataTransferStatus as S;
    let data = |status| Answer::Data(status, Some("back".to_owned()));
    for (answer, wanted) in [
        (
            data(S::Accepted),
            json!({"status": "Accepted", "data": "back"}),
        ),
        (
            data(S::UnknownMessageId),
            json!({"status": "UnknownMessageId", "data": "back"}),
        ),
        (
            data(S::UnknownVendorId),
            json!({"status": "UnknownVendorId"}),
        ),
        (Answer::NotSupported, json!({"status": "UnknownVendorId"})),
        (Answer::Rejected, json!({"status": "Rejected"})),
    ] {
        let mut world = World::booted(setup(1));
        let request = json!({"vendorId": "org.example", "messageId": "m", "data": "x"});
        assert_eq!(world.call("DataTransfer", request), None);
        let (request, question) = asked(&world);
        let put = Question::DataTransfer {
            vendor: "org.example".to_owned(),
            message: Some("m".to_owned()),
            data: Some("x".to_owned()),
        };
        assert_eq!(question, put);
        world.give(Input::Answer(request, answer));
        assert_eq!(world.answer_to("cs-1"), Some(wanted));
    }
}

// cases: X-064
#[test]
fn vendor_data_to_the_central_system_comes_back_with_its_outcome() {
    use DataTransferStatus as S;
    let failed = |text: &str| DataTransferOutcome::Failed(text.to_owned());
    let answered =
        |status, data: Option<&str>| DataTransferOutcome::Answered(status, data.map(str::to_owned));
    for (token, how, outcome) in [
        (
            1,
            Treat::With(json!({"status": "Accepted", "data": "y"})),
            answered(S::Accepted, Some("y")),
        ),
        (
            2,
            Treat::With(json!({"status": "UnknownVendorId"})),
            answered(S::UnknownVendorId, None),
        ),
        (3, Treat::Error, failed("InternalError: ")),
        (4, Treat::Silence, failed("no answer")),
    ] {
        let mut world = World::booted(setup(1));
        world.central.treat("DataTransfer", how);
        world.act(Act::DataTransfer {
            token,
            vendor: CiString::truncated("org.example"),
            message: Some(CiString::truncated("m")),
            data: Some("x".to_owned()),
        });
        let sent = json!({"vendorId": "org.example", "messageId": "m", "data": "x"});
        assert_eq!(world.sent("DataTransfer"), [sent]);
        world.run(Millis::from_secs(30));
        assert!(
            world
                .told
                .contains(&Notice::DataTransferred(token, outcome)),
            "{token}"
        );
    }
}

// rules: 128
#[test]
fn a_connector_that_does_not_matter_to_a_triggered_message_is_ignored() {
    let mut world = World::booted(setup(1));
    for message in ["Heartbeat", "BootNotification"] {
        for irrelevant in [0, 1, 99] {
            let answer = trigger(&mut world, message, Some(irrelevant));
            assert_eq!(answer, status("Accepted"), "{message} {irrelevant}");
            assert_eq!(world.sent(message).len(), 1);
        }
    }
}

// rules: 128
#[test]
fn a_trigger_for_a_message_that_is_none_is_not_implemented() {
    let mut world = World::booted(setup(1));
    for message in ["StartTransaction", "Nonsense"] {
        assert_eq!(trigger(&mut world, message, None), status("NotImplemented"));
    }
}
