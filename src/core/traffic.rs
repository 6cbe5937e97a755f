//! Frames in and out: the connection, calls of both sides, and their answers.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::core::calls::{Outstanding, Purpose, Waiting};
use crate::core::clock::BUILT;
use crate::core::connector::Session;
use crate::core::ledger::Refusal;
use crate::core::link::{Link as LinkState, Ping};
use crate::core::settings::Key;
use crate::core::{
    Access, CloseReason, Connection, ConnectorId, DataTransferOutcome, Due, Effect, Engine, Link,
    Notice, QueuedBody,
};
use crate::time::{Millis, Mono, Wall};
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
            Link::Failed(why) => self.on_failed(why),
            Link::Down(why) => self.on_down(why),
            Link::Text(text) => self.on_text(text),
            Link::Garbage => {
                self.counters.garbage += 1;
                log::warn!("a frame that is no text came and is ignored");
            }
            Link::Pong => {
                if matches!(self.link, LinkState::Up(Ping::Sent(_))) {
                    self.back_off.heard();
                }
                self.on_sign_of_life();
            }
        }
    }

    fn on_up(&mut self) {
        if self.link != LinkState::Connecting {
            return;
        }
        self.link = LinkState::Up(Ping::Quiet(self.now.mono));
        self.back_off.opened(self.now.mono);
        self.connection += 1;
        self.counters.connects += 1;
        self.ledger.hurry();
        self.hurry_statuses();
        self.out
            .tell(Notice::Connection(Connection::Connected, String::new()));
    }

    fn on_failed(&mut self, why: String) {
        if self.link == LinkState::Connecting {
            log::warn!("no connection: {why}");
            self.retry_later();
            self.out.tell(Notice::Connection(Connection::Failed, why));
        }
    }

    fn on_down(&mut self, why: String) {
        if matches!(self.link, LinkState::Up(_) | LinkState::Connecting) {
            log::warn!("the connection is gone: {why}");
            let cut = self.calls.outstanding.clone();
            self.lost(&why);
            if let Some(Outstanding {
                purpose: Purpose::Queued(seq),
                bytes,
                ..
            }) = cut
            {
                self.ledger.link_broke(seq, bytes, &mut self.out);
            }
            self.retry_later();
        }
    }

    fn retry_later(&mut self) {
        let wait = self.back_off.next(self.now.mono, &self.setup.tuning);
        self.link = LinkState::Waiting(self.now.mono + wait);
    }

    /// Closes the connection, or stops trying, for a reason of our own.
    pub(crate) fn close(&mut self, why: CloseReason) {
        match self.link {
            LinkState::Up(_) => {
                self.out.want(Effect::Close(why));
                self.lost("closed by the charge point");
            }
            LinkState::Connecting => self.out.want(Effect::Close(why)),
            LinkState::Idle | LinkState::Waiting(_) => {}
        }
        self.link = LinkState::Idle;
    }

    /// What was under way on the connection will not be answered any more.
    fn lost(&mut self, why: &str) {
        self.renewal = None;
        for purpose in self.calls.abandon() {
            self.will_not_be_answered(purpose);
        }
        self.out
            .tell(Notice::Connection(Connection::Disconnected, why.to_owned()));
    }

    /// The central system does not want to hear from us any more: what waits to be sent is not.
    pub(crate) fn give_up_waiting_calls(&mut self) {
        for purpose in self.calls.give_up_waiting() {
            self.will_not_be_answered(purpose);
        }
    }

    fn will_not_be_answered(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Boot => self.boot_failed(true),
            Purpose::Heartbeat => self.heartbeat = Some(self.now.mono),
            Purpose::Authorize(number) => self.authorize_offline(number),
            Purpose::Status(at) => self.status_lost(at),
            Purpose::DataTransfer(token) => {
                self.out
                    .tell(Notice::DataTransferred(token, DataTransferOutcome::Offline));
            }
            Purpose::Meter(_) | Purpose::Queued(_) => {}
        }
    }

    pub(crate) fn on_network(&mut self, up: bool) {
        self.network = up;
        if !up {
            self.close(CloseReason::GoingAway);
        } else if self.link == LinkState::Idle {
            self.back_off.reset();
            self.try_at_once();
        }
    }

    /// Connects, unless there is a connection, no network, or an end that we wait for.
    pub(crate) fn try_at_once(&mut self) {
        let wanted = self.network && !self.closing && !self.is_rebooting();
        if wanted && self.link == LinkState::Idle {
            self.link = LinkState::Waiting(self.now.mono);
        }
    }

    /// The time is known at last: an attempt that is under way, or to come, is made anew at once, and
    /// checks certificates by it.
    pub(crate) fn connect_by_clock(&mut self) {
        if matches!(self.link, LinkState::Connecting | LinkState::Waiting(_)) {
            self.reconnect();
        }
    }

    pub(crate) fn expire_link(&mut self) {
        let now = self.now.mono;
        self.expire_renewal();
        match self.link {
            LinkState::Waiting(at) if at <= now => {
                self.link = LinkState::Connecting;
                let profile = self.setup.tuning.security_profile;
                let key = self.settings.password().map(<[u8]>::to_vec);
                let time = self.time_of_access();
                self.out
                    .want(Effect::Connect(Access { profile, key, time }));
            }
            LinkState::Up(Ping::Quiet(_)) if self.ping_due().is_some_and(|at| at <= now) => {
                self.out.want(Effect::Ping);
                let until = now + self.setup.tuning.pong_timeout;
                self.link = LinkState::Up(Ping::Sent(until));
            }
            LinkState::Up(Ping::Sent(until)) if until <= now && self.idle => {
                log::warn!("the central system does not answer pings");
                self.close(CloseReason::NoPong);
                self.retry_later();
            }
            _ => {}
        }
    }

    /// The time by which certificates are checked.
    fn time_of_access(&self) -> Wall {
        let ours = self.clock.wall(self.now.mono);
        if self.clock.is_synced() {
            return ours;
        }
        // A stored time that is too late must not lock a charge point out for ever whose device
        // knows the time: every other attempt goes by that alone.
        let device = self.now.wall;
        if device >= BUILT && self.back_off.failures() % 2 == 1 {
            return device;
        }
        ours.max(device).max(self.newest).max(BUILT)
    }

    fn ping_due(&self) -> Option<Mono> {
        let interval = self.settings.secs(Key::WebSocketPingInterval);
        match self.link {
            LinkState::Up(Ping::Quiet(last)) if interval.0 > 0 => Some(last + interval),
            _ => None,
        }
    }

    pub(crate) fn link_deadline(&self) -> Option<(Mono, Due)> {
        let link = match self.link {
            LinkState::Waiting(at) => Some((at, Due::Reconnect)),
            LinkState::Up(Ping::Sent(until)) => Some((until, Due::Pong)),
            _ => self.ping_due().map(|at| (at, Due::Ping)),
        };
        let renewal = self.renewal_due().map(|at| (at, Due::Renewal));
        link.into_iter().chain(renewal).min()
    }

    fn on_sign_of_life(&mut self) {
        if matches!(self.link, LinkState::Up(_)) {
            self.link = LinkState::Up(Ping::Quiet(self.now.mono));
        }
    }

    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.link, LinkState::Up(_))
    }

    /// Whether the central system is there and has accepted us.
    pub(crate) fn is_online(&self) -> bool {
        self.is_up() && self.registration.is_accepted()
    }

    fn on_text(&mut self, text: &str) {
        if !self.is_up() {
            return;
        }
        self.on_sign_of_life();
        let frame = wire::parse_frame(text);
        // Who says nonsense and hangs up is not to be tried again at once.
        if frame.is_ok() {
            self.back_off.heard();
        }
        match frame {
            Ok(Frame::Call {
                id,
                action,
                payload,
            }) => self.on_call(&id, &action, payload),
            Ok(Frame::CallResult { id, payload }) => match self.purpose_of(id.as_str()) {
                Some(purpose) => self.on_result(purpose, payload),
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
        let boot = self.calls.is_late_boot(id).then_some(Purpose::Boot);
        self.calls.answered(id).or(late).or(boot)
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
        let id = self.ids.next();
        let frame = wire::call(&id, action, payload);
        self.calls.push(Waiting { purpose, id, frame });
    }

    /// Sends the next call if none is outstanding: first what waits in the line, then the queue.
    pub(crate) fn send_next(&mut self) {
        if !self.is_up() || self.calls.outstanding.is_some() || self.is_parting() {
            return;
        }
        let queue_is_due = self.registration.is_accepted()
            && self.ledger.may_be_due(self.now.mono)
            && self.first_register_due().is_none();
        let queue_goes = queue_is_due && self.calls.yields() && !self.values_go_first();
        if queue_goes && self.send_queued() {
            return;
        }
        let next = match self.registration.lets_speak() {
            true => self.calls.next(queue_is_due),
            // What was triggered waits until we are known (OCPP 1.6 §4.2).
            false => self.calls.next_boot(),
        };
        if let Some(Waiting { purpose, id, frame }) = next {
            if matches!(purpose, Purpose::Meter(_)) {
                self.ledger.save_all(&mut self.out);
                self.look_later();
            }
            self.send_call(purpose, id, frame);
        }
    }

    /// Whether values that were asked for go before the end of their transaction: once, or whoever asks
    /// again and again would hold it back.
    fn values_go_first(&mut self) -> bool {
        let Some(QueuedBody::Stop(tx)) = self.ledger.head().map(|head| head.body.clone()) else {
            return false;
        };
        let stopped = self.ledger.transaction(tx);
        let waits = |at: ConnectorId| self.calls.is_in_line(Purpose::Meter(at.into()));
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
                self.calls.drop_from_line(Purpose::Meter(place));
            }
        }
        self.ledger.head_goes(&mut self.out);
        self.look_later();
        self.calls.queue_has_turn();
        self.send_call(Purpose::Queued(seq), id, frame);
        true
    }

    fn send_call(&mut self, purpose: Purpose, id: String, frame: String) {
        let until = self.now.mono + self.settings.secs(Key::MessageTimeout);
        self.calls.outstanding = Some(Outstanding {
            id,
            purpose,
            until,
            held: false,
            bytes: frame.len(),
        });
        self.counters.calls_sent += 1;
        self.out.want(Effect::Send(frame));
    }

    fn on_result(&mut self, purpose: Purpose, payload: &RawValue) {
        match purpose {
            Purpose::Boot => self.on_boot_answer(payload),
            Purpose::Heartbeat => self.on_heartbeat_answer(payload),
            Purpose::Authorize(number) => self.on_authorize_answer(number, payload),
            Purpose::DataTransfer(token) => self.on_data_answer(token, payload),
            Purpose::Queued(_) => self.on_queued_answer(payload),
            Purpose::Status(at) => self.status_heard(at),
            Purpose::Meter(_) => {}
        }
    }

    fn on_error(&mut self, purpose: Purpose, code: ErrorCode, text: &str) {
        self.counters.call_errors += 1;
        // What it says must not look like a line of the log of its own.
        let said = text.replace(char::is_control, " ");
        log::warn!("the central system refuses {purpose:?}: {code}: {said}");
        match purpose {
            Purpose::Boot => self.boot_failed(false),
            // Who has no right to ask has no right to an answer; any other error is no answer at all.
            Purpose::Authorize(number) if code == ErrorCode::SecurityError => {
                self.authorize_refused(number);
            }
            Purpose::Authorize(number) => self.authorize_offline(number),
            Purpose::DataTransfer(token) => {
                let outcome = DataTransferOutcome::Failed(format!("{code}: {text}"));
                self.out.tell(Notice::DataTransferred(token, outcome));
            }
            Purpose::Queued(_) => self.on_queued_refusal(Refusal::Error(code)),
            Purpose::Status(at) => self.status_unheard(at),
            Purpose::Heartbeat | Purpose::Meter(_) => {}
        }
    }

    pub(crate) fn expire_calls(&mut self) {
        let now = self.now.mono;
        let Some(purpose) = self.calls.overdue(now) else {
            return;
        };
        self.counters.timeouts += 1;
        log::warn!("the central system does not answer {purpose:?}");
        match purpose {
            Purpose::Boot => self.boot_failed(false),
            Purpose::Authorize(number) => self.authorize_offline(number),
            Purpose::Status(at) => self.status_unheard(at),
            Purpose::DataTransfer(token) => {
                let outcome = DataTransferOutcome::Failed("no answer".to_owned());
                self.out.tell(Notice::DataTransferred(token, outcome));
            }
            // Not a refusal: it is sent again, with the same id, and no attempt is used up.
            Purpose::Queued(_) => {
                let wait = self.settings.secs(Key::TransactionMessageRetryInterval);
                self.ledger.head_is_unanswered(now + wait, &mut self.out);
            }
            Purpose::Heartbeat | Purpose::Meter(_) => {}
        }
    }

    pub(crate) fn call_deadline(&self) -> Option<(Mono, Due)> {
        if !self.is_up() {
            return None;
        }
        match &self.calls.outstanding {
            Some(out) if out.held => Some((self.now.mono, Due::Call)),
            Some(out) => Some((out.until, Due::Call)),
            None if self.registration.is_accepted() && !self.is_parting() => {
                let retry = self.ledger.retry_due().or(self.first_register_due());
                retry.map(|at| (at, Due::Retry))
            }
            None => None,
        }
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
