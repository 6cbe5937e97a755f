//! The readings that a StopTransaction carries: of the start, of the end, and as many as there is
//! room for of those between (`OCPP 1.6 §3.16.5`, errata 3.91).

use std::collections::BTreeMap;

use crate::core::{Stamp, StopSample, TxId};
use crate::types::{ReadingContext, SampledValue};

/// The readings of each transaction, in order of their numbers.
#[derive(Clone, Debug)]
pub(super) struct StopData {
    readings: BTreeMap<TxId, Vec<StopSample>>,
    /// How many bytes a StopTransaction carries of them at most.
    most_bytes: usize,
}

impl StopData {
    pub(super) const fn new(most_bytes: usize) -> Self {
        Self {
            readings: BTreeMap::new(),
            most_bytes,
        }
    }

    /// What the store has; what is here already is not taken twice.
    pub(super) fn restore(&mut self, stored: Vec<(TxId, StopSample)>) {
        for (tx, datum) in stored {
            let readings = self.readings.entry(tx).or_default();
            if readings.last().map_or(true, |last| last.n < datum.n) {
                readings.push(datum);
            }
        }
    }

    /// A reading joins them; returns it with its number.
    pub(super) fn push(
        &mut self,
        tx: TxId,
        at: Stamp,
        values: Vec<SampledValue>,
    ) -> Option<StopSample> {
        let begins = values.first()?.context == Some(ReadingContext::TransactionBegin);
        let readings = self.readings.entry(tx).or_default();
        let n = match readings.last() {
            _ if begins => 0,
            None => 1,
            Some(last) => last.n.saturating_add(1),
        };
        let datum = StopSample { n, at, values };
        // The beginning may be known later, or better, than what came after it.
        readings.retain(|known| known.n != n);
        let place = readings.partition_point(|known| known.n < n);
        readings.insert(place, datum.clone());
        Some(datum)
    }

    // rules: 82
    /// When there are more than that, the one goes that is missed least: the first of those that stand
    /// closest to their neighbours, so that what stays is spread evenly. Returns its number.
    pub(super) fn thin(&mut self, tx: TxId, most: usize) -> Option<u32> {
        let readings = self.readings.get_mut(&tx)?;
        if readings.len() <= most {
            return None;
        }
        let middle = least_missed(readings.iter().map(|datum| datum.n));
        let at = middle.unwrap_or(readings.len() - 1);
        Some(readings.remove(at).n)
    }

    pub(super) fn has_any(&self, tx: TxId) -> bool {
        self.readings.get(&tx).is_some_and(|all| !all.is_empty())
    }

    /// What the StopTransaction of a transaction carries: no more bytes than it may, evenly. The same
    /// each time, since the readings of a transaction that is over do not change.
    pub(super) fn carried(&self, tx: TxId) -> Vec<&StopSample> {
        let all = self.readings.get(&tx).into_iter().flatten();
        let mut carried: Vec<&StopSample> = all.collect();
        let mut bytes: usize = carried.iter().map(|datum| bytes_of(datum)).sum();
        while bytes > self.most_bytes && carried.len() > 2 {
            let at = least_missed(carried.iter().map(|datum| datum.n)).unwrap_or(1);
            bytes -= bytes_of(carried.remove(at));
        }
        carried
    }

    pub(super) fn remove(&mut self, tx: TxId) {
        self.readings.remove(&tx);
    }

    pub(super) fn retain(&mut self, stays: impl Fn(TxId) -> bool) {
        self.readings.retain(|tx, _| stays(*tx));
    }

    pub(super) fn stamps_mut(&mut self) -> impl Iterator<Item = &mut Stamp> {
        let all = self.readings.values_mut().flatten();
        all.map(|datum| &mut datum.at)
    }
}

/// Which of these is missed least: the first of those that stand closest to their neighbours. The first
/// and the last of all have no two of them, and never go.
fn least_missed(numbers: impl Iterator<Item = u32>) -> Option<usize> {
    let numbers: Vec<_> = numbers.collect();
    let gaps = numbers.windows(3).map(|three| three[2] - three[0]);
    let middle = gaps.enumerate().min_by_key(|(_, gap)| *gap);
    middle.map(|(first, _)| first + 1)
}

/// How many bytes of a message a reading takes.
fn bytes_of(datum: &StopSample) -> usize {
    let text = serde_json::to_string(&datum.values);
    text.map_or(0, |text| text.len()) + 60
}
