//! Message ids.

// rules: 7
/// Message ids that no other run of this charge point ever used: the seed of the run and a
/// counter (`OCPP-J 1.6 §4.1.4`).
#[derive(Clone, Debug)]
pub(crate) struct MessageIds {
    seed: u64,
    /// Who counts.
    whose: &'static str,
    count: u64,
}

impl MessageIds {
    pub(crate) const fn new(seed: u64) -> Self {
        let (whose, count) = ("", 0);
        Self { seed, whose, count }
    }

    /// Those of the queue of transaction messages, which counts by itself.
    pub(crate) const fn queued(seed: u64) -> Self {
        let (whose, count) = ("q", 0);
        Self { seed, whose, count }
    }

    pub(crate) fn next(&mut self) -> String {
        self.count += 1;
        format!("{:016x}-{}{}", self.seed, self.whose, self.count)
    }

    pub(crate) fn are_of_this_run(&self, id: &str) -> bool {
        let seed = id.split_once('-').map(|(seed, _)| seed);
        seed == Some(format!("{:016x}", self.seed).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 7
    #[test]
    fn message_ids_fit_and_differ_between_runs() {
        let (mut one, mut two) = (MessageIds::new(1), MessageIds::queued(u64::MAX));
        assert_ne!(one.next(), two.next());
        two.count = u64::from(u32::MAX);
        assert!(two.next().len() <= 36);
    }
}
