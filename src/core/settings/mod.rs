//! Configuration keys: what they are set to, and who may change them.

mod keys;
mod value;

pub use keys::{Key, KeyRow, Rights, KEYS};
pub(crate) use value::{Value, Wanted};

use crate::core::{DeclaredKey, Setup};
use crate::time::Millis;
use crate::wire::{CiString, ConfigurationStatus, KeyValue};

/// A key has a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The key.
    pub key: String,
    /// What it was to be.
    pub value: String,
}

/// The values of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    standard: Vec<(CiString<500>, Value)>,
    declared: Vec<DeclaredKey>,
}

impl Settings {
    /// The defaults, with what the firmware sets and declares.
    pub(crate) fn new(setup: &Setup) -> Result<Self, BadValue> {
        let standard = KEYS
            .iter()
            .map(|row| {
                let value = Value::parse(row.kind, row.default).unwrap_or(Value::Text);
                (CiString::truncated(row.default), value)
            })
            .collect();
        let mut settings = Self {
            standard,
            declared: setup.declared.clone(),
        };
        settings.set_standard(Key::NumberOfConnectors, &setup.connectors.len().to_string())?;
        let profile = setup.tuning.security_profile.to_string();
        settings.set_standard(Key::SecurityProfile, &profile)?;
        for (name, value) in &setup.keys {
            settings.set(name.as_str(), value.as_str())?;
        }
        Ok(settings)
    }

    /// Sets a key from inside: its rights do not matter, its type does.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), BadValue> {
        let bad = || BadValue {
            key: name.to_owned(),
            value: value.to_owned(),
        };
        if let Some(key) = Key::by_name(name) {
            return self.set_standard(key, value);
        }
        let declared = self.declared_mut(name).ok_or_else(bad)?;
        declared.value = CiString::new(value).map_err(|_| bad())?;
        Ok(())
    }

    fn set_standard(&mut self, key: Key, text: &str) -> Result<(), BadValue> {
        let bad = || BadValue {
            key: key.row().name.to_owned(),
            value: text.to_owned(),
        };
        let value = Value::parse(key.row().kind, text).ok_or_else(bad)?;
        let text = CiString::new(text).map_err(|_| bad())?;
        self.standard[key as usize] = (text, value);
        Ok(())
    }

    /// Whether there is such a key.
    pub(crate) fn knows(&self, name: &str) -> bool {
        Key::by_name(name).is_some()
            || self
                .declared
                .iter()
                .any(|key| key.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The central system changes a key (`OCPP 1.6 §5.3`).
    pub(crate) fn change(&mut self, name: &str, value: &str) -> ConfigurationStatus {
        if let Some(key) = Key::by_name(name) {
            if key.row().rights == Rights::ReadOnly || self.set_standard(key, value).is_err() {
                return ConfigurationStatus::Rejected;
            }
            return ConfigurationStatus::Accepted;
        }
        let Some(declared) = self.declared_mut(name) else {
            return ConfigurationStatus::NotSupported;
        };
        match CiString::new(value) {
            Ok(value) if !declared.read_only => {
                declared.value = value;
                if declared.reboot_required {
                    ConfigurationStatus::RebootRequired
                } else {
                    ConfigurationStatus::Accepted
                }
            }
            _ => ConfigurationStatus::Rejected,
        }
    }

    fn declared_mut(&mut self, name: &str) -> Option<&mut DeclaredKey> {
        self.declared
            .iter_mut()
            .find(|key| key.name.as_str().eq_ignore_ascii_case(name))
    }

    /// All keys as GetConfiguration lists them; what may not be read is left out.
    pub(crate) fn list(&self) -> Vec<KeyValue> {
        let standard = KEYS.iter().zip(&self.standard);
        let standard = standard
            .filter(|(row, _)| row.rights != Rights::WriteOnly)
            .map(|(row, value)| KeyValue {
                key: CiString::truncated(row.name),
                readonly: row.rights == Rights::ReadOnly,
                value: Some(value.0.clone()),
            });
        let declared = self.declared.iter().map(|key| KeyValue {
            key: key.name.clone(),
            readonly: key.read_only,
            value: Some(key.value.clone()),
        });
        standard.chain(declared).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let standard = KEYS.iter().zip(&self.standard).map(|(row, (text, _))| {
            (
                row.name,
                (row.rights != Rights::WriteOnly).then(|| text.as_str()),
            )
        });
        let declared = self
            .declared
            .iter()
            .map(|key| (key.name.as_str(), Some(key.value.as_str())));
        standard.chain(declared)
    }

    pub(crate) fn is(&self, key: Key) -> bool {
        matches!(self.standard[key as usize].1, Value::Bool(true))
    }

    pub(crate) fn int(&self, key: Key) -> u64 {
        match self.standard[key as usize].1 {
            Value::Int(n) => u64::try_from(n).unwrap_or(0),
            _ => 0,
        }
    }

    /// A number of seconds as a span.
    pub(crate) fn secs(&self, key: Key) -> Millis {
        Millis::from_secs(self.int(key))
    }

    pub(crate) fn measurands(&self, key: Key) -> &[Wanted] {
        match &self.standard[key as usize].1 {
            Value::Measurands(wanted) => wanted,
            _ => &[],
        }
    }

    /// The password for HTTP basic authentication, if there is one.
    pub(crate) fn password(&self) -> Option<&[u8]> {
        match &self.standard[Key::AuthorizationKey as usize].1 {
            Value::Password(key) if !key.is_empty() => Some(key),
            _ => None,
        }
    }
}
