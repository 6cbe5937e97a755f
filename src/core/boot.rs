//! Registration at the central system, heartbeats, and the time they bring
//! (`OCPP 1.6 §4.2`, `§4.6`).

use serde_json::value::RawValue;

use crate::core::link::Purpose;
use crate::core::settings::Key;
use crate::core::{Due, Engine, Notice, Write};
use crate::time::{Millis, Mono, Now, Wall};
use crate::wire::{
    Action, BootAnswer, BootNotification, CiString, Heartbeat, HeartbeatAnswer, RegistrationStatus,
};

/// By more than so many milliseconds the device's clock must have jumped for the time to be asked for again.
const JUMP: i64 = 2000;
/// So much time is between two times that it is asked for for that reason.
const JUMPS_APART: Millis = Millis::from_secs(60);

/// What the central system thinks of us. It survives the loss of a connection, not a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Nothing is known: BootNotification is sent at that time.
    Unknown { retry: Mono },
    /// BootNotification is on its way.
    Asked,
    /// It wants to talk to us first; we ask again at that time.
    Pending { retry: Mono },
    /// It does not want us: we are silent until that time, and ask again then.
    Rejected { until: Mono },
    /// We are in operation.
    Accepted,
}

impl Registration {
    pub(crate) const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }

    pub(crate) const fn is_rejected(self) -> bool {
        matches!(self, Self::Rejected { .. })
    }

    /// Whether more than a BootNotification may leave (`OCPP 1.6 §4.2`).
    pub(crate) const fn lets_speak(self) -> bool {
        matches!(self, Self::Accepted | Self::Pending { .. })
    }

    const fn retry(self) -> Option<Mono> {
        match self {
            Self::Unknown { retry } | Self::Pending { retry } => Some(retry),
            Self::Rejected { until } => Some(until),
            Self::Asked | Self::Accepted => None,
        }
    }
}

/// What there is nothing to say about is left out.
fn said<const N: usize>(text: &Option<CiString<N>>) -> Option<CiString<N>> {
    text.clone().filter(|text| !text.as_str().is_empty())
}

impl Engine {
    /// Sends BootNotification and Heartbeat when they are due.
    pub(crate) fn expire_boot(&mut self) {
        if !self.is_up() || self.reset.is_some() {
            return;
        }
        let now = self.now.mono;
        if self.registration.retry().is_some_and(|at| at <= now) {
            self.boot();
        }
        if self.registration.is_accepted() && self.heartbeat.is_some_and(|at| at <= now) {
            self.beat();
        }
    }

    pub(crate) fn boot(&mut self) {
        if self.link.is_in_line(Purpose::Boot) {
            return;
        }
        // A boot that is triggered after we were accepted does not take us out of operation.
        if !self.registration.is_accepted() {
            self.registration = Registration::Asked;
        }
        let device = &self.setup.device;
        let request = BootNotification {
            charge_point_vendor: device.vendor.clone(),
            charge_point_model: device.model.clone(),
            charge_point_serial_number: said(&device.serial),
            charge_box_serial_number: None,
            firmware_version: said(&device.firmware),
            iccid: said(&device.iccid),
            imsi: said(&device.imsi),
            meter_type: said(&device.meter_type),
            meter_serial_number: said(&device.meter_serial),
        };
        self.call(Purpose::Boot, Action::BootNotification, &request);
    }

    pub(crate) fn beat(&mut self) {
        self.rearm_heartbeat();
        if !self.link.is_waiting(Purpose::Heartbeat) {
            self.call(Purpose::Heartbeat, Action::Heartbeat, &Heartbeat {});
        }
    }

    /// The device's clock ran ahead of the one that timers go by: the device slept and our clock
    /// stood still meanwhile, or it was set. The central system is asked what time it is, but not
    /// for each of many jumps.
    pub(crate) fn mind_jump(&mut self, before: Now) {
        let wall = self.now.wall.0.saturating_sub(before.wall.0);
        let mono = i64::try_from(self.now.mono.since(before.mono).0).unwrap_or(i64::MAX);
        if wall.saturating_sub(mono) <= JUMP {
            return;
        }
        let now = self.now.mono;
        if self.asked_time.is_some_and(|at| at > now) {
            return;
        }
        let at = self.asked_time.map_or(now, |at| now.max(at + JUMPS_APART));
        self.asked_time = Some(at);
        self.heartbeat = Some(self.heartbeat.map_or(at, |due| due.min(at)));
    }

    pub(crate) fn rearm_heartbeat(&mut self) {
        let interval = self.settings.secs(Key::HeartbeatInterval);
        self.heartbeat = (interval.0 > 0).then(|| self.now.mono + interval);
    }

    pub(crate) fn boot_deadline(&self) -> Option<(Mono, Due)> {
        if !self.is_up() || self.reset.is_some() {
            return None;
        }
        let boot = self.registration.retry().map(|at| (at, Due::Boot));
        let beat = self.heartbeat.filter(|_| self.registration.is_accepted());
        boot.or(beat.map(|at| (at, Due::Heartbeat)))
    }

    /// No usable answer: we are not registered, and ask again; at once on the next connection if
    /// it was the connection that failed.
    pub(crate) fn boot_failed(&mut self, link_lost: bool) {
        if !self.registration.is_accepted() {
            let wait = if link_lost {
                Millis(0)
            } else {
                self.setup.tuning.boot_retry
            };
            self.registration = Registration::Unknown {
                retry: self.now.mono + wait,
            };
        }
    }

    pub(crate) fn on_boot_answer(&mut self, payload: &RawValue) {
        let answer: Option<BootAnswer> = self.read_answer("BootNotification", payload);
        let Some(answer) = answer else {
            return self.boot_failed(false);
        };
        let interval = answer.interval.unwrap_or(0).min(i64::from(i32::MAX));
        let secs = u64::try_from(interval).unwrap_or(0);
        let named = (secs > 0).then(|| Millis::from_secs(secs));
        let retry = self.now.mono + named.unwrap_or(self.setup.tuning.boot_retry);
        log::info!("registration: {:?}, interval {secs} s", answer.status);
        self.out
            .tell(Notice::Boot(answer.status, Millis::from_secs(secs)));
        match answer.status {
            RegistrationStatus::Accepted => {
                self.registration = Registration::Accepted;
                if !self.accepted {
                    self.accepted = true;
                    self.out.durable(Write::Accepted);
                }
                if secs > 0 {
                    self.take_interval(secs);
                }
                self.rearm_heartbeat();
                if let Some(time) = answer.current_time {
                    self.take_time(time);
                }
                // Every status is told after each acceptance (errata 3.22).
                self.reports.told = None;
                for connector in &mut self.connectors {
                    connector.reports.told = None;
                }
            }
            RegistrationStatus::Pending => {
                // Before the first acceptance nothing waits but what was triggered.
                if self.registration.is_accepted() {
                    self.give_up_waiting_calls();
                }
                self.registration = Registration::Pending { retry };
            }
            RegistrationStatus::Rejected => {
                self.registration = Registration::Rejected { until: retry };
                self.give_up_waiting_calls();
            }
        }
    }

    /// The interval of heartbeats that goes with an acceptance. It is not stored: it is said anew
    /// at each boot.
    fn take_interval(&mut self, secs: u64) {
        let (key, text) = (Key::HeartbeatInterval, secs.to_string());
        let changed = self.settings.int(key) != secs;
        if changed && self.settings.set(key.row().name, &text).is_ok() {
            self.out
                .tell(Notice::Key(key.row().name.to_owned(), Some(text)));
        }
    }

    pub(crate) fn on_heartbeat_answer(&mut self, payload: &RawValue) {
        let answer: Option<HeartbeatAnswer> = self.read_answer("Heartbeat", payload);
        if let Some(time) = answer.and_then(|answer| answer.current_time) {
            self.take_time(time);
        }
    }

    /// The central system says what time it is. The firmware hears of it the first time, and when
    /// it makes a difference.
    fn take_time(&mut self, right: Wall) {
        let known = self.clock.stamp(self.now.mono);
        self.set_clock(right);
        if !known.synced || known.wall.0.abs_diff(right.0) >= 1000 {
            self.out.tell(Notice::Time(right));
        }
    }

    /// Somebody who knows says what time it is.
    pub(crate) fn set_clock(&mut self, right: Wall) {
        let before = self.clock.wall(self.now.mono);
        let first = self.clock.set(self.now, right);
        self.rearm_aligned();
        if let Some(step) = first {
            self.correct_stamps(step);
        } else if before.0.abs_diff(right.0) >= 1000 {
            log::info!(
                "the clock was set by {} ms",
                right.0.saturating_sub(before.0)
            );
        }
    }

    /// The clock is right for the first time: what it stamped before is put right too, before it
    /// is sent (`OCPP 1.6 §4.2.1`).
    fn correct_stamps(&mut self, step: i64) {
        let stored = self.ledger.correct_times(step);
        let reports = self
            .connectors
            .iter_mut()
            .map(|connector| &mut connector.reports);
        for reports in reports.chain([&mut self.reports]) {
            if let Some((_, since, _)) = &mut reports.current {
                since.correct(step);
            }
        }
        if stored {
            self.out.durable(Write::CorrectTimes(step));
        }
    }
}
