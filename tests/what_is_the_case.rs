//! What the host can list at any time: what is wrong, and the configuration keys.

use evcp::core::{DeclaredKey, Fact, Fault, StandingFault};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode as Code, CiString};
use evcp_testing::{at, place, setup, World};
use serde_json::json;

fn fault(code: Code) -> Fault {
    Fault {
        code,
        info: Some(CiString::truncated("a test")),
        vendor_code: None,
    }
}

fn told(world: &World) -> Vec<(u32, Code, bool, bool)> {
    let all = world.engine().standing_faults();
    let one = |it: StandingFault| (it.place.number(), it.fault.code, it.warning, it.shown);
    all.into_iter().map(one).collect()
}

#[test]
fn all_that_is_wrong_is_listed_with_the_one_that_the_status_tells_of() {
    let mut world = World::booted(setup(2));
    assert_eq!(told(&world), []);
    world.fact(Fact::Warning(place(2), Some(fault(Code::WeakSignal))));
    world.fact(Fact::Warning(place(2), Some(fault(Code::OverVoltage))));
    assert_eq!(
        told(&world),
        [
            (2, Code::WeakSignal, true, true),
            (2, Code::OverVoltage, true, false)
        ]
    );
    // A fault is what the status tells of from now on.
    world.fact(Fact::Fault(place(2), Some(fault(Code::GroundFailure))));
    world.fact(Fact::Fault(place(0), Some(fault(Code::InternalError))));
    assert_eq!(
        told(&world),
        [
            (0, Code::InternalError, false, true),
            (2, Code::GroundFailure, false, true),
            (2, Code::WeakSignal, true, false),
            (2, Code::OverVoltage, true, false)
        ]
    );
    world.fact(Fact::FaultOver(place(2), Code::GroundFailure));
    world.fact(Fact::Fault(place(0), None));
    world.fact(Fact::WarningOver(place(2), Code::WeakSignal));
    assert_eq!(told(&world), [(2, Code::OverVoltage, true, true)]);
}

// rules: 45
#[test]
fn a_warning_that_no_status_may_tell_of_is_listed_all_the_same() {
    let mut world = World::booted(setup(1));
    let silent = fault(Code::EVCommunicationError);
    world.fact(Fact::Warning(place(1), Some(silent)));
    assert_eq!(told(&world), [(1, Code::EVCommunicationError, true, false)]);
}

#[test]
fn keys_are_listed_in_the_order_of_the_standard_with_what_may_be_done_to_them() {
    let mut made = setup(1);
    made.declared.push(DeclaredKey {
        reboot_required: true,
        ..DeclaredKey::new(CiString::truncated("Brightness"), CiString::truncated("50"))
    });
    let mut world = World::booted(made);
    let change = json!({ "key": "brightness", "value": "70" });
    let answer = world.call("ChangeConfiguration", change);
    assert_eq!(answer.expect("it is answered")["status"], "RebootRequired");
    let all = world.engine().listed_keys();
    let names: Vec<_> = all.iter().map(|key| key.name.as_str()).collect();
    let expected: Vec<_> = world.engine().settings().map(|(name, _)| name).collect();
    assert_eq!(names, expected);
    let of = |name: &str| {
        let found = all.iter().find(|key| key.name.as_str() == name);
        let key = found.expect("it is listed");
        let value = key.value.as_ref().map(|value| value.as_str().to_owned());
        (value, key.read_only, key.reboot_required)
    };
    assert_eq!(of("Brightness"), (Some("70".into()), false, true));
    assert_eq!(of("NumberOfConnectors"), (Some("1".into()), true, false));
    assert_eq!(of("AuthorizationKey"), (None, false, false));
}

#[test]
fn what_the_library_found_out_itself_is_listed_beside_what_the_host_says_of_the_same() {
    let mut made = setup(1);
    made.connectors[0].feedback.contactor = true;
    let mut world = World::booted(made);
    world.meter(1, 0);
    world.fact(Fact::Contactor(at(1), false));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(3));
    let own = |world: &World| {
        let all = world.engine().standing_faults();
        all.iter().map(|it| it.own).collect::<Vec<_>>()
    };
    assert_eq!(told(&world), [(1, Code::PowerSwitchFailure, false, true)]);
    assert_eq!(own(&world), [true]);
    world.fact(Fact::Fault(place(1), Some(fault(Code::PowerSwitchFailure))));
    let both = [true, false].map(|shown| (1, Code::PowerSwitchFailure, false, shown));
    assert_eq!(told(&world), both);
    assert_eq!(own(&world), [true, false]);
    world.fact(Fact::Fault(place(1), None));
    assert_eq!(own(&world), [true]);
}
