//! The charger's own profiles as the host sees them: what it may install is known before the engine hears of it.

use crate::core::settings::Settings;
use crate::core::station::supply::limits::{Installed, MOST_OWN};
use crate::core::station::supply::profile::{Bounds, Profile, Refusal};
use crate::core::station::Outlook;
use crate::core::{Origin, Place, TxId};
use crate::time::Wall;
use crate::types::{ChargingProfile, ChargingProfilePurposeType as Purpose};

/// The charger's own profiles as they will be when all that waits has been dealt with: to tell the host at
/// once what cannot be. Nobody but the host changes them, and the end of a transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnProfiles {
    installed: Installed,
}

impl OwnProfiles {
    pub(crate) fn new(outlook: &Outlook) -> Self {
        let mut installed = outlook.installed().clone();
        installed.remove(|profile| profile.origin != Origin::Charger);
        Self { installed }
    }

    /// The profiles of transactions that do not run are gone.
    pub(crate) fn keep_those_of(&mut self, runs: impl Fn(TxId) -> bool) {
        let gone = |profile: &Profile| profile.tx.is_some_and(|tx| !runs(tx));
        self.installed.remove(gone);
    }

    /// What they are with one more; or why it cannot be.
    pub(crate) fn with(
        &self,
        place: Place,
        tx: Option<TxId>,
        wanted: &ChargingProfile,
        now: Wall,
        settings: &Settings,
    ) -> Result<Self, Refusal> {
        if wanted.charging_profile_purpose == Purpose::TxProfile {
            if place == Place::ChargePoint {
                return Err("a TxProfile does not belong to connector 0");
            }
            if tx.is_none() {
                return Err("a TxProfile is for a transaction, and none runs there");
            }
        }
        let bounds = Bounds::of(settings);
        let new = Profile::new(Origin::Charger, place, tx, wanted, now, bounds)?;
        self.installed.has_room_for(&new, MOST_OWN)?;
        let mut then = self.clone();
        then.installed.install(new);
        Ok(then)
    }

    /// What they are without that one, if it is there.
    pub(crate) fn without(&self, place: Place, id: i32) -> Option<Self> {
        let mut then = self.clone();
        let named = |profile: &Profile| (profile.place, profile.id) == (place, id);
        let gone = then.installed.remove(named);
        (!gone.is_empty()).then_some(then)
    }
}
