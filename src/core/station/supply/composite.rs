//! The composite schedule: all limits together, over time (`OCPP 1.6 §5.7`).

use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::limits::{lines, Installed, Limit, Load, Volts};
use crate::core::Hardware;
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

/// The most that the charge point may draw from the grid: what the connectors may draw together,
/// no more than ChargePointMaxProfile and the grid connection allow.
pub(crate) fn grid_limit(
    installed: &Installed,
    all: &[Load],
    grid: Option<Hardware>,
    at: Instant,
    unit: Unit,
    volts: Volts,
) -> (Limit, i64) {
    let max = installed.for_charge_point(at);
    let mut until = max.until;
    let (mut sum, mut widest, mut wired) = (0_i64, 1, 1);
    for load in all {
        let own = installed.for_transaction(load, at);
        until = until.min(own.until);
        // The maximum leaves the watts of a connector to as many phases as it allows.
        let said = [own.word, max.word];
        let used = lines(
            load.hardware,
            said.iter().flatten().filter_map(|word| word.2),
        );
        widest = widest.max(used);
        wired = wired.max(load.hardware.feed.lines());
        let hardware = volts.of(load.hardware, unit, used);
        let limit = own.word.map_or(hardware, |(profile, tenths, _)| {
            hardware.min(volts.convert(tenths, profile.unit, unit, used))
        });
        sum = sum.saturating_add(limit);
    }
    let mut limit = Limit {
        tenths: sum,
        phases: None,
    };
    if let Some((profile, tenths, phases)) = max.word {
        let used = phases.map_or(widest, |phases| phases.min(widest));
        let most = volts.convert(tenths, profile.unit, unit, used);
        limit.tenths = limit.tenths.min(most);
        limit.phases = phases.filter(|phases| *phases < wired);
    }
    if let Some(grid) = grid {
        let most = volts.of(grid, unit, grid.feed.lines());
        limit.tenths = limit.tenths.min(most);
    }
    (limit, until)
}
