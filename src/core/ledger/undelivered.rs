//! Transactions that the central system refused to the end: kept, told of, and delivered again when somebody
//! asks for that. OCPP would have them discarded (`OCPP 1.6 §3.7.1`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::output::Output;
use crate::core::{
    CentralId, Change, Delivery, Notice, Record, RecordKey, Stamp, Transaction, TransactionChange,
    TransactionStep, TxId,
};
use crate::time::{Millis, Mono};
use crate::types::{format_wall, gathered};

/// Transactions that were given up, without what their StopTransaction carries.
#[derive(Clone, Debug)]
pub(super) struct Undelivered {
    /// Shared with whoever lists them.
    all: Arc<BTreeMap<TxId, Transaction>>,
    /// When they are delivered again, if the library is to do that by itself.
    again: Option<Mono>,
    /// How many are kept.
    keep: usize,
    /// How often they are delivered again; 0: never.
    wait: Millis,
}

impl Undelivered {
    pub(super) fn new(keep: usize, wait: Millis) -> Self {
        Self {
            all: Arc::default(),
            again: None,
            keep,
            wait,
        }
    }

    pub(super) const fn all(&self) -> &Arc<BTreeMap<TxId, Transaction>> {
        &self.all
    }

    /// What the store kept of an earlier run.
    pub(super) fn restore(&mut self, stored: Vec<Transaction>, now: Mono, out: &mut Output) {
        let stored = stored.into_iter().map(|one| (one.id, one));
        self.all = Arc::new(gathered(stored));
        self.forget_surplus(out);
        self.rearm(now);
    }

    /// Nothing more of a transaction is sent. All that its bill hangs on is in the log, for people.
    pub(super) fn keep(&mut self, mut transaction: Transaction, now: Mono, out: &mut Output) {
        transaction.delivery = Delivery::GivenUp;
        log::error!(
            "the central system does not take {}: it is kept as undelivered",
            bill(&transaction)
        );
        let step = TransactionStep::new(&transaction, TransactionChange::GivenUp);
        out.notify(Notice::Transaction(step));
        out.durable(Change::Put(Record::Transaction(transaction.clone())));
        Arc::make_mut(&mut self.all).insert(transaction.id, transaction);
        self.forget_surplus(out);
        self.rearm(now);
    }

    /// There is room for so many: the oldest go. By number and not by age, since a clock that jumps must not
    /// cost a bill.
    fn forget_surplus(&mut self, out: &mut Output) {
        while self.all.len() > self.keep {
            let Some((tx, oldest)) = Arc::make_mut(&mut self.all).pop_first() else {
                return;
            };
            log::error!(
                "there is no room for so many undelivered transactions: {} is forgotten",
                bill(&oldest)
            );
            out.durable(Change::Drop(RecordKey::Transaction(tx)));
        }
    }

    /// One leaves them, to be delivered again.
    pub(super) fn take(&mut self, tx: TxId) -> Option<Transaction> {
        let taken = Arc::make_mut(&mut self.all).remove(&tx);
        match &taken {
            Some(transaction) => log::info!("{} is delivered again", bill(transaction)),
            None => log::warn!("transaction {} is not undelivered", tx.0),
        }
        taken
    }

    /// Nobody wants one any more: its bill was written by hand.
    pub(super) fn forget(&mut self, tx: TxId, out: &mut Output) {
        match Arc::make_mut(&mut self.all).remove(&tx) {
            Some(transaction) => {
                log::warn!("{} is forgotten, as the firmware says", bill(&transaction));
                out.durable(Change::Drop(RecordKey::Transaction(tx)));
            }
            None => log::warn!("transaction {} is not undelivered", tx.0),
        }
    }

    /// If the library is to try by itself, the next attempt is a while away.
    fn rearm(&mut self, now: Mono) {
        if self.wait.0 > 0 && !self.all.is_empty() {
            self.again.get_or_insert(now + self.wait);
        }
    }

    /// When the next attempt is due.
    pub(super) const fn due(&self) -> Option<Mono> {
        self.again
    }

    /// The time for the next attempt has come: which ones are to be delivered again.
    pub(super) fn attempt(&mut self, now: Mono) -> Vec<TxId> {
        if self.again.map_or(true, |at| at > now) {
            return Vec::new();
        }
        self.again = None;
        self.all.keys().copied().collect()
    }

    pub(super) fn stamps_mut(&mut self) -> impl Iterator<Item = &mut Stamp> {
        let all = Arc::make_mut(&mut self.all).values_mut();
        all.flat_map(Transaction::stamps_mut)
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
    use crate::types::{IdToken, Reason};

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
