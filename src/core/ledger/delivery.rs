//! Messages on their way: they join the end of the queue and leave at its head, in order, and each change is
//! stored before anybody sees it (`OCPP 1.6 §3.7`).

use super::queue::Placement;
use super::Ledger;
use crate::core::output::Output;
use crate::core::{
    CentralId, Change, Delivery, Effect, Fetched, Notice, Place, QueuedBody, QueuedMessage, Record,
    RecordKey, Stamp, Transaction, TransactionChange, TransactionStep, TxId,
};
use crate::time::{Mono, Wall};
use crate::types::SampledValue;

/// Why a message leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
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

impl Ledger {
    /// A message joins the queue; it is read from the store, with all that belongs to it, when it is its
    /// turn.
    fn enqueue_in_store(
        &mut self,
        body: QueuedBody,
        message_id: Option<String>,
        now: Mono,
        out: &mut Output,
    ) {
        let (seq, new_id) = (self.queue.next_seq(), self.ids.next());
        let message = QueuedMessage {
            seq,
            message_id: message_id.unwrap_or(new_id),
            refusals: 0,
            body,
        };
        self.store_samples(now, out);
        out.durable(Change::Put(Record::Message(message.clone())));
        self.queue.push_beyond(&message);
    }

    // rules: 61
    /// A message joins the queue; if `durable`, it is stored with this input, else a little later.
    pub(super) fn enqueue(&mut self, body: QueuedBody, durable: bool, now: Mono, out: &mut Output) {
        let (seq, message_id) = (self.queue.next_seq(), self.ids.next());
        let message = QueuedMessage {
            seq,
            message_id,
            refusals: 0,
            body,
        };
        let durable = durable || self.queue.placement() == Placement::Beyond;
        if durable {
            // What is stored later must not be older than what is stored now.
            self.store_samples(now, out);
            out.durable(Change::Put(Record::Message(message.clone())));
        }
        self.queue.push(message, durable, now);
        // A queue that grows without end would fill the disk: meter values make room, evenly, and starts
        // and stops never.
        while let Some((tx, after, dropped)) = self.queue.thin(self.most_values) {
            log::warn!(
                "too many meter values are queued: {dropped} of one transaction are dropped"
            );
            self.thinned += dropped;
            out.durable(Change::Thin(tx, after));
        }
    }

    /// Values of a meter join the queue: of a transaction, or of none.
    pub(crate) fn sample(
        &mut self,
        tx: Option<TxId>,
        (place, at): (Place, Stamp),
        values: Vec<SampledValue>,
        online: bool,
        now: Mono,
        out: &mut Output,
    ) {
        let body = QueuedBody::Meter {
            tx,
            place,
            at,
            values,
        };
        // While the link is up a sample is stored only if it is not delivered soon.
        let durable = !online;
        self.enqueue(body, durable, now, out);
        match tx {
            Some(tx) if durable => self.save(tx, out),
            _ => self.commit.later(now),
        }
    }

    /// A change that may be lost in a power cut: it is stored with the next that may not, or after
    /// a while.
    pub(super) fn lazily(&mut self, change: Change, now: Mono, out: &mut Output) {
        out.lazily(change);
        self.commit.later(now);
    }

    /// The last known reading of a transaction is stored with this input.
    fn save(&mut self, tx: TxId, out: &mut Output) {
        if !self.commit.saved(tx) {
            return;
        }
        if let Some(record) = self.transactions.get(&tx).cloned() {
            self.saved.push(record.connector);
            out.durable(Change::Put(Record::Transaction(record)));
        }
    }

    /// The last known readings of all transactions are stored with this input.
    pub(crate) fn save_all(&mut self, out: &mut Output) {
        while let Some(tx) = self.commit.next() {
            self.save(tx, out);
        }
    }

    /// Stores the samples that are in memory alone since then or longer.
    pub(super) fn store_samples(&mut self, since: Mono, out: &mut Output) {
        let unstored = self.queue.window_mut();
        let unstored = unstored.filter(|item| item.unstored_since().is_some_and(|it| it <= since));
        let changes = unstored.map(|item| Change::Put(Record::Message(item.store().clone())));
        out.all_durable(changes);
    }

    /// Stores what has waited long enough, and every sample when the link is gone.
    pub(crate) fn commit(&mut self, online: bool, now: Mono, out: &mut Output) {
        if !online && self.queue.unstored_since().is_some() {
            self.store_samples(now, out);
        }
        if !self.commit.is_due(now) && !out.is_lazy_enough() {
            return;
        }
        // A sample that was only just taken may be delivered before it needs to be stored.
        self.store_samples(now - self.commit.age(), out);
        self.save_all(out);
        out.flush();
        self.commit.done(self.queue.unstored_since());
    }

    /// Stores everything that is in memory alone.
    pub(crate) fn commit_now(&mut self, now: Mono, out: &mut Output) {
        self.commit.done(None);
        self.store_samples(now, out);
        self.save_all(out);
        out.flush();
    }

    /// Registers that moved are stored a moment later, with those of other meters that are read now.
    pub(crate) fn commit_soon(&mut self, now: Mono) {
        self.commit.soon(now);
    }

    /// Messages came from the store, with all that belongs to them; returns the newest time in them.
    pub(crate) fn refill(&mut self, mut fetched: Fetched, now: Mono) -> Option<Wall> {
        let newest = Self::newest(fetched.stamps_mut());
        for transaction in fetched.transactions {
            // What is here already is at least as new.
            self.transactions
                .entry(transaction.id)
                .or_insert(transaction);
        }
        self.data.restore(fetched.data);
        let ids = &self.ids;
        let is_new = |id: &str| ids.are_of_this_run(id);
        self.queue
            .refill(fetched.messages, fetched.behind, now, is_new);
        newest
    }

    /// Whether there is a message to send. What says nothing to anybody leaves the queue.
    pub(crate) fn prepare_head(&mut self, now: Mono, out: &mut Output) -> bool {
        while let Some(message) = self.queue.due(now) {
            if self.is_pointless(&message.body) {
                self.dequeue(Outcome::GivenUp, now, out);
            } else if !self.is_on_the_books(&message.body) {
                log::error!("a queued message has lost its transaction and cannot be sent");
                self.dequeue(Outcome::Taken, now, out);
            } else {
                return true;
            }
        }
        false
    }

    /// Whether the time for the oldest message has come, if it says anything.
    pub(crate) fn may_be_due(&self, now: Mono) -> bool {
        self.queue.due(now).is_some()
    }

    /// Whether a message says nothing to anybody: the end of a transaction whose start was refused once
    /// more, and which goes back to the undelivered ones.
    fn is_pointless(&self, body: &QueuedBody) -> bool {
        let QueuedBody::Stop(tx) = body else {
            return false;
        };
        self.transactions.get(tx).is_some_and(|transaction| {
            transaction.delivery == Delivery::Again && transaction.central == CentralId::GivenUp
        })
    }

    /// Whether all that a message says is known.
    fn is_on_the_books(&self, body: &QueuedBody) -> bool {
        let transaction = body.tx().map(|tx| self.transactions.get(&tx));
        match body {
            QueuedBody::Stop(_) => transaction.flatten().is_some_and(|of| of.stop.is_some()),
            QueuedBody::Start(_) | QueuedBody::Meter { .. } => {
                transaction.map_or(true, |of| of.is_some())
            }
        }
    }

    /// The oldest message goes out. What a reading says of the energy of its transaction is stored before:
    /// after a power cut it must not end below.
    pub(crate) fn head_goes(&mut self, out: &mut Output) {
        let Some(item) = self.queue.head_mut() else {
            return;
        };
        item.goes();
        if let QueuedBody::Meter { tx: Some(tx), .. } = item.message().body {
            if self.commit.has_grown(tx) {
                self.save(tx, out);
            }
        }
    }

    /// The oldest message lets values go first that somebody asked for: once. Says whether it does.
    pub(crate) fn head_lets_by(&mut self) -> bool {
        self.queue.head_mut().is_some_and(|head| head.lets_by())
    }

    /// The central system has the oldest message.
    pub(crate) fn head_is_taken(&mut self, now: Mono, out: &mut Output) {
        if let Some(QueuedBody::Meter { tx, .. }) = self.queue.head().map(|head| &head.body) {
            self.loose_values_refused &= tx.is_some();
        }
        self.dequeue(Outcome::Taken, now, out);
    }

    /// The central system did not answer the oldest message in time. That is no refusal: it is sent again, with
    /// the same id, after a wait. Whoever waits behind it should know why, once.
    pub(crate) fn head_is_unanswered(&mut self, until: Mono, out: &mut Output) {
        self.queue.wait_until(until);
        let Some(item) = self.queue.head_mut() else {
            return;
        };
        if !item.went_unanswered() {
            return;
        }
        log::error!(
            "the central system does not answer the oldest transaction message: nothing newer is delivered"
        );
        if let Some(tx) = item.message().body.tx() {
            self.notify(tx, TransactionChange::Unanswered, out);
        }
    }

    /// A new connection: there is no reason to wait any longer for an answer that got lost.
    pub(crate) fn hurry(&mut self) {
        self.queue.hurry();
    }

    /// The head of the queue leaves it.
    pub(super) fn dequeue(&mut self, outcome: Outcome, now: Mono, out: &mut Output) {
        let Some(item) = self.queue.pop() else {
            return;
        };
        let gone = Change::Drop(RecordKey::Message(item.message().seq));
        match item.message().body {
            // A meter value that is sent once more after a power cut does no harm, under its id;
            // to store each delivery at once would wear the flash.
            QueuedBody::Meter { .. } if item.is_stored() => self.lazily(gone, now, out),
            QueuedBody::Meter { .. } => {}
            QueuedBody::Start(_) => out.durable(gone),
            QueuedBody::Stop(tx) => {
                out.durable(gone);
                self.data.remove(tx);
                self.interrupted.remove(&tx);
                match self.transactions.remove(&tx) {
                    Some(transaction) if !is_delivered(&transaction, outcome) => {
                        self.undelivered.keep(transaction, now, out);
                    }
                    transaction => close_books(tx, transaction.as_ref(), out),
                }
            }
        }
    }

    /// An undelivered transaction joins the end of the queue: its StartTransaction, if the central system has
    /// given it no id, and its StopTransaction.
    pub(crate) fn deliver_again(&mut self, tx: TxId, now: Mono, out: &mut Output) {
        let Some(mut transaction) = self.undelivered.take(tx) else {
            return;
        };
        transaction.delivery = Delivery::Again;
        let starts = !matches!(transaction.central, CentralId::Known(_));
        if starts {
            transaction.central = CentralId::Unknown;
        }
        // Under the id of a copy that may be booked it says the same.
        transaction.bare &= transaction.stop_id.is_some();
        let (start_id, stop_id) = (transaction.start_id.clone(), transaction.stop_id.clone());
        out.durable(Change::Put(Record::Transaction(transaction)));
        if starts {
            self.enqueue_in_store(QueuedBody::Start(tx), start_id, now, out);
        }
        self.enqueue_in_store(QueuedBody::Stop(tx), stop_id, now, out);
    }

    /// Nobody wants an undelivered transaction any more.
    pub(crate) fn forget_undelivered(&mut self, tx: TxId, out: &mut Output) {
        self.undelivered.forget(tx, out);
    }

    /// All that were given up are sent once more, if the time for that has come.
    pub(crate) fn redeliver(&mut self, now: Mono, out: &mut Output) {
        for tx in self.undelivered.attempt(now) {
            self.deliver_again(tx, now, out);
        }
    }

    /// The record of a transaction changes, and is stored if it does.
    pub(super) fn change(
        &mut self,
        tx: TxId,
        out: &mut Output,
        change: impl FnOnce(&mut Transaction),
    ) {
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            return;
        };
        let before = transaction.clone();
        change(transaction);
        if *transaction != before {
            out.durable(Change::Put(Record::Transaction(transaction.clone())));
        }
    }

    /// The host hears of a step of a transaction.
    pub(crate) fn notify(&self, tx: TxId, change: TransactionChange, out: &mut Output) {
        if let Some(transaction) = self.transactions.get(&tx) {
            let step = TransactionStep::new(transaction, change);
            out.notify(Notice::Transaction(step));
        }
    }

    /// More messages are read from the store, if few are left here.
    pub(crate) fn fetch(&mut self, out: &mut Output) {
        if let Some((after, limit)) = self.queue.wants() {
            out.want(Effect::Fetch { after, limit });
        }
    }
}

/// The central system has all of a transaction.
fn close_books(tx: TxId, transaction: Option<&Transaction>, out: &mut Output) {
    out.durable(Change::Drop(RecordKey::Transaction(tx)));
    if let Some(again) = transaction.filter(|one| one.delivery == Delivery::Again) {
        let step = TransactionStep::new(again, TransactionChange::Delivered);
        out.notify(Notice::Transaction(step));
    }
}
