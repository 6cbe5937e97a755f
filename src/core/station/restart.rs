//! Restarts: everything is stopped, said and stored first (`OCPP 1.6 §5.14`).

use super::connector::Connector;
use super::life::{Life, Reset, Step};
use super::{Context, Station};
use crate::core::parting::{ANSWER_OUT, AWAY};
use crate::core::settings::Key;
use crate::core::{AfterPowerLoss, Change, Due, Notice, Record};
use crate::time::{Millis, Mono};
use crate::types::Reason;

/// How long a host may take to restart before the charge point goes back into operation.
const REBOOT_TIME: Millis = Millis::from_secs(120);

impl Station {
    // rules: 120
    pub(crate) fn begin_reset(&mut self, hard: bool, cx: &mut Context<'_>) {
        let reason = if hard {
            Reason::HardReset
        } else {
            Reason::SoftReset
        };
        for at in self.connector_ids() {
            self.stop(at, reason, None, cx);
        }
        let until = cx.now.mono + self.setup.tuning.reset_wait;
        self.life.set_reset(Some(Reset::Stopping { hard, until }));
    }

    /// Whether nothing is left to stop for a reset.
    pub(crate) fn has_stopped(&self) -> bool {
        matches!(self.life.reset(), Some(Reset::Stopping { .. }))
            && !self.connectors.iter().any(Connector::is_stopping)
    }

    /// The step of a reset whose time has come.
    pub(crate) fn expire_reset(&mut self, cx: &mut Context<'_>) -> Option<Step> {
        let now = cx.now.mono;
        match self.life.reset()? {
            Reset::Stopping { until, .. } if until <= now => return Some(Step::Leave),
            Reset::Leaving {
                until: Some(until), ..
            } if until <= now => return Some(Step::GoAway),
            Reset::Away { hard, until } if until <= now => self.notify_reboot(hard, cx),
            Reset::Rebooting {
                hard,
                until,
                retries,
            } if until <= now && retries > 0 => {
                log::error!("the firmware did not restart the device: it is asked again");
                self.notify_reboot_again(hard, retries - 1, cx);
            }
            Reset::Rebooting { until, .. } if until <= now => {
                log::error!("the firmware did not restart the device: work goes on without");
                self.life.set_reset(None);
                return Some(Step::GoOn);
            }
            _ => {}
        }
        None
    }

    /// The host stops us: nothing new is begun. Transactions go on.
    pub(crate) fn close(&mut self, cx: &mut Context<'_>) {
        self.life.close();
        // What somebody stopped must not go on in the next run.
        if self.setup.tuning.after_power_loss == AfterPowerLoss::Resume {
            self.stop_waiting(cx);
        }
        let mut connectors = self.connectors.iter();
        if connectors.any(|connector| connector.run().is_some()) {
            cx.out.durable(Change::Put(Record::Orderly));
        }
    }

    /// Whether the host stops us.
    pub(crate) const fn is_closing(&self) -> bool {
        matches!(self.life, Life::Closing(_))
    }

    /// Transactions that wait for their meter do not wait any longer.
    pub(crate) fn stop_waiting(&mut self, cx: &mut Context<'_>) {
        for at in self.connector_ids() {
            self.stop_now(at, cx);
        }
    }

    /// All is stored. The link is closed when the last answer is out; `up`: there is one.
    pub(crate) fn leave(&mut self, up: bool, cx: &mut Context<'_>) {
        let Some(Reset::Stopping { hard, .. }) = self.life.reset() else {
            return;
        };
        if up {
            let until = None;
            self.life.set_reset(Some(Reset::Leaving { hard, until }));
        } else {
            self.notify_reboot(hard, cx);
        }
    }

    /// All that the last input led to has been done, the answer to the reset too.
    pub(super) fn reset_is_answered(&mut self, now: Mono) {
        if let Some(Reset::Leaving { hard, until: None }) = self.life.reset() {
            let until = Some(now + ANSWER_OUT);
            self.life.set_reset(Some(Reset::Leaving { hard, until }));
        }
    }

    /// The link is closed.
    pub(crate) fn device_restarts(&mut self, now: Mono) {
        if let Some(Reset::Leaving { hard, .. }) = self.life.reset() {
            let until = now + AWAY;
            self.life.set_reset(Some(Reset::Away { hard, until }));
        }
    }

    fn notify_reboot(&mut self, hard: bool, cx: &mut Context<'_>) {
        let retries = self.settings.int(Key::ResetRetries);
        self.notify_reboot_again(hard, retries, cx);
    }

    fn notify_reboot_again(&mut self, hard: bool, retries: u64, cx: &mut Context<'_>) {
        self.life.set_reset(Some(Reset::Rebooting {
            hard,
            until: cx.now.mono + REBOOT_TIME,
            retries,
        }));
        cx.out.notify(Notice::Reboot { hard });
    }

    /// Whether a reset is under way.
    pub(crate) const fn is_resetting(&self) -> bool {
        self.life.reset().is_some()
    }

    /// The link is about to be closed for a restart.
    pub(crate) const fn is_leaving(&self) -> bool {
        matches!(self.life.reset(), Some(Reset::Leaving { .. }))
    }

    /// The host is about to be told to restart, or was: until it does, or its time is over, nothing is
    /// connected.
    pub(crate) const fn is_rebooting(&self) -> bool {
        let stopping = matches!(self.life.reset(), Some(Reset::Stopping { .. }));
        self.is_resetting() && !stopping
    }

    pub(super) fn reset_deadline(&self, now: Mono) -> Option<(Mono, Due)> {
        match self.life.reset()? {
            Reset::Leaving { until, .. } => Some((until.unwrap_or(now), Due::Reset)),
            Reset::Stopping { until, .. }
            | Reset::Away { until, .. }
            | Reset::Rebooting { until, .. } => Some((until, Due::Reset)),
        }
    }
}
