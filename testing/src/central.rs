//! Central systems; the one that answers and keeps books.

use std::collections::BTreeMap;

use evcp::time::{Millis, Mono, Now, Wall};
use serde_json::{json, Value};

use super::habits::Habits;

/// At the other end of the link.
pub trait CentralSystem {
    /// Takes in a frame.
    fn take(&mut self, now: Now, text: &str) -> Reply;

    /// Whether it has hung up on the last frame.
    fn hung_up(&mut self) -> bool {
        false
    }

    /// Whether it accepts a connection.
    fn accepts(&self, _now: Mono) -> bool {
        true
    }

    /// The charge point closed the connection.
    fn closed(&mut self, _now: Mono) {}

    /// There is no connection any more: what it was about to say arrives nowhere.
    fn is_cut_off(&mut self) {}

    /// The charge point starts anew, and its monotonic clock with it.
    fn power_cycled(&mut self) {}

    /// When it says what it did not say at once.
    fn next(&self) -> Option<Mono> {
        None
    }

    /// What it says now.
    fn due(&mut self, _now: Mono) -> Option<String> {
        None
    }

    /// Time passes.
    fn pass(&mut self, _span: Millis) {}
}

/// What comes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is answered.
    AtOnce(String),
    /// It will be: [`CentralSystem::due`].
    Later(Millis),
    /// Nothing, or it needs no answer.
    Never,
}

/// A session on the central system's books.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The transactionId.
    pub id: i64,
    /// The StartTransaction.
    pub start: Value,
    /// Its MeterValues.
    pub values: Vec<Value>,
    /// The StopTransaction, once it came.
    pub stop: Option<Value>,
}

/// What the central system does with the next calls of an action.
#[derive(Clone, Debug)]
pub enum Treat {
    /// Answers with this.
    With(Value),
    /// Books it, and answers with this and nothing else.
    Just(Value),
    /// A CALLERROR.
    Error,
    /// A CALLERROR with this code.
    Code(&'static str),
    /// Says nothing, and books it.
    Silence,
    /// Says nothing, and takes nothing in.
    Deaf,
    /// Answers as if all were well, and books nothing.
    Lost,
    /// Hangs up, and books nothing.
    HangUp,
}

/// A central system: answers, and keeps books. A call that comes again under its id gets the same
/// answer again and is not booked twice.
#[derive(Clone, Debug, Default)]
pub struct Central {
    /// The transactions, in the order of their starts.
    pub sessions: Vec<Session>,
    /// Every call: its action and its payload.
    pub calls: Vec<(String, Value)>,
    /// Every frame, in the order in which they came.
    pub frames: Vec<Value>,
    /// Every answer to a call of its own.
    pub answers: Vec<Value>,
    /// What it does with the next calls, by action.
    pub treat: BTreeMap<String, Vec<Treat>>,
    pub(super) seen: BTreeMap<String, (String, Value)>,
    /// Its clock, in milliseconds since 1970.
    pub clock: i64,
    /// What it does with every call of an action for which [`Central::treat`] says nothing.
    pub always: BTreeMap<String, Treat>,
    /// It hangs up on what has more bytes.
    pub largest: Option<usize>,
    /// It has hung up.
    pub(super) hung_up: bool,
    /// What is different from what the standard leads to expect.
    pub habits: Habits,
}

impl Central {
    /// The next call of an action that has no treatment yet is treated so.
    pub fn treat(&mut self, action: &str, how: Treat) {
        self.treat.entry(action.to_owned()).or_default().push(how);
    }

    /// Takes in a frame; the answer to it, if it is to have one.
    fn answer(&mut self, text: &str) -> Option<String> {
        let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
        self.frames.push(frame.clone());
        if frame[0] != 2 {
            self.answers.push(frame);
            return None;
        }
        let id = frame[1].as_str().expect("ids are strings").to_owned();
        let action = frame[2].as_str().expect("actions are strings").to_owned();
        let payload = frame[3].clone();
        self.calls.push((action.clone(), payload.clone()));
        if self.largest.is_some_and(|most| text.len() > most) {
            self.hung_up = true;
            return None;
        }
        if let Some(code) = self.habits.refuses(text) {
            return Some(json!([4, id, code, "", {}]).to_string());
        }
        let how = self.treat.get_mut(&action).filter(|list| !list.is_empty());
        let once = how.map(|list| list.remove(0));
        let answer = match once.or_else(|| self.always.get(&action).cloned()) {
            Some(Treat::Silence) => {
                self.book(&id, &action, &payload);
                return None;
            }
            Some(Treat::Deaf) => return None,
            Some(Treat::HangUp) => {
                self.hung_up = true;
                return None;
            }
            Some(Treat::Code(code)) => return Some(json!([4, id, code, "", {}]).to_string()),
            Some(Treat::Error) => return Some(json!([4, id, "InternalError", "", {}]).to_string()),
            Some(Treat::Lost) => json!({}),
            Some(Treat::Just(answer)) => {
                self.book(&id, &action, &payload);
                answer
            }
            Some(Treat::With(mut answer)) => {
                let booked = self.book(&id, &action, &payload);
                if action == "StartTransaction" {
                    answer["transactionId"] = booked["transactionId"].clone();
                }
                answer
            }
            None => self.book(&id, &action, &payload),
        };
        Some(json!([3, id, answer]).to_string())
    }

    fn book(&mut self, id: &str, action: &str, payload: &Value) -> Value {
        if let Some((known, answer)) = self.seen.get(id) {
            assert_eq!(
                known,
                &format!("{action}{payload}"),
                "an id is used for two calls"
            );
            match action {
                "StartTransaction" if self.habits.books_starts_again => {
                    return self.book_once(action, payload);
                }
                "StopTransaction" => self.habits.failures.push(payload.clone()),
                _ => {}
            }
            return answer.clone();
        }
        let answer = self.book_once(action, payload);
        self.seen.insert(
            id.to_owned(),
            (format!("{action}{payload}"), answer.clone()),
        );
        answer
    }

    fn book_once(&mut self, action: &str, payload: &Value) -> Value {
        let time = self.habits.date(Wall(self.clock));
        match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": 300})
            }
            "Heartbeat" => json!({ "currentTime": time }),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                let id = 1000 + i64::try_from(self.sessions.len()).expect("few sessions");
                let (start, values) = (payload.clone(), Vec::new());
                self.sessions.push(Session {
                    id,
                    start,
                    values,
                    stop: None,
                });
                json!({"transactionId": id, "idTagInfo": {"status": "Accepted"}})
            }
            "MeterValues" => {
                if let Some(session) = self.session(payload) {
                    assert!(session.stop.is_none(), "values after the stop: {payload}");
                    session.values.push(payload.clone());
                }
                json!({})
            }
            "StopTransaction" => {
                let compares = self.habits.compares_letters;
                if let Some(session) = self.session(payload) {
                    let (starts, ends) = (&session.start["idTag"], &payload["idTag"]);
                    if compares && !ends.is_null() && starts != ends {
                        // Accepted, and never booked.
                        return json!({});
                    }
                    assert!(session.stop.is_none(), "stopped twice: {payload}");
                    session.stop = Some(payload.clone());
                }
                json!({})
            }
            _ => json!({}),
        }
    }

    fn session(&mut self, payload: &Value) -> Option<&mut Session> {
        let id = payload["transactionId"].as_i64()?;
        if id == -1 {
            return None;
        }
        let found = self.sessions.iter_mut().find(|session| session.id == id);
        Some(found.unwrap_or_else(|| panic!("a transaction that never started: {payload}")))
    }
}

impl CentralSystem for Central {
    fn take(&mut self, now: Now, text: &str) -> Reply {
        let answer = self.answer(text);
        self.hung_up |= self.habits.fails_at_quick_answers && !text.starts_with("[2");
        match answer {
            None => Reply::Never,
            Some(answer) => match self.habits.comes_later(now.mono, &answer) {
                None => Reply::AtOnce(answer),
                Some(span) => Reply::Later(span),
            },
        }
    }

    fn hung_up(&mut self) -> bool {
        std::mem::take(&mut self.hung_up)
    }

    fn accepts(&self, now: Mono) -> bool {
        !self.habits.refuses_link(now)
    }

    fn closed(&mut self, now: Mono) {
        self.habits.closed = Some(now);
    }

    fn is_cut_off(&mut self) {
        self.habits.owed.clear();
    }

    fn power_cycled(&mut self) {
        self.habits.owed.clear();
        self.habits.closed = None;
    }

    fn next(&self) -> Option<Mono> {
        self.habits.next()
    }

    fn due(&mut self, now: Mono) -> Option<String> {
        self.habits.due(now)
    }

    fn pass(&mut self, span: Millis) {
        self.clock += i64::try_from(span.0).expect("not that long");
    }
}
