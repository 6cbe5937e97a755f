//! The life of a transaction on the books: begun, confirmed, measured and ended, each in one place.

use super::Ledger;
use crate::core::output::Output;
use crate::core::{
    CentralId, Change, ConnectorId, Delivery, QueuedBody, Record, RecordKey, Stamp, Stop,
    Transaction, TransactionChange, TxId, Wh,
};
use crate::time::Mono;
use crate::types::{IdToken, Reason, SampledValue};

/// How a transaction begins.
#[derive(Clone, Debug)]
pub(crate) struct Begin {
    pub(crate) connector: ConnectorId,
    pub(crate) tag: IdToken,
    pub(crate) parent: Option<IdToken>,
    pub(crate) at: Stamp,
    /// The register, as far as it is known.
    pub(crate) meter: Wh,
    /// See [`Transaction::zero`].
    pub(crate) zero: Option<Wh>,
}

/// How a transaction ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) reason: Reason,
    /// Who ends it, if somebody does with a tag.
    pub(crate) tag: Option<IdToken>,
    pub(crate) at: Stamp,
    /// The register, if the meter says what it shows.
    pub(crate) meter: Option<Wh>,
}

impl Ledger {
    /// A transaction begins: it is stored, with its message, before anybody hears of it. `readings`: what
    /// the meter shows now, for its StopTransaction.
    pub(crate) fn begin(
        &mut self,
        begin: Begin,
        readings: Vec<SampledValue>,
        now: Mono,
        out: &mut Output,
    ) -> TxId {
        let tx = TxId(self.last_tx + 1);
        self.last_tx = tx.0;
        let at = begin.at;
        let transaction = Transaction {
            id: tx,
            connector: begin.connector,
            tag: begin.tag,
            parent: begin.parent,
            reservation: None,
            started: at,
            meter_start: begin.meter,
            zero: begin.zero,
            central: CentralId::Unknown,
            deauthorized: false,
            until: None,
            last: (at, begin.meter),
            stop: None,
            delivery: Delivery::Due,
            bare: false,
            values_refused: false,
            start_id: None,
            stop_id: None,
        };
        out.durable(Change::Put(Record::Transaction(transaction.clone())));
        self.transactions.insert(tx, transaction);
        self.add_reading(tx, at, readings, now, out);
        self.enqueue(QueuedBody::Start(tx), true, now, out);
        self.notify(tx, TransactionChange::Started, out);
        tx
    }

    /// What the store says was running.
    pub(crate) fn restore(&mut self, transaction: Transaction) {
        self.transactions.insert(transaction.id, transaction);
    }

    /// A transaction goes on after a power cut.
    pub(crate) fn resume(&mut self, tx: TxId, out: &mut Output) {
        if let Some(transaction) = self.transactions.get(&tx) {
            self.interrupted.insert(tx, transaction.last);
            self.notify(tx, TransactionChange::Resumed, out);
        }
    }

    /// What was known last of a transaction that goes on after a power cut: said once.
    pub(crate) fn take_interruption(&mut self, tx: TxId) -> Option<(Stamp, Wh)> {
        self.interrupted.remove(&tx)
    }

    /// The central system has given a transaction its id, and perhaps says what group its tag belongs to.
    pub(crate) fn confirm(
        &mut self,
        tx: TxId,
        id: i64,
        group: Option<IdToken>,
        out: &mut Output,
    ) -> Option<IdToken> {
        let transaction = self.transactions.get_mut(&tx)?;
        transaction.central = CentralId::Known(id);
        if group.is_some() {
            transaction.parent = group;
        }
        let record = transaction.clone();
        let tag = record.tag.clone();
        self.commit.stored_with_record(tx);
        out.durable(Change::Put(Record::Transaction(record)));
        self.notify(tx, TransactionChange::Confirmed, out);
        Some(tag)
    }

    /// The central system does not accept the tag of a running transaction. Says where it runs, if that is
    /// news.
    pub(crate) fn deauthorize(&mut self, tx: TxId, out: &mut Output) -> Option<ConnectorId> {
        let news = |known: &&Transaction| known.stop.is_none() && !known.deauthorized;
        let at = self.transactions.get(&tx).filter(news)?.connector;
        self.change(tx, out, |transaction| transaction.deauthorized = true);
        self.notify(tx, TransactionChange::Deauthorized, out);
        Some(at)
    }

    /// A transaction may go on up to that register.
    pub(crate) fn allow_until(&mut self, tx: TxId, most: Wh, out: &mut Output) {
        self.change(tx, out, |transaction| transaction.until = Some(most));
    }

    /// The first register of a transaction that began while the meter was silent, or that may have
    /// moved since it was read last. If nobody has heard of the start yet, the transaction starts from
    /// it; else it counts on from what the start said, since nobody knows who drew what was there before.
    /// Returns what the meter showed at 0 Wh of it, and where it starts; `None` if that was known.
    pub(crate) fn first_register(
        &mut self,
        tx: TxId,
        (at, shown): (Stamp, Wh),
        resumed: bool,
        out: &mut Output,
    ) -> Option<(Wh, Wh)> {
        let sent = resumed || self.start_may_be_known(tx);
        let transaction = self.transactions.get_mut(&tx)?;
        if transaction.zero.is_some() {
            return None;
        }
        if !sent && transaction.central == CentralId::Unknown {
            transaction.meter_start = shown;
            transaction.last = (at, shown);
        }
        let zero = Wh(shown.0.saturating_sub(transaction.meter_start.0));
        transaction.zero = Some(zero);
        let start = transaction.meter_start;
        out.durable(Change::Put(Record::Transaction(transaction.clone())));
        Some((zero, start))
    }

    /// The register of a running transaction: it is what a power cut leaves of it.
    pub(crate) fn note_energy(&mut self, tx: TxId, at: Stamp, energy: Wh, now: Mono) {
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            return;
        };
        if energy > transaction.last.1 {
            transaction.last = (at, energy);
            self.commit.grew(tx, now);
        }
    }

    /// A reading of a transaction goes to the central system: after a power cut, the transaction did
    /// not end before that, even if no energy has flowed for hours.
    pub(crate) fn note_time(&mut self, tx: TxId, at: Stamp, now: Mono) {
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            return;
        };
        // What is told of one that is over meanwhile changes nothing.
        if transaction.stop.is_none() && at.wall > transaction.last.0.wall {
            transaction.last.0 = at;
            self.commit.moved(tx, now);
        }
    }

    /// A reading joins what the StopTransaction of a transaction will carry.
    pub(crate) fn add_reading(
        &mut self,
        tx: TxId,
        at: Stamp,
        values: Vec<SampledValue>,
        now: Mono,
        out: &mut Output,
    ) {
        if let Some(datum) = self.data.push(tx, at, values) {
            self.lazily(Change::Put(Record::StopSample(tx, datum)), now, out);
        }
    }

    /// Such a reading between start and end; so many are kept at most.
    pub(crate) fn add_sample(
        &mut self,
        tx: TxId,
        at: Stamp,
        values: Vec<SampledValue>,
        most: u64,
        now: Mono,
        out: &mut Output,
    ) {
        if values.is_empty() {
            return;
        }
        self.add_reading(tx, at, values, now, out);
        // One place is kept for the last reading.
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if let Some(gone) = self.data.thin(tx, most.saturating_sub(1)) {
            self.lazily(Change::Drop(RecordKey::StopSample(tx, gone)), now, out);
        }
    }

    // rules: 84
    /// Ends a transaction. `readings`: what the meter shows beside the register that it ends at.
    pub(crate) fn end(
        &mut self,
        tx: TxId,
        end: End,
        readings: impl FnOnce(Wh) -> Vec<SampledValue>,
        now: Mono,
        out: &mut Output,
    ) -> Option<Transaction> {
        let Some(transaction) = self.transactions.get_mut(&tx) else {
            log::error!("a bug of the library: a transaction that ends is not on the books");
            return None;
        };
        // A register never runs backwards within a transaction.
        let known = transaction.last.1;
        let meter = end.meter.unwrap_or(known).max(known);
        // The tag that started it may be spelt otherwise now: a central system that compares letters would
        // take it for somebody else's.
        let same = |tag: &IdToken| *tag == transaction.tag;
        let tag = match end.tag {
            Some(tag) if same(&tag) => Some(transaction.tag.clone()),
            other => other,
        };
        // A clock that was set back meanwhile does not make the end come before the start.
        let mut at = end.at;
        at.wall = at.wall.max(transaction.started.wall);
        transaction.stop = Some(Stop {
            at,
            meter,
            reason: end.reason,
            tag,
        });
        transaction.last = (at, meter);
        let record = transaction.clone();
        self.add_reading(tx, at, readings(meter), now, out);
        // Samples that are still in memory alone come before the stop, on the disk as well.
        self.store_samples(now, out);
        self.commit.saved(tx);
        out.durable(Change::Put(Record::Transaction(record.clone())));
        self.enqueue(QueuedBody::Stop(tx), true, now, out);
        self.notify(tx, TransactionChange::Stopped, out);
        Some(record)
    }
}
