//! The handle of a charge point, for hosts in Rust and for the C API.

use std::ops::Bound;
use std::path::PathBuf;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::core::{
    Act, Answer, BadValue, ConnectorId, ConnectorStatus, Engine, Fact, Key, Place, RequestId,
    Schedule, Settings, Setup, Supply, TransactionChange, TransactionStep, TxId,
};
use crate::error::Error;
use crate::mailbox::{Event, Mailbox, Stats, Wake};
use crate::shell::{self, Driver, Endpoint, Flag, Thread, TlsOptions};
use crate::store::{MemoryStore, SqliteStore, Store};
use crate::types::ChargingRateUnitType;

/// Everything that a charge point is made from.
pub struct Options {
    /// What it is.
    pub setup: Setup,
    /// Where the central system is: `ws://host:port/path`, `wss://...` for TLS, or without a scheme, so
    /// that the security profile decides: `ws` for 0 and 1, `wss` for 2 and 3. A scheme that does not
    /// agree with the profile is refused. The identity is appended (`OCPP-J 1.6 §3.1.1`).
    pub url: String,
    /// Its name at the central system.
    pub identity: String,
    /// Where it keeps what must survive.
    pub storage: Storage,
    /// Certificates, as PEM.
    pub tls: TlsOptions,
}

/// Where things are kept.
pub enum Storage {
    /// In a SQLite file in this directory.
    Directory(PathBuf),
    /// Nowhere: everything is forgotten.
    Memory,
    /// Somewhere else.
    Custom(Box<dyn Store>),
}

/// A charge point. All methods may be called from any thread.
///
/// What it says to the central system and hears from it is in the log at the level trace, under the
/// target `evcp::frame`: `IDENTITY < FRAME` came, `IDENTITY > FRAME` is sent.
///
/// Dropping it closes the link and flushes the store, for two seconds at most; transactions go on
/// in the store, as after a power cut.
pub struct ChargePoint {
    mailbox: Arc<Mailbox>,
    connectors: u32,
    /// What the keys would come to if the host alone set them: to tell it at once what cannot be.
    keys: Mutex<Settings>,
    state: Mutex<State>,
    /// Set when the driver has ended.
    done: Arc<Flag>,
}

enum State {
    Made(Box<Driver>),
    Started(Thread),
    Stopped,
}

impl ChargePoint {
    /// Makes a charge point: checks everything and opens the store. Nothing runs yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] names what is not possible; [`Error::Io`] when the store cannot be
    /// opened.
    pub fn new(options: Options, wake: Arc<dyn Wake>) -> Result<Self, Error> {
        let Options {
            setup,
            url,
            identity,
            storage,
            tls,
        } = options;
        let profile = setup.tuning.security_profile;
        let mut endpoint = Endpoint::new(&url, &identity, profile, &tls)?;
        endpoint.max_frame = usize::try_from(setup.tuning.max_frame).unwrap_or(usize::MAX);
        let connectors = u32::try_from(setup.connectors.len()).unwrap_or(0);
        let now = shell::now();
        let mut replaced = None;
        let mut store: Box<dyn Store> = match storage {
            Storage::Memory => Box::<MemoryStore>::default(),
            Storage::Custom(store) => store,
            Storage::Directory(path) => {
                let opened = SqliteStore::open(&path, now.wall).map_err(|why| Error::Io(why.0))?;
                replaced = opened.replaced;
                Box::new(opened.store)
            }
        };
        let stored = store.load().map_err(|why| Error::Io(why.0))?;
        let engine =
            Engine::new(setup, stored, now).map_err(|why| Error::Invalid(why.to_string()))?;
        let keys = Mutex::new(engine.keys());
        let outlook = Arc::new(engine.outlook());
        let mailbox = Arc::new(Mailbox::new(wake, outlook.clone()));
        if let Some((kept_as, why)) = replaced {
            let kept_as = kept_as.display().to_string();
            mailbox.push(Event::StoreReplaced { kept_as, why });
        }
        mailbox.see_undelivered(engine.undelivered().clone());
        for (name, value) in engine.settings() {
            mailbox.see_key(name, value);
        }
        let done = Arc::new(Flag::default());
        let driver = Driver::new(
            engine,
            store,
            mailbox.clone(),
            endpoint,
            outlook,
            done.clone(),
        );
        let state = Mutex::new(State::Made(Box::new(driver)));
        Ok(Self {
            mailbox,
            connectors,
            keys,
            state,
            done,
        })
    }

    /// Starts: returns at once, and connects for ever.
    ///
    /// # Errors
    /// [`Error::State`] when it was started before; [`Error::Io`] without a thread.
    pub fn start(&self) -> Result<(), Error> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Stopped) {
            State::Made(driver) => {
                let thread = Thread::run(driver).map_err(|why| {
                    self.done.set();
                    Error::Io(why)
                })?;
                *state = State::Started(thread);
                Ok(())
            }
            other => {
                *state = other;
                Err(Error::State("the charge point was started before"))
            }
        }
    }

    /// Stops: stores what is in memory alone, and closes the link. Transactions go on.
    ///
    /// # Errors
    /// [`Error::Io`] when that took longer than `timeout`; it goes on all the same.
    pub fn stop(&self, timeout: Duration) -> Result<(), Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.state.lock();
        let thread = match std::mem::replace(&mut *state, State::Stopped) {
            // What it knows is stored on the library's thread, since the disk may hang. It connects
            // to nobody: the end is the first thing that it hears of.
            State::Made(driver) => {
                self.mailbox.close();
                Some(Thread::run(driver).map_err(|why| {
                    self.done.set();
                    Error::Io(why)
                })?)
            }
            State::Started(thread) => {
                self.mailbox.close();
                Some(thread)
            }
            // Whoever stops a second time waits for the same end.
            State::Stopped => None,
        };
        // Nobody who asks meanwhile has to wait, too.
        drop(state);
        let ended = self.done.wait(until);
        if let Some(thread) = thread {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            thread.leave(left.unwrap_or(Duration::MAX));
        }
        if ended {
            return Ok(());
        }
        Err(Error::Io(
            "the charge point did not stop in time".to_owned(),
        ))
    }

    /// States a fact; never waits. One that was stated before and waits is replaced. A fault is taken in
    /// however much waits, and is in [`supply`](Self::supply) and the next event from here on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist; [`Error::Full`] when too much waits;
    /// [`Error::Closed`], [`Error::Panicked`].
    pub fn tell(&self, fact: Fact) -> Result<(), Error> {
        let named: &[ConnectorId] = match &fact {
            Fact::Ev(at, _) | Fact::SignedMeter(at, _) | Fact::Evse(at, _) => from_ref(at),
            Fact::Fault(Place::Connector(at), _)
            | Fact::FaultOver(Place::Connector(at), _)
            | Fact::Warning(Place::Connector(at), _)
            | Fact::WarningOver(Place::Connector(at), _)
            | Fact::Operative(Place::Connector(at), _)
            | Fact::Meter(Place::Connector(at), _) => from_ref(at),
            _ => &[],
        };
        self.check_connectors(named)?;
        self.mailbox.tell(fact, shell::now().mono)
    }

    /// Does something; never waits. What takes energy away (a stop, power that fails) is taken in however
    /// much waits, and is in [`supply`](Self::supply) and the next event from here on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist, for a transaction that is not undelivered, or
    /// for a value that a key cannot have; [`Error::Unsupported`] for a key that there is not;
    /// [`Error::Full`] when too much waits, or the outcomes of too many tags or vendor data wait to be
    /// fetched; [`Error::Closed`], [`Error::Panicked`].
    pub fn act(&self, act: Act) -> Result<(), Error> {
        match &act {
            Act::StopTx(at, _) | Act::StartTx(at, _) | Act::Cancel(Place::Connector(at)) => {
                self.check_connectors(from_ref(at))?;
            }
            Act::Tag(at, _) => self.check_connectors(at)?,
            _ => {}
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

    fn check_connectors(&self, named: &[ConnectorId]) -> Result<(), Error> {
        match named.iter().find(|at| at.number() > self.connectors) {
            Some(at) => Err(Error::Invalid(format!("there is no connector {at}"))),
            None => Ok(()),
        }
    }

    /// Whether the host may set a key to a value.
    fn check_key(&self, name: &str, value: &str) -> Result<(), Error> {
        let mut keys = self.keys.lock();
        if !keys.knows(name) {
            return Err(Error::Unsupported(format!("there is no key \"{name}\"")));
        }
        let Err(BadValue { key, .. }) = keys.set(name, value) else {
            return Ok(());
        };
        let text = match Key::by_name(name) {
            Some(Key::NumberOfConnectors | Key::SecurityProfile) => {
                format!("{key} follows from what the charge point is made of")
            }
            Some(known) => format!("{key} cannot be that: {}", known.row().values()),
            None => format!("{key} cannot be that"),
        };
        // A firmware that does not look at results has it in the log.
        log::warn!("what the host asks of a configuration key is not possible: {text}");
        Err(Error::Invalid(text))
    }

    /// Answers a question; never waits.
    ///
    /// # Errors
    /// [`Error::Expired`] when the question is not open: what the meter shows is taken in all the
    /// same if it is just too late. [`Error::Invalid`] for an answer of another kind: the question
    /// stays open. [`Error::Closed`], [`Error::Panicked`].
    pub fn answer(&self, request: RequestId, answer: Answer) -> Result<(), Error> {
        self.mailbox.answer(request, answer, shell::now().mono)
    }

    /// The next event, if one waits. Supplies come first, those that take something away before those
    /// that give.
    #[must_use]
    pub fn next(&self) -> Option<Event> {
        self.mailbox.next()
    }

    /// What a connector may draw now; nothing for one that does not exist, or after a panic.
    #[must_use]
    pub fn supply(&self, at: ConnectorId) -> Supply {
        self.mailbox.supply(at)
    }

    /// The composite schedule of a connector, or of the grid connection, from now on for so
    /// many seconds, in amperes per phase or in watts (`OCPP 1.6 §5.7`). Waits for nobody; may be
    /// asked anywhere, also before the start.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a connector that does not exist; [`Error::Closed`],
    /// [`Error::Panicked`].
    pub fn schedule(
        &self,
        at: Place,
        duration: u32,
        unit: ChargingRateUnitType,
    ) -> Result<Schedule, Error> {
        if let Some(at) = at.connector().filter(|at| at.number() > self.connectors) {
            return Err(Error::Invalid(format!("there is no connector {at}")));
        }
        let outlook = self.mailbox.outlook()?;
        Ok(outlook.schedule(shell::now(), at, duration, unit))
    }

    /// The status of a connector, or of the charge point.
    #[must_use]
    pub fn status(&self, at: Place) -> Option<ConnectorStatus> {
        self.mailbox.status(at)
    }

    /// The running transaction of a connector.
    #[must_use]
    pub fn transaction(&self, at: ConnectorId) -> Option<TransactionStep> {
        self.mailbox.transaction(at)
    }

    /// The first transaction with a number above `after` that the central system refused to the end and that
    /// is kept as undelivered: [`Act::Deliver`] and [`Act::Forget`] are about these. Begin with 0.
    #[must_use]
    pub fn undelivered(&self, after: TxId) -> Option<TransactionStep> {
        let all = self.mailbox.undelivered();
        let mut behind = all.range((Bound::Excluded(after), Bound::Unbounded));
        let (_, next) = behind.next()?;
        Some(TransactionStep::new(next, TransactionChange::GivenUp))
    }

    /// The value of a configuration key that may be read.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<String> {
        self.mailbox.key(name)
    }

    /// How much happened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.mailbox.stats()
    }

    /// How many events wait; after 0, [`Wake::raise`] is called for the next one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mailbox.waiting()
    }

    /// How many connectors there are.
    #[must_use]
    pub const fn connector_count(&self) -> u32 {
        self.connectors
    }
}

impl Drop for ChargePoint {
    fn drop(&mut self) {
        // Who stopped it has waited as long as was wanted.
        if !matches!(self.state.get_mut(), State::Stopped) {
            let _ = self.stop(Duration::from_secs(2));
        }
    }
}

/// A [`Wake`] for hosts in Rust that wait for events on a thread.
#[derive(Default)]
pub struct Signal(Flag);

impl Signal {
    /// Waits until events wait; says whether they do.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.0.wait(until)
    }
}

impl Wake for Signal {
    fn raise(&self) {
        self.0.set();
    }

    fn clear(&self) {
        self.0.clear();
    }
}
