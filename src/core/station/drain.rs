//! Draining: what runs goes on to its own end, and nothing new is begun, so that a restart costs nobody anything.

use super::connector::Connector;
use super::life::Drain;
use super::{Context, Station};
use crate::core::{Notice, Standing};

impl Station {
    /// Nothing new is begun any more, or it is again. Who was about to begin does not.
    pub(crate) fn set_draining(&mut self, draining: bool, cx: &mut Context<'_>) {
        if draining == self.is_draining() {
            return;
        }
        self.drain = match draining {
            true => Drain::Draining,
            false => Drain::Open,
        };
        for at in self.connector_ids().filter(|_| draining) {
            self.withdraw(at, cx);
            self.call_off(at, cx);
            if let Some(connector) = self.connector_mut(at) {
                connector.prepare_no_more();
            }
        }
    }

    /// The host hears once that no session is left.
    pub(crate) fn mind_drain(&mut self, cx: &mut Context<'_>) {
        let is_left = |connector: &Connector| connector.is_busy();
        if self.drain == Drain::Draining && !self.connectors.iter().any(is_left) {
            self.drain = Drain::Drained;
            cx.out.notify(Notice::Drained);
        }
    }

    /// What a restart would cut short here.
    pub(crate) fn standing(&self) -> Standing {
        let count = |counts: fn(&Connector) -> bool| {
            let counted = self.connectors.iter().filter(|known| counts(known)).count();
            u32::try_from(counted).unwrap_or(u32::MAX)
        };
        Standing {
            transactions: count(|known| known.run().is_some()),
            permissions: count(Connector::waits_for_somebody),
            asked: self.authorizations.len(),
            unsaved: false,
            draining: self.is_draining(),
            resetting: self.is_resetting(),
        }
    }
}
