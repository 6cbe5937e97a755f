//! The connection as OCPP 1.6 uses it: opened, kept alive, made anew with another password
//! (`OCPP-J 1.6 §3`, `OCPP 1.6 §9.1.34`).

use super::{Context, V16};
use crate::core::clock::{Clock, BUILT};
use crate::core::link::{Ended, Lost};
use crate::core::settings::Key;
use crate::core::station::Station;
use crate::core::{CloseReason, Connection, Notice};
use crate::time::{Millis, Now, Wall};

impl V16 {
    /// Closes the connection, or stops trying, for a reason of our own.
    pub(super) fn close(&mut self, why: CloseReason, cx: &mut Context<'_>) {
        if let Some(lost) = cx.link.close(why, cx.out) {
            self.lost(lost, "closed by the charge point", cx);
        }
    }

    /// What was under way on the connection will not be answered any more.
    pub(super) fn lost(&mut self, lost: Lost, why: &str, cx: &mut Context<'_>) {
        for purpose in lost {
            self.on_ended(purpose, Ended::Lost, cx);
        }
        Self::tell_disconnected(why, cx);
    }

    pub(super) fn tell_disconnected(why: &str, cx: &mut Context<'_>) {
        let slot = cx.link.slot();
        let notice = Notice::Connection(Connection::Disconnected, slot, why.to_owned());
        cx.out.notify(notice);
    }

    pub(crate) fn on_network(&mut self, up: bool, cx: &mut Context<'_>) {
        if cx.link.set_network(up) {
            Self::try_at_once(cx);
        } else if !up {
            self.close(CloseReason::GoingAway, cx);
        }
    }

    /// Connects, unless there is a connection, no network, or an end that we wait for.
    pub(super) fn try_at_once(cx: &mut Context<'_>) {
        if !cx.station.is_closing() && !cx.station.is_rebooting() {
            cx.link.try_at_once(cx.now.mono);
        }
    }

    // rules: 124
    /// The way in changed: the next connection uses the new one.
    pub(super) fn reconnect(&mut self, cx: &mut Context<'_>) {
        if !cx.link.renew() {
            self.close(CloseReason::NewAccess, cx);
            Self::try_at_once(cx);
        }
    }

    /// The time is known at last: an attempt that is under way, or to come, is made anew at once, and
    /// checks certificates by it.
    pub(super) fn connect_by_clock(&mut self, cx: &mut Context<'_>) {
        if cx.link.is_trying() {
            self.reconnect(cx);
        }
    }

    pub(super) fn expire_link(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        if cx.link.renewal_is_due(now) {
            self.close(CloseReason::NewAccess, cx);
            Self::try_at_once(cx);
            cx.link.stay_away(now);
        }
        let ping = Self::ping_interval(cx.station);
        if cx.link.prefers(now) {
            self.reconnect(cx);
        }
        let (failures, clock) = (cx.link.failures(), cx.station.clock());
        let time = || time_of_access(clock, cx.now, self.newest, failures);
        let password = cx.station.settings().password();
        cx.link.attempt(now, time, password, cx.out);
        if cx.link.expire(ping, cx.idle, now, cx.out) {
            if let Some(lost) = cx.link.hang_up(now, cx.out) {
                self.lost(lost, "closed by the charge point", cx);
            }
        }
    }

    pub(super) fn ping_interval(station: &Station) -> Millis {
        station.settings().secs(Key::WebSocketPingInterval)
    }

    /// The host says what time it is: the first time, certificates are checked by it at once.
    pub(crate) fn on_clock(&mut self, right: Wall, cx: &mut Context<'_>) {
        let first = !cx.station.clock().is_synced();
        self.set_clock(right, cx);
        if first {
            self.connect_by_clock(cx);
        }
    }
}

/// The time by which certificates are checked, after so many attempts that failed.
fn time_of_access(clock: &Clock, now: Now, newest: Wall, failures: u32) -> Wall {
    let ours = clock.wall(now.mono);
    if clock.is_synced() {
        return ours;
    }
    // A stored time that is too late must not lock a charge point out for ever whose device
    // knows the time: every other attempt goes by that alone.
    let device = now.wall;
    if device >= BUILT && failures % 2 == 1 {
        return device;
    }
    ours.max(device).max(newest).max(BUILT)
}
