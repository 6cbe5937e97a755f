//! The library's one thread, shared by all charge points of a process.
#![allow(unsafe_code)]

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;
use parking_lot::{Condvar, Mutex};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{unbounded_channel, UnboundedSender};
use tokio::task::LocalSet;

use crate::shell::Driver;

/// A share of the thread. It ends with the last share.
pub(crate) struct Thread(Arc<Shared>);

struct Shared {
    /// Taken when the last share goes: that ends the thread.
    drivers: Option<UnboundedSender<Box<Driver>>>,
    thread: Option<JoinHandle<()>>,
    stage: Arc<Progress>,
    /// How long its end is waited for at most.
    patience: Mutex<Duration>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.drivers = None;
        // Bounded: a disk that hangs must not hang the host. Then the thread ends when it can.
        let ended = matches!(
            self.stage
                .wait_for_next(&Stage::Running, *self.patience.get_mut()),
            Some(Stage::Ended(_))
        );
        if let (Some(thread), true) = (self.thread.take(), ended) {
            let _ = thread.join();
        }
    }
}

/// How far the thread is. std's channels would leave an allocation on the host's threads.
#[derive(Default)]
struct Progress {
    stage: Mutex<Stage>,
    changed: Condvar,
}

#[derive(Clone, Default, PartialEq)]
enum Stage {
    #[default]
    Starting,
    Running,
    /// It is about to end, for this reason if it could not run at all.
    Ended(Option<String>),
}

impl Progress {
    fn set(&self, stage: Stage) {
        *self.stage.lock() = stage;
        self.changed.notify_all();
    }

    /// The stage that follows this one; `None` if it takes too long.
    fn wait_for_next(&self, this: &Stage, patience: Duration) -> Option<Stage> {
        let until = Instant::now() + patience;
        let mut stage = self.stage.lock();
        while *stage == *this {
            if self.changed.wait_until(&mut stage, until).timed_out() {
                break;
            }
        }
        (*stage != *this).then(|| stage.clone())
    }
}

/// How long the beginning and the end of the thread are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

static SHARED: Lazy<Mutex<Weak<Shared>>> = Lazy::new(Mutex::default);

impl Thread {
    /// Runs a charge point on the thread, which is started if there is none.
    pub(crate) fn run(driver: Box<Driver>) -> Result<Self, String> {
        let mut shared = SHARED.lock();
        let thread = match shared.upgrade() {
            Some(thread) => thread,
            None => {
                let thread = Arc::new(start()?);
                *shared = Arc::downgrade(&thread);
                thread
            }
        };
        let sent = thread.drivers.as_ref().map(|drivers| drivers.send(driver));
        match sent {
            Some(Ok(())) => Ok(Self(thread)),
            _ => Err("the library's thread has ended".to_owned()),
        }
    }

    /// Gives the share back. If it is the last one, the end is waited for, but not for longer than
    /// that.
    pub(crate) fn leave(self, patience: Duration) {
        *self.0.patience.lock() = patience.min(PATIENCE);
    }
}

fn start() -> Result<Shared, String> {
    let (drivers, mut arriving) = unbounded_channel::<Box<Driver>>();
    let stage = Arc::new(Progress::default());
    let progress = stage.clone();
    // The runtime is made on its own thread, so that nothing of it is left on the host's.
    let body = move || {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(why) => return progress.set(Stage::Ended(Some(why))),
        };
        progress.set(Stage::Running);
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let mut running = tokio::task::JoinSet::new();
            while let Some(driver) = arriving.recv().await {
                running.spawn_local(driver.run());
                while running.try_join_next().is_some() {}
            }
            // All handles are gone; what still closes its link in order is waited for.
            while running.join_next().await.is_some() {}
        });
        drop(local);
        drop(runtime);
        progress.set(Stage::Ended(None));
    };
    let thread = std::thread::Builder::new().name("evcp".to_owned());
    let spawned = with_signals_masked(|| thread.spawn(body));
    let failed = |why: &dyn std::fmt::Display| format!("cannot start the library's thread: {why}");
    let thread = spawned.map_err(|why| failed(&why))?;
    match stage.wait_for_next(&Stage::Starting, PATIENCE) {
        Some(Stage::Ended(why)) => Err(failed(&why.unwrap_or_default())),
        _ => Ok(Shared {
            drivers: Some(drivers),
            thread: Some(thread),
            stage,
            patience: Mutex::new(PATIENCE),
        }),
    }
}

pub(super) fn runtime() -> Result<Runtime, String> {
    // A resolver thread is made when a name is to be looked up, and must not linger. One that hangs
    // is one of its charge point, and must not keep the others of the process from looking up.
    Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(64)
        .thread_keep_alive(Duration::from_millis(200))
        .thread_name("evcp-dns")
        .build()
        .map_err(|why| why.to_string())
}

/// Runs `body` while the calling thread has every signal masked: a thread that it starts inherits
/// that. The host's signals are for the host's threads, and a SIGPIPE on a closed connection must
/// not end the process: written with `writev`, a socket has no flag against it.
fn with_signals_masked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: both sets are plain memory, written by sigfillset and pthread_sigmask before they
    // are read; pthread_sigmask changes this thread alone and cannot fail with these arguments.
    let before = unsafe {
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        let mut before = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        before
    };
    let result = body();
    // SAFETY: `before` is the mask that this thread had.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    result
}
