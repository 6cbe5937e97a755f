//! docs/configuration.md says what the code does.
#![allow(clippy::panic)]

use evcp::core::{Rights, Tuning, KEYS};

/// The cells of the table rows under a heading.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/configuration.md"
    ));
    let text = text.expect("the document is there");
    let (_, section) = text.split_once(heading).expect("the heading is there");
    let section = section.split("\n#").next().unwrap_or(section);
    let table = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| {
        line.trim_matches('|')
            .split(" | ")
            .map(|c| c.trim().to_owned())
            .collect()
    };
    table.map(cells).collect()
}

#[test]
fn the_table_of_keys_is_that_of_the_code() {
    let expected: Vec<_> = KEYS
        .iter()
        .map(|row| {
            let access = match row.rights {
                Rights::ReadWrite => "read, write",
                Rights::ReadOnly => "read",
                Rights::WriteOnly => "write",
            };
            let default = if row.default.is_empty() {
                "(empty)"
            } else {
                row.default
            };
            [row.name, access, &row.values(), default]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    let rows = rows("## Configuration keys of OCPP");
    let said: Vec<_> = rows.iter().map(|row| row[..4].to_vec()).collect();
    assert_eq!(said, expected);
    for row in rows {
        assert!(row[4].len() > 20, "{} says nothing", row[0]);
    }
}

#[test]
fn the_table_of_settings_has_each_with_its_default() {
    let rows = rows("## Settings of the library");
    let names: Vec<_> = rows
        .iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert_eq!(names, Tuning::NAMES);
    for row in rows {
        let mut tuning = Tuning::default();
        let default = if row[2] == "(empty)" { "" } else { &row[2] };
        assert_eq!(
            tuning.set(row[0].trim_matches('`'), default),
            Ok(()),
            "{row:?}"
        );
        assert_eq!(tuning, Tuning::default(), "{row:?} is not the default");
    }
}
