//! What is installed, one profile after another, for whoever shows it.

use std::sync::Arc;

use crate::core::station::supply::Profile;
use crate::core::station::Outlook;
use crate::core::{Origin, Place, TxId};
use crate::types::ChargingProfile;

/// An installed charging profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedProfile {
    /// Who installed it.
    pub origin: Origin,
    /// Where.
    pub place: Place,
    /// The transaction that a TxProfile is for.
    pub tx: Option<TxId>,
    /// Whether it says nothing now, since the central system cannot be reached.
    pub ignored: bool,
    /// What it is, with its id.
    pub profile: Arc<ChargingProfile>,
}

impl ListedProfile {
    /// Its place in the list of all: the central system's first, then by connectors, then by ids.
    #[must_use]
    pub fn rank(&self) -> (Origin, Place, i32) {
        (self.origin, self.place, self.profile.charging_profile_id)
    }
}

impl Outlook {
    /// The profile that follows that place in the list of all; begin with `None`.
    #[must_use]
    pub fn profile_after(&self, after: Option<(Origin, Place, i32)>) -> Option<ListedProfile> {
        let rank = |profile: &Profile| (profile.origin, profile.place, profile.id);
        let all = self.installed().iter();
        let left = all.filter(|profile| after.map_or(true, |after| rank(profile) > after));
        let next = left.min_by_key(|profile| rank(profile))?;
        Some(ListedProfile {
            origin: next.origin,
            place: next.place,
            tx: next.tx,
            ignored: !self.installed().counts(next),
            profile: next.said.clone(),
        })
    }
}
