//! Rows that cannot be read: each is set aside, into the table `damaged` and the log, so that it costs
//! itself and nothing else.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{params, params_from_iter, Connection, Row, ToSql};

use crate::store::database_error::DatabaseError;

/// So many rows are kept for whoever wants to look at them; the oldest go first.
const MOST_KEPT: u32 = 200;

/// So long a value is kept and logged, in characters.
const LONGEST: usize = 500;

/// Every table, and what names a row of it.
pub(super) const TABLES: &[(&str, &[&str])] = &[
    ("tx", &["id"]),
    ("queue", &["seq"]),
    ("tx_data", &["tx", "n"]),
    ("register", &["connector"]),
    ("setting", &["key"]),
    ("flag", &["name"]),
    ("availability", &["connector"]),
    ("local_availability", &["connector"]),
    ("profile", &["id", "connector", "local"]),
    ("cache", &["tag"]),
];

/// A row that cannot be read.
pub(super) struct Spoilt {
    pub(super) table: &'static str,
    /// What names it; texts as bytes, since they may be none.
    key: Vec<Value>,
    /// Every value that it has.
    pub(super) record: String,
    pub(super) why: String,
}

impl Spoilt {
    pub(super) fn new(table: &'static str, row: &Row<'_>, why: DatabaseError) -> Self {
        let of_table = TABLES.iter().find(|(name, _)| *name == table);
        let columns = of_table.map_or(&[][..], |(_, columns)| columns);
        let key = columns.iter().map(|column| match row.get_ref(*column) {
            Ok(ValueRef::Text(bytes)) => Value::Blob(bytes.to_vec()),
            Ok(value) => Value::try_from(value).unwrap_or(Value::Null),
            Err(_) => Value::Null,
        });
        Self {
            table,
            key: key.collect(),
            record: record(table, row),
            why: why.text(),
        }
    }

    /// The transaction, if it is a row of one.
    pub(super) fn tx(&self) -> Option<i64> {
        match (self.table, self.key.first()) {
            ("tx", Some(Value::Integer(id))) => Some(*id),
            _ => None,
        }
    }
}

/// A row for people: `column=value`, without what nobody may see.
pub(super) fn record(table: &str, row: &Row<'_>) -> String {
    let names = row.as_ref().column_names();
    let shown = |(at, name): (usize, &str)| {
        let value = match row.get_ref(at) {
            // It may be a password.
            _ if table == "setting" && name == "value" => "...".to_owned(),
            Ok(ValueRef::Null) | Err(_) => "NULL".to_owned(),
            Ok(ValueRef::Integer(n)) => n.to_string(),
            Ok(ValueRef::Real(x)) => x.to_string(),
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                text.chars().take(LONGEST).collect()
            }
        };
        format!("{name}={value}")
    };
    let all: Vec<_> = names.into_iter().enumerate().map(shown).collect();
    all.join(" ")
}

/// Reads every row that a query finds; what cannot be read is named in `spoilt`.
pub(super) fn each<T>(
    db: &Connection,
    (table, sql): (&'static str, &str),
    values: &[&dyn ToSql],
    spoilt: &mut Vec<Spoilt>,
    read: impl Fn(&Row<'_>) -> Result<T, DatabaseError>,
) -> Result<Vec<T>, DatabaseError> {
    let mut all = Vec::new();
    each_row(db, (table, sql), values, spoilt, &mut |row| {
        all.push(read(row)?);
        Ok(())
    })?;
    Ok(all)
}

/// The same for what is not kept here. Not generic over it, to keep the code small.
fn each_row(
    db: &Connection,
    (table, sql): (&'static str, &str),
    values: &[&dyn ToSql],
    spoilt: &mut Vec<Spoilt>,
    take: &mut dyn FnMut(&Row<'_>) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    let mut found = db.prepare(sql)?;
    let mut rows = found.query(values)?;
    while let Some(row) = rows.next()? {
        if let Err(why) = take(row) {
            spoilt.push(Spoilt::new(table, row, why));
        }
    }
    Ok(())
}

/// Takes rows out of their tables, all or none. What belongs to a transaction goes with it, since
/// nothing of it can be delivered. Says what the host is to hear.
pub(super) fn set_aside(
    db: &mut Connection,
    mut spoilt: Vec<Spoilt>,
) -> Result<Vec<String>, DatabaseError> {
    if spoilt.is_empty() {
        return Ok(Vec::new());
    }
    let transactions: Vec<i64> = spoilt.iter().filter_map(Spoilt::tx).collect();
    let all = db.transaction()?;
    for id in transactions {
        let why = format!("it belongs to transaction {id}");
        for (table, sql) in [
            ("queue", "SELECT * FROM queue WHERE tx = ?1"),
            ("tx_data", "SELECT * FROM tx_data WHERE tx = ?1"),
        ] {
            let of_tx = |_: &Row<'_>| Err::<(), _>(DatabaseError::Damaged(why.clone()));
            each(&all, (table, sql), params![id], &mut spoilt, of_tx)?;
        }
    }
    for row in &spoilt {
        let columns = TABLES.iter().find(|(name, _)| *name == row.table);
        let columns = columns.map_or(&[][..], |(_, columns)| columns);
        let same = |(n, column): (usize, &&str)| {
            format!("CAST({column} AS BLOB) IS CAST(?{} AS BLOB)", n + 1)
        };
        let same: Vec<_> = columns.iter().enumerate().map(same).collect();
        let sql = format!("DELETE FROM {} WHERE {}", row.table, same.join(" AND "));
        all.execute(&sql, params_from_iter(&row.key))?;
        keep(&all, row.table, &row.record, &row.why)?;
    }
    all.commit()?;
    let told = spoilt.iter().map(|row| {
        format!(
            "a record in {} makes no sense ({}) and is set aside: {}",
            row.table, row.why, row.record
        )
    });
    Ok(told.collect())
}

/// Writes a row down for people, here and in the log.
pub(super) fn keep(
    db: &Connection,
    table: &str,
    record: &str,
    why: &str,
) -> Result<(), DatabaseError> {
    log::error!("a row of {table} cannot be read ({why}) and is set aside: {record}");
    let sql = "INSERT INTO damaged (place, why, row) VALUES (?1, ?2, ?3)";
    db.execute(sql, params![table, why, record])?;
    let sql = "DELETE FROM damaged WHERE rowid <= (SELECT max(rowid) FROM damaged) - ?1";
    db.execute(sql, params![MOST_KEPT])?;
    Ok(())
}
