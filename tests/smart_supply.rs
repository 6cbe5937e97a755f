//! What the charger is told to draw, over days: it follows the oracle at every second, and nothing
//! is told that is not news.
#![allow(clippy::panic)]

use evcp::core::{
    Act, AfterPowerLoss, Ev, Fact, Feed, Hardware, Notice, Place, Purposes, Source, Supply,
};
use evcp::time::{Millis, Wall};
use evcp_testing::oracle::{Oracle, Sources, Word};
use evcp_testing::random::{local_limit, source};
use evcp_testing::{at, with, World};
use proptest::prelude::*;
use serde_json::{json, Value};

const CONNECTORS: usize = 3;

/// Of these purposes the central system's profiles say nothing after so many seconds without a connection.
const IGNORED: [&str; 2] = ["TxDefaultProfile", "ChargePointMaxProfile"];
const PATIENCE: u64 = 300;

/// A profile of a day, from a few numbers: purpose, level, unit, hours and limits.
#[derive(Clone, Debug)]
struct Daily {
    purpose: usize,
    connector: usize,
    level: i32,
    watts: bool,
    start_s: i64,
    duration_s: Option<i64>,
    least: Option<i64>,
    limits: Vec<(i64, i64)>,
    phases: Option<i32>,
}

fn daily() -> impl Strategy<Value = Daily> {
    (
        (0..3_usize, 0..=CONNECTORS, 0..3_i32, any::<bool>()),
        (
            -86_400_i64..86_400,
            proptest::option::weighted(0.5, 1_000_i64..80_000),
        ),
        proptest::option::weighted(0.3, 0_i64..120),
        proptest::collection::vec(
            (
                1_i64..20_000,
                prop_oneof![1 => Just(0_i64), 9 => 20_i64..400],
            ),
            1..6,
        ),
        proptest::option::weighted(0.2, 1..4_i32),
    )
        .prop_map(|(names, times, least, limits, phases)| Daily {
            purpose: names.0,
            connector: names.1,
            level: names.2,
            watts: names.3,
            start_s: times.0,
            duration_s: times.1,
            least,
            limits,
            phases,
        })
}

impl Daily {
    fn json(&self, id: usize, now: i64) -> (i64, Value) {
        let (purpose, connector) = match self.purpose {
            0 => ("ChargePointMaxProfile", 0),
            1 => ("TxDefaultProfile", self.connector as i64),
            _ => ("TxProfile", self.connector.max(1) as i64),
        };
        let factor = if self.watts { 690 } else { 1 };
        let mut begin = 0;
        let mut periods = Vec::new();
        for (number, (gap, limit)) in self.limits.iter().enumerate() {
            begin += if number == 0 { 0 } else { *gap };
            let limit = (limit * factor) as f64 / 10.0;
            let mut period = json!({"startPeriod": begin, "limit": limit});
            if let Some(phases) = self.phases {
                period["numberPhases"] = json!(phases);
            }
            periods.push(period);
        }
        let start = evcp::types::format_wall(Wall((now + self.start_s) * 1000));
        let mut profile = json!({
            "chargingProfileId": id, "stackLevel": self.level, "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
            "chargingSchedule": {
                "startSchedule": start, "chargingRateUnit": if self.watts { "W" } else { "A" },
                "chargingSchedulePeriod": periods,
            },
        });
        if let Some(duration) = self.duration_s {
            profile["chargingSchedule"]["duration"] = json!(duration);
        }
        if let Some(least) = self.least {
            profile["chargingSchedule"]["minChargingRate"] = json!((least * factor) as f64 / 10.0);
        }
        (connector, profile)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Start(usize),
    Stop(usize),
    /// The vehicle wants energy, or does not.
    Wants(usize, bool),
    Set(Daily),
    /// A local limit at a place (0: of all), by a source, for so many seconds.
    Limit(usize, &'static str, Option<Word>, Option<u64>),
    /// A failsafe value.
    Failsafe(usize, &'static str, Option<Word>),
    /// The charger installs one of its own.
    Own(Daily),
    /// There is no network for so many seconds.
    Away(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..30_000).prop_map(Step::Wait),
        3 => (0..CONNECTORS).prop_map(Step::Start),
        1 => (0..CONNECTORS).prop_map(Step::Stop),
        2 => (0..CONNECTORS, any::<bool>()).prop_map(|(index, wants)| Step::Wants(index, wants)),
        4 => daily().prop_map(Step::Set),
        3 => (0..=CONNECTORS, source(), local_limit(), proptest::option::weighted(0.7, 1_u64..20_000))
            .prop_map(|(place, source, word, valid)| Step::Limit(place, source, word, valid)),
        1 => (0..=CONNECTORS, source(), local_limit())
            .prop_map(|(place, source, word)| Step::Failsafe(place, source, word)),
        2 => daily().prop_map(Step::Own),
        1 => (1_u64..20_000).prop_map(Step::Away),
    ];
    proptest::collection::vec(step, 5..30)
}

struct Pair {
    world: World,
    oracle: Oracle,
    sessions: usize,
    wants: [bool; CONNECTORS],
    /// What each connector was told last.
    told: [Supply; CONNECTORS],
    seen: usize,
    tells: usize,
    ids: usize,
    sharing: bool,
    sources: Sources,
}

impl Pair {
    fn new(sharing: bool, switches: bool, grid: Option<Hardware>) -> Self {
        let keys = [
            (
                "ConnectorSwitch3to1PhaseSupported",
                if switches { "true" } else { "false" },
            ),
            ("MeterValueSampleInterval", "0"),
            ("HeartbeatInterval", "0"),
            ("WebSocketPingInterval", "0"),
        ];
        let mut setup = with(CONNECTORS, &keys);
        setup.tuning.sharing = sharing;
        // Turns change between the instants that are looked at; smart_turns looks at each second.
        setup.tuning.sharing_turn = Millis(0);
        setup.tuning.grid = grid;
        setup.tuning.offline_ignores = Purposes::parse(&IGNORED.join(",")).expect("purposes");
        setup.tuning.offline_ignore_after = Millis::from_secs(PATIENCE);
        let feeds = [Feed::Three, Feed::One, Feed::Three];
        for (made, feed) in setup.connectors.iter_mut().zip(feeds) {
            made.hardware.feed = feed;
        }
        let oracle = Oracle {
            hardware: setup.connectors.iter().map(|made| made.hardware).collect(),
            grid,
            volts: 230,
            placed: Vec::new(),
            running: vec![None; CONNECTORS],
            max_level: 100,
            max_periods: 1_000,
            max_profiles: 50,
            ignored: Vec::new(),
            behind: false,
            local: Vec::new(),
            least: vec![60; CONNECTORS],
            switches,
        };
        let mut pair = Self {
            world: World::booted(setup),
            oracle,
            sessions: 0,
            wants: [false; CONNECTORS],
            told: [Supply::OFF; CONNECTORS],
            seen: 0,
            tells: 0,
            ids: 0,
            sharing,
            sources: Sources::default(),
        };
        pair.look();
        pair
    }

    fn now(&self) -> i64 {
        let run = i64::try_from((self.world.now.mono.0 - 1_000_000) / 1000).expect("not that long");
        evcp_testing::NEW_YEAR / 1000 + run
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait(secs) => self.wait(*secs),
            Step::Away(secs) => self.away(*secs),
            Step::Start(index) if self.oracle.running[*index].is_none() => {
                self.sessions += 1;
                let connector = *index as u32 + 1;
                self.oracle.running[*index] = Some((self.sessions, self.now()));
                self.wants[*index] = true;
                self.world.ev(connector, Ev::Absent);
                self.world.ev(connector, Ev::Plugged);
                self.world.show(connector, &format!("T{}", self.sessions));
                self.world.ev(connector, Ev::Charging);
            }
            Step::Stop(index) if self.oracle.running[*index].is_some() => {
                self.oracle.stop(*index);
                self.wants[*index] = false;
                self.world.ev(*index as u32 + 1, Ev::Absent);
            }
            Step::Wants(index, wants) if self.oracle.running[*index].is_some() => {
                self.wants[*index] = *wants;
                let ev = if *wants { Ev::Charging } else { Ev::Suspended };
                self.world.ev(*index as u32 + 1, ev);
            }
            Step::Own(daily) => {
                self.ids += 1;
                let (connector, profile) = daily.json(self.ids % 12, self.now());
                self.oracle.set_own(connector, &profile, self.now());
                self.world.install_own(connector as u32, &profile);
            }
            Step::Start(_) | Step::Stop(_) | Step::Wants(..) => {}
            Step::Limit(place, source, word, valid) => {
                let now = self.world.now.mono.0;
                let valid = valid.map(|valid| valid * 1000);
                self.sources.say(*place as i64, source, *word, now, valid);
                self.oracle.local = self.sources.standing(now);
                self.world.fact(Fact::LocalLimit {
                    place: Place::new(*place as u32).expect("a place"),
                    source: Source::new(source).expect("a source"),
                    rate: word.map(Word::rate),
                    valid: valid.map(Millis),
                });
            }
            Step::Failsafe(place, source, word) => {
                self.sources.failsafe(*place as i64, source, *word);
                self.oracle.local = self.sources.standing(self.world.now.mono.0);
                let place = Place::new(*place as u32).expect("a place");
                let source = Source::new(source).expect("a source");
                self.world
                    .act(Act::SetFailsafe(place, source, word.map(Word::rate)));
            }
            Step::Set(daily) => {
                self.ids += 1;
                let (connector, profile) = daily.json(self.ids % 12, self.now());
                let taken = self.oracle.set(connector, &profile, self.now());
                let request = json!({"connectorId": connector, "csChargingProfiles": profile});
                let answer = self.world.call("SetChargingProfile", request);
                let status = if taken { "Accepted" } else { "Rejected" };
                assert_eq!(answer, Some(json!({ "status": status })));
            }
        }
        self.look();
        self.compare();
    }

    fn wait(&mut self, secs: u64) {
        let end = self.now() + i64::try_from(secs).expect("not that long");
        let mut instants = self.oracle.boundaries(self.now(), end - self.now());
        let ends = self.sources.ends().into_iter();
        let now = self.world.now.mono.0;
        instants.extend(ends.filter_map(|at| {
            let ahead = i64::try_from(at.checked_sub(now)? / 1000).expect("not that long");
            Some(self.now() + ahead).filter(|at| *at < end)
        }));
        instants.push(end);
        instants.sort_unstable();
        for instant in instants {
            let span = u64::try_from(instant - self.now()).unwrap_or(0);
            self.world.run(Millis::from_secs(span));
            self.oracle.local = self.sources.standing(self.world.now.mono.0);
            let before = self.told;
            let told = self.look();
            // As many as there are changes, if each connector is alone; where both sums are
            // bounded, the less of both may come in between.
            let changes = before.iter().zip(&self.told);
            let changes = changes.filter(|(old, new)| old != new).count();
            let most = match self.oracle.bounds(self.now()).len() {
                2 => changes * 2,
                _ => changes,
            };
            let fits = (changes..=most).contains(&told);
            assert!(self.sharing || fits, "{told} tells of {changes}");
            self.compare();
        }
    }

    /// What is ignored is so from that second on, and counts with the connection.
    fn away(&mut self, secs: u64) {
        self.world.fact(Fact::Network(false));
        self.wait(secs.min(PATIENCE - 1));
        if secs >= PATIENCE {
            self.world.run(Millis::from_secs(1));
            self.oracle.ignored = IGNORED.to_vec();
            self.oracle.local = self.sources.standing(self.world.now.mono.0);
            self.look();
            self.compare();
            self.wait(secs - PATIENCE);
        }
        self.world.fact(Fact::Network(true));
        self.world.run(Millis(0));
        self.oracle.ignored.clear();
    }

    /// Takes in what was told, one by one: at no instant do all together draw too much.
    fn look(&mut self) -> usize {
        let before = self.tells;
        let news = self.world.told[self.seen..].to_vec();
        self.seen = self.world.told.len();
        for notice in news {
            let Notice::Supply(connector, supply) = notice else {
                continue;
            };
            let told = self.told[connector.index()];
            assert!(
                told != supply || self.tells < CONNECTORS,
                "told twice: {supply:?}"
            );
            let before = self.drawn();
            self.told[connector.index()] = supply;
            self.tells += 1;
            for ((unit, sum, most), (.., before, _)) in self.drawn().iter().zip(before) {
                assert!(
                    *sum <= before.max(*most),
                    "{sum} of {most} {unit} after {before}: {supply:?}"
                );
            }
        }
        self.tells - before
    }

    /// What all together were told, in each unit in which they share, and how much that is.
    fn drawn(&self) -> Vec<(char, i64, i64)> {
        let sum = |unit| (0..CONNECTORS).map(|index| self.told_in(index, unit)).sum();
        let bounds = self.oracle.bounds(self.now()).into_iter();
        bounds
            .map(|(unit, total)| (unit, sum(unit), total))
            .collect()
    }

    fn told_in(&self, index: usize, unit: char) -> i64 {
        let told = &self.told[index];
        match unit {
            'A' => i64::from(told.deciamps.expect("said")),
            _ => i64::try_from(told.deciwatts.expect("said")).expect("fits"),
        }
    }

    /// The limits of a connector that is alone, as the oracle has them, in A and W.
    fn own(&self, index: usize) -> (i64, i64) {
        self.oracle.alone(index, self.now())
    }

    /// Without sharing: its part of each sum.
    fn part(&self, index: usize) -> (i64, i64) {
        let mut part = self.own(index);
        let n = self.oracle.drawn(index, self.now());
        for (unit, total) in self.oracle.bounds(self.now()) {
            let share = total / CONNECTORS as i64;
            part.0 = part.0.min(self.oracle.convert(share, unit, 'A', n));
            part.1 = part.1.min(self.oracle.convert(share, unit, 'W', n));
        }
        self.oracle.useful(index, self.now(), part)
    }

    fn compare(&self) {
        let t = self.now();
        let bounds = self.drawn();
        for index in 0..CONNECTORS {
            let told = self.told[index];
            let (amps, watts) = (self.told_in(index, 'A'), self.told_in(index, 'W'));
            if self.oracle.running[index].is_none() {
                assert!(!told.permit && amps == 0 && watts == 0);
                continue;
            }
            if bounds.is_empty() || !self.sharing {
                let own = self.part(index);
                let expected = if own.0 > 0 && own.1 > 0 { own } else { (0, 0) };
                assert_eq!((amps, watts), expected, "connector {index} at {t}");
                assert_eq!(told.permit, expected.0 > 0);
                continue;
            }
            let own = self.own(index);
            assert!(
                amps <= own.0 && watts <= own.1,
                "connector {index} at {t}: {told:?} {own:?}"
            );
        }
        for (unit, sum, total) in &bounds {
            assert!(sum <= total, "{sum} of {total} {unit} at {t}");
        }
        if self.sharing && !bounds.is_empty() {
            (0..CONNECTORS).for_each(|index| self.is_served(index, &bounds));
        }
    }

    /// Nothing is left over that somebody who wants it could use.
    fn is_served(&self, index: usize, bounds: &[(char, i64, i64)]) {
        if self.oracle.running[index].is_none() || !self.wants[index] {
            return;
        }
        let t = self.now();
        let own = self.own(index);
        let gets = (self.told_in(index, 'A'), self.told_in(index, 'W'));
        if own.0 == 0 || own.1 == 0 || gets.0 >= own.0 || gets.1 >= own.1 {
            return;
        }
        let n = self.oracle.drawn(index, t);
        let rate = self.oracle.min_rate(index, t);
        let used_up = |(unit, sum, total): &(char, i64, i64)| {
            let most = if *unit == 'A' { own.0 } else { own.1 };
            let said = rate.map_or(0, |(rate, from)| self.oracle.convert(rate, from, *unit, n));
            let least = self.oracle.convert(60, 'A', *unit, n).max(said).min(most);
            let useful = if gets.0 > 0 { 1 } else { least };
            total - sum < useful.max(1)
        };
        assert!(
            bounds.iter().any(used_up),
            "connector {index} at {t}: it gets {gets:?} of {own:?}, drawn {bounds:?}"
        );
    }
}

/// The grid connection, if it bounds anything.
fn grid() -> impl Strategy<Value = Option<Hardware>> {
    let feed = prop_oneof![
        1 => Just(Feed::One),
        1 => Just(Feed::Two),
        4 => Just(Feed::Three)
    ];
    let grid = (100_u32..1_000, feed).prop_map(|(deciamps, feed)| Hardware { deciamps, feed });
    proptest::option::weighted(0.6, grid)
}

fn run(sharing: bool) {
    let outcome = evcp_testing::random::runner(60).run(
        &(grid(), any::<bool>(), steps()),
        |(grid, switches, steps)| {
            let mut pair = Pair::new(sharing, switches, grid);
            for step in &steps {
                pair.take(step);
            }
            Ok(())
        },
    );
    if let Err(why) = outcome {
        panic!("{why}");
    }
}

// rules: 144, 151, 156
#[test]
fn alone_a_connector_is_told_what_the_oracle_says_and_only_news() {
    run(false);
}

// rules: 144, 156
#[test]
fn together_connectors_stay_within_the_maximum_and_leave_nothing_that_is_wanted() {
    run(true);
}

fn day(id: i32, purpose: &str, periods: Value) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        },
    })
}

fn set(world: &mut World, connector: u32, profile: &Value) {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    let answer = world.call("SetChargingProfile", request);
    assert_eq!(answer, Some(json!({"status": "Accepted"})));
}

fn amps(world: &World, connector: u32) -> u32 {
    world
        .supply(connector)
        .and_then(|supply| supply.deciamps)
        .expect("it was told")
}

// rules: 156
#[test]
fn a_limit_changes_at_its_second_and_a_pause_is_suspended_evse() {
    let mut world = World::booted(with(1, &[]));
    let periods = json!([
        {"startPeriod": 0, "limit": 16}, {"startPeriod": 60, "limit": 0},
        {"startPeriod": 120, "limit": 6.1},
    ]);
    set(&mut world, 0, &day(1, "TxDefaultProfile", periods));
    world.charge(1, "ONE");
    world.run(Millis(59_999));
    assert_eq!(amps(&world, 1), 160);
    world.run(Millis(1));
    assert_eq!(amps(&world, 1), 0);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("SuspendedEVSE"));
    // The contactor is open: the vehicle can only wait.
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(60));
    assert_eq!(amps(&world, 1), 61);
    world.ev(1, Ev::Charging);
    assert_eq!(world.statuses(1).pop().as_deref(), Some("Charging"));
    let all = world.statuses(1);
    assert_eq!(
        all[all.len() - 3..],
        ["Charging", "SuspendedEVSE", "Charging"]
    );
}

// rules: 144
#[test]
fn less_is_told_before_more() {
    let mut world = World::booted(with(2, &[]));
    let max = |limit: i32| {
        day(
            1,
            "ChargePointMaxProfile",
            json!([{"startPeriod": 0, "limit": limit}]),
        )
    };
    set(&mut world, 0, &max(20));
    world.charge(1, "ONE");
    assert_eq!(amps(&world, 1), 200);
    world.told.clear();
    world.charge(2, "TWO");
    let order: Vec<_> = world
        .told
        .iter()
        .filter_map(|notice| match notice {
            Notice::Supply(connector, supply) if supply.permit => {
                Some((*connector, supply.deciamps))
            }
            _ => None,
        })
        .collect();
    assert_eq!(order, [(at(1), Some(100)), (at(2), Some(100))]);
    world.ev(1, Ev::Absent);
    assert_eq!(amps(&world, 2), 200);
    set(&mut world, 0, &max(11));
    assert_eq!(amps(&world, 2), 110);
}

// rules: 150
#[test]
fn profiles_survive_a_power_cut_and_those_of_a_transaction_only_with_it() {
    for (after, expected) in [(AfterPowerLoss::Stop, 160), (AfterPowerLoss::Resume, 80)] {
        let mut setup = with(1, &[]);
        setup.tuning.after_power_loss = after;
        let mut world = World::booted(setup);
        let limit =
            |id, purpose, limit: i32| day(id, purpose, json!([{"startPeriod": 0, "limit": limit}]));
        set(&mut world, 0, &limit(1, "TxDefaultProfile", 16));
        world.charge(1, "ONE");
        set(&mut world, 1, &limit(2, "TxProfile", 8));
        assert_eq!(amps(&world, 1), 80);
        world.power_cycle();
        world.run(Millis::from_secs(2));
        if after == AfterPowerLoss::Stop {
            world.charge(1, "ONE");
        }
        world.ev(1, Ev::Charging);
        assert_eq!(amps(&world, 1), expected);
        // With the transaction its profile is gone for good.
        world.ev(1, Ev::Absent);
        world.charge(1, "TWO");
        assert_eq!(amps(&world, 1), 160);
    }
}
