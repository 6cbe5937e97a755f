//! What every frame of a charge point must hold to.

use std::collections::BTreeMap;

use evcp::time::{Millis, Mono, Now};
use serde_json::{json, Value};

/// What every frame of a charge point must hold to, whatever a test looks at. With the environment
/// variable EVCP_TRACES, the frames are also written to a file in that folder, for the checker of
/// the black-box tests, which knows the official schemas.
#[derive(Default)]
pub(super) struct Wire {
    pub(super) ids: BTreeMap<String, String>,
    /// The unanswered call, and since when.
    pub(super) outstanding: Option<(String, Mono)>,
    /// How long the charge point waits for answers: MessageTimeout.
    pub(super) patience: Millis,
    pub(super) statuses: BTreeMap<i64, String>,
    pub(super) trace: Vec<Value>,
}

impl Wire {
    pub(super) fn note(&mut self, what: &str, now: Now, text: &str) {
        let ms = now.mono.0;
        self.trace
            .push(json!({"what": what, "ms": ms, "text": text}));
    }

    pub(super) fn sent(&mut self, now: Now, text: &str) {
        self.note("sent", now, text);
        let frame: Value = serde_json::from_str(text).expect("the charge point writes JSON");
        if frame[0] != 2 {
            return;
        }
        let id = frame[1].as_str().expect("ids are strings");
        assert!(
            (1..=36).contains(&id.len()),
            "an id of {} characters",
            id.len()
        );
        if let Some((waiting, since)) = &self.outstanding {
            let over = now.mono.since(*since) >= self.patience;
            assert!(over, "{text} is sent while {waiting} has no answer");
        }
        self.outstanding = Some((id.to_owned(), now.mono));
        let says = format!("{}{}", frame[2], frame[3]);
        let before = self
            .ids
            .entry(id.to_owned())
            .or_insert_with(|| says.clone());
        assert_eq!(*before, says, "the id is used for two calls");
        match frame[2].as_str() {
            Some("BootNotification") => self.statuses.clear(),
            Some("StatusNotification") => self.status(&frame[3]),
            _ => {}
        }
    }

    fn status(&mut self, payload: &Value) {
        let at = payload["connectorId"].as_i64().expect("a connector");
        let status = payload["status"].as_str().expect("a status").to_owned();
        assert!(payload["timestamp"].is_string(), "no time: {payload}");
        let faulty = payload["errorCode"] != "NoError";
        assert!(faulty || status != "Faulted", "no error: {payload}");
        if let Some(before) = self.statuses.insert(at, status.clone()) {
            let legal = before == status || TRANSITIONS.contains(&(&before, &status));
            assert!(legal, "connector {at} goes from {before} to {status}");
        }
    }

    pub(super) fn received(&mut self, now: Now, text: &str) {
        self.note("received", now, text);
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let waiting = self.outstanding.as_ref().map(|(id, _)| id.as_str());
        if frame[1].as_str() == waiting && frame[0] != 2 {
            self.outstanding = None;
        }
    }

    pub(super) fn connected(&mut self, now: Now) {
        self.note("connected", now, "");
        self.outstanding = None;
        self.statuses.clear();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os("EVCP_TRACES") else {
            return;
        };
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let test = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let file = format!("{test}-{}-{count}.jsonl", std::process::id());
        let lines: Vec<_> = self.trace.iter().map(Value::to_string).collect();
        let path = std::path::Path::new(&folder).join(file);
        std::fs::write(path, lines.join("\n")).expect("the trace can be written");
    }
}

/// The table of transitions (OCPP 1.6 §4.9), by itself: the library has its own.
const TRANSITIONS: &[(&str, &str)] = &[
    ("Available", "Preparing"),
    ("Available", "Charging"),
    ("Available", "SuspendedEV"),
    ("Available", "SuspendedEVSE"),
    ("Available", "Reserved"),
    ("Available", "Unavailable"),
    ("Available", "Faulted"),
    ("Preparing", "Available"),
    ("Preparing", "Charging"),
    ("Preparing", "SuspendedEV"),
    ("Preparing", "SuspendedEVSE"),
    ("Preparing", "Finishing"),
    ("Preparing", "Faulted"),
    ("Charging", "Available"),
    ("Charging", "SuspendedEV"),
    ("Charging", "SuspendedEVSE"),
    ("Charging", "Finishing"),
    ("Charging", "Unavailable"),
    ("Charging", "Faulted"),
    ("SuspendedEV", "Available"),
    ("SuspendedEV", "Charging"),
    ("SuspendedEV", "SuspendedEVSE"),
    ("SuspendedEV", "Finishing"),
    ("SuspendedEV", "Unavailable"),
    ("SuspendedEV", "Faulted"),
    ("SuspendedEVSE", "Available"),
    ("SuspendedEVSE", "Charging"),
    ("SuspendedEVSE", "SuspendedEV"),
    ("SuspendedEVSE", "Finishing"),
    ("SuspendedEVSE", "Unavailable"),
    ("SuspendedEVSE", "Faulted"),
    ("Finishing", "Available"),
    ("Finishing", "Preparing"),
    ("Finishing", "Unavailable"),
    ("Finishing", "Faulted"),
    ("Reserved", "Available"),
    ("Reserved", "Preparing"),
    ("Reserved", "Unavailable"),
    ("Reserved", "Faulted"),
    ("Unavailable", "Available"),
    ("Unavailable", "Preparing"),
    ("Unavailable", "Charging"),
    ("Unavailable", "SuspendedEV"),
    ("Unavailable", "SuspendedEVSE"),
    ("Unavailable", "Faulted"),
    ("Faulted", "Available"),
    ("Faulted", "Preparing"),
    ("Faulted", "Charging"),
    ("Faulted", "SuspendedEV"),
    ("Faulted", "SuspendedEVSE"),
    ("Faulted", "Finishing"),
    ("Faulted", "Reserved"),
    ("Faulted", "Unavailable"),
];
