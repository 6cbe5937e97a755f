//! The link to the central system: the connection, whether it still lives, when it is made anew, and the calls
//! on it. What the calls say is the protocol's affair (`OCPP-J 1.6`).

mod back_off;
mod calls;
mod connection;
mod in_use;
mod networks;
mod passwords;
mod profiles;
mod state;

pub(crate) use calls::{Call, CallPurpose};

use serde_json::value::RawValue;

use self::back_off::BackOff;
use self::calls::Calls;
use self::in_use::InUse;
use self::networks::Networks;
use self::passwords::Passwords;
use self::state::{Renewal, State};
use crate::core::message_ids::MessageIds;
use crate::core::output::Output;
use crate::core::{Effect, Setup};
use crate::time::{Millis, Mono};
use crate::wire::json::ErrorCode;

/// How a call of ours ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended<'a> {
    /// With an answer.
    Answered(&'a RawValue),
    /// With an error, and its text.
    Refused(ErrorCode, &'a str),
    /// No answer came in time.
    Unanswered,
    /// The connection is gone, or nobody wants to hear it: no answer can come any more.
    Lost,
}

/// Calls that end because the connection did.
pub(crate) type Lost = Vec<CallPurpose>;

/// The connection, and the calls on it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    state: State,
    back_off: BackOff,
    networks: Networks,
    passwords: Passwords,
    /// The central system whose password is the configuration key.
    home: String,
    /// What the last attempt was made by.
    in_use: InUse,
    /// Counts the connections, so that an answer never goes out on a later one.
    number: u64,
    /// Whether there is a network to try.
    network: bool,
    /// The connection is to be made anew.
    renewal: Option<Renewal>,
    calls: Calls,
    ids: MessageIds,
    /// How long a ping may stay without answer.
    pong_timeout: Millis,
}

impl Link {
    /// None yet; the first attempt is due at once. What is stored of passwords is taken from the settings.
    pub(crate) fn new(setup: &Setup, stored: &mut Vec<(String, String)>, now: Mono) -> Self {
        let home = setup
            .all_networks()
            .into_iter()
            .min_by_key(|(slot, _)| *slot);
        let home = home.map_or_else(String::new, |(_, first)| first.central);
        Self {
            state: State::Waiting(now),
            back_off: BackOff::new(setup.seed, &setup.tuning),
            networks: Networks::new(setup),
            passwords: Passwords::take(stored),
            in_use: InUse::default(),
            home,
            number: 0,
            network: true,
            renewal: None,
            calls: Calls::default(),
            ids: MessageIds::new(setup.seed),
            pong_timeout: setup.tuning.pong_timeout,
        }
    }

    /// The number of the connection; no other one of this run has it.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// An id for a call.
    pub(crate) fn next_id(&mut self) -> String {
        self.ids.next()
    }

    /// Puts a call in the line.
    pub(crate) fn push(&mut self, call: Call) {
        self.calls.push(call);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.calls.has_room()
    }

    /// Vendor data leaves room for the others.
    pub(crate) fn has_room_for_data(&self) -> bool {
        self.calls.has_room_for_data()
    }

    /// Whether such a call waits, in the line or for its answer.
    pub(crate) fn is_waiting(&self, purpose: CallPurpose) -> bool {
        self.calls.is_waiting(purpose)
    }

    /// Whether such a call waits in the line, not counting one that has been sent.
    pub(crate) fn is_in_line(&self, purpose: CallPurpose) -> bool {
        self.calls.is_in_line(purpose)
    }

    /// What waits in the line for such a purpose goes nowhere.
    pub(crate) fn drop_from_line(&mut self, purpose: CallPurpose) {
        self.calls.drop_from_line(purpose);
    }

    /// Whether a call waits for its answer.
    pub(crate) const fn is_busy(&self) -> bool {
        self.calls.is_busy()
    }

    /// Whether the queue of transaction messages, if one is due, goes before what waits in the line.
    pub(crate) fn yields(&self) -> bool {
        self.calls.yields()
    }

    /// The next call of the line goes out, before a message of the queue if one is due. `silent`: none but a
    /// BootNotification.
    pub(crate) fn next_call(&mut self, queue_is_due: bool, silent: bool) -> Option<Call> {
        match silent {
            false => self.calls.next(queue_is_due),
            true => self.calls.next_boot(),
        }
    }

    /// A call goes out, and waits for its answer until then.
    pub(crate) fn send(&mut self, call: Call, until: Mono, out: &mut Output) {
        out.want(Effect::Send(self.calls.send(call, until)));
    }

    /// The call that is out waits for the disk first, if it was to wait for its answer until then.
    pub(crate) fn hold_call(&mut self, until: Mono) {
        self.calls.hold(until);
    }

    /// All that was to be done has been done: the call is on its way, and waits until then.
    pub(crate) fn call_is_out(&mut self, until: Mono) {
        self.calls.is_out(until);
    }

    /// What the answer with this id is for, if a call waits for it.
    pub(crate) fn answered(&mut self, id: &str) -> Option<CallPurpose> {
        self.calls.answered(id)
    }

    /// Whether a boot of this connection has that id whose time is over.
    pub(crate) fn take_late_boot(&mut self, id: &str) -> bool {
        self.calls.take_late_boot(id)
    }

    /// The call that is out, if its time is over.
    pub(crate) fn overdue(&mut self, now: Mono) -> Option<CallPurpose> {
        self.calls.overdue(now)
    }

    /// Nothing of what waits in the line is wanted any more.
    #[must_use = "calls that end must be told to whoever made them"]
    pub(crate) fn give_up_waiting(&mut self) -> Lost {
        self.calls.give_up_waiting()
    }

    /// When the time for an answer is over; with `now` while the call may not be out yet.
    pub(crate) fn answer_due(&self, now: Mono) -> Option<Mono> {
        self.calls.answer_due(now)
    }
}
