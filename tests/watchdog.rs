//! The watchdog: a host that does not dispatch while energy flows (the setting "host.watchdog_s").

use evcp::core::*;
use evcp::time::Millis;
use evcp::types::ChargePointErrorCode as Code;
use evcp_testing::{at, place, setup, World};

fn made(seconds: u64) -> World {
    let mut setup = setup(2);
    setup.tuning.watchdog = Millis::from_secs(seconds);
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world
}

fn charging(seconds: u64) -> World {
    let mut world = made(seconds);
    world.charge(1, "ONE");
    assert!(permits(&world));
    world
}

fn permits(world: &World) -> bool {
    world.supply(1).is_some_and(|supply| supply.permit)
}

fn status(world: &World, connector: u32) -> (String, String) {
    let sent = world.sent("StatusNotification");
    let last = sent
        .iter()
        .rev()
        .find(|status| status["connectorId"] == connector);
    let text = |name: &str| last.and_then(|last| last[name].as_str());
    let text = |name| text(name).unwrap_or_default().to_owned();
    (text("status"), text("errorCode"))
}

fn is(status: &str, error: &str) -> (String, String) {
    (status.to_owned(), error.to_owned())
}

fn dispatches(world: &mut World) {
    world.give(Input::Host { dispatched: true });
}

#[test]
fn a_host_that_does_not_dispatch_while_energy_flows_is_permitted_nothing() {
    let mut world = charging(30);
    world.attends = false;
    world.run(Millis(29_999));
    assert!(permits(&world));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    world.run(Millis(1));
    assert!(!permits(&world));
    assert_eq!(status(&world, 0), is("Faulted", "InternalError"));
    assert_eq!(status(&world, 1), is("SuspendedEVSE", "NoError"));
    assert!(world.sent("StopTransaction").is_empty());
    let told = world.told.len();
    world.run(Millis::from_secs(86_400));
    let notices = &world.told[told..];
    let asks = |notice: &Notice| matches!(notice, Notice::Ask(..));
    assert!(
        notices.iter().all(asks),
        "nothing more is told: {notices:?}"
    );
}

#[test]
fn a_host_that_dispatches_keeps_its_energy() {
    let mut world = charging(30);
    world.run(Millis::from_secs(3_600));
    assert!(permits(&world));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    // So does one that is called, since there was nothing to dispatch.
    world.attends = false;
    world.run(Millis::from_secs(20));
    assert_eq!(world.calls_of_host, 1);
    dispatches(&mut world);
    world.run(Millis::from_secs(20));
    assert_eq!(world.calls_of_host, 2);
    dispatches(&mut world);
    assert!(permits(&world));
}

#[test]
fn a_host_that_is_back_for_a_moment_has_its_energy_again() {
    let mut world = charging(30);
    world.attends = false;
    world.run(Millis::from_secs(31));
    assert!(!permits(&world));
    world.ev(1, Ev::Plugged);
    dispatches(&mut world);
    assert_eq!(status(&world, 0), is("Faulted", "InternalError"));
    world.attends = true;
    world.run(Millis(1_999));
    assert!(!permits(&world));
    world.run(Millis(1));
    assert!(permits(&world));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    world.ev(1, Ev::Charging);
    assert_eq!(status(&world, 1), is("Charging", "NoError"));
    // And is watched as before.
    world.attends = false;
    world.run(Millis::from_secs(46));
    assert!(!permits(&world));
}

#[test]
fn a_host_that_dispatches_once_and_no_more_stays_without_energy() {
    let mut world = charging(30);
    world.attends = false;
    world.run(Millis::from_secs(31));
    dispatches(&mut world);
    let calls = world.calls_of_host;
    world.run(Millis::from_secs(600));
    assert!(!permits(&world));
    assert_eq!(world.calls_of_host, calls + 1, "it is called, once");
    dispatches(&mut world);
    assert!(permits(&world));
}

#[test]
fn a_host_that_nobody_could_call_is_called_first() {
    let mut world = charging(30);
    world.attends = false;
    // The library was held up, by a disk perhaps.
    world.pass(Millis::from_secs(300));
    world.run(Millis::from_secs(1));
    assert!(permits(&world));
    assert_eq!(world.calls_of_host, 1);
    dispatches(&mut world);
    world.run(Millis::from_secs(29));
    assert!(permits(&world));
    world.run(Millis::from_secs(1));
    assert!(!permits(&world));
}

#[test]
fn nobody_is_watched_while_nothing_flows_or_if_it_is_not_wanted() {
    let mut world = made(30);
    world.attends = false;
    world.run(Millis::from_secs(3_600));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    let due = world.engine().deadline().map(|(_, due)| due);
    assert_ne!(due, Some(Due::Host));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(20));
    world.show(1, "ONE");
    world.run(Millis::from_secs(3_600));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    let mut world = charging(0);
    world.attends = false;
    world.run(Millis::from_secs(86_400));
    assert!(permits(&world));
}

#[test]
fn what_waits_is_called_off_and_the_hosts_own_fault_is_another_one() {
    let mut world = charging(30);
    world.show(2, "TWO");
    world.attends = false;
    world.run(Millis::from_secs(31));
    world.ev(2, Ev::Plugged);
    let own = Fault {
        code: Code::InternalError,
        info: None,
        vendor_code: None,
    };
    world.fact(Fact::Fault(place(0), Some(own)));
    world.fact(Fact::FaultOver(place(0), Code::InternalError));
    assert_eq!(status(&world, 0), is("Faulted", "InternalError"));
    world.fact(Fact::Fault(place(0), None));
    assert_eq!(status(&world, 0), is("Faulted", "InternalError"));
    dispatches(&mut world);
    world.attends = true;
    world.run(Millis::from_secs(3));
    assert_eq!(status(&world, 0), is("Available", "NoError"));
    assert_eq!(world.sent("StartTransaction").len(), 1);
    let step =
        |notice: &Notice| matches!(notice, Notice::Transaction(step) if step.connector == at(2));
    assert!(!world.told.iter().any(step));
}
