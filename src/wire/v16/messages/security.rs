//! The messages of the security whitepaper, edition 3.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::BoundedString;
use crate::wire::v16::types::{
    CertificateHashDataType, CertificateSignedStatusEnumType, CertificateUseEnumType,
    DeleteCertificateStatusEnumType, FirmwareStatusEnumType, FirmwareType, GenericStatusEnumType,
    GetInstalledCertificateStatusEnumType, InstallCertificateStatusEnumType, LogEnumType,
    LogParametersType, LogStatusEnumType, MessageTriggerEnumType, TriggerMessageStatus,
    UpdateFirmwareStatusEnumType, UploadLogStatusEnumType,
};

/// Brings the certificate that was asked for: security whitepaper §5.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSigned {
    /// The certificate and those above it, in PEM.
    pub certificate_chain: BoundedString<10000>,
}

/// Security whitepaper §5.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSignedResponse {
    /// How it went.
    pub status: CertificateSignedStatusEnumType,
}

/// Removes a certificate: security whitepaper §5.3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteCertificate {
    /// Which.
    pub certificate_hash_data: CertificateHashDataType,
}

/// Security whitepaper §5.4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteCertificateResponse {
    /// How it went.
    pub status: DeleteCertificateStatusEnumType,
}

/// Asks the charge point to send a message: security whitepaper §5.5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtendedTriggerMessage {
    /// Which.
    pub requested_message: MessageTriggerEnumType,
    /// About which connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<i32>,
}

/// Security whitepaper §5.6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtendedTriggerMessageResponse {
    /// Whether it will be sent.
    pub status: TriggerMessageStatus,
}

/// Asks for the root certificates: security whitepaper §5.7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetInstalledCertificateIds {
    /// Which kind.
    pub certificate_type: CertificateUseEnumType,
}

/// Security whitepaper §5.8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetInstalledCertificateIdsResponse {
    /// What there is; absent if there is nothing, never empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_hash_data: Option<Vec<CertificateHashDataType>>,
    /// Whether there is any.
    pub status: GetInstalledCertificateStatusEnumType,
}

/// Asks for an upload of a log: security whitepaper §5.9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetLog {
    /// Which part, and where to.
    pub log: LogParametersType,
    /// Which log.
    pub log_type: LogEnumType,
    /// To be repeated in every LogStatusNotification.
    pub request_id: i32,
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i32>,
    /// How long to wait in between, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<i32>,
}

/// Security whitepaper §5.10.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetLogResponse {
    /// Whether it will be tried.
    pub status: LogStatusEnumType,
    /// The file that will be uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<BoundedString<255>>,
}

/// Brings a root certificate: security whitepaper §5.11.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallCertificate {
    /// What it is for.
    pub certificate_type: CertificateUseEnumType,
    /// The certificate, in PEM.
    pub certificate: BoundedString<5500>,
}

/// Security whitepaper §5.12.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallCertificateResponse {
    /// How it went.
    pub status: InstallCertificateStatusEnumType,
}

/// Reports how the upload of a log goes: security whitepaper §5.13.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogStatusNotification {
    /// How it goes.
    pub status: UploadLogStatusEnumType,
    /// The id from GetLog; absent only if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<i32>,
}

/// Security whitepaper §5.14.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogStatusNotificationResponse {}

/// Reports an event: security whitepaper §5.15.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityEventNotification {
    /// Which, from the whitepaper's list of security events.
    pub r#type: BoundedString<50>,
    /// When it happened.
    pub timestamp: Wall,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tech_info: Option<BoundedString<255>>,
}

/// Security whitepaper §5.16.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityEventNotificationResponse {}

/// Asks for a certificate: security whitepaper §5.17.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignCertificate {
    /// The certificate signing request, in PEM.
    pub csr: BoundedString<5500>,
}

/// Security whitepaper §5.18.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignCertificateResponse {
    /// Whether it will be done.
    pub status: GenericStatusEnumType,
}

/// Reports how a signed firmware update goes: security whitepaper §5.19.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedFirmwareStatusNotification {
    /// How it goes.
    pub status: FirmwareStatusEnumType,
    /// The id from SignedUpdateFirmware; absent only if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<i32>,
}

/// Security whitepaper §5.20.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedFirmwareStatusNotificationResponse {}

/// Asks to fetch, verify and install a firmware: security whitepaper §5.21.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUpdateFirmware {
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i32>,
    /// How long to wait in between, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<i32>,
    /// To be repeated in every SignedFirmwareStatusNotification.
    pub request_id: i32,
    /// The firmware.
    pub firmware: FirmwareType,
}

/// Security whitepaper §5.22.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUpdateFirmwareResponse {
    /// Whether it will be tried.
    pub status: UpdateFirmwareStatusEnumType,
}
