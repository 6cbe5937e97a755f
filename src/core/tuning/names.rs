//! Tuning by name, for hosts that configure with text.

use crate::core::{AfterPowerLoss, NetworkSlot, Purposes, Quantity, TemperatureUnit, Tuning};
use crate::time::Millis;

/// Why a setting was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuningError {
    /// There is no setting of that name.
    Unknown,
    /// It cannot have that value.
    Value,
}

impl Tuning {
    /// The names of all settings. Those that end in `_s` are seconds, with decimals if need be.
    pub const NAMES: &'static [&'static str] = &[
        "answer.timeout_s",
        "boot.accept_trigger",
        "boot.charge_before_accepted",
        "boot.retry_s",
        "cache.size",
        "contactor.timeout_s",
        "electric.min_a",
        "electric.voltage_v",
        "ev.reaction_s",
        "frames.secrets",
        "host.watchdog_s",
        "lock.timeout_s",
        "meter.main",
        "meter.measurands",
        "meter.temperature_unit",
        "meter.timeout_s",
        "network.attempts",
        "network.prefer_s",
        "network.priority",
        "offline.ignore_after_s",
        "offline.ignores",
        "queue.max_meter_values",
        "queue.max_stop_bytes",
        "reconnect.jitter_percent",
        "reconnect.max_s",
        "reconnect.min_s",
        "reset.wait_s",
        "sharing.turn_s",
        "smart.sharing",
        "storage.sample_commit_s",
        "tx.after_power_loss",
        "tx.keep_undelivered",
        "tx.redeliver_s",
        "wire.tolerant",
        "ws.max_frame_bytes",
        "ws.pong_timeout_s",
    ];

    /// Changes a setting.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot have that value; then nothing changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), TuningError> {
        let bad = TuningError::Value;
        let span = || seconds(value).ok_or(bad);
        // Without a pause between attempts there would be nothing else.
        let some_span = || span().and_then(|span| if span.0 > 0 { Ok(span) } else { Err(bad) });
        let flag = || value.parse::<bool>().map_err(|_| bad);
        match name {
            "answer.timeout_s" => self.answer_timeout = span()?,
            "boot.accept_trigger" => self.accept_boot_trigger = flag()?,
            "boot.retry_s" => self.boot_retry = some_span()?,
            "boot.charge_before_accepted" => self.charge_before_accepted = flag()?,
            "cache.size" => self.cache_size = value.parse().map_err(|_| bad)?,
            "contactor.timeout_s" => self.contactor_timeout = some_span()?,
            "electric.min_a" => {
                let least = tenths(value).filter(|least| *least <= 800);
                self.least = least.ok_or(bad)?;
            }
            "electric.voltage_v" => {
                let volts = value
                    .parse()
                    .ok()
                    .filter(|volts| (1..=2000).contains(volts));
                self.volts = volts.ok_or(bad)?;
            }
            "ev.reaction_s" => self.ev_reaction = span()?,
            "frames.secrets" => self.shows_secrets = flag()?,
            "host.watchdog_s" => {
                // No host dispatches more often than it has to.
                let sane = |span: &Millis| span.0 == 0 || *span >= Millis::from_secs(1);
                self.watchdog = Some(span()?).filter(sane).ok_or(bad)?;
            }
            "lock.timeout_s" => self.lock_timeout = some_span()?,
            "meter.main" => self.main_meter = flag()?,
            "meter.measurands" => self.measurable = Quantity::parse_list(value).ok_or(bad)?,
            "meter.temperature_unit" => {
                self.temperature_unit = match value {
                    "K" => TemperatureUnit::Kelvin,
                    "Celcius" => TemperatureUnit::Celcius,
                    "Celsius" => TemperatureUnit::Celsius,
                    _ => return Err(bad),
                }
            }
            "meter.timeout_s" => self.meter_timeout = span()?,
            "network.attempts" => {
                let most = value.parse().ok().filter(|most| (1..=100).contains(most));
                self.network_attempts = most.ok_or(bad)?;
            }
            "network.prefer_s" => {
                // A connection that works is given up for it: not all the time.
                let sane = |span: &Millis| span.0 == 0 || *span >= Millis::from_secs(60);
                self.network_prefer = Some(span()?).filter(sane).ok_or(bad)?;
            }
            "network.priority" => self.network_priority = slots(value).ok_or(bad)?,
            "offline.ignore_after_s" => self.offline_ignore_after = some_span()?,
            "offline.ignores" => self.offline_ignores = Purposes::parse(value).ok_or(bad)?,
            "queue.max_meter_values" => {
                // A handful cannot be thinned out.
                let most = value.parse().ok().filter(|most| *most >= 100);
                self.most_values = most.ok_or(bad)?;
            }
            "queue.max_stop_bytes" => {
                let range = 1_024..=1_048_576;
                let most = value.parse().ok().filter(|most| range.contains(most));
                self.most_stop_bytes = most.ok_or(bad)?;
            }
            "reconnect.jitter_percent" => {
                let percent = value.parse().ok().filter(|percent| *percent <= 100);
                self.reconnect_jitter = percent.ok_or(bad)?;
            }
            "reconnect.max_s" => self.reconnect_max = some_span()?,
            "reconnect.min_s" => self.reconnect_min = some_span()?,
            "reset.wait_s" => self.reset_wait = span()?,
            "sharing.turn_s" => {
                // Vehicles take their time to begin, and contactors wear out.
                let sane = |span: &Millis| span.0 == 0 || *span >= Millis::from_secs(60);
                self.sharing_turn = Some(span()?).filter(sane).ok_or(bad)?;
            }
            "smart.sharing" => self.sharing = flag()?,
            "storage.sample_commit_s" => self.sample_commit = span()?,
            "tx.after_power_loss" => {
                self.after_power_loss = match value {
                    "stop" => AfterPowerLoss::Stop,
                    "resume" => AfterPowerLoss::Resume,
                    _ => return Err(bad),
                }
            }
            "tx.keep_undelivered" => {
                let most = value.parse().ok().filter(|most| *most <= 10_000);
                self.keep_undelivered = most.ok_or(bad)?;
            }
            "tx.redeliver_s" => {
                // More often, refused ones would be all that is said.
                let sane = |span: &Millis| span.0 == 0 || *span >= Millis::from_secs(60);
                self.redeliver = Some(span()?).filter(sane).ok_or(bad)?;
            }
            "wire.tolerant" => self.tolerant = flag()?,
            "ws.max_frame_bytes" => {
                let sane = |most: &u32| (4096..=1_048_576).contains(most);
                self.max_frame = value.parse().ok().filter(sane).ok_or(bad)?;
            }
            "ws.pong_timeout_s" => self.pong_timeout = span()?,
            _ => return Err(TuningError::Unknown),
        }
        Ok(())
    }
}

/// "2,1" as slots, each named once.
fn slots(text: &str) -> Option<Vec<NetworkSlot>> {
    let mut slots = Vec::new();
    for word in text.split(',') {
        let slot = NetworkSlot::new(word.trim().parse().ok()?)?;
        if slots.contains(&slot) {
            return None;
        }
        slots.push(slot);
    }
    Some(slots)
}

/// "2.5" as 2500 ms; a year is the longest.
fn seconds(text: &str) -> Option<Millis> {
    let seconds: f64 = text.parse().ok()?;
    let sane = (0.0..=31_536_000.0).contains(&seconds);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    sane.then(|| Millis((seconds * 1000.0).round() as u64))
}

/// "6.5" as 65 tenths; what is between two tenths is the greater one.
fn tenths(text: &str) -> Option<u32> {
    let value: f64 = text.parse().ok()?;
    let sane = (0.0..=1_000_000.0).contains(&value);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    sane.then(|| (value * 10.0 - 1e-6).ceil().max(0.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_refuses_nonsense() {
        for name in Tuning::NAMES {
            assert_eq!(
                Tuning::default().set(name, "nonsense"),
                Err(TuningError::Value),
                "{name}"
            );
        }
        assert_eq!(
            Tuning::default().set("nonsense", "1"),
            Err(TuningError::Unknown)
        );
    }

    #[test]
    fn attempts_have_a_pause_between_them() {
        for name in [
            "reconnect.min_s",
            "reconnect.max_s",
            "boot.retry_s",
            "offline.ignore_after_s",
        ] {
            assert_eq!(
                Tuning::default().set(name, "0"),
                Err(TuningError::Value),
                "{name}"
            );
        }
    }

    #[test]
    fn a_priority_names_slots_once() {
        let mut tuning = Tuning::default();
        assert_eq!(tuning.set("network.priority", "2, 1"), Ok(()));
        let numbers = tuning.network_priority.iter().map(|slot| slot.number());
        assert_eq!(numbers.collect::<Vec<_>>(), [2, 1]);
        for bad in ["", "0", "5", "1,1", "1,", "1;2", "-1"] {
            let refused = tuning.set("network.priority", bad);
            assert_eq!(refused, Err(TuningError::Value), "{bad}");
        }
    }

    #[test]
    fn a_least_current_is_never_made_smaller() {
        let least = |text| {
            let mut tuning = Tuning::default();
            tuning.set("electric.min_a", text).map(|()| tuning.least)
        };
        assert_eq!(least("6"), Ok(60));
        assert_eq!(least("0"), Ok(0));
        assert_eq!(least("6.01"), Ok(61));
        assert_eq!(least("80"), Ok(800));
        for bad in ["80.1", "-1", "NaN", ""] {
            assert_eq!(least(bad), Err(TuningError::Value), "{bad}");
        }
    }

    #[test]
    fn seconds_may_have_decimals_and_must_be_sane() {
        assert_eq!(seconds("0.25"), Some(Millis(250)));
        for bad in ["-1", "inf", "NaN", "1e300", ""] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
