//! What has been sent, answered and told: nothing twice, nothing before it is durable.

use std::collections::{BTreeMap, BTreeSet};

use evcp::core::{ConnectorId, QueuedBody, QueuedMessage, Supply, TransactionChange, TxId};
use evcp::wire::v16::Action;
use serde_json::value::RawValue;
use serde_json::Value;

use crate::message;

#[derive(Default)]
pub struct Books {
    /// Under which id the central system has the start and the stop of a transaction.
    started: BTreeMap<TxId, String>,
    stopped: BTreeMap<TxId, String>,
    start_sent: BTreeSet<TxId>,
    /// Which start or stop went out under an id.
    bodies: BTreeMap<String, QueuedBody>,
    /// Transactions that run, as the host was told.
    pub running: BTreeMap<TxId, ConnectorId>,
    last_tx: u64,
    pub supplies: BTreeMap<ConnectorId, Supply>,
}

impl Books {
    pub fn power_cut(&mut self) {
        self.running.clear();
        self.supplies.clear();
    }

    /// A call left. `queued`: what the disk holds under its id.
    pub fn sent(
        &mut self,
        id: &str,
        action: &str,
        payload: &RawValue,
        queued: Option<&QueuedMessage>,
    ) {
        let payload: Value = serde_json::from_str(payload.get()).expect("it is JSON");
        let known = Action::parse(action).expect("it is OCPP's");
        assert!(known.from_charge_point());
        assert!(
            message::request(known, &payload),
            "by the schema: {action} {payload}"
        );
        self.queued(action, id, &payload, queued);
    }

    fn queued(&mut self, action: &str, id: &str, payload: &Value, queued: Option<&QueuedMessage>) {
        if let Some(message) = queued {
            self.bodies.insert(id.to_owned(), message.body.clone());
        }
        let at = |what: &str| panic!("{action} {id} is sent and {what}: {payload}");
        match (action, queued.map(|message| &message.body)) {
            ("StartTransaction", Some(QueuedBody::Start(tx))) => {
                let booked = self.started.get(tx);
                if booked.is_some_and(|known| known != id) {
                    at("was on the books before");
                }
                self.start_sent.insert(*tx);
            }
            ("StopTransaction", Some(QueuedBody::Stop(tx))) => {
                let booked = self.stopped.get(tx);
                if booked.is_some_and(|known| known != id) {
                    at("was on the books before");
                }
                if !self.start_sent.contains(tx) {
                    at("its start was not");
                }
            }
            ("StartTransaction" | "StopTransaction", _) => at("is not on the disk"),
            _ => {}
        }
    }

    /// The start or stop that went out under an id.
    pub fn body(&self, id: &str) -> Option<&QueuedBody> {
        self.bodies.get(id)
    }

    /// How many transactions there ever were.
    pub const fn sessions(&self) -> u64 {
        self.last_tx
    }

    /// The central system answers a call well: what it said is on its books.
    pub fn booked(&mut self, id: &str) {
        match self.bodies.get(id) {
            Some(QueuedBody::Start(tx)) => {
                self.started.insert(*tx, id.to_owned());
            }
            Some(QueuedBody::Stop(tx)) => {
                self.stopped.insert(*tx, id.to_owned());
            }
            _ => {}
        }
    }

    pub fn step(&mut self, tx: TxId, at: ConnectorId, change: TransactionChange) {
        match change {
            TransactionChange::Started => {
                assert!(tx.0 > self.last_tx, "{tx:?} is used twice");
                self.last_tx = tx.0;
                self.running.insert(tx, at);
            }
            TransactionChange::Resumed => {
                self.running.insert(tx, at);
            }
            TransactionChange::Stopped => {
                self.running.remove(&tx);
            }
            TransactionChange::Confirmed
            | TransactionChange::Deauthorized
            | TransactionChange::GivenUp
            | TransactionChange::Delivered
            | TransactionChange::Unanswered => {}
        }
        let there = self.running.values().filter(|other| **other == at).count();
        assert!(there <= 1, "two transactions at {at:?}");
    }

    /// Energy flows for a transaction that runs at this connector, or not at all.
    pub fn supply(&mut self, at: ConnectorId, supply: Supply) {
        if supply.permit {
            let tx = supply.tx.expect("energy is for a transaction");
            assert_eq!(self.running.get(&tx), Some(&at), "{supply:?}");
            assert!(supply.deciamps.is_none_or(|tenths| tenths <= 320));
        } else {
            assert_eq!((supply.deciamps, supply.deciwatts), (Some(0), Some(0)));
        }
        self.supplies.insert(at, supply);
    }
}
