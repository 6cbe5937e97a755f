//! Local authorization list management profile.

use serde::{Deserialize, Serialize};

use crate::wire::v16::types::{AuthorizationData, UpdateStatus, UpdateType};

/// Asks for the version of the local list: OCPP 1.6 §6.27.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetLocalListVersion {}

/// OCPP 1.6 §6.28.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetLocalListVersionResponse {
    /// The version; 0: the list is empty, -1: there are no local lists.
    pub list_version: i32,
}

/// Changes the local list: OCPP 1.6 §6.41.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendLocalList {
    /// The version of the list after the change.
    pub list_version: i32,
    /// The whole list, or what changes in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_authorization_list: Option<Vec<AuthorizationData>>,
    /// Which of the two.
    pub update_type: UpdateType,
}

/// OCPP 1.6 §6.42.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendLocalListResponse {
    /// How it went.
    pub status: UpdateStatus,
}
