//! Configuration keys of the firmware's own: limits that need no question, and a question before a change
//! (OCPP 1.6 §5.3, §9.2).
#![allow(clippy::panic)]

use evcp::core::{Act, Answer, DeclaredKey, Input, Notice, OwnValues, Question, RequestId, Setup};
use evcp::time::Millis;
use evcp::types::CiString;
use evcp_testing::{setup, World};
use serde_json::{json, Value};

/// Brightness, 0 to 100, which the firmware is asked about.
fn asking() -> Setup {
    let mut made = setup(1);
    made.declared.push(DeclaredKey {
        values: OwnValues::Integer(0, 100),
        asks: true,
        ..DeclaredKey::new(CiString::truncated("Brightness"), CiString::truncated("50"))
    });
    made
}

fn change(world: &mut World, value: &str) -> Option<String> {
    let change = json!({ "key": "brightness", "value": value });
    status(world.call("ChangeConfiguration", change))
}

fn status(answer: Option<Value>) -> Option<String> {
    answer.and_then(|answer| Some(answer["status"].as_str()?.to_owned()))
}

fn shown(world: &World) -> String {
    let mut all = world.engine().settings();
    let found = all.find(|(name, _)| *name == "Brightness");
    let value = found.and_then(|(_, value)| value);
    value.expect("it is shown").to_owned()
}

/// The question that was put last, if any was.
fn asked(world: &World) -> Option<(RequestId, String)> {
    world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, Question::KeyChange { key, value }) => {
            assert_eq!(key, "Brightness", "as the firmware spells it");
            Some((*request, value.clone()))
        }
        _ => None,
    })
}

fn told(world: &World) -> usize {
    let is = |notice: &&Notice| matches!(notice, Notice::Key(name, _) if name == "Brightness");
    world.told.iter().filter(is).count()
}

// rules: 122
#[test]
fn a_change_is_stored_and_answered_only_after_the_firmware_agreed() {
    let mut world = World::booted(asking());
    assert_eq!(change(&mut world, "70"), None);
    let (request, value) = asked(&world).expect("it is asked");
    assert_eq!(value, "70");
    assert_eq!((shown(&world).as_str(), told(&world)), ("50", 0));
    world.give(Input::Answer(request, Answer::Accepted));
    assert_eq!(status(world.answer_to("cs-1")).as_deref(), Some("Accepted"));
    assert_eq!((shown(&world).as_str(), told(&world)), ("70", 1));
    world.power_cycle();
    assert_eq!(shown(&world), "70");
}

// rules: 122
#[test]
fn a_firmware_refuses_a_change_or_wants_a_reboot_for_it() {
    let mut world = World::booted(asking());
    change(&mut world, "70");
    let (request, _) = asked(&world).expect("it is asked");
    world.give(Input::Answer(request, Answer::Rejected));
    assert_eq!(status(world.answer_to("cs-1")).as_deref(), Some("Rejected"));
    assert_eq!((shown(&world).as_str(), told(&world)), ("50", 0));
    change(&mut world, "80");
    let (request, _) = asked(&world).expect("it is asked again");
    world.give(Input::Answer(request, Answer::RebootRequired));
    assert_eq!(
        status(world.answer_to("cs-2")).as_deref(),
        Some("RebootRequired")
    );
    assert_eq!((shown(&world).as_str(), told(&world)), ("80", 1));
}

#[test]
fn no_answer_in_time_refuses_the_change() {
    let mut world = World::booted(asking());
    change(&mut world, "70");
    let (request, _) = asked(&world).expect("it is asked");
    world.run(Millis::from_secs(26));
    assert_eq!(status(world.answer_to("cs-1")).as_deref(), Some("Rejected"));
    world.give(Input::Answer(request, Answer::Accepted));
    assert_eq!((shown(&world).as_str(), told(&world)), ("50", 0));
}

// rules: 122
#[test]
fn what_is_outside_of_the_limits_is_refused_without_a_question() {
    let mut world = World::booted(asking());
    for value in ["101", "-1", "bright", ""] {
        assert_eq!(change(&mut world, value).as_deref(), Some("Rejected"));
    }
    assert_eq!(asked(&world), None);
    let mut made = asking();
    made.declared[0].read_only = true;
    let mut world = World::booted(made);
    assert_eq!(change(&mut world, "70").as_deref(), Some("Rejected"));
    assert_eq!(asked(&world), None);
}

#[test]
fn a_firmware_that_cannot_be_asked_refuses() {
    let mut made = asking();
    made.host.judges_keys = false;
    let mut world = World::booted(made);
    assert_eq!(change(&mut world, "70").as_deref(), Some("Rejected"));
    assert_eq!((shown(&world).as_str(), asked(&world)), ("50", None));
}

#[test]
fn the_firmware_itself_needs_no_question_and_keeps_to_the_limits() {
    let mut world = World::booted(asking());
    let set = |value: &str| {
        let key = CiString::truncated("Brightness");
        Act::SetKey(key, CiString::truncated(value))
    };
    world.act(set("60"));
    assert_eq!((shown(&world).as_str(), asked(&world)), ("60", None));
    world.act(set("600"));
    assert_eq!(shown(&world), "60");
}

#[test]
fn what_the_firmware_agreed_to_is_so_also_if_nobody_hears_it() {
    let mut world = World::booted(asking());
    change(&mut world, "70");
    let (request, _) = asked(&world).expect("it is asked");
    world.drop_link();
    world.give(Input::Answer(request, Answer::Accepted));
    assert_eq!((shown(&world).as_str(), told(&world)), ("70", 1));
    assert_eq!(world.answer_to("cs-1"), None);
}

#[test]
fn a_declared_value_that_is_not_possible_makes_no_charge_point() {
    let mut made = asking();
    made.declared[0].values = OwnValues::Integer(0, 10);
    let no_disk = evcp::core::Stored::default();
    let now = World::new(setup(1)).now;
    let refused = evcp::core::Engine::new(made, no_disk, now).expect_err("50 is too much");
    assert!(refused.to_string().contains("Brightness"), "{refused}");
}

/// An earlier version of the firmware had other limits.
#[test]
fn a_stored_value_that_is_not_possible_any_more_is_ignored() {
    let mut world = World::booted(asking());
    change(&mut world, "70");
    let (request, _) = asked(&world).expect("it is asked");
    world.give(Input::Answer(request, Answer::Accepted));
    world.setup.declared[0].values = OwnValues::Integer(0, 60);
    world.power_cycle();
    assert_eq!(shown(&world), "50");
}
