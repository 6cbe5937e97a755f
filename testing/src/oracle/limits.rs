//! What a connector, and all of them together, may draw in a second.

use evcp::core::{Feed, Hardware};

use super::profile::text;
use super::{says, Oracle, Placed};

impl Oracle {
    /// Whether what a profile says counts.
    fn is_heard(&self, placed: &Placed) -> bool {
        let purpose = text(&placed.profile, "chargingProfilePurpose");
        placed.own || !self.ignored.contains(&purpose)
    }

    /// The profile of the highest level that speaks, on one level the central system's: who, and what it
    /// says.
    fn loudest(
        &self,
        t: i64,
        started: i64,
        fits: impl Fn(&Placed) -> bool,
    ) -> Option<(&Placed, i64, Option<i64>)> {
        let mut best: Option<(i64, &Placed, i64, Option<i64>)> = None;
        for placed in self
            .placed
            .iter()
            .filter(|it| self.is_heard(it) && fits(it))
        {
            let level = placed.profile["stackLevel"].as_i64().expect("a level");
            let rank = level * 2 + i64::from(!placed.own);
            if let Some((limit, phases)) = says(placed, t, started, self.behind) {
                if best.map_or(true, |best| rank > best.0) {
                    best = Some((rank, placed, limit, phases));
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
            .filter(|placed| self.is_heard(placed))
            .collect();
        // One of the charger's own takes no level from the central system.
        let taken = |it: &Placed| {
            taken
                .iter()
                .any(|by| level(by) == level(it) && (it.own || !by.own))
        };
        own.or_else(|| {
            self.loudest(t, started, |placed| {
                purpose(placed, "TxDefaultProfile")
                    && (placed.connector == number || (placed.connector == 0 && !taken(placed)))
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
        let mut said = Vec::new();
        if let Some((placed, total, phases)) = self.to_all(t) {
            said.push((Self::unit_of(placed), total, phases));
        }
        let site = self.local.iter().filter(|(place, _)| *place == 0);
        said.extend(site.map(|(_, word)| (word.unit, word.tenths, word.phases)));
        let mut all = Vec::new();
        for (unit, total, phases) in said {
            all.push((unit, total));
            // So many amperes on one phase are not three times as much on three.
            let Some(n) = phases.filter(|_| unit == 'A' && !self.switches) else {
                continue;
            };
            if self.hardware.iter().any(|made| lines(*made) > n) {
                all.push(('W', self.convert(total, 'A', 'W', n)));
            }
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

    /// With how many phases limits of a connector are converted.
    pub fn width(&self, at: usize, words: &[Option<(&Placed, i64, Option<i64>)>]) -> i64 {
        let hardware = self.hardware[at];
        if hardware.feed == Feed::Dc {
            return 1;
        }
        let said = words.iter().flatten().filter_map(|word| word.2);
        let number = at as i64 + 1;
        let local = self
            .local
            .iter()
            .filter(|(place, _)| [0, number].contains(place));
        let local = local.filter_map(|(_, word)| word.phases);
        let all = said.chain(local).chain([lines(hardware)]);
        all.min().expect("there is one")
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
        let number = at as i64 + 1;
        for (place, word) in &self.local {
            if *place == number || (*place == 0 && with_max) {
                limit = limit.min(self.convert(word.tenths, word.unit, unit, n));
            }
        }
        (limit, (n < lines(self.hardware[at])).then_some(n))
    }

    /// On how many conductors a connector draws: all, where they cannot be switched off.
    pub fn drawn(&self, at: usize, t: i64) -> i64 {
        let words = [self.to_transaction(at, t, t), self.to_all(t)];
        match self.switches {
            true => self.width(at, &words),
            false => lines(self.hardware[at]),
        }
    }

    /// What a running connector could draw alone, in A and W: 0 where that is less than makes sense.
    pub fn alone(&self, at: usize, t: i64) -> (i64, i64) {
        let watts = self.limit(at, t, t, 'W', false).0;
        let amps = self.limit(at, t, t, 'A', false).0;
        let spread = self.convert(watts, 'W', 'A', self.drawn(at, t));
        let amps = if self.switches {
            amps
        } else {
            amps.min(spread)
        };
        self.useful(at, t, (amps, watts))
    }

    /// That, or nothing where it is less than makes sense.
    pub fn useful(&self, at: usize, t: i64, (amps, watts): (i64, i64)) -> (i64, i64) {
        let rate = self.min_rate(at, t);
        let of = |unit| rate.filter(|rate| rate.1 == unit).map_or(0, |rate| rate.0);
        if amps < self.least[at].max(of('A')) || watts < of('W') {
            return (0, 0);
        }
        (amps, watts)
    }

    /// The minChargingRate of what is said to a connector, in tenths, and its unit.
    pub fn min_rate(&self, at: usize, t: i64) -> Option<(i64, char)> {
        let (placed, ..) = self.to_transaction(at, t, t)?;
        let rate = placed.profile["chargingSchedule"]["minChargingRate"].as_f64()?;
        Some(((rate * 10.0).round() as i64, Self::unit_of(placed)))
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
            for (_, word) in self
                .local
                .iter()
                .filter(|(place, _)| *place == at as i64 + 1)
            {
                limit = limit.min(self.convert(word.tenths, word.unit, unit, n));
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
        for (_, word) in self.local.iter().filter(|(place, _)| *place == 0) {
            let n = word.phases.map_or(widest, |said| said.min(widest));
            sum = sum.min(self.convert(word.tenths, word.unit, unit, n));
            let fewer = word.phases.filter(|said| *said < wired);
            phases = phases.into_iter().chain(fewer).min();
        }
        if let Some(grid) = self.grid {
            sum = sum.min(self.convert(i64::from(grid.deciamps), 'A', unit, lines(grid)));
        }
        (sum, phases)
    }
}

pub(super) fn lines(hardware: Hardware) -> i64 {
    match hardware.feed {
        Feed::Dc | Feed::One => 1,
        Feed::Two => 2,
        Feed::Three => 3,
    }
}
