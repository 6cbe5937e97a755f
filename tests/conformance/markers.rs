//! The markers: `// rules: 38, 46` or `// cases: TC_004_2; rules: 40` above a test says what it proves; above an
//! item of the code it says what rule that holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The number of a rule or the name of a case, and what is marked with it.
pub(crate) type Marked = BTreeMap<String, BTreeSet<String>>;

/// All markers.
#[derive(Default)]
pub(crate) struct Marks {
    /// The tests that prove a rule, or a case.
    pub(crate) proofs: Marked,
    /// The items of the code that hold a rule.
    pub(crate) homes: Marked,
    /// Markers that mark nothing, or cannot be read.
    pub(crate) faults: Vec<String>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn is_rule(name: &str) -> bool {
    name.parse::<u32>().is_ok()
}

pub(crate) fn is_case(name: &str) -> bool {
    name.starts_with("TC_") || name.starts_with("X-")
}

pub(crate) fn scan() -> Marks {
    let mut marks = Marks::default();
    let places = [
        ("tests", "rs", "//", false),
        ("src", "rs", "//", true),
        ("tests/python", "py", "#", false),
    ];
    for (folder, extension, comment, deep) in places {
        for file in files(&root().join(folder), extension, deep) {
            let text = fs::read_to_string(&file).expect("a file can be read");
            let inner = file.strip_prefix(root()).expect("it is inside");
            let inner = inner.to_string_lossy().replace('\\', "/");
            let inner = inner.trim_start_matches("tests/python/");
            let name = inner.trim_start_matches("tests/");
            read(&text, name, comment, &mut marks);
        }
    }
    marks
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

/// Reads the markers of one file. What stands above a test, or an item of the code, comments, attributes and
/// decorators, belongs to it; an empty line or anything else ends that.
fn read(text: &str, file: &str, comment: &str, marks: &mut Marks) {
    let rust = comment == "//";
    // What stands beside the tests holds nothing.
    let mut is_code = file.starts_with("src/") && !file.ends_with("tests.rs");
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
                None => marks
                    .faults
                    .push(format!("{place}: cannot be read: {line}")),
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
        is_code &= !line.starts_with("mod tests {");
        let is_test = std::mem::take(&mut is_test) || !rust;
        let Some((at, names)) = marked.take() else {
            continue;
        };
        let test = test_of(line, rust).filter(|_| is_test);
        let item = item_of(line).filter(|_| is_code && names.iter().all(|name| is_rule(name)));
        let (kind, name) = match (test, item) {
            (Some(test), _) => (&mut marks.proofs, test),
            (None, Some(item)) => (&mut marks.homes, item),
            (None, None) => {
                let what = "a marker that stands above no test, nor above what can hold a rule";
                marks.faults.push(format!("{file}:{at}: {what}"));
                continue;
            }
        };
        for rule in names {
            let marked = kind.entry(rule).or_default();
            if !marked.insert(format!("{file}::{name}")) {
                let what = "this marker says what another says";
                marks.faults.push(format!("{file}:{at}: {what}"));
            }
        }
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
                "rules" => is_rule(name),
                "cases" => is_case(name),
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

/// The name of the item that a line begins; of an `impl` all that it says of itself. What a macro declares
/// counts, and so does the macro.
fn item_of(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    if line.starts_with("impl ") || line.starts_with("impl<") {
        return line.strip_suffix(" {");
    }
    let head = line.split(['(', '<', '{', ':', ';', '=']).next()?;
    let words: Vec<_> = head.split_whitespace().collect();
    let declared = |name: &str| name.ends_with('!') || name.starts_with(char::is_uppercase);
    match words[..] {
        [.., "fn" | "enum" | "struct" | "trait" | "type" | "const" | "static" | "mod", name] => {
            Some(name)
        }
        [name] if declared(name) && line == format!("{name} {{") => Some(name),
        _ => None,
    }
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
    let mut marks = Marks::default();
    read(rust, "a.rs", "//", &mut marks);
    read(python, "b.py", "#", &mut marks);
    assert_eq!(marks.faults, Vec::<String>::new());
    assert_eq!(marks.homes, Marked::new());
    let found: Vec<_> = marks
        .proofs
        .iter()
        .flat_map(|(name, tests)| tests.iter().map(move |test| format!("{name}={test}")))
        .collect();
    let (one, two) = ("a.rs::one", "a.rs::two");
    let wanted = [
        format!("38={one}"),
        format!("40={two}"),
        format!("46={one}"),
        "7=b.py::test_a".to_owned(),
        format!("TC_004_2={two}"),
        format!("X-FIN={two}"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn an_item_of_the_code_is_a_home_and_a_test_beside_it_is_none() {
    for (item, name) in [
        ("fn one(a: u8) -> u8 {", "one"),
        ("    pub(crate) const fn two<T>(", "two"),
        ("pub enum Three {", "Three"),
        ("pub struct Four(u16);", "Four"),
        ("const FIVE: &str = \"\";", "FIVE"),
        ("pub type Six = CiString<20>;", "Six"),
        ("mod seven;", "seven"),
        ("impl<T> Eight for Nine<T> {", "impl<T> Eight for Nine<T>"),
        ("macro! {", "macro!"),
        ("    Declared {", "Declared"),
    ] {
        let text = format!(
            "// rules: 38, 46\n/// What it is.\n#[derive(\n    Debug,\n)]\n{item}\n\n\
             mod tests {{\n    // rules: 7\n    #[test]\n    fn ten() {{}}\n"
        );
        let mut marks = Marks::default();
        read(&text, "src/a.rs", "//", &mut marks);
        assert_eq!(marks.faults, Vec::<String>::new());
        let home = BTreeSet::from([format!("src/a.rs::{name}")]);
        let wanted = ["38", "46"].map(|rule| (rule.to_owned(), home.clone()));
        assert_eq!(marks.homes, Marked::from(wanted));
        assert!(marks.proofs["7"].contains("src/a.rs::ten"));
    }
}

#[test]
fn a_marker_that_marks_nothing_is_found() {
    for (file, bad) in [
        ("a.rs", "// rules: 1\nfn helper() {}\n"),
        ("a.rs", "// rules: 1\n\n#[test]\nfn far() {}\n"),
        ("a.rs", "// rules: 1, two\n#[test]\nfn spelt() {}\n"),
        ("a.rs", "// rules:\n#[test]\nfn empty() {}\n"),
        ("a.rs", "// rules: 1; tests: 2\n#[test]\nfn other() {}\n"),
        ("a.rs", "// rules: 1\n"),
        ("src/a.rs", "// rules: 1\n\nfn far() {}\n"),
        ("src/a.rs", "// rules: 1\n    let line = 1;\n"),
        ("src/a.rs", "// rules: 1\n    Self::Arm => {\n"),
        ("src/a.rs", "// cases: TC_001\nfn of_a_case() {}\n"),
        (
            "src/a.rs",
            "mod tests {\n    // rules: 1\n    fn helper() {}\n",
        ),
        ("src/a_tests.rs", "// rules: 1\nfn helper() {}\n"),
        (
            "src/a.rs",
            "// rules: 1\nfn a() {}\n// rules: 1\nfn a() {}\n",
        ),
    ] {
        let mut marks = Marks::default();
        read(bad, file, "//", &mut marks);
        assert_eq!(marks.faults.len(), 1, "{bad}");
    }
}
