//! Profiles of the charger's own: an off-peak default, what the owner asks for in an app. They follow the
//! rules of the central system's, in a name space of their own.

use crate::core::station::supply::profile::Refusal;
use crate::core::station::{Context, Station};
use crate::core::{Origin, Place, TxId};
use crate::types::{ChargingProfile, ChargingProfilePurposeType as Purpose};

impl Station {
    /// The charger installs a profile of its own; a TxProfile for that transaction, whose end may have been
    /// quicker.
    pub(crate) fn install_own(
        &mut self,
        place: Place,
        tx: Option<TxId>,
        wanted: &ChargingProfile,
        cx: &mut Context<'_>,
    ) {
        if let Err(why) = self.try_install_own(place, tx, wanted, cx) {
            let id = wanted.charging_profile_id;
            log::warn!("charging profile {id} of the charger's own is not installed: {why}");
        }
    }

    fn try_install_own(
        &mut self,
        place: Place,
        tx: Option<TxId>,
        wanted: &ChargingProfile,
        cx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        if wanted.charging_profile_purpose == Purpose::TxProfile {
            let running = place.connector().and_then(|at| self.running(at, cx.ledger));
            if tx.is_none() || running.map(|running| running.id) != tx {
                return Err("the transaction that it is for does not run");
            }
        }
        self.install(Origin::Charger, place, tx, wanted, cx)
    }

    /// The charger removes one of its own.
    pub(crate) fn clear_own(&mut self, place: Place, id: i32, cx: &mut Context<'_>) {
        let named = |known: &super::Profile| known.place == place && known.id == id;
        self.clear_profiles(Origin::Charger, named, cx);
    }

    /// The charger removes all of its own.
    pub(crate) fn clear_all_own(&mut self, cx: &mut Context<'_>) {
        self.clear_profiles(Origin::Charger, |_| true, cx);
    }
}
