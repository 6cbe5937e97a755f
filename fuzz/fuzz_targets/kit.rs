#![no_main]

libfuzzer_sys::fuzz_target!(init: evcp_fuzz::capi::prepare(), |data: &[u8]| evcp_fuzz::kit::run(data));
