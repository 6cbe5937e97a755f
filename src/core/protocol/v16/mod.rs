//! OCPP 1.6: one file a family of messages, both directions.

mod ask;
mod authorize;
mod boot;
mod calls;
mod configuration;
mod connection;
mod data_transfer;
mod device;
mod ended;
mod feature_profiles;
mod frames;
mod meter_values;
mod networks;
mod registration;
mod remote;
mod reply;
mod requests;
mod smart_charging;
mod status;
mod transactions;
mod transitions;
mod trigger;
mod turn;

pub use self::smart_charging::read_profile;

use self::registration::Registration;
use self::transitions::Reports;
use super::{Context, View};
use crate::core::link::Link;
use crate::core::station::{self, Station};
use crate::core::Counters;
use crate::time::{Mono, Wall};

/// What OCPP 1.6 knows of its central system.
#[derive(Debug)]
pub(crate) struct V16 {
    registration: Registration,
    /// With which central system, since the first connection.
    registrar: Option<String>,
    heartbeat: Option<Mono>,
    /// When the time was last asked for because of a jump, or will be.
    asked_time: Option<Mono>,
    /// How the status of each place gets to the central system, by its number.
    reports: Vec<Reports>,
    /// The newest time of what came from the store since the start. Our clock is never before what was the
    /// newest then.
    newest: Wall,
    counters: Counters,
}

impl V16 {
    pub(crate) fn new(places: usize, now: Mono) -> Self {
        Self {
            registration: Registration::Unknown { retry: now },
            registrar: None,
            heartbeat: None,
            asked_time: None,
            reports: vec![Reports::default(); places],
            newest: Wall::default(),
            counters: Counters::default(),
        }
    }

    pub(crate) const fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether the central system is there and has accepted us.
    pub(crate) fn is_online(&self, link: &Link) -> bool {
        link.is_up() && self.registration.is_accepted()
    }

    /// Something is done at the station.
    pub(crate) fn at_station<T>(
        &self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Station, &mut station::Context<'_>) -> T,
    ) -> T {
        let mut at_station = station::Context {
            now: cx.now,
            online: self.is_online(cx.link),
            has_room: cx.link.has_room(),
            linked: cx.link.is_up(),
            ledger: cx.ledger,
            out: cx.out,
        };
        act(cx.station, &mut at_station)
    }
}
