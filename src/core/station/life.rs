//! Whether the charge point is in operation, and how far it is on its way out of it (`OCPP 1.6 §5.14`).

use crate::time::Mono;

/// The life of one run of the charge point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    InOperation,
    /// It is about to restart.
    Resetting(Reset),
    /// The host stops us: nothing new is begun. Transactions go on with the next run. A reset that was under
    /// way goes on as long as this one does.
    Closing(Option<Reset>),
}

impl Life {
    /// The reset that is under way.
    pub(super) const fn reset(self) -> Option<Reset> {
        match self {
            Self::InOperation => None,
            Self::Resetting(reset) => Some(reset),
            Self::Closing(reset) => reset,
        }
    }

    /// A reset begins, goes on, or is over.
    pub(super) fn set_reset(&mut self, reset: Option<Reset>) {
        *self = match (*self, reset) {
            (Self::Closing(_), reset) => Self::Closing(reset),
            (_, Some(reset)) => Self::Resetting(reset),
            (_, None) => Self::InOperation,
        };
    }

    /// The host stops us.
    pub(super) fn close(&mut self) {
        *self = Self::Closing(self.reset());
    }
}

/// Whether sessions may begin, as far as the host is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drain {
    /// They may.
    Open,
    /// They may not, and some have not ended.
    Draining,
    /// They may not, none is left, and the host was told.
    Drained,
}

/// A reset that the firmware agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// Transactions are being stopped, and the central system is told, until that time.
    Stopping { hard: bool, until: Mono },
    /// All is said; what was answered last is out until that time, which begins when it is.
    Leaving { hard: bool, until: Option<Mono> },
    /// The link is closed, and the host is told at that time: one that restarts in no time must not be back
    /// before the central system knows that we are gone.
    Away { hard: bool, until: Mono },
    /// The host was told to restart; if it does not until that time it is told again, so often
    /// (ResetRetries), and then we go on.
    Rebooting {
        hard: bool,
        until: Mono,
        retries: u64,
    },
}

/// What the next step of a reset takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All is stopped and stored, whether it is said or not.
    Leave,
    /// The link is closed.
    GoAway,
    /// The host does not restart: the charge point goes back into operation.
    GoOn,
}
