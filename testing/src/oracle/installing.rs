//! Which profiles are taken, replace others, and go.

use serde_json::Value;

use super::profile::{seconds, tenths, text};
use super::{Oracle, Placed};

impl Oracle {
    /// Whether a profile of the central system is taken; installs it if so.
    pub fn set(&mut self, connector: i64, profile: &Value, now: i64) -> bool {
        self.place(false, connector, profile, now)
    }

    /// Whether one of the charger's own is taken; installs it if so.
    pub fn set_own(&mut self, connector: i64, profile: &Value, now: i64) -> bool {
        self.place(true, connector, profile, now)
    }

    fn place(&mut self, own: bool, connector: i64, profile: &Value, now: i64) -> bool {
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
            if old.own != own {
                return false;
            }
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
        let most = if own { 16 } else { self.max_profiles };
        let there = left.iter().filter(|old| old.own == own).count();
        if left.len() == self.placed.len() && there >= most {
            return false;
        }
        self.placed = left;
        self.placed.push(Placed {
            connector,
            installed: now,
            own,
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
}
