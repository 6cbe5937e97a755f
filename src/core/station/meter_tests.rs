//! What meters show, as messages have it.

use super::*;
use crate::types::{Location, Phase, UnitOfMeasure};

fn meter() -> Meter {
    let reading = |measurand, phase, milli| Reading {
        measurand,
        phase,
        location: None,
        milli,
    };
    let mut meter = Meter::new(TemperatureUnit::Kelvin);
    meter.read(
        Mono(0),
        &[
            Reading::energy(Wh(500)),
            reading(Measurand::Voltage, Some(Phase::L1), 230_100),
            reading(Measurand::Voltage, Some(Phase::L2), 231_000),
            reading(Measurand::SoC, None, 55_000),
            reading(Measurand::Frequency, None, 50_010),
        ],
    );
    meter
}

fn wanted(measurand: Measurand, phase: Option<Phase>) -> [Quantity; 1] {
    [Quantity { measurand, phase }]
}

// rules: 77, 78
#[test]
fn a_measurand_without_a_phase_means_all_phases_and_one_with_a_phase_means_that_one() {
    let context = ReadingContext::SamplePeriodic;
    let count = |phase| {
        meter()
            .values(&wanted(Measurand::Voltage, phase), context)
            .len()
    };
    assert_eq!(count(None), 2);
    assert_eq!(count(Some(Phase::L2)), 1);
    assert_eq!(count(Some(Phase::L3)), 0);
}

// rules: 76, 78, 84
#[test]
fn every_value_says_its_unit_where_there_is_one_and_only_soc_is_in_the_vehicle() {
    let context = ReadingContext::SamplePeriodic;
    let soc = &meter().values(&wanted(Measurand::SoC, None), context)[0];
    assert_eq!(soc.location, Some(Location::EV));
    assert_eq!(soc.unit, Some(UnitOfMeasure::Percent));
    let hertz = &meter().values(&wanted(Measurand::Frequency, None), context)[0];
    assert_eq!((hertz.unit, hertz.value.as_str()), (None, "50.01"));
}

#[test]
fn the_last_value_of_a_transaction_is_the_one_of_the_stop() {
    let context = ReadingContext::TransactionEnd;
    let values = meter().final_values(&[Quantity::REGISTER], context, Wh(700), true);
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].value, "700");
}

#[test]
fn a_signed_reading_goes_along_once() {
    let mut meter = meter();
    meter.sign("OCMF|...".to_owned());
    let context = ReadingContext::TransactionBegin;
    let first = meter.final_values(&[Quantity::REGISTER], context, Wh(500), true);
    assert_eq!(first[1].format, Some(ValueFormat::SignedData));
    assert_eq!(first[1].value, "OCMF|...");
    assert_eq!(
        meter
            .final_values(&[Quantity::REGISTER], context, Wh(500), true)
            .len(),
        1
    );
}

#[test]
fn what_is_offered_is_what_the_library_says_and_not_what_the_firmware_shows() {
    let mut meter = meter();
    let context = ReadingContext::SamplePeriodic;
    let wrong = Reading {
        measurand: Measurand::CurrentOffered,
        phase: None,
        location: None,
        milli: 63_000,
    };
    meter.read(Mono(0), &[wrong]);
    let amps = wanted(Measurand::CurrentOffered, None);
    assert_eq!(
        meter.values(&amps, context)[0].value,
        "63",
        "nobody else knows it"
    );
    meter.offers(105, 72_450);
    meter.read(Mono(0), &[wrong]);
    let offered = &meter.values(&amps, context)[0];
    assert_eq!(
        (offered.value.as_str(), offered.unit),
        ("10.5", Some(UnitOfMeasure::A))
    );
    let watts = &meter.values(&wanted(Measurand::PowerOffered, None), context)[0];
    assert_eq!(
        (watts.value.as_str(), watts.unit),
        ("7245", Some(UnitOfMeasure::W))
    );
}
