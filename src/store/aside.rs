//! Rows that cannot be read: each is moved aside with all that it says, so that it costs itself alone.

use rusqlite::types::ValueRef;
use rusqlite::{params_from_iter, Connection, Row, ToSql};

use crate::store::trouble::Trouble;

/// A row that makes no sense.
struct Bad {
    /// Its key, as SQL literals.
    key: Vec<rusqlite::types::Value>,
    why: String,
    /// All of it, for people.
    text: String,
}

/// A table with the columns that make up its key.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static [&'static str],
}

/// Every table, and by what its rows are known.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "tx",
        key: &["id"],
    },
    Table {
        name: "queue",
        key: &["seq"],
    },
    Table {
        name: "tx_data",
        key: &["tx", "n"],
    },
    Table {
        name: "flag",
        key: &["name"],
    },
    Table {
        name: "register",
        key: &["connector"],
    },
    Table {
        name: "availability",
        key: &["connector"],
    },
    Table {
        name: "local_availability",
        key: &["connector"],
    },
    Table {
        name: "setting",
        key: &["key"],
    },
    Table {
        name: "profile",
        key: &["id"],
    },
    Table {
        name: "cache",
        key: &["tag"],
    },
];

/// So many rows are kept aside.
const MOST: i64 = 1_000;

/// Reads rows of a table, and moves those aside that make no sense. What became of them is added to
/// `told`.
pub(super) fn read<T>(
    db: &Connection,
    table: &str,
    rest: &str,
    values: &[&dyn ToSql],
    told: &mut Vec<String>,
    parse: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let Some(table) = TABLES.iter().find(|known| known.name == table) else {
        return Ok(Vec::new());
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    {
        let mut found = db.prepare(&format!("SELECT * FROM {} {rest}", table.name))?;
        let mut rows = found.query(values)?;
        while let Some(row) = rows.next()? {
            match parse(row) {
                Ok(value) => good.push(value),
                Err(why) => bad.push(Bad {
                    key: key_of(row, table)?,
                    why: why.text(),
                    text: text_of(row),
                }),
            }
        }
    }
    for row in bad {
        told.push(set_aside(db, table, &row)?);
    }
    Ok(good)
}

fn key_of(row: &Row<'_>, table: &Table) -> Result<Vec<rusqlite::types::Value>, Trouble> {
    let key = table.key.iter().map(|column| row.get(*column));
    Ok(key.collect::<Result<_, _>>()?)
}

/// A row as a technician can read it.
fn text_of(row: &Row<'_>) -> String {
    let columns = row.as_ref();
    let named = (0..columns.column_count()).map(|at| {
        let name = columns.column_name(at).unwrap_or("?");
        let value = match row.get_ref(at) {
            Ok(ValueRef::Null) => "NULL".to_owned(),
            Ok(ValueRef::Integer(number)) => number.to_string(),
            Ok(ValueRef::Real(number)) => number.to_string(),
            Ok(ValueRef::Text(text)) => format!("'{}'", String::from_utf8_lossy(text)),
            Ok(ValueRef::Blob(bytes)) => data_encoding::HEXLOWER.encode(bytes),
            Err(_) => "?".to_owned(),
        };
        // What is secret stays so.
        let secret = name == "value";
        format!("{name}={}", if secret { "..." } else { &value })
    });
    named.collect::<Vec<_>>().join(" ")
}

/// Moves a row aside, and says so.
fn set_aside(db: &Connection, table: &Table, row: &Bad) -> Result<String, Trouble> {
    let keep = "INSERT INTO damaged (place, why, row) SELECT ?1, ?2, ?3 \
                WHERE (SELECT count(*) FROM damaged) < ?4";
    db.execute(keep, rusqlite::params![table.name, row.why, row.text, MOST])?;
    let columns = table.key.iter().enumerate();
    let columns = columns.map(|(at, column)| format!("{column} IS ?{}", at + 1));
    let sql = format!(
        "DELETE FROM {} WHERE {}",
        table.name,
        columns.collect::<Vec<_>>().join(" AND ")
    );
    db.execute(&sql, params_from_iter(&row.key))?;
    let text = format!(
        "a record in {} makes no sense ({}) and is set aside: {}",
        table.name, row.why, row.text
    );
    log::error!("{text}");
    Ok(text)
}
