//! The charge point and its connectors.

use serde::{Deserialize, Serialize};

use crate::types::words::words;
use crate::types::CiString;

words! {
    /// What ChangeAvailability asks for: OCPP 1.6 §7.4.
    AvailabilityType {
        Inoperative,
        Operative,
    }

    /// The answer to ChangeAvailability: OCPP 1.6 §7.3.
    AvailabilityStatus {
        Accepted,
        Rejected,
        Scheduled,
    }

    /// The answer to ChangeConfiguration: OCPP 1.6 §7.22.
    ConfigurationStatus {
        Accepted,
        Rejected,
        RebootRequired,
        NotSupported,
    }

    /// How to reset: OCPP 1.6 §7.42.
    ResetType {
        Hard,
        Soft,
    }

    /// The answer to Reset: OCPP 1.6 §7.41.
    ResetStatus {
        Accepted,
        Rejected,
    }

    /// The answer to UnlockConnector: OCPP 1.6 §7.46.
    UnlockStatus {
        Unlocked,
        UnlockFailed,
        NotSupported,
    }

    /// How the upload of diagnostics goes: OCPP 1.6 §7.24.
    DiagnosticsStatus {
        Idle,
        Uploaded,
        UploadFailed,
        Uploading,
    }

    /// How a firmware update goes: OCPP 1.6 §7.25.
    FirmwareStatus {
        Downloaded,
        DownloadFailed,
        Downloading,
        Idle,
        InstallationFailed,
        Installing,
        Installed,
    }

    /// What TriggerMessage can ask for: OCPP 1.6 §7.32.
    MessageTrigger {
        BootNotification,
        DiagnosticsStatusNotification,
        FirmwareStatusNotification,
        Heartbeat,
        MeterValues,
        StatusNotification,
    }

    /// The answer to TriggerMessage, OCPP 1.6 §7.44, and to ExtendedTriggerMessage.
    TriggerMessageStatus {
        Accepted,
        Rejected,
        NotImplemented,
    }
}

/// A configuration key: OCPP 1.6 §7.29.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyValue {
    /// Its name.
    pub key: CiString<50>,
    /// Whether ChangeConfiguration is refused.
    pub readonly: bool,
    /// Its value; absent if it is not set, or not to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<CiString<500>>,
}
