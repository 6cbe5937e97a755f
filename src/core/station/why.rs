//! What keeps a session from beginning, for whoever wants one.

use super::Station;
use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::{ConnectorId, Why};

impl Station {
    /// Why nothing begins anywhere; `None` if that is not so.
    fn why_nowhere(&self) -> Option<Why> {
        if !self.is_in_operation() {
            return Some(Why::Restarting);
        }
        if self.is_draining() {
            return Some(Why::Draining);
        }
        if !self.in_service() {
            return Some(Why::NotRegistered);
        }
        self.condition.is_faulted().then_some(Why::Faulted)
    }

    /// Why nobody is served at a connector; `None` if that is not so.
    fn why_not_at(&self, at: ConnectorId) -> Option<Why> {
        let condition = self.connector(at)?.condition();
        if !condition.is_operative() {
            return Some(Why::OutOfService);
        }
        condition.is_faulted().then_some(Why::Faulted)
    }

    /// Whether what runs at a connector needs no tag.
    fn runs_freely(&self, at: &Connector, ledger: &Ledger) -> bool {
        let run = at.running().filter(|_| self.settings.is(Key::FreeCharging));
        let transaction = run.and_then(|run| ledger.transaction(run.tx()));
        let tag = transaction.map(|transaction| &transaction.tag);
        tag.is_some() && tag == self.settings.tag(Key::RfidTagFreeCharging)
    }

    /// Why what was wanted at a connector does not happen.
    pub(super) fn why_off(&self, at: ConnectorId) -> Why {
        let known = self.why_nowhere().or_else(|| self.why_not_at(at));
        known.unwrap_or(Why::Cancelled)
    }

    /// Why no session can begin at any of these.
    pub(super) fn why_none(&self, at: &[ConnectorId], ledger: &Ledger) -> Why {
        if let Some(why) = self.why_nowhere() {
            return why;
        }
        let reasons: Option<Vec<_>> = at.iter().map(|at| self.why_not_at(*at)).collect();
        match reasons.as_deref() {
            Some([]) => return Why::NoFreeConnector,
            // Who can be helped soonest is told so.
            Some(all) if all.contains(&Why::Faulted) => return Why::Faulted,
            Some(_) => return Why::OutOfService,
            None => {}
        }
        let one = match at {
            [one] => self.connector(*one),
            _ => None,
        };
        match one {
            Some(one) if self.runs_freely(one, ledger) => Why::FreeCharging,
            Some(one) if one.running().is_some() => Why::OtherTagCharges,
            Some(one) if one.kept_for().is_some() => Why::CableKept,
            _ => Why::NoFreeConnector,
        }
    }
}
