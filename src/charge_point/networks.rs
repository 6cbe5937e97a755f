//! The ways to a central system, as the host says them.

use std::sync::Arc;

use crate::core::{Act, Network, NetworkSlot, Route, Setup, SetupError};
use crate::error::Error;
use crate::shell::{Endpoint, Names, NetworkProfile};

/// What the host last said of its networks, which the library's thread may not have heard yet.
pub(super) struct Networks {
    profiles: [Option<Known>; NetworkSlot::COUNT],
    priority: Vec<NetworkSlot>,
    /// One for each slot: a look-up that hangs holds up none of the other slots, and there are never more.
    names: [Arc<Names>; NetworkSlot::COUNT],
    max_frame: usize,
    /// The central system whose password is the configuration key AuthorizationKey.
    home: String,
}

struct Known {
    profile: NetworkProfile,
    central: String,
}

impl Networks {
    /// Checks the networks of a set-up, and enters them there.
    pub(super) fn new(
        given: Vec<(NetworkSlot, NetworkProfile)>,
        setup: &mut Setup,
    ) -> Result<Self, Error> {
        let mut networks = Self {
            profiles: Default::default(),
            priority: setup.tuning.network_priority.clone(),
            names: Default::default(),
            max_frame: usize::try_from(setup.tuning.max_frame).unwrap_or(usize::MAX),
            home: String::new(),
        };
        setup.networks.clear();
        for (slot, profile) in given {
            let (known, network) = networks
                .made(slot, profile)
                .map_err(|why| named(slot, why))?;
            setup.networks.retain(|(other, _)| *other != slot);
            setup.networks.push((slot, network));
            networks.profiles[slot.index()] = Some(known);
        }
        let profiles = &networks.profiles;
        let first = profiles.iter().flatten().next();
        let Some(first) = first.map(|first| first.central.clone()) else {
            return Err(Error::Invalid("there is no network profile".to_owned()));
        };
        networks.home = first;
        let mut order = networks.priority.iter();
        let best = order.find_map(|slot| profiles[slot.index()].as_ref());
        if let Some(best) = best {
            setup.tuning.security_profile = best.profile.security_profile;
        }
        Ok(networks)
    }

    /// The name of the charge point by the first profile, for the log until there is a connection.
    pub(super) fn identity(&self) -> String {
        let first = self.profiles.iter().flatten().next();
        first.map_or_else(String::new, |first| first.profile.identity.clone())
    }

    /// What the shell and the core make of a profile.
    fn made(&self, slot: NetworkSlot, profile: NetworkProfile) -> Result<(Known, Network), Error> {
        let mut endpoint = Endpoint::new(&profile)?;
        endpoint.max_frame = self.max_frame;
        endpoint.names = self.names[slot.index()].clone();
        let central = endpoint.central().to_owned();
        let network = Network {
            central: central.clone(),
            security_profile: profile.security_profile,
            key: profile.auth_key.clone(),
            route: Route::new(Arc::new(endpoint)),
        };
        Ok((Known { profile, central }, network))
    }

    /// Whether there is a password for each profile that needs one. `key`: whether there is AuthorizationKey.
    fn check_passwords(&self, key: bool) -> Result<(), Error> {
        let all = || self.profiles.iter().flatten();
        for (slot, known) in NetworkSlot::ALL.into_iter().zip(&self.profiles) {
            let Some(Known { profile, central }) = known else {
                continue;
            };
            let given = || all().any(|it| it.central == *central && it.profile.auth_key.is_some());
            let needed = matches!(profile.security_profile, 1 | 2);
            if needed && !given() && !(key && *central == self.home) {
                let missing = SetupError::NetworkPassword(slot, profile.security_profile);
                return Err(Error::Invalid(missing.to_string()));
            }
        }
        Ok(())
    }

    /// The host has another profile for a slot; `key`: whether there is AuthorizationKey. If it is possible, and
    /// other than before, it is passed on; if that fails, all is as before.
    pub(super) fn set(
        &mut self,
        slot: NetworkSlot,
        profile: Option<NetworkProfile>,
        key: bool,
        pass_on: impl FnOnce(Act) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let before = self.profiles[slot.index()].as_ref();
        if before.map(|known| &known.profile) == profile.as_ref() {
            return Ok(());
        }
        let made = profile.map(|profile| self.made(slot, profile));
        let made = made.transpose().map_err(|why| named(slot, why))?;
        let (known, network) = made.unzip();
        let before = std::mem::replace(&mut self.profiles[slot.index()], known);
        let checked = self.check_usable().and_then(|()| self.check_passwords(key));
        let taken = checked.and_then(|()| pass_on(Act::SetNetwork(slot, network)));
        if taken.is_err() {
            self.profiles[slot.index()] = before;
        }
        taken
    }

    /// The host has another order; it is passed on as a profile is.
    pub(super) fn set_priority(
        &mut self,
        slots: &[NetworkSlot],
        pass_on: impl FnOnce(Act) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let twice = |at: usize| slots[..at].contains(&slots[at]);
        if let Some(at) = (0..slots.len()).find(|at| twice(*at)) {
            return Err(Error::Invalid(format!("slot {} is named twice", slots[at])));
        }
        let before = std::mem::replace(&mut self.priority, slots.to_vec());
        let checked = self.check_usable();
        let taken = checked.and_then(|()| pass_on(Act::NetworkPriority(slots.to_vec())));
        if taken.is_err() {
            self.priority = before;
        }
        taken
    }

    fn check_usable(&self) -> Result<(), Error> {
        let usable = |slot: &NetworkSlot| self.profiles[slot.index()].is_some();
        match self.priority.iter().any(usable) {
            true => Ok(()),
            false => Err(Error::Invalid(
                "no network profile with a priority would be left: without a network, say so by \
                evcp_set_network()"
                    .to_owned(),
            )),
        }
    }
}

fn named(slot: NetworkSlot, why: Error) -> Error {
    match why {
        Error::Invalid(text) if slot != NetworkSlot::FIRST => {
            Error::Invalid(format!("network profile {slot}: {text}"))
        }
        why => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge_point::{ChargePoint, Options, Signal, Storage};
    use crate::core::{ConnectorSetup, Device, Notice};
    use crate::mailbox::Event;
    use crate::types::CiString;

    #[test]
    fn a_password_that_the_central_system_set_is_one_for_a_profile_that_needs_it() {
        let device = Device::new(CiString::truncated("evcp"), CiString::truncated("test"));
        let options = Options {
            setup: Setup::new(device, vec![ConnectorSetup::SOCKET]),
            networks: vec![(NetworkSlot::FIRST, NetworkProfile::new("ws://cs/", "CP"))],
            storage: Storage::Memory,
        };
        let made = ChargePoint::new(options, Arc::new(Signal::default())).expect("it is made");
        let secured = |host: &str| NetworkProfile {
            security_profile: 1,
            ..NetworkProfile::new(host, "CP")
        };
        let set = |host: &str| made.set_network_profile(NetworkSlot::FIRST, Some(secured(host)));
        assert!(set("ws://cs/").is_err());
        let told = Notice::Key("AuthorizationKey".to_owned(), None);
        made.mailbox.push(Event::Notice(told));
        assert!(set("ws://other/").is_err(), "it is not for another one");
        assert_eq!(set("ws://cs/"), Ok(()));
    }
}
