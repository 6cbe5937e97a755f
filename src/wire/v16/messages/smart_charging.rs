//! Smart charging profile.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::{
    ChargingProfile, ChargingProfilePurposeType, ChargingRateUnitType, ChargingSchedule,
};
use crate::wire::v16::types::{
    ChargingProfileStatus, ClearChargingProfileStatus, GetCompositeScheduleStatus,
};

/// Removes the charging profiles that fit all members: OCPP 1.6 §6.13.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClearChargingProfile {
    /// The one with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// Those of this connector; 0 is the charge point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<i32>,
    /// Those of this purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charging_profile_purpose: Option<ChargingProfilePurposeType>,
    /// Those of this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_level: Option<i32>,
}

/// OCPP 1.6 §6.14.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClearChargingProfileResponse {
    /// Whether there were any.
    pub status: ClearChargingProfileStatus,
}

/// Asks what limits all profiles together make: OCPP 1.6 §6.21.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetCompositeSchedule {
    /// The connector; 0 is the grid connection.
    pub connector_id: i32,
    /// How far to look, in seconds.
    pub duration: i32,
    /// In which unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charging_rate_unit: Option<ChargingRateUnitType>,
}

/// OCPP 1.6 §6.22.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetCompositeScheduleResponse {
    /// How it went.
    pub status: GetCompositeScheduleStatus,
    /// The connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<i32>,
    /// When the schedule starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_start: Option<Wall>,
    /// The limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charging_schedule: Option<ChargingSchedule>,
}

/// Installs a charging profile: OCPP 1.6 §6.43.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetChargingProfile {
    /// The connector; 0 is the charge point, or the default for all connectors.
    pub connector_id: i32,
    /// The profile.
    pub cs_charging_profiles: ChargingProfile,
}

/// OCPP 1.6 §6.44.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetChargingProfileResponse {
    /// How it went.
    pub status: ChargingProfileStatus,
}
