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

/// Corrects every time in a record that was not synced. Says whether there was one.
pub(super) fn correct(record: &mut Record, step: i64) -> bool {
    let mut corrected = false;
    for stamp in record.stamps_mut() {
        corrected |= !stamp.synced;
        stamp.correct(step);
    }
    corrected
}

/// Which of the meter values of a transaction go so that half of them are left; the messages come in
/// the order of the queue.
pub(super) fn thinned<'a>(
    messages: impl Iterator<Item = &'a QueuedMessage>,
    tx: Option<TxId>,
) -> Vec<RecordKey> {
    let of_tx = |message: &&QueuedMessage| matches!(message.body, QueuedBody::Meter { tx: of, .. } if of == tx);
    let mut values: Vec<_> = messages.filter(of_tx).map(|message| message.seq).collect();
    // The last one stays.
    values.pop();
    let every_other = values.into_iter().skip(1).step_by(2);
    every_other.map(RecordKey::Message).collect()
}
