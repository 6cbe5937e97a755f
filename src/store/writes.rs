//! Records as rows of the tables.

use rusqlite::{params, Connection, ToSql};

use crate::core::{
    CentralId, Change, Kind, Origin, QueuedBody, QueuedMessage, Record, RecordKey, Seq,
    Transaction, TxId,
};
use crate::store::database_error::DatabaseError;
use crate::store::records;
use crate::store::rows::{senseless, signed, unsigned, written};
use crate::store::times;
use crate::types::CiString;

/// Writes what one change says.
pub(super) fn apply(db: &Connection, change: &Change) -> Result<(), DatabaseError> {
    match change {
        Change::Put(record) => put(db, record),
        Change::Drop(key) => drop_one(db, key),
        Change::DropAll(Kind::Accepted) => drop_one(db, &RecordKey::Accepted),
        Change::DropAll(Kind::Orderly) => drop_one(db, &RecordKey::Orderly),
        Change::DropAll(kind) => run(db, &format!("DELETE FROM {}", table(*kind)), params![]),
        Change::Thin(tx, after) => thin(db, *tx, *after),
        Change::CorrectTimes(step) => times::correct(db, *step),
    }
}

fn thin(db: &Connection, tx: Option<TxId>, after: Seq) -> Result<(), DatabaseError> {
    let sql = "SELECT seq FROM queue WHERE kind = 'meter' AND tx IS ?1 AND seq > ?2 ORDER BY seq";
    let mut values = db.prepare(sql)?;
    let of_tx = params![tx.map(|tx| signed(tx.0)), signed(after.0)];
    let values = values.query_map(of_tx, |row| Ok(Seq(unsigned(row.get(0)?))))?;
    // The places alone: the samples of a long queue need not be in memory.
    let values: Vec<Seq> = values.collect::<Result<_, _>>()?;
    let mut gone = db.prepare("DELETE FROM queue WHERE seq = ?1")?;
    for seq in records::thinned(values.into_iter()) {
        gone.execute([signed(seq.0)])?;
    }
    Ok(())
}

fn run(db: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<(), DatabaseError> {
    db.prepare(sql)?.execute(values)?;
    Ok(())
}

fn put(db: &Connection, record: &Record) -> Result<(), DatabaseError> {
    match record {
        Record::Setting(key, value) => run(
            db,
            "INSERT OR REPLACE INTO setting VALUES (?1, ?2)",
            params![key, value],
        ),
        Record::Availability(at, operative) => {
            let sql = "INSERT OR REPLACE INTO availability VALUES (?1, ?2)";
            run(db, sql, params![at.number(), operative])
        }
        Record::LocalAvailability(at, operative) => {
            let sql = "INSERT OR REPLACE INTO local_availability VALUES (?1, ?2)";
            run(db, sql, params![at.number(), operative])
        }
        Record::Transaction(transaction) => write_transaction(db, transaction),
        Record::Message(message) => write_message(db, message),
        Record::StopSample(tx, datum) => run(
            db,
            "INSERT OR REPLACE INTO tx_data VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                signed(tx.0),
                datum.n,
                datum.at.wall.0,
                datum.at.synced,
                written(&datum.values)?,
            ],
        ),
        Record::Profile(stored) => run(
            db,
            "INSERT OR REPLACE INTO profile VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                stored.profile.charging_profile_id,
                stored.place.number(),
                stored.tx.map(|tx| signed(tx.0)),
                stored.installed.0,
                serde_json::to_string(&stored.profile).map_err(senseless)?,
                stored.origin == Origin::Charger,
            ],
        ),
        Record::Accepted => set_flag(db, "accepted"),
        Record::Register(at, register) => run(
            db,
            "INSERT OR REPLACE INTO register VALUES (?1, ?2)",
            params![at.number(), register.0],
        ),
        Record::Orderly => set_flag(db, "orderly"),
        Record::Tag(entry) => run(
            db,
            "INSERT OR REPLACE INTO cache VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                entry.tag.as_str(),
                entry.status.as_str(),
                entry.expires.map(|wall| wall.0),
                entry.parent.as_ref().map(CiString::as_str),
                entry.updated.0,
            ],
        ),
    }
}

fn set_flag(db: &Connection, name: &str) -> Result<(), DatabaseError> {
    run(db, "INSERT OR IGNORE INTO flag VALUES (?1)", params![name])
}

fn drop_one(db: &Connection, key: &RecordKey) -> Result<(), DatabaseError> {
    let of = |condition: &str| format!("DELETE FROM {} WHERE {condition}", table(key.kind()));
    match key {
        RecordKey::Setting(name) => run(db, &of("key = ?1"), params![name]),
        RecordKey::Availability(at) | RecordKey::LocalAvailability(at) => {
            run(db, &of("connector = ?1"), params![at.number()])
        }
        RecordKey::Transaction(tx) => {
            run(db, &of("id = ?1"), params![signed(tx.0)])?;
            let sql = "DELETE FROM tx_data WHERE tx = ?1";
            run(db, sql, params![signed(tx.0)])
        }
        RecordKey::Message(seq) => run(db, &of("seq = ?1"), params![signed(seq.0)]),
        RecordKey::StopSample(tx, n) => {
            run(db, &of("tx = ?1 AND n = ?2"), params![signed(tx.0), n])
        }
        RecordKey::Profile(id, place, origin) => run(
            db,
            &of("id = ?1 AND connector = ?2 AND local = ?3"),
            params![id, place.number(), *origin == Origin::Charger],
        ),
        RecordKey::Accepted => run(db, &of("name = 'accepted'"), params![]),
        RecordKey::Register(at) => run(db, &of("connector = ?1"), params![at.number()]),
        RecordKey::Orderly => run(db, &of("name = 'orderly'"), params![]),
        RecordKey::Tag(tag) => run(db, &of("tag = ?1"), params![tag.as_str()]),
    }
}

/// The table of a kind.
const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Setting => "setting",
        Kind::Availability => "availability",
        Kind::LocalAvailability => "local_availability",
        Kind::Transaction => "tx",
        Kind::Message => "queue",
        Kind::StopSample => "tx_data",
        Kind::Profile => "profile",
        Kind::Accepted | Kind::Orderly => "flag",
        Kind::Register => "register",
        Kind::Tag => "cache",
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
