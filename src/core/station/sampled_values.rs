//! Readings as messages have them: where they were measured, and in what unit (`OCPP 1.6 §7.43`).

use crate::core::Wh;
use crate::types::{Location, Measurand, ReadingContext, SampledValue, UnitOfMeasure};

/// The import register as messages have it.
pub(crate) fn register_value(context: ReadingContext, energy: Wh) -> SampledValue {
    SampledValue {
        value: energy.0.to_string(),
        context: Some(context),
        format: None,
        measurand: Some(Measurand::EnergyActiveImportRegister),
        phase: None,
        location: None,
        unit: Some(UnitOfMeasure::Wh),
    }
}

/// The state of charge is measured in the vehicle; everything else at the outlet, which is the
/// default and needs no words.
pub(super) fn usual_place(measurand: Measurand) -> Option<Location> {
    (measurand == Measurand::SoC).then_some(Location::EV)
}

// rules: 76
/// The unit that readings of a measurand are in; `None` where OCPP has no word for it
/// (errata 3.86).
pub(super) fn unit_of(measurand: Measurand) -> Option<UnitOfMeasure> {
    use Measurand as M;
    use UnitOfMeasure as U;
    match measurand {
        M::EnergyActiveExportRegister
        | M::EnergyActiveImportRegister
        | M::EnergyActiveExportInterval
        | M::EnergyActiveImportInterval => Some(U::Wh),
        M::EnergyReactiveExportRegister
        | M::EnergyReactiveImportRegister
        | M::EnergyReactiveExportInterval
        | M::EnergyReactiveImportInterval => Some(U::Varh),
        M::PowerActiveExport | M::PowerActiveImport | M::PowerOffered => Some(U::W),
        M::PowerReactiveExport | M::PowerReactiveImport => Some(U::Var),
        M::CurrentImport | M::CurrentExport | M::CurrentOffered => Some(U::A),
        M::Voltage => Some(U::V),
        M::SoC => Some(U::Percent),
        // What it is sent in is a setting.
        M::Temperature => None,
        M::PowerFactor | M::Frequency | M::RPM => None,
    }
}
