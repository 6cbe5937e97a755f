//! What a meter shows, and whoever waited for it.

use crate::core::station::read_for::ReadFor;
use crate::core::station::session::Allowed;
use crate::core::station::Context;
use crate::core::station::Station;
use crate::core::ConnectorId;
use crate::core::Place;
use crate::core::Reading;

impl Station {
    /// A meter shows something. `older`: in answer to a question whose time is over, so that it does
    /// not answer one that is open.
    pub(crate) fn on_meter(
        &mut self,
        at: Place,
        readings: &[Reading],
        older: bool,
        cx: &mut Context<'_>,
    ) {
        let now = cx.now.mono;
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        if readings.is_empty() {
            return;
        }
        meter.read(now, readings);
        let register = readings.iter().any(|reading| reading.as_energy().is_some());
        if meter.bills() && !register && !older {
            log::warn!("{at}: the meter was read without its register: what is known of it counts");
        }
        let served = meter.served(older);
        if let Some(at) = at.connector().filter(|_| register) {
            self.note_first_register(at, cx);
            self.note_energy(at, cx);
        }
        for read_for in served {
            self.take(at, read_for, cx);
        }
    }

    /// The time for an answer is over, or the meter could not be read.
    pub(crate) fn on_silent_meter(&mut self, at: Place, cx: &mut Context<'_>) {
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        for read_for in meter.stays_silent() {
            self.take(at, read_for, cx);
        }
    }

    fn take(&mut self, at: Place, read_for: ReadFor, cx: &mut Context<'_>) {
        let (ReadFor::Begin | ReadFor::End, Some(connector)) = (read_for, at.connector()) else {
            return self.take_sample(at, read_for, cx);
        };
        if read_for == ReadFor::End {
            self.stop_now(connector, cx);
        } else if let Some(allowed) = self.starting(connector) {
            self.start_now(connector, allowed, cx);
        }
        if let Some(meter) = self.meter_mut(at) {
            meter.used_for(read_for);
        }
    }

    /// Whose session begins at a connector as soon as the meter has been read.
    fn starting(&self, at: ConnectorId) -> Option<Allowed> {
        self.connector(at)?.starting().cloned()
    }
}
