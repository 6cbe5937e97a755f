//! Frames in and out: the connection, calls of both sides, and their answers.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::core::clock::{Clock, BUILT};
use crate::core::connector::Session;
use crate::core::ledger::Refusal;
use crate::core::link::{Call, Ended, Lost, Purpose};
use crate::core::settings::Key;
use crate::core::{
    Access, CloseReason, Connection, ConnectorId, Due, Effect, Engine, Link, Notice, QueuedBody,
};
use crate::time::{Millis, Mono, Now, Wall};
use crate::wire::{
    self, Action, Answer, ErrorCode, Frame, FrameError, MessageId, MessageTrigger, Mode,
    TriggerMessageResponse, TriggerMessageStatus, Violation,
};

/// How long a StartTransaction waits for the first register at most.
const FIRST_REGISTER: Millis = Millis::from_secs(10);

impl Engine {
    pub(crate) fn on_link(&mut self, news: Link<'_>) {
        match news {
            Link::Up => self.on_up(),
            Link::Failed(why) => self.link.failed(why, self.now.mono, &mut self.out),
            Link::Down(why) => self.on_down(&why),
            Link::Text(text) => self.on_text(text),
            Link::Garbage => {
                self.counters.garbage += 1;
                log::warn!("a frame that is no text came and is ignored");
            }
            Link::Pong => self.link.ponged(self.now.mono),
        }
    }

    fn on_up(&mut self) {
        if !self.link.opened(self.now.mono, &mut self.out) {
            return;
        }
        self.counters.connects += 1;
        self.ledger.hurry();
        self.hurry_statuses();
    }

    fn on_down(&mut self, why: &str) {
        let Some((lost, cut)) = self.link.broke(why, self.now.mono) else {
            return;
        };
        self.lost(lost, why);
        if let Some((Purpose::Queued(seq), bytes)) = cut {
            self.ledger.link_broke(seq, bytes, &mut self.out);
        }
    }

    /// Closes the connection, or stops trying, for a reason of our own.
    pub(crate) fn close(&mut self, why: CloseReason) {
        if let Some(lost) = self.link.close(why, &mut self.out) {
            self.lost(lost, "closed by the charge point");
        }
    }

    /// What was under way on the connection will not be answered any more.
    fn lost(&mut self, lost: Lost, why: &str) {
        for purpose in lost {
            self.on_ended(purpose, Ended::Lost);
        }
        self.out
            .tell(Notice::Connection(Connection::Disconnected, why.to_owned()));
    }

    /// The central system does not want to hear from us any more: what waits to be sent is not.
    pub(crate) fn give_up_waiting_calls(&mut self) {
        for purpose in self.link.give_up_waiting() {
            self.on_ended(purpose, Ended::Lost);
        }
    }

    pub(crate) fn on_network(&mut self, up: bool) {
        if self.link.set_network(up) {
            self.try_at_once();
        } else if !up {
            self.close(CloseReason::GoingAway);
        }
    }

    /// Connects, unless there is a connection, no network, or an end that we wait for.
    pub(crate) fn try_at_once(&mut self) {
        if !self.closing && !self.is_rebooting() {
            self.link.try_at_once(self.now.mono);
        }
    }

    /// The way in changed: the next connection uses the new one.
    pub(crate) fn reconnect(&mut self) {
        if !self.link.renew() {
            self.close(CloseReason::NewAccess);
            self.try_at_once();
        }
    }

    /// The time is known at last: an attempt that is under way, or to come, is made anew at once, and
    /// checks certificates by it.
    pub(crate) fn connect_by_clock(&mut self) {
        if self.link.is_trying() {
            self.reconnect();
        }
    }

    pub(crate) fn expire_link(&mut self) {
        let now = self.now.mono;
        if self.link.renewal_is_due(now) {
            self.close(CloseReason::NewAccess);
            self.try_at_once();
            self.link.stay_away(now);
        }
        let ping = self.settings.secs(Key::WebSocketPingInterval);
        let failures = self.link.failures();
        let access = || Access {
            profile: self.setup.tuning.security_profile,
            key: self.settings.password().map(<[u8]>::to_vec),
            time: time_of_access(&self.clock, self.now, self.newest, failures),
        };
        let out = &mut self.out;
        if self.link.expire(ping, self.idle, now, access, out) {
            if let Some(lost) = self.link.hang_up(now, &mut self.out) {
                self.lost(lost, "closed by the charge point");
            }
        }
    }

    pub(crate) fn link_deadline(&self) -> Option<(Mono, Due)> {
        let ping = self.settings.secs(Key::WebSocketPingInterval);
        self.link.deadline(ping, self.now.mono)
    }

    /// Whether the connection is about to be closed by us: nothing new is begun on it.
    fn is_parting(&self) -> bool {
        self.link.is_ending() || self.is_leaving()
    }

    /// All that the last input led to has been done.
    pub(crate) fn answers_are_out(&mut self) {
        self.link.answers_are_out(self.now.mono);
        self.reset_is_answered();
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.link.is_up()
    }

    /// Whether the central system is there and has accepted us.
    pub(crate) fn is_online(&self) -> bool {
        self.is_up() && self.registration.is_accepted()
    }

    fn on_text(&mut self, text: &str) {
        if !self.is_up() {
            return;
        }
        self.link.lives(self.now.mono);
        let frame = wire::parse_frame(text);
        if frame.is_ok() {
            self.link.makes_sense();
        }
        match frame {
            Ok(Frame::Call {
                id,
                action,
                payload,
            }) => self.on_call(&id, &action, payload),
            Ok(Frame::CallResult { id, payload }) => match self.purpose_of(id.as_str()) {
                Some(purpose) => self.on_ended(purpose, Ended::Answered(payload)),
                None => log::debug!("an answer that nobody waits for is ignored: {id}"),
            },
            Ok(Frame::CallError {
                id,
                code,
                description,
                ..
            }) => match self.purpose_of(id.as_str()) {
                Some(purpose) => self.on_error(purpose, code, &description),
                None => log::debug!("an error that nobody waits for is ignored: {id}"),
            },
            Err(FrameError::Ignore(why)) => {
                self.counters.garbage += 1;
                log::warn!("a frame that cannot be understood is ignored: {why}");
            }
            Err(FrameError::Answer { id, code, text }) => {
                self.counters.calls_received += 1;
                self.refuse(&id, code, &text);
            }
            Err(FrameError::BadId { id, text }) => {
                self.counters.calls_received += 1;
                self.refuse_to(&id, ErrorCode::FormationViolation, &text);
            }
        }
    }

    /// What the answer with this id is for. A late answer to the head of the queue still counts:
    /// it goes out with the same id until it is answered. So does one to a BootNotification: a central
    /// system that is always late would keep us out for ever.
    fn purpose_of(&mut self, id: &str) -> Option<Purpose> {
        let late = self.ledger.head().filter(|head| head.message_id == id);
        let late = late.map(|head| Purpose::Queued(head.seq));
        let boot = self.link.is_late_boot(id).then_some(Purpose::Boot);
        self.link.answered(id).or(late).or(boot)
    }

    fn on_call(&mut self, id: &MessageId, action: &str, payload: &RawValue) {
        self.counters.calls_received += 1;
        // A rejected charge point is silent (OCPP 1.6 §4.2).
        if self.registration.is_rejected() {
            return;
        }
        let tolerant = self.setup.tuning.tolerant;
        let mode = if tolerant {
            Mode::Tolerant
        } else {
            Mode::Strict
        };
        match wire::read_request(action, payload, mode) {
            Ok(read) => {
                for member in read.ignored {
                    log::info!("{action}: unknown member {member} is ignored");
                }
                if let Some(path) = read.rounded {
                    log::warn!(
                        "{action}: {path} has more than one decimal: such limits are rounded down"
                    );
                }
                self.on_request(id, read.value);
            }
            // A message that nobody knows cannot be triggered, and the answer has a word for that.
            Err(_) if asks_for_unknown_message(action, payload) => {
                let status = TriggerMessageStatus::NotImplemented;
                self.respond(id.as_str(), &TriggerMessageResponse { status });
            }
            Err(Violation { code, path, text }) => {
                let text = if path.is_empty() {
                    text
                } else {
                    format!("{path}: {text}")
                };
                self.refuse(id, code, &text);
            }
        }
    }

    pub(crate) fn refuse(&mut self, id: &MessageId, code: ErrorCode, text: &str) {
        self.refuse_to(id.as_str(), code, text);
    }

    /// Refuses a call whose id may be no good.
    fn refuse_to(&mut self, id: &(impl Serialize + ?Sized), code: ErrorCode, text: &str) {
        if self.registration.is_rejected() {
            return;
        }
        self.counters.call_errors += 1;
        log::info!("a call is refused: {code}: {text}");
        self.out
            .want(Effect::Send(wire::call_error(id, code, text)));
    }

    pub(crate) fn respond(&mut self, id: &str, payload: &impl Serialize) {
        self.out.want(Effect::Send(wire::call_result(id, payload)));
    }

    /// Puts a call in the line.
    pub(crate) fn call(&mut self, purpose: Purpose, action: Action, payload: &impl Serialize) {
        let id = self.link.next_id();
        let frame = wire::call(&id, action, payload);
        self.link.push(Call { purpose, id, frame });
    }

    /// Sends the next call if none is outstanding: first what waits in the line, then the queue.
    pub(crate) fn send_next(&mut self) {
        if !self.is_up() || self.link.is_busy() || self.is_parting() {
            return;
        }
        let queue_is_due = self.registration.is_accepted()
            && self.ledger.may_be_due(self.now.mono)
            && self.first_register_due().is_none();
        let queue_goes = queue_is_due && self.link.yields() && !self.values_go_first();
        if queue_goes && self.send_queued() {
            return;
        }
        // What was triggered waits until we are known (OCPP 1.6 §4.2).
        let silent = !self.registration.lets_speak();
        if let Some(call) = self.link.next_call(queue_is_due, silent) {
            if matches!(call.purpose, Purpose::Meter(_)) {
                self.ledger.save_all(&mut self.out);
                self.look_later();
            }
            self.send_call(call);
        }
    }

    /// Whether values that were asked for go before the end of their transaction: once, or whoever asks
    /// again and again would hold it back.
    fn values_go_first(&mut self) -> bool {
        let Some(QueuedBody::Stop(tx)) = self.ledger.head().map(|head| head.body.clone()) else {
            return false;
        };
        let stopped = self.ledger.transaction(tx);
        let waits = |at: ConnectorId| self.link.is_in_line(Purpose::Meter(at.into()));
        if !stopped.is_some_and(|stopped| waits(stopped.connector)) {
            return false;
        }
        self.ledger.head_lets_by()
    }

    /// Until when the head of the queue waits for the first register of its transaction: a start
    /// whose meter is slow is told with what the meter shows, not with nothing.
    fn first_register_due(&self) -> Option<Mono> {
        let QueuedBody::Start(tx) = self.ledger.head()?.body else {
            return None;
        };
        let transaction = self.ledger.transaction(tx)?;
        let connector = self.connector(transaction.connector)?;
        let Session::Running(run) = &connector.session else {
            return None;
        };
        let until = run.since + FIRST_REGISTER;
        let waits = self.setup.host.reads_meter && run.tx == tx && !run.resumed;
        (waits && transaction.zero.is_none() && until > self.now.mono).then_some(until)
    }

    fn send_queued(&mut self) -> bool {
        if !self.ledger.is_due(self.now.mono, &mut self.out) {
            return false;
        }
        let message = self.ledger.head();
        let Some((message, frame)) = message.and_then(|it| Some((it, self.frame_of(it)?))) else {
            return false;
        };
        let (seq, id) = (message.seq, message.message_id.clone());
        // Values that were asked for do not come after the end of their transaction.
        if let QueuedBody::Stop(tx) = message.body {
            if let Some(stopped) = self.ledger.transaction(tx) {
                let place = stopped.connector.into();
                self.link.drop_from_line(Purpose::Meter(place));
            }
        }
        self.ledger.head_goes(&mut self.out);
        self.look_later();
        let purpose = Purpose::Queued(seq);
        self.send_call(Call { purpose, id, frame });
        true
    }

    fn send_call(&mut self, call: Call) {
        let until = self.now.mono + self.settings.secs(Key::MessageTimeout);
        self.counters.calls_sent += 1;
        self.link.send(call, until, &mut self.out);
    }

    /// The central system answered a call with an error.
    fn on_error(&mut self, purpose: Purpose, code: ErrorCode, text: &str) {
        self.counters.call_errors += 1;
        // What it says must not look like a line of the log of its own.
        let said = text.replace(char::is_control, " ");
        log::warn!("the central system refuses {purpose:?}: {code}: {said}");
        self.on_ended(purpose, Ended::Refused(code, text));
    }

    /// The time for an answer is over.
    pub(crate) fn expire_calls(&mut self) {
        if let Some(purpose) = self.link.overdue(self.now.mono) {
            self.counters.timeouts += 1;
            log::warn!("the central system does not answer {purpose:?}");
            self.on_ended(purpose, Ended::Unanswered);
        }
    }

    /// A call of ours ended, one way or another: the one place that says what comes of it.
    fn on_ended(&mut self, purpose: Purpose, ended: Ended<'_>) {
        match purpose {
            Purpose::Boot => match ended {
                Ended::Answered(payload) => self.on_boot_answer(payload),
                Ended::Refused(..) | Ended::Unanswered => self.boot_failed(false),
                Ended::Lost => self.boot_failed(true),
            },
            Purpose::Heartbeat => match ended {
                Ended::Answered(payload) => self.on_heartbeat_answer(payload),
                Ended::Refused(..) | Ended::Unanswered => {}
                Ended::Lost => self.heartbeat = Some(self.now.mono),
            },
            Purpose::Authorize(number) => match ended {
                Ended::Answered(payload) => self.on_authorize_answer(number, payload),
                // Who has no right to ask has no right to an answer; any other error is no answer at all.
                Ended::Refused(ErrorCode::SecurityError, _) => self.authorize_refused(number),
                Ended::Refused(..) | Ended::Unanswered | Ended::Lost => {
                    self.authorize_offline(number);
                }
            },
            Purpose::Status(at) => match ended {
                Ended::Answered(_) => self.status_heard(at),
                Ended::Refused(..) | Ended::Unanswered => self.status_unheard(at),
                Ended::Lost => self.status_lost(at),
            },
            Purpose::DataTransfer(token) => self.on_data_ended(token, ended),
            // Nobody minds if they are lost.
            Purpose::Meter(_) => {}
            Purpose::Queued(_) => match ended {
                Ended::Answered(payload) => self.on_queued_answer(payload),
                Ended::Refused(code, _) => self.on_queued_refusal(Refusal::Error(code)),
                Ended::Unanswered => {
                    let wait = self.settings.secs(Key::TransactionMessageRetryInterval);
                    let until = self.now.mono + wait;
                    self.ledger.head_is_unanswered(until, &mut self.out);
                }
                // It is sent again on the next connection.
                Ended::Lost => {}
            },
        }
    }

    pub(crate) fn call_deadline(&self) -> Option<(Mono, Due)> {
        if !self.is_up() {
            return None;
        }
        if let Some(at) = self.link.answer_due(self.now.mono) {
            return Some((at, Due::Call));
        }
        if !self.registration.is_accepted() || self.is_parting() {
            return None;
        }
        let retry = self.ledger.retry_due().or(self.first_register_due());
        retry.map(|at| (at, Due::Retry))
    }

    /// Reads an answer for what can be read in it, so that a sloppy central system cannot lock a charge
    /// point out, or lose a session.
    pub(crate) fn read_answer<T: Answer>(&self, what: &str, payload: &RawValue) -> Option<T> {
        let Some(heard) = wire::hear::<T>(payload) else {
            log::warn!("the answer to {what} cannot be understood");
            return None;
        };
        for member in heard.unreadable {
            log::warn!("the answer to {what}: {member} cannot be read and counts as absent");
        }
        Some(heard.value)
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

fn asks_for_unknown_message(action: &str, payload: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Asked<'a> {
        #[serde(borrow, rename = "requestedMessage")]
        word: std::borrow::Cow<'a, str>,
    }
    if action != Action::TriggerMessage.as_str() {
        return false;
    }
    let asked: Result<Asked<'_>, _> = serde_json::from_str(payload.get());
    asked.is_ok_and(|asked| asked.word.len() <= 50 && MessageTrigger::parse(&asked.word).is_none())
}
