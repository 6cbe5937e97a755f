//! What a charge point is made of, fixed when it is made.

use std::fmt;

use crate::core::settings::{Key, Rights};
use crate::core::{BadValue, ConnectorId, Quantity, Reading};
use crate::time::Millis;
use crate::wire::{CiString, Measurand, UnitOfMeasure};

/// The make-up of a charge point.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// What BootNotification says of the device.
    pub device: Device,
    /// The connectors, 1 and up.
    pub connectors: Vec<ConnectorSetup>,
    /// Values for configuration keys in the place of their defaults; stored changes win.
    pub keys: Vec<(CiString<50>, CiString<500>)>,
    /// Keys of the firmware's own.
    pub declared: Vec<DeclaredKey>,
    /// What the firmware can be asked.
    pub host: Host,
    /// Everything that has a good default.
    pub tuning: Tuning,
    /// Random: message ids begin with it, and the jitter of the back-off is drawn from it. Never
    /// the same in two runs.
    pub seed: u64,
}

/// What BootNotification says of the device (`OCPP 1.6 §6.3`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Who made it.
    pub vendor: CiString<20>,
    /// What it is.
    pub model: CiString<20>,
    /// Who defined its error codes, if not the vendor by that name.
    pub vendor_id: Option<CiString<255>>,
    /// Its serial number.
    pub serial: Option<CiString<25>>,
    /// The version of its firmware.
    pub firmware: Option<CiString<50>>,
    /// The SIM card.
    pub iccid: Option<CiString<20>>,
    /// The subscriber.
    pub imsi: Option<CiString<20>>,
    /// What kind of meter it has.
    pub meter_type: Option<CiString<25>>,
    /// The serial number of the meter.
    pub meter_serial: Option<CiString<25>>,
}

impl Device {
    /// A device of which nothing else is known than what OCPP requires.
    #[must_use]
    pub const fn new(vendor: CiString<20>, model: CiString<20>) -> Self {
        Self {
            vendor,
            model,
            vendor_id: None,
            serial: None,
            firmware: None,
            iccid: None,
            imsi: None,
            meter_type: None,
            meter_serial: None,
        }
    }
}

/// One connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorSetup {
    /// Whether it is a socket with a lock; `false` for a fixed cable.
    pub lockable: bool,
    /// What it can deliver at most.
    pub hardware: Hardware,
}

impl ConnectorSetup {
    /// A socket with a lock, three phases and 32 A.
    pub const SOCKET: Self = Self {
        lockable: true,
        hardware: Hardware {
            deciamps: 320,
            feed: Feed::Three,
        },
    };
}

/// What wires and contactors can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Current per phase, or of the direct current, in tenths of an ampere.
    pub deciamps: u32,
    /// What kind of current.
    pub feed: Feed,
}

/// The kind of current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Alternating current on one phase.
    One,
    /// On two phases.
    Two,
    /// On three phases.
    Three,
    /// Direct current.
    Dc,
}

impl Feed {
    /// How many conductors the current counts for: the phases, or one.
    #[must_use]
    pub const fn lines(self) -> u8 {
        match self {
            Self::One | Self::Dc => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// A configuration key of the firmware's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredKey {
    /// Its name.
    pub name: CiString<50>,
    /// Its value until the central system changes it.
    pub value: CiString<500>,
    /// Whether the central system may only read it.
    pub read_only: bool,
    /// Whether a change takes effect at the next boot only.
    pub reboot_required: bool,
}

/// What the firmware can be asked. What it cannot is answered as OCPP wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// It can unlock connectors.
    pub unlocks: bool,
    /// It can restart.
    pub resets: bool,
    /// It can read the meter when asked.
    pub reads_meter: bool,
    /// It understands vendor data.
    pub transfers_data: bool,
}

impl Host {
    /// It can do it all.
    pub const COMPLETE: Self = Self {
        unlocks: true,
        resets: true,
        reads_meter: true,
        transfers_data: true,
    };
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
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            security_profile: 0,
            reconnect_min: Millis::from_secs(2),
            reconnect_max: Millis::from_secs(120),
            reconnect_jitter: 25,
            boot_retry: Millis::from_secs(60),
            pong_timeout: Millis::from_secs(20),
            max_frame: 65_536,
            answer_timeout: Millis::from_secs(25),
            meter_timeout: Millis::from_secs(2),
            ev_reaction: Millis::from_secs(10),
            reset_wait: Millis::from_secs(5),
            sample_commit: Millis::from_secs(60),
            after_power_loss: AfterPowerLoss::Stop,
            tolerant: false,
            accept_boot_trigger: true,
            cache_size: 1000,
            measurable: Vec::new(),
            temperature_unit: TemperatureUnit::Kelvin,
            main_meter: false,
            most_values: 20_000,
            most_stop_bytes: 16_384,
            charge_before_accepted: false,
            volts: 230,
            grid: None,
            keep_undelivered: 200,
            redeliver: Millis(0),
            sharing: true,
        }
    }
}

/// A charge point cannot be made of this set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// There must be 1 to 256 connectors.
    Connectors(usize),
    /// BootNotification needs a vendor and a model.
    Device(&'static str),
    /// A configuration key has a value that it cannot have, or does not exist.
    Key(BadValue),
    /// A declared key has the name of one that exists.
    Declared(String),
    /// The shortest wait between two attempts to connect is longer than the longest.
    Reconnect(Millis, Millis),
    /// This security profile needs a password, and there is none.
    Password(u8),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connectors(n) => write!(f, "{n} connectors: there must be 1 to 256"),
            Self::Device(what) => write!(f, "the device has no {what}"),
            Self::Key(bad) => {
                // A password has no place in a text for people.
                match Key::by_name(&bad.key).map(|key| key.row().rights) {
                    Some(Rights::WriteOnly) => {
                        write!(
                            f,
                            "configuration key {}: this value is not possible",
                            bad.key
                        )
                    }
                    _ => write!(
                        f,
                        "configuration key {}: not possible: \"{}\"",
                        bad.key, bad.value
                    ),
                }
            }
            Self::Declared(name) => match Key::by_name(name) {
                Some(_) => write!(f, "configuration key {name} is one of OCPP's own: set it instead"),
                None => write!(f, "configuration key {name} is declared twice"),
            },
            Self::Reconnect(min, max) => write!(
                f,
                "reconnect.min_s is {} and reconnect.max_s {}: the first must not be the longer one",
                min.0 as f64 / 1000.0,
                max.0 as f64 / 1000.0
            ),
            Self::Password(profile) => write!(
                f,
                "security profile {profile} needs a password: set AuthorizationKey, 16 to 20 bytes"
            ),
        }
    }
}

impl std::error::Error for SetupError {}

impl Setup {
    /// With every default, a firmware that can be asked nothing, and the seed 0.
    #[must_use]
    pub fn new(device: Device, connectors: Vec<ConnectorSetup>) -> Self {
        Self {
            device,
            connectors,
            keys: Vec::new(),
            declared: Vec::new(),
            host: Host::default(),
            tuning: Tuning::default(),
            seed: 0,
        }
    }

    /// Whether it makes sense.
    pub(crate) fn check(&self) -> Result<(), SetupError> {
        let count = self.connectors.len();
        if count == 0 || count > usize::from(ConnectorId::MAX) {
            return Err(SetupError::Connectors(count));
        }
        if self.device.vendor.as_str().is_empty() {
            return Err(SetupError::Device("vendor"));
        }
        if self.device.model.as_str().is_empty() {
            return Err(SetupError::Device("model"));
        }
        let (min, max) = (self.tuning.reconnect_min, self.tuning.reconnect_max);
        if min > max {
            return Err(SetupError::Reconnect(min, max));
        }
        for (at, key) in self.declared.iter().enumerate() {
            let twice = self.declared[..at]
                .iter()
                .any(|other| other.name == key.name);
            if twice || Key::by_name(key.name.as_str()).is_some() {
                return Err(SetupError::Declared(key.name.as_str().to_owned()));
            }
        }
        Ok(())
    }
}
