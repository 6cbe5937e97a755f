//! What the changes mean that are about more than one record: for every store alike.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::core::{QueuedBody, QueuedMessage, Record, RecordKey, Seq, TxId};

/// The keys of what the StopTransaction of a transaction carries.
pub(super) const fn data_of(tx: TxId) -> RangeInclusive<RecordKey> {
    RecordKey::StopSample(tx, 0)..=RecordKey::StopSample(tx, u32::MAX)
}

/// The keys of the messages that stand behind a place in the queue.
pub(super) const fn queue_behind(after: Seq) -> RangeInclusive<RecordKey> {
    let first = Seq(after.0.saturating_add(1));
    RecordKey::Message(first)..=RecordKey::Message(Seq(u64::MAX))
}

/// Takes records out of a map.
pub(super) fn remove<T>(records: &mut BTreeMap<RecordKey, T>, keys: RangeInclusive<RecordKey>) {
    let gone: Vec<_> = records.range(keys).map(|(key, _)| key.clone()).collect();
    for key in gone {
        records.remove(&key);
    }
}

/// Corrects every time in a record that was not synced.
pub(super) fn correct(record: &mut Record, step: i64) {
    for stamp in record.stamps_mut() {
        stamp.correct(step);
    }
}

/// The place of a message, if it is a meter value of that transaction.
pub(super) fn value_of(message: &QueuedMessage, tx: Option<TxId>) -> Option<Seq> {
    let is_value = matches!(message.body, QueuedBody::Meter { tx: of, .. } if of == tx);
    is_value.then_some(message.seq)
}

/// Which of the meter values of a transaction go so that half of them are left: every other one, beginning
/// with the second. They come in the order of the queue.
pub(super) fn thinned(values: impl Iterator<Item = Seq>) -> Vec<Seq> {
    let mut values: Vec<_> = values.collect();
    // The last one stays.
    values.pop();
    values.into_iter().skip(1).step_by(2).collect()
}
