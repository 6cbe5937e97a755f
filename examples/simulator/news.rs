//! What the library tells and asks, and what the charger says and does about it.

use std::time::{Duration, Instant};

use evcp::core::{
    Answer, Connection, ConnectorId, Notice, Place, Question, Reading, Supply, TransactionChange,
    Wh,
};
use evcp::types::DataTransferStatus;
use evcp::Event;
use serde_json::json;

use crate::station::{Later, Station};

impl Station {
    pub fn on_event(&mut self, event: Event) {
        match event {
            Event::StoreReplaced { kept_as, why } => {
                let text = format!("the store was damaged: {why}; kept as {kept_as}");
                self.say(json!({"event": "error", "text": text}));
            }
            // It asks for none.
            Event::Frame(_) => {}
            Event::Fatal(why) => {
                self.say(json!({"event": "error", "text": format!("fatal: {why}")}));
                self.ended = true;
            }
            Event::Notice(notice) => self.on_notice(notice),
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Supply(at, supply) => self.on_supply(at, supply),
            Notice::Ask(request, question) => self.on_question(request, question),
            Notice::Connection(state, _, detail) => {
                let word = match state {
                    Connection::Connected => "connected",
                    Connection::Disconnected => "disconnected",
                    Connection::Failed => "failed",
                };
                self.connected = state == Connection::Connected;
                self.say(json!({"event": "ws", "state": word, "detail": detail}));
            }
            Notice::Boot(status, interval, _) => {
                self.registration = status.as_str();
                let interval = interval.0 / 1000;
                let status = status.as_str();
                self.say(json!({"event": "boot", "status": status, "interval": interval}));
            }
            Notice::Status(status) => {
                let connector = status.place.number();
                self.say(json!({
                    "event": "status",
                    "connector": connector,
                    "status": status.status.as_str(),
                    "error_code": status.error.as_str(),
                }));
            }
            Notice::Transaction(step) => {
                let state = match step.change {
                    TransactionChange::Started | TransactionChange::Resumed => "started",
                    TransactionChange::Confirmed => "confirmed",
                    TransactionChange::Deauthorized => "deauthorized",
                    TransactionChange::Stopped => "stopped",
                    TransactionChange::GivenUp => "given_up",
                    TransactionChange::Delivered => "delivered",
                    TransactionChange::Unanswered => "unanswered",
                };
                self.keep_meters();
                self.say(json!({
                    "event": "tx",
                    "connector": step.connector.number(),
                    "state": state,
                    "transaction_id": step.central_id,
                    "tx": step.tx.0,
                    "id_tag": step.tag.as_str(),
                    "meter_start": step.meter_start.0,
                    "meter_stop": step.stopped.map(|(_, wh)| wh.0),
                    "reason": step.reason.map(|reason| reason.as_str()),
                }));
            }
            Notice::Authorized {
                claim,
                connector,
                purpose,
                status,
                why,
            } => self.say(json!({
                "event": "auth",
                "connector": connector.map(ConnectorId::number),
                "reader": claim.reader.number(),
                "by": format!("{:?}", claim.by),
                "id_tag": claim.tag.as_str(),
                "for": format!("{purpose:?}"),
                "status": status.as_str(),
                "why": why.map(|why| format!("{why:?}")),
            })),
            Notice::TimedOut { claim, connector } => self.say(json!({
                "event": "timeout",
                "connector": connector.number(),
                "id_tag": claim.tag.as_str(),
            })),
            Notice::Damaged(text) => self.say(json!({"event": "log", "text": text})),
            Notice::Storage { failing } => {
                let text = failing.map_or_else(
                    || "storage works again".to_owned(),
                    |why| format!("storage fails: {why}"),
                );
                self.say(json!({"event": "log", "text": text}));
            }
            Notice::Key(name, value) => {
                let value = value.unwrap_or_default();
                self.say(json!({"event": "key", "key": name, "value": value}));
            }
            Notice::DataTransferred(token, outcome) => {
                let text = format!("{outcome:?}");
                self.say(json!({"event": "data_transfer", "id": token, "outcome": text}));
            }
            Notice::Reboot { hard } => {
                let kind = if hard { "Hard" } else { "Soft" };
                self.say(json!({"event": "reset", "type": kind}));
                self.reboot();
            }
            Notice::Drained => self.say(json!({"event": "drained"})),
            Notice::Time(_) | Notice::Availability(..) => {}
        }
    }

    fn on_supply(&mut self, at: ConnectorId, supply: Supply) {
        let index = at.index();
        let Some(outlet) = self.outlets.get_mut(index) else {
            return;
        };
        outlet.tick();
        let offered = supply.permit && !outlet.supply.permit;
        outlet.supply = supply;
        if !supply.permit {
            outlet.awake = false;
        }
        let wakes = offered && outlet.vehicle && outlet.hungry;
        self.say(json!({
            "event": "supply",
            "connector": at.number(),
            "permit": supply.permit,
            "lock": supply.lock,
            "amps": supply.deciamps.map(|tenths| f64::from(tenths) / 10.0),
            "watts": supply.deciwatts.map(|tenths| tenths as f64 / 10.0),
            "phases": supply.phases.unwrap_or(0),
        }));
        if wakes {
            let reaction = Duration::from_secs_f64(self.config.ev_reaction_s);
            self.later
                .push((Instant::now() + reaction, Later::React(index)));
        }
        let _ = self.tell_ev(index);
    }

    fn on_question(&mut self, request: evcp::core::RequestId, question: Question) {
        let answer = match question {
            Question::Unlock(at) => {
                let fails = self
                    .outlets
                    .get(at.index())
                    .is_some_and(|outlet| outlet.lock_fails);
                let moved = Instant::now() + Duration::from_millis(20);
                return self.later.push((moved, Later::Unlocked(request, !fails)));
            }
            Question::Reset { .. } | Question::KeyChange { .. } => Answer::Accepted,
            Question::ReadMeter(Place::Connector(at), _) => {
                match self.outlets.get_mut(at.index()) {
                    Some(outlet) => Answer::Meter(outlet.readings()),
                    None => Answer::Failed,
                }
            }
            Question::ReadMeter(Place::ChargePoint, _) => {
                let all = self.outlets.iter_mut();
                let milli = all.map(|outlet| outlet.readings()[0].milli).sum();
                Answer::Meter(vec![Reading {
                    milli,
                    ..Reading::energy(Wh(0))
                }])
            }
            Question::DataTransfer {
                vendor,
                message,
                data,
            } => echo(&vendor, message.as_deref(), data),
        };
        let _ = self.handle.answer(request, answer);
    }
}

/// The one vendor that the simulator knows sends back what it gets.
fn echo(vendor: &str, message: Option<&str>, data: Option<String>) -> Answer {
    match (vendor, message) {
        ("org.evcp", Some("echo")) => Answer::Data(DataTransferStatus::Accepted, data),
        ("org.evcp", _) => Answer::Data(DataTransferStatus::UnknownMessageId, None),
        _ => Answer::Data(DataTransferStatus::UnknownVendorId, None),
    }
}
