//! Registration at the central system, heartbeats, and the time they bring
//! (`OCPP 1.6 §4.2`, `§4.6`).

use serde_json::value::RawValue;

use super::registration::Registration;
use super::{Context, View, V16};
use crate::core::link::{CallPurpose, Lost};
use crate::core::settings::Key;
use crate::core::{Change, Due, Notice};
use crate::time::{Millis, Mono, Now, Wall};
use crate::types::{CiString, RegistrationStatus};
use crate::wire::v16::{Action, BootAnswer, BootNotification, Heartbeat, HeartbeatAnswer};

/// By more than so many milliseconds the device's clock must have jumped for the time to be asked for again.
const JUMP: i64 = 2000;
/// So much time is between two times that it is asked for for that reason.
const JUMPS_APART: Millis = Millis::from_secs(60);

/// What there is nothing to say about is left out.
fn said<const N: usize>(text: &Option<CiString<N>>) -> Option<CiString<N>> {
    text.clone().filter(|text| !text.as_str().is_empty())
}

impl V16 {
    /// Sends BootNotification and Heartbeat when they are due.
    pub(super) fn expire_boot(&mut self, cx: &mut Context<'_>) {
        if !cx.link.is_up() || cx.station.is_resetting() {
            return;
        }
        let now = cx.now.mono;
        if self.registration.retry().is_some_and(|at| at <= now) {
            self.boot(cx);
        }
        if self.registration.is_accepted() && self.heartbeat.is_some_and(|at| at <= now) {
            self.beat(cx);
        }
    }

    // rules: 33
    pub(super) fn boot(&mut self, cx: &mut Context<'_>) {
        if cx.link.is_in_line(CallPurpose::Boot) {
            return;
        }
        // A boot that is triggered after we were accepted does not take us out of operation.
        if !self.registration.is_accepted() {
            self.registration = Registration::Asked;
        }
        let device = &cx.station.setup().device;
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
        Self::call(CallPurpose::Boot, Action::BootNotification, &request, cx);
    }

    pub(super) fn beat(&mut self, cx: &mut Context<'_>) {
        self.rearm_heartbeat(cx);
        if !cx.link.is_waiting(CallPurpose::Heartbeat) {
            Self::call(CallPurpose::Heartbeat, Action::Heartbeat, &Heartbeat {}, cx);
        }
    }

    /// The device's clock ran ahead of the one that timers go by: the device slept and our clock
    /// stood still meanwhile, or it was set. The central system is asked what time it is, but not
    /// for each of many jumps.
    pub(crate) fn mind_jump(&mut self, before: Now, cx: &Context<'_>) {
        let wall = cx.now.wall.0.saturating_sub(before.wall.0);
        let mono = i64::try_from(cx.now.mono.since(before.mono).0).unwrap_or(i64::MAX);
        if wall.saturating_sub(mono) <= JUMP {
            return;
        }
        let now = cx.now.mono;
        if self.asked_time.is_some_and(|at| at > now) {
            return;
        }
        let at = self.asked_time.map_or(now, |at| now.max(at + JUMPS_APART));
        self.asked_time = Some(at);
        self.heartbeat = Some(self.heartbeat.map_or(at, |due| due.min(at)));
    }

    // rules: 31
    pub(super) fn rearm_heartbeat(&mut self, cx: &Context<'_>) {
        let interval = cx.settings().secs(Key::HeartbeatInterval);
        self.heartbeat = (interval.0 > 0).then(|| cx.now.mono + interval);
    }

    pub(super) fn boot_deadline(&self, it: View<'_>) -> Option<(Mono, Due)> {
        if !it.link.is_up() || it.station.is_resetting() {
            return None;
        }
        let boot = self.registration.retry().map(|at| (at, Due::Boot));
        let beat = self.heartbeat.filter(|_| self.registration.is_accepted());
        boot.or(beat.map(|at| (at, Due::Heartbeat)))
    }

    // rules: 26
    /// No usable answer: we are not registered, and ask again; at once on the next connection if
    /// it was the connection that failed.
    pub(super) fn boot_failed(&mut self, link_lost: bool, cx: &Context<'_>) {
        if !self.registration.is_accepted() {
            let wait = if link_lost {
                Millis(0)
            } else {
                cx.station.setup().tuning.boot_retry
            };
            self.registration = Registration::Unknown {
                retry: cx.now.mono + wait,
            };
        }
    }

    // rules: 22
    /// The central system answered. Returns the calls that waited and are not sent any more: it does not want
    /// to hear from us.
    pub(super) fn on_boot_answer(&mut self, payload: &RawValue, cx: &mut Context<'_>) -> Lost {
        let answer: Option<BootAnswer> = Self::read_answer("BootNotification", payload);
        let Some(answer) = answer else {
            self.boot_failed(false, cx);
            return Lost::new();
        };
        let interval = answer.interval.unwrap_or(0).min(i64::from(i32::MAX));
        let secs = u64::try_from(interval).unwrap_or(0);
        let named = (secs > 0).then(|| Millis::from_secs(secs));
        let retry = cx.now.mono + named.unwrap_or(cx.station.setup().tuning.boot_retry);
        log::info!(
            "BootNotification was answered: {}, interval {secs} s",
            answer.status
        );
        let interval = Millis::from_secs(secs);
        cx.out
            .notify(Notice::Boot(answer.status, interval, answer.current_time));
        match answer.status {
            RegistrationStatus::Accepted => {
                self.registration = Registration::Accepted;
                self.at_station(cx, |station, cx| station.accept(cx));
                if secs > 0 {
                    take_interval(secs, cx);
                }
                self.rearm_heartbeat(cx);
                if let Some(time) = answer.current_time {
                    self.take_time(time, cx);
                }
                // Every status is told after each acceptance (errata 3.22).
                self.send_all_statuses_again();
                Lost::new()
            }
            RegistrationStatus::Pending => {
                let before = self.registration;
                self.registration = Registration::Pending { retry };
                // Before the first acceptance nothing waits but what was triggered.
                match before.is_accepted() {
                    true => cx.link.give_up_waiting(),
                    false => Lost::new(),
                }
            }
            RegistrationStatus::Rejected => {
                self.registration = Registration::Rejected { until: retry };
                cx.link.give_up_waiting()
            }
        }
    }

    pub(super) fn on_heartbeat_answer(&mut self, payload: &RawValue, cx: &mut Context<'_>) {
        let answer: Option<HeartbeatAnswer> = Self::read_answer("Heartbeat", payload);
        if let Some(time) = answer.and_then(|answer| answer.current_time) {
            self.take_time(time, cx);
        }
    }

    // rules: 29
    /// The central system says what time it is. The firmware hears of it the first time, and when
    /// it makes a difference.
    fn take_time(&mut self, right: Wall, cx: &mut Context<'_>) {
        let known = cx.station.stamp(cx.now.mono);
        self.set_clock(right, cx);
        if !known.synced || known.wall.0.abs_diff(right.0) >= 1000 {
            cx.out.notify(Notice::Time(right));
        }
    }

    // rules: 30
    /// Somebody who knows says what time it is. If it is right for the first time, what was stamped before
    /// is put right too, before it is sent (`OCPP 1.6 §4.2.1`).
    pub(super) fn set_clock(&mut self, right: Wall, cx: &mut Context<'_>) {
        let Some(step) = cx.station.set_clock(cx.now, right) else {
            return;
        };
        let stored = cx.ledger.correct_times(step);
        self.correct_statuses(step);
        if stored {
            cx.out.durable(Change::CorrectTimes(step));
        }
    }

    /// The time is asked for once more, on the next connection.
    pub(super) fn beat_at_once(&mut self, cx: &Context<'_>) {
        self.heartbeat = Some(cx.now.mono);
    }
}

/// The interval of heartbeats that goes with an acceptance. It is not stored: it is said anew
/// at each boot.
fn take_interval(secs: u64, cx: &mut Context<'_>) {
    let (key, text) = (Key::HeartbeatInterval, secs.to_string());
    let changed = cx.settings().int(key) != secs;
    if changed && cx.station.set_key(key.row().name, &text) {
        cx.out
            .notify(Notice::Key(key.row().name.to_owned(), Some(text)));
    }
}
