//! Transaction messages on their way: what they say, and what becomes of them
//! (`OCPP 1.6 §3.7`).

use serde_json::value::RawValue;

use crate::core::authorize::group;
use crate::core::ledger::{Attempts, Refusal};
use crate::core::settings::Key;
use crate::core::{Engine, Fetched, Place, QueuedBody, QueuedMessage, TxId};
use crate::wire::{
    self, Action, AuthorizationStatus, MeterValue, MeterValues, StartAnswer, StartTransaction,
    StopTransaction, TagAnswer,
};

impl Engine {
    pub(crate) fn on_fetched(&mut self, mut fetched: Fetched) {
        self.out.tell_damaged(std::mem::take(&mut fetched.damaged));
        let newest = self.ledger.refill(fetched, self.now.mono);
        self.newest = self.newest.max(newest.unwrap_or_default());
    }

    /// The frame that says what a queued message has to say.
    pub(crate) fn frame_of(&self, message: &QueuedMessage) -> Option<String> {
        let id = &message.message_id;
        let frame = match &message.body {
            QueuedBody::Start(tx) => {
                let transaction = self.ledger.transaction(*tx)?;
                let request = StartTransaction {
                    connector_id: Place::Connector(transaction.connector).connector_id(),
                    id_tag: transaction.tag.clone(),
                    meter_start: transaction.meter_start.0,
                    reservation_id: transaction.reservation,
                    timestamp: transaction.started.wall,
                };
                wire::call(id, Action::StartTransaction, &request)
            }
            QueuedBody::Stop(tx) => {
                let transaction = self.ledger.transaction(*tx)?;
                let stop = transaction.stop.as_ref()?;
                let request = StopTransaction {
                    id_tag: stop.tag.clone(),
                    meter_stop: stop.meter.0,
                    timestamp: stop.at.wall,
                    transaction_id: transaction.central_id().unwrap_or(-1),
                    reason: Some(stop.reason),
                    transaction_data: self.transaction_data(*tx),
                };
                wire::call(id, Action::StopTransaction, &request)
            }
            QueuedBody::Meter {
                tx,
                place,
                at,
                values,
            } => {
                let transaction = match tx {
                    Some(tx) => Some(self.ledger.transaction(*tx)?),
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
                wire::call(id, Action::MeterValues, &request)
            }
        };
        Some(frame)
    }

    /// What the StopTransaction of a transaction carries.
    fn transaction_data(&self, tx: TxId) -> Option<Vec<MeterValue>> {
        let readings = self.ledger.stop_data(tx);
        let values = readings.iter().map(|reading| MeterValue {
            timestamp: reading.at.wall,
            sampled_value: reading.values.clone(),
        });
        (!readings.is_empty()).then(|| values.collect())
    }

    /// The head of the queue was refused, one way or another.
    pub(crate) fn on_queued_refusal(&mut self, how: Refusal) {
        let attempts = Attempts {
            most: self.settings.int(Key::TransactionMessageAttempts),
            interval: self.settings.secs(Key::TransactionMessageRetryInterval),
        };
        let now = self.now.mono;
        self.ledger
            .head_is_refused(how, attempts, now, &mut self.out);
    }

    fn on_queued_taken(&mut self) {
        self.ledger.head_is_taken(self.now.mono, &mut self.out);
    }

    /// The central system has the head of the queue.
    pub(crate) fn on_queued_answer(&mut self, payload: &RawValue) {
        let Some(head) = self.ledger.head() else {
            return;
        };
        match head.body {
            QueuedBody::Start(tx) => {
                let answer: Option<StartAnswer> = self.read_answer("StartTransaction", payload);
                let Some(answer) = answer else {
                    return self.on_queued_refusal(Refusal::Senseless);
                };
                if self.means_ourselves(&answer) {
                    return self.on_answer_to_copy(tx, answer);
                }
                self.on_queued_taken();
                self.on_started(tx, &answer);
            }
            QueuedBody::Stop(tx) => {
                let answer: Option<TagAnswer> = self.read_answer("StopTransaction", payload);
                let stopper = self
                    .ledger
                    .transaction(tx)
                    .and_then(|t| t.stop.as_ref()?.tag.clone());
                let info = answer.and_then(|answer| answer.info());
                if let (Some(tag), Some(info)) = (stopper, info) {
                    self.learn(&tag, &info);
                }
                self.on_queued_taken();
            }
            QueuedBody::Meter { .. } => self.on_queued_taken(),
        }
    }

    /// The first copy of a StartTransaction was booked and its answer was lost: the transaction that the
    /// central system finds in the way of the second is this one.
    fn means_ourselves(&self, answer: &StartAnswer) -> bool {
        let concurrent = answer.tag.status == Some(AuthorizationStatus::ConcurrentTx);
        concurrent && self.ledger.head_was_sent_before()
    }

    /// Nothing is known against the tag then. Some central systems leave out the id in such an answer, and
    /// say 0: it is asked for again, as after an error.
    fn on_answer_to_copy(&mut self, tx: TxId, mut answer: StartAnswer) {
        log::warn!("ConcurrentTx in answer to a repeated StartTransaction means that one itself");
        if answer.transaction_id == 0 {
            return self.on_queued_refusal(Refusal::Senseless);
        }
        answer.tag.status = Some(AuthorizationStatus::Accepted);
        self.on_queued_taken();
        self.on_started(tx, &answer);
    }

    fn on_started(&mut self, tx: TxId, answer: &StartAnswer) {
        let group = answer.tag.parent_id_tag.clone().and_then(group);
        let id = answer.transaction_id;
        let Some(tag) = self.ledger.confirm(tx, id, group, &mut self.out) else {
            return;
        };
        let Some(info) = answer.tag.info() else {
            // What it has to say of the tag cannot be read; the transaction has its id all the same.
            return;
        };
        self.learn(&tag, &info);
        if info.status != AuthorizationStatus::Accepted {
            self.deauthorize(tx);
        }
    }
}
