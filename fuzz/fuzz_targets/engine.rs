#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evcp_fuzz::engine::run(data));
