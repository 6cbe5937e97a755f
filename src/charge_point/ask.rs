//! What the host asks. None of it waits for the library's thread.

use std::ops::Bound;

use crate::charge_point::ChargePoint;
use crate::core::{
    ConnectorId, ConnectorStatus, Place, Schedule, Supply, TransactionChange, TransactionStep, TxId,
};
use crate::error::Error;
use crate::mailbox::Stats;
use crate::shell;
use crate::types::ChargingRateUnitType;

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
        Ok(outlook.schedule(shell::now(), at, duration, unit))
    }

    /// The status of a connector, or of the charge point.
    #[must_use]
    pub fn status(&self, at: Place) -> Option<ConnectorStatus> {
        self.mailbox.status(at)
    }

    /// The running transaction of a connector.
    #[must_use]
    pub fn transaction(&self, at: ConnectorId) -> Option<TransactionStep> {
        self.mailbox.transaction(at)
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

    /// The value of a configuration key that may be read.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<String> {
        self.mailbox.key(name)
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
