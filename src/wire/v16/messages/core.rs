//! Core profile: OCPP 1.6 §4 and §5.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::{
    ChargePointErrorCode, ChargePointStatus, ChargingProfile, DataTransferStatus, IdTagInfo,
    Reason, RegistrationStatus,
};
use crate::types::{CiString, IdToken};
use crate::wire::v16::types::{
    AvailabilityStatus, AvailabilityType, ClearCacheStatus, ConfigurationStatus, KeyValue,
    MeterValue, RemoteStartStopStatus, ResetStatus, ResetType, UnlockStatus,
};

/// Asks whether a token may charge: OCPP 1.6 §6.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorize {
    /// The token.
    pub id_tag: IdToken,
}

/// OCPP 1.6 §6.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizeResponse {
    /// What the token may do.
    pub id_tag_info: IdTagInfo,
}

/// Introduces the charge point: OCPP 1.6 §6.3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BootNotification {
    /// Who made it.
    pub charge_point_vendor: CiString<20>,
    /// What it is.
    pub charge_point_model: CiString<20>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_point_serial_number: Option<CiString<25>>,
    /// The serial number of the box inside. Deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_box_serial_number: Option<CiString<25>>,
    /// Which firmware runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware_version: Option<CiString<50>>,
    /// The number of the modem's SIM card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iccid: Option<CiString<20>>,
    /// The identity of the modem's SIM card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imsi: Option<CiString<20>>,
    /// The type of the main meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter_type: Option<CiString<25>>,
    /// The serial number of the main meter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter_serial_number: Option<CiString<25>>,
}

/// OCPP 1.6 §6.4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BootNotificationResponse {
    /// Whether the charge point is admitted.
    pub status: RegistrationStatus,
    /// The central system's clock.
    pub current_time: Wall,
    /// In seconds: between heartbeats if accepted, else until the next attempt.
    pub interval: i32,
}

/// Takes a connector out of operation, or back: OCPP 1.6 §6.7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAvailability {
    /// The connector; 0 is the charge point with all of them.
    pub connector_id: i32,
    /// What it is to become.
    pub r#type: AvailabilityType,
}

/// OCPP 1.6 §6.8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAvailabilityResponse {
    /// How it went.
    pub status: AvailabilityStatus,
}

/// Sets a configuration key: OCPP 1.6 §6.9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeConfiguration {
    /// The key.
    pub key: CiString<50>,
    /// Its new value.
    pub value: CiString<500>,
}

/// OCPP 1.6 §6.10.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeConfigurationResponse {
    /// How it went.
    pub status: ConfigurationStatus,
}

/// Empties the authorization cache: OCPP 1.6 §6.11.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClearCache {}

/// OCPP 1.6 §6.12.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClearCacheResponse {
    /// How it went.
    pub status: ClearCacheStatus,
}

/// Something outside the specification: OCPP 1.6 §6.15.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataTransfer {
    /// Whose specification it belongs to.
    pub vendor_id: CiString<255>,
    /// Which message it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<CiString<50>>,
    /// Anything. Has no length limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// OCPP 1.6 §6.16.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataTransferResponse {
    /// How it went.
    pub status: DataTransferStatus,
    /// Anything. Has no length limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// Asks for configuration keys: OCPP 1.6 §6.23.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetConfiguration {
    /// Which; absent or empty: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Vec<CiString<50>>>,
}

/// OCPP 1.6 §6.24.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetConfigurationResponse {
    /// The keys that are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_key: Option<Vec<KeyValue>>,
    /// The keys that are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_key: Option<Vec<CiString<50>>>,
}

/// Says that the charge point is alive: OCPP 1.6 §6.29.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {}

/// OCPP 1.6 §6.30.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatResponse {
    /// The central system's clock.
    pub current_time: Wall,
}

/// Reports samples: OCPP 1.6 §6.31.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeterValues {
    /// The connector; 0 is the main meter.
    pub connector_id: i32,
    /// The transaction they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<i64>,
    /// The samples, one time or more.
    pub meter_value: Vec<MeterValue>,
}

/// OCPP 1.6 §6.32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterValuesResponse {}

/// Asks to start a transaction: OCPP 1.6 §6.33.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStartTransaction {
    /// The connector, above 0; absent: the charge point may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<i32>,
    /// The token to start it with.
    pub id_tag: IdToken,
    /// A TxProfile for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charging_profile: Option<ChargingProfile>,
}

/// OCPP 1.6 §6.34.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStartTransactionResponse {
    /// Whether it will be tried.
    pub status: RemoteStartStopStatus,
}

/// Asks to stop a transaction: OCPP 1.6 §6.35.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStopTransaction {
    /// Which.
    pub transaction_id: i64,
}

/// OCPP 1.6 §6.36.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStopTransactionResponse {
    /// Whether it will be tried.
    pub status: RemoteStartStopStatus,
}

/// Asks to restart: OCPP 1.6 §6.39.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reset {
    /// How.
    pub r#type: ResetType,
}

/// OCPP 1.6 §6.40.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResetResponse {
    /// Whether it will be tried.
    pub status: ResetStatus,
}

/// Reports that a transaction has started: OCPP 1.6 §6.45.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartTransaction {
    /// The connector, above 0.
    pub connector_id: i32,
    /// The token it was started with.
    pub id_tag: IdToken,
    /// The meter at the start, in Wh.
    pub meter_start: i64,
    /// The reservation that it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<i32>,
    /// When it started.
    pub timestamp: Wall,
}

/// OCPP 1.6 §6.46.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartTransactionResponse {
    /// What the token may do.
    pub id_tag_info: IdTagInfo,
    /// The id of the transaction.
    pub transaction_id: i64,
}

/// Reports the status of a connector: OCPP 1.6 §6.47.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusNotification {
    /// The connector; 0 is the charge point itself.
    pub connector_id: i32,
    /// What is broken.
    pub error_code: ChargePointErrorCode,
    /// More about what is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<CiString<50>>,
    /// The status.
    pub status: ChargePointStatus,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Wall>,
    /// Whose error codes these are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<CiString<255>>,
    /// What is broken, in the vendor's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_error_code: Option<CiString<50>>,
}

/// OCPP 1.6 §6.48.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusNotificationResponse {}

/// Reports that a transaction has ended: OCPP 1.6 §6.49.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopTransaction {
    /// The token it was ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_tag: Option<IdToken>,
    /// The meter at the end, in Wh.
    pub meter_stop: i64,
    /// When it ended.
    pub timestamp: Wall,
    /// The id of the transaction.
    pub transaction_id: i64,
    /// Why; absent: Local.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Samples taken during it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_data: Option<Vec<MeterValue>>,
}

/// OCPP 1.6 §6.50.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopTransactionResponse {
    /// What the token may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_tag_info: Option<IdTagInfo>,
}

/// Asks to release a cable: OCPP 1.6 §6.53.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlockConnector {
    /// The connector, above 0.
    pub connector_id: i32,
}

/// OCPP 1.6 §6.54.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnlockConnectorResponse {
    /// How it went.
    pub status: UnlockStatus,
}
