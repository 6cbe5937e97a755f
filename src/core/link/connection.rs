//! The connection: when one is tried, whether it still lives, and when we end it ourselves.

use super::state::{Ping, Renewal, State};
use super::{CallPurpose, Link, Lost};
use crate::core::output::Output;
use crate::core::parting::{ANSWER_OUT, AWAY};
use crate::core::{CloseReason, Connection, Due, Effect, NetworkSlot, Notice};
use crate::time::{Millis, Mono};

/// So long we wait for the answer to a call of ours that is out: it would have to be sent again.
const LAST_ANSWER: Millis = Millis::from_secs(5);

impl Link {
    /// How often in a row it failed.
    pub(crate) const fn failures(&self) -> u32 {
        self.back_off.failures()
    }

    /// The connection stands. Says whether one was to be made.
    pub(crate) fn opened(&mut self, now: Mono, out: &mut Output) -> bool {
        if self.state != State::Connecting {
            return false;
        }
        self.state = State::Up(Ping::Quiet(now));
        self.back_off.opened(now);
        // Those that lost the best one together must not come back together.
        let prefer = self.networks.prefer();
        let better_at = (prefer.0 > 0).then(|| now + self.back_off.varied(prefer));
        self.in_use.opened(better_at);
        self.number += 1;
        let slot = self.slot();
        out.notify(Notice::Connection(
            Connection::Connected,
            slot,
            String::new(),
        ));
        true
    }

    /// No connection could be made.
    pub(crate) fn failed(&mut self, why: String, now: Mono, out: &mut Output) {
        if self.state == State::Connecting {
            let slot = self.slot();
            match slot == NetworkSlot::FIRST {
                true => log::warn!("no connection: {why}"),
                false => log::warn!("no connection by network profile {slot}: {why}"),
            }
            self.networks.attempt_failed();
            self.retry_later(now);
            out.notify(Notice::Connection(Connection::Failed, slot, why));
        }
    }

    /// The connection is gone. What was under way on it will not be answered any more; of the call that was
    /// out, how long it is.
    pub(crate) fn broke(
        &mut self,
        why: &str,
        now: Mono,
    ) -> Option<(Lost, Option<(CallPurpose, usize)>)> {
        if !matches!(self.state, State::Up(_) | State::Connecting) {
            return None;
        }
        log::warn!("the connection is gone: {why}");
        let cut = self.calls.sent();
        let lost = self.lost();
        self.mind_loss(now);
        self.retry_later(now);
        Some((lost, cut))
    }

    /// A connection that was good for something is no attempt that failed.
    fn mind_loss(&mut self, now: Mono) {
        match self.back_off.is_proven(now) {
            true => self.networks.works(),
            false => self.networks.attempt_failed(),
        }
    }

    fn retry_later(&mut self, now: Mono) {
        let wait = self.back_off.next(now);
        self.state = State::Waiting(now + wait);
    }

    /// Closes the connection, or stops trying, for a reason of our own. `None`: there was none.
    #[must_use = "calls that end must be told to whoever made them"]
    pub(crate) fn close(&mut self, why: CloseReason, out: &mut Output) -> Option<Lost> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        if matches!(state, State::Up(_) | State::Connecting) {
            out.want(Effect::Close(why));
        }
        matches!(state, State::Up(_)).then(|| self.lost())
    }

    /// What was under way on the connection will not be answered any more.
    fn lost(&mut self) -> Lost {
        self.renewal = None;
        self.calls.abandon()
    }

    /// Whether there is a network to try; if there is one again, the waits start over.
    pub(crate) fn set_network(&mut self, up: bool) -> bool {
        self.network = up;
        let again = up && self.state == State::Idle;
        if again {
            self.back_off.reset();
            self.networks.begin_anew();
        }
        again
    }

    /// Connects, unless there is a connection or no network.
    pub(crate) fn try_at_once(&mut self, now: Mono) {
        if self.network && self.state == State::Idle {
            self.state = State::Waiting(now);
        }
    }

    /// Whether an attempt is under way or to come.
    pub(crate) const fn is_trying(&self) -> bool {
        matches!(self.state, State::Connecting | State::Waiting(_))
    }

    /// The way in changed: the connection that stands ends soon. Says whether there is one.
    pub(crate) fn renew(&mut self) -> bool {
        if self.is_up() {
            self.renewal = Some(Renewal::Ordered);
        }
        self.is_up()
    }

    /// All that the last input led to has been done.
    pub(crate) fn answers_are_out(&mut self, now: Mono) {
        if self.renewal == Some(Renewal::Ordered) {
            self.renewal = Some(Renewal::Answered(now));
        }
    }

    /// Whether the time has come to close the connection that is made anew.
    pub(crate) fn renewal_is_due(&self, now: Mono) -> bool {
        let answered = matches!(self.renewal, Some(Renewal::Answered(_)));
        answered && self.renewal_due(now).is_some_and(|at| at <= now)
    }

    fn renewal_due(&self, now: Mono) -> Option<Mono> {
        match self.renewal? {
            Renewal::Ordered => Some(now),
            Renewal::Answered(at) if self.is_busy() => Some(at + LAST_ANSWER),
            Renewal::Answered(at) => Some(at + ANSWER_OUT),
        }
    }

    /// An attempt that would be made at once is made a moment later: the central system sees before that we
    /// are gone.
    pub(crate) fn stay_away(&mut self, now: Mono) {
        if matches!(self.state, State::Waiting(_)) {
            self.state = State::Waiting(now + AWAY);
        }
    }

    /// Whether the connection is about to be made anew: nothing new is begun on it.
    pub(crate) const fn is_ending(&self) -> bool {
        self.renewal.is_some()
    }

    /// What is due: a ping. Says whether the central system is gone, which a ping without answer means;
    /// `quiet`: nothing came that could have been one.
    pub(crate) fn expire(
        &mut self,
        ping: Millis,
        quiet: bool,
        now: Mono,
        out: &mut Output,
    ) -> bool {
        match self.state {
            State::Up(Ping::Quiet(_)) if self.ping_due(ping).is_some_and(|at| at <= now) => {
                out.want(Effect::Ping);
                self.state = State::Up(Ping::Sent(now + self.pong_timeout));
            }
            State::Up(Ping::Sent(until)) => return until <= now && quiet,
            _ => {}
        }
        false
    }

    /// The central system does not answer pings: the next attempt follows after a wait.
    #[must_use = "calls that end must be told to whoever made them"]
    pub(crate) fn hang_up(&mut self, now: Mono, out: &mut Output) -> Option<Lost> {
        log::warn!("the central system does not answer pings");
        let lost = self.close(CloseReason::NoPong, out);
        self.mind_loss(now);
        self.retry_later(now);
        lost
    }

    // rules: 17
    fn ping_due(&self, interval: Millis) -> Option<Mono> {
        match self.state {
            State::Up(Ping::Quiet(last)) if interval.0 > 0 => Some(last + interval),
            _ => None,
        }
    }

    /// When it is to be looked at next. `ping`: how often a ping is sent.
    pub(crate) fn deadline(&self, ping: Millis, now: Mono) -> Option<(Mono, Due)> {
        let link = match self.state {
            State::Waiting(at) => Some((at, Due::Reconnect)),
            State::Up(Ping::Sent(until)) => Some((until, Due::Pong)),
            _ => self.ping_due(ping).map(|at| (at, Due::Ping)),
        };
        let renewal = self.renewal_due(now).map(|at| (at, Due::Renewal));
        let better = self.prefer_due().map(|at| (at, Due::Reconnect));
        [link, renewal, better].into_iter().flatten().min()
    }

    /// Something came from the central system.
    pub(crate) fn lives(&mut self, now: Mono) {
        if self.is_up() {
            self.state = State::Up(Ping::Quiet(now));
        }
    }

    /// The answer to a ping came.
    pub(crate) fn ponged(&mut self, now: Mono) {
        if matches!(self.state, State::Up(Ping::Sent(_))) {
            self.back_off.heard();
        }
        self.lives(now);
    }

    /// What came makes sense: who says nonsense and hangs up is not to be tried again at once.
    pub(crate) fn makes_sense(&mut self) {
        self.back_off.heard();
    }
}
