//! The network profiles as OCPP 1.6 sees them: another central system knows nothing of us, and has a password of
//! its own (security whitepaper A01).

use super::registration::Registration;
use super::{Context, V16};
use crate::core::settings::{Key, Kind, Value};
use crate::core::{Network, NetworkSlot, Notice};
use crate::wire::json::MessageId;
use crate::wire::v16::{ChangeConfigurationResponse, ConfigurationStatus};

impl V16 {
    /// The firmware has another profile for a slot.
    pub(crate) fn on_set_network(
        &mut self,
        slot: NetworkSlot,
        network: Option<Network>,
        cx: &mut Context<'_>,
    ) {
        if cx.link.set_network_profile(slot, network) {
            self.reconnect(cx);
        }
    }

    /// The firmware has another order of the profiles.
    pub(crate) fn on_network_priority(&mut self, priority: Vec<NetworkSlot>, cx: &mut Context<'_>) {
        if cx.link.set_network_priority(priority) {
            self.reconnect(cx);
        }
    }

    /// A connection stands. A central system that has not registered us is asked for that, and the security
    /// profile is what it is there.
    pub(super) fn mind_network(&mut self, cx: &mut Context<'_>) {
        let central = cx.link.central();
        if self.registrar.as_deref() != Some(central) {
            if self.registrar.is_some() {
                log::info!("another central system: it is asked for a registration");
                self.registration = Registration::Unknown { retry: cx.now.mono };
            }
            self.registrar = Some(central.to_owned());
        }
        let profile = cx.link.security_profile();
        if cx.settings().int(Key::SecurityProfile) != u64::from(profile) {
            cx.station.set_security_profile(profile);
            let name = Key::SecurityProfile.row().name.to_owned();
            cx.out.notify(Notice::Key(name, Some(profile.to_string())));
        }
    }

    /// A central system sets the password that it knows us by; that of the first one, which is a configuration
    /// key, stays as it is.
    pub(super) fn on_change_password(&mut self, id: &MessageId, value: &str, cx: &mut Context<'_>) {
        let password = match Value::parse(Kind::Password, value) {
            Some(Value::Password(password)) => Some(password),
            _ => None,
        };
        let status = match password {
            Some(_) => ConfigurationStatus::Accepted,
            None => ConfigurationStatus::Rejected,
        };
        Self::respond(id.as_str(), &ChangeConfigurationResponse { status }, cx);
        if let Some(password) = password {
            cx.link.set_password(password, cx.out);
            self.reconnect(cx);
        }
    }
}
