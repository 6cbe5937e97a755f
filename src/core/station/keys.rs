//! Configuration keys as the station has them: who may change what (`OCPP 1.6 §5.3`).

use super::Station;
use crate::core::settings::{Key, KeyChange};
use crate::time::Mono;

impl Station {
    /// The central system changes a key.
    pub(crate) fn change_key(&mut self, name: &str, value: &str) -> KeyChange {
        self.settings.change(name, value)
    }

    /// A key is changed from inside: its rights do not matter. Says whether it can have that value.
    pub(crate) fn set_key(&mut self, name: &str, value: &str) -> bool {
        self.settings.set(name, value).is_ok()
    }

    /// The security profile of the connection that stands is another one.
    pub(crate) fn set_security_profile(&mut self, profile: u8) {
        self.settings.set_security_profile(profile);
    }

    /// A key has another value: what hangs on it here follows at once.
    pub(crate) fn on_key_changed(&mut self, key: Option<Key>, now: Mono) {
        match key {
            Some(Key::MeterValueSampleInterval) => self.rearm_samples(now),
            Some(Key::ClockAlignedDataInterval) => self.rearm_aligned(now),
            _ => {}
        }
    }
}
