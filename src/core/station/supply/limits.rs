//! Which limit holds on a connector at a time, and until when at least.

use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::profile::{InForce, Refusal, NEVER};
use crate::core::station::supply::Profile;
use crate::core::{ConnectorId, Feed, Hardware, Origin, Place, Purposes, TxId};
use crate::types::{ChargingProfilePurposeType as Purpose, ChargingRateUnitType as Unit};

/// The installed profiles, in the order in which they are asked: higher levels first, and on the
/// same level those of the central system before the charger's own, and of each those of a connector
/// before those of connector 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Installed {
    profiles: Vec<Profile>,
    /// Of the central system's, those of these purposes say nothing now.
    ignored: Purposes,
}

/// So many of the charger's own are installed at most.
pub(super) const MOST_OWN: usize = 16;

/// What names an installed profile: its id, its connector, and who installed it.
pub(crate) type Installation = (i32, Place, Origin);

/// Whom a limit is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) at: ConnectorId,
    /// The transaction that is running, if one is.
    pub(crate) tx: Option<TxId>,
    /// The second it started in.
    pub(crate) started: i64,
    pub(crate) hardware: Hardware,
    /// Whether fewer phases than there are can be used (ConnectorSwitch3to1PhaseSupported).
    pub(crate) switches_phases: bool,
}

/// What prevails of several profiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prevailing<'a> {
    /// Who speaks, what, and on how many phases.
    pub(crate) word: Option<(&'a Profile, i64, Option<u8>)>,
    /// It is the same at least until that second.
    pub(crate) until: i64,
}

/// A limit in tenths of some unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) tenths: i64,
    /// Said only if some profile allows fewer phases than the hardware has.
    pub(crate) phases: Option<u8>,
}

/// Volts, to get from amperes to watts and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volts(pub(crate) u32);

impl Volts {
    // rules: 145
    /// A limit in another unit, on so many conductors; rounded down to tenths.
    pub(crate) fn convert(self, tenths: i64, from: Unit, to: Unit, lines: u8) -> i64 {
        let factor = i64::from(self.0) * i64::from(lines);
        match (from, to) {
            (Unit::A, Unit::W) => tenths.saturating_mul(factor),
            (Unit::W, Unit::A) => tenths / factor.max(1),
            _ => tenths,
        }
    }

    pub(crate) fn of(self, hardware: Hardware, to: Unit, lines: u8) -> i64 {
        self.convert(i64::from(hardware.deciamps), Unit::A, to, lines)
    }
}

/// The conductors that are used: those of the hardware, or fewer if profiles say so.
pub(crate) fn lines(hardware: Hardware, said: impl Iterator<Item = u8>) -> u8 {
    if hardware.feed == Feed::Dc {
        return 1;
    }
    said.fold(hardware.feed.lines(), u8::min)
}

impl Installed {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Profile> + Clone {
        self.profiles.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.profiles.len()
    }

    /// How many somebody has installed.
    pub(crate) fn count(&self, origin: Origin) -> usize {
        self.iter().filter(|known| known.origin == origin).count()
    }

    /// The purposes of which the central system's say nothing now.
    pub(crate) const fn ignored(&self) -> Purposes {
        self.ignored
    }

    /// From now on the central system's profiles of these purposes say nothing, and the others do.
    pub(crate) fn ignore(&mut self, purposes: Purposes) {
        self.ignored = purposes;
    }

    /// Whether what a profile says counts now.
    pub(crate) fn counts(&self, profile: &Profile) -> bool {
        profile.origin != Origin::Central || !self.ignored.has(profile.purpose)
    }

    /// Those that count now, in the order in which they are asked.
    fn heard(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter().filter(|profile| self.counts(profile))
    }

    // rules: 141
    /// Whether a profile takes the place of an installed one: the same id, or the same place, purpose
    /// and level (`OCPP 1.6 §5.16.3`). On two connectors one id is two installations: energy managers
    /// use one id everywhere, and the connector that had it first would jump to full current.
    pub(crate) fn is_replaced(old: &Profile, new: &Profile) -> bool {
        let apart = old.place != new.place
            && old.place != Place::ChargePoint
            && new.place != Place::ChargePoint;
        let same = (old.id == new.id && !apart)
            || (old.place, old.purpose, old.level) == (new.place, new.purpose, new.level);
        old.origin == new.origin && same
    }

    /// Whether there is room for one more, of so many from whoever installs it. What replaces another
    /// needs none.
    pub(crate) fn has_room_for(&self, new: &Profile, most: usize) -> Result<(), Refusal> {
        let full = self.count(new.origin) >= most;
        if full && !self.iter().any(|old| Self::is_replaced(old, new)) {
            return Err(match new.origin {
                Origin::Central => "MaxChargingProfilesInstalled are installed",
                Origin::Charger => {
                    "16 of the charger's own are installed, there is no room for more"
                }
            });
        }
        Ok(())
    }

    // rules: 142
    /// Installs a profile, and says which ones it replaces.
    pub(crate) fn install(&mut self, new: Profile) -> Vec<Installation> {
        let gone = self.remove(|old| Self::is_replaced(old, &new));
        // Higher levels first; the central system before the charger; connectors before connector 0.
        let key = |profile: &Profile| {
            (
                -i64::from(profile.level),
                profile.origin,
                profile.place == Place::ChargePoint,
            )
        };
        let at = self.profiles.partition_point(|old| key(old) <= key(&new));
        self.profiles.insert(at, new);
        gone
    }

    /// Removes profiles, and says which.
    pub(crate) fn remove(&mut self, goes: impl Fn(&Profile) -> bool) -> Vec<Installation> {
        let mut gone = Vec::new();
        self.profiles.retain(|profile| {
            let goes = goes(profile);
            if goes {
                gone.push((profile.id, profile.place, profile.origin));
            }
            !goes
        });
        gone
    }

    // rules: 143
    /// The first that speaks prevails; those asked before it bound how long.
    fn ask<'a>(
        among: impl Iterator<Item = &'a Profile>,
        at: Instant,
        started: i64,
        mut until: i64,
    ) -> Prevailing<'a> {
        for profile in among {
            match profile.in_force(at, started) {
                InForce::Limit {
                    tenths,
                    phases,
                    until: same,
                } => {
                    return Prevailing {
                        word: Some((profile, tenths, phases)),
                        until: until.min(same),
                    };
                }
                InForce::Nothing { until: silent } => until = until.min(silent),
            }
        }
        Prevailing { word: None, until }
    }

    // rules: 151
    /// What is said to a transaction: its TxProfile, else the default of the connector, else the
    /// default of connector 0 on levels that the connector does not take. The charger's own take no
    /// level from the central system's, which are asked before them.
    pub(crate) fn for_transaction(&self, load: &Load, at: Instant) -> Prevailing<'_> {
        let own = self.heard().filter(|profile| {
            profile.purpose == Purpose::TxProfile
                && profile.place == Place::Connector(load.at)
                && profile.tx.is_some()
                && profile.tx == load.tx
        });
        let own = Self::ask(own, at, load.started, NEVER);
        if own.word.is_some() {
            return own;
        }
        let mut taken = None;
        let defaults = self.heard().filter(|profile| {
            if profile.purpose != Purpose::TxDefaultProfile {
                return false;
            }
            if profile.place == Place::Connector(load.at) {
                taken = Some(profile.level);
                return true;
            }
            profile.place == Place::ChargePoint && taken != Some(profile.level)
        });
        Self::ask(defaults, at, load.started, own.until)
    }

    /// What is said to the charge point as a whole.
    pub(crate) fn for_charge_point(&self, at: Instant) -> Prevailing<'_> {
        let max = self
            .heard()
            .filter(|profile| profile.purpose == Purpose::ChargePointMaxProfile);
        Self::ask(max, at, at.t, NEVER)
    }
}
