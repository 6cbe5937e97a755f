//! What a charge point is made of, fixed when it is made.

use std::fmt;

use crate::core::settings::{Key, Rights};
use crate::core::{BadValue, ConnectorId, Tuning};
use crate::time::Millis;
use crate::types::CiString;

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
