//! What goes between the host's threads and the library's: an inbox, an outbox, and what the
//! getters see.

mod attendance;
mod event;
mod frames;
mod inbox;
mod outbox;
mod questions;
mod restart;
mod seen;
mod slot;
mod stops;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::core::{
    Act, Answer, ConnectorId, Counters, Fact, ListedKey, Notice, Outlook, RequestId, Standing,
    StandingFault, Supply, Transaction, TxId,
};
use crate::error::Error;
use crate::mailbox::attendance::Attendance;
use crate::mailbox::questions::Questions;
use crate::mailbox::seen::Seen;
use crate::time::Mono;

pub use event::{Event, SeenFrame};
pub use inbox::{Inbox, Mail};
pub use outbox::Outbox;
pub use restart::{Restart, Verdict};
pub use stops::Stops;

/// Raised while events wait. Both methods are called under a lock: they must not call back.
pub trait Wake: Send + Sync {
    /// Events wait.
    fn raise(&self);
    /// The last one was taken.
    fn clear(&self);
}

/// What waits in both directions, and what the getters see.
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    wake: Arc<dyn Wake>,
    /// Rings the library's thread.
    pub(crate) bell: tokio::sync::Notify,
    /// Whether the host wants to see frames.
    pub(crate) shows_frames: AtomicBool,
    /// Whether they are shown with their secrets.
    pub(crate) shows_secrets: AtomicBool,
}

struct Inner {
    inbox: Inbox,
    outbox: Outbox,
    questions: Questions,
    attendance: Attendance,
    /// Vendor data of the host whose outcome it has not been told.
    transfers: usize,
    seen: Seen,
    stopped: bool,
    panicked: bool,
    panics: u64,
}

/// Statistics since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// What the engine counted.
    pub counters: Counters,
    /// Bytes in the store.
    pub stored_bytes: u64,
    /// Bugs of ours that were contained.
    pub panics: u64,
}

/// So many outcomes of tags and of vendor data may wait for the host: it can ask for no more then.
const MOST_OUTCOMES: usize = 256;

impl Mailbox {
    pub(crate) fn new(wake: Arc<dyn Wake>, outlook: Arc<Outlook>) -> Self {
        let inner = Inner {
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            questions: Questions::default(),
            attendance: Attendance::default(),
            transfers: 0,
            seen: Seen::new(outlook),
            stopped: false,
            panicked: false,
            panics: 0,
        };
        Self {
            inner: Mutex::new(inner),
            wake,
            bell: tokio::sync::Notify::new(),
            shows_frames: AtomicBool::new(false),
            shows_secrets: AtomicBool::new(false),
        }
    }

    // ---- from the host ----

    /// Takes a fact in. One that takes energy away counts at once: what the getters show, and what
    /// the host is told next, is that nothing flows.
    pub(crate) fn tell(&self, fact: Fact, now: Mono) -> Result<(), Error> {
        self.take_in(|inner| inner.inbox.put(fact, now))
    }

    /// Takes an act in. One that takes energy away counts at once, as with a fact.
    pub(crate) fn act(&self, act: Act) -> Result<(), Error> {
        self.take_in(|inner| {
            let transfer = matches!(act, Act::DataTransfer { .. });
            if transfer && inner.transfers >= MOST_OUTCOMES
                || matches!(act, Act::Tag(..) | Act::StartTx(..))
                    && inner.outbox.outcomes() >= MOST_OUTCOMES
            {
                return Err(Error::Full);
            }
            inner.inbox.act(act)?;
            inner.transfers += usize::from(transfer);
            Ok(())
        })
    }

    fn take_in(&self, put: impl FnOnce(&mut Inner) -> Result<(), Error>) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        inner.check()?;
        put(&mut inner)?;
        self.raise(&inner);
        drop(inner);
        self.bell.notify_one();
        Ok(())
    }

    pub(crate) fn answer(
        &self,
        request: RequestId,
        answer: Answer,
        now: Mono,
    ) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        inner.check()?;
        let outcome = match inner.questions.answered(request, &answer) {
            Ok(()) => {
                inner.inbox.answer(request, answer);
                Ok(())
            }
            // What the meter shows is known all the same.
            Err(Error::Expired) => {
                if let Some(fact) = inner.questions.late(request, answer) {
                    inner.inbox.put(fact, now)?;
                }
                Err(Error::Expired)
            }
            Err(why) => Err(why),
        };
        drop(inner);
        self.bell.notify_one();
        outcome
    }

    /// The host stops: this fits in however much waits, and nothing follows it.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        if inner.check().is_err() || inner.inbox.act(Act::Closing).is_err() {
            return;
        }
        inner.stopped = true;
        drop(inner);
        self.bell.notify_one();
    }

    pub(crate) fn next(&self) -> Option<Event> {
        let mut inner = self.inner.lock();
        let was_full = inner.outbox.is_full();
        let called = inner.attendance.dispatches();
        let event = inner.next();
        if inner.waiting() == 0 {
            self.wake.clear();
        }
        // What was held back has its turn.
        if called || was_full && !inner.outbox.is_full() {
            self.bell.notify_one();
        }
        event
    }

    /// How much there is to tell the host. If it is nothing, the host is not waked any more.
    pub(crate) fn waiting(&self) -> usize {
        let mut inner = self.inner.lock();
        if inner.attendance.dispatches() {
            self.bell.notify_one();
        }
        let waiting = inner.waiting();
        if waiting == 0 {
            self.wake.clear();
        }
        waiting
    }

    pub(crate) fn supply(&self, at: ConnectorId) -> Supply {
        let inner = self.inner.lock();
        if inner.panicked {
            return Supply::OFF;
        }
        inner.outbox.supply(at, inner.inbox.stops())
    }

    pub(crate) fn outlook(&self) -> Result<Arc<Outlook>, Error> {
        let inner = self.inner.lock();
        inner.check()?;
        Ok(inner.seen.outlook.clone())
    }

    /// Looks at what the getters show, for a moment in which nothing else happens here.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.inner.lock().seen)
    }

    /// The transactions that were given up, by their numbers.
    pub(crate) fn undelivered(&self) -> Arc<BTreeMap<TxId, Transaction>> {
        self.look(|seen| seen.undelivered.clone())
    }

    /// What a restart would cost.
    pub(crate) fn restart(&self) -> Restart {
        self.look(|seen| Restart {
            standing: seen.standing,
            queued: seen.counters.queued,
            undelivered: seen.undelivered.len() as u64,
            storage_fails: seen.storage_fails,
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        let inner = self.inner.lock();
        Stats {
            counters: inner.seen.counters,
            stored_bytes: inner.seen.stored_bytes,
            panics: inner.panics,
        }
    }

    // ---- from the library's thread ----

    /// The next thing to handle; then comes [`handled`](Self::handled).
    pub(crate) fn take(&self, now: Mono) -> Option<Mail> {
        self.inner.lock().inbox.take(now)
    }

    /// All that follows from what was taken has been done: what is commanded counts again.
    pub(crate) fn handled(&self) {
        let mut inner = self.inner.lock();
        inner.inbox.handled();
        self.raise(&inner);
    }

    /// Wakes the host, though there may be nothing to tell: the bell rings when it dispatches.
    pub(crate) fn call_host(&self) {
        if self.inner.lock().attendance.call() {
            self.bell.notify_one();
        }
        self.wake.raise();
    }

    /// Whether the host has dispatched since this was last asked.
    pub(crate) fn host_dispatched(&self) -> bool {
        self.inner.lock().attendance.take()
    }

    /// Whether the host dispatched when it had been called, and nobody has asked since.
    pub(crate) fn host_came(&self) -> bool {
        self.inner.lock().attendance.take_answer()
    }

    /// A question that the host was asked is off: its time is over.
    pub(crate) fn withdraw(&self, request: RequestId) {
        let inner = &mut *self.inner.lock();
        let seen = inner.outbox.withdraw(request);
        inner.questions.expired(request, seen);
    }

    pub(crate) fn push(&self, event: Event) {
        let mut inner = self.inner.lock();
        if inner.panicked {
            return;
        }
        inner.note(&event);
        inner.outbox.push(event);
        self.raise(&inner);
    }

    /// Whether the host is so far behind that nothing is to be taken in which makes more to tell.
    pub(crate) fn is_full(&self) -> bool {
        self.inner.lock().outbox.is_full()
    }

    fn raise(&self, inner: &Inner) {
        if inner.waiting() > 0 {
            self.wake.raise();
        }
    }

    pub(crate) fn see_keys(&self, keys: Vec<ListedKey>) {
        self.inner.lock().seen.keys = keys;
    }

    pub(crate) fn see_faults(&self, faults: Vec<StandingFault>) {
        self.inner.lock().seen.faults = faults;
    }

    pub(crate) fn see_counters(&self, counters: Counters) {
        self.inner.lock().seen.counters = counters;
    }

    pub(crate) fn see_standing(&self, standing: Standing) {
        self.inner.lock().seen.standing = standing;
    }

    pub(crate) fn see_stored(&self, bytes: u64) {
        self.inner.lock().seen.stored_bytes = bytes;
    }

    pub(crate) fn see_undelivered(&self, undelivered: Arc<BTreeMap<TxId, Transaction>>) {
        self.inner.lock().seen.undelivered = undelivered;
    }

    pub(crate) fn see_outlook(&self, outlook: Arc<Outlook>) {
        self.inner.lock().seen.outlook = outlook;
    }

    /// The library's thread is done with this charge point.
    pub(crate) fn stop(&self) {
        self.inner.lock().stopped = true;
    }

    /// The power of a charge point of the test kit is cut: nothing is told any more, and nothing taken in.
    #[cfg(feature = "testkit")]
    pub(crate) fn cut(&self) {
        let mut inner = self.inner.lock();
        inner.stopped = true;
        inner.outbox = Outbox::default();
        inner.inbox.clear();
        inner.questions = Questions::default();
        self.wake.clear();
    }

    /// A bug of ours: from now on nothing is supplied, and nothing is taken in.
    pub(crate) fn panicked(&self, why: &str) {
        self.push(Event::Fatal(why.to_owned()));
        let mut inner = self.inner.lock();
        inner.panicked = true;
        inner.panics += 1;
        inner.outbox.switch_off();
        inner.inbox.clear();
        inner.questions = Questions::default();
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

    fn waiting(&self) -> usize {
        self.outbox.len(self.inbox.stops())
    }

    fn next(&mut self) -> Option<Event> {
        let event = self.outbox.next(self.inbox.stops())?;
        if let Event::Notice(Notice::DataTransferred(..)) = event {
            self.transfers = self.transfers.saturating_sub(1);
        }
        Some(event)
    }

    /// Keeps what getters show.
    fn note(&mut self, event: &Event) {
        let Event::Notice(notice) = event else { return };
        self.seen.note(notice);
        if let Notice::Ask(request, question) = notice {
            self.questions.asked(*request, question);
        }
    }
}

#[cfg(test)]
mod tests;
