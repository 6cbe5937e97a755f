//! Firmware management profile.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::CiString;
use crate::wire::v16::types::{DiagnosticsStatus, FirmwareStatus};

/// Reports how an upload of diagnostics goes: OCPP 1.6 §6.17.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsStatusNotification {
    /// How it goes.
    pub status: DiagnosticsStatus,
}

/// OCPP 1.6 §6.18.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosticsStatusNotificationResponse {}

/// Reports how a firmware update goes: OCPP 1.6 §6.19.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirmwareStatusNotification {
    /// How it goes.
    pub status: FirmwareStatus,
}

/// OCPP 1.6 §6.20.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirmwareStatusNotificationResponse {}

/// Asks for an upload of diagnostics: OCPP 1.6 §6.25.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetDiagnostics {
    /// The URI of the directory to upload to.
    pub location: String,
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i32>,
    /// How long to wait in between, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<i32>,
    /// Nothing older is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Wall>,
    /// Nothing newer is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_time: Option<Wall>,
}

/// OCPP 1.6 §6.26.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetDiagnosticsResponse {
    /// The file that will be uploaded; absent: there is nothing to upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<CiString<255>>,
}

/// Asks to fetch and install a firmware: OCPP 1.6 §6.55.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateFirmware {
    /// The URI to fetch it from.
    pub location: String,
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i32>,
    /// When to fetch it.
    pub retrieve_date: Wall,
    /// How long to wait in between, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<i32>,
}

/// OCPP 1.6 §6.56.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateFirmwareResponse {}
