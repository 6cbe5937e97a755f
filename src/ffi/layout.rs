//! How the structs of the C API lie in memory: `tests/abi/layout.c` asserts the same of the header.
//! `BLESS=1 cargo test --lib layout` writes it.
#![allow(clippy::incompatible_msrv)]

use std::fmt::Write as _;
use std::mem::{align_of, offset_of, size_of};

use crate::ffi::callbacks::evcp_callbacks_t;
use crate::ffi::config_keys::evcp_key_decl_t;
use crate::ffi::get::evcp_stats_t;
use crate::ffi::limits::{evcp_limit_t, evcp_local_limit_t};
use crate::ffi::logging::evcp_log_line_t;
use crate::ffi::networks::evcp_network_profile_t;
use crate::ffi::notices::*;
use crate::ffi::profiles::evcp_profile_info_t;
use crate::ffi::restart_info::evcp_restart_info_t;
use crate::ffi::samples::evcp_sample_t;
use crate::ffi::supply::{evcp_period_t, evcp_supply_t};
use crate::ffi::tx_info::evcp_tx_info_t;

macro_rules! layout {
    ($text:ident, $name:ident { $($field:ident)* }) => {{
        assert_all($text, "sizeof", stringify!($name), "", size_of::<$name>());
        assert_all($text, "alignof", stringify!($name), "", align_of::<$name>());
        $(assert_all($text, "offsetof", stringify!($name), stringify!($field), offset_of!($name, $field));)*
        // A field that is missing above does not compile here.
        #[allow(dead_code)]
        fn every_field_is_named(it: $name) {
            let $name { $($field: _),* } = it;
        }
    }};
}

fn assert_all(text: &mut String, what: &str, name: &str, field: &str, is: usize) {
    let subject = if field.is_empty() {
        format!("{what}({name})")
    } else {
        format!("{what}({name}, {field})")
    };
    let _ = writeln!(text, "static_assert({subject} == {is}, \"{subject}\");");
}

fn asserts() -> String {
    let mut all =
        "/* Made by `BLESS=1 cargo test --lib layout`: how 64-bit Rust lays out what evcp.h \
                   declares. */\n#include <assert.h>\n#include <evcp.h>\n#include <stdalign.h>\n\n"
            .to_owned();
    let text = &mut all;
    layout!(text, evcp_sample_t { value measurand phase location reserved });
    layout!(text, evcp_supply_t { struct_size permit phases lock reserved amps watts tx });
    layout!(text, evcp_period_t { limit start_s phases });
    layout!(text, evcp_tx_info_t {
        struct_size connector tx ocpp_id started_ms stopped_ms meter_start_wh meter_stop_wh change reason
        ocpp_id_known reserved tag ocpp_id_text
    });
    layout!(text, evcp_callbacks_t {
        struct_size reserved destroy on_supply on_unlock on_reset on_meter_read on_data_transfer on_key_change
        on_connection on_boot
        on_time on_auth on_timeout on_status on_tx on_availability on_key_changed on_storage on_frame
        on_reboot on_drained on_fatal
    });
    layout!(text, evcp_auth_info_t {
        struct_size connector reader by purpose status why reserved tag
    });
    layout!(text, evcp_timeout_info_t { struct_size connector reader by tag });
    layout!(text, evcp_status_info_t { struct_size connector status error_code info vendor_code });
    layout!(text, evcp_data_info_t { struct_size reserved vendor message data len });
    layout!(text, evcp_boot_info_t { struct_size status interval_s reserved time_ms });
    layout!(text, evcp_connection_info_t { struct_size state detail slot reserved });
    layout!(text, evcp_key_info_t { struct_size read_only reboot_required reserved key value });
    layout!(text, evcp_key_decl_t {
        struct_size kind name value words reserved_pointer min max read_only reboot_required asks reserved
    });
    layout!(text, evcp_fault_info_t {
        struct_size number connector code warning shown own reserved info vendor_code
    });
    layout!(text, evcp_frame_info_t { struct_size direction time_ms dropped text len masked reserved });
    layout!(text, evcp_storage_info_t { struct_size state detail });
    layout!(text, evcp_restart_info_t {
        struct_size verdict transactions permissions asked storage_fails unsaved draining resetting
        queued undelivered
    });
    layout!(text, evcp_stats_t {
        struct_size reserved connects calls_sent calls_received call_errors timeouts garbage queued
        stored_bytes panics clock_offset_ms thinned
    });
    layout!(text, evcp_network_profile_t {
        struct_size security_profile url identity auth_key auth_key_len ca_pem ca_pem_len client_chain_pem
        client_chain_pem_len client_key_pem client_key_pem_len interface source_address proxy connect_timeout_s
        reserved
    });
    layout!(text, evcp_limit_t { struct_size unit value phases reserved });
    layout!(text, evcp_local_limit_t { struct_size unit value phases failsafe reserved source });
    layout!(text, evcp_profile_info_t {
        struct_size connector number tx id level purpose local ignored reserved json reserved_pointer
    });
    layout!(text, evcp_log_line_t { struct_size level target text identity });
    all
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_asserts_for_c_compilers_are_those_of_this_layout() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/abi/layout.c");
    let made = asserts();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &made).expect("tests/abi/layout.c can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == made,
        "tests/abi/layout.c is out of date: BLESS=1 cargo test --lib layout"
    );
}
