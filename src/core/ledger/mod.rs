//! The ledger: transactions, what their messages say, and the queue in which these wait until the central
//! system has them. Nobody else writes in it. Each verb stores what it changes, by [`Output`].

mod delivery;
mod group_commit;
mod item;
mod oversize;
mod queue;
mod refusal;
mod stop_data;
mod transactions;
mod undelivered;

pub(crate) use refusal::{Attempts, Refusal};
pub(crate) use transactions::{Begin, End};

use std::collections::BTreeMap;
use std::sync::Arc;

use self::group_commit::GroupCommit;
use self::queue::Queue;
use self::stop_data::StopData;
use self::undelivered::Undelivered;
use crate::core::message_ids::MessageIds;
use crate::core::output::Output;
use crate::core::{
    ConnectorId, QueuedBody, QueuedMessage, Setup, Stamp, StopSample, Stored, Transaction, TxId, Wh,
};
use crate::time::{Mono, Wall};

/// All transactions that the central system does not have all of, and the messages on their way.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Transactions that run, or that a message in the window belongs to.
    transactions: BTreeMap<TxId, Transaction>,
    /// What their StopTransaction will carry.
    data: StopData,
    /// What was known last of transactions that go on after a power cut, until they do.
    interrupted: BTreeMap<TxId, (Stamp, Wh)>,
    queue: Queue,
    commit: GroupCommit,
    undelivered: Undelivered,
    /// A meter value of no transaction was refused to the end, and none was taken since.
    loose_values_refused: bool,
    last_tx: u64,
    ids: MessageIds,
    /// Where a reading has been stored since somebody looked.
    saved: Vec<ConnectorId>,
    /// How many meter values are queued at most, and how many were dropped for that.
    most_values: u64,
    thinned: u64,
}

impl Ledger {
    /// What the store kept, without the transactions that were running.
    pub(crate) fn new(stored: &mut Stored, setup: &Setup, now: Mono, out: &mut Output) -> Self {
        let tuning = &setup.tuning;
        let values = std::mem::take(&mut stored.values);
        let mut ledger = Self {
            transactions: BTreeMap::new(),
            data: StopData::new(tuning.most_stop_bytes),
            interrupted: BTreeMap::new(),
            queue: Queue::new(stored.queued, values, stored.last_seq),
            commit: GroupCommit::new(tuning.sample_commit),
            undelivered: Undelivered::new(tuning.keep_undelivered, tuning.redeliver),
            loose_values_refused: false,
            last_tx: stored.last_tx,
            ids: MessageIds::queued(setup.seed),
            saved: Vec::new(),
            most_values: tuning.most_values,
            thinned: 0,
        };
        ledger.data.restore(std::mem::take(&mut stored.data));
        let undelivered = std::mem::take(&mut stored.undelivered);
        ledger.undelivered.restore(undelivered, now, out);
        ledger
    }

    pub(crate) fn transaction(&self, tx: TxId) -> Option<&Transaction> {
        self.transactions.get(&tx)
    }

    /// The transactions that are over and were given up, by their numbers.
    pub(crate) const fn undelivered(&self) -> &Arc<BTreeMap<TxId, Transaction>> {
        self.undelivered.all()
    }

    /// The oldest message.
    pub(crate) fn head(&self) -> Option<&QueuedMessage> {
        self.queue.head()
    }

    /// Whether a copy of the oldest message went out before the last one.
    pub(crate) fn head_was_sent_before(&self) -> bool {
        self.queue.head_was_sent_before()
    }

    /// Whether the central system may know of the start of a transaction.
    fn start_may_be_known(&self, tx: TxId) -> bool {
        self.queue.may_have_sent(&QueuedBody::Start(tx))
    }

    /// What the StopTransaction of a transaction carries beside its end, in order.
    pub(crate) fn stop_data(&self, tx: TxId) -> Vec<&StopSample> {
        let bare = |transaction: &Transaction| transaction.bare;
        match self.transaction(tx).map_or(true, bare) {
            true => Vec::new(),
            false => self.data.carried(tx),
        }
    }

    /// How many messages wait.
    pub(crate) fn len(&self) -> u64 {
        self.queue.len()
    }

    /// How many meter values were dropped because too many were queued.
    pub(crate) const fn thinned(&self) -> u64 {
        self.thinned
    }

    /// When readings that are in memory alone have to be stored.
    pub(crate) const fn commit_due(&self) -> Option<Mono> {
        self.commit.due()
    }

    /// When transactions that were given up are delivered again.
    pub(crate) const fn redelivery_due(&self) -> Option<Mono> {
        self.undelivered.due()
    }

    /// Until when the oldest message waits: it was refused, or not answered.
    pub(crate) fn retry_due(&self) -> Option<Mono> {
        self.queue.retry_at()
    }

    /// A connector whose reading has been stored since this was last asked.
    pub(crate) fn next_saved(&mut self) -> Option<ConnectorId> {
        self.saved.pop()
    }

    /// The clock is right for the first time: what it stamped before is put right too. Says whether the
    /// store has any of it (`OCPP 1.6 §4.2.1`).
    pub(crate) fn correct_times(&mut self, step: i64) -> bool {
        let mut stored = self.queue.is_partial();
        let transactions = self.transactions.values_mut();
        let stamps = transactions.flat_map(Transaction::stamps_mut);
        let stamps = stamps.chain(self.undelivered.stamps_mut());
        for stamp in stamps.chain(self.data.stamps_mut()) {
            stored |= stamp.correct(step);
        }
        stored | self.queue.correct_times(step)
    }

    /// The newest time at which anything of what came from the store happened.
    fn newest<'a>(stamps: impl Iterator<Item = &'a mut Stamp>) -> Option<Wall> {
        stamps.map(|stamp| stamp.wall).max()
    }

    /// Transactions that are over and whose messages wait in the store need not be in memory.
    pub(crate) fn forget(&mut self) {
        if !self.queue.is_partial() {
            return;
        }
        let (queue, transactions) = (&self.queue, &mut self.transactions);
        transactions.retain(|tx, transaction| transaction.stop.is_none() || queue.mentions(*tx));
        let transactions = &self.transactions;
        self.data.retain(|tx| transactions.contains_key(&tx));
    }
}
