//! One profile, as it came, and what it says in a second.

use serde_json::Value;

/// An installed profile, as it came.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The connectorId that it came for.
    pub connector: i64,
    /// The second it was installed in.
    pub installed: i64,
    /// It is one of the charger's own.
    pub own: bool,
    /// The number of the transaction that a TxProfile is for.
    pub tx: Option<usize>,
    /// The csChargingProfiles.
    pub profile: Value,
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

/// A start that was hardly ahead at the installation is that.
pub(super) fn begun(start: i64, installed: i64) -> i64 {
    if start > installed && start <= installed + 10 {
        installed
    } else {
        start
    }
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) fn seconds(value: &Value) -> Option<i64> {
    let time = evcp::types::parse_wall(value.as_str()?)?;
    Some(time.0.div_euclid(1000))
}

/// A number in tenths; more decimals are rounded down.
pub(super) fn tenths(value: &Value) -> i64 {
    let number = value.as_f64().expect("a number");
    let near = (number * 10.0).round();
    if near / 10.0 == number {
        near as i64
    } else {
        (number * 10.0).floor() as i64
    }
}
