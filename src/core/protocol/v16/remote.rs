//! RemoteStartTransaction and RemoteStopTransaction (`OCPP 1.6 §5.11`, `§5.12`).

use super::{Context, V16};
use crate::core::settings::Key;
use crate::core::station::{is_tag, Intent};
use crate::core::{AskedBy, Claim, ConnectorId, Place};
use crate::types::Reason;
use crate::wire::json::MessageId;
use crate::wire::v16::{
    RemoteStartStopStatus, RemoteStartTransaction, RemoteStartTransactionResponse,
    RemoteStopTransaction, RemoteStopTransactionResponse,
};

impl V16 {
    // rules: 101, 102
    /// The answer means "will try", and comes before anything is tried.
    pub(super) fn on_remote_start(
        &self,
        id: &MessageId,
        mut request: RemoteStartTransaction,
        cx: &mut Context<'_>,
    ) {
        // Without smart charging a profile is not looked at (OCPP 1.6 §5.11).
        if !Self::offers_smart_charging(cx) {
            request.charging_profile = None;
        }
        let places = self.places_for_remote_start(&request, cx);
        let status = match places {
            Some(_) => RemoteStartStopStatus::Accepted,
            None => RemoteStartStopStatus::Rejected,
        };
        Self::respond(id.as_str(), &RemoteStartTransactionResponse { status }, cx);
        let Some(places) = places else { return };
        let reader = request.connector_id.and_then(|at| cx.station.place(at));
        let claim = Claim {
            tag: request.id_tag,
            by: AskedBy::CentralSystem,
            reader: reader.unwrap_or(Place::ChargePoint),
        };
        let intent = Intent::Start(places, request.charging_profile.map(Box::new));
        let asks = cx.settings().is(Key::AuthorizeRemoteTxRequests);
        self.at_station(cx, |station, cx| match asks {
            true => station.authorize(claim, intent, cx),
            false => station.grant(claim, None, intent, cx),
        });
    }

    // rules: 25, 103
    /// Where it may start. The central system that names no connector leaves it to the driver.
    fn places_for_remote_start(
        &self,
        request: &RemoteStartTransaction,
        cx: &Context<'_>,
    ) -> Option<Vec<ConnectorId>> {
        if !self.registration.is_accepted() || !is_tag(&request.id_tag) {
            return None;
        }
        let places: Vec<_> = match request.connector_id {
            Some(number) => vec![cx.station.existing(number)?],
            None => cx.station.connector_ids().collect(),
        };
        let at = cx.station.pick(&places)?;
        let profile = request.charging_profile.as_ref();
        let now = cx.now.mono;
        let possible = profile.map_or(true, |profile| {
            cx.station.takes_remote_profile(at, profile, now)
        });
        possible.then_some(places)
    }

    // rules: 66
    /// The id decides alone; a transaction without one cannot be meant.
    pub(super) fn on_remote_stop(
        &self,
        id: &MessageId,
        request: &RemoteStopTransaction,
        cx: &mut Context<'_>,
    ) {
        let at = cx.station.where_runs(request.transaction_id, cx.ledger);
        let at = at.filter(|_| self.registration.is_accepted());
        let status = match at {
            Some(_) => RemoteStartStopStatus::Accepted,
            None => RemoteStartStopStatus::Rejected,
        };
        Self::respond(id.as_str(), &RemoteStopTransactionResponse { status }, cx);
        if let Some(at) = at {
            self.at_station(cx, |station, cx| station.stop(at, Reason::Remote, None, cx));
        }
    }
}
