//! What the host asks. None of it waits for the library's thread.

use std::ops::Bound;

use crate::charge_point::fault_rank::FaultRank;
use crate::charge_point::ChargePoint;
use crate::core::{
    Connection, ConnectorId, ConnectorStatus, ListedKey, LocalLimit, NetworkSlot, Place, Schedule,
    StandingFault, Supply, TransactionChange, TransactionStep, TxId,
};
use crate::error::Error;
use crate::mailbox::{Restart, Stats};
use crate::time::{Millis, Wall};
use crate::types::{ChargingRateUnitType, RegistrationStatus};

impl ChargePoint {
    /// What a connector may draw now; nothing for one that does not exist, or after a panic.
    #[must_use]
    pub fn supply(&self, at: ConnectorId) -> Supply {
        self.mailbox.supply(at)
    }

    /// The composite schedule of a connector, or of the grid connection, from now on for so
    /// many seconds, in amperes per phase or in watts (`OCPP 1.6 §5.7`). Waits for nobody; may be
    /// asked anywhere, also before the start.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist; [`Error::Closed`],
    /// [`Error::Panicked`].
    pub fn schedule(
        &self,
        at: Place,
        duration: u32,
        unit: ChargingRateUnitType,
    ) -> Result<Schedule, Error> {
        if let Some(at) = at.connector().filter(|at| at.number() > self.connectors) {
            return Err(Error::Invalid(format!("there is no connector {at}")));
        }
        let outlook = self.mailbox.outlook()?;
        Ok(outlook.schedule(self.clock.now(), at, duration, unit))
    }

    /// The local limits that stand now, with failsafe values in the place of what was not said.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Panicked`].
    pub fn local_limits(&self) -> Result<Vec<LocalLimit>, Error> {
        Ok(self.mailbox.outlook()?.local_limits().to_vec())
    }

    /// The status of a connector, or of the charge point.
    #[must_use]
    pub fn status(&self, at: Place) -> Option<ConnectorStatus> {
        self.mailbox.look(|seen| seen.statuses.get(&at).cloned())
    }

    /// The link, by which network profile it is or was tried, and why it is so; before the start, `Disconnected`.
    #[must_use]
    pub fn link(&self) -> (Connection, NetworkSlot, String) {
        self.mailbox.look(|seen| seen.link.clone())
    }

    /// The last answer to BootNotification in this run, with the interval and the time that it named.
    #[must_use]
    pub fn registration(&self) -> Option<(RegistrationStatus, Millis, Option<Wall>)> {
        self.mailbox.look(|seen| seen.boot)
    }

    /// The first fault or warning of a place that comes after this one; faults come before warnings. Begin with
    /// `None`.
    #[must_use]
    pub fn fault(&self, at: Place, after: Option<FaultRank>) -> Option<StandingFault> {
        self.mailbox.look(|seen| {
            let here = seen.faults.iter().filter(|wrong| wrong.place == at);
            let left = here.filter(|wrong| Some(FaultRank::of(wrong)) > after);
            left.min_by_key(|wrong| FaultRank::of(wrong)).cloned()
        })
    }

    /// The configuration key that follows this one in the list of all: those of the standard, in its order,
    /// then the firmware's own. Begin with `None`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a key that there is not.
    pub fn key_after(&self, name: Option<&str>) -> Result<Option<ListedKey>, Error> {
        self.mailbox.look(|seen| {
            let next = match name {
                None => 0,
                Some(name) => 1 + seen.key(name).ok_or_else(|| no_key(name))?,
            };
            Ok(seen.keys.get(next).cloned())
        })
    }

    /// The running transaction of a connector.
    #[must_use]
    pub fn transaction(&self, at: ConnectorId) -> Option<TransactionStep> {
        self.mailbox
            .look(|seen| seen.transactions.get(&at).cloned())
    }

    /// The first transaction with a number above `after` that the central system refused to the end and that
    /// is kept as undelivered: [`Act::Deliver`](crate::core::Act::Deliver) and
    /// [`Act::Forget`](crate::core::Act::Forget) are about these. Begin with 0.
    #[must_use]
    pub fn undelivered(&self, after: TxId) -> Option<TransactionStep> {
        let all = self.mailbox.undelivered();
        let mut behind = all.range((Bound::Excluded(after), Bound::Unbounded));
        let (_, next) = behind.next()?;
        Some(TransactionStep::new(next, TransactionChange::GivenUp))
    }

    /// Whether the central system may only read a key, and whether a change counts from the next boot on.
    #[cfg(feature = "capi")]
    pub(crate) fn key_rights(&self, name: &str) -> (bool, bool) {
        self.mailbox.look(|seen| {
            let listed = seen.key(name).and_then(|at| seen.keys.get(at));
            listed.map_or((false, false), |key| (key.read_only, key.reboot_required))
        })
    }

    /// The value of a configuration key that may be read.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<String> {
        self.mailbox.look(|seen| {
            let value = seen.keys.get(seen.key(name)?)?.value.as_ref()?;
            Some(value.as_str().to_owned())
        })
    }

    /// What is going on, and what a restart now would cost: as of what the library's thread has dealt with.
    /// Without a storage, all that there is would be lost.
    #[must_use]
    pub fn restart(&self) -> Restart {
        let restart = self.mailbox.restart();
        let holds = restart.queued + restart.undelivered > 0 || restart.standing.transactions > 0;
        Restart {
            storage_fails: restart.storage_fails || (holds && !self.keeps),
            ..restart
        }
    }

    /// How much happened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.mailbox.stats()
    }

    /// How many connectors there are.
    #[must_use]
    pub const fn connector_count(&self) -> u32 {
        self.connectors
    }
}

/// There is no such configuration key.
pub(super) fn no_key(name: &str) -> Error {
    Error::Unsupported(format!("there is no key \"{name}\""))
}
