//! Remote trigger profile.

use serde::{Deserialize, Serialize};

use crate::wire::v16::types::{MessageTrigger, TriggerMessageStatus};

/// Asks the charge point to send a message: OCPP 1.6 §6.51.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerMessage {
    /// Which.
    pub requested_message: MessageTrigger,
    /// About which connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<i32>,
}

/// OCPP 1.6 §6.52.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerMessageResponse {
    /// Whether it will be sent.
    pub status: TriggerMessageStatus,
}
