//! What a connection is made by.

use crate::core::{Network, NetworkSlot};
use crate::time::Mono;

/// What the last attempt was made by, as it was then: the host may have another profile by now.
#[derive(Clone, Debug)]
pub(super) struct InUse {
    slot: NetworkSlot,
    central: String,
    security_profile: u8,
    /// The password that the host gave.
    given: Option<Vec<u8>>,
    /// Since when the connection stands.
    since: Mono,
}

impl Default for InUse {
    fn default() -> Self {
        Self {
            slot: NetworkSlot::FIRST,
            central: String::new(),
            security_profile: 0,
            given: None,
            since: Mono(0),
        }
    }
}

impl InUse {
    pub(super) fn new(slot: NetworkSlot, network: &Network, given: Option<&[u8]>) -> Self {
        Self {
            slot,
            central: network.central.clone(),
            security_profile: network.security_profile,
            given: given.map(<[u8]>::to_vec),
            since: Mono(0),
        }
    }

    pub(super) const fn slot(&self) -> NetworkSlot {
        self.slot
    }

    pub(super) fn central(&self) -> &str {
        &self.central
    }

    pub(super) const fn security_profile(&self) -> u8 {
        self.security_profile
    }

    pub(super) fn given(&self) -> Option<&[u8]> {
        self.given.as_deref()
    }

    pub(super) const fn since(&self) -> Mono {
        self.since
    }

    /// The attempt led to a connection.
    pub(super) fn opened(&mut self, now: Mono) {
        self.since = now;
    }
}
