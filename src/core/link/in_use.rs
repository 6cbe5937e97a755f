//! What a connection is made by.

use std::fmt;

use crate::core::{Network, NetworkSlot};
use crate::time::Mono;

/// What the last attempt was made by, as it was then: the host may have another profile by now.
#[derive(Clone)]
pub(super) struct InUse {
    slot: NetworkSlot,
    central: String,
    security_profile: u8,
    /// The password that the host gave.
    given: Option<Vec<u8>>,
    /// When a better one is tried again, if it is at all.
    better_at: Option<Mono>,
}

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password is a secret.
        write!(f, "network profile {}: {}", self.slot, self.central)
    }
}

impl Default for InUse {
    fn default() -> Self {
        Self {
            slot: NetworkSlot::FIRST,
            central: String::new(),
            security_profile: 0,
            given: None,
            better_at: None,
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
            better_at: None,
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

    pub(super) const fn better_at(&self) -> Option<Mono> {
        self.better_at
    }

    /// The attempt led to a connection, that is given up for a better one at that time.
    pub(super) fn opened(&mut self, better_at: Option<Mono>) {
        self.better_at = better_at;
    }
}
