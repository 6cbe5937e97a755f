//! Who may charge: the central system, the cache, groups (OCPP 1.6 §3.5, §3.10).
#![allow(clippy::panic)]

use evcp::core::{Ev, Notice, Purpose};
use evcp::time::Millis;
use evcp_testing::{with, Treat, World};
use serde_json::{json, Value};

fn info(status: &str) -> Value {
    json!({"idTagInfo": {"status": status}})
}

/// A session of the tag, so that the cache knows it.
fn session(world: &mut World, connector: u32, tag: &str) {
    world.charge(connector, tag);
    world.show(connector, tag);
    world.ev(connector, Ev::Absent);
}

fn offline(world: &mut World) {
    world.reachable = false;
    world.drop_link();
}

// rules: 87
#[test]
fn a_cached_tag_starts_without_asking_only_if_pre_authorization_is_on() {
    for (key, asked) in [("true", 1), ("false", 2)] {
        let mut world = World::booted(with(2, &[("LocalPreAuthorize", key)]));
        session(&mut world, 1, "ONE");
        world.charge(1, "ONE");
        assert_eq!(
            world.sent("Authorize").len(),
            asked,
            "LocalPreAuthorize {key}"
        );
        assert_eq!(world.sent("StartTransaction").len(), 2);
    }
}

// rules: 88, 89
#[test]
fn a_tag_that_was_refused_or_has_expired_is_asked_about_again() {
    let mut world = World::booted(with(2, &[("LocalPreAuthorize", "true")]));
    world
        .central
        .treat("Authorize", Treat::With(info("Blocked")));
    world.show(1, "ONE");
    world.show(1, "ONE");
    assert_eq!(world.sent("Authorize").len(), 2);
    let soon = json!({"idTagInfo": {"status": "Accepted", "expiryDate": "2026-01-01T00:10:00Z"}});
    world.central.treat("Authorize", Treat::With(soon.clone()));
    world
        .central
        .treat("StartTransaction", Treat::With(soon.clone()));
    world.central.treat("StopTransaction", Treat::With(soon));
    session(&mut world, 2, "TWO");
    world.run(Millis::from_secs(601));
    let before = world.sent("Authorize").len();
    world.charge(2, "TWO");
    assert_eq!(world.sent("Authorize").len(), before + 1);
}

// rules: 89, 90
#[test]
fn the_cache_is_not_filled_or_cleared_while_it_is_off() {
    let keys = [
        ("AuthorizationCacheEnabled", "false"),
        ("LocalPreAuthorize", "true"),
    ];
    let mut world = World::booted(with(2, &keys));
    session(&mut world, 1, "ONE");
    session(&mut world, 1, "ONE");
    assert_eq!(world.sent("Authorize").len(), 2);
    let answer = world.call("ClearCache", json!({}));
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
    let change = json!({"key": "AuthorizationCacheEnabled", "value": "true"});
    world.call("ChangeConfiguration", change);
    session(&mut world, 1, "ONE");
    session(&mut world, 1, "ONE");
    assert_eq!(world.sent("Authorize").len(), 3);
    let answer = world.call("ClearCache", json!({}));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.charge(1, "ONE");
    assert_eq!(world.sent("Authorize").len(), 4);
}

// rules: 89
#[test]
fn the_cache_survives_a_power_cut_and_makes_room_for_new_tags() {
    let keys = [("LocalAuthorizeOffline", "true")];
    let mut setup = with(2, &keys);
    setup.tuning.cache_size = 2;
    let mut world = World::booted(setup);
    for tag in ["ONE", "TWO", "THREE"] {
        session(&mut world, 1, tag);
        world.run(Millis::from_secs(10));
    }
    world.reachable = false;
    world.power_cycle();
    world.run(Millis(0));
    let starts = |world: &mut World, tag: &str| {
        world.ev(1, Ev::Plugged);
        world.show(1, tag);
        let permit = world.supply(1).is_some_and(|supply| supply.permit);
        world.show(1, tag);
        world.ev(1, Ev::Absent);
        permit
    };
    assert!(!starts(&mut world, "ONE"), "the oldest made room");
    assert!(starts(&mut world, "TWO"));
    assert!(starts(&mut world, "THREE"));
}

// rules: 91
#[test]
fn offline_the_keys_say_who_may_charge_and_a_known_bad_tag_never_may() {
    for (known, strangers, cached_starts, stranger_starts) in [
        ("true", "false", true, false),
        ("true", "true", true, true),
        ("false", "false", false, false),
    ] {
        let keys = [
            ("LocalAuthorizeOffline", known),
            ("AllowOfflineTxForUnknownId", strangers),
        ];
        let mut world = World::booted(with(2, &keys));
        session(&mut world, 1, "GOOD");
        world
            .central
            .treat("Authorize", Treat::With(info("Blocked")));
        world.show(1, "BAD");
        offline(&mut world);
        for (tag, starts) in [
            ("GOOD", cached_starts),
            ("NEW", stranger_starts),
            ("BAD", false),
        ] {
            world.ev(1, Ev::Plugged);
            world.show(1, tag);
            let permit = world.supply(1).is_some_and(|supply| supply.permit);
            assert_eq!(permit, starts, "{known} {strangers} {tag}");
            if permit {
                world.show(1, tag);
            }
            world.ev(1, Ev::Absent);
        }
    }
}

// rules: 92
#[test]
fn offline_the_same_tag_or_one_of_its_group_stops_and_nobody_else() {
    let group = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}});
    for (stopper, stops) in [
        ("ONE", true),
        ("FRIEND", true),
        ("OTHER", false),
        ("NEW", false),
    ] {
        let mut world = World::booted(with(2, &[("AllowOfflineTxForUnknownId", "true")]));
        for action in ["Authorize", "StartTransaction", "StopTransaction"] {
            world.central.treat(action, Treat::With(group.clone()));
        }
        session(&mut world, 1, "FRIEND");
        session(&mut world, 2, "OTHER");
        world.central.treat("Authorize", Treat::With(group.clone()));
        world
            .central
            .treat("StartTransaction", Treat::With(group.clone()));
        world.charge(1, "ONE");
        offline(&mut world);
        world.show(1, stopper);
        let runs = world.supply(1).is_some_and(|supply| supply.permit);
        assert_eq!(!runs, stops, "{stopper}");
    }
}

// rules: 55, 54
#[test]
fn the_group_may_come_with_the_start_and_no_group_is_nobodys_group() {
    let group = |name: &str| json!({"idTagInfo": {"status": "Accepted", "parentIdTag": name}});
    let mut world = World::booted(with(2, &[]));
    world
        .central
        .treat("StartTransaction", Treat::With(group("FLEET")));
    world.charge(1, "ONE");
    // The name of a group is not a member of it.
    world.show(1, "FLEET");
    assert!(world.sent("StopTransaction").is_empty());
    world
        .central
        .treat("Authorize", Treat::With(group("OTHERS")));
    world.show(1, "TWO");
    assert!(world.sent("StopTransaction").is_empty());
    world
        .central
        .treat("Authorize", Treat::With(group("fleet")));
    world.show(1, "THREE");
    assert_eq!(world.sent("StopTransaction")[0]["idTag"], "THREE");
}

// rules: 71
#[test]
fn what_is_said_of_the_one_who_stops_is_remembered_of_him_and_not_of_the_starter() {
    let group = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}});
    let mut world = World::booted(with(2, &[("LocalAuthorizeOffline", "true")]));
    for _ in 0..2 {
        world.central.treat("Authorize", Treat::With(group.clone()));
    }
    world.central.treat("StartTransaction", Treat::With(group));
    world
        .central
        .treat("StopTransaction", Treat::With(info("Blocked")));
    world.charge(1, "ONE");
    world.show(1, "TWO");
    world.ev(1, Ev::Absent);
    offline(&mut world);
    for (tag, starts) in [("TWO", false), ("ONE", true)] {
        world.ev(1, Ev::Plugged);
        world.show(1, tag);
        assert_eq!(
            world.supply(1).is_some_and(|supply| supply.permit),
            starts,
            "{tag}"
        );
    }
}

// cases: X-READER
#[test]
fn one_reader_for_all_connectors_starts_where_a_vehicle_waits_and_stops_the_own_session() {
    let mut world = World::booted(with(2, &[]));
    let reader = |world: &mut World, tag: &str| {
        world.act(evcp::core::Act::Tag(Vec::new(), evcp_testing::tag(tag)));
    };
    world.ev(2, Ev::Plugged);
    reader(&mut world, "ONE");
    world.ev(1, Ev::Plugged);
    reader(&mut world, "TWO");
    let starts = world.sent("StartTransaction");
    assert_eq!(
        (&starts[0]["connectorId"], &starts[0]["idTag"]),
        (&json!(2), &json!("ONE"))
    );
    assert_eq!(
        (&starts[1]["connectorId"], &starts[1]["idTag"]),
        (&json!(1), &json!("TWO"))
    );
    reader(&mut world, "ONE");
    let first = world.central.sessions[0].stop.is_some();
    let second = world.central.sessions[1].stop.is_some();
    assert_eq!((first, second), (true, false));
    // A tag that is charging elsewhere, as the central system says, starts nothing.
    world
        .central
        .treat("Authorize", Treat::With(info("ConcurrentTx")));
    world.ev(2, Ev::Absent);
    world.ev(2, Ev::Plugged);
    reader(&mut world, "THREE");
    assert_eq!(world.sent("StartTransaction").len(), 2);
}

#[test]
fn a_tag_that_is_taken_back_is_told_like_any_other() {
    let mut world = World::booted(with(1, &[]));
    world.show(1, "ONE");
    world.show(1, "ONE");
    let told = world.told.iter().filter_map(|notice| match notice {
        Notice::Authorized {
            purpose, status, ..
        } => Some((*purpose, status.as_str())),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (Purpose::Start, "Accepted"),
            (Purpose::TakeBack, "Accepted")
        ]
    );
    world.ev(1, Ev::Plugged);
    assert_eq!(world.sent("StartTransaction").len(), 0);
}
