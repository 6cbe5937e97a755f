//! Transactions that the central system refused to the end: kept, told of, and delivered again when somebody
//! asks for that. OCPP would have them discarded (`OCPP 1.6 §3.7.1`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::{
    CentralId, Delivery, Due, Engine, Notice, QueuedBody, Transaction, TransactionChange,
    TransactionStep, TxId, Write,
};
use crate::time::Mono;
use crate::wire::format_wall;

impl Engine {
    /// The transactions that are over and were given up, by their numbers.
    #[must_use]
    pub fn undelivered(&self) -> &Arc<BTreeMap<TxId, Transaction>> {
        &self.undelivered
    }

    /// What the store kept of an earlier run.
    pub(crate) fn restore_undelivered(&mut self, stored: Vec<Transaction>) {
        let stored = stored.into_iter().map(|one| (one.id, one));
        self.undelivered = Arc::new(stored.collect());
        self.forget_surplus();
        self.rearm_redelivery();
    }

    /// Nothing more of a transaction is sent. All that its bill hangs on is in the log, for people.
    pub(crate) fn keep_undelivered(&mut self, mut transaction: Transaction) {
        transaction.delivery = Delivery::GivenUp;
        log::error!(
            "the central system does not take {}: it is kept as undelivered",
            bill(&transaction)
        );
        let step = TransactionStep::new(&transaction, TransactionChange::GivenUp);
        self.out.tell(Notice::Transaction(step));
        self.out.durable(Write::Transaction(transaction.clone()));
        Arc::make_mut(&mut self.undelivered).insert(transaction.id, transaction);
        self.forget_surplus();
        self.rearm_redelivery();
    }

    /// There is room for so many: the oldest go. By number and not by age, since a clock that jumps must not
    /// cost a bill.
    fn forget_surplus(&mut self) {
        while self.undelivered.len() > self.setup.tuning.keep_undelivered {
            let Some((tx, oldest)) = Arc::make_mut(&mut self.undelivered).pop_first() else {
                return;
            };
            log::error!(
                "there is no room for so many undelivered transactions: {} is forgotten",
                bill(&oldest)
            );
            self.out.durable(Write::TransactionDone(tx));
        }
    }

    /// An undelivered transaction joins the end of the queue: its StartTransaction, if the central system has
    /// given it no id, and its StopTransaction.
    pub(crate) fn deliver_again(&mut self, tx: TxId) {
        let Some(mut transaction) = Arc::make_mut(&mut self.undelivered).remove(&tx) else {
            log::warn!("transaction {} is not undelivered", tx.0);
            return;
        };
        log::info!("{} is delivered again", bill(&transaction));
        transaction.delivery = Delivery::Again;
        let starts = !matches!(transaction.central, CentralId::Known(_));
        if starts {
            transaction.central = CentralId::Unknown;
        }
        // Under the id of a copy that may be booked it says the same.
        transaction.bare &= transaction.stop_id.is_some();
        let (start_id, stop_id) = (transaction.start_id.clone(), transaction.stop_id.clone());
        self.out.durable(Write::Transaction(transaction));
        if starts {
            self.enqueue_in_store(QueuedBody::Start(tx), start_id);
        }
        self.enqueue_in_store(QueuedBody::Stop(tx), stop_id);
    }

    /// Nobody wants an undelivered transaction any more: its bill was written by hand.
    pub(crate) fn forget_undelivered(&mut self, tx: TxId) {
        match Arc::make_mut(&mut self.undelivered).remove(&tx) {
            Some(transaction) => {
                log::warn!("{} is forgotten, as the host says", bill(&transaction));
                self.out.durable(Write::TransactionDone(tx));
            }
            None => log::warn!("transaction {} is not undelivered", tx.0),
        }
    }

    /// If the library is to try by itself, the next attempt is a while away.
    fn rearm_redelivery(&mut self) {
        let wait = self.setup.tuning.redeliver;
        if wait.0 > 0 && !self.undelivered.is_empty() {
            self.redelivery.get_or_insert(self.now.mono + wait);
        }
    }

    /// The time for the next attempt has come: all of them are sent once more.
    pub(crate) fn mind_undelivered(&mut self) {
        let due = self.redelivery.is_some_and(|at| at <= self.now.mono);
        if !due || !self.is_online() {
            return;
        }
        self.redelivery = None;
        let all: Vec<_> = self.undelivered.keys().copied().collect();
        for tx in all {
            self.deliver_again(tx);
        }
    }

    pub(crate) fn redelivery_deadline(&self) -> Option<(Mono, Due)> {
        let due = self.redelivery.filter(|_| self.is_online());
        due.map(|at| (at, Due::Redelivery))
    }
}

/// A transaction in words that a bill can be written from by hand.
fn bill(transaction: &Transaction) -> String {
    let known = match transaction.central {
        CentralId::Known(id) => format!("{id} there"),
        CentralId::Unknown | CentralId::GivenUp => "without an id there".to_owned(),
    };
    let (end, meter, reason) = match &transaction.stop {
        Some(stop) => (stop.at.wall, stop.meter, stop.reason.as_str()),
        None => (transaction.last.0.wall, transaction.last.1, "it runs"),
    };
    format!(
        "transaction {} ({known}) of connector {}, tag {:?}, from {} at {} Wh to {} at {} Wh ({reason})",
        transaction.id.0,
        transaction.connector,
        transaction.tag.as_str(),
        format_wall(transaction.started.wall),
        transaction.meter_start.0,
        format_wall(end),
        meter.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{ConnectorId, Stamp, Stop, Wh};
    use crate::time::Wall;
    use crate::wire::{IdToken, Reason};

    #[test]
    fn the_log_says_all_that_a_bill_needs_and_a_tag_forges_no_line() {
        let stamp = |wall| Stamp {
            wall: Wall(wall),
            synced: true,
        };
        let transaction = Transaction {
            id: TxId(7),
            connector: ConnectorId::new(2).expect("there is one"),
            tag: IdToken::truncated("CA\nFE"),
            parent: None,
            reservation: None,
            started: stamp(1_767_225_600_000),
            meter_start: Wh(1_000),
            zero: None,
            central: CentralId::Known(-4),
            deauthorized: false,
            until: None,
            last: (stamp(0), Wh(0)),
            stop: Some(Stop {
                at: stamp(1_767_229_200_000),
                meter: Wh(8_500),
                reason: Reason::EVDisconnected,
                tag: None,
            }),
            delivery: Delivery::Due,
            bare: false,
            values_refused: false,
            start_id: None,
            stop_id: None,
        };
        assert_eq!(
            bill(&transaction),
            "transaction 7 (-4 there) of connector 2, tag \"CA\\nFE\", from 2026-01-01T00:00:00.000Z at \
             1000 Wh to 2026-01-01T01:00:00.000Z at 8500 Wh (EVDisconnected)"
        );
    }
}
