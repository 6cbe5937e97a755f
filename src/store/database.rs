//! Opens a database, and brings it to the version that this library knows.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::store::database_error::DatabaseError;
use crate::store::files;
use crate::store::schema::{APPLICATION_ID, COLUMNS, MIGRATIONS};

/// No library will have had so many versions of its tables: the number itself is damaged.
const NO_VERSION: i64 = 1000;

/// Opens a file, or makes it, with all that holds for ours.
pub(super) fn open_database(path: &Path) -> Result<Connection, DatabaseError> {
    files::prepare(path)?;
    let mut db = Connection::open(path)?;
    // Nobody else has business here: there is no point in waiting for them.
    db.busy_timeout(Duration::from_millis(100))?;
    // Exclusive: no shared memory file, and nobody else writes under our feet.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "page_size", 1024)?;
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(DatabaseError::Other(format!(
            "journal mode is {mode}, not WAL"
        )));
    }
    db.pragma_update(None, "synchronous", synchronous())?;
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

/// Each commit is on the disk when it is done.
#[cfg(not(feature = "testkit"))]
const fn synchronous() -> &'static str {
    "FULL"
}

/// Set when there is a world of the test kit, in which no power is ever really cut: nobody waits for the disk.
#[cfg(feature = "testkit")]
pub(crate) static IS_VIRTUAL: std::sync::atomic::AtomicBool =
    std::sync::atomic::AtomicBool::new(false);

#[cfg(feature = "testkit")]
fn synchronous() -> &'static str {
    if IS_VIRTUAL.load(std::sync::atomic::Ordering::Relaxed) {
        "OFF"
    } else {
        "FULL"
    }
}

/// Brings a database to the version that this library knows.
fn migrate(db: &mut Connection) -> Result<(), DatabaseError> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let id: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version == 0 {
        let tables = "SELECT count(*) FROM sqlite_master";
        let tables: i64 = db.query_row(tables, [], |row| row.get(0))?;
        if tables > 0 {
            return Err(DatabaseError::Damaged(
                "it has tables of somebody else".to_owned(),
            ));
        }
    } else if id != APPLICATION_ID {
        return Err(DatabaseError::Damaged(
            "it belongs to another program".to_owned(),
        ));
    }
    if !(0..NO_VERSION).contains(&version) {
        return Err(DatabaseError::Damaged(format!("it has version {version}")));
    }
    if version > known {
        return Err(DatabaseError::Other(format!(
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
