//! Transaction messages on their way: what they say, and what becomes of them
//! (`OCPP 1.6 §3.7`).

use serde_json::value::RawValue;

use crate::core::authorize::group;
use crate::core::outbox::Room;
use crate::core::refusal::Refusal;
use crate::core::{
    CentralId, Delivery, Engine, Fetched, Notice, Place, QueuedBody, QueuedMessage, Transaction,
    TransactionChange, TransactionStep, TxId, Write,
};
use crate::wire::{
    self, Action, AuthorizationStatus, MeterValue, MeterValues, StartAnswer, StartTransaction,
    StopTransaction, TagAnswer,
};

/// So many damaged records are told of one by one.
const MOST_TOLD: usize = 8;

/// Why a message leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The central system has it, or there is nothing to send.
    Taken,
    /// It was refused to the end.
    GivenUp,
}

/// Whether the central system has all of a transaction whose StopTransaction left the queue. One that came
/// with -1 is in no book.
fn is_delivered(transaction: &Transaction, outcome: Outcome) -> bool {
    outcome == Outcome::Taken && matches!(transaction.central, CentralId::Known(_))
}

/// The id to name a transaction by; `None` while the central system has not given it one.
pub(crate) const fn central_id(transaction: &Transaction) -> Option<i64> {
    match transaction.central {
        CentralId::Known(id) => Some(id),
        CentralId::GivenUp => Some(-1),
        CentralId::Unknown => None,
    }
}

impl Engine {
    /// A message joins the queue; it is read from the store, with all that belongs to it, when it is its
    /// turn.
    pub(crate) fn enqueue_in_store(&mut self, body: QueuedBody, message_id: Option<String>) {
        let (seq, new_id) = (self.outbox.next_seq(), self.ids.next());
        let message = QueuedMessage {
            seq,
            message_id: message_id.unwrap_or(new_id),
            refusals: 0,
            body,
        };
        self.store_samples(self.now.mono);
        self.out.durable(Write::Queue(message.clone()));
        self.outbox.push_beyond(&message);
    }

    /// A message joins the queue; if `durable`, it is stored with this input, else a little later.
    pub(crate) fn enqueue(&mut self, body: QueuedBody, durable: bool) {
        let (seq, message_id) = (self.outbox.next_seq(), self.ids.next());
        let message = QueuedMessage {
            seq,
            message_id,
            refusals: 0,
            body,
        };
        let durable = durable || self.outbox.room() == Room::Beyond;
        if durable {
            // What is stored later must not be older than what is stored now.
            self.store_samples(self.now.mono);
            self.out.durable(Write::Queue(message.clone()));
        }
        self.outbox.push(message, durable, self.now.mono);
        self.thin_values();
    }

    /// A queue that grows without end would fill the disk: meter values make room, evenly, and
    /// starts and stops never.
    fn thin_values(&mut self) {
        while let Some((tx, after, dropped)) = self.outbox.thin(self.setup.tuning.most_values) {
            log::warn!(
                "too many meter values are queued: {dropped} of one transaction are dropped"
            );
            self.counters.thinned += dropped;
            self.out.durable(Write::Thin(tx, after));
        }
    }

    pub(crate) fn on_fetched(&mut self, mut fetched: Fetched) {
        self.tell_damaged(std::mem::take(&mut fetched.damaged));
        let newest = fetched.stamps_mut().map(|stamp| stamp.wall).max();
        self.newest = self.newest.max(newest.unwrap_or_default());
        for transaction in fetched.transactions {
            // What is here already is at least as new.
            self.transactions
                .entry(transaction.id)
                .or_insert(transaction);
        }
        for (tx, datum) in fetched.data {
            let data = self.data.entry(tx).or_default();
            if data.last().map_or(true, |last| last.n < datum.n) {
                data.push(datum);
            }
        }
        let ids = &self.ids;
        let is_new = |id: &str| ids.are_of_this_run(id);
        self.outbox
            .refill(fetched.messages, fetched.behind, self.now.mono, is_new);
    }

    /// What could not be read of the store: the first of it in words, and how much more there is.
    pub(crate) fn tell_damaged(&mut self, damaged: Vec<String>) {
        let more = damaged.len().saturating_sub(MOST_TOLD);
        for text in damaged.into_iter().take(MOST_TOLD) {
            self.out.tell(Notice::Damaged(text));
        }
        if more > 0 {
            self.out.tell(Notice::Damaged(format!(
                "{more} more records are set aside"
            )));
        }
    }

    /// The frame that says what a queued message has to say.
    pub(crate) fn frame_of(&self, message: &QueuedMessage) -> Option<String> {
        let id = &message.message_id;
        let frame = match &message.body {
            QueuedBody::Start(tx) => {
                let transaction = self.transactions.get(tx)?;
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
                let transaction = self.transactions.get(tx)?;
                let stop = transaction.stop.as_ref()?;
                let request = StopTransaction {
                    id_tag: stop.tag.clone(),
                    meter_stop: stop.meter.0,
                    timestamp: stop.at.wall,
                    transaction_id: central_id(transaction).unwrap_or(-1),
                    reason: Some(stop.reason),
                    transaction_data: self.transaction_data(*tx).filter(|_| !transaction.bare),
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
                    Some(tx) => Some(self.transactions.get(tx)?),
                    None => None,
                };
                let request = MeterValues {
                    connector_id: place.connector_id(),
                    transaction_id: transaction.map(|t| central_id(t).unwrap_or(-1)),
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

    /// The central system has the head of the queue.
    pub(crate) fn on_queued_answer(&mut self, payload: &RawValue) {
        let Some(head) = self.outbox.head() else {
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
                self.dequeue(Outcome::Taken);
                self.on_started(tx, &answer);
            }
            QueuedBody::Stop(tx) => {
                let answer: Option<TagAnswer> = self.read_answer("StopTransaction", payload);
                let stopper = self
                    .transactions
                    .get(&tx)
                    .and_then(|t| t.stop.as_ref()?.tag.clone());
                let info = answer.and_then(|answer| answer.info());
                if let (Some(tag), Some(info)) = (stopper, info) {
                    self.learn(&tag, &info);
                }
                self.dequeue(Outcome::Taken);
            }
            QueuedBody::Meter { tx, .. } => {
                self.loose_values_refused &= tx.is_some();
                self.dequeue(Outcome::Taken);
            }
        }
    }

    /// The first copy of a StartTransaction was booked and its answer was lost: the transaction that the
    /// central system finds in the way of the second is this one.
    fn means_ourselves(&self, answer: &StartAnswer) -> bool {
        let concurrent = answer.tag.status == Some(AuthorizationStatus::ConcurrentTx);
        concurrent && self.outbox.head_was_sent_before()
    }

    /// Nothing is known against the tag then. Some central systems leave out the id in such an answer, and
    /// say 0: it is asked for again, as after an error.
    fn on_answer_to_copy(&mut self, tx: TxId, mut answer: StartAnswer) {
        log::warn!("ConcurrentTx in answer to a repeated StartTransaction means that one itself");
        if answer.transaction_id == 0 {
            return self.on_queued_refusal(Refusal::Senseless);
        }
        answer.tag.status = Some(AuthorizationStatus::Accepted);
        self.dequeue(Outcome::Taken);
        self.on_started(tx, &answer);
    }

    fn on_started(&mut self, tx: TxId, answer: &StartAnswer) {
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            return;
        };
        transaction.central = CentralId::Known(answer.transaction_id);
        if let Some(parent) = answer.tag.parent_id_tag.clone().and_then(group) {
            transaction.parent = Some(parent);
        }
        let record = transaction.clone();
        let tag = record.tag.clone();
        self.unsaved.remove(&tx);
        self.out.durable(Write::Transaction(record));
        self.tell_step(tx, TransactionChange::Confirmed);
        let Some(info) = answer.tag.info() else {
            // What it has to say of the tag cannot be read; the transaction has its id all the same.
            return;
        };
        self.learn(&tag, &info);
        if info.status != AuthorizationStatus::Accepted {
            self.deauthorize(tx);
        }
    }

    /// The head of the queue leaves it.
    pub(crate) fn dequeue(&mut self, outcome: Outcome) {
        let Some(item) = self.outbox.pop() else {
            return;
        };
        let gone = Write::Dequeue(item.message.seq);
        match item.message.body {
            // A meter value that is sent once more after a power cut does no harm, under its id;
            // to store each delivery at once would wear the flash.
            QueuedBody::Meter { .. } if item.stored => self.lazily(gone),
            QueuedBody::Meter { .. } => {}
            QueuedBody::Start(_) => self.out.durable(gone),
            QueuedBody::Stop(tx) => {
                self.out.durable(gone);
                self.data.remove(&tx);
                self.interrupted.remove(&tx);
                match self.transactions.remove(&tx) {
                    Some(transaction) if !is_delivered(&transaction, outcome) => {
                        self.keep_undelivered(transaction);
                    }
                    transaction => self.close_books(tx, transaction.as_ref()),
                }
            }
        }
    }

    /// The central system has all of a transaction.
    fn close_books(&mut self, tx: TxId, transaction: Option<&Transaction>) {
        self.out.durable(Write::TransactionDone(tx));
        if let Some(again) = transaction.filter(|one| one.delivery == Delivery::Again) {
            let step = TransactionStep::new(again, TransactionChange::Delivered);
            self.out.tell(Notice::Transaction(step));
        }
    }

    /// Transactions that are over and whose messages wait in the store need not be in memory.
    pub(crate) fn forget_transactions(&mut self) {
        if !self.outbox.is_partial() {
            return;
        }
        let outbox = &self.outbox;
        self.transactions
            .retain(|tx, transaction| transaction.stop.is_none() || outbox.mentions(*tx));
        let transactions = &self.transactions;
        self.data.retain(|tx, _| transactions.contains_key(tx));
    }
}
