//! Charging profiles.

use crate::types::words::words;

words! {
    /// The answer to SetChargingProfile: OCPP 1.6 §7.11.
    ChargingProfileStatus {
        Accepted,
        Rejected,
        NotSupported,
    }

    /// The answer to ClearChargingProfile: OCPP 1.6 §7.21.
    ClearChargingProfileStatus {
        Accepted,
        Unknown,
    }

    /// The answer to GetCompositeSchedule: OCPP 1.6 §7.26.
    GetCompositeScheduleStatus {
        Accepted,
        Rejected,
    }
}
