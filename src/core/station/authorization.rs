//! Who may charge: tags, the central system's word, and what is known without it
//! (`OCPP 1.6 §3.5`, `§3.10`, `§4.1`).

use crate::core::station::group;
use crate::core::station::is_tag;
use crate::core::station::Intent;

use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::connector::Connector;
use crate::core::station::session::{Allowed, Owner};
use crate::core::station::tags::{let_in, refuse};
use crate::core::station::{Context, Event, Station};
use crate::core::{AskedBy, CachedTag, Claim, ConnectorId, Place, Purpose, Why};
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
        let reader = match named {
            [one] => Place::Connector(*one),
            _ => Place::ChargePoint,
        };
        let by = AskedBy::Reader;
        let claim = Claim { tag, by, reader };
        let tag = &claim.tag;
        if let Some(at) = self.find_running(&at, |starter, _| starter == tag, cx.ledger) {
            // The tag that started it stops it, without asking (OCPP 1.6 §4.1).
            let tag = tag.clone();
            let_in(claim, at, Purpose::Stop, cx);
            return self.stop(at, Reason::Local, Some(tag), cx);
        }
        if let Some(at) = self.release(&at, |owner| owner.tag == *tag) {
            return let_in(claim, at, Purpose::Unlock, cx);
        }
        if let Some(at) = self.take_back(&at, tag, cx) {
            return let_in(claim, at, Purpose::TakeBack, cx);
        }
        if self.authorizations.is_open(tag) {
            return;
        }
        if self.pick(&at).is_some() {
            return self.authorize(claim, Intent::Start(at, None), cx);
        }
        // Asking makes sense only if somebody of a group is charging here (OCPP 1.6 §3.10), or has
        // a cable here that is kept for him.
        let grouped = self.find_running(&at, |_, parent| parent.is_some(), cx.ledger);
        if grouped.is_some() || self.keeps_for_group(&at) {
            return self.authorize(claim, Intent::Stop(at), cx);
        }
        self.turn_away(claim, &at, cx);
    }

    /// No session can begin for a tag at any of these connectors.
    fn turn_away(&self, claim: Claim, at: &[ConnectorId], cx: &mut Context<'_>) {
        let why = Some(self.why_none(at, cx.ledger));
        refuse(
            claim,
            Purpose::Start,
            AuthorizationStatus::ConcurrentTx,
            why,
            cx,
        );
    }

    /// The charger itself authorizes somebody: free charging, a PIN, a list of its own.
    pub(crate) fn start_for(&mut self, at: ConnectorId, tag: IdToken, cx: &mut Context<'_>) {
        if is_tag(&tag) {
            let (by, reader) = (AskedBy::Host, Place::Connector(at));
            let claim = Claim { tag, by, reader };
            self.grant(claim, None, Intent::Start(vec![at], None), cx);
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

    /// Unlocks the cable that is kept for somebody. Says where there was one.
    fn release(
        &mut self,
        at: &[ConnectorId],
        fits: impl Fn(&Owner) -> bool,
    ) -> Option<ConnectorId> {
        let mut at = at.iter().copied();
        at.find(|at| {
            self.connector_mut(*at)
                .is_some_and(|known| known.release(&fits))
        })
    }

    /// A tag of the same group gets a kept cable out (errata 3.17).
    fn release_for_group(
        &mut self,
        at: &[ConnectorId],
        group: Option<&IdToken>,
    ) -> Option<ConnectorId> {
        group?;
        self.release(at, |owner| owner.parent.as_ref() == group)
    }

    fn keeps_for_group(&self, at: &[ConnectorId]) -> bool {
        let kept = |at: &ConnectorId| self.connector(*at)?.kept_for()?.parent.as_ref();
        at.iter().any(|at| kept(at).is_some())
    }

    // rules: 41
    /// A tag that is shown a second time before anything was plugged in is taken back
    /// (`OCPP 1.6 §4.9`, B1). Says where it was waited for.
    fn take_back(
        &mut self,
        at: &[ConnectorId],
        tag: &IdToken,
        cx: &mut Context<'_>,
    ) -> Option<ConnectorId> {
        let now = cx.now.mono;
        let mut at = at.iter().copied();
        at.find(|at| {
            let connector = self.connector_mut(*at);
            connector.is_some_and(|known| known.take_back(tag, now))
        })
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
    pub(crate) fn authorize(&mut self, claim: Claim, intent: Intent, cx: &mut Context<'_>) {
        let known = self.look_up(&claim.tag, cx);
        if !cx.online {
            return self.decide_alone(claim, intent, known, Why::OfflineUnknown, cx);
        }
        let valid = known.filter(|known| known.status == AuthorizationStatus::Accepted);
        if let (Some(known), true) = (valid, self.settings.is(Key::LocalPreAuthorize)) {
            return self.grant(claim, known.parent, intent, cx);
        }
        if self.authorizations.is_full() || !cx.has_room {
            let (purpose, why) = (intent.purpose(), Some(Why::TooMany));
            return refuse(claim, purpose, AuthorizationStatus::Invalid, why, cx);
        }
        let tag = claim.tag.clone();
        let number = self.authorizations.ask(claim, intent);
        self.events.push_back(Event::Authorize(number, tag));
    }

    // rules: 91, 92
    /// Without the central system's word (`OCPP 1.6 §3.5.4`). `why`: why there is none.
    fn decide_alone(
        &mut self,
        claim: Claim,
        intent: Intent,
        known: Option<CachedTag>,
        why: Why,
        cx: &mut Context<'_>,
    ) {
        let trusted = self.settings.is(Key::LocalAuthorizeOffline);
        let strangers = self.settings.is(Key::AllowOfflineTxForUnknownId);
        match known {
            Some(known) if known.status != AuthorizationStatus::Accepted => {
                refuse(claim, intent.purpose(), known.status, None, cx);
            }
            Some(known) if trusted => self.grant(claim, known.parent, intent, cx),
            _ if strangers && matches!(intent, Intent::Start(..)) => {
                self.grant(claim, None, intent, cx)
            }
            _ => {
                let (purpose, why) = (intent.purpose(), Some(why));
                refuse(claim, purpose, AuthorizationStatus::Invalid, why, cx);
            }
        }
    }

    /// The central system says what becomes of a tag.
    pub(crate) fn on_authorized(&mut self, number: u64, info: IdTagInfo, cx: &mut Context<'_>) {
        let Some((claim, intent)) = self.authorizations.answered(number) else {
            return;
        };
        self.learn(&claim.tag, &info, cx);
        if info.status == AuthorizationStatus::Accepted {
            self.grant(claim, info.parent_id_tag.and_then(group), intent, cx);
        } else {
            refuse(claim, intent.purpose(), info.status, None, cx);
        }
    }

    /// The central system does not want to say: that is no permission.
    pub(crate) fn authorize_refused(&mut self, number: u64, cx: &mut Context<'_>) {
        if let Some((claim, intent)) = self.authorizations.answered(number) {
            let (purpose, why) = (intent.purpose(), Some(Why::CentralSystemSilent));
            refuse(claim, purpose, AuthorizationStatus::Invalid, why, cx);
        }
    }

    /// No answer came, or none can come any more: what is known here decides.
    pub(crate) fn authorize_offline(&mut self, number: u64, cx: &mut Context<'_>) {
        if let Some((claim, intent)) = self.authorizations.answered(number) {
            let known = self.look_up(&claim.tag, cx);
            let why = match cx.online {
                true => Why::CentralSystemSilent,
                false => Why::OfflineUnknown,
            };
            self.decide_alone(claim, intent, known, why, cx);
        }
    }

    // rules: 54, 104
    /// A tag may do what it is to do, if that is still possible.
    pub(crate) fn grant(
        &mut self,
        claim: Claim,
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
                let kept = match waits {
                    true => None,
                    false => self.release_for_group(&places, parent.as_ref()),
                };
                if let Some(at) = kept {
                    return let_in(claim, at, Purpose::Unlock, cx);
                }
                let Some(at) = picked else {
                    return self.turn_away(claim, &places, cx);
                };
                let_in(claim.clone(), at, Purpose::Start, cx);
                let Some(connector) = self.connector_mut(at) else {
                    return;
                };
                let elsewhere = places.into_iter().filter(|place| *place != at).collect();
                let allowed = Allowed {
                    claim,
                    parent,
                    profile,
                    elsewhere,
                };
                connector.permit(allowed, now);
            }
            Intent::Stop(places) => {
                let same_group = |_: &IdToken, group: Option<&IdToken>| {
                    group.is_some() && group == parent.as_ref()
                };
                if let Some(at) = self.find_running(&places, same_group, cx.ledger) {
                    let tag = claim.tag.clone();
                    let_in(claim, at, Purpose::Stop, cx);
                    return self.stop(at, Reason::Local, Some(tag), cx);
                }
                match self.release_for_group(&places, parent.as_ref()) {
                    Some(at) => let_in(claim, at, Purpose::Unlock, cx),
                    // It is of no group that charges here.
                    None => self.turn_away(claim, &places, cx),
                }
            }
        }
    }
}
