#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evcp_fuzz::message::run(data));
