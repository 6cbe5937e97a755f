//! Contactor and lock that say what they do: in which order lock, energy and readings follow each other, and what
//! does not obey (OCPP 1.6 §4.9, §7.6).

use evcp::core::*;
use evcp::time::Millis;
use evcp::types::ChargePointErrorCode as Code;
use evcp_testing::{at, place, setup, tag, World};
use serde_json::Value;

const BOTH: Feedback = Feedback {
    contactor: true,
    lock: true,
};
const LOCK: Feedback = Feedback {
    contactor: false,
    lock: true,
};
const CONTACTOR: Feedback = Feedback {
    contactor: true,
    lock: false,
};

fn made(feedback: Feedback) -> Setup {
    let mut setup = setup(1);
    setup.connectors[0].feedback = feedback;
    setup
}

fn booted(feedback: Feedback) -> World {
    let mut world = World::booted(made(feedback));
    world.meter(1, 0);
    world
}

fn lock(world: &mut World, closed: bool) {
    world.fact(Fact::Lock(at(1), closed));
}

fn contactor(world: &mut World, closed: bool) {
    world.fact(Fact::Contactor(at(1), closed));
}

fn status(world: &World) -> (String, String) {
    let sent = world.sent("StatusNotification");
    let last = sent.iter().rev().find(|status| status["connectorId"] == 1);
    let text = |name: &str| last.and_then(|last| last[name].as_str());
    let text = |name| text(name).unwrap_or_default().to_owned();
    (text("status"), text("errorCode"))
}

fn is(status: &str, error: &str) -> (String, String) {
    (status.to_owned(), error.to_owned())
}

fn permits(world: &World) -> bool {
    world.supply(1).is_some_and(|supply| supply.permit)
}

fn locks(world: &World) -> bool {
    world.supply(1).is_some_and(|supply| supply.lock)
}

fn started(world: &World) -> usize {
    world.sent("StartTransaction").len()
}

fn stops(world: &World) -> Vec<Value> {
    let sent = world.sent("StopTransaction");
    sent.iter().map(|stop| stop["meterStop"].clone()).collect()
}

fn fault(code: Code) -> Fault {
    Fault {
        code,
        info: None,
        vendor_code: None,
    }
}

/// A vehicle charges, and everything says that it is closed.
fn charging(feedback: Feedback) -> World {
    let mut world = booted(feedback);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    if feedback.lock {
        lock(&mut world, true);
    }
    world.ev(1, Ev::Charging);
    if feedback.contactor {
        contactor(&mut world, true);
    }
    assert_eq!(status(&world).0, "Charging");
    world.run(Millis::from_secs(10));
    world
}

#[test]
fn a_start_waits_for_the_lock_which_is_told_to_close_first() {
    let mut world = booted(LOCK);
    world.ev(1, Ev::Plugged);
    assert!(!locks(&world));
    world.show(1, "ONE");
    assert!(locks(&world) && !permits(&world));
    assert_eq!(started(&world), 0);
    assert_eq!(status(&world), is("Preparing", "NoError"));
    world.run(Millis(400));
    lock(&mut world, true);
    assert!(locks(&world) && permits(&world));
    assert_eq!(started(&world), 1);
}

#[test]
fn a_lock_that_is_reported_open_before_it_closes_costs_nothing() {
    let mut world = booted(LOCK);
    lock(&mut world, false);
    world.charge(1, "ONE");
    lock(&mut world, false);
    world.run(Millis(4_900));
    assert_eq!(status(&world), is("Preparing", "NoError"));
    lock(&mut world, true);
    assert!(permits(&world));
}

#[test]
fn a_lock_that_does_not_close_is_a_fault_and_the_start_goes_on_when_it_does() {
    let mut world = booted(LOCK);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.run(Millis(4_999));
    assert_eq!(status(&world), is("Preparing", "NoError"));
    world.run(Millis(1));
    assert_eq!(status(&world), is("Faulted", "ConnectorLockFailure"));
    assert!(locks(&world) && !permits(&world));
    world.run(Millis::from_secs(3));
    assert_eq!(started(&world), 0);
    lock(&mut world, true);
    assert_eq!(started(&world), 1);
    assert!(permits(&world));
    assert_eq!(status(&world).1, "NoError");
}

#[test]
fn the_permission_that_waits_for_a_lock_ends_as_any_other() {
    // ConnectionTimeOut, the tag again, the stop button, and another fault.
    let ends: [fn(&mut World); 4] = [
        |world| world.run(Millis::from_secs(60)),
        |world| world.show(1, "ONE"),
        |world| world.act(Act::Cancel(place(1))),
        |world| {
            world.fact(Fact::Fault(place(1), Some(fault(Code::GroundFailure))));
            world.fact(Fact::Fault(place(1), None));
        },
    ];
    for end in ends {
        let mut world = booted(LOCK);
        world.ev(1, Ev::Plugged);
        world.show(1, "ONE");
        world.run(Millis::from_secs(6));
        assert_eq!(status(&world), is("Faulted", "ConnectorLockFailure"));
        end(&mut world);
        world.run(Millis(0));
        assert_eq!(status(&world).1, "NoError");
        assert!(!locks(&world));
        lock(&mut world, true);
        lock(&mut world, false);
        world.run(Millis::from_secs(6));
        assert_eq!(
            (started(&world), status(&world).1),
            (0, "NoError".to_owned())
        );
    }
}

#[test]
fn a_lock_that_opens_while_the_first_reading_is_waited_for_has_it_read_again() {
    let mut setup = made(LOCK);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    lock(&mut world, true);
    lock(&mut world, false);
    world.run(Millis::from_secs(3));
    assert_eq!(started(&world), 0);
    lock(&mut world, true);
    world.run(Millis::from_secs(1));
    world.meter(1, 40);
    assert_eq!(world.sent("StartTransaction")[0]["meterStart"], 40);
}

#[test]
fn a_lock_that_opens_in_a_transaction_takes_energy_away_at_once_and_is_a_fault() {
    let mut world = charging(LOCK);
    lock(&mut world, false);
    assert!(!permits(&world) && locks(&world));
    assert_eq!(status(&world), is("Faulted", "ConnectorLockFailure"));
    assert!(stops(&world).is_empty());
    world.ev(1, Ev::Plugged);
    lock(&mut world, true);
    assert!(permits(&world));
    world.ev(1, Ev::Charging);
    assert_eq!(status(&world), is("Charging", "NoError"));
    assert_eq!(started(&world), 1);
}

#[test]
fn a_lock_that_does_not_open_is_a_fault_until_it_does() {
    let mut world = charging(LOCK);
    world.show(1, "ONE");
    assert!(!locks(&world));
    world.run(Millis::from_secs(5));
    assert_eq!(status(&world), is("Faulted", "ConnectorLockFailure"));
    lock(&mut world, false);
    assert_eq!(status(&world).1, "NoError");
}

#[test]
fn after_a_restart_an_unknown_lock_permits_nothing() {
    let mut setup = made(LOCK);
    setup.tuning.after_power_loss = AfterPowerLoss::Resume;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    lock(&mut world, true);
    assert!(permits(&world));
    world.power_cycle();
    world.ev(1, Ev::Charging);
    world.run(Millis::from_secs(1));
    assert!(locks(&world) && !permits(&world));
    world.run(Millis::from_secs(5));
    assert_eq!(status(&world), is("Faulted", "ConnectorLockFailure"));
    lock(&mut world, true);
    assert!(permits(&world));
}

#[test]
fn charging_is_told_when_the_contactor_is_closed() {
    let mut world = booted(CONTACTOR);
    world.charge(1, "ONE");
    assert!(permits(&world));
    assert_eq!(status(&world), is("Preparing", "NoError"));
    contactor(&mut world, true);
    assert_eq!(status(&world), is("Charging", "NoError"));
    // A pause, and the way back: there is none to Preparing.
    world.fact(Fact::Evse(at(1), Evse::Paused { reason: None }));
    contactor(&mut world, false);
    world.fact(Fact::Evse(at(1), Evse::Ready));
    assert!(permits(&world));
    assert_eq!(status(&world), is("SuspendedEVSE", "NoError"));
    contactor(&mut world, true);
    let told = world.statuses(1);
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    let way = [
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEVSE",
        "Charging",
    ];
    assert_eq!(told, way);
}

#[test]
fn a_status_goes_the_ways_of_the_standard_whatever_was_before_the_contactor_closes() {
    // A pause, and a vehicle that wanted nothing at first.
    let mut world = booted(CONTACTOR);
    world.fact(Fact::Evse(at(1), Evse::Paused { reason: None }));
    world.charge(1, "ONE");
    world.fact(Fact::Evse(at(1), Evse::Ready));
    contactor(&mut world, true);
    let told = world.statuses(1);
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        ["Available", "Preparing", "SuspendedEVSE", "Charging"]
    );
    let mut world = booted(CONTACTOR);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    world.ev(1, Ev::Charging);
    contactor(&mut world, true);
    let told = world.statuses(1);
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    let way = [
        "Available",
        "Preparing",
        "SuspendedEV",
        "SuspendedEVSE",
        "Charging",
    ];
    assert_eq!(told, way);
}

#[test]
fn a_vehicle_that_asks_for_nothing_has_no_contactor_to_close() {
    let mut world = booted(CONTACTOR);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    world.run(Millis::from_secs(60));
    assert_eq!(status(&world), is("SuspendedEV", "NoError"));
    world.ev(1, Ev::Charging);
    contactor(&mut world, true);
    world.run(Millis::from_secs(60));
    // In state B the firmware opens it, whichever it says first.
    contactor(&mut world, false);
    world.run(Millis::from_secs(1));
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(60));
    assert_eq!(status(&world), is("SuspendedEV", "NoError"));
    assert!(permits(&world));
}

#[test]
fn a_contactor_that_does_not_close_is_a_fault_until_it_does_or_the_transaction_is_over() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, false);
    world.charge(1, "ONE");
    world.run(Millis(1_999));
    assert_eq!(status(&world), is("Preparing", "NoError"));
    world.run(Millis(1));
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    assert!(!permits(&world));
    let told = world.told.len();
    world.run(Millis::from_secs(60));
    contactor(&mut world, false);
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    assert_eq!(world.told.len(), told, "it is not tried over and over");
    world.show(1, "ONE");
    world.run(Millis(0));
    assert_eq!(stops(&world).len(), 1);
    assert_eq!(status(&world), is("Finishing", "NoError"));
}

#[test]
fn a_contactor_that_closes_late_and_opens_is_tried_again() {
    let mut world = booted(CONTACTOR);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(3));
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    contactor(&mut world, true);
    assert!(!permits(&world), "it is to open first");
    contactor(&mut world, false);
    world.run(Millis(0));
    assert!(permits(&world));
    contactor(&mut world, true);
    assert_eq!(status(&world), is("Charging", "NoError"));
}

#[test]
fn the_last_reading_is_taken_when_the_contactor_is_open() {
    let mut world = charging(BOTH);
    world.meter(1, 500);
    world.show(1, "ONE");
    assert!(!permits(&world) && locks(&world));
    assert!(stops(&world).is_empty(), "it is still closed");
    world.run(Millis(300));
    world.meter(1, 520);
    assert!(stops(&world).is_empty());
    contactor(&mut world, false);
    assert!(stops(&world).is_empty() && locks(&world));
    world.meter(1, 530);
    assert_eq!(stops(&world), [530]);
    assert!(!locks(&world));
}

#[test]
fn a_firmware_that_reads_its_meter_is_asked_when_the_contactor_is_open() {
    let mut setup = made(CONTACTOR);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(3));
    contactor(&mut world, true);
    world.run(Millis::from_secs(5));
    world.told.clear();
    world.act(Act::StopTx(at(1), evcp::types::Reason::Local));
    let asked = |world: &World| {
        let mut told = world.told.iter();
        told.any(|notice| matches!(notice, Notice::Ask(_, Question::ReadMeter(..))))
    };
    assert!(!asked(&world));
    contactor(&mut world, false);
    assert!(asked(&world));
}

#[test]
fn a_welded_contactor_is_told_at_once_and_keeps_the_plug_until_it_opens() {
    let mut world = charging(BOTH);
    world.meter(1, 500);
    world.show(1, "ONE");
    world.run(Millis(1_000));
    world.meter(1, 600);
    world.run(Millis(999));
    assert_eq!(status(&world).1, "NoError");
    assert!(stops(&world).is_empty());
    world.run(Millis(1));
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    world.meter(1, 610);
    assert_eq!(stops(&world), [610]);
    assert!(locks(&world), "the plug is live");
    // Nobody else is served.
    world.show(1, "TWO");
    assert_eq!(started(&world), 1);
    contactor(&mut world, false);
    assert!(!locks(&world));
    lock(&mut world, false);
    assert_eq!(status(&world), is("Finishing", "NoError"));
    world.ev(1, Ev::Absent);
    world.charge(1, "TWO");
    lock(&mut world, true);
    assert_eq!(started(&world), 2);
}

#[test]
fn a_contactor_that_closes_by_itself_is_a_fault() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, false);
    world.run(Millis::from_secs(60));
    contactor(&mut world, true);
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    contactor(&mut world, false);
    assert_eq!(status(&world), is("Available", "NoError"));
}

#[test]
fn nothing_begins_while_the_contactor_is_closed() {
    let mut world = booted(CONTACTOR);
    world.run(Millis::from_secs(60));
    // Found closed after a restart, it has its time to be opened.
    contactor(&mut world, true);
    world.charge(1, "ONE");
    assert_eq!(
        (started(&world), status(&world).1),
        (0, "NoError".to_owned())
    );
    contactor(&mut world, false);
    assert_eq!(started(&world), 1);
    assert!(permits(&world));
}

#[test]
fn a_contactor_that_is_found_closed_and_stays_so_calls_off_what_was_about_to_begin() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, true);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(2));
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    contactor(&mut world, false);
    world.run(Millis::from_secs(1));
    assert_eq!(
        (started(&world), status(&world).1),
        (0, "NoError".to_owned())
    );
}

#[test]
fn a_power_cut_of_a_transaction_whose_contactor_is_found_closed_is_told() {
    let mut world = charging(CONTACTOR);
    world.power_cycle();
    contactor(&mut world, true);
    world.run(Millis::from_secs(60));
    assert_eq!(stops(&world).len(), 1);
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    assert!(!permits(&world));
}

#[test]
fn neither_host_nor_library_takes_back_what_the_other_says_is_wrong() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, true);
    world.run(Millis::from_secs(2));
    let faulted = is("Faulted", "PowerSwitchFailure");
    assert_eq!(status(&world), faulted);
    let own = Fact::Fault(place(1), Some(fault(Code::PowerSwitchFailure)));
    world.fact(own.clone());
    world.fact(Fact::FaultOver(place(1), Code::PowerSwitchFailure));
    assert_eq!(status(&world), faulted);
    world.fact(Fact::Fault(place(1), None));
    assert_eq!(status(&world), faulted);
    world.fact(own);
    contactor(&mut world, false);
    assert_eq!(status(&world), faulted);
    world.fact(Fact::FaultOver(place(1), Code::PowerSwitchFailure));
    assert_eq!(status(&world), is("Available", "NoError"));
}

#[test]
fn a_reset_waits_for_the_contactor_and_not_for_ever() {
    let mut world = charging(CONTACTOR);
    world.meter(1, 500);
    world.call("Reset", serde_json::json!({"type": "Soft"}));
    let ask = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, Question::Reset { .. }) => Some(*request),
        _ => None,
    });
    let request = ask.expect("the firmware is asked");
    world.give(Input::Answer(request, Answer::Accepted));
    assert!(stops(&world).is_empty());
    world.run(Millis::from_secs(10));
    assert_eq!(stops(&world), [500]);
    let reboots = |notice: &Notice| matches!(notice, Notice::Reboot { .. });
    assert!(world.told.iter().any(reboots));
}

#[test]
fn power_that_fails_waits_for_nothing() {
    let mut world = charging(CONTACTOR);
    world.meter(1, 500);
    world.act(Act::PowerFails);
    assert_eq!(stops(&world), [500]);
}

#[test]
fn a_remote_start_waits_for_the_lock_as_well() {
    let mut world = booted(LOCK);
    world.ev(1, Ev::Plugged);
    world.act(Act::StartTx(at(1), tag("FREE")));
    assert_eq!(started(&world), 0);
    lock(&mut world, true);
    assert_eq!(started(&world), 1);
}

#[test]
fn what_was_not_declared_changes_nothing() {
    let mut world = booted(Feedback::NONE);
    contactor(&mut world, true);
    lock(&mut world, false);
    world.charge(1, "ONE");
    assert!(permits(&world));
    world.run(Millis::from_secs(60));
    assert_eq!(status(&world), is("Charging", "NoError"));
}

#[test]
fn a_fixed_cable_has_no_lock_to_report() {
    let mut setup = made(LOCK);
    setup.connectors[0].lockable = false;
    let now = World::new(made(LOCK)).now;
    let refused = Engine::new(setup, Stored::default(), now).err();
    assert_eq!(refused, Some(SetupError::Feedback(1)));
}

#[test]
fn energy_that_flows_through_a_contactor_that_closed_by_itself_is_not_the_next_ones() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, false);
    world.meter(1, 1_000);
    world.shown.clear();
    world.run(Millis::from_secs(60));
    contactor(&mut world, true);
    world.run(Millis::from_secs(60));
    contactor(&mut world, false);
    world.charge(1, "TWO");
    contactor(&mut world, true);
    world.meter(1, 1_500);
    world.meter(1, 1_600);
    world.show(1, "TWO");
    contactor(&mut world, false);
    world.meter(1, 1_600);
    let start = world.sent("StartTransaction")[0]["meterStart"].as_i64();
    let stop = stops(&world)[0].as_i64();
    assert_eq!(stop.zip(start).map(|(stop, start)| stop - start), Some(100));
}

#[test]
fn energy_that_flows_in_a_pause_through_a_contactor_that_closed_by_itself_is_on_the_bill() {
    let mut world = charging(CONTACTOR);
    world.fact(Fact::Evse(at(1), Evse::Paused { reason: None }));
    contactor(&mut world, false);
    world.meter(1, 510);
    world.shown.clear();
    world.run(Millis::from_secs(60));
    contactor(&mut world, true);
    world.run(Millis::from_secs(60));
    world.show(1, "ONE");
    assert!(stops(&world).is_empty(), "510 is of before");
    world.run(Millis(500));
    world.meter(1, 900);
    assert_eq!(stops(&world), [900]);
}

fn unlocked(world: &World) -> usize {
    let mut told = world.told.iter();
    let ask = |notice: &Notice| matches!(notice, Notice::Ask(_, Question::Unlock(_)));
    let supply = world.supply(1).is_some_and(|supply| supply.lock);
    assert!(
        !told.any(ask) || !supply,
        "who is to unlock is told to lock"
    );
    world.told.iter().filter(|notice| ask(notice)).count()
}

fn charging_where_it_unlocks() -> World {
    let mut setup = made(BOTH);
    setup.host.unlocks = true;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    lock(&mut world, true);
    world.ev(1, Ev::Charging);
    contactor(&mut world, true);
    world.run(Millis::from_secs(10));
    world
}

#[test]
fn a_firmware_is_asked_to_unlock_when_the_contactor_is_open() {
    let mut world = charging_where_it_unlocks();
    let unlock = serde_json::json!({"connectorId": 1});
    assert_eq!(world.call("UnlockConnector", unlock), None);
    world.run(Millis(1_900));
    assert_eq!(
        unlocked(&world),
        0,
        "a plug is not pulled out of a live socket"
    );
    contactor(&mut world, false);
    assert_eq!(unlocked(&world), 1);
    // It has as long as it ever has.
    world.run(Millis::from_secs(24));
    let asked = world.told.iter().find_map(|notice| match notice {
        Notice::Ask(request, Question::Unlock(_)) => Some(*request),
        _ => None,
    });
    world.give(Input::Answer(asked.expect("it is asked"), Answer::Accepted));
    let answer = world.central.answers.last().expect("it is answered");
    assert_eq!(answer[2]["status"], "Unlocked");
    assert_eq!(stops(&world).len(), 1);
}

#[test]
fn a_plug_in_a_welded_socket_is_not_unlocked() {
    let mut world = charging_where_it_unlocks();
    let unlock = || serde_json::json!({"connectorId": 1});
    assert_eq!(world.call("UnlockConnector", unlock()), None);
    world.run(Millis::from_secs(2));
    let answer = world.central.answers.last().expect("it is answered");
    assert_eq!(answer[2]["status"], "UnlockFailed");
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    let answer = world.call("UnlockConnector", unlock());
    assert_eq!(answer.expect("at once")["status"], "UnlockFailed");
    contactor(&mut world, false);
    world.run(Millis::from_secs(60));
    assert_eq!(unlocked(&world), 0, "nobody waits for it any more");
    world.call("UnlockConnector", unlock());
    assert_eq!(unlocked(&world), 1);
}

#[test]
fn what_was_stopped_does_not_go_on_in_the_next_run_while_its_last_reading_waits() {
    let mut setup = made(CONTACTOR);
    setup.tuning.after_power_loss = AfterPowerLoss::Resume;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.charge(1, "ONE");
    contactor(&mut world, true);
    world.meter(1, 500);
    world.show(1, "ONE");
    world.act(Act::Closing);
    world.power_cycle();
    contactor(&mut world, false);
    world.ev(1, Ev::Charging);
    world.run(Millis::from_secs(1));
    assert!(!permits(&world));
    assert_eq!(stops(&world), [500]);
}

#[test]
fn a_contactor_that_is_said_to_be_open_again_and_again_is_a_fault_in_its_time() {
    let mut world = booted(CONTACTOR);
    contactor(&mut world, false);
    world.charge(1, "ONE");
    for _ in 0..4 {
        assert_eq!(status(&world), is("Preparing", "NoError"));
        world.run(Millis(500));
        contactor(&mut world, false);
    }
    assert_eq!(status(&world), is("Faulted", "PowerSwitchFailure"));
    assert!(!permits(&world));
}
