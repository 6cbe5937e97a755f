//! Random cases that can be repeated: the seed is printed, and EVCP_SEED gives it back.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::oracle::Word;

/// What a source of local limits says, `None` for no limit: about as much as profiles allow.
pub fn local_limit() -> impl Strategy<Value = Option<Word>> {
    let word = (any::<bool>(), 0_i64..400, proptest::option::of(1_i64..=3));
    let word = word.prop_map(|(amps, tenths, phases)| Word {
        unit: if amps { 'A' } else { 'W' },
        tenths: if amps { tenths } else { tenths * 700 },
        phases,
    });
    proptest::option::weighted(0.8, word)
}

/// A source of local limits.
pub fn source() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("grid"), Just("house meter"), Just("cable")]
}

/// A runner for so many cases, or as many as EVCP_CASES says.
#[allow(clippy::print_stdout)]
pub fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(
            text.parse::<u64>()
                .unwrap_or_else(|_| panic!("{name} is a number")),
        )
    };
    let clock = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64)
    };
    let seed = number("EVCP_SEED").unwrap_or_else(clock);
    let cases = number("EVCP_CASES").map_or(cases, |cases| cases as u32);
    println!("EVCP_SEED={seed} EVCP_CASES={cases}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 5_000,
        ..Config::with_cases(cases)
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
