//! The tests in docs/conformance.md are those that say of themselves what they prove, and the home of a rule is
//! the item of the code that says so of itself: each rule has one. `BLESS=1` writes both columns anew.

#![allow(clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;

#[path = "conformance/markers.rs"]
mod markers;

use markers::{is_case, is_rule, root, scan, Marked, Marks};

/// The numbers of the rules that the document covers.
const RULES: [RangeInclusive<u32>; 4] = [1..=92, 101..=107, 114..=131, 139..=156];

#[test]
fn every_marker_marks_something_and_names_what_is_in_the_table() {
    let Marks {
        proofs,
        homes,
        mut faults,
    } = scan();
    let rows = rows(&document());
    for (name, marked) in proofs.iter().chain(&homes) {
        if !rows.contains_key(name) {
            faults.push(format!("{name} is not in the table: {}", list(marked)));
        }
    }
    none(&faults);
}

#[test]
fn the_document_says_what_the_markers_say() {
    let marks = scan();
    let old = document();
    let mut new: Vec<_> = old.lines().map(|line| rewritten(line, &marks)).collect();
    new.push(String::new());
    let new = new.join("\n");
    if std::env::var_os("BLESS").is_some() {
        return fs::write(path(), new).expect("the document can be written");
    }
    let changed = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
    let faults: Vec<_> = changed
        .map(|(old, new)| format!("is:        {old}\n  should be: {new}"))
        .collect();
    none(&faults);
}

#[test]
fn every_rule_and_case_has_a_row() {
    let rows = rows(&document());
    let wanted: BTreeSet<_> = RULES.into_iter().flatten().map(|n| n.to_string()).collect();
    let found: BTreeSet<_> = rows.keys().filter(|name| is_rule(name)).cloned().collect();
    assert_eq!(found, wanted);
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_rule_and_case_has_a_test_or_is_a_deviation() {
    let proofs = scan().proofs;
    let document = document();
    let deviations = deviations(&document);
    let rows = document.lines().filter_map(row).map(|(name, _)| name);
    let bare = rows.filter(|name| !proofs.contains_key(*name) && !deviations.contains(*name));
    let faults: Vec<_> = bare.map(|name| format!("{name} has no test")).collect();
    none(&faults);
}

#[test]
fn every_rule_has_one_home_or_is_not_built() {
    let Marks { proofs, homes, .. } = scan();
    let document = document();
    let deviations = deviations(&document);
    let not_built = |rule: &str| deviations.contains(rule) && !proofs.contains_key(rule);
    let rows = document.lines().filter_map(row).map(|(name, _)| name);
    let rules = rows.filter(|name| is_rule(name));
    let faults = rules.filter_map(|rule| match homes.get(rule) {
        None => (!not_built(rule)).then(|| format!("{rule} has no home")),
        Some(homes) if homes.len() > 1 => {
            Some(format!("{rule} has several homes: {}", list(homes)))
        }
        Some(_) => None,
    });
    none(&faults.collect::<Vec<_>>());
}

fn none(faults: &[String]) {
    let text = faults.join("\n  ");
    assert!(faults.is_empty(), "{} faults:\n  {text}", faults.len());
}

// The document

fn path() -> PathBuf {
    root().join("docs/conformance.md")
}

fn document() -> String {
    fs::read_to_string(path()).expect("the document is there")
}

/// Number or name, and text, of a row: that of a rule has a home and tests, that of a case tests alone.
fn row(line: &str) -> Option<(&str, &str)> {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let (name, text, fits) = match cells[..] {
        [_, name, text, _, _, _] => (name, text, is_rule(name)),
        [_, name, text, _, _] => (name, text, is_case(name)),
        _ => return None,
    };
    fits.then_some((name, text))
}

/// The names of all rows, and how often each occurs.
fn rows(document: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for (name, _) in document.lines().filter_map(row) {
        *rows.entry(name.to_owned()).or_default() += 1;
    }
    rows
}

fn rewritten(line: &str, marks: &Marks) -> String {
    let Some((name, text)) = row(line) else {
        return line.to_owned();
    };
    let cell = |marked: &Marked| match marked.get(name).map(list) {
        Some(marked) => format!(" {marked} |"),
        None => " |".to_owned(),
    };
    let home = is_rule(name).then(|| cell(&marks.homes));
    let (home, tests) = (home.unwrap_or_default(), cell(&marks.proofs));
    format!("| {name} | {text} |{home}{tests}")
}

fn list(marked: &BTreeSet<String>) -> String {
    let marked: Vec<_> = marked.iter().map(|name| format!("`{name}`")).collect();
    marked.join(", ")
}

/// What stands under Deviations: "- **rules 7, 62**: ..." or "- **case TC_024**: ...".
fn deviations(document: &str) -> BTreeSet<String> {
    let section = document.split("\n## Deviations\n").nth(1).unwrap_or("");
    let items = section
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("**:"));
    let named = items.filter_map(|(names, _)| names.split_once(' '));
    named
        .flat_map(|(_, names)| names.split(',').map(|name| name.trim().to_owned()))
        .collect()
}
