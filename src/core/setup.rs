//! What a charge point is made of, fixed when it is made.

use crate::core::{DeclaredKey, Feed, Hardware, Network, NetworkSlot, Route, Tuning};
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
    /// The networks by which a central system can be reached. None named: one, at the security profile of
    /// `tuning`.
    pub networks: Vec<(NetworkSlot, Network)>,
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
    /// The least current that it can deliver, in tenths of an ampere per phase; `None`: that of
    /// [`Tuning::least`] for alternating current, 0 for direct current.
    pub least: Option<u32>,
    /// What says of itself whether it is closed.
    pub feedback: Feedback,
}

/// What of a connector says of itself whether it is closed. What does not is taken to obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// The contactor.
    pub contactor: bool,
    /// The lock, if there is one.
    pub lock: bool,
}

impl Feedback {
    /// Nothing does.
    pub const NONE: Self = Self {
        contactor: false,
        lock: false,
    };
}

impl ConnectorSetup {
    /// The least current that it can deliver, in tenths of an ampere per phase.
    pub(crate) fn least(&self, tuning: &Tuning) -> u32 {
        self.least.unwrap_or(match self.hardware.feed {
            Feed::Dc => 0,
            _ => tuning.least,
        })
    }

    /// A socket with a lock, three phases and 32 A.
    pub const SOCKET: Self = Self {
        lockable: true,
        hardware: Hardware {
            deciamps: 320,
            feed: Feed::Three,
        },
        least: None,
        feedback: Feedback::NONE,
    };
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
    /// It has a say in changes of its own keys.
    pub judges_keys: bool,
}

impl Host {
    /// It can do it all.
    pub const COMPLETE: Self = Self {
        unlocks: true,
        resets: true,
        reads_meter: true,
        transfers_data: true,
        judges_keys: true,
    };
}

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
            networks: Vec::new(),
            tuning: Tuning::default(),
            seed: 0,
        }
    }

    /// The networks, of which there is one at least.
    pub(crate) fn all_networks(&self) -> Vec<(NetworkSlot, Network)> {
        let mut all = self.networks.clone();
        if all.is_empty() {
            let only = Network {
                central: String::new(),
                security_profile: self.tuning.security_profile,
                key: None,
                route: Route::default(),
            };
            all.push((NetworkSlot::FIRST, only));
        }
        all
    }
}
