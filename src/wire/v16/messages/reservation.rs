//! Reservation profile.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::IdToken;
use crate::wire::v16::types::{CancelReservationStatus, ReservationStatus};

/// Ends a reservation: OCPP 1.6 §6.5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelReservation {
    /// Which.
    pub reservation_id: i32,
}

/// OCPP 1.6 §6.6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelReservationResponse {
    /// How it went.
    pub status: CancelReservationStatus,
}

/// Reserves a connector: OCPP 1.6 §6.37.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReserveNow {
    /// The connector; 0: any that is free when the token comes.
    pub connector_id: i32,
    /// When the reservation ends.
    pub expiry_date: Wall,
    /// Who it is for.
    pub id_tag: IdToken,
    /// The group it is for as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id_tag: Option<IdToken>,
    /// Its id. A known one is replaced.
    pub reservation_id: i32,
}

/// OCPP 1.6 §6.38.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReserveNowResponse {
    /// How it went.
    pub status: ReservationStatus,
}
