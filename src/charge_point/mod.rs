//! The handle of a charge point, for hosts in Rust and for the C API.

mod ask;
mod fault_rank;
#[cfg(feature = "testkit")]
mod kit;
mod networks;
mod options;
mod profiles;
mod signal;
mod sources;
mod tell;

pub use fault_rank::FaultRank;
pub use options::{Options, Storage};
pub use signal::Signal;

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::charge_point::networks::Networks;
use crate::charge_point::sources::Sources;
use crate::core::{Engine, Feedback, OwnProfiles, Settings};
use crate::error::Error;
use crate::mailbox::{Event, Mailbox, Wake};
use crate::shell::{self, Driver, Flag, Speaker, Thread};
use crate::store::{MemoryStore, SqliteStore, Store};

/// A charge point. All methods may be called from any thread.
///
/// What it says to the central system and hears from it is in the log at the level trace, under the
/// target `evcp::frame`: `IDENTITY < FRAME` came, `IDENTITY > FRAME` is sent. Secrets in it are replaced by `***`, unless
/// the setting "frames.secrets" says otherwise.
///
/// Dropping it closes the link and flushes the store, for two seconds at most; transactions go on
/// in the store, as after a power cut.
pub struct ChargePoint {
    mailbox: Arc<Mailbox>,
    connectors: u32,
    speaker: Speaker,
    /// What each of them reports, by their numbers.
    feedback: Vec<Feedback>,
    /// Whether anything outlives this process.
    keeps: bool,
    /// What the keys would come to if the host alone set them: to tell it at once what cannot be.
    keys: Mutex<Settings>,
    /// The charger's own profiles, as the host last said.
    own: Mutex<OwnProfiles>,
    /// The ways to a central system, as the host last said.
    networks: Mutex<Networks>,
    /// Who sets local limits.
    sources: Mutex<Sources>,
    state: Mutex<State>,
    /// Set when the driver has ended.
    done: Arc<Flag>,
    clock: shell::Clock,
    /// What takes the place of a thread in a world of the test kit.
    #[cfg(feature = "testkit")]
    charger: Option<crate::kit::Charger>,
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
        Self::by(shell::Clock::System, options, wake)
    }

    /// Makes one that lives by a clock.
    fn by(clock: shell::Clock, options: Options, wake: Arc<dyn Wake>) -> Result<Self, Error> {
        let Options {
            mut setup,
            networks,
            storage,
        } = options;
        let shows_secrets = setup.tuning.shows_secrets;
        let networks = Networks::new(networks, &mut setup)?;
        let speaker = Speaker::new(&networks.identity());
        let _speaks = speaker.speaks();
        let connectors = u32::try_from(setup.connectors.len()).unwrap_or(0);
        let feedback = setup.connectors.iter().map(|made| made.feedback).collect();
        let now = clock.now();
        let mut replaced = None;
        let mut keeps = true;
        let mut store: Box<dyn Store> = match storage {
            Storage::Memory => {
                keeps = false;
                Box::<MemoryStore>::default()
            }
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
        let sources = engine.local_limits().iter().map(|limit| limit.source);
        let sources = Mutex::new(Sources::new(sources));
        let outlook = Arc::new(engine.outlook());
        let own = Mutex::new(OwnProfiles::new(&outlook));
        let mailbox = Arc::new(Mailbox::new(wake, outlook.clone()));
        mailbox
            .shows_secrets
            .store(shows_secrets, Ordering::Relaxed);
        if let Some((kept_as, why)) = replaced {
            let kept_as = kept_as.display().to_string();
            mailbox.push(Event::StoreReplaced { kept_as, why });
        }
        mailbox.see_undelivered(engine.undelivered().clone());
        mailbox.see_counters(engine.counters());
        mailbox.see_standing(engine.standing());
        mailbox.see_keys(engine.listed_keys());
        let done = Arc::new(Flag::default());
        let driver = Driver::new(
            engine,
            store,
            mailbox.clone(),
            networks.identity(),
            outlook,
            done.clone(),
        );
        let state = Mutex::new(State::Made(Box::new(driver)));
        Ok(Self {
            mailbox,
            connectors,
            speaker,
            feedback,
            keeps,
            keys,
            own,
            networks: Mutex::new(networks),
            sources,
            state,
            done,
            clock,
            #[cfg(feature = "testkit")]
            charger: None,
        })
    }

    /// From now on each frame comes as an [`Event::Frame`], too; 256 of them, or a mebibyte, wait at most. A frame for
    /// which there is no room takes the place of the oldest. Secrets are replaced by `***`, unless the setting
    /// "frames.secrets" says otherwise.
    pub fn show_frames(&self) {
        self.mailbox.shows_frames.store(true, Ordering::Relaxed);
    }

    /// Starts: returns at once, and connects for ever.
    ///
    /// # Errors
    /// [`Error::State`] when it was started before; [`Error::Io`] without a thread.
    pub fn start(&self) -> Result<(), Error> {
        #[cfg(feature = "testkit")]
        if let Some(charger) = &self.charger {
            return charger.start();
        }
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
        #[cfg(feature = "testkit")]
        if let Some(charger) = &self.charger {
            return charger.stop();
        }
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

    /// The next event, if one waits. Supplies come first, those that take something away before those
    /// that give.
    #[must_use]
    pub fn next(&self) -> Option<Event> {
        self.mailbox.next()
    }

    /// How many events wait; after 0, [`Wake::raise`] is called for the next one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mailbox.waiting()
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
