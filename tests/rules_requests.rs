//! What the central system asks for: starts, stops, availability, resets (OCPP 1.6 §5).
#![allow(clippy::panic)]

use evcp::core::{Answer, Ev, Fact, Fault, Input, Notice, Question, RequestId};
use evcp::time::Millis;
use evcp::types::ChargePointErrorCode;
use evcp_testing::{place, with, Treat, World};
use serde_json::{json, Value};

fn status(answer: &Option<Value>) -> &str {
    let status = answer.as_ref().and_then(|answer| answer["status"].as_str());
    status.unwrap_or_else(|| panic!("no status: {answer:?}"))
}

fn availability(world: &mut World, connector: u32, kind: &str) -> String {
    let request = json!({"connectorId": connector, "type": kind});
    status(&world.call("ChangeAvailability", request)).to_owned()
}

fn question(world: &World) -> RequestId {
    let asked = |notice: &Notice| match notice {
        Notice::Ask(request, question) if !matches!(question, Question::ReadMeter(..)) => {
            Some(*request)
        }
        _ => None,
    };
    world
        .told
        .iter()
        .rev()
        .find_map(asked)
        .expect("it is asked")
}

// rules: 101, 102, 104
#[test]
fn a_remote_start_is_answered_before_it_is_tried_and_void_after_the_time_out() {
    let mut world = World::booted(with(2, &[("ConnectionTimeOut", "30")]));
    world.central.treat("Authorize", Treat::Silence);
    let request = json!({"connectorId": 1, "idTag": "ONE"});
    assert_eq!(
        status(&world.call("RemoteStartTransaction", request.clone())),
        "Accepted"
    );
    assert_eq!(world.sent("Authorize").len(), 1);
    assert!(world.sent("StartTransaction").is_empty());
    let change = json!({"key": "AuthorizeRemoteTxRequests", "value": "false"});
    world.run(Millis::from_secs(31));
    world.call("ChangeConfiguration", change);
    assert_eq!(
        status(&world.call("RemoteStartTransaction", request)),
        "Accepted"
    );
    assert_eq!(world.sent("Authorize").len(), 1);
    world.run(Millis::from_secs(30));
    world.ev(1, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
}

// rules: 103
#[test]
fn a_remote_start_is_rejected_where_nothing_can_start() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    availability(&mut world, 2, "Inoperative");
    let mut ask =
        |request: Value| status(&world.call("RemoteStartTransaction", request)).to_owned();
    for connector in [0, 1, 2, 3] {
        let request = json!({"connectorId": connector, "idTag": "TWO"});
        assert_eq!(ask(request), "Rejected", "connector {connector}");
    }
    assert_eq!(ask(json!({"idTag": "TWO"})), "Rejected");
    availability(&mut world, 2, "Operative");
    let fault = Fault {
        code: ChargePointErrorCode::GroundFailure,
        info: None,
        vendor_code: None,
    };
    world.fact(Fact::Fault(place(2), Some(fault)));
    let request = json!({"connectorId": 2, "idTag": "TWO"});
    assert_eq!(
        status(&world.call("RemoteStartTransaction", request)),
        "Rejected"
    );
    world.fact(Fact::Fault(place(2), None));
    // Without a connector the charge point picks the one that is free.
    let request = json!({"idTag": "TWO"});
    assert_eq!(
        status(&world.call("RemoteStartTransaction", request)),
        "Accepted"
    );
    world.ev(2, Ev::Plugged);
    assert_eq!(world.sent("StartTransaction")[1]["connectorId"], 2);
}

// rules: 105
#[test]
fn a_charging_profile_in_a_remote_start_must_be_for_it_and_is_ignored_without_smart_charging() {
    for (offered, purpose, expected) in [
        ("Core", "TxDefaultProfile", "Accepted"),
        ("Core,SmartCharging", "TxDefaultProfile", "Rejected"),
        ("Core,SmartCharging", "TxProfile", "Accepted"),
    ] {
        let mut world = World::booted(with(2, &[("SupportedFeatureProfiles", offered)]));
        let profile = json!({
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
            },
        });
        world.ev(1, Ev::Plugged);
        let request = json!({"connectorId": 1, "idTag": "ONE", "chargingProfile": profile});
        let answer = world.call("RemoteStartTransaction", request);
        assert_eq!(status(&answer), expected, "{offered} {purpose}");
        let amps = world.supply(1).and_then(|supply| supply.deciamps);
        let limit = match (expected, offered) {
            ("Rejected", _) => 0,
            (_, "Core") => 320,
            _ => 60,
        };
        assert_eq!(amps, Some(limit));
    }
}

// rules: 106, 107
#[test]
fn unlocking_ends_the_session_first_and_says_what_the_lock_did() {
    for (answer, expected) in [
        (Answer::Accepted, "Unlocked"),
        (Answer::Failed, "UnlockFailed"),
    ] {
        let mut world = World::booted(with(2, &[]));
        world.charge(1, "ONE");
        let none = world.call("UnlockConnector", json!({"connectorId": 1}));
        assert_eq!(none, None, "the firmware is asked first");
        let supply = world.supply(1).expect("it is commanded");
        assert_eq!((supply.permit, supply.lock), (false, false));
        assert_eq!(world.sent("StopTransaction")[0]["reason"], "UnlockCommand");
        let request = question(&world);
        world.give(Input::Answer(request, answer));
        let answers = &world.central.answers;
        assert_eq!(answers[answers.len() - 1][2]["status"], expected);
    }
    let mut setup = with(2, &[]);
    setup.connectors[0].lockable = false;
    let mut world = World::booted(setup);
    world.charge(1, "ONE");
    for connector in [1, 3, 99] {
        let answer = world.call("UnlockConnector", json!({ "connectorId": connector }));
        assert_eq!(status(&answer), "NotSupported");
    }
    assert!(world.central.sessions[0].stop.is_none());
}

// rules: 107
#[test]
fn energy_is_off_and_the_lock_free_before_the_meter_is_read_and_the_lock_is_moved() {
    let mut setup = with(2, &[]);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.meter(1, 100);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.run(Millis::from_secs(3));
    world.meter(1, 150);
    world.told.clear();
    world.call("UnlockConnector", json!({"connectorId": 1}));
    let said: Vec<_> = world
        .told
        .iter()
        .filter_map(|notice| match notice {
            Notice::Supply(_, supply) => Some(format!("{} {}", supply.permit, supply.lock)),
            Notice::Ask(_, Question::ReadMeter(..)) => Some("meter".to_owned()),
            Notice::Ask(_, Question::Unlock(_)) => Some("unlock".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["false false", "meter", "unlock"]);
}

// rules: 114, 115; cases: X-AVAIL
#[test]
fn availability_changes_at_once_where_nothing_goes_on_and_later_where_something_does() {
    let mut world = World::booted(with(2, &[]));
    assert_eq!(availability(&mut world, 1, "Inoperative"), "Accepted");
    assert_eq!(availability(&mut world, 1, "Inoperative"), "Accepted");
    assert_eq!(world.statuses(1), ["Available", "Unavailable"]);
    assert_eq!(availability(&mut world, 1, "Operative"), "Accepted");
    world.ev(2, Ev::Plugged);
    assert_eq!(availability(&mut world, 2, "Inoperative"), "Scheduled");
    world.ev(2, Ev::Absent);
    assert_eq!(world.statuses(2).pop().as_deref(), Some("Unavailable"));
    assert_eq!(availability(&mut world, 2, "Operative"), "Accepted");
    world.charge(1, "ONE");
    assert_eq!(availability(&mut world, 0, "Inoperative"), "Scheduled");
    assert_eq!(world.statuses(0).pop().as_deref(), Some("Unavailable"));
    assert_eq!(world.statuses(2).pop().as_deref(), Some("Unavailable"));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Charging"));
    world.show(1, "ONE");
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Unavailable"));
    assert_eq!(availability(&mut world, 9, "Inoperative"), "Rejected");
}

// rules: 115
#[test]
fn a_later_operative_takes_a_scheduled_inoperative_back() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    assert_eq!(availability(&mut world, 1, "Inoperative"), "Scheduled");
    assert_eq!(availability(&mut world, 1, "Operative"), "Accepted");
    world.show(1, "ONE");
    world.ev(1, Ev::Absent);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Available"));
}

// rules: 47, 116
#[test]
fn an_inoperative_that_is_only_scheduled_survives_a_power_cut() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    assert_eq!(availability(&mut world, 1, "Inoperative"), "Scheduled");
    world.power_cycle();
    world.run(Millis::from_secs(5));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Unavailable"));
}

// rules: 117
#[test]
fn an_operative_for_connector_zero_puts_every_connector_back_into_service() {
    let mut world = World::booted(with(2, &[]));
    availability(&mut world, 1, "Inoperative");
    availability(&mut world, 0, "Inoperative");
    availability(&mut world, 0, "Operative");
    for connector in [0, 1, 2] {
        assert_eq!(
            world.statuses(connector).pop().as_deref(),
            Some("Available")
        );
    }
}

fn reset(world: &mut World, kind: &str) {
    world.call("Reset", json!({ "type": kind }));
    let request = question(world);
    world.give(Input::Answer(request, Answer::Accepted));
    // What is said last is out for a moment, and so is the link closed.
    world.run(Millis(1_100));
}

fn reboots(world: &World) -> usize {
    let told = world.told.iter();
    told.filter(|notice| matches!(notice, Notice::Reboot { .. }))
        .count()
}

// rules: 118, 120
#[test]
fn a_reset_is_answered_then_sessions_are_stopped_then_the_host_restarts() {
    for (kind, reason) in [("Soft", "SoftReset"), ("Hard", "HardReset")] {
        let mut world = World::booted(with(2, &[]));
        world.charge(1, "ONE");
        reset(&mut world, kind);
        let answers = &world.central.answers;
        assert_eq!(answers[answers.len() - 1][2]["status"], "Accepted");
        assert_eq!(world.sent("StopTransaction")[0]["reason"], reason);
        assert!(world.told.contains(&Notice::Reboot {
            hard: kind == "Hard"
        }));
        world.power_cycle();
        world.ev(1, Ev::Plugged);
        world.run(Millis::from_secs(5));
        assert_eq!(world.sent("BootNotification").len(), 2);
        assert_eq!(world.statuses(1).pop().as_deref(), Some("Preparing"));
    }
}

// rules: 61, 118
#[test]
fn a_stop_that_nobody_confirmed_before_a_reset_is_sent_after_it() {
    let mut world = World::booted(with(2, &[]));
    world.charge(1, "ONE");
    world.central.treat("StopTransaction", Treat::Error);
    reset(&mut world, "Hard");
    world.run(Millis::from_secs(6));
    assert_eq!(reboots(&world), 1);
    assert!(world.central.sessions[0].stop.is_none());
    world.power_cycle();
    world.run(Millis::from_secs(200));
    let stop = world.central.sessions[0].stop.as_ref();
    assert_eq!(
        stop.map(|stop| stop["reason"].clone()),
        Some(json!("HardReset"))
    );
}

// rules: 119
#[test]
fn a_host_that_does_not_restart_is_told_again_as_often_as_the_key_says_and_then_work_goes_on() {
    let mut world = World::booted(with(2, &[("ResetRetries", "2")]));
    reset(&mut world, "Soft");
    assert_eq!(reboots(&world), 1);
    world.run(Millis::from_secs(130));
    assert_eq!(reboots(&world), 2);
    world.run(Millis::from_secs(120));
    assert_eq!(reboots(&world), 3);
    assert!(!world.connected);
    world.run(Millis::from_secs(130));
    assert_eq!(reboots(&world), 3);
    world.charge(1, "ONE");
    assert_eq!(world.central.sessions.len(), 1);
    assert_eq!(world.sent("BootNotification").len(), 2);
}

/// Found by the fuzzer of the engine: a second connection was opened beside the first.
// rules: 119
#[test]
fn a_network_that_comes_back_while_the_host_should_restart_is_used_once_when_its_time_is_over() {
    let mut world = World::booted(with(2, &[("ResetRetries", "1")]));
    reset(&mut world, "Soft");
    world.fact(Fact::Network(false));
    world.fact(Fact::Network(true));
    world.run(Millis::from_secs(200));
    assert!(!world.connected);
    world.run(Millis::from_secs(50));
    assert!(world.connected);
    assert_eq!(world.sent("BootNotification").len(), 2);
}

// rules: 65, 66
#[test]
fn a_remote_stop_knows_transactions_by_their_id_alone_and_every_number_is_one() {
    for id in [0, -1, -7] {
        let mut world = World::booted(with(2, &[]));
        let stop = json!({ "transactionId": id });
        assert_eq!(
            status(&world.call("RemoteStopTransaction", stop.clone())),
            "Rejected"
        );
        world.central.treat("StartTransaction", Treat::Silence);
        world.charge(1, "ONE");
        assert_eq!(
            status(&world.call("RemoteStopTransaction", stop)),
            "Rejected"
        );
        world.run(Millis::from_secs(200));
        let known = json!({"transactionId": world.central.sessions[0].id});
        assert_eq!(
            status(&world.call("RemoteStopTransaction", known)),
            "Accepted"
        );
        assert_eq!(world.sent("StopTransaction")[0]["reason"], "Remote");
    }
}
