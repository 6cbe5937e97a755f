//! Where energy is off for what waits.

use std::collections::BTreeMap;

use crate::core::{ConnectorId, Place};

/// Where energy is off until the library's thread has dealt with what takes it away.
#[derive(Clone, Debug, Default)]
pub struct Stops(BTreeMap<Place, usize>);

impl Stops {
    /// Whether nothing may flow at a connector, whatever was commanded.
    #[must_use]
    pub fn holds(&self, at: ConnectorId) -> bool {
        self.0.contains_key(&Place::ChargePoint) || self.0.contains_key(&Place::Connector(at))
    }

    pub(super) fn add(&mut self, at: Place) {
        *self.0.entry(at).or_default() += 1;
    }

    pub(super) fn remove(&mut self, at: Place) {
        if let Some(count) = self.0.get_mut(&at) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&at);
            }
        }
    }
}
