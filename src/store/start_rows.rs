//! What is read of a database at the start: everything but the queue.

use rusqlite::{params, Connection, OptionalExtension};

use crate::core::{Delivery, Seq, Stored, TxId};
use crate::store::database_error::DatabaseError;
use crate::store::rows::{
    availability, cached, data_of, profiles, registers, signed, transaction, unsigned, waiting,
};
use crate::store::spoilt::{each, Spoilt};
use crate::store::times;

/// Reads it all, once; what cannot be read is listed.
pub(super) fn stored(db: &Connection, spoilt: &mut Vec<Spoilt>) -> Result<Stored, DatabaseError> {
    // Nobody can correct the times of an earlier run any more.
    let all = db.unchecked_transaction()?;
    times::correct(&all, 0)?;
    all.commit()?;
    let sql = "SELECT * FROM setting ORDER BY key";
    let settings = each(db, ("setting", sql), &[], spoilt, |row| {
        Ok((row.get("key")?, row.get("value")?))
    })?;
    let sql = "SELECT * FROM tx WHERE stopped_ms IS NULL ORDER BY id";
    let running = each(db, ("tx", sql), &[], spoilt, transaction)?;
    let sql = "SELECT * FROM tx WHERE stopped_ms IS NOT NULL AND length(delivery) = ?1 ORDER BY id";
    let word = Delivery::GivenUp.as_str();
    let word = params![signed(word.len() as u64)];
    let undelivered = each(db, ("tx", sql), word, spoilt, transaction)?;
    let mut data = Vec::new();
    for transaction in &running {
        data.append(&mut data_of(db, transaction.id, spoilt)?);
    }
    let counts = "SELECT tx, count(*) FROM queue WHERE kind = 'meter' GROUP BY tx ORDER BY tx";
    let mut counts = db.prepare(counts)?;
    let values = counts.query_map([], |row| {
        // A row that names no transaction is set aside when it is its turn.
        let tx: Option<i64> = row.get(0).unwrap_or(None);
        Ok((tx.map(|tx| TxId(unsigned(tx))), unsigned(row.get(1)?)))
    })?;
    let flag = "SELECT EXISTS (SELECT 1 FROM flag WHERE name = ?1)";
    let flag = |name: &str| db.query_row(flag, [name], |row| row.get(0));
    let queue = "SELECT count(*), max(seq) FROM queue";
    let queue = db.query_row(queue, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (queued, last): (i64, Option<i64>) = queue;
    let last_tx = "SELECT seq FROM sqlite_sequence WHERE name = 'tx'";
    let last_tx: Option<i64> = db.query_row(last_tx, [], |row| row.get(0)).optional()?;
    Ok(Stored {
        settings,
        availability: availability(db, "availability", spoilt)?,
        local_availability: availability(db, "local_availability", spoilt)?,
        running,
        data,
        undelivered,
        damaged: Vec::new(),
        values: values.collect::<Result<_, _>>()?,
        accepted: flag("accepted")?,
        registers: registers(db, spoilt)?,
        orderly: flag("orderly")?,
        profiles: profiles(db, spoilt)?,
        cache: cached(db, spoilt)?,
        waiting: waiting(db)?,
        queued: unsigned(queued),
        last_seq: Seq(unsigned(last.unwrap_or(0))),
        last_tx: unsigned(last_tx.unwrap_or(0)),
    })
}
