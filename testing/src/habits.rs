//! What central systems do that others wrote.

use std::collections::VecDeque;

use evcp::time::{Millis, Mono, Wall};
use serde_json::Value;

/// How it writes dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// As `2026-01-01T00:00:00.000Z`.
    #[default]
    Millis,
    /// As `2026-01-01T00:00:00Z`.
    WholeSeconds,
    /// With that many digits of a second, and an offset in place of Z.
    Offset(usize),
}

/// What is different from what the standard leads to expect.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// Its database can be read, and not written: InternalError to everything.
    pub read_only: bool,
    /// It knows no such word, and refuses the whole message.
    pub word_that_is_refused: Option<&'static str>,
    /// Its answers come so much later.
    pub late: Millis,
    /// It is stopped until then, and answers everything at once.
    pub stopped_until: Option<Mono>,
    /// A StartTransaction that comes again is another one.
    pub books_starts_again: bool,
    /// A StopTransaction whose tag has other letters than that of the start is accepted and not booked.
    pub compares_letters: bool,
    /// How it writes dates.
    pub dates: Dates,
    /// It closes the link (1011) when an answer comes before it has remembered that it asked.
    pub fails_at_quick_answers: bool,
    /// For so long after a link was closed it refuses the next (401): it has not stored the new key yet.
    pub refuses_after_close: Millis,
    pub(super) closed: Option<Mono>,
    /// StopTransactions that came again.
    pub failures: Vec<Value>,
    /// Answers that are to come, and when.
    pub(super) owed: VecDeque<(Mono, String)>,
}

impl Habits {
    pub(super) fn refuses(&self, text: &str) -> Option<&'static str> {
        if self.read_only {
            return Some("InternalError");
        }
        let word = self.word_that_is_refused?;
        text.contains(word).then_some("TypeConstraintViolation")
    }

    pub(super) fn refuses_link(&self, now: Mono) -> bool {
        let until = self.closed.map(|at| at + self.refuses_after_close);
        until.is_some_and(|until| now < until)
    }

    pub(super) fn date(&self, time: Wall) -> String {
        let text = evcp::types::format_wall(time);
        let seconds = &text[..19];
        match self.dates {
            Dates::Millis => text,
            Dates::WholeSeconds => format!("{seconds}Z"),
            Dates::Offset(0) => format!("{seconds}+00:00"),
            Dates::Offset(digits) => format!("{seconds}.{}+00:00", "0".repeat(digits)),
        }
    }

    /// An answer is on its way; how much later it comes, if it does.
    pub(super) fn comes_later(&mut self, now: Mono, answer: &str) -> Option<Millis> {
        let when = (now + self.late).max(self.stopped_until.unwrap_or(now));
        if when <= now {
            return None;
        }
        self.owed.push_back((when, answer.to_owned()));
        Some(when.since(now))
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.owed.iter().map(|(when, _)| *when).min()
    }

    pub(super) fn due(&mut self, now: Mono) -> Option<String> {
        let at = self.owed.iter().position(|(when, _)| *when <= now)?;
        self.owed.remove(at).map(|(_, text)| text)
    }
}
