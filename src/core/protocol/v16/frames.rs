//! Frames and other news of the connection.

use super::{Context, V16};
use crate::core::link::{CallPurpose, Ended};
use crate::core::LinkEvent;
use crate::wire::json::{self, ErrorCode, Frame, FrameError};

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

    pub(crate) fn on_link(&mut self, news: LinkEvent<'_>, cx: &mut Context<'_>) {
        match news {
            LinkEvent::Up => self.on_up(cx),
            LinkEvent::Failed(why) => cx.link.failed(why, cx.now.mono, cx.out),
            LinkEvent::Down(why) => self.on_down(&why, cx),
            LinkEvent::Text(text) => self.on_text(text, cx),
            LinkEvent::Garbage => {
                self.counters.garbage += 1;
                log::warn!("a frame that is no text came and is ignored");
            }
            LinkEvent::Pong => cx.link.ponged(cx.now.mono),
        }
    }

    // rules: 4
    fn on_up(&mut self, cx: &mut Context<'_>) {
        if !cx.link.opened(cx.now.mono, cx.out) {
            return;
        }
        self.counters.connects += 1;
        self.mind_network(cx);
        cx.ledger.hurry();
        self.hurry_statuses(cx);
    }

    fn on_down(&mut self, why: &str, cx: &mut Context<'_>) {
        let Some((lost, cut)) = cx.link.broke(why, cx.now.mono) else {
            return;
        };
        self.lost(lost, why, cx);
        if let Some((CallPurpose::Queued(seq), bytes)) = cut {
            if let Some(why) = cx.ledger.link_broke(seq, bytes, cx.out) {
                Self::tell_disconnected(&why, cx);
            }
        }
    }
}

/// What the answer with this id is for. A late answer to the head of the queue still counts:
/// it goes out with the same id until it is answered. So does one to a BootNotification: a central
/// system that is always late would keep us out for ever.
fn purpose_of(id: &str, cx: &mut Context<'_>) -> Option<CallPurpose> {
    let late = cx.ledger.head().filter(|head| head.message_id == id);
    let late = late.map(|head| CallPurpose::Queued(head.seq));
    let boot = cx.link.take_late_boot(id).then_some(CallPurpose::Boot);
    cx.link.answered(id).or(late).or(boot)
}
