//! Charging profiles over the wire: installed, cleared, asked about
//! (`OCPP 1.6 §5.5`, `§5.7`, `§5.16`).

use std::sync::Arc;

use crate::core::connector::Session;
use crate::core::settings::Key;
use crate::core::smart::composite::Composite;
use crate::core::smart::limits::{Installation, Installed, Volts, Whom};
use crate::core::smart::profile::{Bounds, Refusal};
use crate::core::smart::{second, Profile};
use crate::core::{
    CentralId, ConnectorId, Engine, Place, Schedule, StoredProfile, Transaction, TxId, Write,
};
use crate::time::{Now, Wall};
use crate::wire::{
    ChargingProfile, ChargingProfilePurposeType as Purpose, ChargingProfileStatus,
    ChargingRateUnitType as Unit, ChargingSchedule, ChargingSchedulePeriod, ClearChargingProfile,
    ClearChargingProfileResponse, ClearChargingProfileStatus, ErrorCode, GetCompositeSchedule,
    GetCompositeScheduleResponse, GetCompositeScheduleStatus, MessageId, SetChargingProfile,
    SetChargingProfileResponse, Tenths,
};

impl Engine {
    fn bounds(&self) -> Bounds {
        let number = |key| self.settings.int(key);
        Bounds {
            level: i32::try_from(number(Key::ChargeProfileMaxStackLevel)).unwrap_or(i32::MAX),
            periods: usize::try_from(number(Key::ChargingScheduleMaxPeriods)).unwrap_or(usize::MAX),
            amperes: self.settings.allows_rate("Current"),
            watts: self.settings.allows_rate("Power"),
        }
    }

    pub(crate) fn on_set_profile(&mut self, id: &MessageId, request: &SetChargingProfile) {
        let Some(place) = self.place(request.connector_id) else {
            let text = format!(
                "connectorId: there is no connector {}",
                request.connector_id
            );
            return self.refuse(id, ErrorCode::PropertyConstraintViolation, &text);
        };
        let status = match self.set_profile(place, &request.cs_charging_profiles) {
            Ok(()) => ChargingProfileStatus::Accepted,
            Err(why) => {
                log::warn!("a charging profile is refused: {why}");
                ChargingProfileStatus::Rejected
            }
        };
        self.respond(id.as_str(), &SetChargingProfileResponse { status });
    }

    fn set_profile(&mut self, place: Place, wanted: &ChargingProfile) -> Result<(), Refusal> {
        let tx = if wanted.charging_profile_purpose == Purpose::TxProfile {
            let at = place
                .connector()
                .ok_or("a TxProfile does not belong to connector 0")?;
            let running = self.running(at).ok_or("there is no transaction")?;
            let other = |id| running.central != CentralId::Known(id);
            if wanted.transaction_id.is_some_and(other) {
                return Err("there is another transaction");
            }
            Some(running.id)
        } else {
            None
        };
        self.install(place, tx, wanted)
    }

    /// Installs a profile durably, in the place of those that it replaces.
    pub(crate) fn install(
        &mut self,
        place: Place,
        tx: Option<TxId>,
        wanted: &ChargingProfile,
    ) -> Result<(), Refusal> {
        let now = self.clock.wall(self.now.mono);
        let new = Profile::new(place, tx, wanted, now, self.bounds())?;
        let is_same = |old: &Profile| new.says_the_same(old, second(now));
        if self.profiles.iter().any(is_same) {
            log::debug!("charging profile {} is installed already", new.id);
            return Ok(());
        }
        self.has_room_for(&new)?;
        let elsewhere = |old: &Profile| old.id == new.id && !Installed::is_replaced(old, &new);
        if self.profiles.iter().any(elsewhere) {
            let id = new.id;
            log::info!("charging profile {id} is installed on another connector, too, and stays");
        }
        for (id, place) in Arc::make_mut(&mut self.profiles).install(new) {
            self.out.durable(Write::DropProfile(id, place));
        }
        self.out.durable(Write::Profile(StoredProfile {
            place,
            tx,
            installed: now,
            profile: wanted.clone(),
        }));
        Ok(())
    }

    /// What replaces another needs no room.
    fn has_room_for(&self, new: &Profile) -> Result<(), Refusal> {
        let most = self.settings.int(Key::MaxChargingProfilesInstalled);
        let full = self.profiles.len() as u64 >= most;
        let replaces = |old: &Profile| Installed::is_replaced(old, new);
        if full && !self.profiles.iter().any(replaces) {
            return Err("MaxChargingProfilesInstalled are installed");
        }
        Ok(())
    }

    /// What the store kept: profiles of transactions that did not survive are gone.
    pub(crate) fn restore_profiles(&mut self, stored: Vec<StoredProfile>) {
        for kept in stored {
            let id = kept.profile.charging_profile_id;
            let of_none = kept.tx.is_some_and(|tx| !self.is_running(tx));
            let connector = kept.place.connector();
            let lost = connector.is_some_and(|at| self.connector(at).is_none());
            let bounds = self.bounds();
            let profile = Profile::new(kept.place, kept.tx, &kept.profile, kept.installed, bounds);
            match profile {
                Ok(profile) if !of_none && !lost => {
                    Arc::make_mut(&mut self.profiles).install(profile);
                }
                outcome => {
                    if let Err(why) = outcome {
                        log::warn!("a stored charging profile is not possible here: {why}");
                    }
                    self.out.durable(Write::DropProfile(id, kept.place));
                }
            }
        }
    }

    fn is_running(&self, tx: TxId) -> bool {
        let mut runs = self
            .connectors
            .iter()
            .filter_map(|connector| connector.run());
        runs.any(|run| run.tx == tx)
    }

    pub(super) fn running(&self, at: ConnectorId) -> Option<&Transaction> {
        match &self.connector(at)?.session {
            Session::Running(run) => self.ledger.transaction(run.tx),
            _ => None,
        }
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
    pub(crate) fn drop_profiles_of(&mut self, tx: TxId) {
        for (id, place) in self.remove_profiles(|profile| profile.tx == Some(tx)) {
            self.out.durable(Write::DropProfile(id, place));
        }
    }

    /// Whether the profile of a remote start makes sense (`OCPP 1.6 §5.16.2`).
    pub(crate) fn takes_remote_profile(&self, at: ConnectorId, wanted: &ChargingProfile) -> bool {
        let now = self.clock.wall(self.now.mono);
        let of_start = wanted.charging_profile_purpose == Purpose::TxProfile
            && wanted.transaction_id.is_none();
        let sane = Profile::new(Place::Connector(at), None, wanted, now, self.bounds());
        of_start && sane.is_ok_and(|new| self.has_room_for(&new).is_ok())
    }

    pub(crate) fn on_clear_profile(&mut self, id: &MessageId, request: &ClearChargingProfile) {
        let fits = |profile: &Profile| match request.id {
            // An id alone decides (errata 3.25).
            Some(wanted) => profile.id == wanted,
            None => {
                let place = profile.place.number();
                let here = |wanted| u32::try_from(wanted) == Ok(place);
                request.connector_id.map_or(true, here)
                    && request
                        .charging_profile_purpose
                        .map_or(true, |p| p == profile.purpose)
                    && request
                        .stack_level
                        .map_or(true, |level| level == profile.level)
            }
        };
        let gone = self.remove_profiles(fits);
        let status = if gone.is_empty() {
            ClearChargingProfileStatus::Unknown
        } else {
            ClearChargingProfileStatus::Accepted
        };
        for (id, place) in gone {
            self.out.durable(Write::DropProfile(id, place));
        }
        self.respond(id.as_str(), &ClearChargingProfileResponse { status });
    }

    pub(crate) fn on_get_composite(&mut self, id: &MessageId, request: &GetCompositeSchedule) {
        let amperes = self.settings.allows_rate("Current");
        let allowed = |unit: &Unit| match unit {
            Unit::A => amperes,
            Unit::W => self.settings.allows_rate("Power"),
        };
        let unit = request
            .charging_rate_unit
            .unwrap_or(if amperes { Unit::A } else { Unit::W });
        let place = self.place(request.connector_id).filter(|_| allowed(&unit));
        let answer = match place.filter(|_| request.duration >= 0) {
            None => GetCompositeScheduleResponse {
                status: GetCompositeScheduleStatus::Rejected,
                connector_id: None,
                schedule_start: None,
                charging_schedule: None,
            },
            Some(place) => {
                let start = self.clock.instant(self.now.mono);
                let outlook = self.outlook();
                let composite = outlook.composite(place, start, i64::from(request.duration), unit);
                let phases = outlook.phases(place);
                GetCompositeScheduleResponse {
                    status: GetCompositeScheduleStatus::Accepted,
                    connector_id: Some(request.connector_id),
                    schedule_start: Some(Wall(start.t.saturating_mul(1000))),
                    charging_schedule: Some(schedule_of(&composite, unit, phases)),
                }
            }
        };
        self.respond(id.as_str(), &answer);
    }

    /// The composite schedule of a connector, or of the grid connection, from now on for so
    /// many seconds, in amperes per phase or in watts (`OCPP 1.6 §5.7`).
    #[must_use]
    pub fn schedule(&self, now: Now, place: Place, duration: u32, unit: Unit) -> Schedule {
        self.outlook().schedule(now, place, duration, unit)
    }

    pub(crate) const fn volts(&self) -> Volts {
        Volts(self.setup.tuning.volts)
    }

    /// Whom the limits of a connector are for; idle, a transaction that would start now.
    pub(crate) fn whom(&self, at: ConnectorId, now: i64) -> Option<Whom> {
        let hardware = self.setup.connectors.get(at.index())?.hardware;
        let running = self.running(at);
        Some(Whom {
            at,
            tx: running.map(|transaction| transaction.id),
            started: running.map_or(now, |transaction| second(transaction.started.wall)),
            hardware,
        })
    }
}

/// `phases`: how many there are where no profile says less, if that is to be said.
fn schedule_of(composite: &Composite, unit: Unit, phases: Option<u8>) -> ChargingSchedule {
    let periods = composite
        .periods
        .iter()
        .map(|(start, limit)| ChargingSchedulePeriod {
            start_period: i32::try_from(*start).unwrap_or(i32::MAX),
            limit: Tenths(limit.tenths),
            number_phases: limit.phases.or(phases).map(i32::from),
        });
    ChargingSchedule {
        duration: Some(i32::try_from(composite.duration).unwrap_or(i32::MAX)),
        start_schedule: None,
        charging_rate_unit: unit,
        charging_schedule_period: periods.collect(),
        min_charging_rate: None,
    }
}
