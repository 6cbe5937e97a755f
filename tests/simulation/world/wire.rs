//! What every frame of a charge point must hold to (OCPP-J §4.1, OCPP 1.6 §4.9).

use std::collections::BTreeMap;

use serde_json::Value;

/// Says what is wrong with the frames that the charge point sends.
#[derive(Default)]
pub struct Wire {
    /// What was said under an id.
    ids: BTreeMap<String, String>,
    /// The call that waits for its answer, and since when.
    outstanding: Option<(String, u64)>,
    /// What the central system was told of each connector on this connection.
    statuses: BTreeMap<i64, String>,
    /// Calls of the central system that have no answer yet.
    pub asked: BTreeMap<String, bool>,
    /// How long the charge point waits for an answer, in milliseconds.
    patience: u64,
}

impl Wire {
    pub fn new(patience: u64) -> Self {
        Self {
            patience,
            ..Self::default()
        }
    }

    pub fn connected(&mut self) {
        self.outstanding = None;
        self.statuses.clear();
        self.asked.clear();
    }

    /// The charge point forgot something, the times of messages perhaps: it may say it otherwise.
    pub fn forget(&mut self) {
        self.ids.clear();
    }

    /// The charge point sends.
    pub fn sent(&mut self, now: u64, frame: &Value) -> Result<(), String> {
        // An id that is a number comes back with its refusal.
        if frame[0] == 4 && frame[1].is_number() {
            return Ok(());
        }
        let id = frame[1].as_str().ok_or("an id that is no string")?;
        match frame[0].as_i64() {
            Some(2) => self.called(now, id, frame),
            Some(3 | 4) => match self.asked.insert(id.to_owned(), true) {
                Some(false) => Ok(()),
                Some(true) => Err(format!("{id} is answered twice")),
                None => Err(format!("{id} was never asked")),
            },
            _ => Err(format!("no frame of OCPP-J: {frame}")),
        }
    }

    fn called(&mut self, now: u64, id: &str, frame: &Value) -> Result<(), String> {
        if !(1..=36).contains(&id.len()) {
            return Err(format!("an id of {} characters", id.len()));
        }
        if let Some((waiting, since)) = &self.outstanding {
            if now - since < self.patience {
                return Err(format!("{frame} is sent while {waiting} has no answer"));
            }
        }
        self.outstanding = Some((id.to_owned(), now));
        let says = format!("{}{}", frame[2], frame[3]);
        if let Some(before) = self.ids.get(id) {
            if *before != says {
                return Err(format!("{id} is used for {before} and {says}"));
            }
        } else {
            self.ids.insert(id.to_owned(), says);
        }
        match frame[2].as_str() {
            Some("BootNotification") => self.statuses.clear(),
            Some("StatusNotification") => self.status(&frame[3])?,
            _ => {}
        }
        Ok(())
    }

    fn status(&mut self, payload: &Value) -> Result<(), String> {
        let at = payload["connectorId"].as_i64().ok_or("no connector")?;
        let status = payload["status"].as_str().ok_or("no status")?.to_owned();
        if status == "Faulted" && payload["errorCode"] == "NoError" {
            return Err(format!("Faulted without an error: {payload}"));
        }
        if let Some(before) = self.statuses.insert(at, status.clone()) {
            let allowed = FOLLOWS.iter().find(|(from, _)| *from == before);
            let legal = before == status || allowed.is_some_and(|(_, to)| to.contains(&&*status));
            if !legal {
                return Err(format!("connector {at} goes from {before} to {status}"));
            }
        }
        Ok(())
    }

    /// An answer reaches the charge point.
    pub fn answered(&mut self, id: &str) {
        if self
            .outstanding
            .as_ref()
            .is_some_and(|(waiting, _)| waiting == id)
        {
            self.outstanding = None;
        }
    }
}

/// The table of transitions (OCPP 1.6 §4.9), by itself: the library has its own.
const FOLLOWS: &[(&str, &[&str])] = &[
    (
        "Available",
        &[
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Reserved",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Preparing",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Faulted",
        ],
    ),
    (
        "Charging",
        &[
            "Available",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEV",
        &[
            "Available",
            "Charging",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEVSE",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Finishing",
        &["Available", "Preparing", "Unavailable", "Faulted"],
    ),
    (
        "Reserved",
        &["Available", "Preparing", "Unavailable", "Faulted"],
    ),
    (
        "Unavailable",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Faulted",
        ],
    ),
    (
        "Faulted",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Reserved",
            "Unavailable",
        ],
    ),
];
