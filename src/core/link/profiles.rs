//! The way in by the network profiles: by which of them, with which password, and when another has its turn.

use super::in_use::InUse;
use super::state::State;
use super::Link;
use crate::core::output::Output;
use crate::core::{Access, Effect, Network, NetworkSlot, SetupError};
use crate::time::{Mono, Wall};

impl Link {
    /// By which network profile there is a connection, or was.
    pub(crate) const fn slot(&self) -> NetworkSlot {
        self.in_use.slot()
    }

    /// Which central system that leads to.
    pub(crate) fn central(&self) -> &str {
        self.in_use.central()
    }

    /// Its security profile.
    pub(crate) const fn security_profile(&self) -> u8 {
        self.in_use.security_profile()
    }

    /// Whether its password is the configuration key.
    pub(crate) fn is_home(&self) -> bool {
        self.given().is_none() && self.in_use.central() == self.home
    }

    /// The password that the host gave for the central system of the connection: as it would be sent there by
    /// now, or, if nothing leads there any more, as it was.
    fn given(&self) -> Option<&[u8]> {
        let central = self.in_use.central();
        let here = || { self.networks.in_slots() }.filter(|(_, it)| it.central == central);
        let by_slot = here().find(|(slot, _)| *slot == self.slot());
        match by_slot.or_else(|| here().next()) {
            Some((_, network)) => self.networks.given(network),
            None => self.in_use.given(),
        }
    }

    /// The configuration key is the password of the first central system from now on, whatever that set
    /// while another one was the first.
    pub(crate) fn password_is_key(&mut self, out: &mut Output) {
        self.passwords.forget(&self.home, None, out);
    }

    /// The password of a network profile, if it has any: the one that the central system set, or the host.
    /// `key`: the one that is a configuration key.
    fn password<'a>(&'a self, network: &'a Network, key: Option<&'a [u8]>) -> Option<&'a [u8]> {
        let central = network.central.as_str();
        let given = self.networks.given(network);
        let set = self.passwords.instead_of(central, given);
        set.or(given)
            .or_else(|| key.filter(|_| central == self.home))
    }

    /// Whether each network profile that needs a password has one.
    pub(crate) fn check_passwords(&self, key: Option<&[u8]>) -> Result<(), SetupError> {
        for (slot, network) in self.networks.in_slots() {
            let profile = network.security_profile;
            if !matches!(profile, 1 | 2) || self.password(network, key).is_some() {
                continue;
            }
            return Err(match network.central == self.home {
                true => SetupError::Password(profile),
                false => SetupError::NetworkPassword(slot, profile),
            });
        }
        Ok(())
    }

    /// The central system sets the password that it knows us by.
    pub(crate) fn set_password(&mut self, password: Vec<u8>, out: &mut Output) {
        let networks = &self.networks;
        let known = networks.in_slots();
        let known = known.map(|(_, it)| (it.central.as_str(), networks.given(it)));
        let given = self.given().map(<[u8]>::to_vec);
        let central = self.in_use.central();
        let given = given.as_deref();
        self.passwords.replace(central, given, password, known, out);
    }

    /// Makes the attempt that is due, if one is; `time`: by which certificates are checked.
    pub(crate) fn attempt(
        &mut self,
        now: Mono,
        time: impl FnOnce() -> Wall,
        key: Option<&[u8]>,
        out: &mut Output,
    ) {
        let due = matches!(self.state, State::Waiting(at) if at <= now);
        let Some((slot, network)) = self.networks.next().filter(|_| due) else {
            return;
        };
        out.want(Effect::Connect(Access {
            slot,
            route: network.route.clone(),
            profile: network.security_profile,
            key: self.password(network, key).map(<[u8]>::to_vec),
            time: time(),
        }));
        let given = self.networks.given(network);
        self.in_use = InUse::new(slot, network, given);
        self.state = State::Connecting;
    }

    /// When the connection is given up for a better one.
    pub(super) fn prefer_due(&self) -> Option<Mono> {
        let best = self.networks.best()?;
        let wanted = self.is_up() && self.renewal.is_none() && best != self.slot();
        self.in_use.better_at().filter(|_| wanted)
    }

    /// Whether the connection is given up now for one attempt at a better one.
    pub(crate) fn prefers(&mut self, now: Mono) -> bool {
        let due = self.prefer_due().is_some_and(|at| at <= now);
        if due {
            log::info!("the first network profile is tried again");
            self.networks.probe();
        }
        due
    }

    /// The host has another profile for a slot, or none any more. Says whether the way in is to be made anew:
    /// the one in use is concerned, or there is none and the first is tried at once.
    pub(crate) fn set_network_profile(
        &mut self,
        slot: NetworkSlot,
        profile: Option<Network>,
    ) -> bool {
        if !self.networks.set(slot, profile) {
            log::error!("network profile {slot} is the last one: it stays");
            return false;
        }
        match self.state {
            State::Up(_) => slot == self.slot(),
            // The one that is under way may succeed.
            State::Connecting if slot != self.slot() => false,
            _ => self.begin_anew(),
        }
    }

    /// The host has another order. Says whether the way in is to be made anew: there is a new first one, or the
    /// one in use is not wanted any more.
    pub(crate) fn set_network_priority(&mut self, priority: Vec<NetworkSlot>) -> bool {
        let first = self.networks.best();
        if !self.networks.set_priority(priority) {
            log::error!("no network profile that there is has a priority: the order stays");
            return false;
        }
        let in_use = self.slot();
        let best = self.networks.best();
        let moves = best != first || !self.networks.is_usable(in_use);
        let there = matches!(self.state, State::Up(_) | State::Connecting);
        // Who says the same again and again must not keep the waits short.
        match moves && !(there && best == Some(in_use)) {
            true => self.begin_anew(),
            false => false,
        }
    }

    fn begin_anew(&mut self) -> bool {
        self.networks.begin_anew();
        if !self.is_up() {
            self.back_off.reset();
        }
        true
    }
}
