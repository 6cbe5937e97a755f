//! Tokens and what they may do.

use serde::{Deserialize, Serialize};

use crate::types::words::words;
use crate::types::{IdTagInfo, IdToken};

words! {
    /// How a local list changes: OCPP 1.6 §7.48.
    UpdateType {
        Differential,
        Full,
    }

    /// How the change of a local list went: OCPP 1.6 §7.47.
    UpdateStatus {
        Accepted,
        Failed,
        NotSupported,
        VersionMismatch,
    }

    /// The answer to ReserveNow: OCPP 1.6 §7.40.
    ReservationStatus {
        Accepted,
        Faulted,
        Occupied,
        Rejected,
        Unavailable,
    }

    /// The answer to CancelReservation: OCPP 1.6 §7.5.
    CancelReservationStatus {
        Accepted,
        Rejected,
    }

    /// The answer to ClearCache: OCPP 1.6 §7.20.
    ClearCacheStatus {
        Accepted,
        Rejected,
    }

    /// The answer to RemoteStartTransaction and RemoteStopTransaction: OCPP 1.6 §7.39.
    RemoteStartStopStatus {
        Accepted,
        Rejected,
    }
}

/// An entry of a local list: OCPP 1.6 §7.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationData {
    /// The token.
    pub id_tag: IdToken,
    /// What it may do; absent in a differential update: the entry is to be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_tag_info: Option<IdTagInfo>,
}
