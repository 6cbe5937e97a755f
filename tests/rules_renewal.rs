//! Connections that the charge point ends itself: for a new password, and for a restart.
#![allow(clippy::panic)]

use evcp::core::{Act, Answer, Due, Effect, Ev, Input, LinkEvent, Notice, Question};
use evcp::time::Millis;
use evcp::types::AuthorizationStatus;
use evcp_testing::{at, setup, with, Treat, World};
use serde_json::{json, Value};

const PASSWORD: &str = "4F43415F4F4354545F61646D696E5F74657374";

fn new_password(world: &mut World) -> Option<Value> {
    let change = json!({"key": "AuthorizationKey", "value": PASSWORD});
    world.call("ChangeConfiguration", change)
}

fn reset(world: &mut World) {
    world.call("Reset", json!({"type": "Soft"}));
    let asked = world.told.iter().find_map(|notice| match notice {
        Notice::Ask(request, Question::Reset { .. }) => Some(*request),
        _ => None,
    });
    let request = asked.expect("the host is asked");
    world.give(Input::Answer(request, Answer::Accepted));
}

fn is_to_reboot(world: &World) -> bool {
    let told = |notice: &Notice| matches!(notice, Notice::Reboot { .. });
    world.told.iter().any(told)
}

// rules: 124
#[test]
fn a_new_password_is_out_for_100_ms_and_used_a_second_later() {
    let mut world = World::booted(setup(1));
    assert_eq!(
        new_password(&mut world),
        Some(json!({"status": "Accepted"}))
    );
    world.run(Millis(99));
    assert!(world.connected);
    world.run(Millis(1));
    assert!(!world.connected);
    world.run(Millis(999));
    assert!(!world.connected);
    world.run(Millis(1));
    assert!(world.connected);
    assert_eq!(world.engine().counters().connects, 2);
    assert_eq!(world.sent("BootNotification").len(), 1);
}

// rules: 124
#[test]
fn the_100_ms_of_an_answer_begin_when_it_is_out_however_slow_the_disk_is() {
    let mut world = World::booted(setup(1));
    let text =
        json!([2, "x", "ChangeConfiguration", {"key": "AuthorizationKey", "value": PASSWORD}]);
    let text = text.to_string();
    let news = Input::Link(LinkEvent::Text(&text));
    let effects = world.wants(news);
    assert!(matches!(effects[0], Effect::Store(_)), "{effects:?}");
    // Storing took three seconds.
    world.now.mono = world.now.mono + Millis::from_secs(3);
    assert_eq!(world.wants(Input::Deadline), []);
    let due = (world.now.mono + Millis(100), Due::Renewal);
    assert_eq!(world.engine().deadline(), Some(due));
}

// rules: 124
#[test]
fn the_answer_to_a_call_that_is_out_is_waited_for_before_the_link_is_closed_and_nothing_new_is_sent(
) {
    let mut world = World::booted(setup(1));
    world.central.treat("StartTransaction", Treat::Silence);
    world.charge(1, "ONE");
    let id = world.central.frames.last().expect("a call")[1].clone();
    assert_eq!(world.sent("StartTransaction").len(), 1);
    new_password(&mut world);
    world.act(Act::StopTx(at(1), evcp::types::Reason::Local));
    world.run(Millis::from_secs(2));
    assert!(world.connected);
    let known = json!({"transactionId": 1000, "idTagInfo": {"status": "Accepted"}});
    let answer = json!([3, id, known]).to_string();
    world.give(Input::Link(LinkEvent::Text(&answer)));
    assert!(world.sent("StopTransaction").is_empty());
    world.run(Millis(0));
    assert!(
        !world.connected,
        "the answer to the password has long been out"
    );
    world.run(Millis::from_secs(2));
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert_eq!(world.sent("StopTransaction").len(), 1);
}

// rules: 124
#[test]
fn an_answer_that_does_not_come_is_not_waited_for_longer_than_five_seconds() {
    let mut world = World::booted(setup(1));
    world.central.treat("StartTransaction", Treat::Silence);
    world.charge(1, "ONE");
    new_password(&mut world);
    world.run(Millis(4_999));
    assert!(world.connected);
    world.run(Millis(1));
    assert!(!world.connected);
    world.run(Millis::from_secs(2));
    assert_eq!(world.sent("StartTransaction").len(), 2);
    assert_eq!(world.central.sessions.len(), 1);
}

// rules: 124
#[test]
fn a_second_new_password_is_answered_for_as_long_as_the_first() {
    let mut world = World::booted(setup(1));
    new_password(&mut world);
    world.run(Millis(60));
    new_password(&mut world);
    world.run(Millis(99));
    assert!(world.connected);
    world.run(Millis(1));
    assert!(!world.connected);
}

// rules: 124
#[test]
fn without_a_connection_a_new_password_is_tried_at_once() {
    let mut world = World::booted(setup(1));
    world.reachable = false;
    world.drop_link();
    world.run(Millis::from_secs(600));
    world.reachable = true;
    let key = evcp::types::CiString::truncated("AuthorizationKey");
    world.act(Act::SetKey(key, evcp::types::CiString::truncated(PASSWORD)));
    world.run(Millis(0));
    assert!(world.connected);
}

// rules: 118
#[test]
fn the_answer_to_a_reset_is_out_for_100_ms_and_the_host_is_told_a_second_after_the_link_was_closed()
{
    let mut world = World::booted(setup(1));
    reset(&mut world);
    world.run(Millis(99));
    assert!(world.connected && !is_to_reboot(&world));
    world.run(Millis(1));
    assert!(!world.connected && !is_to_reboot(&world));
    world.run(Millis(999));
    assert!(!world.connected && !is_to_reboot(&world));
    world.run(Millis(1));
    assert!(!world.connected && is_to_reboot(&world));
}

// rules: 118
#[test]
fn without_a_connection_a_reset_waits_for_nobody() {
    let mut world = World::booted(with(1, &[]));
    world.call("Reset", json!({"type": "Hard"}));
    world.drop_link();
    let asked = world.told.iter().find_map(|notice| match notice {
        Notice::Ask(request, Question::Reset { .. }) => Some(*request),
        _ => None,
    });
    let request = asked.expect("the host is asked");
    world.give(Input::Answer(request, Answer::Accepted));
    assert!(is_to_reboot(&world));
}

// rules: 124
#[test]
fn a_tag_that_comes_as_the_connection_ends_is_decided_without_it() {
    let mut world = World::booted(with(1, &[("AllowOfflineTxForUnknownId", "true")]));
    world.ev(1, Ev::Plugged);
    new_password(&mut world);
    world.give(Input::Deadline);
    world.reachable = false;
    // The host is slow: the time to part has come, and nobody has said so yet.
    world.pass(Millis(150));
    world.show(1, "ONE");
    assert!(!world.connected);
    let accepted = AuthorizationStatus::Accepted;
    let told = |notice: &Notice| matches!(notice, Notice::Authorized { status, .. } if *status == accepted);
    assert!(world.told.iter().any(told), "{:?}", world.told);
}

#[test]
fn a_host_that_stops_us_during_a_reset_is_still_told_to_restart() {
    let mut world = World::booted(setup(1));
    reset(&mut world);
    world.act(Act::Closing);
    world.run(Millis::from_secs(5));
    assert!(is_to_reboot(&world));
    assert!(world.engine().is_closed());
}
