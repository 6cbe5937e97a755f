//! Drives one charge point: brings the engine its inputs, carries out its effects in order.

use std::collections::{BTreeMap, VecDeque};
use std::future::{pending, Future};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::core::{
    Batch, CloseReason, Effect, Engine, Fetched, Input, LinkEvent, Notice, Outlook, Seq,
    Transaction, TxId,
};
use crate::mailbox::{Event, Mail, Mailbox};
use crate::shell::panics::text_of;
use crate::shell::socket::{News, Socket};
use crate::shell::{instant, now, Endpoint, Flag};
use crate::store::{Health, RetryingStore, Store};

/// While the disk fails, writes are tried again so often even if nothing new is written.
const RETRY: Duration = Duration::from_secs(5);

/// So much of what the host tells is handled before the network has its turn: a host that tells more
/// and more must not silence the charge points of the process.
const AT_ONCE: usize = 64;

/// So much too late a deadline is not due to a busy processor alone.
const LATE: Duration = Duration::from_millis(500);

/// So many requests of the central system are held back while the host is behind; then nothing more
/// is read. It sends one at a time, so this is a patient central system, and pings are answered.
const MOST_HELD: usize = 16;

/// One charge point and everything that it does I/O with.
pub(crate) struct Driver {
    engine: Engine,
    store: RetryingStore,
    retry: Option<Instant>,
    mailbox: Arc<Mailbox>,
    endpoint: Arc<Endpoint>,
    connection: Transport,
    /// Requests that wait until the host has heard enough of what came before.
    held: VecDeque<Utf8Bytes>,
    /// Connections that are being closed.
    closing: Option<JoinHandle<()>>,
    /// What the engine is owed before anything else.
    owed: VecDeque<Owed>,
    outlook: Arc<Outlook>,
    /// The transactions that were given up, as the host can list them.
    undelivered: Arc<BTreeMap<TxId, Transaction>>,
    /// Set when it has ended.
    done: Arc<Flag>,
}

type Attempt = Pin<Box<dyn Future<Output = Result<Socket, String>> + Send>>;

enum Transport {
    None,
    Opening(Attempt),
    Open(Box<Socket>),
}

enum Owed {
    Fetched(Fetched),
    Down(String),
}

impl Driver {
    pub(crate) fn new(
        engine: Engine,
        store: Box<dyn Store>,
        mailbox: Arc<Mailbox>,
        endpoint: Endpoint,
        outlook: Arc<Outlook>,
        done: Arc<Flag>,
    ) -> Self {
        Self {
            undelivered: engine.undelivered().clone(),
            engine,
            store: RetryingStore::new(store),
            retry: None,
            mailbox,
            endpoint: Arc::new(endpoint),
            connection: Transport::None,
            held: VecDeque::new(),
            closing: None,
            owed: VecDeque::new(),
            outlook,
            done,
        }
    }

    /// Runs until the host stops it. A panic, which is a bug of ours, ends this charge point alone.
    pub(crate) async fn run(mut self: Box<Self>) {
        let mailbox = self.mailbox.clone();
        let done = self.done.clone();
        if let Err(panic) = AssertUnwindSafe(self.drive()).catch_unwind().await {
            let text = text_of(panic).unwrap_or_else(|| "unknown".to_owned());
            log::error!("the charge point failed inside: {text}");
            mailbox.panicked(&text);
        }
        // The store is closed before the host hears that we are done.
        drop(self);
        mailbox.stop();
        done.set();
    }

    async fn drive(&mut self) {
        self.settle();
        loop {
            let mut more = true;
            for _ in 0..AT_ONCE {
                let Some(mail) = self.mailbox.take(now().mono) else {
                    more = false;
                    break;
                };
                match mail {
                    Mail::Fact(fact) => self.handle(Input::Charger(fact)),
                    Mail::Act(act) => self.handle(Input::Act(act)),
                    Mail::Answer(request, answer) => {
                        self.handle(Input::Answer(request, answer));
                    }
                }
                self.mailbox.handled();
                if self.engine.is_closed() {
                    return self.finish().await;
                }
            }
            self.release_held();
            let deadline = self.engine.deadline().map(|(at, _)| instant(at));
            // Whoever was held up, by a slow disk perhaps, hears first what came meanwhile, before
            // anybody counts as silent.
            if deadline.is_some_and(|at| at + LATE < Instant::now()) {
                self.catch_up();
            }
            tokio::select! {
                biased;
                () = sleep_until(deadline) => self.handle(Input::Deadline),
                () = sleep_until(self.retry) => {
                    self.retry = None;
                    self.try_store_again();
                    self.settle();
                }
                news = self.connection.next(self.held.len() < MOST_HELD) => self.on_news(news),
                () = self.mailbox.bell.notified(), if !more => {}
                // The network and the other charge points have their turn.
                () = tokio::task::yield_now(), if more => {}
            }
        }
    }

    /// Takes in what the network has already brought.
    fn catch_up(&mut self) {
        for _ in 0..AT_ONCE {
            let more = self.held.len() < MOST_HELD;
            match self.connection.next(more).now_or_never() {
                Some(news) => self.on_news(news),
                None => return,
            }
        }
    }

    fn on_news(&mut self, news: Incoming) {
        match news {
            Incoming::Opened(Ok(socket)) => {
                self.connection = Transport::Open(socket);
                self.handle(Input::Link(LinkEvent::Up));
            }
            Incoming::Opened(Err(why)) => {
                self.connection = Transport::None;
                self.handle(Input::Link(LinkEvent::Failed(why)));
            }
            Incoming::News(News::Text(text)) if self.must_wait(&text) => self.hold(text),
            Incoming::News(News::Text(text)) => self.on_text(text.as_str()),
            Incoming::News(News::Garbage) => self.handle(Input::Link(LinkEvent::Garbage)),
            Incoming::News(News::Pong) => self.handle(Input::Link(LinkEvent::Pong)),
            Incoming::News(News::Broken(breach, why)) => {
                let broken = std::mem::replace(&mut self.connection, Transport::None);
                if let Transport::Open(socket) = broken {
                    self.closing = Some(tokio::task::spawn_local(socket.refuse(breach)));
                }
                self.handle(Input::Link(LinkEvent::Down(why)));
            }
            Incoming::News(News::Down(why)) => {
                self.lose_connection();
                self.handle(Input::Link(LinkEvent::Down(why)));
            }
        }
    }

    /// The central system is not answered faster than the host follows: what it asks for would make
    /// more and more to tell. Answers to what we asked go through.
    fn must_wait(&self, text: &str) -> bool {
        let mut start = text.chars().filter(|c| !c.is_whitespace());
        let asks = (start.next(), start.next()) == (Some('['), Some('2'));
        asks && (!self.held.is_empty() || self.mailbox.is_full())
    }

    /// Holds a request back. One that is repeated meanwhile, with its id, has one answer.
    fn hold(&mut self, text: Utf8Bytes) {
        if !self.held.contains(&text) {
            self.held.push_back(text);
        }
    }

    /// The host has followed: what was held back goes on.
    fn release_held(&mut self) {
        while !self.held.is_empty() && !self.mailbox.is_full() {
            if let Some(text) = self.held.pop_front() {
                self.on_text(text.as_str());
            }
        }
    }

    fn on_text(&mut self, text: &str) {
        log_frame(&self.endpoint, '<', text);
        self.handle(Input::Link(LinkEvent::Text(text)));
    }

    /// The connection is gone, and with it what came by it and is not answered.
    fn lose_connection(&mut self) {
        self.connection = Transport::None;
        self.held.clear();
    }

    fn handle(&mut self, input: Input<'_>) {
        self.engine.handle(now(), input);
        self.settle();
    }

    /// Carries out every effect, in order, and then gives the engine what it is owed.
    fn settle(&mut self) {
        loop {
            // Before anybody is told: who hears that a transaction ended sees its message queued.
            self.mailbox.see_counters(self.engine.counters());
            if !Arc::ptr_eq(self.engine.undelivered(), &self.undelivered) {
                self.undelivered = self.engine.undelivered().clone();
                self.mailbox.see_undelivered(self.undelivered.clone());
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
            self.engine.handle(now(), input);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store(batch) => self.commit(batch),
            Effect::Fetch { after, limit } => self.fetch(after, limit),
            Effect::Connect(access) => {
                let endpoint = self.endpoint.clone();
                let attempt = async move { Socket::connect(&endpoint, &access).await };
                self.connection = Transport::Opening(Box::pin(attempt));
            }
            Effect::Close(why) => self.close(why),
            Effect::Ping => {
                let Transport::Open(socket) = &mut self.connection else {
                    return;
                };
                let sent = socket.ping();
                self.sent(sent);
            }
            Effect::Send(text) => {
                let Transport::Open(socket) = &mut self.connection else {
                    return;
                };
                log_frame(&self.endpoint, '>', &text);
                let sent = socket.send(text);
                self.sent(sent);
            }
            Effect::Notify(notice) => self.notify(notice),
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
        if let Transport::Open(socket) = std::mem::replace(&mut self.connection, Transport::None) {
            self.closing = Some(tokio::task::spawn_local(socket.end(why)));
        }
    }

    fn notify(&mut self, notice: Notice) {
        if let Notice::Key(name, value) = &notice {
            self.mailbox.see_key(name, value.as_deref());
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

    fn try_store_again(&mut self) {
        let (fetched, health) = self.store.try_again();
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
        self.retry = fails.then(|| Instant::now() + RETRY);
    }

    async fn finish(&mut self) {
        // The last chance of what the disk would not take.
        self.try_store_again();
        if let Some(closing) = self.closing.take() {
            let _ = closing.await;
        }
    }
}

enum Incoming {
    Opened(Result<Box<Socket>, String>),
    News(News),
}

impl Transport {
    /// What comes next. Without `reads`, an open connection is only written to.
    async fn next(&mut self, reads: bool) -> Incoming {
        match self {
            Self::None => pending().await,
            Self::Opening(attempt) => Incoming::Opened(attempt.await.map(Box::new)),
            Self::Open(socket) if reads => Incoming::News(socket.next().await),
            Self::Open(socket) => Incoming::News(socket.write().await),
        }
    }
}

/// Charge points of one process share the log.
fn log_frame(endpoint: &Endpoint, direction: char, text: &str) {
    log::trace!(target: "evcp::frame", "{} {direction} {text}", endpoint.identity);
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}
