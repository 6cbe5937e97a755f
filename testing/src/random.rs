//! Random cases that can be repeated: the seed is printed, and EVCP_SEED gives it back.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

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
