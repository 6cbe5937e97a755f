//! Smart charging by brute force beside the charge point: no connector is ever offered more than all
//! profiles that were taken allow.

use std::collections::BTreeMap;

use evcp::core::{ConnectorSetup, Feed, Hardware, Supply};
use evcp_testing::oracle::{Oracle, Sources, Word};
use serde_json::Value;

use super::plan::{Event, Plan};
use super::NEW_YEAR;

/// The clock of the charge point may be behind by as much as an answer was under way, in seconds.
const BEHIND: i64 = 90;

/// What the profiles say, as far as that is sure.
pub struct Limits {
    oracle: Oracle,
    /// Calls about profiles that have no answer yet.
    asked: BTreeMap<String, (String, Value)>,
    /// Nothing was forgotten, and the clocks agree.
    sure: bool,
    transactions: usize,
    looked: u64,
    sources: Sources,
    /// No failsafe value was lost with a write that the disk refused.
    kept: bool,
}

fn word(tenths: u32) -> Word {
    Word {
        unit: 'A',
        tenths: i64::from(tenths),
        phases: None,
    }
}

/// What may flow, in tenths of A.
fn sum(supplies: impl Iterator<Item = Supply>) -> i64 {
    let flowing = supplies.filter(|supply| supply.permit);
    let amps = flowing.map(|supply| supply.deciamps.map_or(i64::MAX, i64::from));
    amps.fold(0, i64::saturating_add)
}

fn second(now: u64) -> i64 {
    NEW_YEAR / 1_000 + i64::try_from(now / 1_000).unwrap_or(0)
}

impl Limits {
    pub fn new(plan: &Plan) -> Self {
        let make = &plan.make;
        let jumps = |event: &Event| matches!(event, Event::Clock(_) | Event::CentralClock(_));
        Self {
            oracle: Oracle {
                hardware: vec![ConnectorSetup::SOCKET.hardware; make.connectors],
                grid: make.grid.map(|deciamps| Hardware {
                    deciamps,
                    feed: Feed::Three,
                }),
                volts: 230,
                placed: Vec::new(),
                running: vec![None; make.connectors],
                max_level: 100,
                max_periods: 1_000,
                max_profiles: 50,
                ignored: Vec::new(),
                behind: false,
                local: Vec::new(),
                least: vec![60; make.connectors],
                switches: false,
            },
            asked: BTreeMap::new(),
            sure: make.clock_off == 0 && !plan.events.iter().any(|(_, event)| jumps(event)),
            transactions: 0,
            looked: 0,
            sources: Sources::default(),
            kept: true,
        }
    }

    /// A source sets its limit.
    pub fn say(
        &mut self,
        place: i64,
        source: &str,
        rate: Option<u32>,
        mono: u64,
        valid: Option<u64>,
    ) {
        self.sources.say(place, source, rate.map(word), mono, valid);
    }

    /// What holds when it has not spoken.
    pub fn failsafe(&mut self, place: i64, source: &str, rate: Option<u32>) {
        self.sources.failsafe(place, source, rate.map(word));
    }

    /// No local limit is exceeded, at no instant.
    pub fn mind_sources(&mut self, supplies: &[Supply], mono: u64) -> Result<(), String> {
        if !self.kept {
            return Ok(());
        }
        self.oracle.local = self.sources.standing(mono);
        for (place, limit) in &self.oracle.local {
            let of = |(index, supply): (usize, &Supply)| {
                let here = *place == 0 || *place == index as i64 + 1;
                here.then_some(*supply)
            };
            let drawn = sum(supplies.iter().enumerate().filter_map(of));
            if drawn > limit.tenths {
                return Err(format!(
                    "{drawn} tenths of A at {place}, {} are the limit",
                    limit.tenths
                ));
            }
        }
        Ok(())
    }

    /// The firmware was told something: at no instant is it told too much for the grid connection.
    pub fn told(&self, supplies: impl Iterator<Item = Supply>) -> Result<(), String> {
        let drawn = sum(supplies);
        match self.oracle.grid {
            Some(grid) if drawn > i64::from(grid.deciamps) => Err(format!(
                "{drawn} tenths of A from a grid connection of {}",
                grid.deciamps
            )),
            _ => Ok(()),
        }
    }

    /// A call of the central system reaches the charge point.
    pub fn asked(&mut self, id: &str, action: &str, payload: &Value) {
        if matches!(action, "SetChargingProfile" | "ClearChargingProfile") {
            self.asked
                .insert(id.to_owned(), (action.to_owned(), payload.clone()));
        }
    }

    /// The charge point answers.
    pub fn answered(&mut self, id: &str, answer: &Value, now: u64) {
        let Some((action, payload)) = self.asked.remove(id) else {
            return;
        };
        if answer["status"] != "Accepted" {
            return;
        }
        if action == "SetChargingProfile" {
            let connector = payload["connectorId"].as_i64().unwrap_or(-1);
            self.sure &= self
                .oracle
                .set(connector, &payload["csChargingProfiles"], second(now));
        } else {
            let id = &payload["id"];
            self.oracle
                .clear(|placed| id.is_null() || placed.profile["chargingProfileId"] == *id);
        }
    }

    pub fn runs(&mut self, index: usize, runs: bool, now: u64) {
        match (runs, self.oracle.running[index]) {
            (true, None) => {
                self.transactions += 1;
                self.oracle.running[index] = Some((self.transactions, second(now)));
            }
            (false, Some(_)) => self.oracle.stop(index),
            _ => {}
        }
    }

    /// The power goes. What was asked and not answered may have been done.
    pub fn power_cut(&mut self, lossy: bool) {
        self.sure &= !lossy && self.asked.is_empty();
        self.kept &= !lossy;
        self.sources.restart();
        self.asked.clear();
    }

    /// Looks at one connector: at once after a command, else once a minute.
    pub fn look(&mut self, supplies: &[Supply], now: u64, command: bool) -> Result<(), String> {
        if !self.sure || self.oracle.placed.is_empty() || (!command && now < self.looked + 60_000) {
            return Ok(());
        }
        self.looked = now;
        let t = second(now);
        let mut instants = self.oracle.boundaries(t - BEHIND, BEHIND + 2);
        instants.push(t);
        // The maximum is of all together, unless there was none.
        let max = |instant: &i64| self.oracle.to_all(*instant).map(|(_, total, _)| total);
        let max: Option<Vec<_>> = instants.iter().map(max).collect();
        let max = max.and_then(|all| all.into_iter().max());
        let drawn = sum(supplies.iter().copied());
        if let Some(max) = max.filter(|max| drawn > *max) {
            return Err(format!(
                "{drawn} tenths of A together, {max} are the maximum"
            ));
        }
        for (index, supply) in supplies
            .iter()
            .enumerate()
            .filter(|(_, supply)| supply.permit)
        {
            let of = |instant: &i64| self.oracle.limit(index, *instant, *instant, 'A', true).0;
            let most = instants.iter().map(of).max().unwrap_or(0);
            if supply.deciamps.map_or(true, |amps| i64::from(amps) > most) {
                return Err(format!(
                    "connector {} may draw {most} tenths of A: {supply:?}",
                    index + 1
                ));
            }
        }
        Ok(())
    }
}
