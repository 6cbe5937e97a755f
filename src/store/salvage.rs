//! What can still be read of a damaged database, as a fresh one.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{params_from_iter, Connection};

use crate::store::database_error::DatabaseError;
use crate::store::schema::COLUMNS;
use crate::store::spoilt::{keep, record, TABLES};

/// So many rows of a table are looked for one by one where it cannot be read through.
const MOST_PROBED: i64 = 20_000;

/// Copies every row that can be read from a damaged file into a fresh database. Says what was found.
pub(super) fn salvage(damaged: &Path, fresh: &mut Connection) -> Result<String, DatabaseError> {
    let old = Connection::open(damaged)?;
    // It is kept as it is, for whoever wants to look at it.
    old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    old.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    // A schema of which a part is damaged serves for the rest.
    let _ = old.pragma_update(None, "writable_schema", true);
    old.execute_batch("BEGIN")?;
    let _ = mend_schema(&old, fresh);
    fresh.pragma_update(None, "ignore_check_constraints", true)?;
    let all = fresh.transaction()?;
    let mut found = Vec::new();
    for (table, key) in TABLES {
        let (rows, whole) = copy(&old, &all, table, key)?;
        let end = if whole {
            ""
        } else {
            " and others that cannot be read"
        };
        if rows > 0 || !whole {
            found.push(format!("{table} {rows}{end}"));
        }
    }
    // The number of a transaction is never used again.
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'tx'";
    if let Ok(last) = old.query_row(sql, [], |row| row.get::<_, i64>(0)) {
        let sql = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'tx'";
        if all.execute(sql, [last])? == 0 {
            all.execute("INSERT INTO sqlite_sequence VALUES ('tx', ?1)", [last])?;
        }
    }
    all.commit()?;
    fresh.pragma_update(None, "ignore_check_constraints", false)?;
    Ok(if found.is_empty() {
        "nothing in it can be read".to_owned()
    } else {
        format!("rows that were salvaged: {}", found.join(", "))
    })
}

/// Says anew what the tables are that nobody knows any more, for this connection alone: it is never
/// committed.
fn mend_schema(old: &Connection, fresh: &Connection) -> Result<(), rusqlite::Error> {
    let ours = |name: &[u8]| COLUMNS.iter().any(|(table, _)| table.as_bytes() == name);
    for (table, columns) in COLUMNS {
        if old
            .prepare(&format!("SELECT {columns} FROM {table}"))
            .is_ok()
        {
            continue;
        }
        let mut all = old.prepare("SELECT rowid, CAST(name AS BLOB) FROM sqlite_master")?;
        let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let all: Vec<(i64, Vec<u8>)> = all.filter_map(Result::ok).collect();
        let named = all.iter().find(|(_, name)| name == table.as_bytes());
        // Its name is spoilt: of that length there is one that is none of ours.
        let like = |name: &[u8]| !ours(name) && name.len() == table.len();
        let Some((at, _)) = named.or_else(|| all.iter().find(|(_, name)| like(name))) else {
            continue;
        };
        let sql = "SELECT sql FROM sqlite_master WHERE name = ?1";
        let sql: String = fresh.query_row(sql, [table], |row| row.get(0))?;
        let change = "UPDATE sqlite_master SET type = 'table', name = ?1, tbl_name = ?1, sql = ?2 \
            WHERE rowid = ?3";
        old.execute(change, rusqlite::params![table, sql, at])?;
        old.execute_batch("PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON")?;
    }
    Ok(())
}

/// Copies a table: from its beginning and from its end up to where it cannot be read, and then row by
/// row in between. Says how many rows, and whether those are all.
fn copy(
    old: &Connection,
    fresh: &Connection,
    table: &str,
    key: &[&str],
) -> Result<(usize, bool), DatabaseError> {
    let names = COLUMNS.iter().find(|(name, _)| *name == table);
    let names = names.map_or("", |(_, columns)| columns);
    let count = names.split(',').count();
    let places: Vec<_> = (1..=count).map(|n| format!("?{n}")).collect();
    let places = places.join(", ");
    let into = format!("INSERT INTO {table} ({names}) VALUES ({places})");
    if old
        .prepare(&format!("SELECT {names} FROM {table}"))
        .is_err()
    {
        // An older version had no such table, or nobody knows any more where it is.
        return Ok((0, true));
    }
    let mut rows = 0;
    let mut ends = [None, None];
    let mut read = |sql: &str, end: &mut Option<i64>| -> Result<bool, DatabaseError> {
        let Ok(mut found) = old.prepare(sql) else {
            return Ok(false);
        };
        let Ok(mut found) = found.query([]) else {
            return Ok(false);
        };
        loop {
            let row = match found.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            };
            let values: Result<Vec<Value>, _> = (0..count).map(|n| row.get(n)).collect();
            *end = row.get(count).ok();
            let copied = match values {
                Ok(values) => fresh.execute(&into, params_from_iter(values)),
                Err(why) => Err(why),
            };
            match copied {
                Ok(count) => rows += count,
                // It was read before, or the row before this one has its name.
                Err(why) if why.sqlite_error_code() == Some(TWICE) && is_twice(&why) => {}
                Err(why) => keep(fresh, table, &record(table, row), &why.to_string())?,
            }
        }
    };
    let by_number = key.len() == 1 && !matches!(key[0], "key" | "name" | "tag");
    let order = key.join(", ");
    let back: Vec<_> = key.iter().map(|column| format!("{column} DESC")).collect();
    let last = if by_number { key[0] } else { "NULL" };
    let select = format!("SELECT {names}, {last} FROM {table}");
    let forth = format!("{select} ORDER BY {order}");
    if read(&forth, &mut ends[0])? {
        return Ok((rows, true));
    }
    read(
        &format!("{select} ORDER BY {}", back.join(", ")),
        &mut ends[1],
    )?;
    if by_number {
        let from = ends[0].map_or(0, |n| n.saturating_add(1));
        let to = ends[1]
            .unwrap_or(i64::MAX)
            .min(from.saturating_add(MOST_PROBED));
        for n in from..to {
            read(&format!("{select} WHERE {last} = {n}"), &mut None)?;
        }
    }
    Ok((rows, false))
}

const TWICE: rusqlite::ErrorCode = rusqlite::ErrorCode::ConstraintViolation;

/// Whether a row of that name is there already.
fn is_twice(why: &rusqlite::Error) -> bool {
    matches!(why, rusqlite::Error::SqliteFailure(code, _)
        if matches!(code.extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID))
}
