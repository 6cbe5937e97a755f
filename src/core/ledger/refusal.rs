//! What the central system could not process: how often it is tried, and what becomes of it then
//! (`OCPP 1.6 §3.7.1`, errata J 3.3).

use super::delivery::Outcome;
use super::Ledger;
use crate::core::output::Output;
use crate::core::{CentralId, Change, Delivery, QueuedBody, QueuedMessage, Record};
use crate::time::{Millis, Mono};

/// How the central system refused a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// For its form, which is the same each time.
    OfForm,
    /// With another error.
    Error,
    /// With an answer that makes no sense: it may have been meant well.
    Senseless,
}

/// How often a message that is refused is sent, and how long it waits in between: that many times the number
/// of its refusals (TransactionMessageAttempts, TransactionMessageRetryInterval).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempts {
    pub(crate) most: u64,
    pub(crate) interval: Millis,
}

/// How many of the last attempts of a StopTransaction go without its data.
const fn bare_attempts(most: u64) -> u64 {
    if most < 8 {
        1
    } else {
        most / 4
    }
}

impl Ledger {
    // rules: 62
    /// The central system could not process the head of the queue: it is tried so often, after
    /// ever longer waits, and then given up. After a CALLERROR the next try is a new call with an id of its
    /// own, unless another copy under the old one has no answer yet: that one may be booked, and a new call
    /// would be booked again. An answer that made no sense may still have been meant well, so then the id
    /// stays too.
    pub(crate) fn head_is_refused(
        &mut self,
        how: Refusal,
        attempts: Attempts,
        now: Mono,
        out: &mut Output,
    ) {
        let of_form = how == Refusal::OfForm;
        let id = self.ids.next();
        let Some(item) = self.queue.head_mut() else {
            return;
        };
        item.was_refused(how != Refusal::Senseless);
        let (unsure, message) = (item.is_unsure(), item.message().clone());
        let (refusals, most) = (
            u64::from(message.refusals),
            self.attempts(&message, attempts.most),
        );
        let is_value = matches!(message.body, QueuedBody::Meter { .. });
        if refusals >= most || (is_value && of_form) {
            return self.give_up_head(&message, unsure, now, out);
        }
        let strips = of_form || (!unsure && refusals + bare_attempts(most) >= most);
        let stripped = strips && self.strip_stop(&message.body, out);
        let at_once = self.is_tried_once(&message.body) || (stripped && of_form);
        let wait = if at_once {
            0
        } else {
            attempts.interval.0.saturating_mul(refusals)
        };
        if let Some(item) = self.queue.head_mut() {
            if let Some(message) = item.try_again(id, stripped) {
                out.durable(Change::Put(Record::Message(message)));
            }
        }
        self.queue.wait_until(now + Millis(wait));
    }

    /// How often a message is sent at most while it is refused.
    fn attempts(&self, message: &QueuedMessage, most: u64) -> u64 {
        if !self.is_tried_once(&message.body) {
            return most;
        }
        match message.body {
            // With its data, and without.
            QueuedBody::Stop(tx) if self.data.has_any(tx) => 2,
            _ => 1,
        }
    }

    /// Whether a message belongs to what is known to be refused, or was given up before: nobody waits behind
    /// it for longer than it takes to say so.
    fn is_tried_once(&self, body: &QueuedBody) -> bool {
        let Some(tx) = body.tx() else {
            return self.loose_values_refused;
        };
        self.transactions.get(&tx).is_some_and(|transaction| {
            let again = transaction.delivery == Delivery::Again;
            let given_up = transaction.central == CentralId::GivenUp;
            match body {
                QueuedBody::Start(_) => again,
                QueuedBody::Stop(_) => again || given_up,
                QueuedBody::Meter { .. } => given_up || transaction.values_refused,
            }
        })
    }

    /// A StopTransaction goes without its data from now on; says whether it went with some.
    pub(super) fn strip_stop(&mut self, body: &QueuedBody, out: &mut Output) -> bool {
        let QueuedBody::Stop(tx) = *body else {
            return false;
        };
        let transaction = self.transactions.get(&tx);
        if !self.data.has_any(tx) || transaction.map_or(true, |transaction| transaction.bare) {
            return false;
        }
        log::warn!(
            "the StopTransaction of transaction {} goes without its meter values from now on",
            tx.0
        );
        self.change(tx, out, |transaction| transaction.bare = true);
        true
    }

    /// The head of the queue was refused to the end. `unsure`: a copy of it has no answer and may be booked.
    fn give_up_head(&mut self, message: &QueuedMessage, unsure: bool, now: Mono, out: &mut Output) {
        let (id, refusals) = (&message.message_id, message.refusals);
        let what = match message.body {
            QueuedBody::Start(_) => "StartTransaction",
            QueuedBody::Stop(_) => "StopTransaction",
            QueuedBody::Meter { .. } => "MeterValues",
        };
        let of = message
            .body
            .tx()
            .map_or_else(String::new, |tx| format!(" of transaction {}", tx.0));
        log::error!("{what}{of} was refused {refusals} times and is given up");
        let keep = |before: &Option<String>| {
            let suspected = unsure || before.as_ref() == Some(id);
            suspected.then(|| id.clone())
        };
        match message.body {
            QueuedBody::Start(tx) => self.change(tx, out, |transaction| {
                transaction.central = CentralId::GivenUp;
                transaction.start_id = keep(&transaction.start_id);
            }),
            QueuedBody::Stop(tx) => self.change(tx, out, |transaction| {
                let known = matches!(transaction.central, CentralId::Known(_));
                transaction.stop_id = keep(&transaction.stop_id).filter(|_| known);
            }),
            QueuedBody::Meter { tx: Some(tx), .. } => {
                self.change(tx, out, |transaction| transaction.values_refused = true);
            }
            QueuedBody::Meter { tx: None, .. } => self.loose_values_refused = true,
        }
        self.dequeue(Outcome::GivenUp, now, out);
    }
}
