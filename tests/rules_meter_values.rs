//! Meter values: when they are taken, what they say, where they go (OCPP 1.6 §3.16, §4.7).
#![allow(clippy::panic)]

use evcp::core::{
    AfterPowerLoss, Answer, Ev, Fact, Notice, Place, Question, Reading, RequestId, Setup, Wh,
};
use evcp::time::Millis;
use evcp::types::{Measurand, Phase};
use evcp_testing::{at, place, Treat, World};
use serde_json::{json, Value};

const ALIGNED: (&str, &str) = ("ClockAlignedDataInterval", "900");
const REGISTER: &str = "Energy.Active.Import.Register";

/// Two connectors that take no periodic samples unless the keys say so.
fn with(keys: &[(&str, &str)]) -> Setup {
    let quiet = [("MeterValueSampleInterval", "0")];
    evcp_testing::with(2, &[&quiet, keys].concat())
}

fn reading(measurand: Measurand, phase: Option<Phase>, milli: i64) -> Reading {
    Reading {
        measurand,
        phase,
        location: None,
        milli,
    }
}

/// All sampled values of a message's first instant.
fn values(message: &Value) -> Vec<Value> {
    let values = message["meterValue"][0]["sampledValue"].as_array();
    values.expect("a list of values").clone()
}

fn contexts(message: &Value) -> Vec<String> {
    let data = message["transactionData"].as_array();
    let of = |value: &Value| {
        value["sampledValue"][0]["context"]
            .as_str()
            .map(str::to_owned)
    };
    data.into_iter().flatten().filter_map(of).collect()
}

fn stop_of(world: &World) -> Value {
    world.sent("StopTransaction").pop().expect("it was stopped")
}

// rules: 74, 75, 80
#[test]
fn clock_aligned_values_come_on_the_grid_also_without_a_transaction_and_then_name_none() {
    let mut world = World::booted(with(&[ALIGNED]));
    world.meter(1, 100);
    world.meter(2, 200);
    // Seven minutes past: the grid is that of the clock, not of the start.
    world.run(Millis::from_secs(420));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(900));
    let sent = world.sent("MeterValues");
    assert_eq!(sent.len(), 2);
    for (message, connector) in sent.iter().zip([1, 2]) {
        assert_eq!(message["connectorId"], connector);
        let time = &message["meterValue"][0]["timestamp"];
        assert_eq!(time, "2026-01-01T00:15:00.000Z");
        assert_eq!(values(message)[0]["context"], "Sample.Clock");
    }
    assert_eq!(sent[0]["transactionId"], world.central.sessions[0].id);
    assert_eq!(sent[1].get("transactionId"), None);
}

// rules: 74, 80
#[test]
fn a_main_meter_is_read_as_connector_zero_and_never_names_a_transaction() {
    let mut setup = with(&[ALIGNED]);
    setup.tuning.main_meter = true;
    let mut world = World::booted(setup);
    world.charge(1, "ONE");
    world.fact(Fact::Meter(
        Place::ChargePoint,
        vec![Reading::energy(Wh(9_000))],
    ));
    world.run(Millis::from_secs(900));
    let sent = world.sent("MeterValues");
    assert_eq!(sent.len(), 1, "the connectors have shown nothing");
    assert_eq!(sent[0]["connectorId"], 0);
    assert_eq!(sent[0].get("transactionId"), None);
    assert_eq!(values(&sent[0])[0]["value"], "9000");
}

// rules: 74
#[test]
fn the_clock_aligned_interval_is_effective_at_once_and_follows_a_clock_that_is_set() {
    let mut world = World::booted(with(&[]));
    world.meter(1, 100);
    let change = json!({"key": "ClockAlignedDataInterval", "value": "600"});
    let answer = world.call("ChangeConfiguration", change);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    // The central system says that it is a minute later than we believe: 00:01:00.
    world.step_central(60_000);
    world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
    world.run(Millis::from_secs(539));
    assert!(world.sent("MeterValues").is_empty());
    world.run(Millis::from_secs(1));
    let sent = world.sent("MeterValues");
    assert_eq!(
        sent[0]["meterValue"][0]["timestamp"],
        "2026-01-01T00:10:00.000Z"
    );
}

// rules: 73
#[test]
fn periodic_samples_come_only_in_transactions_and_a_new_interval_counts_from_its_setting() {
    let mut world = World::booted(with(&[("MeterValueSampleInterval", "60")]));
    world.meter(1, 100);
    world.run(Millis::from_secs(300));
    assert!(world.sent("MeterValues").is_empty());
    world.charge(1, "ONE");
    world.run(Millis::from_secs(90));
    assert_eq!(world.sent("MeterValues").len(), 1);
    let change = json!({"key": "MeterValueSampleInterval", "value": "10"});
    world.call("ChangeConfiguration", change);
    world.run(Millis::from_secs(20));
    assert_eq!(world.sent("MeterValues").len(), 3);
    let change = json!({"key": "MeterValueSampleInterval", "value": "0"});
    world.call("ChangeConfiguration", change);
    world.run(Millis::from_secs(600));
    assert_eq!(world.sent("MeterValues").len(), 3);
}

// rules: 73
#[test]
fn a_wake_up_that_comes_late_moves_no_later_sample() {
    let mut world = World::booted(with(&[("MeterValueSampleInterval", "10")]));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(10));
    // The device was busy for three seconds too long.
    world.now.mono = world.now.mono + Millis::from_secs(13);
    world.give(evcp::core::Input::Deadline);
    world.run(Millis::from_secs(7));
    let times: Vec<_> = world
        .timeline()
        .into_iter()
        .filter(|call| call.1 == "MeterValues")
        .collect();
    let seconds: Vec<_> = times
        .iter()
        .map(|(ms, ..)| (ms - 1_000_000) / 1_000)
        .collect();
    assert_eq!(seconds, [10, 23, 30]);
}

// rules: 77, 78
#[test]
fn an_empty_list_means_the_register_and_a_measurand_means_all_its_phases() {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("MeterValuesSampledData", ""),
    ];
    let mut world = World::booted(with(&keys));
    world.meter(1, 100);
    let voltages = [Phase::L1, Phase::L2, Phase::L3]
        .map(|phase| reading(Measurand::Voltage, Some(phase), 230_000));
    world.fact(Fact::Meter(place(1), voltages.to_vec()));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(10));
    let change = json!({"key": "MeterValuesSampledData", "value": "Voltage"});
    world.call("ChangeConfiguration", change);
    world.run(Millis::from_secs(10));
    let change = json!({"key": "MeterValuesSampledData", "value": "Voltage.L2"});
    world.call("ChangeConfiguration", change);
    world.run(Millis::from_secs(10));
    let sent: Vec<_> = world.sent("MeterValues").iter().map(values).collect();
    assert_eq!(
        (sent[0].len(), &sent[0][0]["measurand"]),
        (1, &json!(REGISTER))
    );
    let phases: Vec<_> = sent[1].iter().map(|value| value["phase"].clone()).collect();
    assert_eq!(phases, ["L1", "L2", "L3"]);
    assert_eq!((sent[2].len(), &sent[2][0]["phase"]), (1, &json!("L2")));
}

// rules: 79
#[test]
fn a_measurand_that_the_meter_lacks_or_one_too_many_spoils_the_whole_list() {
    let mut world = World::booted(with(&[("MeterValuesAlignedDataMaxLength", "2")]));
    for (key, list) in [
        ("MeterValuesSampledData", "Voltage,Frequency"),
        ("StopTxnSampledData", "RPM"),
        ("MeterValuesAlignedData", "Voltage,SoC,Temperature"),
    ] {
        let before = world.call("GetConfiguration", json!({ "key": [key] }));
        let change = json!({"key": key, "value": list});
        let answer = world.call("ChangeConfiguration", change);
        assert_eq!(answer, Some(json!({"status": "Rejected"})), "{key}");
        assert_eq!(
            world.call("GetConfiguration", json!({ "key": [key] })),
            before
        );
    }
}

// rules: 75, 81
#[test]
fn a_stop_carries_begin_samples_and_end_of_what_the_lists_name_and_nothing_if_they_are_empty() {
    let keys = [
        ("MeterValueSampleInterval", "60"),
        ("StopTxnSampledData", REGISTER),
        ("ClockAlignedDataInterval", "900"),
        ("StopTxnAlignedData", "SoC"),
    ];
    let mut world = World::booted(with(&keys));
    world.meter(1, 100);
    world.fact(Fact::Meter(
        place(1),
        vec![reading(Measurand::SoC, None, 40_000)],
    ));
    world.run(Millis::from_secs(780));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(150));
    world.meter(1, 900);
    world.show(1, "ONE");
    let stop = stop_of(&world);
    let begin = "Transaction.Begin";
    let end = "Transaction.End";
    let (periodic, clock) = ("Sample.Periodic", "Sample.Clock");
    assert_eq!(contexts(&stop), [begin, periodic, periodic, clock, end]);
    let data = &stop["transactionData"];
    assert_eq!(data[0]["sampledValue"][0]["value"], "100");
    assert_eq!(data[0]["sampledValue"][1]["measurand"], "SoC");
    assert_eq!(data[4]["sampledValue"][0]["value"], "900");
    assert_eq!(data[4]["timestamp"], stop["timestamp"]);

    let mut world = World::booted(with(&[("MeterValueSampleInterval", "60")]));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(150));
    world.show(1, "ONE");
    assert_eq!(stop_of(&world).get("transactionData"), None);
}

// rules: 82
#[test]
fn too_many_samples_are_thinned_in_the_middle_and_begin_and_end_stay() {
    let keys = [
        ("MeterValueSampleInterval", "10"),
        ("StopTxnSampledData", REGISTER),
        ("StopTransactionMaxMeterValues", "10"),
    ];
    let mut world = World::booted(with(&keys));
    world.meter(1, 0);
    world.charge(1, "ONE");
    for step in 1..=100 {
        world.run(Millis::from_secs(9));
        world.meter(1, step);
        world.run(Millis::from_secs(1));
    }
    world.show(1, "ONE");
    let stop = stop_of(&world);
    let all = contexts(&stop);
    assert!((5..=10).contains(&all.len()), "{} values", all.len());
    assert_eq!(all[0], "Transaction.Begin");
    assert_eq!(all[all.len() - 1], "Transaction.End");
    let data = stop["transactionData"].as_array().expect("a list");
    let wh = |value: &Value| {
        let text = value["sampledValue"][0]["value"].as_str().expect("a value");
        text.parse::<i64>().expect("a number")
    };
    let wh: Vec<_> = data.iter().map(wh).collect();
    assert!(wh.windows(2).all(|pair| pair[0] <= pair[1]), "{wh:?}");
    assert!(
        wh.iter().any(|wh| (1..50).contains(wh)),
        "the first half is gone: {wh:?}"
    );
    assert!(
        wh.iter().any(|wh| (50..100).contains(wh)),
        "the second half is gone: {wh:?}"
    );
}

// rules: 83
#[test]
fn without_a_sample_interval_a_stop_carries_begin_and_end_alone() {
    let mut world = World::booted(with(&[("StopTxnSampledData", REGISTER)]));
    world.meter(1, 5);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(1_000));
    world.show(1, "ONE");
    assert_eq!(
        contexts(&stop_of(&world)),
        ["Transaction.Begin", "Transaction.End"]
    );
}

// rules: 81, 72
#[test]
fn the_data_of_a_stop_survives_a_power_cut_and_ends_with_what_was_known_last() {
    let keys = [
        ("MeterValueSampleInterval", "60"),
        ("StopTxnSampledData", REGISTER),
    ];
    let mut setup = with(&keys);
    setup.tuning.sample_commit = Millis(0);
    let mut world = World::booted(setup);
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(59));
    world.meter(1, 400);
    world.run(Millis::from_secs(2));
    world.power_cycle();
    world.run(Millis::from_secs(10));
    let stop = stop_of(&world);
    assert_eq!(stop["reason"], "PowerLoss");
    assert_eq!(stop["meterStop"], 400);
    let all = ["Transaction.Begin", "Sample.Periodic", "Transaction.End"];
    assert_eq!(contexts(&stop), all);
    assert_eq!(
        stop["transactionData"][2]["sampledValue"][0]["value"],
        "400"
    );
}

// rules: 72
#[test]
fn a_session_that_drew_nothing_more_ends_at_its_last_sample_when_the_power_is_cut() {
    let keys = [
        ("MeterValueSampleInterval", "60"),
        ("StopTxnSampledData", REGISTER),
    ];
    let mut setup = with(&keys);
    setup.tuning.sample_commit = Millis(0);
    let mut world = World::booted(setup);
    world.meter(1, 100);
    world.charge(1, "ONE");
    // The vehicle is full: the register stands still from here on.
    for _ in 0..3 {
        world.run(Millis::from_secs(60));
        world.meter(1, 100);
    }
    world.power_cycle();
    world.run(Millis::from_secs(10));
    let stop = stop_of(&world);
    assert_eq!(stop["reason"], "PowerLoss");
    let sent = world.sent("MeterValues");
    let last = &sent.last().expect("there were samples")["meterValue"][0];
    assert_eq!(stop["timestamp"], last["timestamp"]);
    let data = stop["transactionData"].as_array().expect("it is wanted");
    let times: Vec<_> = data.iter().map(|one| one["timestamp"].as_str()).collect();
    assert!(times.windows(2).all(|two| two[0] <= two[1]), "{times:?}");
}

// rules: 72
#[test]
fn no_sample_on_the_disk_is_newer_than_what_is_known_of_its_transaction_there() {
    let mut world = World::booted(with(&[("MeterValueSampleInterval", "60")]));
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.central.treat("MeterValues", Treat::Error);
    world.run(Millis::from_secs(59));
    world.meter(1, 400);
    world.run(Millis::from_secs(2));
    // Another start is stored, and the sample that waits with it.
    world.meter(2, 7);
    world.charge(2, "TWO");
    world.power_cycle();
    world.run(Millis::from_secs(60));
    let sent = world.sent("MeterValues");
    let shown = sent
        .iter()
        .any(|message| values(message)[0]["value"] == "400");
    assert!(shown, "{sent:?}");
    let stop = world.central.sessions[0].stop.as_ref();
    assert_eq!(stop.expect("it was stopped")["meterStop"], 400);
}

// rules: 75
#[test]
fn a_transaction_that_goes_on_after_a_power_cut_says_what_was_before_and_what_is_now() {
    let mut setup = with(&[]);
    setup.tuning.after_power_loss = AfterPowerLoss::Resume;
    let mut world = World::booted(setup);
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(5));
    world.power_cycle();
    world.run(Millis::from_secs(5));
    world.meter(1, 130);
    let sent = world.sent("MeterValues");
    let said: Vec<_> = sent
        .iter()
        .map(|message| values(message)[0].clone())
        .collect();
    assert_eq!(said[0]["context"], "Interruption.Begin");
    assert_eq!(said[0]["value"], "100");
    assert_eq!(said[1]["context"], "Interruption.End");
    assert_eq!(said[1]["value"], "130");
    assert_eq!(sent[1]["transactionId"], world.central.sessions[0].id);
}

// rules: 76
#[test]
fn a_signed_reading_goes_with_the_begin_and_the_end_as_signed_data() {
    let mut world = World::booted(with(&[("StopTxnSampledData", REGISTER)]));
    world.meter(1, 5);
    world.fact(Fact::SignedMeter(at(1), "OCMF|begin".to_owned()));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(10));
    world.fact(Fact::SignedMeter(at(1), "OCMF|end".to_owned()));
    world.show(1, "ONE");
    let data = &stop_of(&world)["transactionData"];
    for (number, text) in [(0, "OCMF|begin"), (1, "OCMF|end")] {
        let signed = &data[number]["sampledValue"][1];
        assert_eq!(
            (&signed["value"], &signed["format"]),
            (&json!(text), &json!("SignedData"))
        );
    }
}

// rules: 85
#[test]
fn a_trigger_brings_the_latest_readings_of_the_sampled_list_at_each_connector() {
    let keys = [
        (
            "MeterValuesSampledData",
            "Energy.Active.Import.Register,SoC",
        ),
        ("MeterValuesAlignedData", "Voltage"),
    ];
    let mut world = World::booted(with(&keys));
    let of = |milli| reading(Measurand::SoC, None, milli);
    for (connector, soc) in [(1, 11_000), (2, 22_000)] {
        world.meter(connector, 7);
        world.fact(Fact::Meter(
            place(connector),
            vec![of(soc), reading(Measurand::Voltage, None, 1)],
        ));
    }
    world.charge(2, "ONE");
    let answer = world.call("TriggerMessage", json!({"requestedMessage": "MeterValues"}));
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
    let sent = world.sent("MeterValues");
    assert_eq!(sent.len(), 2);
    for (message, soc) in sent.iter().zip(["11", "22"]) {
        let values = values(message);
        assert_eq!(values.len(), 2);
        assert_eq!(values[1]["value"], soc);
        assert_eq!(values[1]["context"], "Trigger");
    }
    assert_eq!(sent[1]["transactionId"], world.central.sessions[0].id);
}

fn questions(world: &World) -> Vec<RequestId> {
    let asked = |notice: &Notice| match notice {
        Notice::Ask(request, Question::ReadMeter(..)) => Some(*request),
        _ => None,
    };
    world.told.iter().filter_map(asked).collect()
}

// rules: 73, 74
#[test]
fn one_question_to_a_meter_serves_everything_that_is_due_at_once() {
    let keys = [
        ("MeterValueSampleInterval", "60"),
        ("ClockAlignedDataInterval", "60"),
    ];
    let mut setup = with(&keys);
    setup.host.reads_meter = true;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.charge(1, "ONE");
    let first = questions(&world)[0];
    let begin = Answer::Meter(vec![Reading::energy(Wh(0))]);
    world.give(evcp::core::Input::Answer(first, begin));
    world.run(Millis::from_secs(59));
    let before = questions(&world).len();
    world.run(Millis::from_secs(1));
    let asked = questions(&world);
    // One for each connector: the sample and the clock-aligned value share theirs.
    assert_eq!(asked.len() - before, 2);
    for request in &asked[before..] {
        let answer = Answer::Meter(vec![Reading::energy(Wh(60))]);
        world.give(evcp::core::Input::Answer(*request, answer));
    }
    let told = world.sent("MeterValues");
    assert_eq!(told.len(), 3);
    // A meter that does not answer costs nothing but its values.
    world.run(Millis::from_secs(60));
    world.run(Millis::from_secs(3));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(3));
    assert!(world.central.sessions[0].stop.is_some());
}

// rules: 59
#[test]
fn a_refused_tag_may_still_draw_the_energy_that_the_key_allows() {
    let keys = [
        ("StopTransactionOnInvalidId", "false"),
        ("MaxEnergyOnInvalidId", "500"),
    ];
    let mut world = World::booted(with(&keys));
    world.meter(1, 1_000);
    let invalid = json!({"idTagInfo": {"status": "Invalid"}});
    world
        .central
        .treat("StartTransaction", Treat::With(invalid));
    world.charge(1, "ONE");
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.meter(1, 1_499);
    assert!(world.supply(1).is_some_and(|supply| supply.permit));
    world.meter(1, 1_500);
    assert!(world.supply(1).is_some_and(|supply| !supply.permit));
    assert_eq!(world.statuses(1).pop().as_deref(), Some("SuspendedEVSE"));
    assert!(world.central.sessions[0].stop.is_none());
}

/// A meter that says nothing when the transaction begins: the register that it had before is not
/// sold, whether it speaks up in the same run or after a power cut.
// rules: 57
#[test]
fn a_transaction_that_began_while_the_meter_was_silent_is_billed_from_its_first_reading() {
    for power_fails in [false, true] {
        let mut setup = with(&[("MeterValueSampleInterval", "60")]);
        setup.tuning.after_power_loss = AfterPowerLoss::Resume;
        let mut world = World::booted(setup);
        world.charge(1, "ONE");
        world.run(Millis::from_secs(30));
        world.meter(1, 4_711_000);
        if power_fails {
            world.power_cycle();
            world.run(Millis::from_secs(1));
            world.meter(1, 4_711_000);
        }
        world.run(Millis::from_secs(60));
        world.meter(1, 4_713_500);
        world.run(Millis::from_secs(60));
        world.meter(1, 4_714_000);
        world.ev(1, Ev::Absent);
        world.run(Millis::from_secs(1));
        let start = world.sent("StartTransaction").pop().expect("it began");
        assert_eq!(
            (
                start["meterStart"].clone(),
                stop_of(&world)["meterStop"].clone()
            ),
            (json!(0), json!(3000))
        );
        let samples = world.sent("MeterValues");
        let last = values(samples.last().expect("samples were taken"));
        assert_eq!(last[0]["value"], json!("2500"));

        // The next one is of the register again.
        world.charge(1, "TWO");
        world.run(Millis::from_secs(1));
        let start = world.sent("StartTransaction").pop().expect("it began");
        assert_eq!(start["meterStart"], json!(4_714_000));
    }
}

/// Found by the simulation: what one vehicle drew after the last reading was billed to the next one.
// rules: 57
#[test]
fn energy_that_flowed_after_the_last_reading_is_not_the_next_vehicles() {
    let mut world = World::booted(with(&[]));
    world.meter(1, 100);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    world.ev(1, Ev::Absent);
    assert_eq!(stop_of(&world)["meterStop"], 100);

    // The firmware shows nothing for a while.
    world.shown.clear();
    world.charge(1, "TWO");
    world.run(Millis::from_secs(60));
    world.meter(1, 700);
    world.run(Millis::from_secs(60));
    world.meter(1, 900);
    world.ev(1, Ev::Absent);
    let start = world.sent("StartTransaction").pop().expect("it began");
    assert_eq!(start["meterStart"], 100);
    assert_eq!(stop_of(&world)["meterStop"], 300);

    // Read while nothing flows: the register counts again.
    world.meter(1, 900);
    world.charge(1, "THREE");
    let start = world.sent("StartTransaction").pop().expect("it began");
    assert_eq!(start["meterStart"], 900);
}
