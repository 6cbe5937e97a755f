//! What is on the books of the central system, and whether it is right.

use std::collections::BTreeSet;

use serde_json::Value;

/// A session as the central system has it.
#[derive(Clone, Debug)]
pub struct Booked {
    pub id: i64,
    pub tag: String,
    pub connector: i64,
    pub start: i64,
    pub highest: i64,
    pub stop: Option<i64>,
}

/// The books.
#[derive(Default)]
pub struct Books {
    pub sessions: Vec<Booked>,
    /// Each stop carries what the meter showed at the start, if it showed something.
    pub with_data: bool,
    /// Sessions whose stop was refused when it came with data: it may come without.
    pub refused_data: BTreeSet<i64>,
    /// Stops of transactions whose start was given up.
    pub orphans: u64,
    /// What came after the stop of a session: its tag, and what.
    pub late: Vec<(String, String)>,
}

impl Books {
    /// Takes in a StartTransaction; its id.
    pub fn start(&mut self, payload: &Value) -> Result<i64, String> {
        let text = |name: &str| payload[name].as_str().map(str::to_owned);
        let number = |name: &str| payload[name].as_i64();
        let id = 1_000 + i64::try_from(self.sessions.len()).unwrap_or(0);
        let start = number("meterStart").ok_or("no meterStart")?;
        self.sessions.push(Booked {
            id,
            tag: text("idTag").ok_or("no tag")?,
            connector: number("connectorId").ok_or("no connector")?,
            start,
            highest: start,
            stop: None,
        });
        Ok(id)
    }

    fn session(&mut self, payload: &Value) -> Result<Option<&mut Booked>, String> {
        let Some(id) = payload["transactionId"].as_i64().filter(|id| *id != -1) else {
            return Ok(None);
        };
        let found = self.sessions.iter_mut().find(|session| session.id == id);
        match found {
            Some(session) if session.stop.is_some() => {
                self.late.push((session.tag.clone(), payload.to_string()));
                Ok(None)
            }
            Some(session) => Ok(Some(session)),
            None => Err(format!("of a transaction that never started: {payload}")),
        }
    }

    /// Takes in MeterValues.
    pub fn values(&mut self, payload: &Value) -> Result<(), String> {
        let registers = payload["meterValue"].as_array().into_iter().flatten();
        let registers = registers
            .filter_map(|value| value["sampledValue"].as_array())
            .flatten();
        let shown = registers
            .filter(|sample| sample["measurand"] == "Energy.Active.Import.Register")
            .filter_map(|sample| sample["value"].as_str()?.parse().ok())
            .max();
        let Some(session) = self.session(payload)? else {
            return Ok(());
        };
        if let Some(shown) = shown {
            if shown < session.start {
                return Err(format!(
                    "{} began at {} Wh: {payload}",
                    session.tag, session.start
                ));
            }
            session.highest = session.highest.max(shown);
        }
        Ok(())
    }

    /// Takes in a StopTransaction.
    pub fn stop(&mut self, payload: &Value) -> Result<(), String> {
        let shown = payload["meterStop"].as_i64().ok_or("no meterStop")?;
        let bare = payload["transactionData"].is_null();
        let of = payload["transactionId"].as_i64();
        let may_be_bare = of.is_some_and(|id| self.refused_data.contains(&id));
        let with_data = self.with_data && !(bare && may_be_bare);
        match self.session(payload)? {
            Some(session) if shown < session.start => {
                Err(format!("{} runs backwards: {payload}", session.tag))
            }
            Some(session) if with_data && session.start > 0 && !begins(payload, session.start) => {
                Err(format!("{} has lost its beginning: {payload}", session.tag))
            }
            Some(session) if !may_end(&session.tag, payload) => {
                Err(format!("a stranger ends {}: {payload}", session.tag))
            }
            Some(session) => {
                session.stop = Some(shown);
                Ok(())
            }
            None => {
                self.orphans += 1;
                Ok(())
            }
        }
    }
}

/// Whether the tag of a stop may end a session: it is the one that began it, or one of its group.
fn may_end(tag: &str, stop: &Value) -> bool {
    let Some(ends) = stop["idTag"].as_str() else {
        return true;
    };
    ends.eq_ignore_ascii_case(tag) || (ends.starts_with('M') && tag.starts_with('M'))
}

/// Whether the data of a stop begin with the register at the start.
fn begins(stop: &Value, start: i64) -> bool {
    let first = &stop["transactionData"][0]["sampledValue"][0];
    let shown = first["value"].as_str().and_then(|text| text.parse().ok());
    first["context"] == "Transaction.Begin" && shown == Some(start)
}
