//! Composite schedules, second by second, and the seconds that matter.

use evcp::core::Feed;

use super::limits::lines;
use super::profile::{begun, seconds, text};
use super::Oracle;

impl Oracle {
    /// The composite schedule, looked at second by second: (start, limit, phases), and what it
    /// covers.
    pub fn composite(
        &self,
        connector: i64,
        t0: i64,
        duration: i64,
        unit: char,
    ) -> (Vec<(i64, i64, Option<i64>)>, i64) {
        let at = |t: i64| match usize::try_from(connector - 1) {
            Ok(index) => self.limit(index, t, t0, unit, true),
            Err(_) => self.grid_limit(t, t0, unit),
        };
        let (limit, phases) = at(t0);
        let mut periods = vec![(0, limit, phases)];
        for t in self.instants(t0, duration) {
            let (limit, phases) = at(t);
            let last = periods[periods.len() - 1];
            if (last.1, last.2) != (limit, phases) {
                if periods.len() as i64 >= self.max_periods {
                    return (periods, t - t0);
                }
                periods.push((t - t0, limit, phases));
            }
        }
        (periods, duration)
    }

    /// The phases that are said where no profile says less: fewer than three, if that is what there is.
    pub fn wired(&self, connector: i64) -> Option<i64> {
        let here = |at: usize| connector == 0 || at as i64 + 1 == connector;
        let all = self.hardware.iter().enumerate().filter(|(at, _)| here(*at));
        let phases = all.map(|(_, hardware)| match hardware.feed {
            Feed::Dc => 3,
            _ => lines(*hardware),
        });
        phases.max().filter(|phases| *phases < 3)
    }

    /// All seconds of a short window; of a long one those where something may change.
    fn instants(&self, t0: i64, duration: i64) -> Vec<i64> {
        if duration <= 7_200 {
            return (t0..t0 + duration).collect();
        }
        self.boundaries(t0, duration)
    }

    /// The seconds where something may begin or end, and their neighbours: between them everything
    /// stays as it is.
    pub fn boundaries(&self, t0: i64, duration: i64) -> Vec<i64> {
        let mut all = Vec::new();
        for placed in &self.placed {
            let profile = &placed.profile;
            let schedule = &profile["chargingSchedule"];
            all.extend(seconds(&profile["validFrom"]));
            all.extend(seconds(&profile["validTo"]));
            // What hardly lies ahead begins at the installation.
            let mut starts = vec![placed.installed, t0];
            starts.extend(self.running.iter().flatten().map(|(_, started)| *started));
            if let Some(start) = seconds(&schedule["startSchedule"]) {
                let start = begun(start, placed.installed);
                let daily = text(profile, "recurrencyKind") == "Daily";
                let round = if daily { 86_400 } else { 604_800 };
                starts.push(start);
                if text(profile, "chargingProfileKind") == "Recurring" {
                    let first = start + (t0 - start).div_euclid(round) * round;
                    starts.extend((0..=duration / round + 2).map(|k| first + k * round));
                }
            }
            let periods = schedule["chargingSchedulePeriod"]
                .as_array()
                .expect("periods");
            let mut offsets: Vec<_> = periods
                .iter()
                .filter_map(|p| p["startPeriod"].as_i64())
                .collect();
            offsets.extend(schedule["duration"].as_i64());
            for start in starts {
                all.extend(offsets.iter().map(|offset| start + offset));
            }
        }
        let mut all: Vec<_> = all.iter().flat_map(|t| [t - 1, *t, t + 1]).collect();
        all.push(t0);
        all.retain(|t| (t0..t0 + duration).contains(t));
        all.sort_unstable();
        all.dedup();
        all
    }
}
