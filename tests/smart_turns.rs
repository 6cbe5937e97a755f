//! Who is served where not all can be, and when it is whose turn: second by second against the oracle.
#![allow(clippy::panic)]

use evcp::core::{Ev, Feed, Hardware, Notice, Setup};
use evcp::time::Millis;
use evcp_testing::oracle::{Line, Need};
use evcp_testing::{with, World};
use proptest::prelude::*;
use serde_json::json;

const CONNECTORS: usize = 4;

fn charger(connectors: usize, grid: Option<u32>, turn_s: u64) -> Setup {
    let keys = [
        ("MeterValueSampleInterval", "0"),
        ("HeartbeatInterval", "0"),
        ("WebSocketPingInterval", "0"),
    ];
    let mut setup = with(connectors, &keys);
    setup.tuning.grid = grid.map(|deciamps| Hardware {
        deciamps,
        feed: Feed::Three,
    });
    setup.tuning.sharing_turn = Millis::from_secs(turn_s);
    setup
}

fn set(world: &mut World, connector: u32, purpose: &str, limit: i64, least: Option<i64>) {
    let tenths = |tenths: i64| tenths as f64 / 10.0;
    let mut profile = json!({
        "chargingProfileId": 10 + connector, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": tenths(limit)}],
        },
    });
    if let Some(least) = least {
        profile["chargingSchedule"]["minChargingRate"] = json!(tenths(least));
    }
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

/// What each connector may draw, in tenths of an ampere.
fn all(world: &World) -> Vec<u32> {
    let told = (1..=u32::from(u16::MAX)).map_while(|number| world.supply(number));
    told.map(|supply| supply.deciamps.expect("A")).collect()
}

fn all_charge(world: &mut World, connectors: u32) {
    for number in 1..=connectors {
        world.charge(number, &format!("T{number}"));
    }
}

// rules: 156
#[test]
fn a_vehicle_that_does_not_ask_keeps_the_least_on_offer_and_begins_when_it_likes() {
    let mut world = World::booted(charger(2, Some(200), 900));
    all_charge(&mut world, 2);
    world.ev(1, Ev::Suspended);
    assert_eq!(all(&world), [60, 140]);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("SuspendedEV"));
    world.ev(1, Ev::Charging);
    assert_eq!(all(&world), [100, 100]);
    // It does not where there is the least for one alone.
    set(&mut world, 0, "ChargePointMaxProfile", 119, None);
    world.ev(1, Ev::Suspended);
    assert_eq!(all(&world), [0, 119]);
    set(&mut world, 0, "ChargePointMaxProfile", 120, None);
    assert_eq!(all(&world), [60, 60]);
}

// rules: 156
#[test]
fn those_who_are_paused_get_their_turn_after_a_quarter_of_an_hour() {
    let mut world = World::booted(charger(3, Some(130), 900));
    all_charge(&mut world, 3);
    assert_eq!(all(&world), [65, 65, 0]);
    let mut seen = Vec::new();
    for _ in 0..6 {
        world.run(Millis::from_secs(890));
        seen.push(all(&world));
        world.run(Millis::from_secs(10));
    }
    let round = [[65, 65, 0], [65, 0, 65], [0, 65, 65]];
    assert_eq!(seen[..3], round);
    assert_eq!(seen[3..], round);
}

// rules: 156
#[test]
fn without_turns_whoever_started_last_stays_paused() {
    let mut world = World::booted(charger(2, Some(100), 0));
    all_charge(&mut world, 2);
    world.run(Millis::from_secs(100_000));
    assert_eq!(all(&world), [100, 0]);
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(10));
    assert_eq!(all(&world), [0, 100]);
}

// rules: 156
#[test]
fn a_turn_is_over_when_nobody_waits_any_more_and_the_next_one_takes_its_time() {
    let mut world = World::booted(charger(2, Some(100), 900));
    all_charge(&mut world, 2);
    world.run(Millis::from_secs(600));
    world.ev(1, Ev::Absent);
    world.run(Millis::from_secs(10));
    assert_eq!(all(&world), [0, 100]);
    // Nobody waits for the turn that is over at 900 s, and none follows it.
    world.run(Millis::from_secs(1_000));
    world.charge(1, "AGAIN");
    world.run(Millis::from_secs(890));
    assert_eq!(all(&world), [0, 100]);
    world.run(Millis::from_secs(20));
    assert_eq!(all(&world), [100, 0]);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Start(usize),
    Stop(usize),
    Wants(usize, bool),
    Max(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![1_u64..8, 1_u64..600].prop_map(Step::Wait),
        3 => (0..CONNECTORS).prop_map(Step::Start),
        1 => (0..CONNECTORS).prop_map(Step::Stop),
        2 => (0..CONNECTORS, any::<bool>()).prop_map(|(index, wants)| Step::Wants(index, wants)),
        1 => prop_oneof![0_i64..400, 50_i64..200].prop_map(Step::Max),
    ];
    proptest::collection::vec(step, 5..40)
}

#[derive(Clone, Debug)]
struct Case {
    grid: u32,
    turn_s: u64,
    /// Of each connector what it can take, and what it has to get.
    made: Vec<(i64, Option<i64>)>,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    let made = (40_i64..320, proptest::option::weighted(0.5, 30_i64..150));
    (
        prop_oneof![60_u32..200, 100_u32..700],
        prop_oneof![1 => Just(0_u64), 5 => Just(60_u64), 1 => Just(900_u64)],
        proptest::collection::vec(made, CONNECTORS),
        steps(),
    )
        .prop_map(|(grid, turn_s, made, steps)| Case {
            grid,
            turn_s,
            made,
            steps,
        })
}

/// The charge point and its oracle, side by side.
struct Pair {
    world: World,
    line: Line,
    made: Vec<(i64, Option<i64>)>,
    grid: i64,
    max: Option<i64>,
    t: i64,
    sessions: usize,
    /// The transaction of each connector, and whether its vehicle wants energy.
    running: [Option<(usize, bool)>; CONNECTORS],
    /// Since when each waits for others, if it does.
    waits: [Option<i64>; CONNECTORS],
    told: [i64; CONNECTORS],
    seen: usize,
}

impl Pair {
    fn new(case: &Case) -> Self {
        let mut world = World::booted(charger(CONNECTORS, Some(case.grid), case.turn_s));
        for (number, (limit, least)) in (1..).zip(&case.made) {
            set(&mut world, number, "TxDefaultProfile", *limit, *least);
        }
        Self {
            world,
            line: Line::new(i64::try_from(case.turn_s).expect("not that long")),
            made: case.made.clone(),
            grid: i64::from(case.grid),
            max: None,
            t: 0,
            sessions: 0,
            running: [None; CONNECTORS],
            waits: [None; CONNECTORS],
            told: [0; CONNECTORS],
            seen: 0,
        }
    }

    fn bound(&self) -> i64 {
        self.max.map_or(self.grid, |max| max.min(self.grid))
    }

    fn least(&self, index: usize) -> i64 {
        // No pilot says less than 6 A.
        self.made[index]
            .1
            .unwrap_or(0)
            .max(60)
            .min(self.most(index))
    }

    fn most(&self, index: usize) -> i64 {
        let (most, least) = self.made[index];
        if most < least.unwrap_or(0).max(60) {
            0
        } else {
            most
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait(secs) => {
                for _ in 0..*secs {
                    self.world.run(Millis::from_secs(1));
                    self.t += 1;
                    self.look();
                }
            }
            Step::Start(index) if self.running[*index].is_none() => {
                self.sessions += 1;
                let number = *index as u32 + 1;
                self.world.ev(number, Ev::Absent);
                self.world.charge(number, &format!("T{}", self.sessions));
                self.running[*index] = Some((self.sessions, true));
            }
            Step::Stop(index) if self.running[*index].is_some() => {
                self.running[*index] = None;
                self.world.ev(*index as u32 + 1, Ev::Absent);
            }
            Step::Wants(index, wants) => {
                if let Some((_, before)) = &mut self.running[*index] {
                    *before = *wants;
                    let ev = if *wants { Ev::Charging } else { Ev::Suspended };
                    self.world.ev(*index as u32 + 1, ev);
                }
            }
            Step::Start(_) | Step::Stop(_) => {}
            Step::Max(limit) => {
                set(&mut self.world, 0, "ChargePointMaxProfile", *limit, None);
                self.max = Some(*limit);
            }
        }
        self.look();
    }

    fn look(&mut self) {
        self.hear();
        let mut needs = Vec::new();
        let mut places = Vec::new();
        for (index, running) in self.running.iter().enumerate() {
            if let Some((session, wants)) = running {
                places.push(index);
                needs.push(Need {
                    session: *session,
                    most: self.most(index),
                    least: self.least(index),
                    wants: *wants,
                });
            }
        }
        let shares = self.line.shares(self.t, Some(self.bound()), &needs);
        let mut due = [0; CONNECTORS];
        for (index, share) in places.iter().zip(shares) {
            due[*index] = share;
        }
        assert_eq!(self.told, due, "after {} s: {needs:?}", self.t);
        self.nobody_starves();
    }

    /// Takes in what was told, one by one: at no instant may all together draw too much.
    fn hear(&mut self) {
        let news = self.world.told[self.seen..].to_vec();
        self.seen = self.world.told.len();
        for notice in news {
            if let Notice::Supply(at, supply) = notice {
                let before: i64 = self.told.iter().sum();
                self.told[at.index()] = i64::from(supply.deciamps.expect("A"));
                let sum: i64 = self.told.iter().sum();
                assert!(sum <= before.max(self.bound()), "{sum} after {before}");
            }
        }
    }

    fn nobody_starves(&mut self) {
        for index in 0..CONNECTORS {
            let wants = self.running[index].is_some_and(|(_, wants)| wants);
            let waits = wants
                && self.told[index] == 0
                && self.most(index) > 0
                && self.least(index) <= self.bound();
            let since = self.waits[index].filter(|_| waits);
            self.waits[index] = waits.then(|| since.unwrap_or(self.t));
            let most = self.line.turn() * CONNECTORS as i64;
            assert!(
                most == 0 || since.map_or(true, |since| self.t - since <= most),
                "connector {index} waits since {since:?} at {}",
                self.t
            );
        }
    }
}

// rules: 144, 156
#[test]
fn all_get_what_the_oracle_says_and_nobody_waits_longer_than_a_turn_of_each() {
    let outcome = evcp_testing::random::runner(40).run(&case(), |case| {
        let mut pair = Pair::new(&case);
        for step in &case.steps {
            pair.take(step);
        }
        Ok(())
    });
    if let Err(why) = outcome {
        panic!("{why}");
    }
}

// rules: 156
#[test]
fn nothing_is_due_when_nobody_charges() {
    let mut world = World::booted(charger(2, Some(100), 900));
    all_charge(&mut world, 2);
    world.ev(1, Ev::Absent);
    world.ev(2, Ev::Absent);
    world.run(Millis::from_secs(5_000));
    world.charge(1, "LATER");
    assert_eq!(all(&world), [100, 0]);
}
