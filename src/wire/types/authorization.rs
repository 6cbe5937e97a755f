//! Tokens and what they may do.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::wire::text::IdToken;
use crate::wire::words::words;

words! {
    /// What the central system thinks of a token: OCPP 1.6 §7.2.
    AuthorizationStatus {
        Accepted,
        Blocked,
        Expired,
        Invalid,
        ConcurrentTx,
    }

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

/// What the central system knows about a token: OCPP 1.6 §7.27.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdTagInfo {
    /// When the token is to leave the authorization cache; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Wall>,
    /// The group that the token belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id_tag: Option<IdToken>,
    /// Whether it may charge.
    pub status: AuthorizationStatus,
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
