//! Charging profiles of the charger's own, and all that are installed.

use std::slice::from_ref;

use crate::charge_point::ChargePoint;
use crate::core::{Act, ListedProfile, Origin, OwnProfiles, Place, TxId};
use crate::error::Error;
use crate::types::{ChargingProfile, ChargingProfilePurposeType as Purpose};

impl ChargePoint {
    /// Installs a charging profile of the charger's own at a connector, or at the charge point; one of its own
    /// with the same id there, or of the same purpose and level there, goes. It follows the rules of those that
    /// the central system installs (`OCPP 1.6 §3.13`, `§5.16`), which stay and of which one on the same level
    /// goes before it. A TxProfile is for the transaction that runs there, and ends with it. It is kept over a
    /// restart.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what about it is not possible: its values, its purpose there, a TxProfile without
    /// a transaction, or 16 that are installed; [`Error::Full`], [`Error::Closed`], [`Error::Panicked`].
    pub fn install_profile(&self, place: Place, profile: ChargingProfile) -> Result<(), Error> {
        let of_tx = profile.charging_profile_purpose == Purpose::TxProfile;
        let running = place.connector().and_then(|at| self.transaction(at));
        let tx = running.map(|running| running.tx).filter(|_| of_tx);
        self.act(Act::InstallProfile(place, tx, Box::new(profile)))
    }

    /// The profile that follows that one in the list of all, of the central system and the charger's own; by
    /// [`ListedProfile::rank`]. Begin with `None`. As of what the library's thread has dealt with.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Panicked`].
    pub fn profile_after(
        &self,
        after: Option<(Origin, Place, i32)>,
    ) -> Result<Option<ListedProfile>, Error> {
        Ok(self.mailbox.outlook()?.profile_after(after))
    }

    /// What the charger does with its own profiles: checked here, since nobody else changes them.
    pub(super) fn act_on_profiles(&self, act: Act) -> Result<(), Error> {
        if let Act::InstallProfile(Place::Connector(at), ..)
        | Act::ClearProfile(Place::Connector(at), _) = &act
        {
            self.check_connectors(from_ref(at))?;
        }
        let mut own = self.own.lock();
        // Before the start what goes on is told to nobody; after it, who heard of one knows more than the outlook.
        let outlook = self.mailbox.outlook()?;
        own.keep_those_of(|tx| self.runs(tx) || outlook.runs(tx));
        let then = self.after(&own, &act)?;
        self.mailbox.act(act)?;
        *own = then;
        Ok(())
    }

    /// What the charger's own profiles are after an act, if it is possible.
    fn after(&self, own: &OwnProfiles, act: &Act) -> Result<OwnProfiles, Error> {
        match act {
            Act::InstallProfile(place, tx, profile) => {
                let running = tx.filter(|tx| self.runs(*tx));
                let now = self.clock.now().wall;
                let with = own.with(*place, running, profile, now, &self.keys.lock());
                with.map_err(|why| {
                    let id = profile.charging_profile_id;
                    Error::Invalid(format!("profile {id} at {place}: {why}"))
                })
            }
            Act::ClearProfile(place, id) => own.without(*place, *id).ok_or_else(|| {
                let why = format!("the charger has no profile {id} of its own at {place}");
                Error::Invalid(why)
            }),
            _ => Ok(OwnProfiles::default()),
        }
    }

    fn runs(&self, tx: TxId) -> bool {
        self.mailbox.look(|seen| {
            let mut running = seen.transactions.values();
            running.any(|step| step.tx == tx)
        })
    }
}
