//! TriggerMessage: the answer comes before the message that was asked for (`OCPP 1.6 §5.17`).

use super::{Context, V16};
use crate::core::Place;
use crate::wire::json::MessageId;
use crate::wire::v16::{
    MessageTrigger, TriggerMessage, TriggerMessageResponse, TriggerMessageStatus,
};

impl V16 {
    // rules: 128, 129, 130
    pub(super) fn on_trigger(
        &mut self,
        id: &MessageId,
        request: &TriggerMessage,
        cx: &mut Context<'_>,
    ) {
        let of_connector = matches!(
            request.requested_message,
            MessageTrigger::MeterValues | MessageTrigger::StatusNotification
        );
        // Where it means nothing, a connector is not looked at.
        let named = request.connector_id.filter(|_| of_connector);
        let at = match named.map(|number| cx.station.place(number)) {
            None => None,
            Some(Some(place)) => Some(place),
            Some(None) => return answer(id, TriggerMessageStatus::Rejected, cx),
        };
        let fits = |place: &Place| at.map_or(true, |at| at == *place);
        let accepted = self.registration.is_accepted();
        let status = match request.requested_message {
            MessageTrigger::BootNotification
                if accepted && !cx.station.setup().tuning.accept_boot_trigger =>
            {
                TriggerMessageStatus::Rejected
            }
            MessageTrigger::BootNotification
            | MessageTrigger::Heartbeat
            | MessageTrigger::StatusNotification => TriggerMessageStatus::Accepted,
            MessageTrigger::MeterValues => {
                let mut all = cx.station.places().filter(fits);
                match all.any(|place| cx.station.can_trigger_reading(place)) {
                    true => TriggerMessageStatus::Accepted,
                    false => TriggerMessageStatus::Rejected,
                }
            }
            _ => TriggerMessageStatus::NotImplemented,
        };
        answer(id, status, cx);
        if status != TriggerMessageStatus::Accepted {
            return;
        }
        match request.requested_message {
            MessageTrigger::BootNotification => self.boot(cx),
            MessageTrigger::Heartbeat => self.beat(cx),
            MessageTrigger::StatusNotification => {
                for place in cx.station.places().filter(fits) {
                    self.repeat_status(place, cx);
                }
            }
            MessageTrigger::MeterValues => {
                self.at_station(cx, |station, cx| station.trigger_readings(at, cx));
            }
            _ => {}
        }
    }
}

fn answer(id: &MessageId, status: TriggerMessageStatus, cx: &mut Context<'_>) {
    V16::respond(id.as_str(), &TriggerMessageResponse { status }, cx);
}
