//! The tests in docs/conformance.md are those that say of themselves what they prove, and nothing
//! is left without one. `BLESS=1` writes the column of tests anew.

#![allow(clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The numbers of the rules that the document covers.
const RULES: [RangeInclusive<u32>; 4] = [1..=92, 101..=107, 114..=131, 139..=156];

/// What was found: the number of a rule or the name of a case, and the tests that prove it.
type Proofs = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_marker_stands_above_a_test_and_names_what_is_in_the_table() {
    let (proofs, mut faults) = scan();
    let rows = rows(&document());
    for (name, tests) in proofs.iter().filter(|(name, _)| !rows.contains_key(*name)) {
        faults.push(format!("{name} is not in the table: {}", list(tests)));
    }
    none(&faults);
}

#[test]
fn the_tests_in_the_document_are_those_that_say_so() {
    let (proofs, _) = scan();
    let old = document();
    let mut new: Vec<_> = old.lines().map(|line| rewritten(line, &proofs)).collect();
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
    let is_rule = |name: &String| name.parse::<u32>().is_ok();
    let found: BTreeSet<_> = rows.keys().filter(|name| is_rule(name)).cloned().collect();
    assert_eq!(found, wanted);
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_rule_and_case_has_a_test_or_is_a_deviation() {
    let (proofs, _) = scan();
    let document = document();
    let deviations = deviations(&document);
    let rows = document.lines().filter_map(row).map(|(name, _)| name);
    let bare = rows.filter(|name| !proofs.contains_key(*name) && !deviations.contains(*name));
    let faults: Vec<_> = bare.map(|name| format!("{name} has no test")).collect();
    none(&faults);
}

#[test]
fn markers_are_read_through_attributes_and_comments() {
    let rust = concat!(
        "// rules: 38, 46\n// Why.\n#[cfg(x)]\n#[test]\nfn one() {}\n",
        "// cases: TC_004_2, X-FIN; rules: 40\n#[test]\nfn two() {}\n"
    );
    let python = concat!(
        "# rules: 7\n@pytest.mark.parametrize(\n    \"[\",\n    [1],\n)\n",
        "async def test_a(x):\n"
    );
    let (mut proofs, mut faults) = (Proofs::new(), Vec::new());
    read(rust, "a.rs", "//", &mut proofs, &mut faults);
    read(python, "b.py", "#", &mut proofs, &mut faults);
    none(&faults);
    let found: Vec<_> = proofs
        .iter()
        .map(|(name, tests)| format!("{name}={}", list(tests)))
        .collect();
    let (one, two) = ("`a.rs::one`", "`a.rs::two`");
    let wanted = [
        format!("38={one}"),
        format!("40={two}"),
        format!("46={one}"),
        "7=`b.py::test_a`".to_owned(),
        format!("TC_004_2={two}"),
        format!("X-FIN={two}"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_marker_that_marks_nothing_is_found() {
    for bad in [
        "// rules: 1\nfn helper() {}\n",
        "// rules: 1\n\n#[test]\nfn far() {}\n",
        "// rules: 1, two\n#[test]\nfn spelt() {}\n",
        "// rules:\n#[test]\nfn empty() {}\n",
        "// rules: 1; tests: 2\n#[test]\nfn other() {}\n",
        "// rules: 1\n",
    ] {
        let mut faults = Vec::new();
        read(bad, "a.rs", "//", &mut Proofs::new(), &mut faults);
        assert_eq!(faults.len(), 1, "{bad}");
    }
}

fn none(faults: &[String]) {
    let text = faults.join("\n  ");
    assert!(faults.is_empty(), "{} faults:\n  {text}", faults.len());
}

// The document

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path() -> PathBuf {
    root().join("docs/conformance.md")
}

fn document() -> String {
    fs::read_to_string(path()).expect("the document is there")
}

/// Number or name, and text, of a row that has tests.
fn row(line: &str) -> Option<(&str, &str)> {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [_, name, text, _, _] = cells[..] else {
        return None;
    };
    let case = name.starts_with("TC_") || name.starts_with("X-");
    (case || name.parse::<u32>().is_ok()).then_some((name, text))
}

/// The names of all rows, and how often each occurs.
fn rows(document: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for (name, _) in document.lines().filter_map(row) {
        *rows.entry(name.to_owned()).or_default() += 1;
    }
    rows
}

fn rewritten(line: &str, proofs: &Proofs) -> String {
    let Some((name, text)) = row(line) else {
        return line.to_owned();
    };
    let tests = proofs.get(name).map(list).unwrap_or_default();
    format!("| {name} | {text} | {tests} |").replace("|  |", "| |")
}

fn list(tests: &BTreeSet<String>) -> String {
    let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
    tests.join(", ")
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

// The tests

/// Every marker of every test, and what is wrong with those that mark none.
fn scan() -> (Proofs, Vec<String>) {
    let (mut proofs, mut faults) = (Proofs::new(), Vec::new());
    let places = [
        ("tests", "rs", "//", false),
        ("src", "rs", "//", true),
        ("tests/python", "py", "#", false),
    ];
    for (folder, extension, comment, deep) in places {
        for file in files(&root().join(folder), extension, deep) {
            let text = fs::read_to_string(&file).expect("a test can be read");
            let inner = file.strip_prefix(root()).expect("it is inside");
            let inner = inner.to_string_lossy().replace('\\', "/");
            let inner = inner.trim_start_matches("tests/python/");
            let name = inner.trim_start_matches("tests/");
            read(&text, name, comment, &mut proofs, &mut faults);
        }
    }
    (proofs, faults)
}

fn files(folder: &Path, extension: &str, deep: bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() && deep {
            found.append(&mut files(&path, extension, deep));
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found
}

/// Reads the markers of one file. What stands above a test, comments, attributes and decorators,
/// belongs to it; an empty line or anything else ends that.
fn read(text: &str, file: &str, comment: &str, proofs: &mut Proofs, faults: &mut Vec<String>) {
    let rust = comment == "//";
    let mut marked: Option<(usize, Vec<String>)> = None;
    let (mut is_test, mut open) = (false, 0);
    for (number, line) in text.lines().chain([""]).enumerate() {
        let (line, place) = (line.trim_start(), format!("{file}:{}", number + 1));
        if let Some(marker) = marker(line, comment) {
            match names(marker) {
                Some(names) => marked
                    .get_or_insert((number + 1, Vec::new()))
                    .1
                    .extend(names),
                None => faults.push(format!("{place}: cannot be read: {line}")),
            }
            continue;
        }
        let introduces = if rust { "#[" } else { "@" };
        if open > 0 || line.starts_with(introduces) {
            is_test |= line.starts_with("#[test]");
            open += depth(line);
            continue;
        }
        if line.starts_with(comment) {
            continue;
        }
        if let Some((at, names)) = marked.take() {
            match test_of(line, rust).filter(|_| is_test || !rust) {
                Some(test) => names.into_iter().for_each(|name| {
                    proofs
                        .entry(name)
                        .or_default()
                        .insert(format!("{file}::{test}"));
                }),
                None => faults.push(format!("{file}:{at}: a marker that stands above no test")),
            }
        }
        is_test = false;
    }
}

/// How many brackets a line opens more than it closes, outside of quotes.
fn depth(line: &str) -> i32 {
    let code = line.split('"').step_by(2).flat_map(str::chars);
    code.map(|c| match c {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    })
    .sum()
}

fn marker<'a>(line: &'a str, comment: &str) -> Option<&'a str> {
    let text = line.strip_prefix(comment)?.strip_prefix(' ')?;
    (text.starts_with("rules:") || text.starts_with("cases:")).then_some(text)
}

/// The rules and cases that a marker names.
fn names(marker: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for part in marker.split(';') {
        let (kind, names) = part.trim().split_once(':')?;
        for name in names.split(',').map(str::trim) {
            let good = match kind {
                "rules" => name.parse::<u32>().is_ok(),
                "cases" => name.starts_with("TC_") || name.starts_with("X-"),
                _ => false,
            };
            all.push(good.then(|| name.to_owned())?);
        }
    }
    Some(all)
}

/// The name of the function that a line begins, if that can be a test.
fn test_of(line: &str, rust: bool) -> Option<&str> {
    let name = if rust {
        line.strip_prefix("fn ")?
    } else {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("def ")
            .filter(|name| name.starts_with("test_"))?
    };
    name.split('(').next()
}
