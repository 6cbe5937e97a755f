//! Calls of the central system whose id cannot be used, or is in use (OCPP-J 1.6 §4.2.3).
#![allow(clippy::panic)]

use evcp::core::{Answer, Input, LinkEvent, Notice, Question, RequestId};
use evcp::time::Millis;
use evcp::types::DataTransferStatus;
use evcp_testing::{at, setup, World};
use serde_json::{json, Value};

/// The central system writes; what comes back.
fn write(world: &mut World, text: &str) -> Vec<Value> {
    let before = world.central.answers.len();
    world.give(Input::Link(LinkEvent::Text(text)));
    world.central.answers[before..].to_vec()
}

/// What the firmware was asked, but for its meters.
fn questions(world: &World) -> Vec<(RequestId, Question)> {
    let asked = world.told.iter().filter_map(|notice| match notice {
        Notice::Ask(_, Question::ReadMeter(..)) => None,
        Notice::Ask(request, question) => Some((*request, question.clone())),
        _ => None,
    });
    asked.collect()
}

fn unlock(id: &str, connector: u32) -> String {
    json!([2, id, "UnlockConnector", {"connectorId": connector}]).to_string()
}

// rules: 7, 8
#[test]
fn a_call_whose_id_cannot_be_used_is_refused_with_that_id_and_not_carried_out() {
    let mut world = World::booted(setup(1));
    for id in [
        json!("x".repeat(37)),
        json!("é".repeat(5000)),
        json!(""),
        json!(7),
        json!(-1),
        json!(7.5),
    ] {
        let text = json!([2, id, "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}]);
        let answers = write(&mut world, &text.to_string());
        assert_eq!(answers.len(), 1, "{id}");
        let [kind, its, code, text, details] = [0, 1, 2, 3, 4].map(|n| &answers[0][n]);
        assert_eq!((kind, its), (&json!(4), &id));
        assert_eq!((code, details), (&json!("FormationViolation"), &json!({})));
        assert!(text.as_str().is_some_and(|text| text.contains("36")));
    }
    let counters = world.engine().counters();
    assert_eq!((counters.calls_received, counters.call_errors), (6, 6));
    assert_eq!(world.statuses(0), ["Available"]);
}

// rules: 10
#[test]
fn what_has_no_id_and_answers_with_an_id_that_cannot_be_used_are_ignored() {
    let mut world = World::booted(setup(1));
    let long = "x".repeat(37);
    for text in [
        r#"[2,null,"ClearCache",{}]"#.to_owned(),
        r#"[2,true,"ClearCache",{}]"#.to_owned(),
        r#"[2,["7"],"ClearCache",{}]"#.to_owned(),
        r#"[2,{},"ClearCache",{}]"#.to_owned(),
        r#"[2,"\ud800","ClearCache",{}]"#.to_owned(),
        r#"[2]"#.to_owned(),
        format!(r#"[3,"{long}",{{}}]"#),
        format!(r#"[4,"{long}","GenericError","",{{}}]"#),
        r#"[3,7,{}]"#.to_owned(),
    ] {
        assert!(write(&mut world, &text).is_empty(), "{text}");
    }
    assert_eq!(world.engine().counters().garbage, 9);
}

// rules: 23
#[test]
fn a_rejected_charge_point_says_nothing_to_an_id_that_cannot_be_used_either() {
    let mut world = evcp_testing::told(setup(1), "Rejected", 60);
    assert!(write(&mut world, r#"[2,7,"ClearCache",{}]"#).is_empty());
}

// rules: 7
#[test]
fn a_call_that_is_repeated_while_it_is_handled_is_carried_out_and_answered_once() {
    let mut world = World::booted(setup(1));
    for _ in 0..3 {
        assert!(write(&mut world, &unlock("same", 1)).is_empty());
    }
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    let before = world.central.answers.len();
    world.give(Input::Answer(asked[0].0, Answer::Accepted));
    let answer = json!([3, "same", {"status": "Unlocked"}]);
    assert_eq!(world.central.answers[before..], [answer]);
    // It is over: the next one with this id is another.
    assert!(write(&mut world, &unlock("same", 1)).is_empty());
    assert_eq!(questions(&world).len(), 2);
}

// rules: 7
#[test]
fn another_call_with_the_id_of_one_that_is_handled_is_refused() {
    let mut world = World::booted(setup(2));
    assert!(write(&mut world, &unlock("same", 1)).is_empty());
    for text in [
        unlock("same", 2),
        json!([2, "same", "Reset", {"type": "Soft"}]).to_string(),
        json!([2, "same", "DataTransfer", {"vendorId": "v"}]).to_string(),
        json!([2, "same", "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}])
            .to_string(),
    ] {
        let answers = write(&mut world, &text);
        assert_eq!(answers.len(), 1, "{text}");
        assert_eq!(
            (&answers[0][0], &answers[0][1]),
            (&json!(4), &json!("same"))
        );
    }
    assert_eq!(world.statuses(1), ["Available"]);
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1, Question::Unlock(at(1)));
}

// rules: 7
#[test]
fn a_call_that_is_repeated_on_the_next_connection_is_answered_there() {
    let mut world = World::booted(setup(1));
    let data = json!([2, "same", "DataTransfer", {"vendorId": "v", "data": "x"}]).to_string();
    assert!(write(&mut world, &data).is_empty());
    world.drop_link();
    world.run(Millis::from_secs(10));
    assert!(write(&mut world, &data).is_empty());
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    let before = world.central.answers.len();
    let answer = Answer::Data(DataTransferStatus::Accepted, Some("y".to_owned()));
    world.give(Input::Answer(asked[0].0, answer));
    let answer = json!([3, "same", {"status": "Accepted", "data": "y"}]);
    assert_eq!(world.central.answers[before..], [answer]);
}

// rules: 7
#[test]
fn an_id_of_a_connection_that_is_gone_does_not_stand_in_the_way_of_another_call() {
    let mut world = World::booted(setup(2));
    assert!(write(&mut world, &unlock("same", 1)).is_empty());
    world.drop_link();
    world.run(Millis::from_secs(10));
    assert!(write(&mut world, &unlock("same", 2)).is_empty());
    let asked = questions(&world);
    assert_eq!(asked.len(), 2, "{asked:?}");
    let before = world.central.answers.len();
    for (request, _) in asked {
        world.give(Input::Answer(request, Answer::Accepted));
    }
    let answer = json!([3, "same", {"status": "Unlocked"}]);
    assert_eq!(world.central.answers[before..], [answer]);
}
