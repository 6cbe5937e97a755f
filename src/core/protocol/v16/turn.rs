//! What the engine has the protocol do at each turn, whatever happened.

use super::{Context, V16};
use crate::core::protocol::View;
use crate::core::station::Event;
use crate::core::Due;
use crate::time::Mono;

impl V16 {
    /// What happened at the station is reported.
    pub(crate) fn report(&mut self, cx: &mut Context<'_>) {
        while let Some(event) = cx.station.next_event() {
            match event {
                Event::Authorize(number, tag) => Self::ask_about(number, tag, cx),
                Event::Reading {
                    place,
                    tx,
                    at,
                    values,
                } => Self::send_reading(place, tx, at, values, cx),
            }
        }
    }

    /// What is due on the link, and of the registration.
    pub(crate) fn expire(&mut self, cx: &mut Context<'_>) {
        self.expire_link(cx);
        self.expire_boot(cx);
    }

    /// The time of the next thing to do if nothing else happens, and what that is.
    pub(crate) fn deadline(&self, it: View<'_>) -> Option<(Mono, Due)> {
        let ping = Self::ping_interval(it.station);
        let link = it.link.deadline(ping, it.now);
        let calls = self.call_deadline(it);
        let boot = self.boot_deadline(it);
        let statuses = self.status_deadline(it);
        let again = it
            .ledger
            .redelivery_due()
            .filter(|_| self.is_online(it.link));
        let again = again.map(|at| (at, Due::Redelivery));
        let all = [link, calls, boot, statuses, again];
        all.into_iter().flatten().min()
    }
}
