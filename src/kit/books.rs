//! What the central system writes down.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use crate::types::parse_wall;

/// A transaction.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) id: i64,
    pub(crate) connector: u32,
    pub(crate) tag: String,
    pub(crate) started: i64,
    pub(crate) meter_start: f64,
    pub(crate) stop: Option<Stop>,
    /// How many MeterValues came for it.
    pub(crate) samples: u32,
    pub(crate) last_sample: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) tag: Option<String>,
    pub(crate) at: i64,
    pub(crate) meter: f64,
    pub(crate) reason: String,
}

/// What is known of a tag.
struct Tag {
    status: String,
    parent: Option<String>,
}

#[derive(Default)]
pub(super) struct Books {
    pub(super) transactions: Vec<Booked>,
    /// By their text in capitals: tags are compared without case (`OCPP 1.6 §7.28`).
    tags: BTreeMap<String, Tag>,
    /// The answers to StartTransaction, by message id: one that comes again is the same transaction.
    begun: BTreeMap<String, Value>,
}

impl Books {
    pub(super) fn set_tag(&mut self, tag: &str, status: &str, parent: Option<&str>) {
        let known = Tag {
            status: status.to_owned(),
            parent: parent.map(str::to_owned),
        };
        self.tags.insert(tag.to_ascii_uppercase(), known);
    }

    /// The idTagInfo of a tag; one that is not known is accepted.
    pub(super) fn tag_info(&self, payload: &Value) -> Value {
        let tag = text(payload, "idTag").to_ascii_uppercase();
        match self.tags.get(&tag) {
            None => json!({"status": "Accepted"}),
            Some(Tag {
                status,
                parent: None,
            }) => json!({ "status": status }),
            Some(Tag {
                status,
                parent: Some(parent),
            }) => json!({"status": status, "parentIdTag": parent}),
        }
    }

    /// The id of the next transaction.
    pub(super) fn next_id(&self) -> i64 {
        let highest = self.transactions.iter().map(|booked| booked.id).max();
        highest.unwrap_or(0).saturating_add(1)
    }

    /// What was answered to a StartTransaction that comes again.
    pub(super) fn begun(&self, message: &str) -> Option<Value> {
        self.begun.get(message).cloned()
    }

    /// Writes down a call that is answered.
    pub(super) fn book(&mut self, message: &str, action: &str, payload: &Value, answer: &Value) {
        match action {
            "StartTransaction" => self.begin(message, payload, answer),
            "StopTransaction" => self.end(payload),
            "MeterValues" => self.sample(payload),
            _ => {}
        }
    }

    fn begin(&mut self, message: &str, payload: &Value, answer: &Value) {
        let Some(id) = answer["transactionId"].as_i64() else {
            return;
        };
        if self.begun.contains_key(message) {
            return;
        }
        self.begun.insert(message.to_owned(), answer.clone());
        let connector = payload["connectorId"].as_u64().unwrap_or(0);
        self.transactions.push(Booked {
            id,
            connector: u32::try_from(connector).unwrap_or(0),
            tag: text(payload, "idTag").to_owned(),
            started: time(payload),
            meter_start: payload["meterStart"].as_f64().unwrap_or(0.0),
            stop: None,
            samples: 0,
            last_sample: None,
        });
    }

    fn end(&mut self, payload: &Value) {
        let stop = Stop {
            tag: payload["idTag"].as_str().map(str::to_owned),
            at: time(payload),
            meter: payload["meterStop"].as_f64().unwrap_or(0.0),
            reason: payload["reason"].as_str().unwrap_or("Local").to_owned(),
        };
        if let Some(booked) = self.named_by(payload) {
            booked.stop.get_or_insert(stop);
        }
    }

    fn sample(&mut self, payload: &Value) {
        if let Some(booked) = self.named_by(payload) {
            booked.samples += 1;
            booked.last_sample = Some(payload.to_string());
        }
    }

    fn named_by(&mut self, payload: &Value) -> Option<&mut Booked> {
        let id = payload["transactionId"].as_i64()?;
        let mut newest_first = self.transactions.iter_mut().rev();
        newest_first.find(|booked| booked.id == id)
    }
}

fn text<'a>(payload: &'a Value, member: &str) -> &'a str {
    payload[member].as_str().unwrap_or_default()
}

fn time(payload: &Value) -> i64 {
    parse_wall(text(payload, "timestamp")).map_or(0, |wall| wall.0)
}
