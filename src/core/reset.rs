//! Restarts and the end: everything is stopped, said and stored first (`OCPP 1.6 §5.14`).

use crate::core::boot::Registration;
use crate::core::connector::Session;
use crate::core::link::{ANSWER_OUT, AWAY};
use crate::core::settings::Key;
use crate::core::{CloseReason, Due, Engine, Notice, Write};
use crate::time::{Millis, Mono};
use crate::wire::Reason;

/// A reset that the firmware agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
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

/// How long a host may take to restart before the charge point goes back into operation.
const REBOOT_TIME: Millis = Millis::from_secs(120);

impl Engine {
    pub(crate) fn begin_reset(&mut self, hard: bool) {
        let reason = if hard {
            Reason::HardReset
        } else {
            Reason::SoftReset
        };
        for at in self.connector_ids() {
            self.stop(at, reason, None);
            // What has not begun yet does not begin any more.
            if let Some(connector) = self.connector_mut(at) {
                if matches!(
                    connector.session,
                    Session::Starting(_) | Session::Preparing { .. }
                ) {
                    connector.session = Session::OVER;
                }
            }
        }
        let until = self.now.mono + self.setup.tuning.reset_wait;
        self.reset = Some(Reset::Stopping { hard, until });
    }

    /// Goes on with a reset as soon as nothing is left to do or say.
    pub(crate) fn mind_reset(&mut self) {
        let Some(Reset::Stopping { hard, .. }) = self.reset else {
            return;
        };
        let stopping = |session: &Session| matches!(session, Session::Stopping(..));
        let stopped = !self
            .connectors
            .iter()
            .any(|connector| stopping(&connector.session));
        let said = !self.is_online() || (self.ledger.len() == 0 && !self.link.is_busy());
        if stopped && said {
            self.leave(hard);
        }
    }

    pub(crate) fn expire_reset(&mut self) {
        match self.reset {
            Some(Reset::Stopping { hard, until }) if until <= self.now.mono => self.leave(hard),
            Some(Reset::Leaving {
                hard,
                until: Some(until),
            }) if until <= self.now.mono => {
                self.go_away();
                let until = self.now.mono + AWAY;
                self.reset = Some(Reset::Away { hard, until });
            }
            Some(Reset::Away { hard, until }) if until <= self.now.mono => {
                self.tell_reboot(hard, self.settings.int(Key::ResetRetries));
            }
            Some(Reset::Rebooting {
                hard,
                until,
                retries,
            }) if until <= self.now.mono && retries > 0 => {
                log::error!("the host did not restart: it is asked again");
                self.tell_reboot(hard, retries - 1);
            }
            Some(Reset::Rebooting { until, .. }) if until <= self.now.mono => {
                log::error!("the host did not restart: the charge point goes on without");
                self.reset = None;
                self.try_at_once();
            }
            _ => {}
        }
    }

    fn leave(&mut self, hard: bool) {
        for at in self.connector_ids() {
            self.stop_now(at);
        }
        self.commit_now();
        if self.is_up() {
            self.reset = Some(Reset::Leaving { hard, until: None });
            return;
        }
        self.go_away();
        self.tell_reboot(hard, self.settings.int(Key::ResetRetries));
    }

    /// All that the last input led to has been done, the answer to the reset too.
    pub(crate) fn reset_is_answered(&mut self) {
        if let Some(Reset::Leaving { until, .. }) = &mut self.reset {
            until.get_or_insert(self.now.mono + ANSWER_OUT);
        }
    }

    fn go_away(&mut self) {
        self.commit_now();
        self.close(CloseReason::GoingAway);
        self.registration = Registration::Unknown {
            retry: self.now.mono,
        };
    }

    /// What is in memory alone is stored.
    fn commit_now(&mut self) {
        self.ledger.commit_now(self.now.mono, &mut self.out);
        self.look_later();
    }

    fn tell_reboot(&mut self, hard: bool, retries: u64) {
        self.reset = Some(Reset::Rebooting {
            hard,
            until: self.now.mono + REBOOT_TIME,
            retries,
        });
        self.out.tell(Notice::Reboot { hard });
    }

    /// The link is about to be closed for a restart.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.reset, Some(Reset::Leaving { .. }))
    }

    /// The host is about to be told to restart, or was: until it does, or its time is over, nothing is
    /// connected.
    pub(crate) fn is_rebooting(&self) -> bool {
        let stopping = matches!(self.reset, Some(Reset::Stopping { .. }));
        self.reset.is_some() && !stopping
    }

    pub(crate) fn reset_deadline(&self) -> Option<(Mono, Due)> {
        match self.reset? {
            Reset::Leaving { until, .. } => Some((until.unwrap_or(self.now.mono), Due::Reset)),
            Reset::Stopping { until, .. }
            | Reset::Away { until, .. }
            | Reset::Rebooting { until, .. } => Some((until, Due::Reset)),
        }
    }

    /// The host stops us: what is in memory alone is stored. Transactions go on.
    pub(crate) fn on_closing(&mut self) {
        self.closing = true;
        if self
            .connectors
            .iter()
            .any(|connector| connector.run().is_some())
        {
            self.out.durable(Write::Orderly(true));
        }
        self.commit_now();
        self.close(CloseReason::GoingAway);
    }
}
