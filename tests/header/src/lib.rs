//! Makes `include/evcp.h` from `src/ffi`.
//!
//! cbindgen translates; what it does not do well is done here: one header from the files of
//! `src/ffi` in the order in which a reader needs them, a heading for each, the preamble, the
//! version, the initialisers, and no Rust-only `# Safety` sections.

mod kit;

use std::fs;
use std::path::{Path, PathBuf};

/// The files of `src/ffi` that are sections of the header, in its order.
const SECTIONS: &[&str] =
    &["results", "values", "codes", "samples", "supply", "tx_info", "config", "config_security", "config_keys", "claims", "notices", "restart_info", "callbacks",
        "dispatch", "life", "tell", "limits", "acts", "networks", "answer", "get", "details", "restart", "undelivered", "profiles", "names", "logging"];

/// Where the library's repository is.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The version in Cargo.toml.
fn version() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml is there");
    let line = manifest.lines().find(|line| line.starts_with("version = ")).expect("a version");
    line.split('"').nth(1).expect("a quoted version").to_owned()
}

const PREAMBLE: &str = "\
/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * evcp.h - an OCPP 1.6-J charge point in a library
 *
 * Made from src/ffi by `make header`. Do not edit.
 *
 * THREADS    Every function may be called from any thread, unless it says otherwise.
 *            Callbacks run only inside evcp_dispatch(), one at a time, on the thread that
 *            calls it; what ends with the charge point (destroy, evcp_data_fn) may also run
 *            inside evcp_free(). The network runs on a thread of the library that never calls you, with
 *            all signals masked. One exception, which must not call evcp_*: the log function.
 *            After fork() the child may only exec or _exit: daemon() comes before evcp_new(). All
 *            descriptors are close-on-exec. The library stays loaded after dlclose().
 * WAITING    Of the calls that a firmware makes while it runs, evcp_dispatch() and evcp_stop() wait, as
 *            long as their timeout_ms says; evcp_free(), 4 s at most; evcp_set_log(), for the log function;
 *            and evcp_new(), for the disk. All others return at once, also if the disk or the network hangs.
 * POINTERS   What a callback receives is valid until it returns. What you pass is copied
 *            before the call returns, and need not live longer. Only evcp_new() and
 *            evcp_config_new() give ownership; only *_free() takes it back. NULL is
 *            EVCP_E_INVALID, unless a function says what it means.
 * TEXT       UTF-8 and NUL-terminated, unless a length follows. Too long for OCPP, or not
 *            UTF-8: EVCP_E_INVALID, at the call.
 * GROWTH     A struct with struct_size grows at its end: start from its EVCP_..._INIT.
 *            A set of constants grows: treat an unknown value as \"other\".
 * MEMORY     comes from malloc(), which a program may replace; there is no other hook. When there is
 *            none the process ends by abort(), as by a power cut: what was told or sent is stored.
 *            What waits is bounded: see \"Memory\" in the guide.
 * CONNECTORS are numbered from 1; 0 is the charge point as a whole, where that makes sense.
 */
";

/// Makes `include/evcp.h`.
pub fn generate() -> String {
    let includes = ["stdbool.h", "stddef.h", "stdint.h"];
    let raw = translate(SECTIONS, "EVCP_H", &includes);
    let parts = Parts { preamble: PREAMBLE, macros: macros(), headings: HEADINGS, made: MADE_BY_THE_CALLER };
    parts.join(&raw, "#include <stdint.h>\n")
}

/// Makes `include/evcp_test.h`.
pub fn generate_kit() -> String {
    let raw = translate(kit::SECTIONS, "EVCP_TEST_H", &["evcp.h"]);
    let parts = Parts { preamble: kit::PREAMBLE, macros: String::new(), headings: kit::HEADINGS, made: kit::MADE_BY_THE_CALLER };
    let header = parts.join(&raw, "#include <evcp.h>\n");
    // Before the end of the guard.
    let end = header.rfind("\n#endif").expect("the guard is there");
    format!("{}\n{}{}", &header[..end], kit::FOR_CPP, &header[end..])
}

/// What cbindgen makes of these files of `src/ffi`.
fn translate(sections: &[&str], guard: &str, includes: &[&str]) -> String {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("cbindgen.toml");
    let mut config = cbindgen::Config::from_file(config).expect("cbindgen.toml can be read");
    config.include_guard = Some(guard.to_owned());
    config.sys_includes = includes.iter().map(|it| (*it).to_owned()).collect();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for section in sections {
        let file = root().join(format!("src/ffi/{section}.rs"));
        if file.exists() {
            builder = builder.with_src(file);
        }
    }
    let mut raw = Vec::new();
    builder.generate().expect("cbindgen understands src/ffi").write(&mut raw);
    String::from_utf8(raw).expect("the header is UTF-8")
}

/// What is said around that.
struct Parts {
    preamble: &'static str,
    macros: String,
    /// The first thing of each section, and the heading before it.
    headings: &'static [(&'static str, &'static str)],
    /// The structs that a program makes, and the library reads or fills.
    made: &'static [(&'static str, &'static str)],
}

fn macros() -> String {
    let version = version();
    let mut parts = version.split('.');
    let mut part = || parts.next().expect("three parts").to_owned();
    let (major, minor, patch) = (part(), part(), part());
    format!(
        "\n#define EVCP_VERSION_MAJOR {major}\n#define EVCP_VERSION_MINOR {minor}\n\
         #define EVCP_VERSION_PATCH {patch}\n\n\
         #if defined(__GNUC__)\n\
         #define EVCP_API __attribute__((visibility(\"default\")))\n\
         #else\n\
         #define EVCP_API\n\
         #endif\n"
    )
}

impl Parts {
    /// The header; `marker` is the last line before what it declares.
    fn join(&self, raw: &str, marker: &str) -> String {
        let inits = initialisers(self.made);
        let raw = with_parentheses(raw);
        let text = with_headings(&tidy_comments(&without_safety(&raw)), self.headings);
        let at = text.find(marker).expect("the includes are there") + marker.len();
        let end = text.rfind("#ifdef __cplusplus").expect("the C++ guard is there");
        let (head, body, tail) = (&text[..at], &text[at..end], &text[end..]);
        let mut header = format!("{}{head}{}{body}{inits}\n{tail}", self.preamble, self.macros);
        while header.contains("\n\n\n") {
            header = header.replace("\n\n\n", "\n\n");
        }
        header
    }
}

/// The structs that a program makes, and the library reads or fills.
const MADE_BY_THE_CALLER: &[(&str, &str)] = &[
    ("EVCP_CALLBACKS_INIT", "evcp_callbacks_t"),
    ("EVCP_SUPPLY_INIT", "evcp_supply_t"),
    ("EVCP_STATS_INIT", "evcp_stats_t"),
    ("EVCP_RESTART_INFO_INIT", "evcp_restart_info_t"),
    ("EVCP_TX_INFO_INIT", "evcp_tx_info_t"),
    ("EVCP_CONNECTION_INFO_INIT", "evcp_connection_info_t"),
    ("EVCP_BOOT_INFO_INIT", "evcp_boot_info_t"),
    ("EVCP_FAULT_INFO_INIT", "evcp_fault_info_t"),
    ("EVCP_KEY_INFO_INIT", "evcp_key_info_t"),
    ("EVCP_NETWORK_PROFILE_INIT", "evcp_network_profile_t"),
    ("EVCP_KEY_DECL_INIT", "evcp_key_decl_t"),
    ("EVCP_PROFILE_INFO_INIT", "evcp_profile_info_t"),
    ("EVCP_LIMIT_INIT", "evcp_limit_t"),
    ("EVCP_LOCAL_LIMIT_INIT", "evcp_local_limit_t"),
];

/// Initialisers for the structs that grow: designated in C, a value in C++, which has no designated ones before
/// C++20 and warns of what they leave out after that.
fn initialisers(made: &[(&str, &str)]) -> String {
    let all = |body: &dyn Fn(&str) -> String| -> String {
        made.iter().map(|(name, of)| format!("#define {name} {}\n", body(of))).collect()
    };
    let c = all(&|of| format!("{{ .struct_size = sizeof({of}) }}"));
    let cpp = all(&|of| {
        format!("([] {{ {of} sized_ = {{}}; sized_.struct_size = sizeof sized_; return sized_; }}())")
    });
    format!("/* Initialisers for the structs that grow. */\n#ifdef __cplusplus\n{cpp}#else\n{c}#endif\n")
}

/// Negative numbers in parentheses, as a macro needs them.
fn with_parentheses(raw: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" -") {
        Some((name, number)) if name.starts_with("#define EVCP_") && number.parse::<u32>().is_ok() => {
            format!("{name} (-{number})\n")
        }
        _ => format!("{line}\n"),
    };
    raw.lines().map(line).collect()
}

/// Takes out the `# Safety` sections, which speak to Rust.
fn without_safety(raw: &str) -> String {
    let mut out = String::new();
    let mut skipping = false;
    for line in raw.lines() {
        let trimmed = line.trim();
        if trimmed == "# Safety" {
            skipping = true;
            continue;
        }
        if skipping {
            if trimmed == "*/" {
                skipping = false;
            } else {
                continue;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The first thing of each section, and the heading before it.
const HEADINGS: &[(&str, &str)] = &[
    ("#define EVCP_OK 0", "Results"),
    ("#define EVCP_EV_ABSENT", "Values"),
    ("typedef struct evcp_config_t", "Types"),
    ("evcp_strerror(evcp_err_t", "Errors and version"),
    ("evcp_config_new(void)", "Configuration"),
    ("evcp_new(const", "Life"),
    ("evcp_set_ev(evcp_t", "The charger tells"),
    ("evcp_answer(evcp_t", "Answers"),
    ("evcp_get_supply(const", "What is the case"),
    ("evcp_get_undelivered(const", "Transactions that were given up"),
    ("evcp_install_profile(evcp_t", "Charging profiles"),
    ("evcp_status_name(uint32_t", "Names of constants"),
    ("evcp_set_log(uint32_t", "Log (one per process)"),
];

fn with_headings(text: &str, headings: &[(&str, &str)]) -> String {
    let mut out = text.to_owned();
    for (first, heading) in headings {
        let found = out.find(first).unwrap_or_else(|| panic!("{first} is not in the header"));
        let mut found = out[..found].rfind('\n').unwrap_or(0);
        if out[..found].ends_with("\nEVCP_API") {
            found -= "\nEVCP_API".len();
        }
        // The heading goes before the comment of the item.
        let before = &out[..found];
        let start = match before.rfind("\n/*") {
            Some(comment) if before[comment..].matches("*/").count() == 1
                && before[comment..].trim_end().ends_with("*/") => comment,
            _ => found,
        };
        let rule = "-".repeat(84 - heading.len());
        out.insert_str(start, &format!("\n\n/* ---- {heading} {rule} */\n"));
    }
    out
}

/// Comments in the usual shape: on one line where they fit, with a margin where they do not; and
/// constants of one kind close together.
fn tidy_comments(raw: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = raw.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() != "/*" {
            out.push(line.to_owned());
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut text = Vec::new();
        for line in lines.by_ref() {
            if line.trim() == "*/" {
                break;
            }
            text.push(line.trim().to_owned());
        }
        while text.last().is_some_and(String::is_empty) {
            text.pop();
        }
        let constant = lines.peek().is_some_and(|next| next.starts_with("#define"));
        if constant && out.last().is_some_and(String::is_empty) {
            let above = out.get(out.len().wrapping_sub(2));
            if above.is_some_and(|above| above.starts_with("#define EVCP")) {
                out.pop();
            }
        }
        if let [only] = text.as_slice() {
            out.push(format!("{indent}/* {only} */"));
            continue;
        }
        let last = text.len().saturating_sub(1);
        for (number, line) in text.iter().enumerate() {
            let open = if number == 0 { "/*" } else { " *" };
            let close = if number == last { " */" } else { "" };
            let space = if line.is_empty() { "" } else { " " };
            out.push(format!("{indent}{open}{space}{line}{close}"));
        }
    }
    out.join("\n") + "\n"
}
