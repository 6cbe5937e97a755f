//! The store of a device: one SQLite file.
//!
//! WAL with `synchronous=FULL` makes each commit durable with one sync; small pages and an early
//! checkpoint keep the file from growing and the flash from wearing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{params, Connection, OptionalExtension};

use crate::core::{Batch, Fetched, Seq, Stored, TxId};
use crate::store::rows::{
    apply, availability, cached, data_of, message, profiles, registers, signed, transactions,
    unsigned,
};
use crate::store::schema::{APPLICATION_ID, MIGRATIONS};
use crate::store::trouble::Trouble;
use crate::store::{Store, StoreError};
use crate::time::Wall;

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
        let store = Self {
            db,
            path: path.to_owned(),
        };
        // Every row that the start needs is read now; the rest of the queue is looked at without
        // being parsed. A file that survives this is as good as one can know within the 10 ms
        // that a start may take; what is found later shows as a failing store.
        store.read()?;
        let rows = "SELECT count(*), count(samples), total(length(message_id)) FROM queue";
        store.db.query_row(rows, [], |_| Ok(()))?;
        Ok(store)
    }

    /// Reads what [`Store::load`] gives.
    fn read(&self) -> Result<Stored, Trouble> {
        let db = &self.db;
        let freeze = "SELECT EXISTS (SELECT 1 FROM tx WHERE 0 IN (started_synced, last_synced, \
            ifnull(stopped_synced, 1))) OR EXISTS (SELECT 1 FROM queue WHERE at_synced = 0) \
            OR EXISTS (SELECT 1 FROM tx_data WHERE at_synced = 0)";
        if db.query_row(freeze, [], |row| row.get(0))? {
            db.execute_batch(
                "BEGIN; UPDATE tx SET started_synced = 1, last_synced = 1, \
                 stopped_synced = iif(stopped_synced IS NULL, NULL, 1); \
                 UPDATE queue SET at_synced = 1 WHERE at_synced = 0; \
                 UPDATE tx_data SET at_synced = 1 WHERE at_synced = 0; COMMIT;",
            )?;
        }
        let mut settings = db.prepare("SELECT key, value FROM setting ORDER BY key")?;
        let settings = settings.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let settings = settings.collect::<Result<_, _>>()?;
        let mut running = db.prepare("SELECT * FROM tx WHERE stopped_ms IS NULL ORDER BY id")?;
        let running = transactions(&mut running, params![])?;
        let mut data = Vec::new();
        for transaction in &running {
            data.append(&mut data_of(db, transaction.id)?);
        }
        let counts = "SELECT tx, count(*) FROM queue WHERE kind = 'meter' GROUP BY tx ORDER BY tx";
        let mut counts = db.prepare(counts)?;
        let values = counts.query_map([], |row| {
            let tx: Option<i64> = row.get(0)?;
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
            availability: availability(db, "availability")?,
            local_availability: availability(db, "local_availability")?,
            running,
            data,
            values: values.collect::<Result<_, _>>()?,
            accepted: flag("accepted")?,
            registers: registers(db)?,
            orderly: flag("orderly")?,
            profiles: profiles(db)?,
            cache: cached(db)?,
            queued: unsigned(queued),
            last_seq: Seq(unsigned(last.unwrap_or(0))),
            last_tx: unsigned(last_tx.unwrap_or(0)),
        })
    }

    fn write(&mut self, batch: &Batch) -> Result<(), Trouble> {
        let transaction = self.db.transaction()?;
        for write in batch {
            apply(&transaction, write)?;
        }
        Ok(transaction.commit()?)
    }

    /// Reads what [`Store::queue`] gives.
    fn messages(&self, after: Seq, limit: usize) -> Result<Fetched, Trouble> {
        let sql = "SELECT * FROM queue WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut found = self.db.prepare(sql)?;
        let mut rows = found.query(params![signed(after.0), signed(limit as u64)])?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next()? {
            messages.push(message(row)?);
        }
        let last = messages.last().map_or(after, |message| message.seq);
        let last = params![signed(last.0)];
        let behind = "SELECT count(*) FROM queue WHERE seq > ?1";
        Ok(Fetched {
            behind: unsigned(self.db.query_row(behind, last, |row| row.get(0))?),
            messages,
            ..Fetched::default()
        })
    }

    /// Adds what [`Store::add_transactions`] adds.
    fn transactions(&self, fetched: &mut Fetched) -> Result<(), Trouble> {
        let mut by_id = self.db.prepare("SELECT * FROM tx WHERE id = ?1")?;
        for id in fetched.named() {
            let mut found = transactions(&mut by_id, params![signed(id.0)])?;
            fetched.transactions.append(&mut found);
            fetched.data.append(&mut data_of(&self.db, id)?);
        }
        Ok(())
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

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        Ok(self.read()?)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        Ok(self.write(batch)?)
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        Ok(self.messages(after, limit)?)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        Ok(self.transactions(fetched)?)
    }

    fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }
}
