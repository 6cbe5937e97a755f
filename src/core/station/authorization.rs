//! Who may charge: tags, the central system's word, and what is known without it
//! (`OCPP 1.6 §3.5`, `§3.10`, `§4.1`).

use crate::core::station::group;
use crate::core::station::is_tag;
use crate::core::station::Intent;

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::session::Allowed;
use crate::core::station::{Context, Event, Station};
use crate::core::{CachedTag, ConnectorId};
use crate::types::{AuthorizationStatus, IdTagInfo, IdToken, Reason};

impl Station {
    // rules: 53
    /// A tag is shown at a reader that serves these connectors; none named: all.
    pub(crate) fn on_tag(&mut self, named: &[ConnectorId], tag: IdToken, cx: &mut Context<'_>) {
        if !is_tag(&tag) {
            log::warn!("a tag that is empty, or has control characters in it, is ignored");
            return;
        }
        let at: Vec<_> = if named.is_empty() {
            self.connector_ids().collect()
        } else {
            named
                .iter()
                .copied()
                .filter(|at| self.exists(*at))
                .collect()
        };
        if let Some(at) = self.find_running(&at, |starter, _| *starter == tag, cx.ledger) {
            // The tag that started it stops it, without asking (OCPP 1.6 §4.1).
            self.notify_authorized(Some(at), &tag, AuthorizationStatus::Accepted, cx);
            return self.stop(at, Reason::Local, Some(tag), cx);
        }
        if self.release(&at, |owner| owner.tag == tag) {
            return self.notify_authorized(None, &tag, AuthorizationStatus::Accepted, cx);
        }
        if self.take_back(&at, &tag, cx) {
            return self.notify_authorized(None, &tag, AuthorizationStatus::Accepted, cx);
        }
        if self.authorizations.is_open(&tag) {
            return;
        }
        if self.pick(&at).is_some() {
            return self.authorize(tag, Intent::Start(at, None), cx);
        }
        // Asking makes sense only if somebody of a group is charging here (OCPP 1.6 §3.10), or has
        // a cable here that is kept for him.
        let grouped = self.find_running(&at, |_, parent| parent.is_some(), cx.ledger);
        if grouped.is_some() || self.keeps_for_group(&at) {
            return self.authorize(tag, Intent::Stop(at), cx);
        }
        self.notify_authorized(None, &tag, AuthorizationStatus::ConcurrentTx, cx);
    }

    /// The charger itself authorizes somebody: free charging, a PIN, a list of its own.
    pub(crate) fn start_for(&mut self, at: ConnectorId, tag: IdToken, cx: &mut Context<'_>) {
        if is_tag(&tag) {
            self.grant(tag, None, Intent::Start(vec![at], None), cx);
        } else {
            log::warn!(
                "a start with a tag that is empty, or has control characters in it, is ignored"
            );
        }
    }

    fn find_running(
        &self,
        at: &[ConnectorId],
        fits: impl Fn(&IdToken, Option<&IdToken>) -> bool,
        ledger: &Ledger,
    ) -> Option<ConnectorId> {
        let running = |at: &ConnectorId| {
            let run = self.connector(*at)?.running()?;
            ledger.transaction(run.tx())
        };
        let mut all = at.iter().filter_map(|at| Some((*at, running(at)?)));
        all.find(|(_, t)| fits(&t.tag, t.parent.as_ref()))
            .map(|(at, _)| at)
    }

    /// Unlocks the cable that is kept for somebody. Says whether there was one.
    fn release(&mut self, at: &[ConnectorId], fits: impl Fn(&Allowed) -> bool) -> bool {
        for at in at {
            let Some(connector) = self.connector_mut(*at) else {
                continue;
            };
            if connector.release(&fits) {
                return true;
            }
        }
        false
    }

    /// A tag of the same group gets a kept cable out (errata 3.17).
    fn release_for_group(&mut self, at: &[ConnectorId], group: Option<&IdToken>) -> bool {
        group.is_some() && self.release(at, |owner| owner.parent.as_ref() == group)
    }

    fn keeps_for_group(&self, at: &[ConnectorId]) -> bool {
        let kept = |at: &ConnectorId| self.connector(*at)?.kept_for()?.parent.as_ref();
        at.iter().any(|at| kept(at).is_some())
    }

    // rules: 41
    /// A tag that is shown a second time before anything was plugged in is taken back
    /// (`OCPP 1.6 §4.9`, B1).
    fn take_back(&mut self, at: &[ConnectorId], tag: &IdToken, cx: &mut Context<'_>) -> bool {
        for at in at {
            let Some(connector) = self.connector_mut(*at) else {
                continue;
            };
            if connector.take_back(tag) {
                return true;
            }
            if connector.starting().is_some_and(|by| by.tag == *tag) {
                self.call_off(*at, cx);
                return true;
            }
        }
        false
    }

    /// The connector where a session would begin: one with a vehicle waiting, else a free one.
    pub(crate) fn pick(&self, at: &[ConnectorId]) -> Option<ConnectorId> {
        if !self.may_begin() {
            return None;
        }
        let free = || {
            at.iter()
                .copied()
                .filter_map(|at| self.connector(at))
                .filter(|c| c.is_free())
        };
        let preparing = free().find(|c| c.is_waiting());
        let plugged = || free().find(|c| c.has_vehicle());
        let empty = || free().find(|c| !c.has_cable());
        let found = preparing
            .or_else(plugged)
            .or_else(empty)
            .or_else(|| free().next());
        found.map(Connector::id)
    }

    // rules: 87, 88
    /// Finds out whether a tag may do what it is to do.
    pub(crate) fn authorize(&mut self, tag: IdToken, intent: Intent, cx: &mut Context<'_>) {
        let known = self.look_up(&tag, cx);
        if !cx.online {
            return self.decide_offline(tag, intent, known, cx);
        }
        let valid = known.filter(|known| known.status == AuthorizationStatus::Accepted);
        if let (Some(known), true) = (valid, self.settings.is(Key::LocalPreAuthorize)) {
            return self.grant(tag, known.parent, intent, cx);
        }
        if self.authorizations.is_full() || !cx.has_room {
            return self.notify_authorized(None, &tag, AuthorizationStatus::Invalid, cx);
        }
        let number = self.authorizations.ask(tag.clone(), intent);
        self.events.push_back(Event::Authorize(number, tag));
    }

    // rules: 91, 92
    /// Without the central system's word (`OCPP 1.6 §3.5.4`).
    fn decide_offline(
        &mut self,
        tag: IdToken,
        intent: Intent,
        known: Option<CachedTag>,
        cx: &mut Context<'_>,
    ) {
        let trusted = self.settings.is(Key::LocalAuthorizeOffline);
        let strangers = self.settings.is(Key::AllowOfflineTxForUnknownId);
        match known {
            Some(known) if known.status != AuthorizationStatus::Accepted => {
                self.notify_authorized(None, &tag, known.status, cx);
            }
            Some(known) if trusted => self.grant(tag, known.parent, intent, cx),
            _ if strangers && matches!(intent, Intent::Start(..)) => {
                self.grant(tag, None, intent, cx)
            }
            _ => self.notify_authorized(None, &tag, AuthorizationStatus::Invalid, cx),
        }
    }

    /// The central system says what becomes of a tag.
    pub(crate) fn on_authorized(&mut self, number: u64, info: IdTagInfo, cx: &mut Context<'_>) {
        let Some((tag, intent)) = self.authorizations.answered(number) else {
            return;
        };
        self.learn(&tag, &info, cx);
        if info.status == AuthorizationStatus::Accepted {
            self.grant(tag, info.parent_id_tag.and_then(group), intent, cx);
        } else {
            self.notify_authorized(None, &tag, info.status, cx);
        }
    }

    /// The central system does not want to say: that is no permission.
    pub(crate) fn authorize_refused(&mut self, number: u64, cx: &mut Context<'_>) {
        if let Some((tag, _)) = self.authorizations.answered(number) {
            self.notify_authorized(None, &tag, AuthorizationStatus::Invalid, cx);
        }
    }

    /// No answer came, or none can come any more: what is known here decides.
    pub(crate) fn authorize_offline(&mut self, number: u64, cx: &mut Context<'_>) {
        if let Some((tag, intent)) = self.authorizations.answered(number) {
            let known = self.look_up(&tag, cx);
            self.decide_offline(tag, intent, known, cx);
        }
    }

    // rules: 54, 104
    /// A tag may do what it is to do, if that is still possible.
    pub(crate) fn grant(
        &mut self,
        tag: IdToken,
        parent: Option<IdToken>,
        intent: Intent,
        cx: &mut Context<'_>,
    ) {
        match intent {
            Intent::Start(places, profile) => {
                let now = cx.now.mono;
                let picked = self.pick(&places);
                let waits = picked
                    .and_then(|at| self.connector(at))
                    .is_some_and(Connector::has_vehicle);
                if !waits && self.release_for_group(&places, parent.as_ref()) {
                    return self.notify_authorized(None, &tag, AuthorizationStatus::Accepted, cx);
                }
                let Some(at) = picked else {
                    return self.notify_authorized(
                        None,
                        &tag,
                        AuthorizationStatus::ConcurrentTx,
                        cx,
                    );
                };
                self.notify_authorized(Some(at), &tag, AuthorizationStatus::Accepted, cx);
                let Some(connector) = self.connector_mut(at) else {
                    return;
                };
                let elsewhere = places.into_iter().filter(|place| *place != at).collect();
                let allowed = Allowed {
                    tag,
                    parent,
                    profile,
                    elsewhere,
                };
                connector.permit(allowed, now);
            }
            Intent::Stop(at) => {
                let same_group = |_: &IdToken, group: Option<&IdToken>| {
                    group.is_some() && group == parent.as_ref()
                };
                match self.find_running(&at, same_group, cx.ledger) {
                    Some(at) => {
                        self.notify_authorized(Some(at), &tag, AuthorizationStatus::Accepted, cx);
                        self.stop(at, Reason::Local, Some(tag), cx);
                    }
                    None => {
                        let status = if self.release_for_group(&at, parent.as_ref()) {
                            AuthorizationStatus::Accepted
                        } else {
                            AuthorizationStatus::ConcurrentTx
                        };
                        self.notify_authorized(None, &tag, status, cx);
                    }
                }
            }
        }
    }
}
