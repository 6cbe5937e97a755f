//! Changes of the way in while something is under way: transactions, passwords, waits.

use evcp::core::{Act, Ev, Input, Network, NetworkSlot, Route, Setup};
use evcp::time::Millis;
use evcp::types::{CiString, Reason};
use evcp_testing::{at, setup, tag, Treat, World};
use serde_json::{json, Value};

fn slot(number: u32) -> NetworkSlot {
    NetworkSlot::new(number).expect("1 to 4")
}

fn to(central: &str, security_profile: u8, key: Option<&str>) -> Network {
    Network {
        central: central.to_owned(),
        security_profile,
        key: key.map(|key| key.as_bytes().to_vec()),
        route: Route::default(),
    }
}

/// Such networks, and no chance in the waits between attempts.
fn by(networks: Vec<(u32, Network)>) -> Setup {
    let mut setup = setup(1);
    setup.tuning.reconnect_jitter = 0;
    let networks = networks.into_iter();
    setup.networks = networks.map(|(it, network)| (slot(it), network)).collect();
    setup
}

fn home_key(mut setup: Setup, key: &str) -> Setup {
    let name = CiString::truncated("AuthorizationKey");
    setup.keys.push((name, CiString::truncated(key)));
    setup
}

fn switch(number: u32, network: Option<Network>) -> Input<'static> {
    Input::Act(Act::SetNetwork(slot(number), network))
}

fn priority(numbers: &[u32]) -> Input<'static> {
    let slots = numbers.iter().map(|number| slot(*number)).collect();
    Input::Act(Act::NetworkPriority(slots))
}

fn last_key(world: &World) -> String {
    let (_, access) = world.attempts.last().expect("an attempt was made");
    let key = access.key.clone().unwrap_or_default();
    String::from_utf8(key).expect("ASCII")
}

fn change_key(world: &mut World, value: &str) {
    let key = json!({"key": "AuthorizationKey", "value": value});
    let answer = world.call("ChangeConfiguration", key);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    world.run(Millis::from_secs(10));
}

#[test]
fn the_same_order_again_and_again_leaves_the_waits_as_they_are() {
    let mut world = World::new(by(vec![
        (1, to("cs/cp", 0, None)),
        (2, to("cs/cp", 0, None)),
    ]));
    world.reachable = false;
    for _ in 0..600 {
        world.give(priority(&[1, 2]));
        world.run(Millis::from_secs(1));
    }
    // After 0, 2, 6, 14, 30, 62, 126, then each 120 s.
    assert_eq!(world.attempts.len(), 10);
}

#[test]
fn a_start_without_an_answer_reaches_the_next_central_system_once_and_before_its_stop() {
    let first = (1, to("cs/cp", 0, None));
    let mut world = World::booted(by(vec![first, (2, to("other/cp", 0, None))]));
    world.central.treat("StartTransaction", Treat::Silence);
    world.ev(1, Ev::Plugged);
    world.give(Act::Tag(vec![at(1)], tag("AA")).into());
    world.run(Millis::from_secs(2));
    let starts = world.sent("StartTransaction");
    assert_eq!(starts.len(), 1);
    // While it is out, the way in changes back and forth.
    world.give(switch(1, Some(to("new/cp", 0, None))));
    world.give(priority(&[2, 1]));
    world.give(switch(1, None));
    world.give(Act::StopTx(at(1), Reason::Local).into());
    world.run(Millis::from_secs(300));
    let again = world.sent("StartTransaction");
    assert!(again.iter().all(|start| *start == starts[0]), "{again:?}");
    assert_eq!(again.len(), 2);
    let [session] = &world.central.sessions[..] else {
        panic!("{:?}", world.central.sessions)
    };
    assert!(session.stop.is_some());
    let sent: Vec<Value> = world.sent("StopTransaction");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["transactionId"], session.id);
}

#[test]
fn a_password_counts_that_is_set_on_a_connection_whose_host_gave_one_by_another_way_meanwhile() {
    let setup = home_key(by(vec![(1, to("cs/cp", 2, None))]), "the-key-of-the-home");
    let mut world = World::booted(setup);
    let known = Some("the-key-of-the-home");
    world.give(switch(2, Some(to("cs/cp", 2, known))));
    world.run(Millis::from_secs(10));
    change_key(&mut world, "the-key-that-is-set");
    assert_eq!(last_key(&world), "the-key-that-is-set");
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    assert_eq!(last_key(&world), "the-key-that-is-set");
}

#[test]
fn of_two_passwords_for_one_central_system_that_of_the_connection_is_replaced() {
    let mut world = World::booted(by(vec![
        (1, to("cs/cp", 2, Some("the-first-of-the-two"))),
        (2, to("cs/cp", 2, Some("the-other-of-the-two"))),
    ]));
    world.give(priority(&[2]));
    world.run(Millis::from_secs(10));
    change_key(&mut world, "the-key-that-is-set");
    assert_eq!(last_key(&world), "the-key-that-is-set");
    world.give(priority(&[1]));
    world.run(Millis::from_secs(10));
    assert_eq!(last_key(&world), "the-first-of-the-two");
}

#[test]
fn a_central_system_that_becomes_the_first_one_can_set_its_password_again() {
    let setup = by(vec![(1, to("home/cp", 0, None)), (2, to("cs/cp", 0, None))]);
    let mut world = World::booted(setup);
    world.give(priority(&[2, 1]));
    world.run(Millis::from_secs(10));
    change_key(&mut world, "the-first-key-set");
    world.setup.networks = vec![(slot(1), to("cs/cp", 2, None))];
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert_eq!(last_key(&world), "the-first-key-set");
    change_key(&mut world, "the-next-key-is-set");
    assert_eq!(last_key(&world), "the-next-key-is-set");
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert_eq!(last_key(&world), "the-next-key-is-set");
}

#[test]
fn charge_points_that_fell_over_together_do_not_try_the_first_way_again_together() {
    let tried = |seed| {
        let mut setup = by(vec![(1, to("cs/cp", 0, None)), (2, to("cs/cp", 0, None))]);
        setup.seed = seed;
        setup.tuning.reconnect_jitter = 25;
        assert_eq!(setup.tuning.set("network.prefer_s", "3600"), Ok(()));
        let mut world = World::new(setup);
        world.cut_off = vec![slot(1)];
        world.run(Millis::from_secs(60));
        world.attempts.clear();
        world.run(Millis::from_secs(5_000));
        let again = world.attempts.iter().find(|(_, it)| it.slot == slot(1));
        again.expect("it is tried").0
    };
    let all: Vec<_> = (0..20).map(tried).collect();
    let spread = all.iter().max().unwrap().since(*all.iter().min().unwrap());
    assert!(spread > Millis::from_secs(600), "{spread:?}");
}
