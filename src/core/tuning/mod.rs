//! Settings beyond OCPP's configuration keys, and what they are if nobody says.

mod names;

use crate::core::{Hardware, NetworkSlot, Purposes, Quantity, Reading};
use crate::time::Millis;
use crate::types::{Measurand, UnitOfMeasure};

pub use names::TuningError;

/// Settings beyond OCPP's configuration keys. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Security profile, 0 to 3.
    pub security_profile: u8,
    /// The wait before the first attempt to reconnect; it doubles from there.
    pub reconnect_min: Millis,
    /// The longest wait between two attempts, before the jitter.
    pub reconnect_max: Millis,
    /// By how much a wait is varied at random, in percent of it, up or down.
    pub reconnect_jitter: u8,
    /// The slots of the network profiles that are used, the one that is tried first before the others.
    pub network_priority: Vec<NetworkSlot>,
    /// How often in a row a network profile fails before the next one is tried, 1 to 100.
    pub network_attempts: u32,
    /// After how long on another network profile the first one is tried again, varied as waits are; 0: not
    /// before the connection is lost.
    pub network_prefer: Millis,
    /// The wait before the next BootNotification when the central system names none.
    pub boot_retry: Millis,
    /// How long a ping may stay without answer.
    pub pong_timeout: Millis,
    /// The largest frame that is taken in, in bytes, 4096 to 1048576.
    pub max_frame: u32,
    /// How long the firmware may take to answer a question.
    pub answer_timeout: Millis,
    /// How long the firmware may take to read a meter.
    pub meter_timeout: Millis,
    /// How long a contactor may take to obey, where it reports whether it is closed.
    pub contactor_timeout: Millis,
    /// How long a lock may take to obey, where it reports whether it is closed.
    pub lock_timeout: Millis,
    /// How long the host may not dispatch while energy flows; 0: for ever.
    pub watchdog: Millis,
    /// How long a vehicle may take to react to an offer before it counts as suspended.
    pub ev_reaction: Millis,
    /// How long a reset waits for StopTransaction to be confirmed.
    pub reset_wait: Millis,
    /// How old meter samples get before they are stored while the link is up.
    pub sample_commit: Millis,
    /// What becomes of a transaction after a power cut.
    pub after_power_loss: AfterPowerLoss,
    /// Whether requests of the central system may have members that OCPP does not know.
    pub tolerant: bool,
    /// Whether frames are shown with the secrets in them, in the log and to the host.
    pub shows_secrets: bool,
    /// Whether TriggerMessage may ask for a BootNotification when there was one already.
    pub accept_boot_trigger: bool,
    /// How many tags the authorization cache holds.
    pub cache_size: usize,
    /// What the meters can show, beside the import register. The central system cannot ask for
    /// anything else.
    pub measurable: Vec<Quantity>,
    /// What temperatures are sent in.
    pub temperature_unit: TemperatureUnit,
    /// Whether there is a main meter, which is read as connector 0.
    pub main_meter: bool,
    /// How many meter values are queued at most; above that, every other one of the transaction
    /// with the most of them goes.
    pub most_values: u64,
    /// How many bytes of readings a StopTransaction carries at most.
    pub most_stop_bytes: usize,
    /// Whether vehicles are charged before the central system accepted this charge point for the
    /// first time ever.
    pub charge_before_accepted: bool,
    /// The nominal voltage of a phase, or of the direct current, in volts, 1 to 2000.
    pub volts: u32,
    /// The least alternating current that can be said to a vehicle (IEC 61851), in tenths of an ampere per
    /// phase, 0 to 800: a limit below it is a pause.
    pub least: u32,
    /// What the grid connection of the charge point can carry, if the host says: all connectors
    /// together are never told more.
    pub grid: Option<Hardware>,
    /// How many transactions that the central system refused to the end are kept at most, 0 to 10000: the
    /// oldest go.
    pub keep_undelivered: usize,
    /// How often they are delivered again without being asked for; 0: never, as OCPP says.
    pub redeliver: Millis,
    /// Whether the connectors share what ChargePointMaxProfile and the grid connection allow; else each
    /// has an equal part of it.
    pub sharing: bool,
    /// The charging profiles of the central system that say nothing when it could not be reached for
    /// [`offline_ignore_after`](Self::offline_ignore_after), until it is there again.
    pub offline_ignores: Purposes,
    /// How long there is no connection to the central system before that, above 0.
    pub offline_ignore_after: Millis,
    /// How long connectors are served before others that have to wait for them are; 0: until they do not
    /// want energy any more.
    pub sharing_turn: Millis,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            security_profile: 0,
            reconnect_min: Millis::from_secs(2),
            reconnect_max: Millis::from_secs(120),
            reconnect_jitter: 25,
            network_priority: NetworkSlot::ALL.to_vec(),
            network_attempts: 3,
            network_prefer: Millis(0),
            boot_retry: Millis::from_secs(60),
            pong_timeout: Millis::from_secs(20),
            max_frame: 65_536,
            answer_timeout: Millis::from_secs(25),
            meter_timeout: Millis::from_secs(2),
            contactor_timeout: Millis::from_secs(2),
            lock_timeout: Millis::from_secs(5),
            watchdog: Millis(0),
            ev_reaction: Millis::from_secs(10),
            reset_wait: Millis::from_secs(5),
            sample_commit: Millis::from_secs(60),
            after_power_loss: AfterPowerLoss::Stop,
            tolerant: false,
            shows_secrets: false,
            accept_boot_trigger: true,
            cache_size: 1000,
            measurable: Vec::new(),
            temperature_unit: TemperatureUnit::Kelvin,
            main_meter: false,
            most_values: 20_000,
            most_stop_bytes: 16_384,
            charge_before_accepted: false,
            volts: 230,
            least: 60,
            grid: None,
            keep_undelivered: 200,
            redeliver: Millis(0),
            sharing: true,
            offline_ignores: Purposes::default(),
            offline_ignore_after: Millis::from_secs(300),
            sharing_turn: Millis::from_secs(900),
        }
    }
}

/// What becomes of a transaction that a power cut interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterPowerLoss {
    /// It is stopped, with reason PowerLoss and the last reading that was stored.
    #[default]
    Stop,
    /// It goes on.
    Resume,
}

// rules: 16
/// What temperatures are sent in (`OCPP 1.6 §7.45`, errata J 2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemperatureUnit {
    /// Kelvin, which every central system knows.
    #[default]
    Kelvin,
    /// Degrees Celsius, as the JSON schemas misspell it.
    Celcius,
    /// Degrees Celsius, spelt as the text does.
    Celsius,
}

impl TemperatureUnit {
    /// A reading, which is in degrees Celsius if it is a temperature, in the unit that it is sent in.
    pub(crate) fn shown(self, reading: Reading) -> Reading {
        let kelvin = self == Self::Kelvin && reading.measurand == Measurand::Temperature;
        let more = if kelvin { 273_150 } else { 0 };
        Reading {
            milli: reading.milli.saturating_add(more),
            ..reading
        }
    }

    /// OCPP's word for it.
    pub(crate) const fn unit(self) -> UnitOfMeasure {
        match self {
            Self::Kelvin => UnitOfMeasure::K,
            Self::Celcius => UnitOfMeasure::Celcius,
            Self::Celsius => UnitOfMeasure::Celsius,
        }
    }
}
