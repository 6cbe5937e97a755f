//! Several network profiles: which is tried when, what a change of them does, and whose password is whose.

use evcp::core::{
    Access, Act, CloseReason, Connection, Effect, Ev, Fact, Input, LinkEvent, Network, NetworkSlot,
    Notice, Route, Setup, SetupError,
};
use evcp::time::Millis;
use evcp::types::CiString;
use evcp_testing::{at, setup, tag, World};
use serde_json::json;

fn slot(number: u32) -> NetworkSlot {
    NetworkSlot::new(number).expect("1 to 4")
}

fn to(central: &str) -> Network {
    Network {
        central: central.to_owned(),
        security_profile: 0,
        key: None,
        route: Route::default(),
    }
}

/// With a password of its own.
fn with_key(central: &str, key: &[u8]) -> Network {
    Network {
        security_profile: 2,
        key: Some(key.to_vec()),
        ..to(central)
    }
}

/// So many ways to one central system, and no chance in the waits between attempts.
fn ways(count: u32) -> Setup {
    let mut setup = setup(1);
    setup.tuning.reconnect_jitter = 0;
    setup.networks = (1..=count).map(|it| (slot(it), to("cs/cp"))).collect();
    setup
}

fn switch(number: u32, network: Option<Network>) -> Input<'static> {
    Input::Act(Act::SetNetwork(slot(number), network))
}

fn priority(numbers: &[u32]) -> Input<'static> {
    let slots = numbers.iter().map(|number| slot(*number)).collect();
    Input::Act(Act::NetworkPriority(slots))
}

/// The slots of the attempts so far, and the waits between them in seconds.
fn attempts(world: &mut World) -> (Vec<u32>, Vec<u64>) {
    let all = std::mem::take(&mut world.attempts);
    let slots = all.iter().map(|(_, access)| access.slot.number()).collect();
    let waits = all
        .windows(2)
        .map(|pair| pair[1].0.since(pair[0].0).0 / 1000);
    (slots, waits.collect())
}

fn last(world: &World) -> &Access {
    &world.attempts.last().expect("an attempt was made").1
}

fn sent(world: &World, action: &str) -> usize {
    world.sent(action).len()
}

#[test]
fn after_the_attempts_of_one_profile_the_next_has_its_turn_with_waits_that_grow_over_all() {
    let mut setup = ways(2);
    setup.networks.push((slot(4), to("other/cp")));
    let mut world = World::new(setup);
    world.reachable = false;
    world.run(Millis::from_secs(900));
    let (slots, waits) = attempts(&mut world);
    assert_eq!(slots[..11], [1, 1, 1, 2, 2, 2, 4, 4, 4, 1, 1]);
    assert_eq!(waits[..8], [2, 4, 8, 16, 32, 64, 120, 120]);
    let failed = world.told.iter().filter_map(|notice| match notice {
        Notice::Connection(Connection::Failed, slot, _) => Some(slot.number()),
        _ => None,
    });
    assert_eq!(failed.collect::<Vec<_>>()[..7], [1, 1, 1, 2, 2, 2, 4]);
}

#[test]
fn the_priority_says_the_order_and_who_is_not_named_is_not_tried() {
    let mut setup = ways(4);
    assert_eq!(setup.tuning.set("network.priority", "3,1"), Ok(()));
    assert_eq!(setup.tuning.set("network.attempts", "1"), Ok(()));
    let mut world = World::new(setup.clone());
    world.reachable = false;
    world.run(Millis::from_secs(100));
    assert_eq!(attempts(&mut world).0[..5], [3, 1, 3, 1, 3]);
    setup.networks.retain(|(number, _)| *number == slot(2));
    let disk = Box::<evcp::store::MemoryStore>::default();
    let made = World::with(setup, disk, evcp_testing::Central::default(), world.now);
    assert_eq!(made.err(), Some(SetupError::Networks));
}

#[test]
fn a_connection_that_was_good_is_tried_again_by_the_same_profile_first() {
    let mut world = World::new(ways(2));
    world.cut_off = vec![slot(1)];
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [1, 1, 1, 2]);
    world.cut_off.clear();
    world.run(Millis::from_secs(3_600));
    world.drop_link();
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [2]);
    // One that falls at once each time is none.
    for _ in 0..4 {
        world.drop_link();
        while !world.connected {
            world.run(Millis::from_secs(1));
        }
    }
    assert_eq!(attempts(&mut world).0, [2, 2, 2, 1]);
}

#[test]
fn a_better_profile_is_tried_again_once_after_the_time_that_was_set() {
    let mut setup = ways(2);
    assert_eq!(setup.tuning.set("network.prefer_s", "600"), Ok(()));
    let mut world = World::new(setup);
    world.cut_off = vec![slot(1)];
    world.run(Millis::from_secs(590));
    assert_eq!(attempts(&mut world).0, [1, 1, 1, 2]);
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [1, 2], "one attempt, and back");
    assert!(world.connected);
    world.cut_off.clear();
    world.run(Millis::from_secs(700));
    assert_eq!(attempts(&mut world).0, [1]);
    world.run(Millis::from_secs(3_600));
    assert_eq!(attempts(&mut world).0, [0; 0], "it is the best one");
}

#[test]
fn the_profile_in_use_is_changed_at_once_and_another_with_the_next_connection() {
    let mut world = World::booted(ways(2));
    attempts(&mut world);
    world.give(switch(2, Some(to("new/cp"))));
    world.run(Millis::from_secs(60));
    assert!(world.connected && world.attempts.is_empty());
    let route = Route::new(std::sync::Arc::new(1_u8));
    let network = Network {
        route: route.clone(),
        ..to("cs/cp")
    };
    world.give(switch(1, Some(network)));
    world.run(Millis::from_secs(60));
    assert!(last(&world).route == route);
    assert_eq!(attempts(&mut world).0, [1]);
    // It is closed in order, and nothing was asked again: it is the same central system.
    assert_eq!(sent(&world, "BootNotification"), 1);
    world.give(switch(1, None));
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [2]);
    assert_eq!(sent(&world, "BootNotification"), 2, "it is another one");
    // The last one stays.
    world.give(switch(2, None));
    world.run(Millis::from_secs(60));
    assert!(world.connected && world.attempts.is_empty());
}

#[test]
fn without_a_connection_a_new_profile_begins_the_attempts_anew() {
    let mut world = World::new(ways(1));
    world.reachable = false;
    world.run(Millis::from_secs(1_000));
    attempts(&mut world);
    world.reachable = true;
    world.cut_off = vec![slot(1)];
    world.give(switch(2, Some(to("cs/cp"))));
    world.run(Millis::from_secs(20));
    let (slots, waits) = attempts(&mut world);
    assert_eq!((slots, waits), (vec![1, 1, 1, 2], vec![2, 4, 8]));
}

#[test]
fn an_attempt_is_broken_off_if_its_profile_changes_and_goes_on_if_another_does() {
    let mut world = World::new(ways(2));
    // The first attempt is under way.
    let first = world.power.wants(world.now, None);
    assert!(first.iter().any(|e| matches!(e, Effect::Connect(_))));
    assert!(world.wants(switch(2, Some(to("b/cp")))).is_empty());
    let wanted = world.wants(switch(1, Some(to("a/cp"))));
    let close = Effect::Close(CloseReason::NewAccess);
    let [closed, Effect::Connect(access)] = &wanted[..] else {
        panic!("{wanted:?}")
    };
    assert_eq!((closed, access.slot), (&close, slot(1)));
    // News of the one that was broken off would be none of ours; this is the new one's.
    let up = world.wants(Input::Link(LinkEvent::Up));
    let told = |e: &Effect| matches!(e, Effect::Notify(Notice::Connection(Connection::Connected, s, _)) if *s == slot(1));
    assert!(up.iter().any(told), "{up:?}");
}

#[test]
fn a_new_first_profile_takes_over_at_once_and_the_same_one_does_not() {
    let mut world = World::booted(ways(3));
    attempts(&mut world);
    world.give(priority(&[1, 3, 2]));
    world.run(Millis::from_secs(60));
    assert!(world.attempts.is_empty());
    world.give(priority(&[2, 1]));
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [2]);
    world.give(priority(&[3]));
    world.run(Millis::from_secs(60));
    assert_eq!(attempts(&mut world).0, [3]);
    world.give(priority(&[4]));
    world.run(Millis::from_secs(60));
    assert!(world.connected && world.attempts.is_empty());
}

#[test]
fn a_network_that_is_back_is_tried_by_the_first_profile() {
    let mut world = World::new(ways(2));
    world.cut_off = vec![slot(1)];
    world.run(Millis::from_secs(60));
    attempts(&mut world);
    world.give(Fact::Network(false).into());
    world.run(Millis::from_secs(60));
    assert!(world.attempts.is_empty());
    world.give(switch(1, Some(to("new/cp"))));
    assert!(world.attempts.is_empty(), "there is no network");
    world.cut_off.clear();
    world.give(Fact::Network(true).into());
    assert_eq!(attempts(&mut world).0, [1]);
}

#[test]
fn another_central_system_registers_us_before_it_hears_of_transactions() {
    let mut world = World::booted(ways(1));
    world.ev(1, Ev::Plugged);
    world.give(Act::Tag(vec![at(1)], tag("AA")).into());
    world.run(Millis::from_secs(10));
    world.central.calls.clear();
    world.give(switch(1, Some(to("other/cp"))));
    world.give(Act::StopTx(at(1), evcp::types::Reason::Local).into());
    world.run(Millis::from_secs(60));
    let calls = world.central.calls.iter();
    let heard: Vec<_> = calls.map(|(action, _)| action.as_str()).collect();
    let boot = heard.iter().position(|it| *it == "BootNotification");
    let boot = boot.expect("it is asked");
    let stops = heard.iter().filter(|it| **it == "StopTransaction").count();
    assert_eq!(stops, 1, "{heard:?}");
    assert!(heard[boot..].contains(&"StatusNotification"), "{heard:?}");
}

fn change_key(world: &mut World, value: &str) {
    let key = json!({"key": "AuthorizationKey", "value": value});
    let answer = world.call("ChangeConfiguration", key);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.run(Millis::from_secs(10));
}

const HOME: &[u8] = b"the-key-of-the-home";
const GIVEN: &[u8] = b"the-given-other-key";
const SET: &str = "the-key-that-is-set";

fn two_central_systems() -> Setup {
    let mut setup = ways(0);
    setup.networks = vec![
        (
            slot(1),
            Network {
                security_profile: 2,
                ..to("home/cp")
            },
        ),
        (slot(2), with_key("other/cp", GIVEN)),
        (
            slot(3),
            Network {
                security_profile: 2,
                ..to("other/cp")
            },
        ),
    ];
    let home = String::from_utf8(HOME.to_vec()).expect("ASCII");
    let key = (
        CiString::truncated("AuthorizationKey"),
        CiString::truncated(&home),
    );
    setup.keys.push(key);
    setup
}

#[test]
fn a_password_that_a_central_system_sets_is_for_it_alone() {
    let mut world = World::booted(two_central_systems());
    assert_eq!(last(&world).key.as_deref(), Some(HOME));
    world.give(priority(&[2, 3, 1]));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(GIVEN));
    change_key(&mut world, SET);
    assert_eq!(last(&world).slot, slot(2), "it is made anew");
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
    // By another way to the same one it is the same.
    world.give(priority(&[3, 1]));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
    world.give(priority(&[1, 2, 3]));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(HOME));
    // And the other way round.
    change_key(&mut world, "another-home-key");
    assert_eq!(last(&world).key.as_deref(), Some(&b"another-home-key"[..]));
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
}

#[test]
fn a_password_that_was_set_survives_a_power_cut_until_the_host_gives_another() {
    let mut world = World::booted(two_central_systems());
    world.give(priority(&[2, 1]));
    world.run(Millis::from_secs(10));
    change_key(&mut world, SET);
    world.setup.tuning.network_priority = vec![slot(2), slot(1)];
    world.power_cycle();
    world.run(Millis(0));
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
    let new = b"a-new-one-by-hand";
    world.give(switch(2, Some(with_key("other/cp", new))));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(&new[..]));
    // What was set in the place of the other one counts again with that.
    world.give(switch(2, Some(with_key("other/cp", GIVEN))));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
    // But not at another central system.
    world.give(switch(2, Some(with_key("third/cp", GIVEN))));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(GIVEN));
}

#[test]
fn passwords_that_were_set_are_never_more_than_a_few_and_none_in_use_is_given_up() {
    let mut world = World::booted(two_central_systems());
    world.give(priority(&[2, 1]));
    world.run(Millis::from_secs(10));
    change_key(&mut world, SET);
    for round in 0..20 {
        let given = format!("given-password-{round:03}");
        world.give(switch(4, Some(with_key("fourth/cp", given.as_bytes()))));
        world.give(priority(&[4, 2, 1]));
        world.run(Millis::from_secs(10));
        assert_eq!(last(&world).key.as_deref(), Some(given.as_bytes()));
        change_key(&mut world, &format!("password-set-{round:04}"));
    }
    let stored = world.disk.load().expect("it can be read").settings;
    let kept = stored
        .iter()
        .filter(|(name, _)| name.starts_with("AuthorizationKey."));
    assert_eq!(kept.count(), 8);
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    assert_eq!(last(&world).key.as_deref(), Some(SET.as_bytes()));
}

#[test]
fn a_password_of_one_central_system_is_never_sent_to_another() {
    let mut setup = two_central_systems();
    setup.networks[1].1.key = None;
    let disk = Box::<evcp::store::MemoryStore>::default();
    let now = World::new(ways(1)).now;
    let made = World::with(setup, disk, evcp_testing::Central::default(), now);
    assert_eq!(made.err(), Some(SetupError::NetworkPassword(slot(2), 2)));
    // Nor is one that cannot be a password taken from there.
    let mut world = World::booted(two_central_systems());
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    let key = json!({"key": "AuthorizationKey", "value": "short"});
    let answer = world.call("ChangeConfiguration", key);
    assert_eq!(answer, Some(json!({"status": "Rejected"})));
}

#[test]
fn the_key_of_the_security_profile_is_that_of_the_connection() {
    let mut setup = two_central_systems();
    setup.networks[0].1.security_profile = 0;
    let mut world = World::booted(setup);
    let asked = json!({"key": ["SecurityProfile"]});
    let said = |world: &mut World| {
        let answer = world.call("GetConfiguration", asked.clone());
        answer.expect("it is answered")["configurationKey"][0]["value"].clone()
    };
    assert_eq!(said(&mut world), "0");
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    assert_eq!(said(&mut world), "2");
    let told = Notice::Key("SecurityProfile".to_owned(), Some("2".to_owned()));
    assert!(world.told.contains(&told));
}
