//! `include/evcp.h` is what `src/ffi` says. `BLESS=1` writes it.

use std::fs;

#[test]
fn the_committed_header_is_made_from_the_source() {
    let path = evcp_header::root().join("include/evcp.h");
    let made = evcp_header::generate();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).expect("include/evcp.h can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "include/evcp.h is out of date: run `make header`");
}
