//! What the getters show: what the host was told last, or will be next.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::{
    Connection, ConnectorId, ConnectorStatus, Counters, Key, ListedKey, NetworkSlot, Notice,
    Outlook, Place, Standing, StandingFault, Transaction, TransactionChange, TransactionStep, TxId,
};
use crate::time::{Millis, Wall};
use crate::types::{CiString, RegistrationStatus};

/// The state of a charge point, for whoever asks.
pub(crate) struct Seen {
    pub(crate) statuses: BTreeMap<Place, ConnectorStatus>,
    pub(crate) transactions: BTreeMap<ConnectorId, TransactionStep>,
    pub(crate) keys: Vec<ListedKey>,
    /// Whether AuthorizationKey was set in this run; what to is a secret.
    pub(crate) password: bool,
    pub(crate) faults: Vec<StandingFault>,
    pub(crate) link: (Connection, NetworkSlot, String),
    /// The last answer to BootNotification in this run.
    pub(crate) boot: Option<(RegistrationStatus, Millis, Option<Wall>)>,
    pub(crate) counters: Counters,
    pub(crate) stored_bytes: u64,
    pub(crate) outlook: Arc<Outlook>,
    pub(crate) undelivered: Arc<BTreeMap<TxId, Transaction>>,
    pub(crate) standing: Standing,
    /// What should be on the disk is in memory.
    pub(crate) storage_fails: bool,
}

impl Seen {
    pub(super) fn new(outlook: Arc<Outlook>) -> Self {
        Self {
            statuses: BTreeMap::new(),
            transactions: BTreeMap::new(),
            keys: Vec::new(),
            password: false,
            faults: Vec::new(),
            link: (Connection::Disconnected, NetworkSlot::FIRST, String::new()),
            boot: None,
            counters: Counters::default(),
            stored_bytes: 0,
            outlook,
            undelivered: Arc::default(),
            standing: Standing::default(),
            storage_fails: false,
        }
    }

    pub(super) fn note(&mut self, notice: &Notice) {
        match notice {
            Notice::Status(status) => {
                self.statuses.insert(status.place, status.clone());
            }
            Notice::Transaction(step) if step.change == TransactionChange::Stopped => {
                self.transactions.remove(&step.connector);
            }
            Notice::Transaction(step) if step.stopped.is_none() => {
                self.transactions.insert(step.connector, step.clone());
            }
            Notice::Storage { failing } => self.storage_fails = failing.is_some(),
            Notice::Connection(state, slot, detail) => self.link = (*state, *slot, detail.clone()),
            Notice::Boot(status, interval, time) => self.boot = Some((*status, *interval, *time)),
            Notice::Key(name, None) => {
                self.password |= Key::by_name(name) == Some(Key::AuthorizationKey);
            }
            Notice::Key(name, Some(value)) => {
                let known = self.keys.iter_mut().find(|key| key.name.as_str() == name);
                if let Some(known) = known {
                    known.value = Some(CiString::truncated(value));
                }
            }
            _ => {}
        }
    }

    /// The place of a key in the list.
    pub(crate) fn key(&self, name: &str) -> Option<usize> {
        let mut keys = self.keys.iter();
        keys.position(|key| key.name.as_str().eq_ignore_ascii_case(name))
    }
}
