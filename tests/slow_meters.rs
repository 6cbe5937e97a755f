//! Meters as they are: slow, silent, dead; and what a power cut leaves of their readings
//! (OCPP 1.6 §3.16).
#![allow(clippy::panic)]

use evcp::core::{
    Act, AfterPowerLoss, Answer, Ev, Fact, Input, Notice, Question, Reading, RequestId, Setup,
    TransactionChange, Wh,
};
use evcp::time::Millis;
use evcp::types::Measurand;
use evcp_testing::{place, setup, with, Treat, World};
use serde_json::json;

/// A firmware that reads its meters when asked, with these keys.
fn asked(keys: &[(&str, &str)]) -> Setup {
    let mut setup = with(1, keys);
    setup.host.reads_meter = true;
    setup
}

/// The question about a meter that was put last.
fn question(world: &World) -> RequestId {
    let last = world.told.iter().rev().find_map(|notice| match notice {
        Notice::Ask(request, Question::ReadMeter(..)) => Some(*request),
        _ => None,
    });
    last.expect("the meter was asked for")
}

fn questions(world: &World) -> usize {
    let asks = |notice: &&Notice| matches!(notice, Notice::Ask(_, Question::ReadMeter(..)));
    world.told.iter().filter(asks).count()
}

fn show(world: &mut World, request: RequestId, wh: i64) {
    let readings = vec![Reading::energy(Wh(wh))];
    world.give(Input::Answer(request, Answer::Meter(readings)));
}

/// Answers the question that was put last.
fn shows(world: &mut World, wh: i64) {
    let request = question(world);
    show(world, request, wh);
}

/// Answers every question within a moment with what the meter shows then, for so many seconds.
fn run_with_meter(world: &mut World, seconds: i64, wh_at: impl Fn(i64) -> i64) {
    let mut answered = questions(world);
    for second in 1..=seconds {
        world.run(Millis::from_secs(1));
        if questions(world) > answered {
            answered = questions(world);
            shows(world, wh_at(second));
        }
    }
}

fn started(world: &World) -> serde_json::Value {
    world.sent("StartTransaction").pop().expect("it started")
}

fn stopped(world: &World) -> serde_json::Value {
    world.sent("StopTransaction").pop().expect("it stopped")
}

fn begin(world: &mut World) {
    world.ev(1, Ev::Plugged);
    world.show(1, "ONE");
}

// rules: 57
#[test]
fn a_first_reading_that_comes_late_is_where_the_session_begins() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "900")]));
    begin(&mut world);
    let first = question(&world);
    world.run(Millis::from_secs(3));
    assert!(
        world.sent("StartTransaction").is_empty(),
        "it waits for the register"
    );
    show(&mut world, first, 1_000);
    assert_eq!(started(&world)["meterStart"], 1_000);
    world.ev(1, Ev::Charging);
    run_with_meter(&mut world, 50, |second| 1_000 + second);
    world.show(1, "ONE");
    let last = question(&world);
    show(&mut world, last, 1_700);
    assert_eq!(stopped(&world)["meterStop"], 1_700);
}

// rules: 57
#[test]
fn the_time_for_an_answer_begins_when_the_disk_is_done_and_the_firmware_can_see_the_question() {
    let mut world = World::booted(asked(&[]));
    begin(&mut world);
    let first = question(&world);
    // What came before the question was under way to the disk for three seconds.
    world.now.mono = world.now.mono + Millis::from_secs(3);
    world.give(Input::Deadline);
    world.run(Millis(1_999));
    show(&mut world, first, 1_000);
    let telling = world.told.iter().find_map(|notice| match notice {
        Notice::Transaction(step) => Some((step.change, step.meter_start)),
        _ => None,
    });
    assert_eq!(telling, Some((TransactionChange::Started, Wh(1_000))));
}

#[test]
fn an_answer_that_was_given_in_time_counts_however_long_the_library_was_held_up() {
    let mut world = World::booted(asked(&[]));
    begin(&mut world);
    let first = question(&world);
    world.run(Millis(100));
    world.now.mono = world.now.mono + Millis::from_secs(9);
    // Something else that happened meanwhile is handled first.
    world.ev(1, Ev::Plugged);
    show(&mut world, first, 1_000);
    assert_eq!(started(&world)["meterStart"], 1_000);
}

// rules: 73
#[test]
fn a_meter_that_always_takes_three_seconds_gives_its_samples_with_their_own_time() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "30")]));
    begin(&mut world);
    let first = question(&world);
    world.run(Millis::from_secs(3));
    show(&mut world, first, 1_000);
    world.ev(1, Ev::Charging);
    for sample in 1..=4 {
        let before = questions(&world);
        while questions(&world) == before {
            world.run(Millis::from_secs(1));
        }
        let request = question(&world);
        world.run(Millis(3_500));
        show(&mut world, request, 1_000 + sample * 10);
    }
    let values: Vec<_> = world.sent("MeterValues");
    assert!(values.len() >= 3, "{values:?}");
    let first = &values[0]["meterValue"][0];
    assert_eq!(first["sampledValue"][0]["value"], "1010");
    let seconds = &first["timestamp"].as_str().expect("a time")[17..23];
    // Due half a minute after the start at the second second, read three and a half later.
    assert!(("34.500".."37.000").contains(&seconds), "{seconds}");
}

// rules: 57
#[test]
fn a_meter_that_was_silent_at_the_start_is_asked_again_soon() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "900")]));
    begin(&mut world);
    world.run(Millis::from_secs(2));
    assert_eq!(questions(&world), 1);
    world.run(Millis::from_secs(3));
    assert_eq!(questions(&world), 2);
    shows(&mut world, 4_000);
    assert_eq!(started(&world)["meterStart"], 4_000);
}

// rules: 57
#[test]
fn a_start_whose_register_stays_unknown_is_told_all_the_same_and_with_what_was_known_before() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "0")]));
    begin(&mut world);
    shows(&mut world, 5_000);
    world.show(1, "ONE");
    shows(&mut world, 5_500);
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(60));
    // After a restart the meter is dead.
    world.power_cycle();
    world.run(Millis::from_secs(1));
    world.charge(1, "TWO");
    world.run(Millis::from_secs(13));
    assert_eq!(started(&world)["idTag"], "TWO");
    assert_eq!(started(&world)["meterStart"], 5_500);
    world.show(1, "TWO");
    world.run(Millis::from_secs(3));
    assert_eq!(stopped(&world)["meterStop"], 5_500);
}

// rules: 73
#[test]
fn a_meter_that_is_dead_gives_no_values_instead_of_old_ones_with_new_times() {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("ClockAlignedDataInterval", "60"),
    ];
    let mut world = World::booted(asked(&keys));
    begin(&mut world);
    shows(&mut world, 1_000);
    world.ev(1, Ev::Charging);
    let request = question(&world);
    world.run(Millis::from_secs(10));
    assert_ne!(question(&world), request);
    shows(&mut world, 1_010);
    let known = world.sent("MeterValues").len();
    assert_eq!(known, 1);
    world.run(Millis::from_secs(600));
    assert_eq!(world.sent("MeterValues").len(), known);
    // "Could not be read" is no reading either.
    let request = question(&world);
    world.give(Input::Answer(request, Answer::Meter(Vec::new())));
    world.run(Millis::from_secs(5));
    assert_eq!(world.sent("MeterValues").len(), known);
}

#[test]
fn a_reading_without_the_register_leaves_the_bill_to_the_register_that_is_known() {
    let mut world = World::booted(asked(&[]));
    begin(&mut world);
    shows(&mut world, 1_000);
    world.ev(1, Ev::Charging);
    world.fact(Fact::Meter(place(1), vec![Reading::energy(Wh(1_400))]));
    world.show(1, "ONE");
    let volts = Reading {
        measurand: Measurand::Voltage,
        ..Reading::energy(Wh(230))
    };
    let request = question(&world);
    world.give(Input::Answer(request, Answer::Meter(vec![volts])));
    assert_eq!(stopped(&world)["meterStop"], 1_400);
}

// rules: 72
#[test]
fn a_power_cut_costs_no_more_than_sample_commit_however_long_the_sample_interval_is() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "900")]));
    begin(&mut world);
    shows(&mut world, 0);
    world.ev(1, Ev::Charging);
    run_with_meter(&mut world, 300, |second| second * 3);
    world.power_cycle();
    world.run(Millis::from_secs(15));
    let stop = stopped(&world)["meterStop"].as_i64().expect("a register");
    assert!((235 * 3..=300 * 3).contains(&stop), "{stop}");
}

// rules: 72
#[test]
fn after_a_power_cut_the_meter_is_asked_before_the_transaction_is_closed() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "900")]));
    begin(&mut world);
    shows(&mut world, 100);
    world.ev(1, Ev::Charging);
    world.run(Millis::from_secs(8));
    world.power_cycle();
    world.run(Millis::from_secs(1));
    assert!(world.sent("StopTransaction").is_empty());
    // The contactor was open meanwhile: the register is exact.
    shows(&mut world, 140);
    let stop = stopped(&world);
    assert_eq!(
        (&stop["meterStop"], &stop["reason"]),
        (&json!(140), &json!("PowerLoss"))
    );

    // A dead meter does not keep it open for ever.
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "900")]));
    begin(&mut world);
    shows(&mut world, 100);
    world.power_cycle();
    world.run(Millis::from_secs(11));
    assert_eq!(stopped(&world)["meterStop"], 100);
}

// rules: 72
#[test]
fn a_stop_after_a_power_cut_is_never_below_a_sample_that_was_delivered() {
    let mut world = World::booted(asked(&[("MeterValueSampleInterval", "10")]));
    begin(&mut world);
    shows(&mut world, 100);
    world.ev(1, Ev::Charging);
    run_with_meter(&mut world, 11, |_| 130);
    let values = world.sent("MeterValues");
    assert_eq!(
        values[0]["meterValue"][0]["sampledValue"][0]["value"],
        "130"
    );
    world.power_cycle();
    world.run(Millis::from_secs(15));
    assert_eq!(stopped(&world)["meterStop"], 130);
}

// rules: 72
#[test]
fn an_orderly_stop_while_charging_is_a_reboot_and_ends_with_what_the_meter_shows() {
    let mut world = World::booted(asked(&[]));
    begin(&mut world);
    shows(&mut world, 100);
    world.ev(1, Ev::Charging);
    world.run(Millis::from_secs(5));
    world.act(Act::Closing);
    world.power_cycle();
    world.run(Millis::from_secs(1));
    shows(&mut world, 170);
    let stop = stopped(&world);
    assert_eq!(
        (&stop["meterStop"], &stop["reason"]),
        (&json!(170), &json!("Reboot"))
    );
    // The next cut is none of that.
    world.ev(1, Ev::Absent);
    begin(&mut world);
    shows(&mut world, 170);
    world.power_cycle();
    world.run(Millis::from_secs(11));
    assert_eq!(stopped(&world)["reason"], "PowerLoss");
}

// rules: 30
#[test]
fn a_stop_is_never_dated_before_its_start_also_after_a_clock_was_set_back_and_the_power_cut() {
    let mut world = World::booted(setup(1));
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.step_central(-3_600_000);
    world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
    world.run(Millis::from_secs(480));
    world.meter(1, 200);
    world.run(Millis::from_secs(120));
    world.power_cycle();
    world.run(Millis::from_secs(5));
    let (start, stop) = (started(&world), stopped(&world));
    assert_eq!(stop["reason"], "PowerLoss");
    let time =
        |message: &serde_json::Value| message["timestamp"].as_str().expect("a time").to_owned();
    assert!(time(&start) <= time(&stop), "{start} {stop}");
}

// rules: 66
#[test]
fn a_session_that_goes_on_after_a_power_cut_keeps_what_is_left_of_max_energy_on_invalid_id() {
    let keys = [
        ("MaxEnergyOnInvalidId", "500"),
        ("StopTransactionOnInvalidId", "false"),
    ];
    let mut setup = with(1, &keys);
    setup.tuning.after_power_loss = AfterPowerLoss::Resume;
    setup.tuning.sample_commit = Millis(0);
    let mut world = World::booted(setup);
    world.meter(1, 1_000);
    let refused = json!({"transactionId": 7, "idTagInfo": {"status": "Blocked"}});
    world
        .central
        .treat("StartTransaction", Treat::With(refused));
    world.charge(1, "ONE");
    world.meter(1, 1_150);
    world.run(Millis::from_secs(60));
    world.power_cycle();
    world.run(Millis::from_secs(1));
    world.meter(1, 1_150);
    world.ev(1, Ev::Charging);
    assert!(
        world.supply(1).is_some_and(|supply| supply.permit),
        "350 Wh are left"
    );
    world.meter(1, 1_499);
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.meter(1, 1_500);
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
}

#[test]
fn a_flood_of_questions_of_the_central_system_takes_no_room_from_those_about_meters() {
    let mut world = World::booted(asked(&[]));
    for number in 0..100 {
        world.call("DataTransfer", json!({"vendorId": format!("v{number}")}));
    }
    begin(&mut world);
    assert_eq!(questions(&world), 1);
    shows(&mut world, 10);
    assert_eq!(started(&world)["meterStart"], 10);
}

/// Found by the simulation: the register of the session before, with a time of this one.
#[test]
fn a_sample_does_not_show_the_register_of_before_a_transaction_whose_first_is_still_to_come() {
    let mut world = World::booted(setup(1));
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(5));
    // The meter says nothing while the vehicle draws, and the next one comes.
    world.shown.clear();
    world.ev(1, Ev::Absent);
    world.charge(1, "TWO");
    let volts = Reading {
        measurand: Measurand::Voltage,
        ..Reading::energy(Wh(230))
    };
    world.fact(Fact::Meter(place(1), vec![volts]));
    world.run(Millis::from_secs(61));
    assert!(world.sent("MeterValues").is_empty());
    world.meter(1, 160);
    world.run(Millis::from_secs(60));
    let sent = world.sent("MeterValues");
    assert_eq!(sent[0]["meterValue"][0]["sampledValue"][0]["value"], "100");
    assert_eq!(started(&world)["meterStart"], 100);
}

#[test]
fn a_reading_that_comes_when_a_sample_is_due_and_another_waits_is_one_sample() {
    let mut setup = with(1, &[("MeterValueSampleInterval", "60")]);
    setup.host.reads_meter = false;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.charge(1, "ONE");
    // The firmware shows its meter each seven minutes, in the very instant in which a sample is due.
    for minutes in 1..4 {
        world.shown.clear();
        world.run(Millis(419_999));
        world.now.mono = world.now.mono + Millis(1);
        world.now.wall = world.now.wall.offset(1);
        world.meter(1, minutes * 500);
        world.run(Millis(0));
    }
    let sent = world.sent("MeterValues");
    let registers: Vec<_> = sent
        .iter()
        .map(|values| &values["meterValue"][0]["sampledValue"][0]["value"])
        .collect();
    assert_eq!(registers, ["500", "1000", "1500"], "{sent:?}");
}
