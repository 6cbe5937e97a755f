//! The station: what the charger is and does, whatever protocol its central system speaks. Facts of the host,
//! sessions, meters, what each connector may draw, who may charge, what the firmware is asked.

mod actuator;
mod actuators;
mod arrival;
mod asking;
mod attendance;
mod authorization;
mod authorizations;
mod cache;
mod condition;
mod connector;
mod drain;
mod faults;
mod feedback;
mod free;
mod instants;
mod keys;
mod life;
mod meter;
mod metering;
mod power_loss;
mod questions;
mod read_for;
mod readings;
mod restart;
mod run;
mod sampled_values;
mod sampling;
mod session;
mod shown;
mod site;
mod start;
mod stop;
mod supply;
mod tags;
mod times;
mod turn;
mod vehicle;
mod watchdog;
mod why;

pub(crate) use authorizations::{group, is_tag, Intent};
pub(crate) use life::Step;
pub(crate) use questions::{AnswerFor, Caller, Repeated};
pub(crate) use shown::Shown;
pub(crate) use site::ServiceChange;
#[cfg(feature = "net")]
pub(crate) use supply::OwnProfiles;
pub(crate) use supply::{Composite, LocalLimits, Profile};
pub use supply::{ListedProfile, Outlook};

use std::collections::VecDeque;
use std::sync::Arc;

use self::actuators::Actuators;
use self::authorizations::Authorizations;
use self::cache::Cache;
use self::condition::Condition;
use self::connector::Connector;
use self::life::{Drain, Life};
use self::meter::Meter;
use self::questions::Questions;
use self::supply::{Installed, Offers, Turns};
use self::watchdog::Watchdog;
use crate::core::clock::Clock;
use crate::core::ledger::Ledger;
use crate::core::output::Output;
use crate::core::settings::Settings;
use crate::core::{ConnectorId, Place, Setup, Stamp, Stored, StoredProfile, Transaction, TxId};
use crate::time::{Mono, Now, Wall};
use crate::types::{IdToken, SampledValue};

/// What the station works with while something happens.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    /// Whether the central system is there and has accepted us.
    pub(crate) online: bool,
    /// Whether it can be asked about one tag more.
    pub(crate) has_room: bool,
    /// Whether there is a connection to it.
    pub(crate) linked: bool,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) out: &'a mut Output,
}

/// What happened at the station, for whoever reports it to the central system.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The central system is to say whether a tag may charge; the answer goes to that number.
    Authorize(u64, IdToken),
    /// What a meter shows, which somebody asked for.
    Reading {
        place: Place,
        tx: Option<TxId>,
        at: Stamp,
        values: Vec<SampledValue>,
    },
}

/// The charger, apart from its central system.
#[derive(Debug)]
pub(crate) struct Station {
    setup: Setup,
    settings: Settings,
    clock: Clock,
    life: Life,
    drain: Drain,
    /// The central system has accepted us, in this run or an earlier one.
    accepted: bool,
    connectors: Vec<Connector>,
    /// Of the charge point as a whole: connector 0.
    condition: Condition,
    /// The main meter, if there is one.
    main_meter: Option<Meter>,
    /// The next instant of the clock-aligned interval.
    aligned: Option<Wall>,
    /// Shared with whoever looks ahead.
    profiles: Arc<Installed>,
    local: LocalLimits,
    /// Since when there is no connection to the central system.
    alone_since: Option<Mono>,
    offers: Offers,
    /// Who is served first where not all can be.
    turns: Turns,
    cache: Cache,
    authorizations: Authorizations,
    questions: Questions,
    watchdog: Watchdog,
    events: VecDeque<Event>,
}

/// What the store kept for the station, but for what has an owner of its own.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) running: Vec<Transaction>,
    pub(crate) orderly: bool,
    pub(crate) profiles: Vec<StoredProfile>,
    pub(crate) local: LocalLimits,
}

impl Station {
    /// As the store kept it. What was running has still to be restored. `newest`: the newest time of all that
    /// the store kept.
    pub(crate) fn new(
        setup: Setup,
        settings: Settings,
        stored: &mut Stored,
        newest: Option<Wall>,
        now: Now,
    ) -> Self {
        let unit = setup.tuning.temperature_unit;
        let ids = (1..=u32::from(ConnectorId::MAX)).filter_map(ConnectorId::new);
        let numbered = ids.zip(&setup.connectors);
        let connectors = numbered
            .map(|(id, made)| {
                let actuators = Actuators::new(made.feedback, &setup.tuning, now.mono);
                Connector::new(id, made.lockable, unit, actuators)
            })
            .collect();
        let mut station = Self {
            settings,
            clock: Clock::new(now, newest),
            life: Life::InOperation,
            drain: Drain::Open,
            accepted: stored.accepted,
            connectors,
            condition: Condition::SOUND,
            main_meter: setup.tuning.main_meter.then(|| Meter::new(unit)),
            aligned: None,
            profiles: Arc::default(),
            local: LocalLimits::default(),
            alone_since: None,
            offers: Offers::default(),
            turns: Turns::default(),
            cache: Cache::new(std::mem::take(&mut stored.cache)),
            authorizations: Authorizations::default(),
            questions: Questions::default(),
            watchdog: Watchdog::new(setup.tuning.watchdog),
            events: VecDeque::new(),
            setup,
        };
        // What is stored of a connector that is gone does not matter.
        let count = station.connectors.len();
        let is_here = |place: Place| place.connector().map_or(true, |at| at.index() < count);
        let stored_of = |all: &mut Vec<(Place, bool)>| {
            let all = std::mem::take(all).into_iter();
            all.filter(|(place, _)| is_here(*place))
        };
        for (place, operative) in stored_of(&mut stored.availability) {
            if let Some(condition) = station.condition_mut(place) {
                condition.set_central(operative);
            }
        }
        for (place, operative) in stored_of(&mut stored.local_availability) {
            if let Some(condition) = station.condition_mut(place) {
                condition.set_local(operative);
            }
        }
        for (at, register) in std::mem::take(&mut stored.registers) {
            if let Some(connector) = station.connectors.get_mut(at.index()) {
                connector.meter_mut().remember(register);
            }
        }
        station
    }

    /// What happened since this was last asked.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(crate) const fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What time it is, for a message.
    pub(crate) fn stamp(&self, now: Mono) -> Stamp {
        self.clock.stamp(now)
    }

    fn connector(&self, id: ConnectorId) -> Option<&Connector> {
        self.connectors.get(id.index())
    }

    /// A connector that something happens at. Whoever names one that does not exist is told so in the log.
    fn connector_mut(&mut self, id: ConnectorId) -> Option<&mut Connector> {
        let connector = self.connectors.get_mut(id.index());
        if connector.is_none() {
            log_missing(id);
        }
        connector
    }

    /// Whether there is such a connector.
    fn exists(&self, id: ConnectorId) -> bool {
        self.connector(id).is_some()
    }

    /// A place by the number that the central system names it by, if it exists here.
    pub(crate) fn place(&self, number: i32) -> Option<Place> {
        let place = Place::new(u32::try_from(number).ok()?)?;
        let exists = place.connector().map_or(true, |at| self.exists(at));
        exists.then_some(place)
    }

    /// The charge point as a whole, and its connectors by their numbers; borrows nothing.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + Clone + 'static {
        let connectors = self.connector_ids().map(Place::Connector);
        std::iter::once(Place::ChargePoint).chain(connectors)
    }

    /// All connectors by their numbers; borrows nothing.
    pub(crate) fn connector_ids(&self) -> impl Iterator<Item = ConnectorId> + Clone + 'static {
        let count = u32::try_from(self.connectors.len()).unwrap_or(0);
        (1..=count).filter_map(ConnectorId::new)
    }

    fn condition_mut(&mut self, at: Place) -> Option<&mut Condition> {
        match at {
            Place::ChargePoint => Some(&mut self.condition),
            Place::Connector(at) => self.connector_mut(at).map(Connector::condition_mut),
        }
    }
}

#[cold]
fn log_missing(id: ConnectorId) {
    log::error!("connector {id} does not exist: what was to happen there does not");
}
