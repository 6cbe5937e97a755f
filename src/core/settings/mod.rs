//! Configuration keys: what they are set to, and who may change them.

mod declared;
mod keys;
mod value;

pub use declared::{DeclaredKey, OwnValues};
pub use keys::{Key, KeyRow, Rights, KEYS};
pub use value::Quantity;
pub(crate) use value::Value;

use crate::core::{Question, Setup};
use crate::time::Millis;
use crate::types::{CiString, IdToken};
pub(crate) use keys::Kind;

/// A key has a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The key.
    pub key: String,
    /// What it was to be.
    pub value: String,
}

/// What became of a key that the central system changes (`OCPP 1.6 §5.3`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum KeyChange {
    /// It has the new value.
    Done,
    /// It has, and that counts from the next boot on.
    AtReboot,
    /// The firmware is to be asked first.
    Asks(Question),
    /// It may not be changed, or cannot have that value.
    Refused,
    /// There is no such key.
    Unknown,
}

/// A key in the list of all.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedKey {
    /// Its name.
    pub name: CiString<50>,
    /// Whether the central system may only read it.
    pub read_only: bool,
    /// Whether a change counts from the next boot on.
    pub reboot_required: bool,
    /// Its value; `None` if it may not be read.
    pub value: Option<CiString<500>>,
}

/// The values of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    standard: Vec<(CiString<500>, Value)>,
    declared: Vec<DeclaredKey>,
    /// What the meters can show.
    measurable: Vec<Quantity>,
    /// No connector has a lock.
    fixed_cables: bool,
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
            measurable: setup.tuning.measurable.clone(),
            fixed_cables: setup.connectors.iter().all(|made| !made.lockable),
        };
        if settings.fixed_cables {
            settings.set_standard(Key::UnlockConnectorOnEVSideDisconnect, "false")?;
        }
        settings.set_standard(Key::NumberOfConnectors, &setup.connectors.len().to_string())?;
        let profile = setup.tuning.security_profile.to_string();
        settings.set_standard(Key::SecurityProfile, &profile)?;
        let refused = settings.set_all(&setup.keys).into_iter().next();
        refused.map_or(Ok(settings), Err)
    }

    /// Sets many keys, in any order, and says which values were refused. How long a list may be comes before
    /// the list.
    pub(crate) fn set_all<T: AsRef<str>, U: AsRef<str>>(
        &mut self,
        keys: &[(T, U)],
    ) -> Vec<BadValue> {
        let is_length = |name: &str| name.to_ascii_lowercase().ends_with("maxlength");
        let mut refused = Vec::new();
        for lengths in [true, false] {
            for (name, value) in keys {
                if is_length(name.as_ref()) == lengths
                    && !self.is_ignored(name.as_ref(), value.as_ref())
                {
                    refused.extend(self.set(name.as_ref(), value.as_ref()).err());
                }
            }
        }
        refused
    }

    /// What many set-ups say of any charger, and means nothing where no connector has a lock: there is
    /// nothing to unlock (errata 3.84).
    fn is_ignored(&self, name: &str, value: &str) -> bool {
        let unlocks = Key::by_name(name) == Some(Key::UnlockConnectorOnEVSideDisconnect);
        let ignored = unlocks && value == "true" && self.fixed_cables;
        if ignored {
            log::warn!("{name} true is ignored: no connector has a lock");
        }
        ignored
    }

    /// Sets a key from inside: its rights do not matter, its type does. What the charger is made
    /// of is not a matter of keys: it may only be said as it is.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), BadValue> {
        let bad = || BadValue {
            key: name.to_owned(),
            value: value.to_owned(),
        };
        if let Some(key) = Key::by_name(name) {
            if matches!(key, Key::NumberOfConnectors | Key::SecurityProfile) {
                let is_so = self.standard[key as usize].0.as_str() == value;
                return is_so.then_some(()).ok_or_else(bad);
            }
            return self.set_standard(key, value);
        }
        let declared = self.declared_mut(name).ok_or_else(bad)?;
        if !declared.values.admit(value) {
            return Err(bad());
        }
        declared.value = CiString::new(value).map_err(|_| bad())?;
        Ok(())
    }

    fn set_standard(&mut self, key: Key, text: &str) -> Result<(), BadValue> {
        let bad = || BadValue {
            key: key.row().name.to_owned(),
            value: text.to_owned(),
        };
        let value = Value::parse(key.row().kind, text);
        let value = value
            .filter(|value| self.allows(key, value))
            .ok_or_else(bad)?;
        let text = CiString::new(text).map_err(|_| bad())?;
        self.standard[key as usize] = (text, value);
        Ok(())
    }

    /// The security profile is what it is: nobody sets it by its key.
    pub(crate) fn set_security_profile(&mut self, profile: u8) {
        let set = self.set_standard(Key::SecurityProfile, &profile.to_string());
        debug_assert!(set.is_ok(), "there is no security profile {profile}");
    }

    // rules: 79
    /// Whether this charger can do what the value asks for.
    fn allows(&self, key: Key, value: &Value) -> bool {
        match (key.row().kind, value) {
            (Kind::Measurands(max), Value::Measurands(list)) => {
                let known = |asked: &Quantity| {
                    *asked == Quantity::REGISTER
                        || (asked.measurand.is_offered() && asked.phase.is_none())
                        || self.measurable.iter().any(|shown| shown.serves(*asked))
                };
                list.len() as u64 <= self.int(max) && list.iter().all(known)
            }
            (_, Value::Rotations(named)) => {
                let there = self.int(Key::NumberOfConnectors);
                named.len() as u64 <= self.int(Key::ConnectorPhaseRotationMaxLength)
                    && named
                        .iter()
                        .all(|n| u64::try_from(*n).is_ok_and(|n| n <= there))
            }
            // There is nothing to unlock (errata 3.84).
            (_, Value::Bool(true)) if key == Key::UnlockConnectorOnEVSideDisconnect => {
                !self.fixed_cables
            }
            _ => true,
        }
    }

    // rules: 70
    /// What the central system may do with a key of this charger.
    pub(crate) fn rights(&self, key: Key) -> Rights {
        if key == Key::UnlockConnectorOnEVSideDisconnect && self.fixed_cables {
            return Rights::ReadOnly;
        }
        key.row().rights
    }

    /// The name of a key as OCPP, or the firmware that declared it, spells it.
    pub(crate) fn spelling<'a>(&'a self, name: &'a str) -> &'a str {
        if let Some(key) = Key::by_name(name) {
            return key.row().name;
        }
        self.declared(name).map_or(name, |key| key.name.as_str())
    }

    /// Whether there is such a key.
    pub(crate) fn knows(&self, name: &str) -> bool {
        Key::by_name(name).is_some() || self.declared(name).is_some()
    }

    // rules: 122
    /// The central system changes a key (`OCPP 1.6 §5.3`).
    pub(crate) fn change(&mut self, name: &str, value: &str) -> KeyChange {
        if let Some(key) = Key::by_name(name) {
            if self.rights(key) == Rights::ReadOnly || self.set_standard(key, value).is_err() {
                return KeyChange::Refused;
            }
            return KeyChange::Done;
        }
        if let Some(question) = self.key_question(name, value) {
            return KeyChange::Asks(question);
        }
        let Some(declared) = self.declared_mut(name) else {
            return KeyChange::Unknown;
        };
        if !declared.allows(value) {
            return KeyChange::Refused;
        }
        declared.value = CiString::truncated(value);
        match declared.reboot_required {
            true => KeyChange::AtReboot,
            false => KeyChange::Done,
        }
    }

    /// What the firmware is asked before the central system changes a key to a value that it may have.
    pub(crate) fn key_question(&self, name: &str, value: &str) -> Option<Question> {
        let key = self.declared(name).filter(|key| key.asks)?;
        key.allows(value).then(|| Question::KeyChange {
            key: key.name.as_str().to_owned(),
            value: value.to_owned(),
        })
    }

    /// What a key may be, in words.
    #[cfg(feature = "net")]
    pub(crate) fn values(&self, name: &str) -> String {
        let own = |key: &DeclaredKey| key.values.in_words();
        match Key::by_name(name) {
            Some(known) => known.row().values(),
            None => self.declared(name).map_or_else(String::new, own),
        }
    }

    fn declared(&self, name: &str) -> Option<&DeclaredKey> {
        let same = |key: &&DeclaredKey| key.name.as_str().eq_ignore_ascii_case(name);
        self.declared.iter().find(same)
    }

    fn declared_mut(&mut self, name: &str) -> Option<&mut DeclaredKey> {
        self.declared
            .iter_mut()
            .find(|key| key.name.as_str().eq_ignore_ascii_case(name))
    }

    /// All keys as GetConfiguration lists them; what may not be read is left out.
    pub(crate) fn list(&self) -> Vec<ListedKey> {
        let mut all = self.all();
        all.retain(|key| key.value.is_some());
        all
    }

    /// All keys, in the order of the standard, then the firmware's own.
    pub(crate) fn all(&self) -> Vec<ListedKey> {
        let standard = Key::ALL.iter().zip(&self.standard);
        let standard = standard.map(|(key, value)| ListedKey {
            name: CiString::truncated(key.row().name),
            read_only: self.rights(*key) == Rights::ReadOnly,
            reboot_required: false,
            value: (self.rights(*key) != Rights::WriteOnly).then(|| value.0.clone()),
        });
        let declared = self.declared.iter().map(|key| ListedKey {
            name: key.name.clone(),
            read_only: key.read_only,
            reboot_required: key.reboot_required,
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

    pub(crate) fn measurands(&self, key: Key) -> &[Quantity] {
        match &self.standard[key as usize].1 {
            Value::Measurands(wanted) => wanted,
            _ => &[],
        }
    }

    /// Whether a list of words, as text, has a word.
    fn lists(&self, key: Key, word: &str) -> bool {
        let text = self.standard[key as usize].0.as_str();
        text.split(',').any(|item| item.trim() == word)
    }

    /// Whether a feature profile of OCPP is offered.
    pub(crate) fn has_profile(&self, name: &str) -> bool {
        self.lists(Key::SupportedFeatureProfiles, name)
    }

    /// Whether charging profiles may be in `Current` (A) or `Power` (W).
    pub(crate) fn allows_rate(&self, name: &str) -> bool {
        self.lists(Key::ChargingScheduleAllowedChargingRateUnit, name)
    }

    /// A tag.
    pub(crate) fn tag(&self, key: Key) -> Option<&IdToken> {
        match &self.standard[key as usize].1 {
            Value::Tag(tag) => Some(tag),
            _ => None,
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
