//! What can be read of a damaged database goes into a fresh one, row by row.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{params_from_iter, Connection, OpenFlags};

use crate::store::aside::{Table, TABLES};
use crate::store::schema::APPLICATION_ID;
use crate::store::trouble::Trouble;

/// Copies what can be read of a damaged file; how many rows that were.
pub(super) fn salvage(from: &Path, to: &mut Connection) -> Result<usize, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(damaged) = Connection::open_with_flags(from, flags) else {
        return Ok(0);
    };
    // A file of somebody else holds nothing of ours.
    let id = damaged.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0));
    if !matches!(id, Ok(APPLICATION_ID)) {
        return Ok(0);
    }
    let transaction = to.transaction()?;
    let mut saved = 0;
    for table in TABLES {
        saved += copy(&damaged, &transaction, table)?;
    }
    transaction.commit()?;
    Ok(saved)
}

fn columns(db: &Connection, table: &Table) -> Vec<String> {
    let sql = format!("SELECT name FROM pragma_table_info('{}')", table.name);
    let Ok(mut found) = db.prepare(&sql) else {
        return Vec::new();
    };
    let names = found.query_map([], |row| row.get(0));
    names.map_or_else(|_| Vec::new(), |names| names.flatten().collect())
}

/// From both ends, as far as the damage in between.
fn copy(from: &Connection, to: &Connection, table: &Table) -> Result<usize, Trouble> {
    let known = columns(to, table);
    let there: Vec<_> = columns(from, table)
        .into_iter()
        .filter(|name| known.contains(name))
        .collect();
    if there.is_empty() {
        return Ok(0);
    }
    let names = there.join(", ");
    let places = vec!["?"; there.len()].join(", ");
    let insert = format!(
        "INSERT OR IGNORE INTO {} ({names}) VALUES ({places})",
        table.name
    );
    let mut insert = to.prepare(&insert)?;
    let mut saved = 0;
    for direction in ["ASC", "DESC"] {
        let order: Vec<_> = table
            .key
            .iter()
            .map(|key| format!("{key} {direction}"))
            .collect();
        let sql = format!(
            "SELECT {names} FROM {} ORDER BY {}",
            table.name,
            order.join(", ")
        );
        let Ok(mut found) = from.prepare(&sql) else {
            continue;
        };
        let Ok(mut rows) = found.query([]) else {
            continue;
        };
        while let Ok(Some(row)) = rows.next() {
            let values: Result<Vec<Value>, _> = (0..there.len()).map(|at| row.get(at)).collect();
            let Ok(values) = values else { continue };
            // What breaks a rule of the table is not what was written.
            saved += insert.execute(params_from_iter(values)).unwrap_or(0);
        }
    }
    Ok(saved)
}
