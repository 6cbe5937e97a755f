//! The store of a device: one SQLite file.
//!
//! WAL with `synchronous=FULL` makes each commit durable with one sync; small pages and an early
//! checkpoint keep the file from growing and the flash from wearing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{params, Connection, ErrorCode, OptionalExtension, Row, Statement, ToSql};

use crate::core::{
    Batch, CachedTag, CentralId, ConnectorId, Fetched, QueuedBody, QueuedMessage, Seq, Stamp, Stop,
    Stored, Transaction, TxId, Wh, Write,
};
use crate::store::schema::{APPLICATION_ID, MIGRATIONS};
use crate::store::{Store, StoreError};
use crate::time::Wall;
use crate::wire::{AuthorizationStatus, CiString, IdToken, Reason};

/// The file in the storage directory.
const FILE: &str = "evcp.db";

/// A store in a directory.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    path: PathBuf,
}

/// A store that was opened, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// A damaged file was renamed to this, for this reason, and a fresh one was started.
    pub replaced: Option<(PathBuf, String)>,
}

impl SqliteStore {
    /// Opens the store of a directory, which is made if it does not exist. A file that cannot be
    /// read is renamed aside, and a fresh one is started.
    ///
    /// # Errors
    /// When the directory cannot be made or written, when another process has the store open, or
    /// when a newer version of the library wrote it: then nothing is touched.
    pub fn open(directory: &Path, now: Wall) -> Result<Opened, StoreError> {
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            StoreError(format!("{what} {}: {why}", directory.display()))
        };
        fs::create_dir_all(directory).map_err(|why| failed("cannot make", &why))?;
        let path = directory.join(FILE);
        match Self::open_file(&path) {
            Ok(store) => Ok(Opened {
                store,
                replaced: None,
            }),
            Err(Trouble::Other(why)) => Err(failed("cannot open the store in", &why)),
            Err(Trouble::Damaged(why)) => {
                let aside =
                    set_aside(&path, now).map_err(|why| failed("cannot rename in", &why))?;
                log::error!(
                    "the store was damaged ({why}) and is kept as {}",
                    aside.display()
                );
                let store = Self::open_file(&path)
                    .map_err(|trouble| failed("cannot start a store in", &trouble.text()))?;
                Ok(Opened {
                    store,
                    replaced: Some((aside, why)),
                })
            }
        }
    }

    fn open_file(path: &Path) -> Result<Self, Trouble> {
        let mut db = Connection::open(path)?;
        // Nobody else has business here: there is no point in waiting for them.
        db.busy_timeout(Duration::from_millis(100))?;
        // Exclusive: no shared memory file, and nobody else writes under our feet.
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        db.pragma_update(None, "page_size", 1024)?;
        let mode: String =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(Trouble::Other(format!("journal mode is {mode}, not WAL")));
        }
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "wal_autocheckpoint", 100)?;
        db.pragma_update(None, "cache_size", -256)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        migrate(&mut db)?;
        let mut store = Self {
            db,
            path: path.to_owned(),
        };
        // Every row that the start needs is read now; the rest of the queue is looked at without
        // being parsed. A file that survives this is as good as one can know within the 10 ms
        // that a start may take; what is found later shows as a failing store.
        store.load().map_err(|why| Trouble::Damaged(why.0))?;
        let rows = "SELECT count(*), count(samples), total(length(message_id)) FROM queue";
        store.db.query_row(rows, [], |_| Ok(()))?;
        Ok(store)
    }
}

/// Why a file could not be opened.
enum Trouble {
    /// It is not, or not any more, what we wrote.
    Damaged(String),
    /// Something else is wrong, and renaming the file would not help.
    Other(String),
}

impl Trouble {
    fn text(self) -> String {
        match self {
            Self::Damaged(why) | Self::Other(why) => why,
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Other("another process has it open".to_owned())
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Self::Other(error.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// Brings a database to the version that this library knows.
fn migrate(db: &mut Connection) -> Result<(), Trouble> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let id: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version == 0 {
        let tables = "SELECT count(*) FROM sqlite_master";
        let tables: i64 = db.query_row(tables, [], |row| row.get(0))?;
        if tables > 0 {
            return Err(Trouble::Damaged(
                "it has tables of somebody else".to_owned(),
            ));
        }
    } else if id != APPLICATION_ID {
        return Err(Trouble::Damaged("it belongs to another program".to_owned()));
    }
    if version > known {
        return Err(Trouble::Other(format!(
            "it has version {version}, and this library knows {known}: use a newer library"
        )));
    }
    if version == known {
        return Ok(());
    }
    let transaction = db.transaction()?;
    for step in MIGRATIONS
        .iter()
        .skip(usize::try_from(version).unwrap_or(0))
    {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Renames a file and what belongs to it.
fn set_aside(path: &Path, now: Wall) -> std::io::Result<PathBuf> {
    let with = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = with(path, &format!(".damaged-{}", now.0));
    fs::rename(path, &aside)?;
    for end in ["-wal", "-shm", "-journal"] {
        let beside = with(path, end);
        if beside.exists() {
            fs::rename(&beside, with(&aside, end))?;
        }
    }
    Ok(aside)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

fn bad(what: &str) -> StoreError {
    StoreError(format!("a stored {what} makes no sense"))
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        let db = &self.db;
        let freeze = "SELECT EXISTS (SELECT 1 FROM tx WHERE 0 IN (started_synced, last_synced, \
            ifnull(stopped_synced, 1))) OR EXISTS (SELECT 1 FROM queue WHERE at_synced = 0)";
        if db.query_row(freeze, [], |row| row.get(0))? {
            db.execute_batch(
                "BEGIN; UPDATE tx SET started_synced = 1, last_synced = 1, \
                 stopped_synced = iif(stopped_synced IS NULL, NULL, 1); \
                 UPDATE queue SET at_synced = 1 WHERE at_synced = 0; COMMIT;",
            )?;
        }
        let mut settings = db.prepare("SELECT key, value FROM setting ORDER BY key")?;
        let settings = settings.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let settings = settings.collect::<Result<_, _>>()?;
        let mut places = db.prepare("SELECT connector, operative FROM availability")?;
        let mut rows = places.query([])?;
        let mut availability = Vec::new();
        while let Some(row) = rows.next()? {
            availability.push((place(row.get(0)?)?, row.get(1)?));
        }
        let mut running = db.prepare("SELECT * FROM tx WHERE stopped_ms IS NULL ORDER BY id")?;
        let running = transactions(&mut running, params![])?;
        let queue = "SELECT count(*), max(seq) FROM queue";
        let queue = db.query_row(queue, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (queued, last): (i64, Option<i64>) = queue;
        let last_tx = "SELECT seq FROM sqlite_sequence WHERE name = 'tx'";
        let last_tx: Option<i64> = db.query_row(last_tx, [], |row| row.get(0)).optional()?;
        Ok(Stored {
            settings,
            availability,
            running,
            cache: self.cached()?,
            queued: unsigned(queued),
            last_seq: Seq(unsigned(last.unwrap_or(0))),
            last_tx: unsigned(last_tx.unwrap_or(0)),
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let transaction = self.db.transaction()?;
        for write in batch {
            apply(&transaction, write)?;
        }
        Ok(transaction.commit()?)
    }

    fn fetch(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        let sql = "SELECT * FROM queue WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut found = self.db.prepare(sql)?;
        let mut rows = found.query(params![signed(after.0), signed(limit as u64)])?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next()? {
            messages.push(message(row)?);
        }
        let mut ids: Vec<_> = messages
            .iter()
            .filter_map(|message| message.body.tx())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut by_id = self.db.prepare("SELECT * FROM tx WHERE id = ?1")?;
        let mut found = Vec::new();
        for id in ids {
            found.append(&mut transactions(&mut by_id, params![signed(id.0)])?);
        }
        Ok(Fetched {
            messages,
            transactions: found,
        })
    }

    fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }
}

impl SqliteStore {
    fn cached(&self) -> Result<Vec<CachedTag>, StoreError> {
        let mut found = self.db.prepare("SELECT * FROM cache")?;
        let mut rows = found.query([])?;
        let mut cache = Vec::new();
        while let Some(row) = rows.next()? {
            let status: String = row.get("status")?;
            cache.push(CachedTag {
                tag: tag(row.get("tag")?)?,
                status: AuthorizationStatus::parse(&status).ok_or_else(|| bad("tag status"))?,
                expires: row.get::<_, Option<i64>>("expires_ms")?.map(Wall),
                parent: row
                    .get::<_, Option<String>>("parent")?
                    .map(tag)
                    .transpose()?,
                updated: Wall(row.get("updated_ms")?),
            });
        }
        Ok(cache)
    }
}

fn apply(db: &Connection, write: &Write) -> Result<(), StoreError> {
    let run = |sql: &str, values: &[&dyn ToSql]| -> Result<(), StoreError> {
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
        Write::Transaction(transaction) => write_transaction(db, transaction),
        Write::TransactionDone(tx) => run("DELETE FROM tx WHERE id = ?1", params![signed(tx.0)]),
        Write::Queue(message) => write_message(db, message),
        Write::Dequeue(seq) => run("DELETE FROM queue WHERE seq = ?1", params![signed(seq.0)]),
        Write::CorrectTimes(step) => {
            for (table, column) in [
                ("tx", "started"),
                ("tx", "last"),
                ("tx", "stopped"),
                ("queue", "at"),
            ] {
                let sql = format!(
                    "UPDATE {table} SET {column}_ms = {column}_ms + ?1, {column}_synced = 1 \
                     WHERE {column}_synced = 0"
                );
                run(&sql, params![step])?;
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

fn write_transaction(db: &Connection, tx: &Transaction) -> Result<(), StoreError> {
    let (central, central_id) = match tx.central {
        CentralId::Unknown => ("unknown", None),
        CentralId::Known(id) => ("known", Some(id)),
        CentralId::GivenUp => ("given up", None),
    };
    let stop = tx.stop.as_ref();
    let sql =
        "INSERT INTO tx VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
        ?15, ?16, ?17, ?18, ?19) ON CONFLICT (id) DO UPDATE SET parent = ?4, started_ms = ?6, \
        started_synced = ?7, central = ?9, central_id = ?10, deauthorized = ?11, last_ms = ?12, \
        last_synced = ?13, last_wh = ?14, stopped_ms = ?15, stopped_synced = ?16, \
        meter_stop_wh = ?17, stop_reason = ?18, stop_tag = ?19";
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
    ])?;
    Ok(())
}

fn write_message(db: &Connection, message: &QueuedMessage) -> Result<(), StoreError> {
    let (kind, connector, at, samples) = match &message.body {
        QueuedBody::Start(_) => ("start", None, None, None),
        QueuedBody::Stop(_) => ("stop", None, None, None),
        QueuedBody::Meter {
            connector,
            at,
            values,
            ..
        } => {
            let samples =
                serde_json::to_string(values).map_err(|why| StoreError(why.to_string()))?;
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

fn transactions(
    found: &mut Statement<'_>,
    values: &[&dyn ToSql],
) -> Result<Vec<Transaction>, StoreError> {
    let mut rows = found.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(transaction(row)?);
    }
    Ok(all)
}

fn transaction(row: &Row<'_>) -> Result<Transaction, StoreError> {
    let stamp = |ms: &str, synced: &str| -> Result<Stamp, StoreError> {
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

fn message(row: &Row<'_>) -> Result<QueuedMessage, StoreError> {
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
                values: serde_json::from_str(&samples)
                    .map_err(|why| StoreError(why.to_string()))?,
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

fn tag(text: String) -> Result<IdToken, StoreError> {
    CiString::new(text).map_err(|_| bad("tag"))
}

/// Connector 0 is the charge point.
fn place(number: i64) -> Result<Option<ConnectorId>, StoreError> {
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
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
