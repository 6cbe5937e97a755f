//! How long to wait before the next attempt to connect.

use crate::core::Tuning;
use crate::time::{Millis, Mono};

/// A connection that stood for so many of the shortest waits is not one that somebody makes only to
/// drop it.
const PROVEN: u64 = 5;

/// Exponential back-off with jitter: a thousand charge points whose central system restarts must
/// not come back at the same instant.
#[derive(Clone, Debug)]
pub(super) struct BackOff {
    /// The shortest wait, the longest, and by how many percent it is varied.
    min: Millis,
    max: Millis,
    jitter: u8,
    failures: u32,
    /// Since when the connection stands, if it does.
    since: Option<Mono>,
    /// Whether anything came on it that makes sense.
    heard: bool,
    dice: Dice,
}

impl BackOff {
    pub(super) const fn new(seed: u64, tuning: &Tuning) -> Self {
        Self {
            min: tuning.reconnect_min,
            max: tuning.reconnect_max,
            jitter: tuning.reconnect_jitter,
            failures: 0,
            since: None,
            heard: false,
            dice: Dice(seed),
        }
    }

    /// The next wait is the shortest again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// A connection was made.
    pub(super) fn opened(&mut self, now: Mono) {
        self.since = Some(now);
        self.heard = false;
    }

    /// Something came on it that makes sense.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// How often in a row it failed.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether the connection brought something and stood for a while; who answers once and hangs up did not.
    pub(super) fn is_proven(&self, now: Mono) -> bool {
        let proven = self.min.0.saturating_mul(PROVEN);
        let stood = self.since.map(|since| now.since(since));
        self.heard && stood.is_some_and(|stood| stood.0 >= proven)
    }

    // rules: 3
    /// How long to wait this time; after a connection that proved itself, the shortest wait again.
    pub(super) fn next(&mut self, now: Mono) -> Millis {
        if self.is_proven(now) {
            self.failures = 0;
        }
        self.since = None;
        let doubled = self.min.0.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.varied(Millis(doubled.min(self.max.0)))
    }

    /// A span with jitter.
    pub(super) fn varied(&mut self, Millis(base): Millis) -> Millis {
        let spread = base.saturating_mul(u64::from(self.jitter.min(100))) / 100;
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
        let mut back_off = BackOff::new(1, &tuning);
        let waits: Vec<_> = (0..8).map(|_| back_off.next(Mono(0)).0).collect();
        assert_eq!(
            waits,
            [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000]
        );
        back_off.reset();
        assert_eq!(back_off.next(Mono(0)).0, 2_000);
    }

    // rules: 3
    #[test]
    fn jitter_stays_within_its_percentage_and_differs_between_seeds() {
        let tuning = Tuning {
            reconnect_jitter: 25,
            ..Tuning::default()
        };
        let first: Vec<_> = (0..50)
            .map(|seed| BackOff::new(seed, &tuning).next(Mono(0)).0)
            .collect();
        assert!(first.iter().all(|wait| (1_500..=2_500).contains(wait)));
        assert!(first.iter().any(|wait| *wait != first[0]));
    }
}
