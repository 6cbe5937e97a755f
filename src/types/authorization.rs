//! Tokens and what they may do.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::text::IdToken;
use crate::types::words::words;

words! {
    /// What the central system thinks of a token: OCPP 1.6 §7.2.
    AuthorizationStatus {
        Accepted,
        Blocked,
        Expired,
        Invalid,
        ConcurrentTx,
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
