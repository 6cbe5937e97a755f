//! Several faults at once, and who may put a connector out of service (OCPP 1.6 §4.9, §5.2).
#![allow(clippy::panic)]

use evcp::core::{Act, DeclaredKey, Engine, Ev, Fact, Fault, Setup, SetupError, Stored};
use evcp::time::{Millis, Now};
use evcp::types::{ChargePointErrorCode as Code, CiString, IdToken};
use evcp_testing::{at, place, setup, with, World};
use serde_json::json;

fn fault(code: Code) -> Fault {
    Fault {
        code,
        info: None,
        vendor_code: Some(CiString::truncated("E-17")),
    }
}

fn last_status(world: &World, connector: u32) -> (String, String) {
    let sent = world.sent("StatusNotification");
    let last = sent
        .iter()
        .rev()
        .find(|status| status["connectorId"] == connector);
    let last = last.expect("a status was told");
    let text = |name: &str| last[name].as_str().expect("a text").to_owned();
    (text("status"), text("errorCode"))
}

// rules: 45
#[test]
fn two_faults_at_once_are_over_one_by_one_and_energy_is_off_until_the_last_is() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.fact(Fact::Fault(place(1), Some(fault(Code::GroundFailure))));
    world.fact(Fact::Fault(place(1), Some(fault(Code::HighTemperature))));
    assert_eq!(
        last_status(&world, 1),
        ("Faulted".into(), "GroundFailure".into())
    );
    world.fact(Fact::FaultOver(place(1), Code::GroundFailure));
    assert_eq!(
        last_status(&world, 1),
        ("Faulted".into(), "HighTemperature".into())
    );
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
    world.fact(Fact::FaultOver(place(1), Code::HighTemperature));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    // And all of them in one go.
    world.fact(Fact::Fault(place(1), Some(fault(Code::GroundFailure))));
    world.fact(Fact::Fault(place(1), Some(fault(Code::HighTemperature))));
    world.fact(Fact::Fault(place(1), None));
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
}

#[test]
fn two_warnings_at_once_are_over_one_by_one() {
    let mut world = World::booted(setup(1));
    world.fact(Fact::Warning(place(1), Some(fault(Code::WeakSignal))));
    world.fact(Fact::Warning(place(1), Some(fault(Code::OverVoltage))));
    world.fact(Fact::WarningOver(place(1), Code::WeakSignal));
    assert_eq!(
        last_status(&world, 1),
        ("Available".into(), "OverVoltage".into())
    );
    world.fact(Fact::WarningOver(place(1), Code::OverVoltage));
    assert_eq!(
        last_status(&world, 1),
        ("Available".into(), "NoError".into())
    );
}

#[test]
fn an_error_code_of_the_vendors_own_goes_with_the_vendor() {
    let mut world = World::booted(setup(1));
    assert_eq!(world.sent("StatusNotification")[0].get("vendorId"), None);
    world.fact(Fact::Fault(place(1), Some(fault(Code::OtherError))));
    let status = world.sent("StatusNotification").pop().expect("told");
    assert_eq!(
        (&status["vendorErrorCode"], &status["vendorId"]),
        (&json!("E-17"), &json!("evcp"))
    );

    let mut setup = setup(1);
    setup.device.vendor_id = Some(CiString::truncated("org.example.charger"));
    let mut world = World::booted(setup);
    world.fact(Fact::Fault(place(1), Some(fault(Code::OtherError))));
    let status = world.sent("StatusNotification").pop().expect("told");
    assert_eq!(status["vendorId"], "org.example.charger");
}

fn availability(world: &mut World, connector: u32, kind: &str) -> String {
    let request = json!({"connectorId": connector, "type": kind});
    let answer = world
        .call("ChangeAvailability", request)
        .expect("an answer");
    answer["status"].as_str().expect("a status").to_owned()
}

// rules: 47
#[test]
fn what_a_technician_put_out_of_service_the_central_system_cannot_take_back() {
    let mut world = World::booted(setup(2));
    world.fact(Fact::Operative(place(1), false));
    assert_eq!(last_status(&world, 1).0, "Unavailable");
    assert_eq!(availability(&mut world, 1, "Operative"), "Rejected");
    // Of the whole charge point it may speak: the one connector stays as it is.
    assert_eq!(availability(&mut world, 0, "Operative"), "Accepted");
    assert_eq!(last_status(&world, 1).0, "Unavailable");
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert_eq!(availability(&mut world, 1, "Operative"), "Rejected");
    world.show(1, "ONE");
    world.ev(1, Ev::Plugged);
    assert!(world.sent("StartTransaction").is_empty());
    world.fact(Fact::Operative(place(1), true));
    world.run(Millis::from_secs(1));
    assert_ne!(last_status(&world, 1).0, "Unavailable");
}

// rules: 47
#[test]
fn what_the_central_system_put_out_of_service_a_technician_does_not_take_back() {
    let mut world = World::booted(setup(1));
    assert_eq!(availability(&mut world, 1, "Inoperative"), "Accepted");
    world.fact(Fact::Operative(place(1), false));
    world.fact(Fact::Operative(place(1), true));
    assert_eq!(last_status(&world, 1).0, "Unavailable");
    assert_eq!(availability(&mut world, 1, "Operative"), "Accepted");
    assert_eq!(last_status(&world, 1).0, "Available");
}

// rules: 13
#[test]
fn a_request_of_a_feature_profile_that_is_not_offered_is_not_supported() {
    let mut world = World::booted(with(1, &[("SupportedFeatureProfiles", "Core")]));
    for (action, payload) in [
        ("TriggerMessage", json!({"requestedMessage": "Heartbeat"})),
        (
            "GetCompositeSchedule",
            json!({"connectorId": 1, "duration": 60}),
        ),
        ("ClearChargingProfile", json!({})),
    ] {
        let answer = world.call(action, payload);
        assert_eq!(answer, Some(json!("NotSupported")), "{action}");
    }
    assert!(world.sent("Heartbeat").is_empty());
}

#[test]
fn a_tag_that_is_empty_or_has_control_characters_starts_nothing() {
    let mut world = World::booted(setup(1));
    world.ev(1, Ev::Plugged);
    for bad in ["", " ", "A\u{0}B", "A\nB"] {
        let tag = IdToken::new(bad).expect("it is short");
        world.act(Act::Tag(vec![at(1)], tag));
        let remote = json!({"connectorId": 1, "idTag": bad});
        let answer = world.call("RemoteStartTransaction", remote);
        assert_eq!(answer, Some(json!({"status": "Rejected"})), "{bad:?}");
    }
    assert!(world.sent("Authorize").is_empty());
}

fn refusal(change: impl FnOnce(&mut Setup)) -> SetupError {
    let mut setup = setup(1);
    change(&mut setup);
    let made = Engine::new(setup, Stored::default(), Now::default());
    made.expect_err("it is refused")
}

#[test]
fn a_set_up_that_cannot_be_is_refused_with_what_would_be_right() {
    let text = refusal(|setup| setup.tuning.reconnect_min = Millis::from_secs(200)).to_string();
    assert!(
        text.contains("reconnect.min_s") && text.contains("reconnect.max_s"),
        "{text}"
    );
    let text = refusal(|setup| setup.tuning.security_profile = 1).to_string();
    assert!(text.contains("AuthorizationKey"), "{text}");
    let text = refusal(|setup| {
        let name = CiString::truncated("heartbeatinterval");
        let value = CiString::truncated("1");
        setup.declared.push(DeclaredKey::new(name, value));
    });
    let text = text.to_string();
    assert!(text.contains("OCPP's own"), "{text}");
}
