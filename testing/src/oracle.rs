//! Smart charging by brute force: what a connector may draw in a second, worked out anew from the
//! messages each time. It knows nothing of how the library does it.

use evcp::core::{Feed, Hardware};
use serde_json::Value;

/// An installed profile, as it came.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The connectorId that it came for.
    pub connector: i64,
    /// The second it was installed in.
    pub installed: i64,
    /// The number of the transaction that a TxProfile is for.
    pub tx: Option<usize>,
    /// The csChargingProfiles.
    pub profile: Value,
}

/// A running transaction: its number, and the second it started in.
pub type Running = Option<(usize, i64)>;

/// What the oracle knows of the charge point.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// What each connector is made for.
    pub hardware: Vec<Hardware>,
    /// The supply of the charge point as a whole, where it is the narrower one.
    pub grid: Option<Hardware>,
    /// The voltage of a phase.
    pub volts: i64,
    /// The installed profiles.
    pub placed: Vec<Placed>,
    /// What runs at each connector.
    pub running: Vec<Running>,
    /// ChargeProfileMaxStackLevel.
    pub max_level: i64,
    /// ChargingScheduleMaxPeriods.
    pub max_periods: i64,
    /// MaxChargingProfilesInstalled.
    pub max_profiles: usize,
    /// The clock is known to be behind.
    pub behind: bool,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn seconds(value: &Value) -> Option<i64> {
    let time = evcp::wire::parse_wall(value.as_str()?)?;
    Some(time.0.div_euclid(1000))
}

/// A number in tenths; more decimals are rounded down.
fn tenths(value: &Value) -> i64 {
    let number = value.as_f64().expect("a number");
    let near = (number * 10.0).round();
    if near / 10.0 == number {
        near as i64
    } else {
        (number * 10.0).floor() as i64
    }
}

fn lines(hardware: Hardware) -> i64 {
    match hardware.feed {
        Feed::Dc | Feed::One => 1,
        Feed::Two => 2,
        Feed::Three => 3,
    }
}

/// A start that was hardly ahead at the installation is that.
fn begun(start: i64, installed: i64) -> i64 {
    if start > installed && start <= installed + 10 {
        installed
    } else {
        start
    }
}

/// What a profile says in second t, of a transaction that started in second `started`. `behind`: what
/// lies ahead counts as begun.
pub fn says(placed: &Placed, t: i64, started: i64, behind: bool) -> Option<(i64, Option<i64>)> {
    let profile = &placed.profile;
    let schedule = &profile["chargingSchedule"];
    let ahead = |from: i64| t < begun(from, placed.installed) && !behind;
    if seconds(&profile["validFrom"]).is_some_and(ahead) {
        return None;
    }
    if seconds(&profile["validTo"]).is_some_and(|to| t >= to) {
        return None;
    }
    let max = text(profile, "chargingProfilePurpose") == "ChargePointMaxProfile";
    let given = seconds(&schedule["startSchedule"]);
    let given = given.map(|start| begun(start, placed.installed));
    let kind = text(profile, "chargingProfileKind");
    let (start, round) = match kind {
        "Absolute" => {
            let without = if max { placed.installed } else { started };
            (given.unwrap_or(without), i64::MAX)
        }
        "Relative" if max => (placed.installed, i64::MAX),
        "Relative" => (started, i64::MAX),
        _ => {
            let daily = text(profile, "recurrencyKind") == "Daily";
            let round = if daily { 86_400 } else { 604_800 };
            let mut start = given.expect("recurring profiles have a start");
            // The latest one that is not in the future.
            if t >= start {
                start += (t - start) / round * round;
            }
            (start, round)
        }
    };
    // What has happened does not lie ahead, whatever the clock says.
    let happened = kind == "Relative" || (kind == "Absolute" && given.is_none());
    let offset = if behind || happened {
        (t - start).max(0)
    } else {
        t - start
    };
    if offset < 0 || offset >= round {
        return None;
    }
    if schedule["duration"]
        .as_i64()
        .is_some_and(|duration| offset >= duration)
    {
        return None;
    }
    let periods = schedule["chargingSchedulePeriod"]
        .as_array()
        .expect("periods");
    let mut found = None;
    for period in periods {
        if period["startPeriod"].as_i64().expect("a start") <= offset {
            found = Some((tenths(&period["limit"]), period["numberPhases"].as_i64()));
        }
    }
    found
}

impl Oracle {
    /// Whether a profile is taken; installs it if so.
    pub fn set(&mut self, connector: i64, profile: &Value, now: i64) -> bool {
        let purpose = text(profile, "chargingProfilePurpose");
        let kind = text(profile, "chargingProfileKind");
        let schedule = &profile["chargingSchedule"];
        let running = usize::try_from(connector - 1)
            .ok()
            .and_then(|at| self.running[at]);
        let level = profile["stackLevel"].as_i64().expect("a level");
        let periods = schedule["chargingSchedulePeriod"]
            .as_array()
            .expect("periods");
        let starts: Vec<_> = periods
            .iter()
            .filter_map(|p| p["startPeriod"].as_i64())
            .collect();
        let window = (seconds(&profile["validFrom"]), seconds(&profile["validTo"]));
        let recurring = kind == "Recurring";
        let refused = [
            purpose == "ChargePointMaxProfile" && connector > 0,
            purpose == "TxProfile" && (connector == 0 || running.is_none()),
            level < 0 || level > self.max_level,
            periods.len() as i64 > self.max_periods,
            periods.is_empty() || starts[0] != 0,
            starts.windows(2).any(|pair| pair[1] <= pair[0]),
            periods.iter().any(|p| tenths(&p["limit"]) < 0),
            periods.iter().any(|p| {
                p["numberPhases"]
                    .as_i64()
                    .is_some_and(|n| !(1..=3).contains(&n))
            }),
            schedule["duration"]
                .as_i64()
                .is_some_and(|duration| duration <= 0),
            schedule["minChargingRate"]
                .as_f64()
                .is_some_and(|rate| rate < 0.0),
            matches!(window, (Some(from), Some(to)) if to <= from),
            recurring && profile["recurrencyKind"].is_null(),
            recurring && schedule["startSchedule"].is_null(),
        ];
        if refused.contains(&true) {
            return false;
        }
        let id = &profile["chargingProfileId"];
        let apart = |old: &Placed| old.connector != connector && old.connector > 0 && connector > 0;
        let replaced = |old: &Placed| {
            (old.profile["chargingProfileId"] == *id && !apart(old))
                || (old.connector == connector
                    && text(&old.profile, "chargingProfilePurpose") == purpose
                    && old.profile["stackLevel"].as_i64() == Some(level))
        };
        let left: Vec<_> = self
            .placed
            .iter()
            .filter(|old| !replaced(old))
            .cloned()
            .collect();
        if left.len() == self.placed.len() && left.len() >= self.max_profiles {
            return false;
        }
        self.placed = left;
        self.placed.push(Placed {
            connector,
            installed: now,
            tx: running.map(|(tx, _)| tx).filter(|_| purpose == "TxProfile"),
            profile: profile.clone(),
        });
        true
    }

    /// Removes the profiles that go; says whether there were any.
    pub fn clear(&mut self, goes: impl Fn(&Placed) -> bool) -> bool {
        let before = self.placed.len();
        self.placed.retain(|placed| !goes(placed));
        self.placed.len() < before
    }

    /// The transaction at a connector ends, and its profiles with it.
    pub fn stop(&mut self, at: usize) {
        if let Some((tx, _)) = self.running[at].take() {
            self.placed.retain(|placed| placed.tx != Some(tx));
        }
    }

    /// The profile of the highest level that speaks: who, and what it says.
    fn loudest(
        &self,
        t: i64,
        started: i64,
        fits: impl Fn(&Placed) -> bool,
    ) -> Option<(&Placed, i64, Option<i64>)> {
        let mut best: Option<(i64, &Placed, i64, Option<i64>)> = None;
        for placed in self.placed.iter().filter(|placed| fits(placed)) {
            let level = placed.profile["stackLevel"].as_i64().expect("a level");
            if let Some((limit, phases)) = says(placed, t, started, self.behind) {
                if best.map_or(true, |best| level > best.0) {
                    best = Some((level, placed, limit, phases));
                }
            }
        }
        best.map(|(_, placed, limit, phases)| (placed, limit, phases))
    }

    /// What is said to the transaction of a connector; `idle_since` is its start if there is none.
    pub fn to_transaction(
        &self,
        at: usize,
        t: i64,
        idle_since: i64,
    ) -> Option<(&Placed, i64, Option<i64>)> {
        let number = at as i64 + 1;
        let (tx, started) = match self.running[at] {
            Some((tx, started)) => (Some(tx), started),
            None => (None, idle_since),
        };
        let purpose =
            |placed: &Placed, name: &str| text(&placed.profile, "chargingProfilePurpose") == name;
        let own = self.loudest(t, started, |placed| {
            purpose(placed, "TxProfile")
                && placed.connector == number
                && tx.is_some()
                && placed.tx == tx
        });
        let level = |placed: &Placed| placed.profile["stackLevel"].as_i64();
        let taken: Vec<_> = self
            .placed
            .iter()
            .filter(|placed| purpose(placed, "TxDefaultProfile") && placed.connector == number)
            .map(level)
            .collect();
        own.or_else(|| {
            self.loudest(t, started, |placed| {
                purpose(placed, "TxDefaultProfile")
                    && (placed.connector == number
                        || (placed.connector == 0 && !taken.contains(&level(placed))))
            })
        })
    }

    /// What ChargePointMaxProfile says.
    pub fn to_all(&self, t: i64) -> Option<(&Placed, i64, Option<i64>)> {
        self.loudest(t, t, |placed| {
            text(&placed.profile, "chargingProfilePurpose") == "ChargePointMaxProfile"
        })
    }

    /// What all together may draw: each sum that is bounded, by its unit.
    pub fn bounds(&self, t: i64) -> Vec<(char, i64)> {
        let mut all = Vec::new();
        if let Some((placed, total, _)) = self.to_all(t) {
            all.push((Self::unit_of(placed), total));
        }
        if let Some(grid) = self.grid {
            let amps = i64::from(grid.deciamps);
            all.push(('A', amps));
            if self.hardware.iter().any(|made| lines(*made) > lines(grid)) {
                all.push(('W', self.convert(amps, 'A', 'W', lines(grid))));
            }
        }
        let least = |unit| {
            let of_unit = all.iter().filter(|(of, _)| *of == unit);
            of_unit.map(|(_, total)| (unit, *total)).min()
        };
        ['A', 'W'].into_iter().filter_map(least).collect()
    }

    /// `A` or `W`.
    pub fn unit_of(placed: &Placed) -> char {
        let unit = text(&placed.profile["chargingSchedule"], "chargingRateUnit");
        unit.chars().next().expect("a unit")
    }

    /// A limit in another unit, on so many conductors.
    pub fn convert(&self, limit: i64, from: char, to: char, n: i64) -> i64 {
        match (from, to) {
            ('A', 'W') => limit * self.volts * n,
            ('W', 'A') => limit / (self.volts * n),
            _ => limit,
        }
    }

    /// On how many conductors a connector draws.
    pub fn width(&self, at: usize, words: &[Option<(&Placed, i64, Option<i64>)>]) -> i64 {
        let hardware = self.hardware[at];
        if hardware.feed == Feed::Dc {
            return 1;
        }
        let said = words.iter().flatten().filter_map(|word| word.2);
        said.chain([lines(hardware)]).min().expect("there is one")
    }

    /// The limit of a connector, and the phases if they are said; `with_max`: no more than
    /// ChargePointMaxProfile either.
    pub fn limit(
        &self,
        at: usize,
        t: i64,
        idle_since: i64,
        unit: char,
        with_max: bool,
    ) -> (i64, Option<i64>) {
        let words = [self.to_transaction(at, t, idle_since), self.to_all(t)];
        let n = self.width(at, &words);
        let mut limit = self.convert(i64::from(self.hardware[at].deciamps), 'A', unit, n);
        for (number, word) in words.iter().enumerate() {
            if let (Some((placed, tenths, _)), true) = (word, number == 0 || with_max) {
                limit = limit.min(self.convert(*tenths, Self::unit_of(placed), unit, n));
            }
        }
        (limit, (n < lines(self.hardware[at])).then_some(n))
    }

    /// The most that the charge point may draw.
    pub fn grid_limit(&self, t: i64, idle_since: i64, unit: char) -> (i64, Option<i64>) {
        let (mut sum, mut widest, mut wired) = (0, 1, 1);
        let max = self.to_all(t);
        for at in 0..self.hardware.len() {
            let word = self.to_transaction(at, t, idle_since);
            let n = self.width(at, &[word, max]);
            let mut limit = self.convert(i64::from(self.hardware[at].deciamps), 'A', unit, n);
            if let Some((placed, tenths, _)) = word {
                limit = limit.min(self.convert(tenths, Self::unit_of(placed), unit, n));
            }
            sum += limit;
            widest = widest.max(n);
            wired = wired.max(lines(self.hardware[at]));
        }
        let mut phases = None;
        if let Some((placed, tenths, said)) = max {
            let n = said.map_or(widest, |said| said.min(widest));
            sum = sum.min(self.convert(tenths, Self::unit_of(placed), unit, n));
            phases = said.filter(|said| *said < wired);
        }
        if let Some(grid) = self.grid {
            sum = sum.min(self.convert(i64::from(grid.deciamps), 'A', unit, lines(grid)));
        }
        (sum, phases)
    }

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
