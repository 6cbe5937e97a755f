//! What the host states, does and answers.

use std::slice::from_ref;

use crate::charge_point::ask::no_key;
use crate::charge_point::ChargePoint;
use crate::core::{Act, Answer, BadValue, ConnectorId, Fact, Key, NetworkSlot, Place, RequestId};
use crate::error::Error;
use crate::shell::NetworkProfile;

impl ChargePoint {
    /// States a fact; never waits. One that was stated before and waits is replaced. A fault is taken in
    /// however much waits, and is in [`supply`](Self::supply) and the next event from here on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist, and for more than
    /// [`Source::MOST`](crate::core::Source::MOST) sources of limits; [`Error::State`] for feedback that was not
    /// declared; [`Error::Full`] when too much waits; [`Error::Closed`], [`Error::Panicked`].
    pub fn tell(&self, fact: Fact) -> Result<(), Error> {
        let named: &[ConnectorId] = match &fact {
            Fact::Ev(at, _)
            | Fact::SignedMeter(at, _)
            | Fact::Evse(at, _)
            | Fact::Contactor(at, _)
            | Fact::Lock(at, _) => from_ref(at),
            Fact::Fault(Place::Connector(at), _)
            | Fact::FaultOver(Place::Connector(at), _)
            | Fact::Warning(Place::Connector(at), _)
            | Fact::WarningOver(Place::Connector(at), _)
            | Fact::Operative(Place::Connector(at), _)
            | Fact::Meter(Place::Connector(at), _)
            | Fact::LocalLimit {
                place: Place::Connector(at),
                ..
            } => from_ref(at),
            _ => &[],
        };
        self.check_connectors(named)?;
        if let Fact::LocalLimit { source, .. } = &fact {
            self.sources.lock().know(*source)?;
        }
        let declared = |at: &ConnectorId| self.feedback.get(at.index()).copied();
        let missing = match &fact {
            Fact::Contactor(at, _) if !declared(at).unwrap_or_default().contactor => {
                Some("EVCP_FEEDBACK_CONTACTOR was not declared: evcp_config_set_feedback()")
            }
            Fact::Lock(at, _) if !declared(at).unwrap_or_default().lock => {
                Some("EVCP_FEEDBACK_LOCK was not declared: evcp_config_set_feedback()")
            }
            _ => None,
        };
        if let Some(missing) = missing {
            return Err(Error::State(missing));
        }
        self.mailbox.tell(fact, self.clock.now().mono)
    }

    /// Does something; never waits. What takes energy away (a stop, power that fails) is taken in however
    /// much waits, and is in [`supply`](Self::supply) and the next event from here on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist, for a transaction that is not undelivered, for
    /// a value that a key cannot have, or a charging profile that cannot be or is not there; [`Error::Unsupported`] for a key that there is not;
    /// [`Error::Full`] when too much waits, or the outcomes of too many tags or vendor data wait to be
    /// fetched; [`Error::Closed`], [`Error::Panicked`].
    pub fn act(&self, act: Act) -> Result<(), Error> {
        match &act {
            Act::StopTx(at, _)
            | Act::StartTx(at, _)
            | Act::Cancel(Place::Connector(at))
            | Act::SetFailsafe(Place::Connector(at), ..) => {
                self.check_connectors(from_ref(at))?;
            }
            Act::Tag(at, _) => self.check_connectors(at)?,
            _ => {}
        }
        if let Act::SetFailsafe(_, source, _) = &act {
            self.sources.lock().know(*source)?;
        }
        if matches!(
            act,
            Act::InstallProfile(..) | Act::ClearProfile(..) | Act::ClearProfiles
        ) {
            return self.act_on_profiles(act);
        }
        if let Act::Deliver(tx) | Act::Forget(tx) = &act {
            if !self.mailbox.undelivered().contains_key(tx) {
                let why = format!("transaction {} is not undelivered", tx.0);
                return Err(Error::Invalid(why));
            }
        }
        if let Act::SetKey(name, value) = &act {
            self.check_key(name.as_str(), value.as_str())?;
        }
        self.mailbox.act(act)
    }

    /// Another network profile for a slot; `None`: no longer any. It counts from the next attempt to connect
    /// on. If the connection that stands was made by that slot, it is closed in order and made anew at once;
    /// if none stands, all are tried anew, the first one first. What is the same as before changes nothing.
    ///
    /// It is not kept: after a restart, what a charge point is made from counts. What is queued is delivered
    /// wherever the next connection leads, also to another central system.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a profile that is not possible, or that needs a password and has none, and when
    /// none would be left; [`Error::Full`] when too much waits; [`Error::Closed`], [`Error::Panicked`].
    pub fn set_network_profile(
        &self,
        slot: NetworkSlot,
        profile: Option<NetworkProfile>,
    ) -> Result<(), Error> {
        // The host's, or one that the central system set since.
        let key = self.keys.lock().password().is_some() || self.mailbox.look(|seen| seen.password);
        let mut networks = self.networks.lock();
        networks.set(slot, profile, key, |act| self.mailbox.act(act))
    }

    /// The order in which network profiles are tried; a slot that is not named is not used. With another first
    /// one the connection that stands is made anew by it at once, and so is one by a slot that is not named.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a slot is named twice, or none that there is; [`Error::Full`] when too much
    /// waits; [`Error::Closed`], [`Error::Panicked`].
    pub fn set_network_priority(&self, slots: &[NetworkSlot]) -> Result<(), Error> {
        let mut networks = self.networks.lock();
        networks.set_priority(slots, |act| self.mailbox.act(act))
    }

    pub(super) fn check_connectors(&self, named: &[ConnectorId]) -> Result<(), Error> {
        match named.iter().find(|at| at.number() > self.connectors) {
            Some(at) => Err(Error::Invalid(format!("there is no connector {at}"))),
            None => Ok(()),
        }
    }

    /// Whether the host may set a key to a value.
    fn check_key(&self, name: &str, value: &str) -> Result<(), Error> {
        let mut keys = self.keys.lock();
        if !keys.knows(name) {
            return Err(no_key(name));
        }
        let Err(BadValue { key, .. }) = keys.set(name, value) else {
            return Ok(());
        };
        let text = match Key::by_name(name) {
            Some(Key::NumberOfConnectors | Key::SecurityProfile) => {
                format!("{key} follows from what the charge point is made of")
            }
            _ => format!("{key} cannot be that: {}", keys.values(&key)),
        };
        // A firmware that does not look at results has it in the log.
        let _speaks = self.speaker.speaks();
        log::warn!("the firmware cannot set a configuration key: {text}");
        Err(Error::Invalid(text))
    }

    /// Answers a question; never waits.
    ///
    /// # Errors
    /// [`Error::Expired`] when the question is not open: what the meter shows is taken in all the
    /// same if it is just too late. [`Error::Invalid`] for an answer of another kind: the question
    /// stays open. [`Error::Closed`], [`Error::Panicked`].
    pub fn answer(&self, request: RequestId, answer: Answer) -> Result<(), Error> {
        self.mailbox.answer(request, answer, self.clock.now().mono)
    }
}
