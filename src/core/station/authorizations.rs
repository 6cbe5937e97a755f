//! Tags that the central system has been asked about, and what each is to do.

use std::collections::BTreeMap;

use crate::core::{Claim, ConnectorId, Purpose};
use crate::types::{ChargingProfile, IdToken};

/// Tags that the central system has been asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Authorizations {
    count: u64,
    open: BTreeMap<u64, (Claim, Intent)>,
}

/// What a tag is to do, at one of these connectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intent {
    /// Start a transaction, with the charging profile that a remote start brought.
    Start(Vec<ConnectorId>, Option<Box<ChargingProfile>>),
    /// Stop a transaction of the same group.
    Stop(Vec<ConnectorId>),
}

impl Intent {
    pub(super) const fn purpose(&self) -> Purpose {
        match self {
            Self::Start(..) => Purpose::Start,
            Self::Stop(_) => Purpose::Stop,
        }
    }
}

/// Whether it can be one: something that people and databases can read.
pub(crate) fn is_tag(tag: &IdToken) -> bool {
    tag.is_readable()
}

// rules: 55
/// A group by the tag that stands for it. A name that is empty or blank is the way in which many databases
/// say that there is none: taken for a group it would be that of all customers.
pub(crate) fn group(parent: IdToken) -> Option<IdToken> {
    is_tag(&parent).then_some(parent)
}

impl Authorizations {
    /// How many tags may be asked about at once.
    const MOST: usize = 16;

    /// How many are being asked about.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= Self::MOST
    }

    /// Whether a tag is being asked about.
    pub(super) fn is_open(&self, tag: &IdToken) -> bool {
        self.open.values().any(|(open, _)| open.tag == *tag)
    }

    /// The central system is asked; its answer goes to that number.
    pub(super) fn ask(&mut self, claim: Claim, intent: Intent) -> u64 {
        self.count += 1;
        self.open.insert(self.count, (claim, intent));
        self.count
    }

    /// The answer came, or none can come any more.
    pub(super) fn answered(&mut self, number: u64) -> Option<(Claim, Intent)> {
        self.open.remove(&number)
    }

    /// None of them starts anything at a connector any more. Returns those that then have nothing to do.
    pub(super) fn withdraw(&mut self, at: ConnectorId) -> Vec<Claim> {
        for (_, intent) in self.open.values_mut() {
            if let Intent::Start(places, _) = intent {
                places.retain(|place| *place != at);
            }
        }
        let nowhere =
            |intent: &Intent| matches!(intent, Intent::Start(places, _) if places.is_empty());
        let open = self.open.iter();
        let gone = open.filter(|(_, (_, intent))| nowhere(intent));
        let gone: Vec<_> = gone.map(|(number, _)| *number).collect();
        let open = gone.iter().filter_map(|number| self.open.remove(number));
        open.map(|(claim, _)| claim).collect()
    }
}
