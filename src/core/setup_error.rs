//! Whether a charge point can be made of a set-up.

use std::fmt;

use crate::core::settings::{Key, Rights};
use crate::core::{BadValue, ConnectorId, ConnectorSetup, NetworkSlot, Setup};
use crate::time::Millis;

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
    /// A connector without a lock cannot report one.
    Feedback(usize),
    /// The least current of a connector is more than it carries: nothing would ever flow.
    Least(usize),
    /// This security profile needs a password, and there is none.
    Password(u8),
    /// So does that of this network profile, which leads to another central system than the first.
    NetworkPassword(NetworkSlot, u8),
    /// None of the network profiles is in network.priority.
    Networks,
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
            Self::Feedback(number) => write!(
                f,
                "connector {number} has a fixed cable: evcp_config_set_feedback() cannot declare its lock"
            ),
            Self::Least(number) => write!(
                f,
                "connector {number} carries less than its least current: evcp_config_set_limit() and \
                evcp_config_set_min_current(), or \"electric.min_a\""
            ),
            Self::Password(profile) => write!(
                f,
                "security profile {profile} needs a password: set AuthorizationKey, 16 to 20 bytes"
            ),
            Self::NetworkPassword(slot, profile) => write!(
                f,
                "network profile {slot}: security profile {profile} needs a password, and AuthorizationKey is \
                for the central system of the first network profile alone: give auth_key, 16 to 20 bytes"
            ),
            Self::Networks => write!(f, "network.priority names no network profile that there is"),
        }
    }
}

impl std::error::Error for SetupError {}

impl Setup {
    /// Whether it makes sense.
    pub(crate) fn check(&self) -> Result<(), SetupError> {
        let count = self.connectors.len();
        if count == 0 || count > usize::from(ConnectorId::MAX) {
            return Err(SetupError::Connectors(count));
        }
        let no_lock = |made: &ConnectorSetup| made.feedback.lock && !made.lockable;
        if let Some(index) = self.connectors.iter().position(no_lock) {
            return Err(SetupError::Feedback(index + 1));
        }
        let never = |made: &ConnectorSetup| made.least(&self.tuning) > made.hardware.deciamps;
        if let Some(index) = self.connectors.iter().position(never) {
            return Err(SetupError::Least(index + 1));
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
        let usable = |(slot, _): &(NetworkSlot, _)| self.tuning.network_priority.contains(slot);
        if !self.all_networks().iter().any(usable) {
            return Err(SetupError::Networks);
        }
        for (at, key) in self.declared.iter().enumerate() {
            let twice = self.declared[..at]
                .iter()
                .any(|other| other.name == key.name);
            if twice || Key::by_name(key.name.as_str()).is_some() {
                return Err(SetupError::Declared(key.name.as_str().to_owned()));
            }
            if !key.values.admit(key.value.as_str()) {
                return Err(SetupError::Key(BadValue {
                    key: key.name.as_str().to_owned(),
                    value: key.value.as_str().to_owned(),
                }));
            }
        }
        Ok(())
    }
}
