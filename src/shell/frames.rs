//! Frames for whoever wants to see them.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use crate::mailbox::{Event, Mailbox, SeenFrame};
use crate::shell::masking::masked;
use crate::time::Wall;

/// A frame for whoever wants to see it: the log, which the charge points of a process share, and the host.
pub(super) fn show_frame(
    mailbox: &Mailbox,
    identity: &str,
    received: bool,
    text: &str,
    clock: impl FnOnce() -> Wall,
) {
    let shows = mailbox.shows_frames.load(Ordering::Relaxed);
    if !shows && !log::log_enabled!(target: "evcp::frame", log::Level::Trace) {
        return;
    }
    let shown = match mailbox.shows_secrets.load(Ordering::Relaxed) {
        true => Cow::Borrowed(text),
        false => masked(text),
    };
    let direction = if received { '<' } else { '>' };
    log::trace!(target: "evcp::frame", "{identity} {direction} {shown}");
    if shows {
        mailbox.push(Event::Frame(SeenFrame {
            received,
            at: clock(),
            masked: matches!(shown, Cow::Owned(_)),
            text: shown.into_owned(),
            dropped: 0,
        }));
    }
}
