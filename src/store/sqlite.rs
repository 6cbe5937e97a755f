//! The store of a device: one SQLite file.
//!
//! WAL with `synchronous=FULL` makes each commit durable with one sync; small pages and an early
//! checkpoint keep the file from growing and the flash from wearing.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{params, Connection};

use crate::core::{Batch, Change, Fetched, Key, Record, Rights, Seq, Stored, TxId};
use crate::store::database::open_database;
use crate::store::database_error::DatabaseError;
use crate::store::files;
use crate::store::log_end::lost_frames;
use crate::store::rows::{data_of, message, signed, transaction, unsigned};
use crate::store::salvage::salvage;
use crate::store::spoilt::{each, set_aside as set_aside_rows, Spoilt};
use crate::store::start_rows::stored;
use crate::store::writes::apply;
use crate::store::{Store, StoreError};
use crate::time::Wall;

/// The file in the storage directory.
const FILE: &str = "evcp.db";

/// What is added to its name while one that is to take its place is written.
const FRESH: &str = ".fresh";

/// A disk that spoils everything is not to be filled with what it spoilt.
const MOST_SALVAGES: u32 = 3;

/// A store in a directory.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    path: PathBuf,
    /// What was read when it was opened, as long as that is what there is and nobody has asked for it.
    first: Option<Stored>,
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
        let opened = begun_before(&path).map_err(DatabaseError::from);
        let opened = opened.and_then(|()| Self::open_file(&path, now));
        match opened {
            Ok(store) => Ok(Opened {
                store,
                replaced: None,
            }),
            Err(DatabaseError::Other(why)) => Err(failed("cannot open the store in", &why)),
            Err(DatabaseError::Damaged(why)) => {
                let (store, aside, why) = Self::salvaged(&path, now, &why)
                    .map_err(|error| failed("cannot start a store in", &error.text()))?;
                Ok(Opened {
                    store,
                    replaced: Some((aside, why)),
                })
            }
        }
    }

    /// A fresh store in the place of a damaged file, with what could be read of that.
    fn salvaged(
        path: &Path,
        now: Wall,
        why: &str,
    ) -> Result<(Self, PathBuf, String), DatabaseError> {
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
            Err(DatabaseError::Damaged(nothing)) => {
                why = format!("{why}; nothing salvaged: {nothing}")
            }
            Err(other) => return Err(other),
        }
        // Closed, it has no log.
        drop(db);
        files::replace(path, &fresh, &aside)?;
        log::error!(
            "the database was damaged ({why}) and is kept as {}",
            aside.display()
        );
        Ok((Self::open_file(path, now)?, aside, why))
    }

    /// Does what a damaged file or one that was removed hinders, and once more on a fresh one.
    fn attempt<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, DatabaseError>,
    ) -> Result<T, StoreError> {
        let why = match &self.closed {
            Some(why) => why.clone(),
            None => match work(self) {
                Err(DatabaseError::Damaged(why)) if self.salvages < MOST_SALVAGES => why,
                done => return Ok(done?),
            },
        };
        self.salvage_in_place(why)?;
        Ok(work(self)?)
    }

    fn salvage_in_place(&mut self, why: String) -> Result<(), DatabaseError> {
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
        self.report(format!(
            "the database was damaged ({why}) and is kept as {}",
            aside.display()
        ));
        Ok(())
    }

    /// Lets go of the file; nothing works until there is one again.
    fn close(&mut self, why: String) -> Result<(), DatabaseError> {
        self.db = Connection::open_in_memory()?;
        self.first = None;
        self.closed = Some(why);
        Ok(())
    }

    fn take(&mut self, other: Self) {
        self.db = other.db;
        self.identity = other.identity;
        self.first = other.first;
        self.closed = None;
        self.damage.extend(other.damage);
    }

    /// Writes the database anew if somebody removed it: what it held is still there, since it is open.
    fn put_back(&mut self) -> Result<(), DatabaseError> {
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
        self.report(what.to_owned());
        Ok(())
    }

    fn open_file(path: &Path, now: Wall) -> Result<Self, DatabaseError> {
        let log = fs::read(files::with(path, "-wal")).unwrap_or_default();
        let lost = lost_frames(&log);
        drop(log);
        let db = open_database(path)?;
        let mut store = Self {
            db,
            path: path.to_owned(),
            first: None,
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
            store.report(what);
        }
        // Every row that the start needs is read now; the rest of the queue is looked at without
        // being parsed. A file that survives this is as good as one can know within the 10 ms
        // that a start may take; what is found later shows as a failing store.
        store.first = Some(store.read()?);
        let rows = "SELECT count(*), count(samples), total(length(message_id)) FROM queue";
        store.db.query_row(rows, [], |_| Ok(()))?;
        store.check_order()?;
        Ok(store)
    }

    /// Numbers out of order, which is how a spoilt one shows, hide the rows behind them from whoever
    /// asks for one.
    fn check_order(&self) -> Result<(), DatabaseError> {
        for sql in ["SELECT id FROM tx", "SELECT seq FROM queue"] {
            let mut found = self.db.prepare(sql)?;
            let mut rows = found.query([])?;
            let mut before = None;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                if before >= Some(number) {
                    let why = format!("its rows are out of order at {number}");
                    return Err(DatabaseError::Damaged(why));
                }
                before = Some(number);
            }
        }
        Ok(())
    }

    /// Reads what [`Store::load`] gives.
    fn read(&mut self) -> Result<Stored, DatabaseError> {
        // What is set aside is not counted: it is read again.
        loop {
            let mut spoilt = Vec::new();
            let stored = stored(&self.db, &mut spoilt)?;
            if spoilt.is_empty() {
                return Ok(stored);
            }
            self.put_aside(spoilt)?;
        }
    }

    fn put_aside(&mut self, spoilt: Vec<Spoilt>) -> Result<(), DatabaseError> {
        self.first = None;
        let told = set_aside_rows(&mut self.db, spoilt)?;
        self.damage.extend(told);
        Ok(())
    }

    fn report(&mut self, what: String) {
        self.damage.push(what);
    }

    fn write(&mut self, batch: &Batch) -> Result<(), DatabaseError> {
        self.first = None;
        let transaction = self.db.transaction()?;
        for change in batch {
            apply(&transaction, change)?;
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
    fn messages(&mut self, after: Seq, limit: usize) -> Result<Fetched, DatabaseError> {
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
    fn transactions(&mut self, fetched: &mut Fetched) -> Result<(), DatabaseError> {
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

/// Whether a batch changes what nobody may read.
fn has_secret(batch: &Batch) -> bool {
    let secret = |name: &str| {
        // Behind the dot is the number of a password that is not that of the first central system.
        let name = name.split('.').next().unwrap_or(name);
        Key::by_name(name).is_some_and(|key| key.row().rights == Rights::WriteOnly)
    };
    batch
        .iter()
        .any(|change| matches!(change, Change::Put(Record::Setting(name, _)) if secret(name)))
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Stored, StoreError> {
        let mut stored = match self.first.take() {
            Some(stored) => stored,
            None => self.attempt(Self::read)?,
        };
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
