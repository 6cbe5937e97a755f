//! A central system that is content with everything.

use std::collections::BTreeMap;

use evcp::time::Now;
use serde_json::{json, Value};

use crate::central::{CentralSystem, Reply};

/// Answers every call well and at once, and keeps no books but the transactionIds.
#[derive(Clone, Debug, Default)]
pub struct Polite {
    /// It says nothing instead.
    pub silent: bool,
    /// Every frame, in the order in which they came.
    pub frames: Vec<Value>,
    /// The transactionId of each StartTransaction, by the id of the call.
    ids: BTreeMap<String, usize>,
}

impl Polite {
    /// A good answer to a call.
    pub fn answer(&mut self, now: Now, id: &str, action: &str) -> Value {
        let time = evcp::types::format_wall(now.wall);
        match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": time, "interval": 300})
            }
            "Heartbeat" => json!({ "currentTime": time }),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                let next = 1_000 + self.ids.len();
                let number = *self.ids.entry(id.to_owned()).or_insert(next);
                json!({"transactionId": number, "idTagInfo": {"status": "Accepted"}})
            }
            "DataTransfer" => json!({"status": "Accepted"}),
            _ => json!({}),
        }
    }
}

impl CentralSystem for Polite {
    fn take(&mut self, now: Now, text: &str) -> Reply {
        let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
        self.frames.push(frame.clone());
        match (frame[0].as_i64(), frame[1].as_str(), frame[2].as_str()) {
            (Some(2), Some(id), Some(action)) if !self.silent => {
                let answer = self.answer(now, id, action);
                Reply::AtOnce(json!([3, id, answer]).to_string())
            }
            _ => Reply::Never,
        }
    }
}
