//! The device itself: Reset, UnlockConnector, ChangeAvailability, ClearCache
//! (`OCPP 1.6 §5.2`, `§5.4`, `§5.14`, `§5.18`).

use super::{Context, Registration, V16};
use crate::core::settings::Key;
use crate::core::station::{AnswerFor, Caller, ServiceChange, Step};
use crate::core::{Answer, CloseReason, Question};
use crate::wire::json::MessageId;
use crate::wire::v16::{
    AvailabilityStatus, AvailabilityType, ChangeAvailability, ChangeAvailabilityResponse,
    ClearCacheResponse, ClearCacheStatus, ResetResponse, ResetStatus, ResetType, UnlockConnector,
    UnlockConnectorResponse, UnlockStatus,
};

impl V16 {
    pub(super) fn on_change_availability(
        &self,
        id: &MessageId,
        request: &ChangeAvailability,
        cx: &mut Context<'_>,
    ) {
        let operative = request.r#type == AvailabilityType::Operative;
        let change = match cx.station.place(request.connector_id) {
            None => ServiceChange::Refused,
            Some(at) => self.at_station(cx, |station, cx| {
                station.change_availability(at, operative, cx)
            }),
        };
        let status = match change {
            ServiceChange::Done => AvailabilityStatus::Accepted,
            ServiceChange::WhenOver => AvailabilityStatus::Scheduled,
            ServiceChange::Refused => AvailabilityStatus::Rejected,
        };
        Self::respond(id.as_str(), &ChangeAvailabilityResponse { status }, cx);
    }

    // rules: 90
    pub(super) fn on_clear_cache(id: &MessageId, cx: &mut Context<'_>) {
        let status = if cx.settings().is(Key::AuthorizationCacheEnabled) {
            cx.station.clear_cache(cx.out);
            ClearCacheStatus::Accepted
        } else {
            ClearCacheStatus::Rejected
        };
        Self::respond(id.as_str(), &ClearCacheResponse { status }, cx);
    }

    // rules: 106
    /// A transaction is finished first.
    pub(super) fn on_unlock(
        &self,
        id: &MessageId,
        request: &UnlockConnector,
        cx: &mut Context<'_>,
    ) {
        let at = cx.station.existing(request.connector_id);
        let lockable = at.is_some_and(|at| cx.station.is_lockable(at));
        let Some(at) = at.filter(|_| lockable && cx.station.setup().host.unlocks) else {
            let status = UnlockStatus::NotSupported;
            return Self::respond(id.as_str(), &UnlockConnectorResponse { status }, cx);
        };
        let asked = AnswerFor::Unlock(Self::caller(id, cx));
        let is_asked = self.at_station(cx, |station, cx| {
            station.free_lock(at, cx);
            station.ask_to_unlock(at, asked, cx)
        });
        if !is_asked {
            let status = UnlockStatus::UnlockFailed;
            Self::respond(id.as_str(), &UnlockConnectorResponse { status }, cx);
        }
    }

    /// The firmware has tried it.
    pub(super) fn conclude_unlock(&self, caller: &Caller, answer: &Answer, cx: &mut Context<'_>) {
        let status = match answer {
            Answer::Accepted => UnlockStatus::Unlocked,
            Answer::NotSupported => UnlockStatus::NotSupported,
            _ => UnlockStatus::UnlockFailed,
        };
        if self.hears(caller, cx) {
            Self::respond(&caller.message_id, &UnlockConnectorResponse { status }, cx);
        }
    }

    pub(super) fn on_reset(&self, id: &MessageId, kind: ResetType, cx: &mut Context<'_>) {
        let hard = kind == ResetType::Hard;
        let caller = Self::caller(id, cx);
        let asked = AnswerFor::Reset { caller, hard };
        let possible = cx.station.setup().host.resets && !cx.station.is_resetting();
        let ask = Question::Reset { hard };
        if !possible || !self.at_station(cx, |station, cx| station.ask(ask, asked, cx)) {
            let status = ResetStatus::Rejected;
            Self::respond(id.as_str(), &ResetResponse { status }, cx);
        }
    }

    // rules: 118
    /// The firmware agrees, or not.
    pub(super) fn conclude_reset(
        &self,
        caller: &Caller,
        hard: bool,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) {
        let agreed = *answer == Answer::Accepted;
        let status = if agreed {
            ResetStatus::Accepted
        } else {
            ResetStatus::Rejected
        };
        if self.hears(caller, cx) {
            Self::respond(&caller.message_id, &ResetResponse { status }, cx);
        }
        if agreed {
            self.at_station(cx, |station, cx| station.begin_reset(hard, cx));
        }
    }

    /// Goes on with a reset as soon as nothing is left to do or say.
    pub(crate) fn mind_reset(&mut self, cx: &mut Context<'_>) {
        let said = !self.is_online(cx.link) || (cx.ledger.len() == 0 && !cx.link.is_busy());
        if said && cx.station.has_stopped() {
            self.leave(cx);
        }
    }

    /// Goes on with a reset whose time has come.
    pub(crate) fn expire_reset(&mut self, cx: &mut Context<'_>) {
        match self.at_station(cx, |station, cx| station.expire_reset(cx)) {
            None => {}
            Some(Step::Leave) => self.leave(cx),
            Some(Step::GoAway) => {
                self.go_away(cx);
                cx.station.device_restarts(cx.now.mono);
            }
            Some(Step::GoOn) => Self::try_at_once(cx),
        }
    }

    fn leave(&mut self, cx: &mut Context<'_>) {
        self.at_station(cx, |station, cx| {
            station.stop_waiting(cx);
            station.commit_now(cx);
        });
        let up = cx.link.is_up();
        if !up {
            self.go_away(cx);
        }
        self.at_station(cx, |station, cx| station.leave(up, cx));
    }

    // rules: 119
    fn go_away(&mut self, cx: &mut Context<'_>) {
        self.at_station(cx, |station, cx| station.commit_now(cx));
        self.close(CloseReason::GoingAway, cx);
        self.registration = Registration::Unknown { retry: cx.now.mono };
    }

    /// The host stops us: what is in memory alone is stored. Transactions go on.
    pub(crate) fn on_closing(&mut self, cx: &mut Context<'_>) {
        self.at_station(cx, |station, cx| {
            station.close(cx);
            station.commit_now(cx);
        });
        self.close(CloseReason::GoingAway, cx);
    }
}
