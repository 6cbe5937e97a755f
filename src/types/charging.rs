//! Charging profiles.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::decimal::Tenths;
use crate::types::words::words;

words! {
    /// What a profile limits: OCPP 1.6 §7.10.
    ChargingProfilePurposeType {
        ChargePointMaxProfile,
        TxDefaultProfile,
        TxProfile,
    }

    /// What the time in a profile counts from: OCPP 1.6 §7.9.
    ChargingProfileKindType {
        Absolute,
        Recurring,
        Relative,
    }

    /// How often a recurring profile begins anew: OCPP 1.6 §7.37.
    RecurrencyKindType {
        Daily,
        Weekly,
    }

    /// The unit of the limits: OCPP 1.6 §7.12. A is amperes per phase, W is watts over all phases.
    ChargingRateUnitType {
        A,
        W,
    }
}

/// Limits, and when they apply: OCPP 1.6 §7.8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargingProfile {
    /// Its id.
    pub charging_profile_id: i32,
    /// The transaction it is for; only in a TxProfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<i64>,
    /// Which profile wins: a higher level over a lower one.
    pub stack_level: i32,
    /// What it limits.
    pub charging_profile_purpose: ChargingProfilePurposeType,
    /// What its time counts from.
    pub charging_profile_kind: ChargingProfileKindType,
    /// How often it begins anew; only if it is recurring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurrency_kind: Option<RecurrencyKindType>,
    /// When it begins to be valid; absent: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Wall>,
    /// When it ends to be valid; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Wall>,
    /// The limits.
    pub charging_schedule: ChargingSchedule,
}

/// Limits over time: OCPP 1.6 §7.13.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargingSchedule {
    /// How long it lasts, in seconds; absent: until something ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<i32>,
    /// When it starts; absent: with the charging.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_schedule: Option<Wall>,
    /// The unit of the limits.
    pub charging_rate_unit: ChargingRateUnitType,
    /// The limits, in the order of their starts.
    pub charging_schedule_period: Vec<ChargingSchedulePeriod>,
    /// Below this, charging is inefficient; in the unit of the limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_charging_rate: Option<Tenths>,
}

/// A limit from some time on: OCPP 1.6 §7.14.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargingSchedulePeriod {
    /// When it starts, in seconds after the start of the schedule.
    pub start_period: i32,
    /// The limit, in the unit of the schedule.
    pub limit: Tenths,
    /// How many phases may be used; absent: 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_phases: Option<i32>,
}
