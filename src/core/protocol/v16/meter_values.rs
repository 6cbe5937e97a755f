//! MeterValues that somebody asked for: right now, and not queued if they cannot be sent
//! (`OCPP 1.6 §5.17`).

use super::{Context, V16};
use crate::core::link::CallPurpose;
use crate::core::{Place, Stamp, Transaction, TxId};
use crate::types::SampledValue;
use crate::wire::v16::{Action, MeterValue, MeterValues};

impl V16 {
    pub(super) fn send_reading(
        place: Place,
        tx: Option<TxId>,
        at: Stamp,
        sampled_value: Vec<SampledValue>,
        cx: &mut Context<'_>,
    ) {
        // One that waits already says the same.
        if cx.link.is_in_line(CallPurpose::Meter(place)) {
            return;
        }
        if let Some(tx) = tx {
            cx.ledger.note_time(tx, at, cx.now.mono);
        }
        let transaction = tx.and_then(|tx| cx.ledger.transaction(tx));
        let request = MeterValues {
            connector_id: place.connector_id(),
            transaction_id: transaction.and_then(Transaction::central_id),
            meter_value: vec![MeterValue {
                timestamp: at.wall,
                sampled_value,
            }],
        };
        Self::call(CallPurpose::Meter(place), Action::MeterValues, &request, cx);
    }
}
