//! Current.Offered and Power.Offered: what the library told the charger, without any meter that knows it
//! (OCPP 1.6 §7.31).

use evcp::core::*;
use evcp::time::Millis;
use evcp::types::{ChargingRateUnitType, Measurand};
use evcp_testing::{at, with, World};
use serde_json::{json, Value};

fn value<'a>(message: &'a Value, measurand: &str) -> Option<&'a str> {
    let sampled = &message["meterValue"][0]["sampledValue"];
    let mut all = sampled.as_array()?.iter();
    all.find(|value| value["measurand"] == measurand)?["value"].as_str()
}

fn set(world: &mut World, key: &str, to: &str) -> Value {
    let request = json!({"key": key, "value": to});
    let answer = world.call("ChangeConfiguration", request);
    answer.expect("an answer")["status"].clone()
}

fn limit(world: &mut World, amps: u32) {
    world.fact(Fact::LocalLimit {
        place: Place::Connector(at(1)),
        source: Source::new("owner").expect("a source"),
        rate: Some(Rate {
            tenths: amps * 10,
            unit: ChargingRateUnitType::A,
            phases: None,
        }),
        valid: None,
    });
}

#[test]
fn every_charger_can_say_what_it_offers_and_only_as_a_whole() {
    let mut world = World::booted(with(1, &[("MeterValueSampleInterval", "60")]));
    let wanted = "Energy.Active.Import.Register,Current.Offered,Power.Offered";
    assert_eq!(
        set(&mut world, "MeterValuesSampledData", wanted),
        "Accepted"
    );
    let of_a_phase = set(&mut world, "MeterValuesSampledData", "Current.Offered.L1");
    assert_eq!(of_a_phase, "Rejected");
    world.meter(1, 0);
    world.charge(1, "ONE");
    limit(&mut world, 16);
    // What a firmware shows of it does not count.
    world.fact(Fact::Meter(
        Place::Connector(at(1)),
        vec![Reading {
            measurand: Measurand::CurrentOffered,
            phase: None,
            location: None,
            milli: 99_000,
        }],
    ));
    world.run(Millis::from_secs(60));
    limit(&mut world, 5);
    world.run(Millis::from_secs(60));
    let sent = world.sent("MeterValues");
    let shown: Vec<_> = sent
        .iter()
        .map(|message| {
            (
                value(message, "Current.Offered"),
                value(message, "Power.Offered"),
            )
        })
        .collect();
    assert_eq!(shown, [(Some("16"), Some("11040")), (Some("0"), Some("0"))]);
}
