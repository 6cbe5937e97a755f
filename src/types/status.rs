//! The charge point and its connectors.

use crate::types::words::words;

words! {
    /// Whether the central system has admitted the charge point: OCPP 1.6 §7.38.
    RegistrationStatus {
        Accepted,
        Pending,
        Rejected,
    }

    /// The status of a connector, or of the charge point as connector 0: OCPP 1.6 §7.7.
    ChargePointStatus {
        Available,
        Preparing,
        Charging,
        SuspendedEVSE,
        SuspendedEV,
        Finishing,
        Reserved,
        Unavailable,
        Faulted,
    }

    /// What is broken: OCPP 1.6 §7.6.
    ChargePointErrorCode {
        ConnectorLockFailure,
        EVCommunicationError,
        GroundFailure,
        HighTemperature,
        InternalError,
        LocalListConflict,
        NoError,
        OtherError,
        OverCurrentFailure,
        PowerMeterFailure,
        PowerSwitchFailure,
        ReaderFailure,
        ResetFailure,
        UnderVoltage,
        OverVoltage,
        WeakSignal,
    }

    /// The answer to DataTransfer: OCPP 1.6 §7.23.
    DataTransferStatus {
        Accepted,
        Rejected,
        UnknownMessageId,
        UnknownVendorId,
    }
}
