//! Which feature profile a request belongs to (`OCPP 1.6 §3.2`), and what is answered where it is not
//! offered.

use super::{Context, V16};
use crate::wire::json::{ErrorCode, MessageId};
use crate::wire::v16::{
    CancelReservationResponse, CancelReservationStatus, CentralRequest,
    GetLocalListVersionResponse, ReservationStatus, ReserveNowResponse, SendLocalListResponse,
    UpdateStatus,
};

impl V16 {
    // rules: 140
    /// Whether the feature profile that a request belongs to is offered: asked once, for every request.
    pub(super) fn offers(request: &CentralRequest, cx: &Context<'_>) -> bool {
        match request {
            CentralRequest::SetChargingProfile(_)
            | CentralRequest::ClearChargingProfile(_)
            | CentralRequest::GetCompositeSchedule(_) => Self::offers_smart_charging(cx),
            CentralRequest::TriggerMessage(_) => cx.settings().has_profile("RemoteTrigger"),
            _ => true,
        }
    }

    /// Whether charging profiles are looked at, wherever they come.
    pub(super) fn offers_smart_charging(cx: &Context<'_>) -> bool {
        cx.settings().has_profile("SmartCharging")
    }

    // rules: 13
    /// There is no such thing here: in the words that the standard has for it, and where it has none with
    /// an error (`OCPP 1.6 §5.1`, `§5.10`, `§5.13`, `§7.47`, errata 3.39).
    pub(super) fn decline(
        &mut self,
        id: &MessageId,
        request: &CentralRequest,
        cx: &mut Context<'_>,
    ) {
        match request {
            CentralRequest::GetLocalListVersion(_) => {
                let list_version = -1;
                Self::respond(
                    id.as_str(),
                    &GetLocalListVersionResponse { list_version },
                    cx,
                );
            }
            CentralRequest::SendLocalList(_) => {
                let status = UpdateStatus::NotSupported;
                Self::respond(id.as_str(), &SendLocalListResponse { status }, cx);
            }
            CentralRequest::ReserveNow(_) => {
                let status = ReservationStatus::Rejected;
                Self::respond(id.as_str(), &ReserveNowResponse { status }, cx);
            }
            CentralRequest::CancelReservation(_) => {
                let status = CancelReservationStatus::Rejected;
                Self::respond(id.as_str(), &CancelReservationResponse { status }, cx);
            }
            _ => {
                let text = "this charge point does not offer the feature profile of it";
                self.refuse(id, ErrorCode::NotSupported, text, cx);
            }
        }
    }
}
