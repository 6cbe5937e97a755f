//! What goes between the host's threads and the library's: two bounded queues.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parking_lot::{Condvar, Mutex};

use crate::core::{
    Answer, ConnectorId, ConnectorStatus, Counters, Fact, Notice, RequestId, SchedulePeriod,
    Supply, TransactionChange, TransactionStep,
};
use crate::error::Error;
use crate::wire::ChargingRateUnitType;

/// What the host gets out of [`ChargePoint::next`](crate::ChargePoint::next).
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine tells something.
    Notice(Notice),
    /// A text frame was sent or received; only if the options ask for it.
    Frame {
        /// Whether it went out.
        sent: bool,
        /// The frame.
        text: String,
    },
    /// The database was damaged, was renamed, and a fresh one was started.
    StoreReplaced {
        /// Where the damaged one is now.
        kept_as: String,
        /// What was wrong with it.
        why: String,
    },
    /// The library cannot go on: nothing comes after this, and nothing may be supplied any more.
    Fatal(String),
}

/// Something for the library's thread.
#[derive(Debug)]
pub(crate) enum Mail {
    Fact(Fact),
    Answer(RequestId, Answer),
    Schedule(Asked),
}

/// Somebody waits for a composite schedule.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) place: Option<ConnectorId>,
    pub(crate) duration: u32,
    pub(crate) unit: ChargingRateUnitType,
    pub(crate) reply: std::sync::Arc<Reply>,
}

/// Where the answer goes.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    answer: Mutex<Option<Vec<SchedulePeriod>>>,
    answered: Condvar,
}

impl Reply {
    pub(crate) fn give(&self, periods: Vec<SchedulePeriod>) {
        *self.answer.lock() = Some(periods);
        self.answered.notify_all();
    }

    pub(crate) fn wait(&self, until: std::time::Instant) -> Option<Vec<SchedulePeriod>> {
        let mut answer = self.answer.lock();
        while answer.is_none() {
            if self.answered.wait_until(&mut answer, until).timed_out() {
                break;
            }
        }
        answer.take()
    }
}

/// Raised while events wait. Both methods are called under a lock: they must not call back.
pub trait Wake: Send + Sync {
    /// Events wait.
    fn raise(&self);
    /// The last one was taken.
    fn clear(&self);
}

/// The two queues, and what the getters see.
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    wake: std::sync::Arc<dyn Wake>,
    /// Rings the library's thread.
    pub(crate) bell: tokio::sync::Notify,
}

#[derive(Default)]
struct Inner {
    inbox: VecDeque<Mail>,
    events: VecDeque<Event>,
    questions: BTreeSet<RequestId>,
    seen: Seen,
    stopped: bool,
    panicked: bool,
    dropped: u64,
    panics: u64,
}

/// The state that getters show: what the host was told last, or will be next.
#[derive(Default)]
struct Seen {
    supplies: BTreeMap<ConnectorId, Supply>,
    statuses: BTreeMap<Option<ConnectorId>, ConnectorStatus>,
    transactions: BTreeMap<ConnectorId, TransactionStep>,
    keys: BTreeMap<String, String>,
    counters: Counters,
    stored_bytes: u64,
}

/// Statistics since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// What the engine counted.
    pub counters: Counters,
    /// Events that the host did not fetch in time.
    pub dropped: u64,
    /// Bytes in the store.
    pub stored_bytes: u64,
    /// Bugs of ours that were contained.
    pub panics: u64,
}

/// How much may wait in each direction.
const MOST: usize = 1024;

impl Mailbox {
    pub(crate) fn new(wake: std::sync::Arc<dyn Wake>) -> Self {
        Self {
            inner: Mutex::default(),
            wake,
            bell: tokio::sync::Notify::new(),
        }
    }

    // ---- from the host ----

    /// Puts a fact in; it replaces the last one that waits if that said the same or less.
    pub(crate) fn tell(&self, fact: Fact) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        inner.check()?;
        if inner.merge(&fact) {
            return Ok(());
        }
        if inner.inbox.len() >= MOST {
            return Err(Error::Full);
        }
        inner.inbox.push_back(Mail::Fact(fact));
        drop(inner);
        self.bell.notify_one();
        Ok(())
    }

    pub(crate) fn answer(&self, request: RequestId, answer: Answer) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        inner.check()?;
        if !inner.questions.remove(&request) {
            return Err(Error::Expired);
        }
        inner.inbox.push_back(Mail::Answer(request, answer));
        drop(inner);
        self.bell.notify_one();
        Ok(())
    }

    /// Asks for a composite schedule.
    pub(crate) fn ask(&self, asked: Asked) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        inner.check()?;
        if inner.inbox.len() >= MOST {
            return Err(Error::Full);
        }
        inner.inbox.push_back(Mail::Schedule(asked));
        drop(inner);
        self.bell.notify_one();
        Ok(())
    }

    /// The host stops: this fits in however much waits, and nothing follows it.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        if inner.check().is_err() {
            return;
        }
        inner.inbox.push_back(Mail::Fact(Fact::Closing));
        inner.stopped = true;
        drop(inner);
        self.bell.notify_one();
    }

    pub(crate) fn next(&self) -> Option<Event> {
        let mut inner = self.inner.lock();
        let event = inner.events.pop_front();
        if inner.events.is_empty() {
            self.wake.clear();
        }
        event
    }

    pub(crate) fn supply(&self, at: ConnectorId) -> Supply {
        let inner = self.inner.lock();
        let known = inner.seen.supplies.get(&at).filter(|_| !inner.panicked);
        known.copied().unwrap_or(Supply::OFF)
    }

    pub(crate) fn status(&self, at: Option<ConnectorId>) -> Option<ConnectorStatus> {
        self.inner.lock().seen.statuses.get(&at).cloned()
    }

    pub(crate) fn transaction(&self, at: ConnectorId) -> Option<TransactionStep> {
        self.inner.lock().seen.transactions.get(&at).cloned()
    }

    pub(crate) fn key(&self, name: &str) -> Option<String> {
        let inner = self.inner.lock();
        inner.seen.keys.get(&name.to_ascii_lowercase()).cloned()
    }

    pub(crate) fn stats(&self) -> Stats {
        let inner = self.inner.lock();
        Stats {
            counters: inner.seen.counters,
            dropped: inner.dropped,
            stored_bytes: inner.seen.stored_bytes,
            panics: inner.panics,
        }
    }

    // ---- from the library's thread ----

    pub(crate) fn take(&self) -> Option<Mail> {
        self.inner.lock().inbox.pop_front()
    }

    pub(crate) fn push(&self, event: Event) {
        let mut inner = self.inner.lock();
        if inner.panicked {
            return;
        }
        inner.note(&event);
        if !inner.coalesce(&event) {
            if inner.events.len() >= MOST {
                inner.make_room();
            }
            inner.events.push_back(event);
        }
        self.wake.raise();
    }

    pub(crate) fn see_key(&self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let keys = &mut self.inner.lock().seen.keys;
            keys.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }

    pub(crate) fn see_counters(&self, counters: Counters) {
        self.inner.lock().seen.counters = counters;
    }

    pub(crate) fn see_stored(&self, bytes: u64) {
        self.inner.lock().seen.stored_bytes = bytes;
    }

    /// The library's thread is done with this charge point.
    pub(crate) fn stop(&self) {
        self.inner.lock().stopped = true;
    }

    /// A bug of ours: from now on nothing is supplied, and nothing is taken in.
    pub(crate) fn panicked(&self, why: &str) {
        self.push(Event::Fatal(why.to_owned()));
        let mut inner = self.inner.lock();
        inner.panicked = true;
        inner.panics += 1;
        inner.inbox.clear();
        inner.questions.clear();
    }
}

impl Inner {
    fn check(&self) -> Result<(), Error> {
        if self.panicked {
            return Err(Error::Panicked);
        }
        if self.stopped {
            return Err(Error::Closed);
        }
        Ok(())
    }

    /// Whether the fact is contained in the last one that waits now.
    fn merge(&mut self, fact: &Fact) -> bool {
        match (self.inbox.back_mut(), fact) {
            (Some(Mail::Fact(Fact::Meter(there, waiting))), Fact::Meter(at, new))
                if there == at && waiting.len() + new.len() <= 256 =>
            {
                for reading in new {
                    let same = |old: &&mut crate::core::Reading| {
                        (old.measurand, old.phase, old.location)
                            == (reading.measurand, reading.phase, reading.location)
                    };
                    match waiting.iter_mut().find(same) {
                        Some(old) => *old = *reading,
                        None => waiting.push(*reading),
                    }
                }
                true
            }
            (Some(Mail::Fact(last)), Fact::Ev(..) | Fact::Fault(..) | Fact::Operative(..)) => {
                last == fact
            }
            _ => false,
        }
    }

    /// Keeps what getters show.
    fn note(&mut self, event: &Event) {
        let Event::Notice(notice) = event else { return };
        match notice {
            Notice::Supply(at, supply) => {
                self.seen.supplies.insert(*at, *supply);
            }
            Notice::Status(status) => {
                self.seen.statuses.insert(status.connector, status.clone());
            }
            Notice::Transaction(step) if step.change == TransactionChange::Stopped => {
                self.seen.transactions.remove(&step.connector);
            }
            Notice::Transaction(step) if step.stopped.is_none() => {
                self.seen.transactions.insert(step.connector, step.clone());
            }
            Notice::Ask(request, _) => {
                self.questions.insert(*request);
            }
            Notice::Expired(request) => {
                self.questions.remove(request);
            }
            _ => {}
        }
    }

    /// A command takes the place of one that waits for the same connector, unless another
    /// connector is told something in between: less must come before more.
    fn coalesce(&mut self, event: &Event) -> bool {
        let Event::Notice(Notice::Supply(at, _)) = event else {
            return false;
        };
        let last = self
            .events
            .iter_mut()
            .rev()
            .find_map(|waiting| match waiting {
                Event::Notice(Notice::Supply(there, _)) => Some((*there, waiting)),
                _ => None,
            });
        match last {
            Some((there, waiting)) if there == *at => {
                *waiting = event.clone();
                true
            }
            _ => false,
        }
    }

    /// The oldest event that can be missed goes; if there is none, the oldest of all.
    fn make_room(&mut self) {
        let can_go = |event: &Event| {
            matches!(
                event,
                Event::Frame { .. }
                    | Event::Notice(
                        Notice::Status(_)
                            | Notice::Connection(..)
                            | Notice::Time(_)
                            | Notice::Key(..)
                            | Notice::Expired(_)
                            | Notice::Authorized { .. }
                    )
            )
        };
        let at = self.events.iter().position(can_go).unwrap_or(0);
        self.events.remove(at);
        self.dropped += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_mailbox_takes_the_end_and_nothing_after_it() {
        let mailbox = Mailbox::new(std::sync::Arc::new(Asleep));
        let told = (0..=MOST).map(|i| mailbox.tell(Fact::Network(i % 2 == 0)));
        assert!(matches!(told.last(), Some(Err(Error::Full))));
        mailbox.close();
        assert!(matches!(
            mailbox.tell(Fact::Network(true)),
            Err(Error::Closed)
        ));
        let taken = std::iter::from_fn(|| mailbox.take());
        assert!(matches!(taken.last(), Some(Mail::Fact(Fact::Closing))));
    }

    struct Asleep;

    impl Wake for Asleep {
        fn raise(&self) {}
        fn clear(&self) {}
    }

    fn waiting(told: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let mailbox = Mailbox::new(std::sync::Arc::new(Asleep));
        for (connector, deciamps) in told.iter().copied() {
            let at = ConnectorId::new(connector).expect("connectors count from 1");
            let supply = Supply {
                deciamps: Some(deciamps),
                ..Supply::OFF
            };
            mailbox.push(Event::Notice(Notice::Supply(at, supply)));
        }
        let next = || match mailbox.next()? {
            Event::Notice(Notice::Supply(at, supply)) => {
                Some((at.number(), supply.deciamps.expect("a limit")))
            }
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_command_replaces_the_last_one_that_waits_if_it_is_for_the_same_connector() {
        assert_eq!(waiting(&[(1, 320), (1, 160), (1, 60)]), [(1, 60)]);
        assert_eq!(waiting(&[(2, 60), (1, 320), (1, 160)]), [(2, 60), (1, 160)]);
    }

    /// 32 A in all: connector 1 goes down, 2 up, and 1 up again after 2 went down. In the place of
    /// its first command, the last one of connector 1 would come while 2 still takes its share.
    #[test]
    fn a_command_does_not_overtake_one_of_another_connector() {
        let told = [(1, 160), (2, 160), (2, 60), (1, 260)];
        assert_eq!(waiting(&told), [(1, 160), (2, 60), (1, 260)]);
    }
}
