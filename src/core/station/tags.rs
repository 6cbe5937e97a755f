//! What is known of tags, and where they may charge: at all connectors that the tag, or the remote start, was meant for, until a
//! cable is plugged in at one of them (`OCPP 1.6 §4.9`, `§5.11`).

use crate::core::output::Output;
use crate::core::settings::Key;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::{CachedTag, Claim, ConnectorId, Notice, Purpose, Why};
use crate::types::AuthorizationStatus;
use crate::types::IdTagInfo;
use crate::types::IdToken;

/// A tag does there what it is to do.
pub(super) fn let_in(claim: Claim, at: ConnectorId, purpose: Purpose, cx: &mut Context<'_>) {
    cx.out.notify(Notice::Authorized {
        claim,
        connector: Some(at),
        purpose,
        status: AuthorizationStatus::Accepted,
        why: None,
    });
}

/// A tag does not do what it was to do.
pub(super) fn refuse(
    claim: Claim,
    purpose: Purpose,
    status: AuthorizationStatus,
    why: Option<Why>,
    cx: &mut Context<'_>,
) {
    cx.out.notify(Notice::Authorized {
        claim,
        connector: None,
        purpose,
        status,
        why,
    });
}

impl Station {
    /// A cable was plugged in: whoever may charge here, and was waited for at another connector, charges
    /// here. Of several the one who was there first.
    pub(crate) fn bring_permission(&mut self, at: ConnectorId) {
        if !self.connector(at).is_some_and(|c| c.is_free()) {
            return;
        }
        let connectors = self.connectors.iter_mut();
        let waits = connectors.filter_map(|known| Some((known.waits_for_one_of(at)?, known)));
        let Some((since, connector)) = waits.min_by_key(|(since, _)| *since) else {
            return;
        };
        let allowed = connector.take_along();
        log::info!(
            "connector {at}: who was waited for at connector {} plugs in here",
            connector.id()
        );
        if let Some(connector) = self.connector_mut(at) {
            connector.permit_since(since, allowed);
        }
    }

    /// Nobody who is waited for elsewhere may start at a connector any more.
    pub(crate) fn permit_no_more_at(&mut self, at: ConnectorId) {
        for connector in &mut self.connectors {
            connector.permit_no_more_at(at);
        }
    }

    /// Nobody who is still being asked about starts anything at a connector any more.
    pub(crate) fn withdraw(&mut self, at: ConnectorId, cx: &mut Context<'_>) {
        let gone = self.authorizations.withdraw(at);
        self.permit_no_more_at(at);
        for claim in gone {
            let why = self.why_off(at);
            refuse(
                claim,
                Purpose::Start,
                AuthorizationStatus::Invalid,
                Some(why),
                cx,
            );
        }
    }

    /// The central system said something of a tag: the cache remembers (`OCPP 1.6 §3.5.1`).
    pub(crate) fn learn(&mut self, tag: &IdToken, info: &IdTagInfo, cx: &mut Context<'_>) {
        if !self.settings.is(Key::AuthorizationCacheEnabled) {
            return;
        }
        let now = self.clock.wall(cx.now.mono);
        let most = self.setup.tuning.cache_size;
        let mut writes = Vec::new();
        self.cache.learn(tag, info, now, most, &mut writes);
        cx.out.all_durable(writes);
    }

    pub(super) fn look_up(&self, tag: &IdToken, cx: &mut Context<'_>) -> Option<CachedTag> {
        let now = self.clock.wall(cx.now.mono);
        let enabled = self.settings.is(Key::AuthorizationCacheEnabled);
        enabled.then(|| self.cache.find(tag, now)).flatten()
    }

    /// The cache is emptied.
    pub(crate) fn clear_cache(&mut self, out: &mut Output) {
        let mut writes = Vec::new();
        self.cache.clear(&mut writes);
        out.all_durable(writes);
    }
}
