//! Drives one charge point by the clocks of the system and over a socket.

use std::future::{pending, Future};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use crate::core::{Access, CloseReason, Engine, Input, LinkEvent, Outlook};
use crate::mailbox::Mailbox;
use crate::shell::controller::{Controller, Surroundings, Taken};
use crate::shell::panics::text_of;
use crate::shell::socket::{News, Socket};
use crate::shell::{instant, now, Endpoint, Flag, Speaker};
use crate::store::Store;
use crate::time::Now;

/// So much of what the host tells is handled before the network has its turn: a host that tells more
/// and more must not silence the charge points of the process.
const AT_ONCE: usize = 64;

/// So much too late a deadline is not due to a busy processor alone.
const LATE: Duration = Duration::from_millis(500);

/// One charge point and everything that it does I/O with.
pub(crate) struct Driver {
    controller: Controller<Network>,
    /// Set when it has ended.
    done: Arc<Flag>,
}

/// The way to the central system.
struct Network {
    connection: Transport,
    /// Connections that are being closed.
    closing: Option<JoinHandle<()>>,
}

type Attempt = Pin<Box<dyn Future<Output = Result<Socket, String>> + Send>>;

enum Transport {
    None,
    Opening(Attempt),
    Open(Box<Socket>),
}

impl Driver {
    pub(crate) fn new(
        engine: Engine,
        store: Box<dyn Store>,
        mailbox: Arc<Mailbox>,
        identity: String,
        outlook: Arc<Outlook>,
        done: Arc<Flag>,
    ) -> Self {
        let network = Network {
            connection: Transport::None,
            closing: None,
        };
        Self {
            controller: Controller::new(engine, store, mailbox, outlook, identity, network),
            done,
        }
    }

    /// What it drives, in the surroundings of the test kit, with its store on another disk.
    #[cfg(feature = "testkit")]
    pub(crate) fn moved_to<S: Surroundings>(
        self,
        surroundings: S,
        disk: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Controller<S> {
        self.controller.moved_to(surroundings, disk)
    }

    /// Runs until the host stops it. A panic, which is a bug of ours, ends this charge point alone.
    pub(crate) async fn run(self: Box<Self>) {
        let speaker = Speaker::new(self.controller.identity());
        speaker.of(self.live()).await;
    }

    async fn live(mut self: Box<Self>) {
        let mailbox = self.controller.mailbox.clone();
        let done = self.done.clone();
        if let Err(panic) = AssertUnwindSafe(self.drive()).catch_unwind().await {
            let text = text_of(panic).unwrap_or_else(|| "unknown".to_owned());
            log::error!("a bug of the library: nothing is supplied any more: {text}");
            mailbox.panicked(&text);
        }
        // The store is closed before the host hears that we are done.
        drop(self);
        mailbox.stop();
        done.set();
    }

    async fn drive(&mut self) {
        let it = &mut self.controller;
        it.settle();
        loop {
            let more = match it.take_in(AT_ONCE) {
                Taken::All => false,
                Taken::Some => true,
                Taken::Closed => return self.finish().await,
            };
            let deadline = it.deadline().map(instant);
            // Whoever was held up, by a slow disk perhaps, hears first what came meanwhile, before
            // anybody counts as silent.
            if deadline.is_some_and(|at| at + LATE < Instant::now()) {
                catch_up(it);
            }
            let (retry, reads) = (it.retry().map(instant), it.reads());
            tokio::select! {
                biased;
                () = sleep_until(deadline) => it.handle(Input::Deadline),
                () = sleep_until(retry) => {
                    it.try_store_again();
                    it.settle();
                }
                news = it.surroundings.connection.next(reads) => on_news(it, news),
                () = it.mailbox.bell.notified(), if !more => {}
                // The network and the other charge points have their turn.
                () = tokio::task::yield_now(), if more => {}
            }
        }
    }

    async fn finish(&mut self) {
        // The last chance of what the disk would not take.
        self.controller.try_store_again();
        if let Some(closing) = self.controller.surroundings.closing.take() {
            let _ = closing.await;
        }
    }
}

/// Takes in what the network has already brought.
fn catch_up(it: &mut Controller<Network>) {
    for _ in 0..AT_ONCE {
        let more = it.reads();
        match it.surroundings.connection.next(more).now_or_never() {
            Some(news) => on_news(it, news),
            None => return,
        }
    }
}

fn on_news(it: &mut Controller<Network>, news: Incoming) {
    match news {
        Incoming::Opened(Ok(socket)) => {
            it.surroundings.connection = Transport::Open(socket);
            it.handle(Input::Link(LinkEvent::Up));
        }
        Incoming::Opened(Err(why)) => {
            it.surroundings.connection = Transport::None;
            it.handle(Input::Link(LinkEvent::Failed(why)));
        }
        Incoming::News(News::Text(text)) => it.on_text(text.as_str()),
        Incoming::News(News::Garbage) => it.handle(Input::Link(LinkEvent::Garbage)),
        Incoming::News(News::Pong) => it.handle(Input::Link(LinkEvent::Pong)),
        Incoming::News(News::Broken(breach, why)) => {
            it.surroundings.closes(|socket| socket.refuse(breach));
            it.handle(Input::Link(LinkEvent::Down(why)));
        }
        Incoming::News(News::Down(why)) => {
            it.lose_connection();
            it.handle(Input::Link(LinkEvent::Down(why)));
        }
    }
}

impl Network {
    /// Lets a connection that stands end in its own time.
    fn closes<F: Future<Output = ()> + 'static>(&mut self, end: impl FnOnce(Socket) -> F) {
        if let Transport::Open(socket) = std::mem::replace(&mut self.connection, Transport::None) {
            self.closing = Some(tokio::task::spawn_local(end(*socket)));
        }
    }
}

impl Surroundings for Network {
    fn now(&self) -> Now {
        now()
    }

    fn is_open(&self) -> bool {
        matches!(self.connection, Transport::Open(_))
    }

    fn connect(&mut self, access: Access) {
        let attempt = async move {
            let endpoint = access.route.get::<Endpoint>();
            let endpoint = endpoint.ok_or("there is no way there")?;
            Socket::connect(&endpoint, &access).await
        };
        self.connection = Transport::Opening(Box::pin(attempt));
    }

    fn close(&mut self, why: CloseReason) {
        self.closes(|socket| socket.end(why));
    }

    fn lose(&mut self) {
        self.connection = Transport::None;
    }

    fn ping(&mut self) -> Result<(), String> {
        match &mut self.connection {
            Transport::Open(socket) => socket.ping(),
            _ => Ok(()),
        }
    }

    fn send(&mut self, text: String) -> Result<(), String> {
        match &mut self.connection {
            Transport::Open(socket) => socket.send(text),
            _ => Ok(()),
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

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}
