//! Records as rows of the tables.

use rusqlite::{params, Connection, ToSql};

use crate::core::{CentralId, QueuedBody, QueuedMessage, Transaction, Write};
use crate::store::database_error::DatabaseError;
use crate::store::rows::{senseless, signed, written};
use crate::types::CiString;

/// Writes what one change says.
pub(super) fn apply(db: &Connection, write: &Write) -> Result<(), DatabaseError> {
    let run = |sql: &str, values: &[&dyn ToSql]| -> Result<(), DatabaseError> {
        db.prepare(sql)?.execute(values)?;
        Ok(())
    };
    match write {
        Write::Setting(key, value) => run(
            "INSERT OR REPLACE INTO setting VALUES (?1, ?2)",
            params![key, value],
        ),
        Write::Availability(at, operative) => {
            let sql = "INSERT OR REPLACE INTO availability VALUES (?1, ?2)";
            run(sql, params![at.number(), operative])
        }
        Write::LocalAvailability(at, operative) => {
            let sql = "INSERT OR REPLACE INTO local_availability VALUES (?1, ?2)";
            run(sql, params![at.number(), operative])
        }
        Write::Transaction(transaction) => write_transaction(db, transaction),
        Write::TransactionDone(tx) => {
            run("DELETE FROM tx WHERE id = ?1", params![signed(tx.0)])?;
            run("DELETE FROM tx_data WHERE tx = ?1", params![signed(tx.0)])
        }
        Write::Datum(tx, datum) => run(
            "INSERT OR REPLACE INTO tx_data VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                signed(tx.0),
                datum.n,
                datum.at.wall.0,
                datum.at.synced,
                written(&datum.values)?,
            ],
        ),
        Write::DropDatum(tx, n) => run(
            "DELETE FROM tx_data WHERE tx = ?1 AND n = ?2",
            params![signed(tx.0), n],
        ),
        Write::Thin(tx, after) => run(
            "DELETE FROM queue WHERE seq IN (SELECT seq FROM (SELECT seq, row_number() OVER \
             (ORDER BY seq) AS number, count(*) OVER () AS count FROM queue WHERE kind = 'meter' \
             AND tx IS ?1 AND seq > ?2) WHERE number % 2 = 0 AND number < count)",
            params![tx.map(|tx| signed(tx.0)), signed(after.0)],
        ),
        Write::Profile(stored) => run(
            "INSERT OR REPLACE INTO profile VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                stored.profile.charging_profile_id,
                stored.place.number(),
                stored.tx.map(|tx| signed(tx.0)),
                stored.installed.0,
                serde_json::to_string(&stored.profile).map_err(senseless)?,
            ],
        ),
        Write::DropProfile(id, place) => run(
            "DELETE FROM profile WHERE id = ?1 AND connector = ?2",
            params![id, place.number()],
        ),
        Write::Accepted => run("INSERT OR IGNORE INTO flag VALUES ('accepted')", params![]),
        Write::Register(at, register) => run(
            "INSERT OR REPLACE INTO register VALUES (?1, ?2)",
            params![at.number(), register.0],
        ),
        Write::Orderly(true) => run("INSERT OR IGNORE INTO flag VALUES ('orderly')", params![]),
        Write::Orderly(false) => run("DELETE FROM flag WHERE name = 'orderly'", params![]),
        Write::Queue(message) => write_message(db, message),
        Write::Dequeue(seq) => run("DELETE FROM queue WHERE seq = ?1", params![signed(seq.0)]),
        Write::CorrectTimes(step) => {
            // A sum beyond the numbers of SQLite would become a fraction, which is no time.
            let end = if *step < 0 { i64::MIN } else { i64::MAX };
            for (table, column) in [
                ("tx", "started"),
                ("tx", "last"),
                ("tx", "stopped"),
                ("queue", "at"),
                ("tx_data", "at"),
            ] {
                let sql = format!(
                    "UPDATE {table} SET {column}_ms = CASE typeof({column}_ms + ?1) \
                     WHEN 'integer' THEN {column}_ms + ?1 ELSE ?2 END, {column}_synced = 1 \
                     WHERE {column}_synced = 0"
                );
                run(&sql, params![step, end])?;
            }
            Ok(())
        }
        Write::Cache(entry) => run(
            "INSERT OR REPLACE INTO cache VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                entry.tag.as_str(),
                entry.status.as_str(),
                entry.expires.map(|wall| wall.0),
                entry.parent.as_ref().map(CiString::as_str),
                entry.updated.0,
            ],
        ),
        Write::Uncache(tag) => run("DELETE FROM cache WHERE tag = ?1", params![tag.as_str()]),
        Write::ClearCache => run("DELETE FROM cache", params![]),
    }
}

fn write_transaction(db: &Connection, tx: &Transaction) -> Result<(), DatabaseError> {
    let (central, central_id) = match tx.central {
        CentralId::Unknown => ("unknown", None),
        CentralId::Known(id) => ("known", Some(id)),
        CentralId::GivenUp => ("given up", None),
    };
    let stop = tx.stop.as_ref();
    let sql =
        "INSERT INTO tx VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
        ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26) ON CONFLICT (id) DO UPDATE SET parent = ?4, started_ms = ?6, \
        started_synced = ?7, central = ?9, central_id = ?10, deauthorized = ?11, last_ms = ?12, \
        last_synced = ?13, last_wh = ?14, stopped_ms = ?15, stopped_synced = ?16, \
        meter_stop_wh = ?17, stop_reason = ?18, stop_tag = ?19, zero_wh = ?20, until_wh = ?21, \
        meter_start_wh = ?8, delivery = ?22, bare = ?23, values_refused = ?24, start_id = ?25, \
        stop_id = ?26";
    db.prepare(sql)?.execute(params![
        signed(tx.id.0),
        tx.connector.number(),
        tx.tag.as_str(),
        tx.parent.as_ref().map(CiString::as_str),
        tx.reservation,
        tx.started.wall.0,
        tx.started.synced,
        tx.meter_start.0,
        central,
        central_id,
        tx.deauthorized,
        tx.last.0.wall.0,
        tx.last.0.synced,
        tx.last.1 .0,
        stop.map(|stop| stop.at.wall.0),
        stop.map(|stop| stop.at.synced),
        stop.map(|stop| stop.meter.0),
        stop.map(|stop| stop.reason.as_str()),
        stop.and_then(|stop| stop.tag.as_ref())
            .map(CiString::as_str),
        tx.zero.map(|zero| zero.0),
        tx.until.map(|until| until.0),
        tx.delivery.as_str(),
        tx.bare,
        tx.values_refused,
        tx.start_id,
        tx.stop_id,
    ])?;
    Ok(())
}

fn write_message(db: &Connection, message: &QueuedMessage) -> Result<(), DatabaseError> {
    let (kind, connector, at, samples) = match &message.body {
        QueuedBody::Start(_) => ("start", None, None, None),
        QueuedBody::Stop(_) => ("stop", None, None, None),
        QueuedBody::Meter {
            place, at, values, ..
        } => {
            let samples = written(values)?;
            ("meter", Some(place.number()), Some(*at), Some(samples))
        }
    };
    let sql = "INSERT OR REPLACE INTO queue VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    db.prepare(sql)?.execute(params![
        signed(message.seq.0),
        message.message_id,
        message.refusals,
        kind,
        message.body.tx().map(|tx| signed(tx.0)),
        connector,
        at.map(|at| at.wall.0),
        at.map(|at| at.synced),
        samples,
    ])?;
    Ok(())
}
