//! The readings that a StopTransaction carries: of the start, of the end, and as many as there is
//! room for of those between (`OCPP 1.6 §3.16.5`, errata 3.91).

use crate::core::settings::Key;
use crate::core::{Datum, Engine, Quantity, Stamp, TxId, Wh, Write};
use crate::wire::{MeterValue, ReadingContext, SampledValue};

impl Engine {
    /// What is read at the start and the end: everything that either list names. Nothing at all if
    /// both are empty.
    fn final_measurands(&self) -> Vec<Quantity> {
        let mut all = self.settings.measurands(Key::StopTxnSampledData).to_vec();
        for quantity in self.settings.measurands(Key::StopTxnAlignedData) {
            if !all.contains(quantity) {
                all.push(*quantity);
            }
        }
        all
    }

    /// The first or the last reading of a transaction.
    pub(crate) fn add_final_datum(
        &mut self,
        tx: TxId,
        at: Stamp,
        energy: Wh,
        context: ReadingContext,
    ) {
        let wanted = self.final_measurands();
        if wanted.is_empty() {
            return;
        }
        let Some(transaction) = self.transactions.get(&tx) else {
            return;
        };
        let place = transaction.connector;
        let (now, asks) = (self.now.mono, self.setup.host.reads_meter);
        let Some(connector) = self.connector_mut(place) else {
            return;
        };
        let current = !asks || connector.meter.is_fresh(now);
        let values = connector
            .meter
            .final_values(&wanted, context, energy, current);
        self.push_datum(tx, at, values);
    }

    /// A reading between. When there are too many, the one goes that is missed least: the first of
    /// those that stand closest to their neighbours, so that what stays is spread evenly.
    pub(crate) fn add_datum(&mut self, tx: TxId, at: Stamp, values: Vec<SampledValue>) {
        if values.is_empty() {
            return;
        }
        self.push_datum(tx, at, values);
        let most = self.settings.int(Key::StopTransactionMaxMeterValues);
        // One place is kept for the last reading.
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let Some(data) = self.data.get_mut(&tx).filter(|data| data.len() > most) else {
            return;
        };
        let middle = least_missed(data.iter().map(|datum| datum.n));
        let at = middle.unwrap_or(data.len() - 1);
        let gone = data.remove(at);
        self.lazily(Write::DropDatum(tx, gone.n));
    }

    fn push_datum(&mut self, tx: TxId, at: Stamp, values: Vec<SampledValue>) {
        if values.is_empty() {
            return;
        }
        let begins = values.first().and_then(|value| value.context)
            == Some(ReadingContext::TransactionBegin);
        let data = self.data.entry(tx).or_default();
        let n = match data.last() {
            _ if begins => 0,
            None => 1,
            Some(last) => last.n.saturating_add(1),
        };
        let datum = Datum { n, at, values };
        // The beginning may be known later, or better, than what came after it.
        data.retain(|known| known.n != n);
        let place = data.partition_point(|known| known.n < n);
        data.insert(place, datum.clone());
        self.lazily(Write::Datum(tx, datum));
    }

    /// What the store kept of transactions that are still running.
    pub(crate) fn restore_data(&mut self, stored: Vec<(TxId, Datum)>) {
        for (tx, datum) in stored {
            self.data.entry(tx).or_default().push(datum);
        }
    }

    /// What the StopTransaction of a transaction carries: no more bytes than it may, evenly. The same
    /// each time, since the data of a transaction that is over do not change.
    pub(crate) fn transaction_data(&self, tx: TxId) -> Option<Vec<MeterValue>> {
        let all = self.data.get(&tx).filter(|data| !data.is_empty())?;
        let most = self.setup.tuning.most_stop_bytes;
        let mut data: Vec<&Datum> = all.iter().collect();
        let mut bytes: usize = data.iter().map(|datum| bytes_of(datum)).sum();
        while bytes > most && data.len() > 2 {
            let at = least_missed(data.iter().map(|datum| datum.n)).unwrap_or(1);
            bytes -= bytes_of(data.remove(at));
        }
        let values = data.iter().map(|datum| MeterValue {
            timestamp: datum.at.wall,
            sampled_value: datum.values.clone(),
        });
        Some(values.collect())
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
fn bytes_of(datum: &Datum) -> usize {
    let text = serde_json::to_string(&datum.values);
    text.map_or(0, |text| text.len()) + 60
}
