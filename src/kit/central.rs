//! The central system at the other end of the link, and the link.

use std::collections::VecDeque;

use serde_json::value::RawValue;
use serde_json::{json, Value};

use crate::error::Error;
use crate::kit::books::{Booked, Books};
use crate::kit::json::object;
use crate::kit::rules::{acceptance, check_action, merge, Rule, Rules};
use crate::time::{Millis, Mono, Wall};

/// The state of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// It works.
    #[default]
    Up,
    /// There is none.
    Down,
    /// Nothing arrives, and nobody is told.
    Dead,
}

/// What the charge point hears.
pub(super) enum News {
    Up,
    Failed(String),
    Down(String),
    Pong,
    Text(String),
}

/// A call of the charge point that nobody has answered.
struct Open {
    id: String,
    action: String,
    payload: Value,
}

/// How long an attempt to connect over a dead line takes.
const CONNECT: Millis = Millis(30_000);

/// So many frames are kept for a test that does not ask for them.
const MOST_SENT: usize = 65_536;

#[derive(Default)]
pub(super) struct Central {
    link: Link,
    pub(super) connected: bool,
    /// A connection is being made.
    attempt: bool,
    delay: Millis,
    pub(super) rules: Rules,
    pub(super) books: Books,
    /// What the charge point sent, as far as the test has not read it.
    sent: VecDeque<String>,
    /// What it sent over a line that is dead.
    stuck: Vec<String>,
    news: VecDeque<(Mono, News)>,
    open: Option<Open>,
    /// How many calls the central system made.
    calls: u64,
    /// The last of them, and its answer.
    asked: Option<(String, Option<String>)>,
}

impl Central {
    // ---- the link, as the charge point sees it ----

    pub(super) fn connect(&mut self, now: Mono) {
        self.hang_up();
        self.attempt = true;
        self.try_to_connect(now);
    }

    fn try_to_connect(&mut self, now: Mono) {
        self.news.clear();
        let (at, news) = match self.link {
            Link::Up => (now, News::Up),
            Link::Down => (now, News::Failed("there is no link".to_owned())),
            Link::Dead => (now + CONNECT, News::Failed("no answer in time".to_owned())),
        };
        self.news.push_back((at, news));
    }

    /// The connection is gone, and with it what is under way.
    pub(super) fn hang_up(&mut self) {
        self.connected = false;
        self.attempt = false;
        self.news.clear();
        self.stuck.clear();
        self.open = None;
    }

    pub(super) fn ping(&mut self, now: Mono) {
        self.push(now, News::Pong);
    }

    /// Takes in a frame.
    pub(super) fn take(&mut self, text: String, now: Mono, wall: Wall) {
        if self.sent.len() == MOST_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(text.clone());
        if self.link == Link::Dead {
            self.stuck.push(text);
        } else {
            self.hear(&text, now, wall);
        }
    }

    /// What comes at the charge point now.
    pub(super) fn pop(&mut self, now: Mono) -> Option<News> {
        if self.next()? > now {
            return None;
        }
        let (_, news) = self.news.pop_front()?;
        match news {
            News::Up => (self.connected, self.attempt) = (true, false),
            News::Failed(_) => self.attempt = false,
            _ => {}
        }
        Some(news)
    }

    /// When the next thing comes there.
    pub(super) fn next(&self) -> Option<Mono> {
        let (at, news) = self.news.front()?;
        let passes = self.link != Link::Dead || matches!(news, News::Failed(_));
        passes.then_some(*at)
    }

    /// Puts something on the way. What was put there first arrives first, however long it takes.
    fn push(&mut self, now: Mono, news: News) {
        self.news.push_back((now + self.delay, news));
    }

    // ---- what a test does with it ----

    pub(super) fn set_delay(&mut self, delay: Millis) {
        self.delay = delay;
    }

    pub(super) fn set_link(&mut self, link: Link, now: Mono, wall: Wall) {
        self.link = link;
        if self.attempt {
            return self.try_to_connect(now);
        }
        match link {
            Link::Down if self.connected => {
                self.hang_up();
                let why = "the link went down".to_owned();
                self.news.push_back((now, News::Down(why)));
            }
            Link::Up => {
                for text in std::mem::take(&mut self.stuck) {
                    self.hear(&text, now, wall);
                }
            }
            Link::Down | Link::Dead => {}
        }
    }

    /// The next frame of the charge point.
    pub(super) fn sent(&mut self) -> Option<String> {
        self.sent.pop_front()
    }

    /// The payload of the next call of the charge point with that action.
    pub(super) fn sent_call(&mut self, action: &str) -> Result<Option<String>, Error> {
        check_action(action)?;
        let payload = |frame: &String| match parts(frame).as_deref() {
            Some([kind, _, of, payload]) if kind.get() == "2" && said(of) == action => {
                Some(payload.get().to_owned())
            }
            _ => None,
        };
        let mut found = self.sent.iter().map(payload).enumerate();
        let found = found.find_map(|(at, payload)| Some((at, payload?)));
        Ok(found.map(|(at, payload)| {
            self.sent.drain(..=at);
            payload
        }))
    }

    /// Answers the call that waits for an answer.
    pub(super) fn reply(&mut self, payload: &str, now: Mono) -> Result<(), Error> {
        let answer = object(payload, "payload")?;
        let open = self.take_open()?;
        let Open {
            id,
            action,
            payload,
        } = &open;
        self.books.book(id, action, payload, &answer);
        self.say(now, &json!([3, id, answer]));
        Ok(())
    }

    /// Refuses the call that waits for an answer.
    pub(super) fn refuse(&mut self, code: &str, text: &str, now: Mono) -> Result<(), Error> {
        let open = self.take_open()?;
        self.say(now, &json!([4, open.id, code, text, {}]));
        Ok(())
    }

    fn take_open(&mut self) -> Result<Open, Error> {
        let why = "no call of the charge point waits for an answer: see EVCP_TEST_BY_HAND";
        self.open.take().ok_or(Error::State(why))
    }

    /// Calls the charge point.
    pub(super) fn call(&mut self, action: &str, payload: &str, now: Mono) -> Result<(), Error> {
        let payload = object(payload, "payload")?;
        if !self.connected {
            return Err(Error::State("there is no connection"));
        }
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        let text = json!([2, id, action, payload]).to_string();
        self.push(now, News::Text(text));
        self.asked = Some((id, None));
        Ok(())
    }

    /// What was answered to the last call.
    pub(super) fn answer(&self) -> Option<&str> {
        self.asked.as_ref()?.1.as_deref()
    }

    pub(super) fn booked(&self) -> &[Booked] {
        &self.books.transactions
    }

    // ---- what it does by itself ----

    fn hear(&mut self, text: &str, now: Mono, wall: Wall) {
        let Some(parts) = parts(text) else { return };
        match parts.as_slice() {
            [kind, id, action, payload] if kind.get() == "2" => {
                let payload = serde_json::from_str(payload.get()).unwrap_or_default();
                let open = Open {
                    id: said(id),
                    action: said(action),
                    payload,
                };
                self.serve(open, now, wall);
            }
            [kind, id, payload] if kind.get() == "3" => self.hear_answer(&said(id), payload.get()),
            [kind, id, code, text, _] if kind.get() == "4" => {
                let error = json!({"errorCode": said(code), "errorDescription": said(text)});
                self.hear_answer(&said(id), &error.to_string());
            }
            _ => {}
        }
    }

    fn hear_answer(&mut self, id: &str, answer: &str) {
        if let Some((asked, known)) = &mut self.asked {
            if asked == id {
                *known = Some(answer.to_owned());
            }
        }
    }

    fn serve(&mut self, call: Open, now: Mono, wall: Wall) {
        let Open {
            id,
            action,
            payload,
        } = &call;
        match self.rules.of(action) {
            Rule::Answer(with) => {
                let again = self.books.begun(id);
                let accepted = || acceptance(&self.books, wall, action, payload);
                let Some(mut answer) = again.or_else(accepted) else {
                    return self.say(now, &json!([4, id, "NotImplemented", "", {}]));
                };
                merge(&mut answer, &with);
                self.books.book(id, action, payload, &answer);
                self.say(now, &json!([3, id, answer]));
            }
            Rule::Error(code) => self.say(now, &json!([4, id, code, "", {}])),
            Rule::Silent | Rule::ByHand => self.open = Some(call),
        }
    }

    fn say(&mut self, now: Mono, frame: &Value) {
        self.push(now, News::Text(frame.to_string()));
    }
}

/// The parts of a frame.
fn parts(frame: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(frame).ok()
}

/// A string in a frame.
fn said(part: &RawValue) -> String {
    serde_json::from_str(part.get()).unwrap_or_default()
}

#[cfg(test)]
#[path = "central_tests.rs"]
mod tests;
