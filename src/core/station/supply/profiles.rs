//! Charging profiles over the wire: installed, cleared, asked about
//! (`OCPP 1.6 §5.5`, `§5.7`, `§5.16`).

use crate::core::Change;
use crate::core::Record;
use crate::core::RecordKey;
use std::sync::Arc;

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::supply::instant::second;
use crate::core::station::supply::limits::{Installation, Installed, Load, Volts, MOST_OWN};
use crate::core::station::supply::profile::{Bounds, Refusal};
use crate::core::station::supply::Profile;
use crate::core::station::{Context, Station};
use crate::core::{CentralId, ConnectorId, Origin, Place, StoredProfile, Transaction, TxId};
use crate::time::Mono;
use crate::types::{ChargingProfile, ChargingProfilePurposeType as Purpose};

impl Station {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds::of(&self.settings)
    }

    // rules: 139
    /// The central system installs a profile.
    pub(crate) fn set_profile(
        &mut self,
        place: Place,
        wanted: &ChargingProfile,
        cx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let tx = if wanted.charging_profile_purpose == Purpose::TxProfile {
            let at = place
                .connector()
                .ok_or("a TxProfile does not belong to connector 0")?;
            let running = self
                .running(at, cx.ledger)
                .ok_or("there is no transaction")?;
            let other = |id| running.central != CentralId::Known(id);
            if wanted.transaction_id.is_some_and(other) {
                return Err("there is another transaction");
            }
            Some(running.id)
        } else {
            None
        };
        self.install(Origin::Central, place, tx, wanted, cx)
    }

    /// Installs a profile durably, in the place of those that it replaces.
    pub(crate) fn install(
        &mut self,
        origin: Origin,
        place: Place,
        tx: Option<TxId>,
        wanted: &ChargingProfile,
        cx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let now = self.clock.wall(cx.now.mono);
        let new = Profile::new(origin, place, tx, wanted, now, self.bounds())?;
        let is_same = |old: &Profile| new.says_the_same(old, second(now));
        if self.profiles.iter().any(is_same) {
            log::debug!("charging profile {} is installed already", new.id);
            return Ok(());
        }
        self.has_room_for(&new)?;
        let elsewhere = |old: &Profile| {
            let same = old.origin == new.origin && old.id == new.id;
            same && !Installed::is_replaced(old, &new)
        };
        if self.profiles.iter().any(elsewhere) {
            let id = new.id;
            log::info!("charging profile {id} is installed on another connector, too, and stays");
        }
        for gone in Arc::make_mut(&mut self.profiles).install(new) {
            Self::drop_profile(gone, cx);
        }
        cx.out.durable(Change::Put(Record::Profile(StoredProfile {
            origin,
            place,
            tx,
            installed: now,
            profile: wanted.clone(),
        })));
        Ok(())
    }

    fn has_room_for(&self, new: &Profile) -> Result<(), Refusal> {
        let most = match new.origin {
            Origin::Charger => MOST_OWN,
            Origin::Central => {
                let most = self.settings.int(Key::MaxChargingProfilesInstalled);
                usize::try_from(most).unwrap_or(usize::MAX)
            }
        };
        self.profiles.has_room_for(new, most)
    }

    fn drop_profile((id, place, origin): Installation, cx: &mut Context<'_>) {
        cx.out
            .durable(Change::Drop(RecordKey::Profile(id, place, origin)));
    }

    // rules: 150
    /// What the store kept: profiles of transactions that did not survive are gone.
    pub(crate) fn restore_profiles(&mut self, stored: Vec<StoredProfile>, cx: &mut Context<'_>) {
        for kept in stored {
            let id = kept.profile.charging_profile_id;
            let of_none = kept.tx.is_some_and(|tx| !self.is_running(tx));
            let connector = kept.place.connector();
            let lost = connector.is_some_and(|at| self.connector(at).is_none());
            let bounds = self.bounds();
            let (origin, at) = (kept.origin, kept.place);
            let profile = Profile::new(origin, at, kept.tx, &kept.profile, kept.installed, bounds);
            match profile {
                Ok(profile) if !of_none && !lost => {
                    Arc::make_mut(&mut self.profiles).install(profile);
                }
                outcome => {
                    if let Err(why) = outcome {
                        log::warn!("a stored charging profile is not possible here: {why}");
                    }
                    Self::drop_profile((id, at, origin), cx);
                }
            }
        }
    }

    fn is_running(&self, tx: TxId) -> bool {
        let mut runs = self
            .connectors
            .iter()
            .filter_map(|connector| connector.run());
        runs.any(|run| run.tx() == tx)
    }

    pub(super) fn running<'a>(
        &self,
        at: ConnectorId,
        ledger: &'a Ledger,
    ) -> Option<&'a Transaction> {
        let run = self.connector(at)?.running()?;
        ledger.transaction(run.tx())
    }

    /// Removes profiles, and says which. Those who look ahead keep theirs, so a copy is made then, and
    /// only if one goes.
    fn remove_profiles(&mut self, goes: impl Fn(&Profile) -> bool) -> Vec<Installation> {
        if !self.profiles.iter().any(&goes) {
            return Vec::new();
        }
        Arc::make_mut(&mut self.profiles).remove(goes)
    }

    /// The profiles of a transaction end with it (`OCPP 1.6 §3.13.1`).
    pub(crate) fn drop_profiles_of(&mut self, tx: TxId, cx: &mut Context<'_>) {
        for gone in self.remove_profiles(|profile| profile.tx == Some(tx)) {
            Self::drop_profile(gone, cx);
        }
    }

    // rules: 105
    /// Whether the profile of a remote start makes sense (`OCPP 1.6 §5.16.2`).
    pub(crate) fn takes_remote_profile(
        &self,
        at: ConnectorId,
        wanted: &ChargingProfile,
        now: Mono,
    ) -> bool {
        let now = self.clock.wall(now);
        let of_start = wanted.charging_profile_purpose == Purpose::TxProfile
            && wanted.transaction_id.is_none();
        let (origin, at) = (Origin::Central, Place::Connector(at));
        let sane = Profile::new(origin, at, None, wanted, now, self.bounds());
        of_start && sane.is_ok_and(|new| self.has_room_for(&new).is_ok())
    }

    /// Removes the profiles of somebody that fit; says whether there were any.
    pub(crate) fn clear_profiles(
        &mut self,
        origin: Origin,
        fits: impl Fn(&Profile) -> bool,
        cx: &mut Context<'_>,
    ) -> bool {
        let gone = self.remove_profiles(|profile| profile.origin == origin && fits(profile));
        let any = !gone.is_empty();
        for profile in gone {
            Self::drop_profile(profile, cx);
        }
        any
    }

    pub(crate) const fn volts(&self) -> Volts {
        Volts(self.setup.tuning.volts)
    }

    /// Whom the limits of a connector are for; idle, a transaction that would start now.
    pub(crate) fn load(&self, at: ConnectorId, now: i64, ledger: &Ledger) -> Option<Load> {
        let hardware = self.setup.connectors.get(at.index())?.hardware;
        let running = self.running(at, ledger);
        Some(Load {
            at,
            tx: running.map(|transaction| transaction.id),
            started: running.map_or(now, |transaction| second(transaction.started.wall)),
            hardware,
            switches_phases: self.switches_phases(),
        })
    }

    /// Whether fewer phases than there are can be used (`OCPP 1.6 §9.4.4`).
    pub(super) fn switches_phases(&self) -> bool {
        self.settings.is(Key::ConnectorSwitch3to1PhaseSupported)
    }
}
