//! Local limits: in memory, but for their failsafe values, which hold from the start on until the source
//! speaks, and again when what it said is stale.

use crate::core::station::{Context, Station};
use crate::core::{Change, Due, LocalLimit, Place, Rate, Record, RecordKey, Source};
use crate::time::{Millis, Mono};
use crate::types::ChargingRateUnitType as Unit;

/// What the records of failsafe values are called, before place and source; no key has so long a name.
const NAME: &str = "the failsafe value of a local limit, by place and source: ";

/// What stands for a value that cannot be read: whatever it was, it was no less.
const NOTHING: Rate = Rate {
    tenths: 0,
    unit: Unit::A,
    phases: None,
};

/// What one source says of one place.
#[derive(Clone, Debug)]
struct Entry {
    place: Place,
    source: Source,
    said: Option<Said>,
    failsafe: Option<Rate>,
}

/// What was said last, as long as it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said {
    /// `None`: there is no limit.
    rate: Option<Rate>,
    /// Not from then on; `None`: until it says something else.
    until: Option<Mono>,
}

/// All local limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalLimits {
    entries: Vec<Entry>,
    /// Those that stand now: kept, so that no memory is asked for each time.
    standing: Vec<LocalLimit>,
}

impl LocalLimits {
    /// Takes the failsafe values that are stored from among the settings.
    pub(crate) fn take(settings: &mut Vec<(String, String)>) -> Self {
        let mut all = Self::default();
        settings.retain(|(name, text)| {
            let Some(of) = name.strip_prefix(NAME) else {
                return true;
            };
            let Some((place, source)) = named(of) else {
                log::error!("a stored record cannot be read and is ignored: {name}");
                return false;
            };
            let rate = rate(text).unwrap_or_else(|| {
                log::error!("{place}: the stored failsafe limit of \"{source}\" cannot be read: it is 0 A until it is set anew");
                NOTHING
            });
            if let Some(entry) = all.entry(place, source) {
                entry.failsafe = Some(rate);
            }
            false
        });
        all.stand();
        all
    }

    /// Those that stand now.
    pub(crate) fn standing(&self) -> &[LocalLimit] {
        &self.standing
    }

    /// What a source says of a place; `None` if there are too many sources.
    fn entry(&mut self, place: Place, source: Source) -> Option<&mut Entry> {
        let known = |entry: &Entry| (entry.place, entry.source) == (place, source);
        let at = match self.entries.iter().position(known) {
            Some(at) => at,
            None => {
                let (mut others, mut count) = (self.entries.iter(), 0);
                while let Some(entry) = others.next() {
                    let again = others.clone().any(|other| other.source == entry.source);
                    count += usize::from(!again && entry.source != source);
                }
                if count >= Source::MOST {
                    return None;
                }
                self.entries.push(Entry {
                    place,
                    source,
                    said: None,
                    failsafe: None,
                });
                self.entries.len() - 1
            }
        };
        self.entries.get_mut(at)
    }

    /// What stands now follows from what was said.
    fn stand(&mut self) {
        self.standing.clear();
        self.standing
            .extend(self.entries.iter().filter_map(|entry| {
                let rate = match entry.said {
                    Some(said) => said.rate,
                    None => entry.failsafe,
                };
                Some(LocalLimit {
                    place: entry.place,
                    source: entry.source,
                    rate: rate?,
                    failsafe: entry.said.is_none(),
                })
            }));
    }

    /// What was said too long ago counts no more.
    fn expire(&mut self, now: Mono) {
        let mut any = false;
        for entry in &mut self.entries {
            let stale = |said: &Said| said.until.is_some_and(|until| until <= now);
            if entry.said.filter(stale).is_some() {
                entry.said = None;
                any = true;
                let (place, source) = (entry.place, entry.source);
                match entry.failsafe {
                    Some(rate) => log::warn!(
                        "{place}: \"{source}\" has not set its limit in time, and its failsafe value holds: {rate}"
                    ),
                    None => log::warn!(
                        "{place}: \"{source}\" has not set its limit in time, and has none any more"
                    ),
                }
            }
        }
        if any {
            self.stand();
        }
    }

    fn deadline(&self) -> Option<Mono> {
        let said = self.entries.iter().filter_map(|entry| entry.said);
        said.filter_map(|said| said.until).min()
    }
}

impl Station {
    /// A source sets its limit at a place, or says that there is none, for a time. The same again costs nothing.
    pub(crate) fn set_local_limit(
        &mut self,
        place: Place,
        source: Source,
        rate: Option<Rate>,
        valid: Option<Millis>,
        now: Mono,
    ) {
        if place.connector().is_some_and(|at| !self.exists(at)) {
            log::error!("{place} does not exist: the limit of \"{source}\" there is ignored");
            return;
        }
        let Some(entry) = self.local.entry(place, source) else {
            log::error!("\"{source}\" is one source of limits too many: it is ignored");
            return;
        };
        let said = Said {
            rate,
            until: valid.map(|valid| now + valid),
        };
        let before = entry.said.replace(said);
        if before.map(|before| before.rate) != Some(rate) {
            match rate {
                Some(rate) => log::info!("{place}: \"{source}\" limits to {rate}"),
                None => log::info!("{place}: \"{source}\" does not limit any more"),
            }
            self.local.stand();
        }
    }

    /// What a source's limit at a place is when it has not spoken, or not for too long; durable.
    pub(crate) fn set_failsafe(
        &mut self,
        place: Place,
        source: Source,
        failsafe: Option<Rate>,
        cx: &mut Context<'_>,
    ) {
        if place.connector().is_some_and(|at| !self.exists(at)) {
            log::error!("{place} does not exist: the failsafe limit of \"{source}\" is ignored");
            return;
        }
        let Some(entry) = self.local.entry(place, source) else {
            log::error!("\"{source}\" is one source of limits too many: it is ignored");
            return;
        };
        if entry.failsafe == failsafe {
            return;
        }
        entry.failsafe = failsafe;
        let name = format!("{NAME}{}.{source}", place.number());
        cx.out.durable(match failsafe {
            Some(rate) => Change::Put(Record::Setting(name, text(rate))),
            None => Change::Drop(RecordKey::Setting(name)),
        });
        self.local.stand();
    }

    /// Limits that were set too long ago count no more.
    pub(crate) fn expire_local_limits(&mut self, now: Mono) {
        self.local.expire(now);
    }

    /// When one of them does not count any more.
    pub(crate) fn local_limit_deadline(&self) -> Option<(Mono, Due)> {
        self.local.deadline().map(|at| (at, Due::Limit))
    }

    /// Those that stand now.
    pub(crate) fn local_limits(&self) -> &[LocalLimit] {
        self.local.standing()
    }
}

/// "PLACE.SOURCE", as records are named.
fn named(text: &str) -> Option<(Place, Source)> {
    let (place, source) = text.split_once('.')?;
    Some((Place::new(place.parse().ok()?)?, Source::new(source)?))
}

/// "TENTHS UNIT PHASES", 0 phases for all that there are.
fn text(rate: Rate) -> String {
    let phases = rate.phases.unwrap_or(0);
    format!("{} {} {phases}", rate.tenths, rate.unit.as_str())
}

fn rate(text: &str) -> Option<Rate> {
    let mut parts = text.split(' ');
    let rate = Rate {
        tenths: parts.next()?.parse().ok()?,
        unit: Unit::parse(parts.next()?)?,
        phases: match parts.next()?.parse().ok()? {
            0 => None,
            phases @ 1..=3 => Some(phases),
            _ => return None,
        },
    };
    parts.next().is_none().then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failsafe_value_that_cannot_be_read_is_nothing_and_no_key_is_taken_for_one() {
        assert!(NAME.len() > 50, "no key has so long a name");
        let record = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut stored = vec![
            record(&format!("{NAME}1.grid"), "v0 A 0"),
            record(&format!("{NAME}x.grid"), "60 A 0"),
            record("Failsafe.0.grid", "60 A 0"),
        ];
        let all = LocalLimits::take(&mut stored);
        assert_eq!(stored, [record("Failsafe.0.grid", "60 A 0")]);
        let rates: Vec<_> = all.standing().iter().map(|limit| limit.rate).collect();
        assert_eq!(rates, [NOTHING]);
    }

    #[test]
    fn what_is_stored_of_a_limit_is_read_again() {
        for phases in [None, Some(1), Some(3)] {
            for unit in [Unit::A, Unit::W] {
                let all = Rate {
                    tenths: 42_000,
                    unit,
                    phases,
                };
                assert_eq!(rate(&text(all)), Some(all));
            }
        }
        for bad in [
            "", "1", "1 A", "1 V 0", "-1 A 0", "1 A 4", "1 A 0 0", "x A 0",
        ] {
            assert_eq!(rate(bad), None, "{bad}");
        }
    }
}
