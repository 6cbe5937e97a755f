//! What the central system does with a call of the charge point.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use crate::error::Error;
use crate::kit::books::Books;
use crate::time::Wall;

/// What it does with calls of one action.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// Answers, and these members take the place of those of its answer.
    Answer(Value),
    /// Answers with this error code.
    Error(String),
    /// Never answers.
    Silent,
    /// Somebody else answers.
    ByHand,
}

/// The calls that a charge point may make.
const ACTIONS: [&str; 13] = [
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
];

/// The interval for heartbeats that it names, in seconds.
const INTERVAL_S: u32 = 300;

#[derive(Default)]
pub(super) struct Rules {
    by_action: BTreeMap<String, Rule>,
    /// What holds for all others.
    others: Option<Rule>,
}

impl Rules {
    /// Sets what is done with an action, or with every one.
    pub(super) fn set(&mut self, action: Option<&str>, rule: Rule) -> Result<(), Error> {
        let Some(action) = action else {
            self.by_action.clear();
            self.others = Some(rule);
            return Ok(());
        };
        check_action(action)?;
        self.by_action.insert(action.to_owned(), rule);
        Ok(())
    }

    pub(super) fn of(&self, action: &str) -> Rule {
        let rule = self.by_action.get(action).or(self.others.as_ref());
        rule.cloned().unwrap_or(Rule::Answer(Value::Null))
    }
}

/// An action that no charge point ever calls is a slip of the pen.
pub(super) fn check_action(action: &str) -> Result<(), Error> {
    if ACTIONS.contains(&action) {
        return Ok(());
    }
    let all = ACTIONS.join(", ");
    let why = format!("no charge point calls \"{action}\": it must be one of {all}");
    Err(Error::Invalid(why))
}

/// What it answers if nothing else is wanted of it; `None` for an action that it does not know.
pub(super) fn acceptance(books: &Books, now: Wall, action: &str, payload: &Value) -> Option<Value> {
    Some(match action {
        "BootNotification" => {
            json!({"status": "Accepted", "currentTime": now, "interval": INTERVAL_S})
        }
        "Heartbeat" => json!({ "currentTime": now }),
        "Authorize" => json!({"idTagInfo": books.tag_info(payload)}),
        "StartTransaction" => {
            json!({"transactionId": books.next_id(), "idTagInfo": books.tag_info(payload)})
        }
        "StopTransaction" if payload["idTag"].is_string() => {
            json!({"idTagInfo": books.tag_info(payload)})
        }
        "DataTransfer" | "SignCertificate" => json!({"status": "Accepted"}),
        action if ACTIONS.contains(&action) => json!({}),
        _ => return None,
    })
}

/// Lets members of one object take the place of those of another.
pub(super) fn merge(into: &mut Value, with: &Value) {
    match (into, with) {
        (Value::Object(into), Value::Object(with)) => {
            for (name, value) in with {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, with) => *into = with.clone(),
    }
}
