//! The composite schedule: all limits together, over time (`OCPP 1.6 §5.7`).

use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::limits::{Installed, Limit, Load, Volts};
use crate::core::{Hardware, LocalLimit, Place, Rate};
use crate::types::ChargingRateUnitType as Unit;

/// Limits from the second that was asked for on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Composite {
    /// When each begins, in seconds from there, and the limit. Never empty; neighbours differ.
    pub(crate) periods: Vec<(i64, Limit)>,
    /// How many seconds they cover.
    pub(crate) duration: i64,
}

/// How often profiles are asked for one schedule at most. Where nothing differs there is no period to
/// count, and a schedule of years could go on for minutes.
const MOST_ASKED: usize = 400_000;

/// How many instants of a schedule are looked at, when each look asks so many profiles.
pub(crate) fn most_looks(asked: usize) -> usize {
    (MOST_ASKED / asked.max(1)).max(2)
}

/// Sweeps from change to change: the cost grows with the number of changes, not of seconds. After
/// `most` periods, or so many looks, the schedule is cut: its duration says where.
pub(crate) fn sweep(
    from: i64,
    duration: i64,
    most: usize,
    mut looks: usize,
    limit_at: impl Fn(i64) -> (Limit, i64),
) -> Composite {
    let end = from.saturating_add(duration);
    let (first, mut t) = limit_at(from);
    let mut periods = vec![(0, first)];
    let mut last = first;
    while t < end {
        if looks == 0 {
            let duration = t.saturating_sub(from);
            return Composite { periods, duration };
        }
        looks -= 1;
        let (limit, until) = limit_at(t);
        if limit != last {
            if periods.len() >= most {
                let duration = t.saturating_sub(from);
                return Composite { periods, duration };
            }
            periods.push((t.saturating_sub(from), limit));
            last = limit;
        }
        t = until;
    }
    Composite { periods, duration }
}

/// What bounds all connectors together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) profiles: &'a Installed,
    pub(crate) local: &'a [LocalLimit],
    pub(crate) grid: Option<Hardware>,
    pub(crate) volts: Volts,
}

impl Site<'_> {
    /// The most that the charge point may draw from the grid: what the connectors may draw together, no more
    /// than ChargePointMaxProfile, local limits and the grid connection allow. It is the same at least until
    /// that second.
    pub(crate) fn limit(self, all: &[Load], at: Instant, unit: Unit) -> (Limit, i64) {
        let max = self.profiles.for_charge_point(at);
        let mut until = max.until;
        let (mut sum, mut widest, mut wired) = (0_i64, 1, 1);
        for load in all {
            // The maximum leaves the watts of a connector to as many phases as it allows.
            let terms = self.profiles.terms(load, at, self.local, self.volts);
            until = until.min(terms.until());
            widest = widest.max(terms.lines());
            wired = wired.max(load.hardware.feed.lines());
            sum = sum.saturating_add(terms.limit(unit, true).tenths);
        }
        let max = max.word;
        let max = max.map(|(profile, tenths, phases)| (tenths, profile.unit, phases));
        let local = { self.local.iter() }.filter(|limit| limit.place == Place::ChargePoint);
        let local = local.map(|limit| {
            let Rate {
                tenths,
                unit,
                phases,
            } = limit.rate;
            (i64::from(tenths), unit, phases)
        });
        let mut limit = Limit {
            tenths: sum,
            phases: None,
        };
        for (tenths, from, phases) in max.into_iter().chain(local) {
            let used = phases.map_or(widest, |phases| phases.min(widest));
            let most = self.volts.convert(tenths, from, unit, used);
            limit.tenths = limit.tenths.min(most);
            let fewer = phases.filter(|phases| *phases < wired);
            limit.phases = [limit.phases, fewer].into_iter().flatten().min();
        }
        if let Some(grid) = self.grid {
            let most = self.volts.of(grid, unit, grid.feed.lines());
            limit.tenths = limit.tenths.min(most);
        }
        (limit, until)
    }
}
