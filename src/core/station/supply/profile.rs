//! A charging profile that makes sense: what cannot be evaluated cannot be made.

use crate::core::settings::{Key, Settings};
use crate::core::station::supply::instant::{second, Instant};
use crate::core::{Origin, Place, TxId};
use std::sync::Arc;

use crate::time::Wall;
use crate::types::{
    ChargingProfile, ChargingProfileKindType as KindType, ChargingProfilePurposeType as Purpose,
    ChargingRateUnitType as Unit, RecurrencyKindType,
};

/// A profile, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    /// Who installed it.
    pub(crate) origin: Origin,
    pub(crate) id: i32,
    /// Where it is installed.
    pub(crate) place: Place,
    /// The transaction that a TxProfile is for.
    pub(crate) tx: Option<TxId>,
    pub(crate) purpose: Purpose,
    pub(crate) level: i32,
    pub(crate) unit: Unit,
    /// Below this it makes no sense to charge, in tenths.
    pub(crate) least: Option<i64>,
    /// Valid from this second up to that one, which is not part of it.
    valid: (i64, i64),
    counts: Counts,
    /// How many seconds the schedule lasts; for ever if nothing is said.
    duration: i64,
    /// At least one; the first begins at 0, the others later and later.
    periods: Vec<Period>,
    /// As it came, for whoever lists what is installed.
    pub(crate) said: Arc<ChargingProfile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    start: i64,
    /// In tenths.
    limit: i64,
    phases: Option<u8>,
}

/// What the time in a schedule counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// From this second.
    From(i64),
    /// From this second, in which it was installed.
    FromInstallation(i64),
    /// From the start of the transaction.
    FromTransaction,
    /// From this second, and anew after each so many.
    Every { from: i64, period: i64 },
}

/// What a profile says at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InForce {
    /// This, and the same at least until that second.
    Limit {
        tenths: i64,
        phases: Option<u8>,
        until: i64,
    },
    /// Nothing, at least until that second.
    Nothing { until: i64 },
}

/// A start so many seconds ahead counts as begun when the profile is installed: central systems send
/// whole seconds of their own clock, and the gap would be full current.
const AHEAD: i64 = 10;

/// For ever.
pub(crate) const NEVER: i64 = i64::MAX;

/// Why a profile is refused, for the log.
pub(crate) type Refusal = &'static str;

/// What a charge point takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) level: i32,
    pub(crate) periods: usize,
    pub(crate) amperes: bool,
    pub(crate) watts: bool,
}

impl Bounds {
    /// As the configuration keys say.
    pub(crate) fn of(settings: &Settings) -> Self {
        let number = |key| settings.int(key);
        Self {
            level: i32::try_from(number(Key::ChargeProfileMaxStackLevel)).unwrap_or(i32::MAX),
            periods: usize::try_from(number(Key::ChargingScheduleMaxPeriods)).unwrap_or(usize::MAX),
            amperes: settings.allows_rate("Current"),
            watts: settings.allows_rate("Power"),
        }
    }
}

impl Profile {
    // rules: 149, 154
    /// Takes a profile in, if it makes sense at that place; `now` is when it is installed.
    pub(crate) fn new(
        origin: Origin,
        place: Place,
        tx: Option<TxId>,
        from: &ChargingProfile,
        now: Wall,
        bounds: Bounds,
    ) -> Result<Self, Refusal> {
        let purpose = from.charging_profile_purpose;
        let schedule = &from.charging_schedule;
        if purpose == Purpose::ChargePointMaxProfile && place != Place::ChargePoint {
            return Err("ChargePointMaxProfile belongs to connector 0");
        }
        if !(0..=bounds.level).contains(&from.stack_level) {
            return Err("stackLevel is over ChargeProfileMaxStackLevel, or negative");
        }
        let allowed = match schedule.charging_rate_unit {
            Unit::A => bounds.amperes,
            Unit::W => bounds.watts,
        };
        if !allowed {
            return Err("chargingRateUnit is not in ChargingScheduleAllowedChargingRateUnit");
        }
        if schedule.charging_schedule_period.len() > bounds.periods {
            return Err("there are more periods than ChargingScheduleMaxPeriods");
        }
        let least = schedule.min_charging_rate.map(|rate| rate.0);
        if least.is_some_and(|least| least < 0) {
            return Err("minChargingRate is negative");
        }
        let valid = (
            from.valid_from.map_or(i64::MIN, |from| begun(from, now)),
            from.valid_to.map_or(NEVER, second),
        );
        if let (Some(from), Some(to)) = (from.valid_from, from.valid_to) {
            if to <= from {
                return Err("validTo is not after validFrom");
            }
        }
        Ok(Self {
            origin,
            id: from.charging_profile_id,
            place,
            tx: tx.filter(|_| purpose == Purpose::TxProfile),
            purpose,
            level: from.stack_level,
            unit: schedule.charging_rate_unit,
            least,
            valid,
            counts: counts(from, now)?,
            duration: match schedule.duration {
                None => NEVER,
                Some(secs) if secs > 0 => i64::from(secs),
                Some(_) => return Err("duration is not positive"),
            },
            periods: periods(from)?,
            said: Arc::new(from.clone()),
        })
    }

    /// Whether it says the same as another from a second on: it would replace that one for nothing. Where
    /// there is one limit without an end, it does not matter which second in the past it counts from.
    pub(crate) fn says_the_same(&self, other: &Self, t: i64) -> bool {
        let name = |profile: &Self| {
            let Self { origin, id, .. } = *profile;
            (origin, id, profile.place, profile.purpose, profile.level)
        };
        let plain = |profile: &Self| {
            let mut plain = profile.clone();
            plain.said = self.said.clone();
            plain.valid.0 = plain.valid.0.max(t);
            let endless = plain.periods.len() == 1 && plain.duration == NEVER;
            let begun = match plain.counts {
                Counts::From(start) | Counts::FromInstallation(start) => start <= t,
                Counts::Every { from, .. } => from <= t,
                Counts::FromTransaction => false,
            };
            if endless && begun {
                plain.counts = Counts::From(t);
            }
            plain
        };
        name(self) == name(other) && plain(self) == plain(other)
    }

    // rules: 155
    /// What it says at an instant, of a transaction that started in a second.
    pub(crate) fn in_force(&self, at: Instant, started: i64) -> InForce {
        let t = at.t;
        if t >= self.valid.1 {
            return InForce::Nothing { until: NEVER };
        }
        if t < self.valid.0 && !at.behind {
            return InForce::Nothing {
                until: self.valid.0,
            };
        }
        let (start, round) = match self.counts {
            Counts::From(start) | Counts::FromInstallation(start) => (start, NEVER),
            Counts::FromTransaction => (started, NEVER),
            Counts::Every { from, period } => {
                let round = t.saturating_sub(from).div_euclid(period).max(0);
                (from.saturating_add(round.saturating_mul(period)), period)
            }
        };
        let mut offset = t.saturating_sub(start);
        if offset < 0 {
            // Who counts from what has happened lies ahead only if the clock was set back.
            let ours = matches!(
                self.counts,
                Counts::FromTransaction | Counts::FromInstallation(_)
            );
            if !ours && !at.behind {
                return InForce::Nothing { until: start };
            }
            offset = 0;
        }
        if offset >= self.duration {
            return InForce::Nothing {
                until: start.saturating_add(round),
            };
        }
        let next = self
            .periods
            .partition_point(|period| period.start <= offset);
        let end = self.duration.min(round);
        let end = self
            .periods
            .get(next)
            .map_or(end, |next| next.start.min(end));
        // The first period starts at 0, so there is one before.
        let period = self.periods[next.saturating_sub(1)];
        InForce::Limit {
            tenths: period.limit,
            phases: period.phases,
            until: start.saturating_add(end).min(self.valid.1),
        }
    }
}

/// The second of a start, or of now if that is hardly earlier.
fn begun(start: Wall, now: Wall) -> i64 {
    let (start, now) = (second(start), second(now));
    let ahead = start.saturating_sub(now);
    if (1..=AHEAD).contains(&ahead) {
        now
    } else {
        start
    }
}

// rules: 147, 148
fn counts(from: &ChargingProfile, now: Wall) -> Result<Counts, Refusal> {
    let start = from.charging_schedule.start_schedule;
    let start = start.map(|start| begun(start, now));
    let max = from.charging_profile_purpose == Purpose::ChargePointMaxProfile;
    match from.charging_profile_kind {
        KindType::Absolute => Ok(match start {
            Some(start) => Counts::From(start),
            None if max => Counts::FromInstallation(second(now)),
            None => Counts::FromTransaction,
        }),
        // OCPP 1.6 §7.9 leaves what it counts from to the charge point.
        KindType::Relative if max => Ok(Counts::FromInstallation(second(now))),
        KindType::Relative => Ok(Counts::FromTransaction),
        KindType::Recurring => {
            let period = match from.recurrency_kind {
                Some(RecurrencyKindType::Daily) => 86_400,
                Some(RecurrencyKindType::Weekly) => 604_800,
                None => return Err("it is Recurring without recurrencyKind"),
            };
            let from = start.ok_or("it is Recurring without startSchedule")?;
            Ok(Counts::Every { from, period })
        }
    }
}

// rules: 146
fn periods(from: &ChargingProfile) -> Result<Vec<Period>, Refusal> {
    let mut periods: Vec<Period> = Vec::new();
    for period in &from.charging_schedule.charging_schedule_period {
        let start = i64::from(period.start_period);
        match periods.last() {
            None if start != 0 => return Err("the first startPeriod is not 0"),
            Some(last) if start <= last.start => return Err("startPeriods do not increase"),
            _ => {}
        }
        if period.limit.0 < 0 {
            return Err("a limit is negative");
        }
        let phases = period.number_phases.map(|phases| match phases {
            1 => Ok(1),
            2 => Ok(2),
            3 => Ok(3),
            _ => Err("numberPhases is not 1 to 3"),
        });
        periods.push(Period {
            start,
            limit: period.limit.0,
            phases: phases.transpose()?,
        });
    }
    if periods.is_empty() {
        return Err("there is no period");
    }
    Ok(periods)
}
