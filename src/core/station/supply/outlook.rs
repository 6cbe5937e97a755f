//! What composite schedules are made from, apart from the engine: a copy that anybody may ask
//! while the engine is busy.

use crate::time::Mono;
use std::sync::Arc;

use crate::core::clock::Clock;
use crate::core::ledger::Ledger;
use crate::core::settings::Key;
use crate::core::station::supply::composite::{most_looks, sweep, Composite, Site};
use crate::core::station::supply::instant::second;
use crate::core::station::supply::instant::Instant;
use crate::core::station::supply::limits::{Installed, Load, Volts};
use crate::core::station::Station;
use crate::core::{ConnectorId, Feed, Hardware, LocalLimit, Place, Schedule, SchedulePeriod, TxId};
use crate::time::{Now, Wall};
use crate::types::ChargingRateUnitType as Unit;

/// What limits charging from now on, as far as is known: see [`Engine::outlook`](crate::core::Engine::outlook).
#[derive(Clone, Debug)]
pub struct Outlook {
    profiles: Arc<Installed>,
    clock: Clock,
    /// Of each connector its hardware, and the transaction that runs there, with its start.
    connectors: Vec<(Hardware, Option<(TxId, Wall)>)>,
    grid: Option<Hardware>,
    /// The local limits that stand now, as if they stayed.
    local: Vec<LocalLimit>,
    switches_phases: bool,
    volts: Volts,
    most: usize,
}

impl Outlook {
    /// Whether a transaction runs.
    #[cfg(feature = "net")]
    pub(crate) fn runs(&self, tx: TxId) -> bool {
        let mut running = self.connectors.iter().filter_map(|(_, running)| *running);
        running.any(|(id, _)| id == tx)
    }

    /// What is installed.
    pub(super) fn installed(&self) -> &Installed {
        &self.profiles
    }

    /// The composite schedule of a connector, or of the grid connection, from now on for so
    /// many seconds, in amperes per phase or in watts (`OCPP 1.6 §5.7`).
    #[must_use]
    pub fn schedule(&self, now: Now, place: Place, duration: u32, unit: Unit) -> Schedule {
        let start = self.clock.instant(now.mono);
        let composite = self.composite(place, start, i64::from(duration), unit);
        let periods = composite
            .periods
            .iter()
            .map(|(start, limit)| SchedulePeriod {
                start: u32::try_from(*start).unwrap_or(u32::MAX),
                tenths: limit.tenths,
                phases: limit.phases,
            });
        Schedule {
            periods: periods.collect(),
            covered: u32::try_from(composite.duration).unwrap_or(u32::MAX),
        }
    }

    /// The local limits that it counts with: those that stood when it was made.
    #[must_use]
    pub fn local_limits(&self) -> &[LocalLimit] {
        &self.local
    }

    /// What limits all profiles together make, from a second on (`OCPP 1.6 §5.7`).
    pub(crate) fn composite(
        &self,
        place: Place,
        start: Instant,
        duration: i64,
        unit: Unit,
    ) -> Composite {
        let profiles = self.profiles.len() + 1;
        match place.connector().and_then(|at| self.load(at, start.t)) {
            Some(load) => sweep(start.t, duration, self.most, most_looks(profiles), |t| {
                let at = start.at(t);
                let terms = self.profiles.terms(&load, at, &self.local, self.volts);
                (terms.limit(unit, false), terms.until())
            }),
            None => {
                let ids = (1..=u32::from(ConnectorId::MAX)).filter_map(ConnectorId::new);
                let all = ids.map_while(|at| self.load(at, start.t));
                let all: Vec<_> = all.collect();
                let looks = most_looks(profiles.saturating_mul(all.len()));
                sweep(start.t, duration, self.most, looks, |t| {
                    let site = Site {
                        profiles: &self.profiles,
                        local: &self.local,
                        grid: self.grid,
                        volts: self.volts,
                    };
                    site.limit(&all, start.at(t), unit)
                })
            }
        }
    }

    /// How many phases there are, if fewer than the three that the standard takes for granted
    /// (`OCPP 1.6 §7.14`); the most that a connector has, for the grid connection.
    pub(crate) fn phases(&self, place: Place) -> Option<u8> {
        let here =
            |(at, _): &(usize, &Feed)| place.connector().map_or(true, |place| place.index() == *at);
        let feeds = self.connectors.iter().map(|(hardware, _)| &hardware.feed);
        let feeds = feeds.enumerate().filter(here);
        let phases = feeds.map(|(_, feed)| match feed {
            Feed::One => 1,
            Feed::Two => 2,
            // Direct current has no phases, and what it is made from is not known.
            Feed::Three | Feed::Dc => 3,
        });
        phases.max().filter(|phases| *phases < 3)
    }

    /// Whom the limits of a connector are for; idle, a transaction that would start now.
    fn load(&self, at: ConnectorId, now: i64) -> Option<Load> {
        let (hardware, running) = *self.connectors.get(at.index())?;
        Some(Load {
            at,
            tx: running.map(|(tx, _)| tx),
            started: running.map_or(now, |(_, started)| second(started)),
            hardware,
            switches_phases: self.switches_phases,
        })
    }
}

impl Station {
    /// A copy of what composite schedules are made from, which can be asked on any thread.
    #[must_use]
    pub(crate) fn outlook(&self, ledger: &Ledger) -> Outlook {
        Outlook {
            profiles: self.profiles.clone(),
            clock: self.clock,
            connectors: self.outlook_connectors(ledger).collect(),
            grid: self.setup.tuning.grid,
            local: self.local_limits().to_vec(),
            switches_phases: self.switches_phases(),
            volts: self.volts(),
            most: self.most_periods(),
        }
    }

    /// Whether a copy says what a new one would.
    #[must_use]
    pub(crate) fn agrees_with(&self, outlook: &Outlook, ledger: &Ledger) -> bool {
        Arc::ptr_eq(&self.profiles, &outlook.profiles)
            && self.clock == outlook.clock
            && self.local_limits() == outlook.local
            && self.most_periods() == outlook.most
            && self
                .outlook_connectors(ledger)
                .eq(outlook.connectors.iter().copied())
    }

    fn outlook_connectors<'a>(
        &'a self,
        ledger: &'a Ledger,
    ) -> impl Iterator<Item = (Hardware, Option<(TxId, Wall)>)> + 'a {
        self.connector_ids()
            .zip(&self.setup.connectors)
            .map(move |(at, made)| {
                let running = self.running(at, ledger);
                let running = running.map(|tx| (tx.id, tx.started.wall));
                (made.hardware, running)
            })
    }

    fn most_periods(&self) -> usize {
        let most = self.settings.int(Key::ChargingScheduleMaxPeriods);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// The composite schedule of a place, and how many phases there are where that is to be said.
    pub(crate) fn composite(
        &self,
        place: Place,
        duration: i64,
        unit: Unit,
        now: Mono,
        ledger: &Ledger,
    ) -> (Wall, Composite, Option<u8>) {
        let start = self.clock.instant(now);
        let outlook = self.outlook(ledger);
        let composite = outlook.composite(place, start, duration, unit);
        (
            Wall(start.t.saturating_mul(1000)),
            composite,
            outlook.phases(place),
        )
    }
}
