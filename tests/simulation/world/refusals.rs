//! What the charge point knows to be refused: nobody waits until it has been tried again and again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// So soon after an answer the next message goes, when nothing is to be waited for, in milliseconds.
const AT_ONCE: u64 = 9_000;

/// Meter values that were refused, as the charge point has heard.
#[derive(Default)]
pub struct Refusals {
    /// What was said under an id.
    said: BTreeMap<String, String>,
    /// How often a message was refused.
    heard: BTreeMap<String, u32>,
    /// Transactions of which one value was refused to the end; -1 are those whose start was given up.
    known: BTreeSet<i64>,
    /// What was refused last, and when, as long as nothing else was sent since.
    last: Option<(String, u64)>,
}

impl Refusals {
    /// The charge point sends.
    pub fn sent(&mut self, now: u64, frame: &Value) -> Result<(), String> {
        let (Some(2), Some(id)) = (frame[0].as_i64(), frame[1].as_str()) else {
            return Ok(());
        };
        let last = self.last.take();
        let (Some("MeterValues"), Some(of)) =
            (frame[2].as_str(), frame[3]["transactionId"].as_i64())
        else {
            return Ok(());
        };
        let says = frame[3].to_string();
        // Two samples of a slow meter may say the same: the second goes when the first is given up.
        let waited = last.is_some_and(|(what, when)| what == says && now > when + AT_ONCE);
        if waited && (of == -1 || self.known.contains(&of)) {
            return Err(format!("known to be refused, and tried again: {says}"));
        }
        self.said.insert(id.to_owned(), says);
        Ok(())
    }

    /// An answer reaches the charge point.
    pub fn answered(&mut self, now: u64, id: &str, refused: bool, attempts: u32) {
        let Some(says) = self.said.remove(id).filter(|_| refused) else {
            return;
        };
        let times = self.heard.entry(says.clone()).or_default();
        *times += 1;
        if *times >= attempts {
            let payload: Value = serde_json::from_str(&says).unwrap_or_default();
            self.known.extend(payload["transactionId"].as_i64());
        }
        self.last = Some((says, now));
    }

    /// What was not stored is forgotten with the power, and what is on its way with the link.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
