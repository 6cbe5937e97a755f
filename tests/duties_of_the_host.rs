//! What docs/guide.md says of the order of lock, contactor and readings, of cards, of vehicles that pause, and of
//! power that fails.

use evcp::core::{Act, Answer, Ev, Fact, Input, Notice, Question, Reading, Setup, Supply, Wh};
use evcp::time::Millis;
use evcp::types::{ReadingContext, Reason};
use evcp_testing::{at, setup, Treat, World};

fn asked() -> Setup {
    let mut setup = setup(1);
    setup.host.reads_meter = true;
    setup
}

/// The supplies of connector 1, the readings that were asked for and the steps of the transaction, in order.
fn story(world: &World) -> Vec<String> {
    let line = |notice: &Notice| match notice {
        Notice::Supply(_, Supply { permit, lock, .. }) => {
            Some(format!("permit {permit}, lock {lock}"))
        }
        Notice::Ask(_, Question::ReadMeter(_, context)) => Some(format!("read {context:?}")),
        Notice::Transaction(step) => Some(format!("{:?}", step.change)),
        _ => None,
    };
    world.told.iter().filter_map(line).collect()
}

fn shows(world: &mut World, wh: i64) {
    let last = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, Question::ReadMeter(..)) => Some(*request),
        _ => None,
    });
    let readings = match wh {
        0 => Vec::new(),
        wh => vec![Reading::energy(Wh(wh))],
    };
    let request = last.expect("the meter was asked for");
    world.give(Input::Answer(request, Answer::Meter(readings)));
}

fn begun() -> World {
    let mut world = World::booted(asked());
    world.told.clear();
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    shows(&mut world, 1_000);
    world.ev(1, Ev::Charging);
    world
}

fn last_status(world: &World) -> String {
    world.statuses(1).pop().unwrap_or_default()
}

#[test]
fn energy_comes_after_the_lock_and_the_first_reading_and_goes_before_the_last_one_and_the_lock() {
    let mut world = begun();
    world.act(Act::StopTx(at(1), Reason::Local));
    let before = story(&world);
    shows(&mut world, 2_000);
    assert_eq!(
        before,
        [
            "read TransactionBegin",
            "permit false, lock true", // dispatched before it, as every supply
            "Started",
            "permit true, lock true",
            "Confirmed",
            "permit false, lock true",
            "read TransactionEnd",
        ]
    );
    assert_eq!(
        story(&world)[before.len()..],
        ["Stopped", "permit false, lock false"]
    );
}

#[test]
fn a_meter_that_cannot_be_read_is_not_waited_for() {
    let mut world = begun();
    world.act(Act::StopTx(at(1), Reason::Local));
    assert!(world.sent("StopTransaction").is_empty());
    shows(&mut world, 0);
    let stop = world.sent("StopTransaction").pop().expect("it is over");
    assert_eq!(stop["meterStop"], 1_000);
}

#[test]
fn a_vehicle_that_asked_and_does_not_any_more_is_suspended_at_once() {
    let mut world = begun();
    world.ev(1, Ev::Plugged);
    assert_eq!(last_status(&world), "SuspendedEV");
}

#[test]
fn a_vehicle_that_was_only_just_offered_energy_is_given_time_unless_it_is_said_to_take_none() {
    for suspended in [false, true] {
        let mut world = World::booted(setup(1));
        world.meter(1, 0);
        world.ev(1, Ev::Plugged);
        world.show(1, "ONE");
        assert_eq!(last_status(&world), "Preparing");
        if suspended {
            world.ev(1, Ev::Suspended);
            assert_eq!(last_status(&world), "SuspendedEV");
        }
        world.run(Millis::from_secs(11));
        assert_eq!(last_status(&world), "SuspendedEV");
    }
}

#[test]
fn a_card_that_is_seen_twice_is_a_wish_and_its_contrary() {
    let mut world = World::booted(setup(1));
    world.show(1, "ONE");
    assert_eq!(last_status(&world), "Preparing");
    world.show(1, "ONE");
    assert_eq!(last_status(&world), "Available");
    // While the central system is being asked about it, it is one.
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "TWO");
    world.show(1, "TWO");
    assert_eq!(world.sent("Authorize").len(), 2);
}

#[test]
fn a_transaction_that_was_stopped_offline_is_confirmed_after_that() {
    let mut world = begun();
    world.act(Act::StopTx(at(1), Reason::Local));
    shows(&mut world, 2_000);
    world.told.clear();
    world.central.treat("StartTransaction", Treat::Silence);
    world.show(1, "ONE");
    shows(&mut world, 2_000);
    world.drop_link();
    world.act(Act::StopTx(at(1), Reason::Local));
    shows(&mut world, 3_000);
    world.run(Millis::from_secs(300));
    let steps = story(&world);
    let place = |name: &str| steps.iter().position(|step| step == name);
    let (stopped, confirmed) = (place("Stopped"), place("Confirmed"));
    assert!(stopped.is_some() && stopped < confirmed, "{steps:?}");
}

#[test]
fn power_that_fails_bills_what_the_meter_was_last_known_to_show_without_a_question() {
    let mut world = begun();
    world.fact(Fact::Meter(
        evcp_testing::place(1),
        vec![Reading::energy(Wh(1_700))],
    ));
    world.told.clear();
    world.act(Act::PowerFails);
    assert_eq!(story(&world), ["Stopped", "permit false, lock false"]);
    let stop = world.sent("StopTransaction").pop().expect("it is over");
    assert_eq!(
        (&stop["meterStop"], &stop["reason"]),
        (&1_700.into(), &"PowerLoss".into())
    );
}

#[test]
fn power_that_is_back_before_the_device_is_off_starts_nothing_and_lets_the_next_one_charge() {
    let mut world = begun();
    world.act(Act::PowerFails);
    world.run(Millis::from_secs(60));
    assert_eq!(world.sent("StartTransaction").len(), 1);
    assert_eq!(last_status(&world), "Finishing");
    world.show(1, "TWO");
    shows(&mut world, 1_000);
    assert_eq!(world.sent("StartTransaction").len(), 2);
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
}

#[test]
fn who_pushes_and_answers_is_asked_for_the_bill_alone() {
    let mut made = evcp_testing::with(1, &[("MeterValueSampleInterval", "10")]);
    made.host.reads_meter = true;
    let mut world = World::booted(made);
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
    shows(&mut world, 1_000);
    world.ev(1, Ev::Charging);
    world.told.clear();
    for second in 0..120 {
        world.meter(1, 1_000 + second);
        world.run(Millis(999));
    }
    world.meter(1, 1_120);
    let asked = |world: &World| {
        let of = |notice: &Notice| match notice {
            Notice::Ask(_, Question::ReadMeter(_, context)) => Some(*context),
            _ => None,
        };
        world.told.iter().filter_map(of).collect::<Vec<_>>()
    };
    assert!(world.sent("MeterValues").len() >= 11);
    assert_eq!(asked(&world), []);
    world.act(Act::StopTx(at(1), Reason::Local));
    assert_eq!(asked(&world), [ReadingContext::TransactionEnd]);
}
