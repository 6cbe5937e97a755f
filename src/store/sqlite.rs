//! The store of a device: one SQLite file.
//!
//! WAL with `synchronous=FULL` makes each commit durable with one sync; small pages and an early
//! checkpoint keep the file from growing and the flash from wearing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{params, Connection, OpenFlags, OptionalExtension};

use crate::core::{Batch, Datum, Fetched, Seq, Stored, TxId, Write};
use crate::store::aside::read;
use crate::store::files::{make_directory, make_private, set_aside};
use crate::store::rows::{
    apply, cached, datum, in_service, message, profile, register, setting, signed, transaction,
    unsigned,
};
use crate::store::salvage::salvage;
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
    /// Which file that was when it was opened.
    inode: u64,
    /// What could not be read, and what became of it: to be told with the next that is.
    told: Vec<String>,
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
    /// Opens the store of a directory, which is made if it does not exist, for its owner alone. A
    /// file that cannot be read is renamed aside, and a fresh one is started with what can be saved.
    ///
    /// # Errors
    /// When the directory cannot be made or written, when another process has the store open, or
    /// when a newer version of the library wrote it: then nothing is touched.
    pub fn open(directory: &Path, now: Wall) -> Result<Opened, StoreError> {
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            StoreError(format!("{what} {}: {why}", directory.display()))
        };
        make_directory(directory).map_err(|why| failed("cannot make", &why))?;
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
                let store = Self::start_from(&path, &aside)
                    .map_err(|trouble| failed("cannot start a store in", &trouble.text()))?;
                Ok(Opened {
                    store,
                    replaced: Some((aside, why)),
                })
            }
        }
    }

    /// A fresh file, with what can be saved of a damaged one.
    fn start_from(path: &Path, damaged: &Path) -> Result<Self, Trouble> {
        let mut store = Self::open_file(path)?;
        let saved = salvage(damaged, &mut store.db)?;
        let text = format!("{saved} records of the damaged database were saved");
        log::warn!("{text}");
        store.told.push(text);
        store.check()?;
        Ok(store)
    }

    /// The file turned out to be damaged while it was in use: what can be saved goes on.
    fn rescue(&mut self, why: &str) -> Result<(), Trouble> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(0));
        // The file is not to be open while it is renamed.
        self.db = Connection::open_in_memory()?;
        let aside =
            set_aside(&self.path, Wall(now)).map_err(|why| Trouble::Other(why.to_string()))?;
        let text = format!(
            "the database is damaged ({why}) and is kept as {}",
            aside.display()
        );
        log::error!("{text}");
        let fresh = Self::start_from(&self.path, &aside)?;
        self.told.push(text);
        self.told.extend(fresh.told);
        (self.db, self.inode) = (fresh.db, fresh.inode);
        Ok(())
    }

    /// Does something, once more on what could be saved if the file turns out to be damaged.
    fn on_good_file<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        match work(self) {
            Err(Trouble::Damaged(why)) => {
                self.rescue(&why)?;
                Ok(work(self)?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// A file that was removed under our feet is still there for us: it is put back.
    fn put_back(&mut self) -> Result<(), Trouble> {
        let there = fs::symlink_metadata(&self.path).map(|file| file.ino());
        if there.is_ok_and(|inode| inode == self.inode) {
            return Ok(());
        }
        let text = "the database was removed while it was in use: it is put back";
        log::error!("{text}");
        self.told.push(text.to_owned());
        let path = self.path.to_string_lossy().into_owned();
        for end in ["", "-wal"] {
            let _ = fs::remove_file(format!("{path}{end}"));
        }
        self.db.execute("VACUUM INTO ?1", [&path])?;
        let fresh = Self::open_file(&self.path)?;
        (self.db, self.inode) = (fresh.db, fresh.inode);
        Ok(())
    }

    fn open_file(path: &Path) -> Result<Self, Trouble> {
        make_private(path)?;
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut db = Connection::open_with_flags(path, flags)?;
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
            inode: fs::symlink_metadata(path).map_or(0, |file| file.ino()),
            told: Vec::new(),
        };
        store.check()?;
        Ok(store)
    }

    /// Whether the file can be read.
    fn check(&mut self) -> Result<(), Trouble> {
        // Every row that the start needs is read now; the rest of the queue is looked at without
        // being parsed. A file that survives this is as good as one can know within the 10 ms
        // that a start may take.
        let told = self.read()?.damaged;
        self.told.extend(told);
        let rows = "SELECT count(*), count(samples), total(length(message_id)) FROM queue";
        self.db.query_row(rows, [], |_| Ok(()))?;
        Ok(())
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
        let mut told = Vec::new();
        let none = params![];
        let settings = read(db, "setting", "ORDER BY key", none, &mut told, setting)?;
        let rest = "WHERE stopped_ms IS NULL ORDER BY id";
        let running = read(db, "tx", rest, none, &mut told, transaction)?;
        let mut data = Vec::new();
        for transaction in &running {
            data.append(&mut data_of(db, transaction.id, &mut told)?);
        }
        let counts = "SELECT tx, count(*) FROM queue WHERE kind = 'meter' GROUP BY tx ORDER BY tx";
        let mut counts = db.prepare(counts)?;
        let values = counts.query_map([], |row| {
            let tx: Option<i64> = row.get(0)?;
            Ok((tx.map(|tx| TxId(unsigned(tx))), unsigned(row.get(1)?)))
        })?;
        let flag = "SELECT EXISTS (SELECT 1 FROM flag WHERE name = ?1)";
        let flag = |name: &str| db.query_row(flag, [name], |row| row.get(0));
        let availability = read(db, "availability", "", none, &mut told, in_service)?;
        let local_availability = read(db, "local_availability", "", none, &mut told, in_service)?;
        let registers = read(
            db,
            "register",
            "ORDER BY connector",
            none,
            &mut told,
            register,
        )?;
        let profiles = read(db, "profile", "ORDER BY id", none, &mut told, profile)?;
        let cache = read(db, "cache", "", none, &mut told, cached)?;
        let queue = "SELECT count(*), max(seq) FROM queue";
        let queue = db.query_row(queue, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (queued, last): (i64, Option<i64>) = queue;
        let last_tx = "SELECT seq FROM sqlite_sequence WHERE name = 'tx'";
        let last_tx: Option<i64> = db.query_row(last_tx, [], |row| row.get(0)).optional()?;
        Ok(Stored {
            settings,
            availability,
            local_availability,
            running,
            data,
            values: values.collect::<Result<_, _>>()?,
            accepted: flag("accepted")?,
            registers,
            orderly: flag("orderly")?,
            profiles,
            cache,
            damaged: told,
            queued: unsigned(queued),
            last_seq: Seq(unsigned(last.unwrap_or(0))),
            last_tx: unsigned(last_tx.unwrap_or(0)),
        })
    }

    fn write(&mut self, batch: &Batch) -> Result<(), Trouble> {
        self.put_back()?;
        // A key may be a password: nothing of the old one stays, neither here nor in the log.
        let secret = batch
            .iter()
            .any(|write| matches!(write, Write::Setting(..)));
        if secret {
            self.db.pragma_update(None, "secure_delete", true)?;
        }
        let transaction = self.db.transaction()?;
        for write in batch {
            apply(&transaction, write)?;
        }
        transaction.commit()?;
        if secret {
            self.db.pragma_update(None, "secure_delete", false)?;
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// Reads what [`Store::queue`] gives.
    fn messages(&mut self, after: Seq, limit: usize) -> Result<Fetched, Trouble> {
        loop {
            let mut damaged = Vec::new();
            let rest = "WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            let values = params![signed(after.0), signed(limit as u64)];
            let messages = read(&self.db, "queue", rest, values, &mut damaged, message)?;
            let all_aside = messages.is_empty() && !damaged.is_empty();
            self.told.append(&mut damaged);
            if all_aside {
                continue;
            }
            let last = messages.last().map_or(after, |message| message.seq);
            let last = params![signed(last.0)];
            let behind = "SELECT count(*) FROM queue WHERE seq > ?1";
            return Ok(Fetched {
                behind: unsigned(self.db.query_row(behind, last, |row| row.get(0))?),
                messages,
                ..Fetched::default()
            });
        }
    }

    /// Adds what [`Store::add_transactions`] adds.
    fn transactions(&mut self, fetched: &mut Fetched) -> Result<(), Trouble> {
        for id in fetched.named() {
            let values = params![signed(id.0)];
            let told = &mut self.told;
            let mut found = read(&self.db, "tx", "WHERE id = ?1", values, told, transaction)?;
            fetched.transactions.append(&mut found);
            fetched.data.append(&mut data_of(&self.db, id, told)?);
        }
        fetched.damaged.append(&mut self.told);
        Ok(())
    }
}

/// The readings for the StopTransaction of a transaction.
fn data_of(
    db: &Connection,
    tx: TxId,
    told: &mut Vec<String>,
) -> Result<Vec<(TxId, Datum)>, Trouble> {
    let values = params![signed(tx.0)];
    read(
        db,
        "tx_data",
        "WHERE tx = ?1 ORDER BY n",
        values,
        told,
        datum,
    )
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

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        let mut stored = self.on_good_file(|store| store.read())?;
        let mut told = std::mem::take(&mut self.told);
        told.append(&mut stored.damaged);
        stored.damaged = told;
        Ok(stored)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.on_good_file(|store| store.write(batch))
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        self.on_good_file(|store| store.messages(after, limit))
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        let before = fetched.clone();
        let added = self.on_good_file(|store| {
            let mut fetched = before.clone();
            store.transactions(&mut fetched)?;
            Ok(fetched)
        });
        *fetched = added?;
        Ok(())
    }

    fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }
}
