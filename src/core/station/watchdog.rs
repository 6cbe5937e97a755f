//! Whether the host still does what it is told (the setting "host.watchdog_s"). One that does not dispatch does not
//! hear of a command either: the contactor stays as it is, and all that is left is to permit nothing.

use crate::time::{Millis, Mono};

/// How long a host that is back goes on dispatching before energy may flow again.
const BACK: Millis = Millis(2_000);

/// What is known of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    /// Nothing flows: it may sleep.
    Free,
    /// Energy flows, and it has dispatched at that time or after. `called`: then it was asked to, since it is no
    /// fault of a host that sleeps if nobody wakes it.
    Watched { seen: Mono, called: Option<Mono> },
    /// It does not dispatch.
    Silent,
    /// It does again, since then.
    Back { since: Mono, called: bool },
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is called.
    Call,
    /// It has been called, and was silent for too long.
    Silent,
    /// It dispatches again, and not just once.
    Recovered,
}

/// Watches the host while energy flows.
#[derive(Clone, Debug)]
pub(crate) struct Watchdog {
    /// How long it may be silent; 0: for ever.
    patience: Millis,
    host: Host,
}

impl Watchdog {
    pub(crate) const fn new(patience: Millis) -> Self {
        Self {
            patience,
            host: Host::Free,
        }
    }

    /// How long it may be silent.
    pub(crate) const fn patience(&self) -> Millis {
        self.patience
    }

    /// Whether energy may flow anywhere, after all commands.
    pub(crate) fn watch(&mut self, flows: bool, now: Mono) {
        let watched = Host::Watched {
            seen: now,
            called: None,
        };
        self.host = match self.host {
            Host::Free if flows && self.patience.0 > 0 => watched,
            Host::Watched { .. } if !flows => Host::Free,
            other => other,
        };
    }

    /// Whether the host has dispatched since that was last asked.
    pub(crate) fn hear(&mut self, dispatched: bool, now: Mono) -> Option<Step> {
        let half = Millis(self.patience.0 / 2);
        let (host, step) = match self.host {
            Host::Watched { .. } if dispatched => {
                let (seen, called) = (now, None);
                (Host::Watched { seen, called }, None)
            }
            Host::Watched {
                called: Some(at), ..
            } if at + half <= now => (Host::Silent, Some(Step::Silent)),
            Host::Watched { seen, called: None } if seen + half <= now => {
                let called = Some(now);
                (Host::Watched { seen, called }, Some(Step::Call))
            }
            Host::Silent if dispatched => {
                let (since, called) = (now, false);
                (Host::Back { since, called }, None)
            }
            Host::Back { since, called } if since + BACK <= now => match (dispatched, called) {
                (true, _) => (Host::Free, Some(Step::Recovered)),
                (false, true) => return None,
                (false, false) => {
                    let called = true;
                    (Host::Back { since, called }, Some(Step::Call))
                }
            },
            Host::Free | Host::Watched { .. } | Host::Silent | Host::Back { .. } => return None,
        };
        self.host = host;
        step
    }

    /// When it is to be asked whether the host has dispatched.
    pub(crate) fn due(&self) -> Option<Mono> {
        let half = Millis(self.patience.0 / 2);
        match self.host {
            Host::Watched { seen, called } => Some(called.unwrap_or(seen) + half),
            Host::Back {
                since,
                called: false,
            } => Some(since + BACK),
            Host::Free | Host::Silent | Host::Back { .. } => None,
        }
    }
}
