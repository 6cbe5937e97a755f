//! Feature profiles that there are not, or that are switched off (OCPP 1.6 §3.2).
#![allow(clippy::panic)]

use evcp_testing::{setup, with, World};
use serde_json::{json, Value};

/// The kind of the answer, and what it says.
fn answer(world: &mut World, action: &str, payload: Value) -> (i64, Value) {
    world.call(action, payload);
    let answer = world.central.answers.last().expect("an answer");
    (answer[0].as_i64().expect("a kind"), answer[2].clone())
}

// rules: 13
#[test]
fn a_charge_point_without_local_lists_says_so_in_the_words_of_the_standard() {
    let mut world = World::booted(setup(1));
    let version = answer(&mut world, "GetLocalListVersion", json!({}));
    assert_eq!(version, (3, json!({"listVersion": -1})));
    for list in [
        json!({"listVersion": 1, "updateType": "Full"}),
        json!({"listVersion": 2, "updateType": "Differential", "localAuthorizationList":
            [{"idTag": "ONE", "idTagInfo": {"status": "Blocked"}}]}),
    ] {
        let sent = answer(&mut world, "SendLocalList", list);
        assert_eq!(sent, (3, json!({"status": "NotSupported"})));
    }
    let version = answer(&mut world, "GetLocalListVersion", json!({}));
    assert_eq!(version, (3, json!({"listVersion": -1})));
}

// rules: 13
#[test]
fn a_charge_point_without_reservations_rejects_them() {
    let mut world = World::booted(setup(1));
    let time = "2026-01-01T12:00:00Z";
    for connector in [0, 1, 7] {
        let reserve =
            json!({"connectorId": connector, "expiryDate": time, "idTag": "A", "reservationId": 1});
        let rejected = (3, json!({"status": "Rejected"}));
        assert_eq!(answer(&mut world, "ReserveNow", reserve), rejected);
        let cancel = json!({"reservationId": 1});
        assert_eq!(answer(&mut world, "CancelReservation", cancel), rejected);
    }
    assert_eq!(world.statuses(1), ["Available"]);
}

// rules: 12, 140
#[test]
fn where_the_standard_has_no_word_of_its_own_the_call_is_refused() {
    let mut world = World::booted(with(1, &[("SupportedFeatureProfiles", "Core")]));
    let refused = (4, json!("NotSupported"));
    for (action, payload) in [
        (
            "GetCompositeSchedule",
            json!({"connectorId": 1, "duration": 10}),
        ),
        ("ClearChargingProfile", json!({})),
        ("TriggerMessage", json!({"requestedMessage": "Heartbeat"})),
        ("GetDiagnostics", json!({"location": "ftp://x"})),
    ] {
        assert_eq!(answer(&mut world, action, payload), refused, "{action}");
    }
}

// rules: 12
#[test]
fn a_call_that_makes_no_sense_is_refused_all_the_same() {
    let mut world = World::booted(setup(1));
    let missing = answer(&mut world, "ReserveNow", json!({"connectorId": 1}));
    assert_eq!(missing, (4, json!("OccurenceConstraintViolation")));
}
