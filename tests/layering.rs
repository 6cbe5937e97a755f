//! No module imports upwards: `ffi -> charge_point -> shell -> {mailbox, store} -> core -> wire`. Outside the
//! core, no file imports one that imports it. And no file is long.

#![allow(clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the bottom to the top, by path, and what each may name of the crate.
const LAYERS: &[(&str, &[&str])] = &[
    ("src/time.rs", &[]),
    ("src/error.rs", &[]),
    ("src/types", &["time", "types"]),
    ("src/wire/json", &["time", "types", "wire::json"]),
    ("src/wire/v16", &["time", "types", "wire"]),
    ("src/core", &["time", "types", "wire", "core"]),
    ("src/store", &["time", "types", "core", "store"]),
    (
        "src/mailbox",
        &["time", "types", "core", "error", "mailbox"],
    ),
    (
        "src/shell",
        &[
            "time", "types", "core", "store", "error", "mailbox", "shell",
        ],
    ),
    (
        "src/kit",
        &[
            "time", "types", "core", "store", "error", "mailbox", "shell", "kit",
        ],
    ),
    (
        "src/charge_point",
        &[
            "time",
            "types",
            "core",
            "store",
            "error",
            "mailbox",
            "shell",
            "kit",
            "charge_point",
        ],
    ),
    (
        "src/ffi",
        &[
            "time",
            "types",
            "core",
            "error",
            "mailbox",
            "shell",
            "kit",
            "charge_point",
            "ffi",
        ],
    ),
];

/// The owners in the core, and what each may name beside the types that the core hands on.
const OWNERS: &[(&str, &[&str])] = &[
    ("src/core/settings", &["core::settings"]),
    (
        "src/core/ledger",
        &["core::ledger", "core::output", "core::message_ids"],
    ),
    (
        "src/core/link",
        &[
            "core::link",
            "core::output",
            "core::message_ids",
            "core::parting",
            "wire::json",
        ],
    ),
    (
        "src/core/station",
        &[
            "core::station",
            "core::ledger",
            "core::output",
            "core::settings",
            "core::clock",
            "core::parting",
        ],
    ),
    (
        "src/core/protocol",
        &[
            "core::protocol",
            "core::station",
            "core::ledger",
            "core::link",
            "core::output",
            "core::settings",
            "core::clock",
            "wire",
        ],
    ),
];

/// Where the state of the core is.
const STATE: &[&str] = &[
    "src/core/engine.rs",
    "src/core/output.rs",
    "src/core/clock.rs",
    "src/core/message_ids.rs",
    "src/core/ledger",
    "src/core/link",
    "src/core/station",
    "src/core/protocol",
];

/// What has open fields there: values that are made, passed on and read, with nothing in them that must fit
/// together while they are kept. Whoever keeps one has it in a field of its own, which is not open.
const VALUES: &[(&str, &[&str])] = &[
    (
        "what is worked with while something happens",
        &["Context", "View"],
    ),
    (
        "what one owner tells another, and what a verb takes or returns",
        &[
            "Allowed",
            "Attempts",
            "Begin",
            "Bounds",
            "Call",
            "Caller",
            "Composite",
            "Counters",
            "End",
            "Ending",
            "Instant",
            "Kept",
            "Least",
            "Limit",
            "ListedProfile",
            "Load",
            "Offer",
            "Owner",
            "Prevailing",
            "Shown",
            "Site",
            "Together",
            "Volts",
        ],
    ),
    ("never changed once it has been made", &["Profile"]),
    (
        "room to work in, empty before and after",
        &["Claim", "Demand", "Part", "Scratch"],
    ),
];

/// What a file may have at most. More is more than one idea.
const MOST_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).expect("the layer exists");
    entries
        .flat_map(|entry| files(&entry.expect("an entry").path()))
        .collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("the file can be read")
}

/// A file of the crate, for the arrows between files.
struct Module {
    file: String,
    path: Vec<String>,
    /// Its code, without comments and unit tests.
    code: String,
}

impl Module {
    fn of(file: &Path) -> Self {
        let below = file.strip_prefix(root().join("src")).expect("it is in src");
        let mut path: Vec<String> = below
            .with_extension("")
            .iter()
            .map(|part| part.to_str().expect("it is UTF-8").to_owned())
            .collect();
        if matches!(path.last().map(String::as_str), Some("mod" | "lib")) {
            path.pop();
        }
        let text = read(file);
        let code = text.split("#[cfg(test)]\nmod tests").next();
        let code = code.expect("split() gives one part").lines();
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        Self {
            file: below.display().to_string(),
            path,
            code: code.collect::<Vec<_>>().join("\n"),
        }
    }

    /// What it names of the crate, each as a path from the crate's root.
    fn named(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            expand(&self.code[at + "crate::".len()..], &[], &mut all);
        }
        for (at, _) in self.code.match_indices("super::") {
            let above = &self.path[..self.path.len().saturating_sub(1)];
            expand(&self.code[at + "super::".len()..], above, &mut all);
        }
        for (_, tree) in self.uses() {
            if !["crate::", "super::"].iter().any(|it| tree.starts_with(it)) {
                expand(tree, &self.path, &mut all);
            }
        }
        all
    }

    /// Its `use` statements: whether they hand on, and what they name.
    fn uses(&self) -> Vec<(bool, &str)> {
        let mut all = Vec::new();
        for (at, _) in self.code.match_indices("use ") {
            let line = self.code[..at].rsplit('\n').next();
            let before = line.expect("rsplit() gives one part").trim();
            if before.is_empty() || before.starts_with("pub") {
                all.push((!before.is_empty(), &self.code[at + "use ".len()..]));
            }
        }
        all
    }
}

/// The paths of a tree such as `a::{b, c::d}` at the beginning of a text; returns where it ends.
fn expand(tree: &str, above: &[String], all: &mut Vec<Vec<String>>) -> usize {
    let mut path = above.to_vec();
    let mut at = 0;
    loop {
        let rest = &tree[at..];
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        if word > 0 {
            path.push(rest[..word].to_owned());
            at += word;
        } else if rest.starts_with('{') {
            at += 1;
            while !tree[at..].starts_with('}') {
                let inner = &tree[at..];
                let skipped = inner.len() - inner.trim_start_matches([' ', '\n', ',']).len();
                at += skipped;
                if !tree[at..].starts_with('}') {
                    let length = expand(&tree[at..], &path, all);
                    assert!(length > 0, "not understood: {inner}");
                    at += length;
                }
            }
            return at + 1;
        } else if rest.starts_with('*') {
            at += 1;
        }
        if !tree[at..].starts_with("::") {
            break;
        }
        at += 2;
    }
    all.push(path);
    at
}

/// All files outside the core.
struct Crate(BTreeMap<Vec<String>, Module>);

impl Crate {
    fn read() -> Self {
        let mut modules = BTreeMap::new();
        for file in files(&root().join("src")) {
            let module = Module::of(&file);
            let is_test = module.file.ends_with("tests.rs");
            if module.path.first().map(String::as_str) != Some("core") && !is_test {
                modules.insert(module.path.clone(), module);
            }
        }
        Self(modules)
    }

    /// The module that a path leads to: through those that hand its name on, to the one that has it.
    fn home(&self, path: &[String]) -> Option<&Module> {
        let inside = (0..=path.len())
            .rev()
            .find(|&length| self.0.contains_key(&path[..length]));
        let module = &self.0[&path[..inside?]];
        let Some(name) = path.get(inside?) else {
            return Some(module);
        };
        for (handed_on, tree) in module.uses() {
            let mut all = Vec::new();
            match tree.strip_prefix("crate::") {
                Some(tree) => expand(tree, &[], &mut all),
                None => expand(tree, &module.path, &mut all),
            };
            let handed = |it: &Vec<String>| it.last() == Some(name) && it != path;
            let from = all.into_iter().find(handed);
            if let (true, Some(from)) = (handed_on, from) {
                return self.home(&from);
            }
        }
        Some(module)
    }

    /// Which file imports which.
    fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for module in self.0.values() {
            for path in module.named() {
                let local = ["std", "core"].contains(&path[0].as_str());
                let Some(home) = self.home(&path).filter(|_| !local) else {
                    continue;
                };
                if home.file != module.file {
                    arrows.entry(&module.file).or_default().insert(&home.file);
                }
            }
        }
        arrows
    }
}

/// The files of the core, and which of them know which: by what they import, and by the verbs of an owner that
/// they call through `self`, which no import shows.
struct Core(Vec<Module>);

impl Core {
    fn read() -> Self {
        let modules = files(&root().join("src/core"));
        let modules = modules.iter().map(|file| Module::of(file));
        Self(
            modules
                .filter(|it| !it.file.ends_with("tests.rs"))
                .collect(),
        )
    }

    fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let verbs = self.verbs();
        for module in &self.0 {
            let known = arrows.entry(&module.file).or_default();
            known.extend(self.imported(module));
            for (owner, name) in module.owner_and_calls() {
                known.extend(verbs.get(&(owner, name)));
            }
            known.remove(module.file.as_str());
        }
        arrows
    }

    /// Where the names are defined that a file imports. What it only hands on it does not know.
    fn imported<'a>(&'a self, module: &'a Module) -> impl Iterator<Item = &'a str> + 'a {
        let uses = module
            .uses()
            .into_iter()
            .filter(|(handed_on, _)| !handed_on);
        let paths = uses.flat_map(|(_, tree)| {
            let mut all = Vec::new();
            match (tree.strip_prefix("crate::"), tree.strip_prefix("super::")) {
                (Some(tree), _) => expand(tree, &[], &mut all),
                (None, Some(tree)) => {
                    let levels = module.path.len() - usize::from(!module.is_directory());
                    let above = levels - usize::from(module.is_directory());
                    expand(tree, &module.path[..above], &mut all)
                }
                (None, None) => expand(tree.trim_start_matches("self::"), &module.path, &mut all),
            };
            all
        });
        let core = paths.filter(|path| path[0] == "core" && path.len() > 1);
        core.filter_map(|path| self.definition(&path))
    }

    /// The file that defines what a path names: of those that define such a name the one that is nearest.
    fn definition(&self, path: &[String]) -> Option<&str> {
        let (name, inside) = path.split_last()?;
        let defining = self.0.iter().filter(|module| module.defines(name));
        let shared = |module: &&Module| {
            let pairs = module.path.iter().zip(inside);
            pairs.take_while(|(one, other)| one == other).count()
        };
        defining
            .max_by_key(shared)
            .map(|module| module.file.as_str())
    }

    /// Each verb of an owner, and the file that has it.
    fn verbs(&self) -> BTreeMap<(&str, &str), &str> {
        let mut verbs = BTreeMap::new();
        for module in &self.0 {
            for (owner, block) in module.owner_blocks() {
                for (at, _) in block.match_indices("fn ") {
                    let indent = block[..at].rsplit('\n').next().unwrap_or_default();
                    if indent.starts_with("    ") && !indent.starts_with("     ") {
                        verbs.insert(
                            (owner, word(&block[at + "fn ".len()..])),
                            module.file.as_str(),
                        );
                    }
                }
            }
        }
        verbs
    }
}

/// Those whose verbs are in several files.
const OF_SEVERAL_FILES: [&str; 5] = ["Connector", "Ledger", "Link", "Station", "V16"];

/// The name at the beginning of a text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

impl Module {
    fn is_directory(&self) -> bool {
        self.file.ends_with("mod.rs")
    }

    fn defines(&self, name: &str) -> bool {
        let kinds = ["struct", "enum", "trait", "type", "fn", "const", "static"];
        self.code.lines().any(|line| {
            let item = line
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ");
            let item = item
                .trim_start_matches("pub ")
                .trim_start_matches("const fn ");
            let item = kinds
                .iter()
                .find_map(|kind| item.strip_prefix(kind))
                .unwrap_or(item);
            !line.starts_with(' ') && word(item.trim_start()) == name && !item.starts_with("use")
        })
    }

    /// The verbs of an owner that are in this file.
    fn owner_blocks(&self) -> impl Iterator<Item = (&'static str, &str)> {
        OF_SEVERAL_FILES.into_iter().flat_map(|owner| {
            let begin = format!("\nimpl {owner} {{\n");
            let blocks = self.code.split(begin.as_str()).skip(1);
            let blocks = blocks.map(|block| block.split("\n}\n").next().unwrap_or_default());
            blocks.map(move |block| (owner, block)).collect::<Vec<_>>()
        })
    }

    /// The structs that have a field which is open to other files.
    fn open_structs(&self) -> impl Iterator<Item = &str> {
        let structs = self.code.split("struct ").skip(1);
        structs.filter_map(|rest| {
            let end = rest.find("\n}\n").unwrap_or(rest.len());
            let body = match rest.lines().next() {
                Some(line) if line.ends_with(';') => line,
                _ => &rest[..end],
            };
            let is_open =
                body.contains("\n    pub") || body.contains("(pub") || body.contains(", pub");
            is_open.then(|| word(rest))
        })
    }

    /// The verbs that these call.
    fn owner_and_calls(&self) -> Vec<(&'static str, &str)> {
        let mut calls = Vec::new();
        for (owner, block) in self.owner_blocks() {
            for receiver in ["self.", "Self::", "self\n            .", "station.", "it."] {
                // In the file of another owner a station is not oneself.
                let its = owner == "Station" || !["station.", "it."].contains(&receiver);
                for (at, _) in block.match_indices(receiver).filter(|_| its) {
                    let rest = &block[at + receiver.len()..];
                    let verb = word(rest);
                    if rest[verb.len()..].starts_with('(') {
                        calls.push((owner, verb));
                    }
                }
            }
        }
        calls
    }
}

/// The first circle that is found going on from the last file of a way.
fn circle<'a>(
    way: &mut Vec<&'a str>,
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    done: &mut BTreeSet<&'a str>,
) -> Option<String> {
    let last = way.last().copied()?;
    for next in arrows.get(last).into_iter().flatten() {
        if let Some(at) = way.iter().position(|it| it == next) {
            return Some(format!("{} -> {next}", way[at..].join(" -> ")));
        }
        if !done.contains(next) {
            way.push(next);
            let found = circle(way, arrows, done);
            if found.is_some() {
                return found;
            }
            way.pop();
        }
    }
    done.insert(last);
    None
}

/// What the code of a file names from the root of the crate on.
fn named_from_the_root(module: &Module) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in module.code.match_indices("crate::") {
        expand(&module.code[at + "crate::".len()..], &[], &mut named);
    }
    named.into_iter().map(|path| path.join("::")).collect()
}

/// Whether a path lies in one of these modules.
fn lies_in(path: &str, modules: &[&str]) -> bool {
    let inside = |module: &&str| {
        let rest = path.strip_prefix(*module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    modules.iter().any(inside)
}

#[test]
fn no_layer_knows_those_above_it() {
    for (layer, allowed) in LAYERS {
        for file in files(&root().join(layer)) {
            let module = Module::of(&file);
            let is_test = module.file.ends_with("tests.rs");
            for path in named_from_the_root(&module).iter().filter(|_| !is_test) {
                let name = file.display();
                assert!(lies_in(path, allowed), "{name}: crate::{path}");
            }
        }
    }
}

#[test]
fn no_owner_in_the_core_knows_those_above_it() {
    for (owner, allowed) in OWNERS {
        for file in files(&root().join(owner)) {
            let module = Module::of(&file);
            for path in named_from_the_root(&module) {
                // What the core hands on are types, but for the engine, which owns the owners.
                let handed_on = path.strip_prefix("core::");
                let handed_on = handed_on.filter(|name| name.starts_with(char::is_uppercase));
                let fits = match handed_on {
                    Some(name) => name != "Engine",
                    None => lies_in(&path, &["time", "types"]) || lies_in(&path, allowed),
                };
                assert!(fits, "{}: crate::{path}", file.display());
            }
        }
    }
}

#[test]
fn one_protocol_alone_knows_the_messages_of_ocpp_1_6() {
    for file in files(&root().join("src")) {
        let module = Module::of(&file);
        let its = module.file.starts_with("core/protocol/v16") || module.file.starts_with("wire/");
        for path in named_from_the_root(&module).iter().filter(|_| !its) {
            let name = file.display();
            assert!(!lies_in(path, &["wire::v16"]), "{name}: crate::{path}");
        }
    }
}

#[test]
fn no_files_outside_the_core_import_each_other_in_a_circle() {
    let files = Crate::read();
    let arrows = files.arrows();
    let known = |from, to| arrows.get(from).is_some_and(|all| all.contains(to));
    // Through a module that hands a name on, and not.
    assert!(known("charge_point/mod.rs", "store/interface.rs"));
    assert!(known("ffi/guard.rs", "ffi/results.rs"));
    let mut done = BTreeSet::new();
    for file in arrows.keys() {
        assert_eq!(circle(&mut vec![file], &arrows, &mut done), None);
    }
}

#[test]
fn no_files_of_the_core_know_each_other_in_a_circle() {
    let core = Core::read();
    let arrows = core.arrows();
    let known = |from, to| arrows.get(from).is_some_and(|all| all.contains(to));
    // By a verb, by an import, by one of what a module hands on.
    assert!(known("core/station/stop.rs", "core/station/metering.rs"));
    assert!(known("core/ledger/mod.rs", "core/ledger/queue.rs"));
    assert!(known("core/station/stop.rs", "core/ledger/transactions.rs"));
    assert!(known("core/engine.rs", "core/station/mod.rs"));
    let mut done = BTreeSet::new();
    for file in arrows.keys() {
        assert_eq!(circle(&mut vec![file], &arrows, &mut done), None);
    }
}

#[test]
fn no_field_of_what_holds_state_in_the_core_is_open() {
    let mut open = BTreeSet::new();
    for place in STATE {
        for file in files(&root().join(place)) {
            let module = Module::of(&file);
            open.extend(module.open_structs().map(str::to_owned));
        }
    }
    let values = VALUES.iter().flat_map(|(_, names)| *names);
    let values: BTreeSet<_> = values.map(|name| (*name).to_owned()).collect();
    assert_eq!(open, values);
}

#[test]
fn no_file_is_longer_than_one_idea() {
    for file in files(&root().join("src")) {
        let lines = read(&file).lines().count();
        let name = file.strip_prefix(root()).expect("it is below the root");
        assert!(lines <= MOST_LINES, "{}: {lines}", name.display());
    }
}

#[test]
fn the_core_does_no_io() {
    for layer in ["src/core", "src/wire"] {
        for file in files(&root().join(layer)) {
            let text = read(&file);
            for banned in [
                "std::net",
                "std::fs",
                "std::thread",
                "std::time",
                "tokio",
                "rusqlite",
                "HashMap",
            ] {
                assert!(!text.contains(banned), "{}: {banned}", file.display());
            }
        }
    }
}
