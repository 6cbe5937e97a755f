//! What a meter shows, and whoever waited for it.

use crate::core::station::meter::Take;
use crate::core::station::session::{Allowed, Stage};
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
            log::warn!(
                "connector {}: the meter was read without its register: what is known of it counts",
                at.connector_id()
            );
        }
        let served = meter.served(older);
        if let Some(at) = at.connector().filter(|_| register) {
            self.note_first_register(at, cx);
            self.note_energy(at, cx);
        }
        for take in served {
            self.take(at, take, cx);
        }
    }

    /// The time for an answer is over, or the meter could not be read.
    pub(crate) fn on_silent_meter(&mut self, at: Place, cx: &mut Context<'_>) {
        let Some(meter) = self.meter_mut(at) else {
            return;
        };
        for take in std::mem::take(&mut meter.takes) {
            match take {
                Take::Begin | Take::End => self.take(at, take, cx),
                Take::Periodic(_) | Take::Aligned(..) | Take::Trigger => {
                    if let Some(meter) = self.meter_mut(at) {
                        meter.wait(take);
                    }
                }
                Take::Resumed | Take::Watch => {}
            }
        }
    }

    fn take(&mut self, at: Place, take: Take, cx: &mut Context<'_>) {
        let (Take::Begin | Take::End, Some(connector)) = (take, at.connector()) else {
            return self.take_sample(at, take, cx);
        };
        if take == Take::End {
            self.stop_now(connector, cx);
        } else if let Some(allowed) = self.starting(connector) {
            self.start_now(connector, allowed, cx);
        }
        if let Some(meter) = self.meter_mut(at) {
            meter.used_for(take);
        }
    }

    /// Whose session begins at a connector as soon as the meter has been read.
    fn starting(&self, at: ConnectorId) -> Option<Allowed> {
        match self.connector(at)?.session.stage() {
            Stage::Starting(allowed) => Some(allowed.clone()),
            _ => None,
        }
    }
}
