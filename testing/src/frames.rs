//! What every frame of a charge point must hold to (OCPP-J §4.1, OCPP 1.6 §4.9), whatever a test looks at.

use std::collections::BTreeMap;

use evcp::time::{Millis, Mono};
use serde_json::Value;

/// Says what is wrong with the frames that the charge point sends.
#[derive(Default)]
pub struct Frames {
    /// What was said under an id.
    ids: BTreeMap<String, String>,
    /// The call that waits for its answer.
    waiting: Option<Waiting>,
    /// What the central system was told of each connector on this connection.
    statuses: BTreeMap<i64, String>,
    /// Calls of the central system on this connection, and how many answers to them are still to come.
    asked: BTreeMap<String, usize>,
}

/// A call that waits for its answer.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// What it is.
    pub action: String,
    /// The charge point waits no longer than this.
    until: Mono,
}

impl Frames {
    /// A connection is made: nothing is under way on it.
    pub fn connected(&mut self) {
        self.waiting = None;
        self.statuses.clear();
        self.asked.clear();
    }

    /// The charge point forgot something, the times of messages perhaps: it may say it otherwise.
    pub fn forget(&mut self) {
        self.ids.clear();
    }

    /// The call that waits for its answer.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// The charge point sends, and waits so long for an answer.
    ///
    /// # Errors
    /// What is wrong with the frame.
    pub fn sent(&mut self, now: Mono, patience: Millis, frame: &Value) -> Result<(), String> {
        // An id that is a number comes back with its refusal.
        if frame[0] == 4 && frame[1].is_number() {
            return Ok(());
        }
        let id = frame[1].as_str().ok_or("an id that is no string")?;
        match frame[0].as_i64() {
            Some(2) => self.called(now, patience, id, frame),
            Some(3 | 4) => match self.asked.get_mut(id) {
                None => Err(format!("{id} was never asked")),
                Some(0) => Err(format!("{id} is answered twice")),
                Some(due) => {
                    *due -= 1;
                    Ok(())
                }
            },
            _ => Err(format!("no frame of OCPP-J: {frame}")),
        }
    }

    fn called(
        &mut self,
        now: Mono,
        patience: Millis,
        id: &str,
        frame: &Value,
    ) -> Result<(), String> {
        if !(1..=36).contains(&id.len()) {
            return Err(format!("an id of {} characters", id.len()));
        }
        if let Some(waiting) = &self.waiting {
            if now < waiting.until {
                return Err(format!(
                    "{frame} is sent while {} has no answer",
                    waiting.id
                ));
            }
        }
        let action = frame[2].as_str().ok_or("an action that is no string")?;
        self.waiting = Some(Waiting {
            id: id.to_owned(),
            action: action.to_owned(),
            until: now + patience,
        });
        let says = format!("{action}{}", frame[3]);
        if let Some(before) = self.ids.get(id) {
            if *before != says {
                return Err(format!("{id} is used for {before} and {says}"));
            }
        } else {
            self.ids.insert(id.to_owned(), says);
        }
        match action {
            "BootNotification" => self.statuses.clear(),
            "StatusNotification" => self.status(&frame[3])?,
            _ => {}
        }
        Ok(())
    }

    fn status(&mut self, payload: &Value) -> Result<(), String> {
        let at = payload["connectorId"].as_i64().ok_or("no connector")?;
        let status = payload["status"].as_str().ok_or("no status")?.to_owned();
        if !payload["timestamp"].is_string() {
            return Err(format!("no time: {payload}"));
        }
        if status == "Faulted" && payload["errorCode"] == "NoError" {
            return Err(format!("Faulted without an error: {payload}"));
        }
        if let Some(before) = self.statuses.insert(at, status.clone()) {
            let legal = before == status || TRANSITIONS.contains(&(&before, &status));
            if !legal {
                return Err(format!("connector {at} goes from {before} to {status}"));
            }
        }
        Ok(())
    }

    /// The central system asks for an answer under this id.
    pub fn asked(&mut self, id: &str) {
        *self.asked.entry(id.to_owned()).or_default() += 1;
    }

    /// An answer reaches the charge point.
    pub fn answered(&mut self, id: &str) {
        if self.waiting.as_ref().is_some_and(|call| call.id == id) {
            self.waiting = None;
        }
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
