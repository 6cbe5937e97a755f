//! Rows of the tables as records.

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{params, Connection, Row};

use crate::core::{
    CachedTag, CentralId, ConnectorId, Delivery, Origin, Place, QueuedBody, QueuedMessage, Seq,
    Stamp, Stop, StopSample, StoredProfile, Transaction, TxId, Wh,
};
use crate::store::database_error::DatabaseError;
use crate::store::spoilt::{each, Spoilt};
use crate::store::start::LAST;
use crate::time::Wall;
use crate::types::{AuthorizationStatus, CiString, IdToken, Reason, SampledValue};

fn bad(what: &str) -> DatabaseError {
    DatabaseError::Damaged(format!("a stored {what} makes no sense"))
}

pub(super) fn senseless(why: serde_json::Error) -> DatabaseError {
    DatabaseError::Damaged(why.to_string())
}

/// The authorization cache.
pub(super) fn cached(
    db: &Connection,
    spoilt: &mut Vec<Spoilt>,
) -> Result<Vec<CachedTag>, DatabaseError> {
    each(db, ("cache", "SELECT * FROM cache"), &[], spoilt, |row| {
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
    })
}

/// What a column says, if that can be read.
fn maybe<T: FromSql>(row: &Row<'_>, column: &str) -> Option<T> {
    row.get::<_, Option<T>>(column).ok().flatten()
}

/// A transaction. What its bill does not hang on costs nothing if it cannot be read, and the register
/// and the times stand in for each other: to lose a session is worse than any of that.
pub(super) fn transaction(row: &Row<'_>) -> Result<Transaction, DatabaseError> {
    let id = TxId(unsigned(row.get("id")?));
    let synced = |column: &str| maybe::<bool>(row, column).unwrap_or(true);
    let number = |column: &str| maybe::<i64>(row, column);
    let text = |column: &str| maybe::<String>(row, column);
    let central = match (text("central").as_deref(), maybe(row, "central_id")) {
        (Some("unknown"), _) => CentralId::Unknown,
        (Some("given up"), _) => CentralId::GivenUp,
        (_, Some(id)) => CentralId::Known(id),
        (_, None) => CentralId::Unknown,
    };
    let told = central != CentralId::Unknown;
    let last_at = number("last_ms").or(number("started_ms"));
    let last_at = last_at.ok_or_else(|| bad("time"))?;
    let last_wh = number("last_wh").or(number("meter_stop_wh"));
    let start_wh = number("meter_start_wh").or(last_wh.filter(|_| told));
    let start_wh = start_wh.ok_or_else(|| bad("register"))?;
    let last_wh = last_wh.unwrap_or(start_wh);
    let shown = match row.get_ref("tag")? {
        ValueRef::Text(bytes) => CiString::truncated(&String::from_utf8_lossy(bytes)),
        _ if told => CiString::truncated("unknown"),
        _ => return Err(bad("tag")),
    };
    let stop = match row.get_ref("stopped_ms")? {
        ValueRef::Null => None,
        _ => Some(Stop {
            at: Stamp {
                wall: Wall(number("stopped_ms").unwrap_or(last_at)),
                synced: synced("stopped_synced"),
            },
            meter: Wh(number("meter_stop_wh").unwrap_or(last_wh)),
            reason: text("stop_reason")
                .and_then(|reason| Reason::parse(&reason))
                .unwrap_or(Reason::Other),
            tag: text("stop_tag").and_then(|text| tag(text).ok()),
        }),
    };
    Ok(Transaction {
        id,
        connector: place(row.get("connector")?)?
            .connector()
            .ok_or_else(|| bad("connector"))?,
        tag: shown,
        parent: text("parent").and_then(|text| tag(text).ok()),
        reservation: maybe(row, "reservation"),
        started: Stamp {
            wall: Wall(number("started_ms").unwrap_or(last_at)),
            synced: synced("started_synced"),
        },
        meter_start: Wh(start_wh),
        zero: number("zero_wh").map(Wh),
        until: number("until_wh").map(Wh),
        central,
        deauthorized: maybe(row, "deauthorized").unwrap_or(false),
        last: (
            Stamp {
                wall: Wall(last_at),
                synced: synced("last_synced"),
            },
            Wh(last_wh),
        ),
        stop,
        delivery: delivery(text("delivery").as_deref()),
        bare: maybe(row, "bare").unwrap_or(false),
        values_refused: maybe(row, "values_refused").unwrap_or(false),
        start_id: text("start_id"),
        stop_id: text("stop_id"),
    })
}

/// What becomes of a transaction; known by the length of the word if a letter of that is spoilt.
fn delivery(word: Option<&str>) -> Delivery {
    let letters = word.map(str::len);
    let all = Delivery::ALL.iter();
    let mut fits = all.filter(|known| Some(known.as_str().len()) == letters);
    fits.next().copied().unwrap_or_default()
}

/// A queued message. Its kind is known by the length of the word if a letter of that is spoilt, and its
/// id is no loss.
pub(super) fn message(row: &Row<'_>) -> Result<QueuedMessage, DatabaseError> {
    let seq: i64 = row.get("seq")?;
    let tx = row
        .get::<_, Option<i64>>("tx")?
        .map(|tx| TxId(unsigned(tx)));
    let letters = match row.get_ref("kind")? {
        ValueRef::Text(bytes) => bytes.len(),
        _ => return Err(bad("message")),
    };
    let samples: Option<String> = row.get("samples")?;
    let body = match (samples, letters, tx) {
        (Some(samples), 5, tx) => QueuedBody::Meter {
            tx,
            place: place(row.get("connector")?)?,
            at: Stamp {
                wall: Wall(row.get("at_ms")?),
                synced: maybe(row, "at_synced").unwrap_or(true),
            },
            values: values(&samples)?,
        },
        (None, 5, Some(tx)) => QueuedBody::Start(tx),
        (None, 4, Some(tx)) => QueuedBody::Stop(tx),
        _ => return Err(bad("message")),
    };
    Ok(QueuedMessage {
        seq: Seq(unsigned(seq)),
        message_id: maybe(row, "message_id").unwrap_or_else(|| format!("again-{seq}")),
        refusals: maybe(row, "refusals").unwrap_or(0),
        body,
    })
}

pub(super) fn written(values: &[SampledValue]) -> Result<String, DatabaseError> {
    serde_json::to_string(values).map_err(senseless)
}

fn values(text: &str) -> Result<Vec<SampledValue>, DatabaseError> {
    serde_json::from_str(text).map_err(senseless)
}

/// The installed charging profiles.
pub(super) fn profiles(
    db: &Connection,
    spoilt: &mut Vec<Spoilt>,
) -> Result<Vec<StoredProfile>, DatabaseError> {
    let sql = "SELECT * FROM profile ORDER BY id, connector, local";
    each(db, ("profile", sql), &[], spoilt, |row| {
        let text: String = row.get("profile")?;
        Ok(StoredProfile {
            origin: origin(row.get("local")?),
            place: place(row.get("connector")?)?,
            tx: row
                .get::<_, Option<i64>>("tx")?
                .map(|tx| TxId(unsigned(tx))),
            installed: Wall(row.get("installed_ms")?),
            profile: serde_json::from_str(&text).map_err(senseless)?,
        })
    })
}

const fn origin(local: bool) -> Origin {
    match local {
        true => Origin::Charger,
        false => Origin::Central,
    }
}

/// Places and whether they are in service.
pub(super) fn availability(
    db: &Connection,
    table: &'static str,
    spoilt: &mut Vec<Spoilt>,
) -> Result<Vec<(Place, bool)>, DatabaseError> {
    let sql = format!("SELECT * FROM {table}");
    each(db, (table, &sql), &[], spoilt, |row| {
        Ok((place(row.get("connector")?)?, row.get("operative")?))
    })
}

/// The newest time of the transactions and messages that were stored last.
pub(super) fn waiting(db: &Connection) -> Result<Option<Wall>, DatabaseError> {
    // What is no number is set aside when it is its turn.
    let sql = "SELECT max(ms) FROM (\
        SELECT * FROM (SELECT ifnull(stopped_ms, last_ms) AS ms FROM tx ORDER BY id DESC LIMIT ?1) \
        UNION ALL \
        SELECT * FROM (SELECT at_ms AS ms FROM queue ORDER BY seq DESC LIMIT ?1)) \
        WHERE typeof(ms) = 'integer'";
    let newest: Option<i64> = db.query_row(sql, [signed(LAST as u64)], |row| row.get(0))?;
    Ok(newest.map(Wall))
}

/// The register of each connector at the end of its last transaction.
pub(super) fn registers(
    db: &Connection,
    spoilt: &mut Vec<Spoilt>,
) -> Result<Vec<(ConnectorId, Wh)>, DatabaseError> {
    let sql = "SELECT * FROM register ORDER BY connector";
    each(db, ("register", sql), &[], spoilt, |row| {
        let at = place(row.get("connector")?)?
            .connector()
            .ok_or_else(|| bad("connector"))?;
        Ok((at, Wh(row.get("wh")?)))
    })
}

/// The readings for the StopTransaction of a transaction.
pub(super) fn data_of(
    db: &Connection,
    tx: TxId,
    spoilt: &mut Vec<Spoilt>,
) -> Result<Vec<(TxId, StopSample)>, DatabaseError> {
    let sql = "SELECT * FROM tx_data WHERE tx = ?1 ORDER BY n";
    let of_tx = params![signed(tx.0)];
    each(db, ("tx_data", sql), of_tx, spoilt, |row| {
        let samples: String = row.get("samples")?;
        let datum = StopSample {
            n: row.get("n")?,
            at: Stamp {
                wall: Wall(row.get("at_ms")?),
                synced: row.get("at_synced")?,
            },
            values: values(&samples)?,
        };
        Ok((tx, datum))
    })
}

fn tag(text: String) -> Result<IdToken, DatabaseError> {
    CiString::new(text).map_err(|_| bad("tag"))
}

/// Connector 0 is the charge point.
pub(super) fn place(number: i64) -> Result<Place, DatabaseError> {
    let place = u32::try_from(number).ok().and_then(Place::new);
    place.ok_or_else(|| bad("connector"))
}

/// Our numbers count up from one and never get that far.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
