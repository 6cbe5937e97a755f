//! Meter values.

use serde::{Deserialize, Serialize};

use crate::types::words::words;

words! {
    /// Why a transaction ended: OCPP 1.6 §7.36. Absent on the wire, it is Local.
    Reason {
        EmergencyStop,
        EVDisconnected,
        HardReset,
        Local,
        Other,
        PowerLoss,
        Reboot,
        Remote,
        SoftReset,
        UnlockCommand,
        DeAuthorized,
    }

    /// Why a sample was taken: OCPP 1.6 §7.35. Absent on the wire, it is Sample.Periodic.
    ReadingContext {
        InterruptionBegin = "Interruption.Begin",
        InterruptionEnd = "Interruption.End",
        SampleClock = "Sample.Clock",
        SamplePeriodic = "Sample.Periodic",
        TransactionBegin = "Transaction.Begin",
        TransactionEnd = "Transaction.End",
        Trigger,
        Other,
    }

    /// How a sampled value is written: OCPP 1.6 §7.49. Absent on the wire, it is Raw.
    ValueFormat {
        Raw,
        SignedData,
    }

    /// What a sample measures: OCPP 1.6 §7.31. Absent on the wire, it is
    /// Energy.Active.Import.Register.
    Measurand {
        EnergyActiveExportRegister = "Energy.Active.Export.Register",
        EnergyActiveImportRegister = "Energy.Active.Import.Register",
        EnergyReactiveExportRegister = "Energy.Reactive.Export.Register",
        EnergyReactiveImportRegister = "Energy.Reactive.Import.Register",
        EnergyActiveExportInterval = "Energy.Active.Export.Interval",
        EnergyActiveImportInterval = "Energy.Active.Import.Interval",
        EnergyReactiveExportInterval = "Energy.Reactive.Export.Interval",
        EnergyReactiveImportInterval = "Energy.Reactive.Import.Interval",
        PowerActiveExport = "Power.Active.Export",
        PowerActiveImport = "Power.Active.Import",
        PowerOffered = "Power.Offered",
        PowerReactiveExport = "Power.Reactive.Export",
        PowerReactiveImport = "Power.Reactive.Import",
        PowerFactor = "Power.Factor",
        CurrentImport = "Current.Import",
        CurrentExport = "Current.Export",
        CurrentOffered = "Current.Offered",
        Voltage,
        Frequency,
        Temperature,
        SoC,
        RPM,
    }

    /// What of a three-phase supply a sample measures: OCPP 1.6 §7.34. Absent on the wire, it is
    /// all of it.
    Phase {
        L1,
        L2,
        L3,
        N,
        L1N = "L1-N",
        L2N = "L2-N",
        L3N = "L3-N",
        L1L2 = "L1-L2",
        L2L3 = "L2-L3",
        L3L1 = "L3-L1",
    }

    /// Where a sample was taken: OCPP 1.6 §7.30. Absent on the wire, it is Outlet.
    Location {
        Cable,
        EV,
        Inlet,
        Outlet,
        Body,
    }

    /// The unit of a sample: OCPP 1.6 §7.45. Absent on the wire, it is Wh for energy. Both
    /// spellings of Celsius can be received (OCPP-J 1.6 errata §2.1).
    UnitOfMeasure {
        Wh,
        KWh = "kWh",
        Varh = "varh",
        Kvarh = "kvarh",
        W,
        KW = "kW",
        VA,
        KVA = "kVA",
        Var = "var",
        Kvar = "kvar",
        A,
        V,
        K,
        Celcius,
        Celsius,
        Fahrenheit,
        Percent,
    }
}

/// One sample: OCPP 1.6 §7.43.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SampledValue {
    /// A decimal number, or signed data. Has no length limit.
    pub value: String,
    /// Why it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<ReadingContext>,
    /// How the value is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<ValueFormat>,
    /// What it measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurand: Option<Measurand>,
    /// Of which phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// In which unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitOfMeasure>,
}

impl Measurand {
    /// Whether it is what a vehicle is offered, which the library knows and no meter.
    pub(crate) const fn is_offered(self) -> bool {
        matches!(self, Self::CurrentOffered | Self::PowerOffered)
    }
}
