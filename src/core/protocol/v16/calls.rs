//! Frames in, and calls of ours: each is sent when it is its turn, and ends in one place
//! (`OCPP-J 1.6 §4`).

use serde::Serialize;
use serde_json::value::RawValue;

use super::transactions::refusal_by;
use super::{Context, View, V16};
use crate::core::link::{Call, Ended, Purpose};
use crate::core::settings::Key;
use crate::core::{ConnectorId, Due, QueuedBody};
use crate::time::Mono;
use crate::wire::json::{self, ErrorCode, Frame, FrameError};
use crate::wire::v16::{self, Action, Answer};

impl V16 {
    pub(super) fn on_text(&mut self, text: &str, cx: &mut Context<'_>) {
        if !cx.link.is_up() {
            return;
        }
        cx.link.lives(cx.now.mono);
        let frame = json::parse_frame(text);
        if frame.is_ok() {
            cx.link.makes_sense();
        }
        match frame {
            Ok(Frame::Call {
                id,
                action,
                payload,
            }) => self.on_call(&id, &action, payload, cx),
            Ok(Frame::CallResult { id, payload }) => match purpose_of(id.as_str(), cx) {
                Some(purpose) => self.on_ended(purpose, Ended::Answered(payload), cx),
                None => log::debug!("an answer that nobody waits for is ignored: {id}"),
            },
            Ok(Frame::CallError {
                id,
                code,
                description,
                ..
            }) => match purpose_of(id.as_str(), cx) {
                Some(purpose) => self.on_error(purpose, code, &description, cx),
                None => log::debug!("an error that nobody waits for is ignored: {id}"),
            },
            Err(FrameError::Ignore(why)) => {
                self.counters.garbage += 1;
                log::warn!("a frame that cannot be understood is ignored: {why}");
            }
            Err(FrameError::Answer { id, code, text }) => {
                self.counters.calls_received += 1;
                self.refuse(&id, code, &text, cx);
            }
            Err(FrameError::BadId { id, text }) => {
                self.counters.calls_received += 1;
                self.refuse_to(&id, ErrorCode::FormationViolation, &text, cx);
            }
        }
    }

    /// Puts a call in the line.
    pub(super) fn call(
        purpose: Purpose,
        action: Action,
        payload: &impl Serialize,
        cx: &mut Context<'_>,
    ) {
        let id = cx.link.next_id();
        let frame = json::call(&id, action.as_str(), payload);
        cx.link.push(Call { purpose, id, frame });
    }

    /// The central system does not want to hear from us any more: what waits to be sent is not.
    pub(super) fn give_up_waiting_calls(&mut self, cx: &mut Context<'_>) {
        for purpose in cx.link.give_up_waiting() {
            self.on_ended(purpose, Ended::Lost, cx);
        }
    }

    /// Whether the connection is about to be closed by us: nothing new is begun on it.
    fn is_parting(it: View<'_>) -> bool {
        it.link.is_ending() || it.station.is_leaving()
    }

    // rules: 5, 28
    /// Sends the next call if none is outstanding: first what waits in the line, then the queue.
    pub(crate) fn send_next(&mut self, cx: &mut Context<'_>) {
        if !cx.link.is_up() || cx.link.is_busy() || Self::is_parting(cx.view()) {
            return;
        }
        let queue_is_due = self.registration.is_accepted()
            && cx.ledger.may_be_due(cx.now.mono)
            && first_register_due(cx.view()).is_none();
        let queue_goes = queue_is_due && cx.link.yields() && !values_go_first(cx);
        if queue_goes && self.send_queued(cx) {
            return;
        }
        // What was triggered waits until we are known (OCPP 1.6 §4.2).
        let silent = !self.registration.lets_speak();
        if let Some(call) = cx.link.next_call(queue_is_due, silent) {
            if matches!(call.purpose, Purpose::Meter(_)) {
                self.at_station(cx, |station, cx| station.save_all(cx));
            }
            self.send_call(call, cx);
        }
    }

    fn send_queued(&mut self, cx: &mut Context<'_>) -> bool {
        if !cx.ledger.is_due(cx.now.mono, cx.out) {
            return false;
        }
        let Some((seq, id, frame)) = Self::queued_frame(cx) else {
            return false;
        };
        self.at_station(cx, |station, cx| {
            cx.ledger.head_goes(cx.out);
            station.look_later(cx);
        });
        let purpose = Purpose::Queued(seq);
        self.send_call(Call { purpose, id, frame }, cx);
        true
    }

    fn send_call(&mut self, call: Call, cx: &mut Context<'_>) {
        let until = cx.now.mono + cx.settings().secs(Key::MessageTimeout);
        self.counters.calls_sent += 1;
        cx.link.send(call, until, cx.out);
    }

    /// The central system answered a call with an error.
    fn on_error(&mut self, purpose: Purpose, code: ErrorCode, text: &str, cx: &mut Context<'_>) {
        self.counters.call_errors += 1;
        // What it says must not look like a line of the log of its own.
        let said = text.replace(char::is_control, " ");
        log::warn!("the central system refuses {purpose:?}: {code}: {said}");
        self.on_ended(purpose, Ended::Refused(code, text), cx);
    }

    // rules: 6
    /// The time for an answer is over.
    pub(crate) fn expire_calls(&mut self, cx: &mut Context<'_>) {
        if let Some(purpose) = cx.link.overdue(cx.now.mono) {
            self.counters.timeouts += 1;
            log::warn!("the central system does not answer {purpose:?}");
            self.on_ended(purpose, Ended::Unanswered, cx);
        }
    }

    // rules: 63
    /// A call of ours ended, one way or another: the one place that says what comes of it.
    pub(super) fn on_ended(&mut self, purpose: Purpose, ended: Ended<'_>, cx: &mut Context<'_>) {
        match purpose {
            Purpose::Boot => match ended {
                Ended::Answered(payload) => self.on_boot_answer(payload, cx),
                Ended::Refused(..) | Ended::Unanswered => self.boot_failed(false, cx),
                Ended::Lost => self.boot_failed(true, cx),
            },
            Purpose::Heartbeat => match ended {
                Ended::Answered(payload) => self.on_heartbeat_answer(payload, cx),
                Ended::Refused(..) | Ended::Unanswered => {}
                Ended::Lost => self.beat_at_once(cx),
            },
            Purpose::Authorize(number) => self.on_authorize_ended(number, ended, cx),
            Purpose::Status(at) => match ended {
                Ended::Answered(_) => self.status_heard(at),
                Ended::Refused(..) | Ended::Unanswered => self.status_unheard(at, cx),
                Ended::Lost => self.status_lost(at, cx),
            },
            Purpose::DataTransfer(token) => Self::on_data_ended(token, ended, cx),
            // Nobody minds if they are lost.
            Purpose::Meter(_) => {}
            Purpose::Queued(_) => match ended {
                Ended::Answered(payload) => self.on_queued_answer(payload, cx),
                Ended::Refused(code, _) => Self::on_queued_refusal(refusal_by(code), cx),
                Ended::Unanswered => {
                    let wait = cx.settings().secs(Key::TransactionMessageRetryInterval);
                    let until = cx.now.mono + wait;
                    cx.ledger.head_is_unanswered(until, cx.out);
                }
                // It is sent again on the next connection.
                Ended::Lost => {}
            },
        }
    }

    pub(super) fn call_deadline(&self, it: View<'_>) -> Option<(Mono, Due)> {
        if !it.link.is_up() {
            return None;
        }
        if let Some(at) = it.link.answer_due(it.now) {
            return Some((at, Due::Call));
        }
        if !self.registration.is_accepted() || Self::is_parting(it) {
            return None;
        }
        let retry = it.ledger.retry_due().or(first_register_due(it));
        retry.map(|at| (at, Due::Retry))
    }

    /// Reads an answer for what can be read in it, so that a sloppy central system cannot lock a charge
    /// point out, or lose a session.
    pub(super) fn read_answer<T: Answer>(what: &str, payload: &RawValue) -> Option<T> {
        let Some(heard) = v16::hear::<T>(payload) else {
            log::warn!("the answer to {what} cannot be understood");
            return None;
        };
        for member in heard.unreadable {
            log::warn!("the answer to {what}: {member} cannot be read and counts as absent");
        }
        Some(heard.value)
    }
}

/// What the answer with this id is for. A late answer to the head of the queue still counts:
/// it goes out with the same id until it is answered. So does one to a BootNotification: a central
/// system that is always late would keep us out for ever.
fn purpose_of(id: &str, cx: &mut Context<'_>) -> Option<Purpose> {
    let late = cx.ledger.head().filter(|head| head.message_id == id);
    let late = late.map(|head| Purpose::Queued(head.seq));
    let boot = cx.link.is_late_boot(id).then_some(Purpose::Boot);
    cx.link.answered(id).or(late).or(boot)
}

/// Whether values that were asked for go before the end of their transaction: once, or whoever asks
/// again and again would hold it back.
fn values_go_first(cx: &mut Context<'_>) -> bool {
    let Some(QueuedBody::Stop(tx)) = cx.ledger.head().map(|head| head.body.clone()) else {
        return false;
    };
    let stopped = cx.ledger.transaction(tx);
    let waits = |at: ConnectorId| cx.link.is_in_line(Purpose::Meter(at.into()));
    stopped.is_some_and(|stopped| waits(stopped.connector)) && cx.ledger.head_lets_by()
}

/// Until when the head of the queue waits for the first register of its transaction.
fn first_register_due(it: View<'_>) -> Option<Mono> {
    let QueuedBody::Start(tx) = it.ledger.head()?.body else {
        return None;
    };
    it.station.first_register_due(tx, it.ledger, it.now)
}
