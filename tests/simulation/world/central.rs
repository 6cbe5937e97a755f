//! A central system that keeps books, and behaves badly when it is told to.

use std::collections::{BTreeMap, BTreeSet};

use evcp::time::Wall;
use serde_json::{json, Value};

use super::books::Books;
use super::plan::Kind;
use super::sloppy::spoilt;

/// How it treats the next calls.
#[derive(Default)]
pub struct Central {
    pub books: Books,
    /// Calls that it answers with an error, does not answer, answers late or twice.
    pub refuse: u32,
    /// What it refuses each time, for its form or not, and until when.
    pub refuse_all: BTreeMap<Kind, (bool, u64)>,
    pub mute: u32,
    pub late: (u32, u64),
    pub double: u32,
    /// Answers that nobody checks by the schema, and the next way to spoil one.
    pub sloppy: (u32, u64),
    /// Calls of this action are never answered, and those about transactions are booked all the same.
    pub deaf_to: Option<&'static str>,
    /// What it says of a StartTransaction that comes again.
    pub again: Again,
    /// Boots that it answers so: Pending, or Rejected.
    pub not_yet: (u32, bool),
    /// How far its clock is off.
    pub clock: i64,
    /// The starts that it has not named yet.
    nameless: BTreeSet<String>,
    /// What it answered to which call: the same call gets the same answer.
    seen: BTreeMap<String, Value>,
    /// How often it refused a transaction message, by what that says.
    pub refused: BTreeMap<String, u32>,
    /// Tags that it ever accepted.
    pub accepted: Vec<String>,
}

/// What is said of a StartTransaction that was booked, and comes again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// The same as before.
    #[default]
    Same,
    /// ConcurrentTx, with its id.
    Concurrent,
    /// ConcurrentTx the first time, with no id; then the same as before.
    Nameless,
}

/// An answer, and how much later than at once it is sent.
pub type Answer = (u64, String);

impl Central {
    pub fn new(with_data: bool) -> Self {
        let books = Books {
            with_data,
            ..Books::default()
        };
        Self {
            books,
            ..Self::default()
        }
    }

    /// Takes in a call; the answers to it.
    /// `since`: how long the life has lasted.
    pub fn take(&mut self, now: i64, since: u64, frame: &Value) -> Result<Vec<Answer>, String> {
        let (Some(id), Some(action)) = (frame[1].as_str(), frame[2].as_str()) else {
            return Err(format!("no call: {frame}"));
        };
        let payload = &frame[3];
        let transaction = matches!(
            action,
            "StartTransaction" | "MeterValues" | "StopTransaction"
        );
        if transaction && self.refuse > 0 && !self.seen.contains_key(id) {
            self.refuse -= 1;
            *self.refused.entry(what(action, payload)).or_default() += 1;
            return Ok(vec![(0, self.refusal(id, action, payload, false))]);
        }
        let kinds = Kind::ALL.iter().filter(|kind| is(action, payload, **kind));
        let refused = kinds.filter_map(|kind| self.refuse_all.get(kind));
        let refused = refused.copied().find(|(_, until)| since < *until);
        if let Some((form, _)) = refused.filter(|_| !self.seen.contains_key(id)) {
            *self.refused.entry(what(action, payload)).or_default() += 1;
            return Ok(vec![(0, self.refusal(id, action, payload, form))]);
        }
        let answer = match self.seen.get(id) {
            Some(known) if transaction => {
                let known = known.clone();
                self.again(id, payload, known)
            }
            _ => {
                let answer = self.book(now, action, payload)?;
                if transaction {
                    self.seen.insert(id.to_owned(), answer.clone());
                }
                answer
            }
        };
        if self.mute > 0 {
            self.mute -= 1;
            return Ok(Vec::new());
        }
        if self.deaf_to == Some(action) {
            return Ok(Vec::new());
        }
        let answer = match self.sloppy.0 {
            0 => answer,
            _ => {
                self.sloppy = (self.sloppy.0 - 1, self.sloppy.1.wrapping_mul(31) + 7);
                spoilt(&answer, self.sloppy.1 >> 3)
            }
        };
        let mut after = 0;
        if self.late.0 > 0 {
            self.late.0 -= 1;
            after = self.late.1;
        }
        let text = json!([3, id, answer]).to_string();
        let mut answers = vec![(after, text.clone())];
        if self.double > 0 {
            self.double -= 1;
            answers.push((after, text));
        }
        Ok(answers)
    }

    /// A transaction message that it has booked already comes again.
    fn again(&mut self, id: &str, payload: &Value, known: Value) -> Value {
        let mut answer = known;
        if answer["transactionId"].is_null() || self.again == Again::Same {
            return answer;
        }
        let nameless = self.again == Again::Nameless && self.nameless.insert(id.to_owned());
        if nameless {
            // Nothing can be done with that: it comes to a refusal.
            let refused = self.refused.entry(what("StartTransaction", payload));
            *refused.or_default() += 1;
            answer["transactionId"] = json!(0);
        }
        if nameless || self.again == Again::Concurrent {
            answer["idTagInfo"] = json!({"status": "ConcurrentTx"});
        }
        answer
    }

    fn refusal(&mut self, id: &str, action: &str, payload: &Value, form: bool) -> String {
        if is(action, payload, Kind::Data) {
            let of = payload["transactionId"].as_i64();
            self.books.refused_data.extend(of);
        }
        let code = if form {
            "PropertyConstraintViolation"
        } else {
            "InternalError"
        };
        json!([4, id, code, "not now", {}]).to_string()
    }

    fn book(&mut self, now: i64, action: &str, payload: &Value) -> Result<Value, String> {
        let time = evcp::types::format_wall(Wall(now + self.clock));
        Ok(match action {
            "BootNotification" if self.not_yet.0 > 0 => {
                self.not_yet.0 -= 1;
                let status = if self.not_yet.1 {
                    "Pending"
                } else {
                    "Rejected"
                };
                json!({"status": status, "currentTime": time, "interval": 20})
            }
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": 300})
            }
            "Heartbeat" => json!({ "currentTime": time }),
            "Authorize" => json!({"idTagInfo": self.word(payload["idTag"].as_str().unwrap_or(""))}),
            "StartTransaction" => {
                let id = self.books.start(payload)?;
                json!({"transactionId": id, "idTagInfo": self.word(payload["idTag"].as_str().unwrap_or(""))})
            }
            "MeterValues" => {
                self.books.values(payload)?;
                json!({})
            }
            "StopTransaction" => {
                self.books.stop(payload)?;
                json!({})
            }
            "DataTransfer" => json!({"status": "Accepted"}),
            _ => json!({}),
        })
    }

    /// What it says of a tag.
    fn word(&mut self, tag: &str) -> Value {
        let status = match tag.as_bytes().first() {
            Some(b'B') => return json!({"status": "Invalid"}),
            Some(b'M') => json!({"status": "Accepted", "parentIdTag": "FLEET"}),
            _ => json!({"status": "Accepted"}),
        };
        if !self.accepted.iter().any(|known| known == tag) {
            self.accepted.push(tag.to_owned());
        }
        status
    }

    /// Everything goes well from now on.
    pub fn calm_down(&mut self) {
        (self.refuse, self.mute, self.double) = (0, 0, 0);
        self.refuse_all.clear();
        self.late = (0, 0);
        self.sloppy.0 = 0;
        self.deaf_to = None;
        self.again = Again::Same;
        self.not_yet = (0, false);
    }
}

/// Whether a call is of that kind.
fn is(action: &str, payload: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Start => action == "StartTransaction",
        Kind::Values => action == "MeterValues",
        Kind::Stop => action == "StopTransaction",
        Kind::Data => action == "StopTransaction" && payload["transactionData"].is_array(),
    }
}

/// What a transaction message is about, whatever its id.
pub fn what(action: &str, payload: &Value) -> String {
    let of = |name: &str| payload[name].to_string();
    format!(
        "{action} {} {} {} {}",
        of("connectorId"),
        of("idTag"),
        of("timestamp"),
        of("transactionId")
    )
}
