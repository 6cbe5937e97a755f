//! Frames in, and calls of ours: each is sent when it is its turn, and ends in one place
//! (`OCPP-J 1.6 §4`).

use super::{Context, View, V16};
use crate::core::link::{Call, CallPurpose};
use crate::core::settings::Key;
use crate::core::{ConnectorId, Due, QueuedBody};
use crate::time::Mono;

impl V16 {
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
            if matches!(call.purpose, CallPurpose::Meter(_)) {
                self.at_station(cx, |station, cx| station.save_all(cx));
            }
            self.send_call(call, cx);
        }
    }

    fn send_queued(&mut self, cx: &mut Context<'_>) -> bool {
        if !cx.ledger.prepare_head(cx.now.mono, cx.out) {
            return false;
        }
        let Some((seq, id, frame)) = Self::queued_frame(cx) else {
            return false;
        };
        self.at_station(cx, |station, cx| {
            cx.ledger.head_goes(cx.out);
            station.look_later(cx);
        });
        let purpose = CallPurpose::Queued(seq);
        self.send_call(Call { purpose, id, frame }, cx);
        true
    }

    fn send_call(&mut self, call: Call, cx: &mut Context<'_>) {
        let until = cx.now.mono + cx.settings().secs(Key::MessageTimeout);
        self.counters.calls_sent += 1;
        cx.link.send(call, until, cx.out);
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
}

/// Whether values that were asked for go before the end of their transaction: once, or whoever asks
/// again and again would hold it back.
fn values_go_first(cx: &mut Context<'_>) -> bool {
    let Some(QueuedBody::Stop(tx)) = cx.ledger.head().map(|head| head.body.clone()) else {
        return false;
    };
    let stopped = cx.ledger.transaction(tx);
    let waits = |at: ConnectorId| cx.link.is_in_line(CallPurpose::Meter(at.into()));
    stopped.is_some_and(|stopped| waits(stopped.connector)) && cx.ledger.head_lets_by()
}

/// Until when the head of the queue waits for the first register of its transaction.
fn first_register_due(it: View<'_>) -> Option<Mono> {
    let QueuedBody::Start(tx) = it.ledger.head()?.body else {
        return None;
    };
    it.station.first_register_due(tx, it.ledger, it.now)
}
