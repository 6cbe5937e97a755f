//! Which network profile is tried, and when the next one is.

use crate::core::{Network, NetworkSlot, Setup};
use crate::time::Millis;

/// The network profiles in the order in which they are tried. One of them can be used at any time.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    /// By their slots.
    profiles: [Option<Network>; NetworkSlot::COUNT],
    priority: Vec<NetworkSlot>,
    /// The one that the next attempt is made by.
    next: NetworkSlot,
    /// How often in a row it failed by that one, and how often it may before the next one has its turn.
    failed: u32,
    most: u32,
    /// Where to go back to if the one attempt by a better one fails.
    back_to: Option<NetworkSlot>,
    /// After how long a better one is tried; 0: never.
    prefer: Millis,
}

impl Networks {
    pub(super) fn new(setup: &Setup) -> Self {
        let mut networks = Self {
            profiles: [None, None, None, None],
            priority: setup.tuning.network_priority.clone(),
            next: NetworkSlot::FIRST,
            failed: 0,
            most: setup.tuning.network_attempts,
            back_to: None,
            prefer: setup.tuning.network_prefer,
        };
        for (slot, network) in setup.all_networks() {
            networks.profiles[slot.index()] = Some(network);
        }
        networks.begin_anew();
        networks
    }

    /// Those that can be used, the best first.
    fn usable(&self) -> impl Iterator<Item = NetworkSlot> + '_ {
        let there = |slot: &NetworkSlot| self.profiles[slot.index()].is_some();
        self.priority.iter().copied().filter(there)
    }

    pub(super) const fn prefer(&self) -> Millis {
        self.prefer
    }

    /// The best one that there is.
    pub(super) fn best(&self) -> Option<NetworkSlot> {
        self.usable().next()
    }

    /// By which one the next attempt is made.
    pub(super) fn next(&self) -> Option<(NetworkSlot, &Network)> {
        let profile = self.profiles[self.next.index()].as_ref()?;
        Some((self.next, profile))
    }

    /// The password that the host gave for the central system of a profile: with it, or with another that leads
    /// there.
    pub(super) fn given<'a>(&'a self, network: &'a Network) -> Option<&'a [u8]> {
        let all = self.profiles.iter().flatten();
        let mut same = all.filter(|it| it.central == network.central);
        let others = || same.find_map(|it| it.key.as_deref());
        network.key.as_deref().or_else(others)
    }

    pub(super) fn in_slots(&self) -> impl Iterator<Item = (NetworkSlot, &Network)> + Clone {
        let all = NetworkSlot::ALL.into_iter().zip(&self.profiles);
        all.filter_map(|(slot, network)| Some((slot, network.as_ref()?)))
    }

    /// Whether a slot can be used.
    pub(super) fn is_usable(&self, slot: NetworkSlot) -> bool {
        self.usable().any(|usable| usable == slot)
    }

    /// The best one is next, as at the start.
    pub(super) fn begin_anew(&mut self) {
        (self.failed, self.back_to) = (0, None);
        self.next = self.best().unwrap_or(self.next);
    }

    /// A connection by the one that is next proved itself.
    pub(super) fn works(&mut self) {
        (self.failed, self.back_to) = (0, None);
    }

    /// One attempt is made by the best one; if it fails, the one that worked is next again.
    pub(super) fn probe(&mut self) {
        let worked = self.next;
        self.begin_anew();
        self.back_to = Some(worked);
    }

    /// An attempt failed: if there were enough of them, the next one has its turn.
    pub(super) fn attempt_failed(&mut self) {
        if let Some(worked) = self.back_to.take() {
            (self.next, self.failed) = (worked, 0);
            return self.stay_usable();
        }
        self.failed = self.failed.saturating_add(1);
        if self.failed < self.most {
            return;
        }
        self.failed = 0;
        let tried = self.next;
        let behind = self.usable().skip_while(|slot| *slot != tried).nth(1);
        self.next = behind.or_else(|| self.best()).unwrap_or(tried);
    }

    /// The host has another profile for a slot, or none any more. Says whether it was taken: one must be left.
    pub(super) fn set(&mut self, slot: NetworkSlot, profile: Option<Network>) -> bool {
        let before = std::mem::replace(&mut self.profiles[slot.index()], profile);
        if self.best().is_none() {
            self.profiles[slot.index()] = before;
            return false;
        }
        self.stay_usable();
        true
    }

    /// The host has another order. Says whether it was taken: one that there is must be in it.
    pub(super) fn set_priority(&mut self, priority: Vec<NetworkSlot>) -> bool {
        let before = std::mem::replace(&mut self.priority, priority);
        if self.best().is_none() {
            self.priority = before;
            return false;
        }
        self.stay_usable();
        true
    }

    /// What is next must be there.
    fn stay_usable(&mut self) {
        let back_to = self.back_to;
        self.back_to = back_to.filter(|slot| self.is_usable(*slot));
        if !self.is_usable(self.next) {
            self.begin_anew();
        }
    }
}
