//! Transaction messages on their way: what they say, and what becomes of them
//! (`OCPP 1.6 §3.7`).

use serde_json::value::RawValue;

use super::{Context, V16};
use crate::core::ledger::{Attempts, Ledger, Refusal};
use crate::core::link::CallPurpose;
use crate::core::settings::Key;
use crate::core::station::group;
use crate::core::{Fetched, Place, QueuedBody, QueuedMessage, Seq, TxId};
use crate::types::AuthorizationStatus;
use crate::wire::json::{self, ErrorCode};
use crate::wire::v16::{
    Action, MeterValue, MeterValues, StartAnswer, StartTransaction, StopTransaction, TagAnswer,
};

impl V16 {
    /// Messages came from the store.
    pub(crate) fn on_fetched(&mut self, mut fetched: Fetched, cx: &mut Context<'_>) {
        cx.out.notify_damaged(std::mem::take(&mut fetched.damaged));
        let newest = cx.ledger.refill(fetched, cx.now.mono);
        self.newest = self.newest.max(newest.unwrap_or_default());
    }

    /// The oldest message as it goes out, with its place and its id.
    pub(super) fn queued_frame(cx: &mut Context<'_>) -> Option<(Seq, String, String)> {
        let message = cx.ledger.head()?;
        let frame = frame_of(message, cx.ledger)?;
        // Values that were asked for do not come after the end of their transaction.
        if let QueuedBody::Stop(tx) = message.body {
            if let Some(stopped) = cx.ledger.transaction(tx) {
                let place = stopped.connector.into();
                cx.link.drop_from_line(CallPurpose::Meter(place));
            }
        }
        Some((message.seq, message.message_id.clone(), frame))
    }

    /// The head of the queue was refused, one way or another.
    pub(super) fn on_queued_refusal(how: Refusal, cx: &mut Context<'_>) {
        let attempts = Attempts {
            most: cx.settings().int(Key::TransactionMessageAttempts),
            interval: cx.settings().secs(Key::TransactionMessageRetryInterval),
        };
        cx.ledger
            .head_is_refused(how, attempts, cx.now.mono, cx.out);
    }

    fn on_queued_taken(cx: &mut Context<'_>) {
        cx.ledger.head_is_taken(cx.now.mono, cx.out);
    }

    // rules: 71
    /// The central system has the head of the queue.
    pub(super) fn on_queued_answer(&self, payload: &RawValue, cx: &mut Context<'_>) {
        let Some(head) = cx.ledger.head() else {
            return;
        };
        match head.body {
            QueuedBody::Start(tx) => {
                let answer: Option<StartAnswer> = Self::read_answer("StartTransaction", payload);
                let Some(answer) = answer else {
                    return Self::on_queued_refusal(Refusal::Senseless, cx);
                };
                if means_ourselves(&answer, cx.ledger) {
                    return self.on_answer_to_copy(tx, answer, cx);
                }
                Self::on_queued_taken(cx);
                self.on_started(tx, &answer, cx);
            }
            QueuedBody::Stop(tx) => {
                let answer: Option<TagAnswer> = Self::read_answer("StopTransaction", payload);
                let stopper = cx
                    .ledger
                    .transaction(tx)
                    .and_then(|t| t.stop.as_ref()?.tag.clone());
                let info = answer.and_then(|answer| answer.info());
                if let (Some(tag), Some(info)) = (stopper, info) {
                    self.at_station(cx, |station, cx| station.learn(&tag, &info, cx));
                }
                Self::on_queued_taken(cx);
            }
            QueuedBody::Meter { .. } => Self::on_queued_taken(cx),
        }
    }

    /// Nothing is known against the tag then. Some central systems leave out the id in such an answer, and
    /// say 0: it is asked for again, as after an error.
    fn on_answer_to_copy(&self, tx: TxId, mut answer: StartAnswer, cx: &mut Context<'_>) {
        log::warn!("ConcurrentTx in answer to a repeated StartTransaction means that one itself");
        if answer.transaction_id == 0 {
            return Self::on_queued_refusal(Refusal::Senseless, cx);
        }
        answer.tag.status = Some(AuthorizationStatus::Accepted);
        Self::on_queued_taken(cx);
        self.on_started(tx, &answer, cx);
    }

    fn on_started(&self, tx: TxId, answer: &StartAnswer, cx: &mut Context<'_>) {
        let group = answer.tag.parent_id_tag.clone().and_then(group);
        let id = answer.transaction_id;
        let Some(tag) = cx.ledger.confirm(tx, id, group, cx.out) else {
            return;
        };
        let Some(info) = answer.tag.info() else {
            // What it has to say of the tag cannot be read; the transaction has its id all the same.
            return;
        };
        self.at_station(cx, |station, cx| station.learn(&tag, &info, cx));
        if info.status != AuthorizationStatus::Accepted {
            self.at_station(cx, |station, cx| station.deauthorize(tx, cx));
        }
    }
}

/// The frame that says what a queued message has to say.
fn frame_of(message: &QueuedMessage, ledger: &Ledger) -> Option<String> {
    let id = &message.message_id;
    let frame = match &message.body {
        QueuedBody::Start(tx) => {
            let transaction = ledger.transaction(*tx)?;
            let request = StartTransaction {
                connector_id: Place::Connector(transaction.connector).connector_id(),
                id_tag: transaction.tag.clone(),
                meter_start: transaction.meter_start.0,
                reservation_id: transaction.reservation,
                timestamp: transaction.started.wall,
            };
            json::call(id, Action::StartTransaction.as_str(), &request)
        }
        QueuedBody::Stop(tx) => {
            let transaction = ledger.transaction(*tx)?;
            let stop = transaction.stop.as_ref()?;
            let request = StopTransaction {
                id_tag: stop.tag.clone(),
                meter_stop: stop.meter.0,
                timestamp: stop.at.wall,
                transaction_id: transaction.central_id().unwrap_or(-1),
                reason: Some(stop.reason),
                transaction_data: transaction_data(*tx, ledger),
            };
            json::call(id, Action::StopTransaction.as_str(), &request)
        }
        QueuedBody::Meter {
            tx,
            place,
            at,
            values,
        } => {
            let transaction = match tx {
                Some(tx) => Some(ledger.transaction(*tx)?),
                None => None,
            };
            let request = MeterValues {
                connector_id: place.connector_id(),
                transaction_id: transaction.map(|t| t.central_id().unwrap_or(-1)),
                meter_value: vec![MeterValue {
                    timestamp: at.wall,
                    sampled_value: values.clone(),
                }],
            };
            json::call(id, Action::MeterValues.as_str(), &request)
        }
    };
    Some(frame)
}

/// What the StopTransaction of a transaction carries.
fn transaction_data(tx: TxId, ledger: &Ledger) -> Option<Vec<MeterValue>> {
    let readings = ledger.stop_data(tx);
    let values = readings.iter().map(|reading| MeterValue {
        timestamp: reading.at.wall,
        sampled_value: reading.values.clone(),
    });
    (!readings.is_empty()).then(|| values.collect())
}

/// The first copy of a StartTransaction was booked and its answer was lost: the transaction that the
/// central system finds in the way of the second is this one.
fn means_ourselves(answer: &StartAnswer, ledger: &Ledger) -> bool {
    let concurrent = answer.tag.status == Some(AuthorizationStatus::ConcurrentTx);
    concurrent && ledger.head_was_sent_before()
}

/// How a message is refused that is answered with this error: for its form, which is the same each time, or
/// for something that may pass (errata J 3.3).
pub(super) const fn refusal_by(code: ErrorCode) -> Refusal {
    match code {
        ErrorCode::FormationViolation
        | ErrorCode::PropertyConstraintViolation
        | ErrorCode::TypeConstraintViolation
        | ErrorCode::OccurenceConstraintViolation
        | ErrorCode::NotSupported
        | ErrorCode::NotImplemented => Refusal::OfForm,
        _ => Refusal::Error,
    }
}
