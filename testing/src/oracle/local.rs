//! Local limits: what each source said last, until when, and what stands in its place.

use std::collections::BTreeMap;

use evcp::core::Rate;
use evcp::types::ChargingRateUnitType;

/// So much, in tenths of a unit, on so many phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// `A` or `W`.
    pub unit: char,
    /// Tenths of it.
    pub tenths: i64,
    /// The phases, if they are said.
    pub phases: Option<i64>,
}

impl Word {
    /// The same, as the library has it.
    #[must_use]
    pub fn rate(self) -> Rate {
        Rate {
            tenths: u32::try_from(self.tenths).expect("not negative"),
            unit: match self.unit {
                'A' => ChargingRateUnitType::A,
                _ => ChargingRateUnitType::W,
            },
            phases: self.phases.map(|phases| u8::try_from(phases).expect("few")),
        }
    }
}

/// What was said last (`None` in it: no limit), and the instant from which on it does not count.
type Said = (Option<Word>, Option<u64>);

/// All sources.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<(i64, String), (Option<Said>, Option<Word>)>);

impl Sources {
    /// A source speaks, at an instant in milliseconds of a clock that is never set.
    pub fn say(
        &mut self,
        place: i64,
        source: &str,
        word: Option<Word>,
        now: u64,
        valid: Option<u64>,
    ) {
        let entry = self.0.entry((place, source.to_owned())).or_default();
        entry.0 = Some((word, valid.map(|valid| now + valid)));
    }

    /// Its failsafe value.
    pub fn failsafe(&mut self, place: i64, source: &str, word: Option<Word>) {
        self.0.entry((place, source.to_owned())).or_default().1 = word;
    }

    /// Nobody has spoken since the start.
    pub fn restart(&mut self) {
        for entry in self.0.values_mut() {
            entry.0 = None;
        }
    }

    /// What stands at an instant: the place, and the limit.
    pub fn standing(&self, now: u64) -> Vec<(i64, Word)> {
        let stands = |(said, failsafe): &(Option<Said>, Option<Word>)| match said {
            Some((word, until)) if until.map_or(true, |until| now < until) => *word,
            _ => *failsafe,
        };
        let all = self.0.iter();
        all.filter_map(|((place, _), entry)| Some((*place, stands(entry)?)))
            .collect()
    }

    /// The instants at which some word counts no more.
    pub fn ends(&self) -> Vec<u64> {
        let said = self.0.values().filter_map(|(said, _)| *said);
        said.filter_map(|(_, until)| until).collect()
    }
}
