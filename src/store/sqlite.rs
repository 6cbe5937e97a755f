//! The store of a device: one SQLite file.
//!
//! WAL with `synchronous=FULL` makes each commit durable with one sync; small pages and an early
//! checkpoint keep the file from growing and the flash from wearing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{params, Connection, OptionalExtension};

use crate::core::{Batch, Delivery, Fetched, Key, Rights, Seq, Stored, TxId, Write};
use crate::store::files;
use crate::store::log_end::lost_frames;
use crate::store::rows::{
    apply, availability, cached, data_of, message, profiles, registers, signed, transaction,
    unsigned, waiting,
};
use crate::store::salvage::salvage;
use crate::store::schema::{APPLICATION_ID, COLUMNS, MIGRATIONS};
use crate::store::spoilt::{each, set_aside as set_aside_rows, Spoilt};
use crate::store::trouble::Trouble;
use crate::store::{Store, StoreError};
use crate::time::Wall;

/// The file in the storage directory.
const FILE: &str = "evcp.db";

/// What is added to its name while one that is to take its place is written.
const FRESH: &str = ".fresh";

/// A disk that spoils everything is not to be filled with what it spoilt.
const MOST_SALVAGES: u32 = 3;

/// No library will have had so many versions of its tables: the number itself is damaged.
const NO_VERSION: i64 = 1000;

/// A store in a directory.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    path: PathBuf,
    /// What the host has not heard yet.
    damage: Vec<String>,
    /// Why there is no file open, if there is none.
    closed: Option<String>,
    /// Which file it is.
    identity: Option<(u64, u64)>,
    /// When it was opened, for the names of what is kept aside.
    now: Wall,
    /// How often it was found damaged in this run.
    salvages: u32,
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
    /// Opens the store of a directory, which is made for us alone if it does not exist. What can be
    /// read of a damaged file is salvaged into a fresh one, and the damaged one is kept aside.
    ///
    /// # Errors
    /// When the directory cannot be made or written, when another process has the store open, when a
    /// file there is a link, or when a newer version of the library wrote it: then nothing is touched.
    pub fn open(directory: &Path, now: Wall) -> Result<Opened, StoreError> {
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            StoreError(format!("{what} {}: {why}", directory.display()))
        };
        files::make_directory(directory).map_err(|why| failed("cannot make", &why))?;
        let path = directory.join(FILE);
        let opened = begun_before(&path).map_err(Trouble::from);
        let opened = opened.and_then(|()| Self::open_file(&path, now));
        match opened {
            Ok(store) => Ok(Opened {
                store,
                replaced: None,
            }),
            Err(Trouble::Other(why)) => Err(failed("cannot open the store in", &why)),
            Err(Trouble::Damaged(why)) => {
                let (store, aside, why) = Self::salvaged(&path, now, &why)
                    .map_err(|trouble| failed("cannot start a store in", &trouble.text()))?;
                Ok(Opened {
                    store,
                    replaced: Some((aside, why)),
                })
            }
        }
    }

    /// A fresh store in the place of a damaged file, with what could be read of that.
    fn salvaged(path: &Path, now: Wall, why: &str) -> Result<(Self, PathBuf, String), Trouble> {
        let mut why = why.to_owned();
        let names = (0..).map(|n| match n {
            0 => files::with(path, &format!(".damaged-{}", now.0)),
            n => files::with(path, &format!(".damaged-{}-{n}", now.0)),
        });
        let mut free = names.filter(|name| fs::symlink_metadata(name).is_err());
        let aside = free.next().unwrap_or_else(|| path.to_owned());
        let fresh = files::with(path, FRESH);
        files::remove(&fresh)?;
        let mut db = open_database(&fresh)?;
        match salvage(path, &mut db) {
            Ok(found) => why = format!("{why}; {found}"),
            Err(Trouble::Damaged(nothing)) => why = format!("{why}; nothing salvaged: {nothing}"),
            Err(other) => return Err(other),
        }
        // Closed, it has no log.
        drop(db);
        files::replace(path, &fresh, &aside)?;
        log::error!(
            "the store was damaged ({why}) and is kept as {}",
            aside.display()
        );
        Ok((Self::open_file(path, now)?, aside, why))
    }

    /// Does what a damaged file or one that was removed hinders, and once more on a fresh one.
    fn attempt<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let why = match &self.closed {
            Some(why) => why.clone(),
            None => match work(self) {
                Err(Trouble::Damaged(why)) if self.salvages < MOST_SALVAGES => why,
                done => return Ok(done?),
            },
        };
        self.salvage_in_place(why)?;
        Ok(work(self)?)
    }

    fn salvage_in_place(&mut self, why: String) -> Result<(), Trouble> {
        self.close(why.clone())?;
        self.salvages += 1;
        let fresh = match begun_before(&self.path) {
            // It was put in its place already, and could not be opened then.
            Ok(()) if self.path.exists() => Self::salvaged(&self.path, self.now, &why),
            Ok(()) => Self::open_file(&self.path, self.now)
                .map(|store| (store, self.path.clone(), why.clone())),
            Err(why) => Err(why.into()),
        };
        let (store, aside, why) = fresh?;
        self.take(store);
        self.tell(format!(
            "the database was damaged ({why}) and is kept as {}",
            aside.display()
        ));
        Ok(())
    }

    /// Lets go of the file; nothing works until there is one again.
    fn close(&mut self, why: String) -> Result<(), Trouble> {
        self.db = Connection::open_in_memory()?;
        self.closed = Some(why);
        Ok(())
    }

    fn take(&mut self, other: Self) {
        self.db = other.db;
        self.identity = other.identity;
        self.closed = None;
        self.damage.extend(other.damage);
    }

    /// Writes the database anew if somebody removed it: what it held is still there, since it is open.
    fn put_back(&mut self) -> Result<(), Trouble> {
        if files::identity(&self.path) == self.identity {
            return Ok(());
        }
        let fresh = files::with(&self.path, FRESH);
        if let Some(directory) = self.path.parent() {
            files::make_directory(directory)?;
        }
        files::remove(&fresh)?;
        files::prepare(&fresh)?;
        let copy = fresh.to_string_lossy().into_owned();
        self.db.execute("VACUUM INTO ?1", [copy])?;
        fs::File::open(&fresh)?.sync_all()?;
        self.close("it was removed".to_owned())?;
        files::take_over(&self.path, &fresh)?;
        let store = Self::open_file(&self.path, self.now)?;
        self.take(store);
        let what = "the database was removed while it was in use, and was written again";
        log::error!("{what}");
        self.tell(what.to_owned());
        Ok(())
    }

    fn open_file(path: &Path, now: Wall) -> Result<Self, Trouble> {
        let log = fs::read(files::with(path, "-wal")).unwrap_or_default();
        let lost = lost_frames(&log);
        drop(log);
        let db = open_database(path)?;
        let mut store = Self {
            db,
            path: path.to_owned(),
            damage: Vec::new(),
            closed: None,
            identity: files::identity(path),
            now,
            salvages: 0,
        };
        if let Some(frames) = lost {
            let what = format!(
                "the log of the database is damaged: {frames} pages behind that place are lost, \
                 with what was written last"
            );
            log::error!("{what}");
            store.tell(what);
        }
        // Every row that the start needs is read now; the rest of the queue is looked at without
        // being parsed. A file that survives this is as good as one can know within the 10 ms
        // that a start may take; what is found later shows as a failing store.
        store.read()?;
        let rows = "SELECT count(*), count(samples), total(length(message_id)) FROM queue";
        store.db.query_row(rows, [], |_| Ok(()))?;
        store.check_order()?;
        Ok(store)
    }

    /// Numbers out of order, which is how a spoilt one shows, hide the rows behind them from whoever
    /// asks for one.
    fn check_order(&self) -> Result<(), Trouble> {
        for sql in ["SELECT id FROM tx", "SELECT seq FROM queue"] {
            let mut found = self.db.prepare(sql)?;
            let mut rows = found.query([])?;
            let mut before = None;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                if before >= Some(number) {
                    let why = format!("its rows are out of order at {number}");
                    return Err(Trouble::Damaged(why));
                }
                before = Some(number);
            }
        }
        Ok(())
    }

    /// Reads what [`Store::load`] gives.
    fn read(&mut self) -> Result<Stored, Trouble> {
        // What is set aside is not counted: it is read again.
        loop {
            let mut spoilt = Vec::new();
            let stored = self.read_rows(&mut spoilt)?;
            if spoilt.is_empty() {
                return Ok(stored);
            }
            self.put_aside(spoilt)?;
        }
    }

    fn put_aside(&mut self, spoilt: Vec<Spoilt>) -> Result<(), Trouble> {
        let told = set_aside_rows(&mut self.db, spoilt)?;
        self.damage.extend(told);
        Ok(())
    }

    fn tell(&mut self, what: String) {
        self.damage.push(what);
    }

    fn read_rows(&self, spoilt: &mut Vec<Spoilt>) -> Result<Stored, Trouble> {
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
        let sql = "SELECT * FROM setting ORDER BY key";
        let settings = each(db, ("setting", sql), &[], spoilt, |row| {
            Ok((row.get("key")?, row.get("value")?))
        })?;
        let sql = "SELECT * FROM tx WHERE stopped_ms IS NULL ORDER BY id";
        let running = each(db, ("tx", sql), &[], spoilt, transaction)?;
        let sql =
            "SELECT * FROM tx WHERE stopped_ms IS NOT NULL AND length(delivery) = ?1 ORDER BY id";
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

    fn write(&mut self, batch: &Batch) -> Result<(), Trouble> {
        let transaction = self.db.transaction()?;
        for write in batch {
            apply(&transaction, write)?;
        }
        transaction.commit()?;
        if has_secret(batch) {
            // The one before must not stay in the log.
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        self.put_back()
    }

    /// Reads what [`Store::queue`] gives.
    fn messages(&mut self, after: Seq, limit: usize) -> Result<Fetched, Trouble> {
        let sql = "SELECT * FROM queue WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let asked = params![signed(after.0), signed(limit as u64)];
        let messages = loop {
            let mut spoilt = Vec::new();
            let messages = each(&self.db, ("queue", sql), asked, &mut spoilt, message)?;
            if spoilt.is_empty() {
                break messages;
            }
            self.put_aside(spoilt)?;
        };
        let last = messages.last().map_or(after, |message| message.seq);
        let last = params![signed(last.0)];
        let behind = "SELECT count(*) FROM queue WHERE seq > ?1";
        Ok(Fetched {
            behind: unsigned(self.db.query_row(behind, last, |row| row.get(0))?),
            messages,
            ..Fetched::default()
        })
    }

    /// Adds what [`Store::add_transactions`] adds. The messages of a transaction that cannot be read
    /// go with it.
    fn transactions(&mut self, fetched: &mut Fetched) -> Result<(), Trouble> {
        let sql = "SELECT * FROM tx WHERE id = ?1";
        let mut spoilt = Vec::new();
        for id in fetched.named() {
            let of_id = params![signed(id.0)];
            let mut found = each(&self.db, ("tx", sql), of_id, &mut spoilt, transaction)?;
            fetched.transactions.append(&mut found);
            let mut data = data_of(&self.db, id, &mut spoilt)?;
            fetched.data.append(&mut data);
        }
        let gone: Vec<_> = spoilt.iter().filter_map(Spoilt::tx).collect();
        let is_gone = |tx: TxId| gone.contains(&signed(tx.0));
        fetched.data.retain(|(tx, _)| !is_gone(*tx));
        fetched
            .messages
            .retain(|message| !message.body.tx().is_some_and(is_gone));
        self.put_aside(spoilt)
    }
}

/// Ends what a power cut stopped: a database that was whole and not yet in its place.
fn begun_before(path: &Path) -> std::io::Result<()> {
    let fresh = files::with(path, FRESH);
    if fs::symlink_metadata(&fresh).is_err() {
        return Ok(());
    }
    if fs::symlink_metadata(path).is_err() {
        return files::take_over(path, &fresh);
    }
    files::remove(&fresh)
}

/// Opens a file, or makes it, with all that holds for ours.
fn open_database(path: &Path) -> Result<Connection, Trouble> {
    files::prepare(path)?;
    let mut db = Connection::open(path)?;
    // Nobody else has business here: there is no point in waiting for them.
    db.busy_timeout(Duration::from_millis(100))?;
    // Exclusive: no shared memory file, and nobody else writes under our feet.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "page_size", 1024)?;
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Trouble::Other(format!("journal mode is {mode}, not WAL")));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 100)?;
    db.pragma_update(None, "cache_size", -256)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // Old passwords do not stay in what is free.
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    migrate(&mut db)?;
    for (table, columns) in COLUMNS {
        db.prepare(&format!("SELECT {columns} FROM {table}"))?;
    }
    Ok(db)
}

/// Whether a batch changes what nobody may read.
fn has_secret(batch: &Batch) -> bool {
    let secret =
        |name: &str| Key::by_name(name).is_some_and(|key| key.row().rights == Rights::WriteOnly);
    batch
        .iter()
        .any(|write| matches!(write, Write::Setting(name, _) if secret(name)))
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
    if !(0..NO_VERSION).contains(&version) {
        return Err(Trouble::Damaged(format!("it has version {version}")));
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
        let mut stored = self.attempt(Self::read)?;
        stored.damaged = std::mem::take(&mut self.damage);
        Ok(stored)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.attempt(|store| store.write(batch))
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        self.attempt(|store| store.messages(after, limit))
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.attempt(|store| store.transactions(fetched))?;
        fetched.damaged.append(&mut self.damage);
        Ok(())
    }

    fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    fn damage(&mut self) -> Vec<String> {
        std::mem::take(&mut self.damage)
    }
}
