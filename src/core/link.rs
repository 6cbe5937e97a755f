//! The connection: when to try, how long to wait, whether it still lives.

use crate::core::Tuning;
use crate::time::{Millis, Mono};

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// There is no network, or the host is about to restart or to stop us: nothing is tried.
    Idle,
    /// Trying again at that time.
    Waiting(Mono),
    /// An attempt is under way.
    Connecting,
    /// The WebSocket stands.
    Up(Ping),
}

/// How the pings of a connection stand (`OCPP 1.6 §9.1.34`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    /// None is on its way; the time of the last sign, from which the interval counts.
    Quiet(Mono),
    /// One was sent, and its answer is awaited until that time.
    Sent(Mono),
}

/// Exponential back-off with jitter: a thousand charge points whose central system restarts must
/// not come back at the same instant.
#[derive(Clone, Debug)]
pub(crate) struct BackOff {
    failures: u32,
    dice: Dice,
}

impl BackOff {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            failures: 0,
            dice: Dice(seed),
        }
    }

    /// The connection proved itself: the next wait is the shortest again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait this time.
    pub(crate) fn next(&mut self, tuning: &Tuning) -> Millis {
        let doubled = tuning
            .reconnect_min
            .0
            .saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let base = doubled.min(tuning.reconnect_max.0);
        let spread = base.saturating_mul(u64::from(tuning.reconnect_jitter.min(100))) / 100;
        let drawn = self.dice.roll(spread.saturating_mul(2).saturating_add(1));
        Millis(base.saturating_sub(spread).saturating_add(drawn))
    }
}

/// Numbers that look random, all from one seed that came in from outside (splitmix64).
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 3
    #[test]
    fn waits_double_up_to_the_longest_and_start_over_after_success() {
        let tuning = Tuning {
            reconnect_jitter: 0,
            ..Tuning::default()
        };
        let mut back_off = BackOff::new(1);
        let waits: Vec<_> = (0..8).map(|_| back_off.next(&tuning).0).collect();
        assert_eq!(
            waits,
            [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000]
        );
        back_off.reset();
        assert_eq!(back_off.next(&tuning).0, 2_000);
    }

    // rules: 3
    #[test]
    fn jitter_stays_within_its_percentage_and_differs_between_seeds() {
        let tuning = Tuning {
            reconnect_jitter: 25,
            ..Tuning::default()
        };
        let first: Vec<_> = (0..50)
            .map(|seed| BackOff::new(seed).next(&tuning).0)
            .collect();
        assert!(first.iter().all(|wait| (1_500..=2_500).contains(wait)));
        assert!(first.iter().any(|wait| *wait != first[0]));
    }
}
