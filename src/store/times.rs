//! Times in the rows of the tables that were stamped before the clock was first set.

use rusqlite::types::ValueRef;
use rusqlite::{params_from_iter, Connection};

use crate::core::Stamp;
use crate::store::database_error::DatabaseError;
use crate::time::Wall;

/// A time of a record: its table, its columns without `_ms` and `_synced`, what names a row, and how the
/// second and third of some values find it.
const TIMES: &[(&str, &str, &str, &str)] = &[
    ("tx", "started", "id", "id = ?2"),
    ("tx", "last", "id", "id = ?2"),
    ("tx", "stopped", "id", "id = ?2"),
    ("queue", "at", "seq", "seq = ?2"),
    ("tx_data", "at", "tx, n", "tx = ?2 AND n = ?3"),
];

/// Corrects every time that was not synced. Row by row, so that neither a long queue nor its samples are
/// in memory. SQLite leaves it open whether a query sees what changes under it; either is right here, since
/// what is corrected is not looked for any more. A spoilt key is looked for again and again, when another row
/// has it too: keys that do not rise are damage.
pub(super) fn correct(db: &Connection, step: i64) -> Result<(), DatabaseError> {
    for (table, time, key, same) in TIMES {
        let wrong = format!("SELECT {time}_ms, {key} FROM {table} WHERE {time}_synced = 0");
        // What is no number is no time, and stays for whoever reads the row.
        let right = format!(
            "UPDATE {table} SET {time}_ms = ifnull(?1, {time}_ms), {time}_synced = 1 WHERE {same}"
        );
        let (mut wrong, mut right) = (db.prepare(&wrong)?, db.prepare(&right)?);
        let columns = wrong.column_count();
        let mut rows = wrong.query([])?;
        let mut before: Option<Vec<i64>> = None;
        while let Some(row) = rows.next()? {
            let number = |column| match row.get_ref(column) {
                Ok(ValueRef::Integer(number)) => Some(number),
                _ => None,
            };
            let corrected = number(0).map(|ms| {
                let mut stamp = Stamp {
                    wall: Wall(ms),
                    synced: false,
                };
                stamp.correct(step);
                stamp.wall.0
            });
            // A key that is no number names no row.
            let Some(key) = (1..columns).map(number).collect::<Option<Vec<_>>>() else {
                continue;
            };
            if before.as_ref().is_some_and(|before| *before >= key) {
                let why = format!("the rows of {table} are out of order at {key:?}");
                return Err(DatabaseError::Damaged(why));
            }
            let numbers = key.iter().copied().map(Some);
            right.execute(params_from_iter(std::iter::once(corrected).chain(numbers)))?;
            before = Some(key);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::message;
    use crate::store::schema::MIGRATIONS;
    use crate::store::spoilt::each;

    fn database() -> Connection {
        let db = Connection::open_in_memory().expect("memory");
        for step in MIGRATIONS {
            db.execute_batch(step).expect("a step");
        }
        db
    }

    #[test]
    fn a_row_that_is_spoilt_hinders_no_correction_and_gets_no_time_that_was_made_up() {
        let db = database();
        db.execute_batch(
            "INSERT INTO queue VALUES (1, 'm', 0, 'meter', 7, 1, 'spoilt', 0, '[]'), \
             (2, 'm', 0, 'meter', 7, 1, 1000, 0, 'spoilt'), (3, 'm', 0, 'meter', 7, 1, 1000, 0, '[]'); \
             INSERT INTO tx_data VALUES ('spoilt', 1, 1000, 0, '[]'), (7, 1, x'00', 0, '[]'), \
             (7, 2, 1000, 0, '[]')",
        )
        .expect("rows");
        assert!(correct(&db, 500).is_ok());
        let times = |sql: &str| {
            let mut found = db.prepare(sql).expect("it can be asked");
            let rows = found.query_map([], |row| row.get::<_, String>(0));
            let rows = rows.expect("rows").collect::<Result<Vec<_>, _>>();
            rows.expect("texts")
        };
        let queue = "SELECT quote(at_ms) || ' ' || quote(samples) FROM queue ORDER BY seq";
        assert_eq!(
            times(queue),
            ["'spoilt' '[]'", "1500 'spoilt'", "1500 '[]'"]
        );
        let data = "SELECT quote(tx) || ' ' || quote(at_ms) FROM tx_data ORDER BY tx, n";
        assert_eq!(times(data), ["7 X'00'", "7 1500", "'spoilt' 1000"]);
        // Whoever reads the rows says which are spoilt.
        let mut spoilt = Vec::new();
        let all = ("queue", "SELECT * FROM queue");
        let read = each(&db, all, &[], &mut spoilt, message).ok();
        assert_eq!((read.map(|read| read.len()), spoilt.len()), (Some(1), 2));
    }

    #[test]
    fn keys_that_do_not_rise_are_damage_and_not_looked_for_for_ever() {
        let db = database();
        // As a flipped bit leaves it: a row whose key is that of an earlier one.
        db.execute_batch(
            "DROP TABLE queue; CREATE TABLE queue (seq INTEGER, at_ms INTEGER, at_synced INTEGER); \
             INSERT INTO queue VALUES (1, 1000, 0), (3, 1000, 0), (2, 1000, 0)",
        )
        .expect("rows");
        let why = correct(&db, 500).err().map(DatabaseError::text);
        assert_eq!(
            why.as_deref(),
            Some("the rows of queue are out of order at [2]")
        );
    }
}
