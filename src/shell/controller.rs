//! An engine with all that it needs to live, by whichever clock and link: brings it its inputs, carries out its
//! effects in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::core::{
    Access, Batch, CloseReason, Due, Effect, Engine, Fetched, Input, LinkEvent, Notice, Outlook,
    Seq, StandingFault, Transaction, TxId,
};
use crate::mailbox::{Event, Mail, Mailbox};
use crate::shell::frames::show_frame;
use crate::shell::{Endpoint, Speaker};
use crate::store::{Health, RetryingStore, Store};
use crate::time::{Millis, Mono, Now};

/// While the disk fails, writes are tried again so often even if nothing new is written.
const RETRY: Millis = Millis(5_000);

/// So many requests of the central system are held back while the host is behind; then nothing more
/// is read. It sends one at a time, so this is a patient central system, and pings are answered.
const MOST_HELD: usize = 16;

/// The clock and the link of a charge point.
pub(crate) trait Surroundings {
    /// The time by both clocks.
    fn now(&self) -> Now;

    /// Whether there is a connection.
    fn is_open(&self) -> bool;

    /// Makes a connection, once.
    fn connect(&mut self, access: Access);

    /// Closes the connection, or gives up making it. Nothing more comes of it.
    fn close(&mut self, why: CloseReason);

    /// The connection is gone.
    fn lose(&mut self);

    /// Sends a ping over the connection that stands; an error is the end of it.
    fn ping(&mut self) -> Result<(), String>;

    /// Sends a frame over the connection that stands; an error is the end of it.
    fn send(&mut self, text: String) -> Result<(), String>;
}

/// One charge point: its engine, its store, and what waits for it and its host.
pub(crate) struct Controller<S> {
    pub(super) surroundings: S,
    engine: Engine,
    store: RetryingStore,
    retry: Option<Mono>,
    pub(super) mailbox: Arc<Mailbox>,
    identity: String,
    /// Requests that wait until the host has heard enough of what came before.
    held: VecDeque<String>,
    /// What the engine is owed before anything else.
    owed: VecDeque<Owed>,
    outlook: Arc<Outlook>,
    /// The transactions that were given up, as the host can list them.
    undelivered: Arc<BTreeMap<TxId, Transaction>>,
    /// What is wrong, as the host can list it.
    faults: Vec<StandingFault>,
}

enum Owed {
    Fetched(Fetched),
    Down(String),
}

/// How much of what the host told was taken in.
pub(crate) enum Taken {
    /// All.
    All,
    /// There may be more.
    Some,
    /// Its end: nothing follows.
    Closed,
}

#[cfg(feature = "testkit")]
impl<S: Surroundings> Controller<S> {
    /// The same in other surroundings, with its store on another disk; before it has begun.
    pub(super) fn moved_to<T: Surroundings>(
        self,
        surroundings: T,
        disk: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Controller<T> {
        Controller::new(
            self.engine,
            disk(self.store.into_inner()),
            self.mailbox,
            self.outlook,
            self.identity,
            surroundings,
        )
    }
}

impl<S: Surroundings> Controller<S> {
    pub(crate) fn new(
        engine: Engine,
        store: Box<dyn Store>,
        mailbox: Arc<Mailbox>,
        outlook: Arc<Outlook>,
        identity: String,
        surroundings: S,
    ) -> Self {
        Self {
            surroundings,
            undelivered: engine.undelivered().clone(),
            faults: Vec::new(),
            engine,
            store: RetryingStore::new(store),
            retry: None,
            mailbox,
            identity,
            held: VecDeque::new(),
            owed: VecDeque::new(),
            outlook,
        }
    }

    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// When the engine is to come back by itself.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.engine.deadline().map(|(at, _)| at)
    }

    /// When the disk is to be tried again.
    pub(crate) const fn retry(&self) -> Option<Mono> {
        self.retry
    }

    /// Whether more of what the central system says is to be read now.
    pub(crate) fn reads(&self) -> bool {
        self.held.len() < MOST_HELD
    }

    /// Takes in so much of what the host told, at most.
    pub(crate) fn take_in(&mut self, most: usize) -> Taken {
        if self.mailbox.host_came() {
            self.handle(Input::Host { dispatched: true });
        }
        let mut taken = Taken::Some;
        for _ in 0..most {
            let Some(mail) = self.mailbox.take(self.surroundings.now().mono) else {
                taken = Taken::All;
                break;
            };
            match mail {
                Mail::Fact(fact) => self.handle(Input::Charger(fact)),
                Mail::Act(act) => self.handle(Input::Act(act)),
                Mail::Answer(request, answer) => self.handle(Input::Answer(request, answer)),
            }
            self.mailbox.handled();
            if self.engine.is_closed() {
                return Taken::Closed;
            }
        }
        self.release_held();
        taken
    }

    /// The central system says something.
    pub(crate) fn on_text(&mut self, text: &str) {
        if self.must_wait(text) {
            // One that is repeated meanwhile, with its id, has one answer.
            if !self.held.iter().any(|held| held == text) {
                self.held.push_back(text.to_owned());
            }
            return;
        }
        self.hear(text);
    }

    /// The connection is gone, and with it what came by it and is not answered.
    pub(crate) fn lose_connection(&mut self) {
        self.surroundings.lose();
        self.held.clear();
    }

    /// The engine takes something in, and all that follows from it at once happens.
    pub(crate) fn handle(&mut self, input: Input<'_>) {
        let asks = || matches!(self.engine.deadline(), Some((_, Due::Host)));
        let input = match input {
            Input::Deadline if asks() => Input::Host {
                dispatched: self.mailbox.host_dispatched(),
            },
            other => other,
        };
        self.engine.handle(self.surroundings.now(), input);
        self.settle();
    }

    /// Carries out every effect, in order, and then gives the engine what it is owed.
    pub(crate) fn settle(&mut self) {
        loop {
            // Before anybody is told: who hears that a transaction ended sees its message queued.
            self.mailbox.see_counters(self.engine.counters());
            self.mailbox.see_standing(self.engine.standing());
            if !Arc::ptr_eq(self.engine.undelivered(), &self.undelivered) {
                self.undelivered = self.engine.undelivered().clone();
                self.mailbox.see_undelivered(self.undelivered.clone());
            }
            let faults = self.engine.standing_faults();
            if faults != self.faults {
                self.faults.clone_from(&faults);
                self.mailbox.see_faults(faults);
            }
            while let Some(effect) = self.engine.poll() {
                self.carry_out(effect);
            }
            if !self.engine.agrees_with(&self.outlook) {
                self.outlook = Arc::new(self.engine.outlook());
                self.mailbox.see_outlook(self.outlook.clone());
            }
            let input = match self.owed.pop_front() {
                None => return,
                Some(Owed::Fetched(fetched)) => Input::Fetched(fetched),
                Some(Owed::Down(why)) => Input::Link(LinkEvent::Down(why)),
            };
            self.engine.handle(self.surroundings.now(), input);
        }
    }

    /// What the disk would not take is tried again.
    pub(crate) fn try_store_again(&mut self) {
        let (fetched, health) = self.store.try_again();
        self.stored(fetched, health);
    }

    /// The central system is not answered faster than the host follows: what it asks for would make
    /// more and more to tell. Answers to what we asked go through.
    fn must_wait(&self, text: &str) -> bool {
        let mut start = text.chars().filter(|c| !c.is_whitespace());
        let asks = (start.next(), start.next()) == (Some('['), Some('2'));
        asks && (!self.held.is_empty() || self.mailbox.is_full())
    }

    /// The host has followed: what was held back goes on.
    fn release_held(&mut self) {
        while !self.held.is_empty() && !self.mailbox.is_full() {
            if let Some(text) = self.held.pop_front() {
                self.hear(&text);
            }
        }
    }

    fn hear(&mut self, text: &str) {
        self.show_frame(true, text);
        self.handle(Input::Link(LinkEvent::Text(text)));
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store(batch) => self.commit(batch),
            Effect::Fetch { after, limit } => self.fetch(after, limit),
            Effect::Connect(access) => {
                // The host may have given another.
                if let Some(endpoint) = access.route.get::<Endpoint>() {
                    self.identity.clone_from(&endpoint.identity);
                    Speaker::new(&self.identity).takes_over();
                }
                self.surroundings.connect(access);
            }
            Effect::Close(why) => self.close(why),
            Effect::Ping if self.surroundings.is_open() => {
                let sent = self.surroundings.ping();
                self.sent(sent);
            }
            Effect::Send(text) if self.surroundings.is_open() => {
                self.show_frame(false, &text);
                let sent = self.surroundings.send(text);
                self.sent(sent);
            }
            // There is nobody to say it to any more.
            Effect::Ping | Effect::Send(_) => {}
            Effect::Notify(notice) => self.notify(notice),
            Effect::CallHost => self.mailbox.call_host(),
            Effect::Withdraw(request) => self.mailbox.withdraw(request),
        }
    }

    /// A frame that does not go out is the end of the connection.
    fn sent(&mut self, sent: Result<(), String>) {
        if let Err(why) = sent {
            self.lose_connection();
            self.owed.push_back(Owed::Down(why));
        }
    }

    fn close(&mut self, why: CloseReason) {
        // News of this connection are not news any more.
        self.owed.retain(|owed| !matches!(owed, Owed::Down(_)));
        self.held.clear();
        self.surroundings.close(why);
    }

    fn notify(&mut self, notice: Notice) {
        if let Notice::Transaction(step) = &notice {
            let (at, tx, change) = (step.connector, step.tx.0, step.change);
            log::info!("connector {at}: transaction {tx}: {change:?}");
        }
        // The time that a question has for its answer begins when the host can see it: here.
        self.mailbox.push(Event::Notice(notice));
    }

    /// Makes a batch durable, as far as the disk lets us.
    fn commit(&mut self, batch: Batch) {
        let health = self.store.commit(batch);
        self.mailbox.see_stored(self.store.size());
        self.stored(None, health);
    }

    fn fetch(&mut self, after: Seq, limit: usize) {
        let (fetched, health) = self.store.fetch(after, limit);
        self.stored(fetched, health);
    }

    /// What came of the store. The host is told at once: what it hears from here on may be in memory
    /// only.
    fn stored(&mut self, fetched: Option<Fetched>, health: Option<Health>) {
        if let Some(health) = health {
            let failing = match health {
                Health::Fails(why) => Some(why),
                Health::Works => None,
            };
            self.notify(Notice::Storage { failing });
        }
        for what in self.store.damage() {
            self.notify(Notice::Damaged(what));
        }
        self.owed.extend(fetched.map(Owed::Fetched));
        let fails = self.store.is_failing();
        self.retry = fails.then(|| self.surroundings.now().mono + RETRY);
    }

    fn show_frame(&self, received: bool, text: &str) {
        let clock = || self.surroundings.now().wall;
        show_frame(&self.mailbox, &self.identity, received, text, clock);
    }
}
