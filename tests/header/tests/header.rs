//! `include/evcp.h` and `include/evcp_test.h` are what `src/ffi` says. `BLESS=1` writes them.

use std::fs;

fn compare(name: &str, made: &str) {
    let path = evcp_header::root().join("include").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, made).expect("the header can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "include/{name} is out of date: run `make header`");
}

#[test]
fn the_committed_header_is_made_from_the_source() {
    compare("evcp.h", &evcp_header::generate());
}

#[test]
fn the_committed_header_of_the_test_kit_is_made_from_the_source() {
    compare("evcp_test.h", &evcp_header::generate_kit());
}
