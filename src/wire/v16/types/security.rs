//! Types of the security whitepaper (edition 3), by their names there.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::words::words;
use crate::types::{BoundedString, CiString};

words! {
    /// The answer to CertificateSigned: security whitepaper §6.2.
    CertificateSignedStatusEnumType {
        Accepted,
        Rejected,
    }

    /// What a root certificate is for: security whitepaper §6.4.
    CertificateUseEnumType {
        CentralSystemRootCertificate,
        ManufacturerRootCertificate,
    }

    /// The answer to DeleteCertificate: security whitepaper §6.7.
    DeleteCertificateStatusEnumType {
        Accepted,
        Failed,
        NotFound,
    }

    /// How a signed firmware update goes: security whitepaper §6.8.
    FirmwareStatusEnumType {
        Downloaded,
        DownloadFailed,
        Downloading,
        DownloadScheduled,
        DownloadPaused,
        Idle,
        InstallationFailed,
        Installing,
        Installed,
        InstallRebooting,
        InstallScheduled,
        InstallVerificationFailed,
        InvalidSignature,
        SignatureVerified,
    }

    /// The answer to SignCertificate: security whitepaper §6.10.
    GenericStatusEnumType {
        Accepted,
        Rejected,
    }

    /// The answer to GetInstalledCertificateIds: security whitepaper §6.11.
    GetInstalledCertificateStatusEnumType {
        Accepted,
        NotFound,
    }

    /// How a certificate is hashed: security whitepaper §6.12.
    HashAlgorithmEnumType {
        SHA256,
        SHA384,
        SHA512,
    }

    /// The answer to InstallCertificate: security whitepaper §6.3. Failed: correct, but could not
    /// be stored. Rejected: not correct.
    InstallCertificateStatusEnumType {
        Accepted,
        Failed,
        Rejected,
    }

    /// Which log is asked for: security whitepaper §6.13.
    LogEnumType {
        DiagnosticsLog,
        SecurityLog,
    }

    /// The answer to GetLog: security whitepaper §6.15. AcceptedCanceled: accepted, and an upload
    /// that was going on is given up.
    LogStatusEnumType {
        Accepted,
        Rejected,
        AcceptedCanceled,
    }

    /// What ExtendedTriggerMessage can ask for: security whitepaper §6.16.
    MessageTriggerEnumType {
        BootNotification,
        LogStatusNotification,
        FirmwareStatusNotification,
        Heartbeat,
        MeterValues,
        SignChargePointCertificate,
        StatusNotification,
    }

    /// The answer to SignedUpdateFirmware: security whitepaper §6.18. AcceptedCanceled: accepted,
    /// and an update that was going on is given up.
    UpdateFirmwareStatusEnumType {
        Accepted,
        Rejected,
        AcceptedCanceled,
        InvalidCertificate,
        RevokedCertificate,
    }

    /// How the upload of a log goes: security whitepaper §6.19.
    UploadLogStatusEnumType {
        BadMessage,
        Idle,
        NotSupportedOperation,
        PermissionDenied,
        Uploaded,
        UploadFailure,
        Uploading,
    }
}

/// Which certificate is meant: security whitepaper §6.1. All hashes are hexadecimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateHashDataType {
    /// How the hashes were made.
    pub hash_algorithm: HashAlgorithmEnumType,
    /// The hash of the issuer's distinguished name in DER.
    pub issuer_name_hash: CiString<128>,
    /// The hash of the issuer's public key in DER.
    pub issuer_key_hash: CiString<128>,
    /// The serial number in hexadecimal, without leading zeroes.
    pub serial_number: CiString<40>,
}

/// A signed firmware: security whitepaper §6.9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirmwareType {
    /// The URI to fetch it from.
    pub location: BoundedString<512>,
    /// When to fetch it.
    pub retrieve_date_time: Wall,
    /// When to install it; absent: once it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_date_time: Option<Wall>,
    /// The certificate that it was signed with, in PEM.
    pub signing_certificate: BoundedString<5500>,
    /// The signature, in base64.
    pub signature: BoundedString<800>,
}

/// Which part of a log, and where to send it: security whitepaper §6.14.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogParametersType {
    /// The URI to upload it to.
    pub remote_location: BoundedString<512>,
    /// Nothing older is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_timestamp: Option<Wall>,
    /// Nothing newer is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_timestamp: Option<Wall>,
}
