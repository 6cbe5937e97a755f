//! No module imports upwards: `ffi -> handle -> shell -> {core -> wire, store}`.

#![allow(clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the bottom to the top, by path, and what each may name of the crate.
const LAYERS: &[(&str, &[&str])] = &[
    ("src/time.rs", &[]),
    ("src/wire", &["time", "wire"]),
    ("src/core", &["time", "wire", "core"]),
    ("src/store", &["time", "wire", "core", "store"]),
    (
        "src/shell",
        &[
            "time",
            "wire",
            "core",
            "store",
            "shell",
            "mailbox",
            "error",
            "charge_point",
        ],
    ),
    (
        "src/mailbox",
        &["time", "wire", "core", "error", "mailbox", "ChargePoint"],
    ),
    ("src/error.rs", &[]),
];

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).expect("the layer exists");
    entries
        .flat_map(|entry| files(&entry.expect("an entry").path()))
        .collect()
}

#[test]
fn no_layer_knows_those_above_it() {
    for (layer, allowed) in LAYERS {
        for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(layer)) {
            let text = fs::read_to_string(&file).expect("the file can be read");
            for named in text.split("crate::").skip(1) {
                let name: String = named
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                // In a comment, the store may be pointed to from the core.
                let documented =
                    *layer == "src/core" && name == "store" && text.contains("[`Store`]");
                let listed = named.starts_with('{') || allowed.contains(&name.as_str());
                assert!(listed || documented, "{}: crate::{name}", file.display());
            }
        }
    }
}

#[test]
fn the_core_does_no_io() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for layer in ["src/core", "src/wire"] {
        for file in files(&root.join(layer)) {
            let text = fs::read_to_string(&file).expect("the file can be read");
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
