//! Without a link: after a time of the host's choice, some of the central system's profiles say nothing, until it
//! is there again (`OCPP 1.6 §3.13.6` leaves them in force for ever, and so does this unless the host says more).

use std::sync::Arc;

use crate::core::station::{Context, Station};
use crate::core::{Due, Purposes};
use crate::time::Mono;

impl Station {
    /// What the central system's profiles say counts, or does not any more. Nothing is deleted.
    pub(crate) fn mind_absence(&mut self, cx: &Context<'_>) {
        self.alone_since = match cx.linked {
            true => None,
            false => Some(self.alone_since.unwrap_or(cx.now.mono)),
        };
        let over = self.ignoring_due().is_some_and(|at| at <= cx.now.mono);
        let ignored = match over {
            true => self.setup.tuning.offline_ignores,
            false => Purposes::default(),
        };
        if self.profiles.ignored() == ignored {
            return;
        }
        match over {
            true => log::warn!(
                "no central system for {} s: its charging profiles are ignored, of these purposes: {ignored}",
                self.setup.tuning.offline_ignore_after.0 / 1000
            ),
            false => log::info!("the central system is there again: all its charging profiles count"),
        }
        Arc::make_mut(&mut self.profiles).ignore(ignored);
    }

    fn ignoring_due(&self) -> Option<Mono> {
        let tuning = &self.setup.tuning;
        let since = self.alone_since?;
        let chosen = tuning.offline_ignores != Purposes::default();
        chosen.then(|| since + tuning.offline_ignore_after)
    }

    /// When some profiles are ignored, if they are not yet.
    pub(crate) fn absence_deadline(&self) -> Option<(Mono, Due)> {
        let waits = self.profiles.ignored() == Purposes::default();
        let due = self.ignoring_due().filter(|_| waits)?;
        Some((due, Due::Limit))
    }
}
