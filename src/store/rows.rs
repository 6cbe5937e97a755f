//! Records as rows of the tables, and rows as records.

use rusqlite::{params, Connection, Row, ToSql};

use crate::core::{
    CachedTag, CentralId, ConnectorId, Datum, QueuedBody, QueuedMessage, Seq, Stamp, Stop,
    StoredProfile, Transaction, TxId, Wh, Write,
};
use crate::store::trouble::Trouble;
use crate::time::Wall;
use crate::wire::{AuthorizationStatus, CiString, IdToken, Reason, SampledValue};

fn bad(what: &str) -> Trouble {
    Trouble::Damaged(format!("a stored {what} makes no sense"))
}

fn senseless(why: serde_json::Error) -> Trouble {
    Trouble::Damaged(why.to_string())
}

pub(super) fn apply(db: &Connection, write: &Write) -> Result<(), Trouble> {
    let run = |sql: &str, values: &[&dyn ToSql]| -> Result<(), Trouble> {
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
            run(sql, params![number(*at), operative])
        }
        Write::LocalAvailability(at, operative) => {
            let sql = "INSERT OR REPLACE INTO local_availability VALUES (?1, ?2)";
            run(sql, params![number(*at), operative])
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
                number(stored.connector),
                stored.tx.map(|tx| signed(tx.0)),
                stored.installed.0,
                serde_json::to_string(&stored.profile).map_err(senseless)?,
            ],
        ),
        Write::DropProfile(id) => run("DELETE FROM profile WHERE id = ?1", params![id]),
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

fn write_transaction(db: &Connection, tx: &Transaction) -> Result<(), Trouble> {
    let (central, central_id) = match tx.central {
        CentralId::Unknown => ("unknown", None),
        CentralId::Known(id) => ("known", Some(id)),
        CentralId::GivenUp => ("given up", None),
    };
    let stop = tx.stop.as_ref();
    let sql =
        "INSERT INTO tx VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
        ?15, ?16, ?17, ?18, ?19, ?20, ?21) ON CONFLICT (id) DO UPDATE SET parent = ?4, started_ms = ?6, \
        started_synced = ?7, central = ?9, central_id = ?10, deauthorized = ?11, last_ms = ?12, \
        last_synced = ?13, last_wh = ?14, stopped_ms = ?15, stopped_synced = ?16, \
        meter_stop_wh = ?17, stop_reason = ?18, stop_tag = ?19, zero_wh = ?20, until_wh = ?21, \
        meter_start_wh = ?8";
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
    ])?;
    Ok(())
}

fn write_message(db: &Connection, message: &QueuedMessage) -> Result<(), Trouble> {
    let (kind, connector, at, samples) = match &message.body {
        QueuedBody::Start(_) => ("start", None, None, None),
        QueuedBody::Stop(_) => ("stop", None, None, None),
        QueuedBody::Meter {
            connector,
            at,
            values,
            ..
        } => {
            let samples = written(values)?;
            ("meter", Some(number(*connector)), Some(*at), Some(samples))
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

/// A tag of the cache.
pub(super) fn cached(row: &Row<'_>) -> Result<CachedTag, Trouble> {
    let status: String = row.get("status")?;
    Ok(CachedTag {
        tag: tag(row.get("tag")?)?,
        status: AuthorizationStatus::parse(&status).ok_or_else(|| bad("tag status"))?,
        expires: row.get::<_, Option<i64>>("expires_ms")?.map(Wall),
        parent: row
            .get::<_, Option<String>>("parent")?
            .map(tag)
            .transpose()?,
        updated: Wall(row.get("updated_ms")?),
    })
}

pub(super) fn transaction(row: &Row<'_>) -> Result<Transaction, Trouble> {
    let stamp = |ms: &str, synced: &str| -> Result<Stamp, Trouble> {
        Ok(Stamp {
            wall: Wall(row.get(ms)?),
            synced: row.get(synced)?,
        })
    };
    let stop = match row.get::<_, Option<i64>>("stopped_ms")? {
        None => None,
        Some(_) => {
            let reason: String = row.get("stop_reason")?;
            Some(Stop {
                at: stamp("stopped_ms", "stopped_synced")?,
                meter: Wh(row.get("meter_stop_wh")?),
                reason: Reason::parse(&reason).ok_or_else(|| bad("stop reason"))?,
                tag: row
                    .get::<_, Option<String>>("stop_tag")?
                    .map(tag)
                    .transpose()?,
            })
        }
    };
    let central: String = row.get("central")?;
    Ok(Transaction {
        id: TxId(unsigned(row.get("id")?)),
        connector: place(row.get("connector")?)?.ok_or_else(|| bad("connector"))?,
        tag: tag(row.get("tag")?)?,
        parent: row
            .get::<_, Option<String>>("parent")?
            .map(tag)
            .transpose()?,
        reservation: row.get("reservation")?,
        started: stamp("started_ms", "started_synced")?,
        meter_start: Wh(row.get("meter_start_wh")?),
        zero: row.get::<_, Option<i64>>("zero_wh")?.map(Wh),
        until: row.get::<_, Option<i64>>("until_wh")?.map(Wh),
        central: match central.as_str() {
            "known" => CentralId::Known(row.get("central_id")?),
            "given up" => CentralId::GivenUp,
            _ => CentralId::Unknown,
        },
        deauthorized: row.get("deauthorized")?,
        last: (stamp("last_ms", "last_synced")?, Wh(row.get("last_wh")?)),
        stop,
    })
}

pub(super) fn message(row: &Row<'_>) -> Result<QueuedMessage, Trouble> {
    let tx = row
        .get::<_, Option<i64>>("tx")?
        .map(|tx| TxId(unsigned(tx)));
    let kind: String = row.get("kind")?;
    let body = match (kind.as_str(), tx) {
        ("start", Some(tx)) => QueuedBody::Start(tx),
        ("stop", Some(tx)) => QueuedBody::Stop(tx),
        ("meter", tx) => {
            let samples: String = row.get("samples")?;
            QueuedBody::Meter {
                tx,
                connector: place(row.get("connector")?)?,
                at: Stamp {
                    wall: Wall(row.get("at_ms")?),
                    synced: row.get("at_synced")?,
                },
                values: values(&samples)?,
            }
        }
        _ => return Err(bad("message")),
    };
    Ok(QueuedMessage {
        seq: Seq(unsigned(row.get("seq")?)),
        message_id: row.get("message_id")?,
        refusals: row.get("refusals")?,
        body,
    })
}

fn written(values: &[SampledValue]) -> Result<String, Trouble> {
    serde_json::to_string(values).map_err(senseless)
}

fn values(text: &str) -> Result<Vec<SampledValue>, Trouble> {
    serde_json::from_str(text).map_err(senseless)
}

/// An installed charging profile.
pub(super) fn profile(row: &Row<'_>) -> Result<StoredProfile, Trouble> {
    let text: String = row.get("profile")?;
    Ok(StoredProfile {
        connector: place(row.get("connector")?)?,
        tx: row
            .get::<_, Option<i64>>("tx")?
            .map(|tx| TxId(unsigned(tx))),
        installed: Wall(row.get("installed_ms")?),
        profile: serde_json::from_str(&text).map_err(senseless)?,
    })
}

/// A place and whether it is in service.
pub(super) fn in_service(row: &Row<'_>) -> Result<(Option<ConnectorId>, bool), Trouble> {
    Ok((place(row.get("connector")?)?, row.get("operative")?))
}

/// The register of a connector at the end of its last transaction.
pub(super) fn register(row: &Row<'_>) -> Result<(ConnectorId, Wh), Trouble> {
    let at = place(row.get("connector")?)?.ok_or_else(|| bad("connector"))?;
    Ok((at, Wh(row.get("wh")?)))
}

/// A key and its value.
pub(super) fn setting(row: &Row<'_>) -> Result<(String, String), Trouble> {
    Ok((row.get("key")?, row.get("value")?))
}

/// A reading for the StopTransaction of a transaction.
pub(super) fn datum(row: &Row<'_>) -> Result<(TxId, Datum), Trouble> {
    let samples: String = row.get("samples")?;
    let datum = Datum {
        n: row.get("n")?,
        at: Stamp {
            wall: Wall(row.get("at_ms")?),
            synced: row.get("at_synced")?,
        },
        values: values(&samples)?,
    };
    Ok((TxId(unsigned(row.get("tx")?)), datum))
}

fn tag(text: String) -> Result<IdToken, Trouble> {
    CiString::new(text).map_err(|_| bad("tag"))
}

/// Connector 0 is the charge point.
fn place(number: i64) -> Result<Option<ConnectorId>, Trouble> {
    if number == 0 {
        return Ok(None);
    }
    let id = u32::try_from(number).ok().and_then(ConnectorId::new);
    id.map(Some).ok_or_else(|| bad("connector"))
}

fn number(at: Option<ConnectorId>) -> u32 {
    at.map_or(0, ConnectorId::number)
}

/// Our numbers count up from one and never get that far.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
