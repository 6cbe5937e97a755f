//! The library's limits against those of the oracle, which works second by second.
//!
//! `EVCP_CASES=100000 cargo test --release --test smart_oracle` asks for more cases. A case that
//! fails is shrunk and printed; the seed is printed in any case, and EVCP_SEED repeats it.
#![allow(clippy::panic)]

use evcp::core::{Act, AfterPowerLoss, Ev, Fact, Feed, Hardware, Place, Purposes, Source};
use evcp::time::{Millis, Wall};
use evcp::types::ChargingRateUnitType as Unit;
use evcp_testing::oracle::{Oracle, Sources, Word};
use evcp_testing::random::{local_limit, source};
use evcp_testing::{place, with, Treat, World};
use proptest::prelude::*;
use serde_json::{json, Map, Value};

const CONNECTORS: usize = 3;

/// One thing that happens to the charge point.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Start(usize),
    Stop(usize),
    Set(i64, Profile),
    /// The charger installs one of its own.
    Own(i64, Profile),
    /// The charger removes one of its own, or all of them.
    ClearOwn(Option<(i64, i32)>),
    /// There is no network for so many seconds.
    Away(i64),
    Clear(Option<i32>, Option<i64>, Option<&'static str>, Option<i32>),
    Ask(i64, i64, Option<&'static str>),
    /// A power cut, after which the device's clock is late by so many seconds, and nobody says what
    /// time it is.
    Cut(i64),
    /// The host says what time it is.
    Right,
    /// A local limit at a place (0: of all), by a source, for so many seconds.
    Limit(usize, &'static str, Option<Word>, Option<u64>),
    /// A failsafe value.
    Failsafe(usize, &'static str, Option<Word>),
}

/// A profile with its times relative to when it is sent.
#[derive(Clone, Debug)]
struct Profile {
    id: i32,
    level: i32,
    purpose: &'static str,
    kind: &'static str,
    recurrency: Option<&'static str>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    start: Option<i64>,
    duration: Option<i64>,
    unit: &'static str,
    least: Option<i64>,
    /// Gap before it, limit in tenths, phases.
    periods: Vec<(i64, i64, Option<i32>)>,
}

fn time(second: i64) -> Value {
    json!(evcp::types::format_wall(Wall(second * 1000)))
}

fn number(tenths: i64) -> Value {
    if tenths % 10 == 0 {
        json!(tenths / 10)
    } else {
        json!(tenths as f64 / 10.0)
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value);
    }
}

impl Profile {
    fn json(&self, now: i64) -> Value {
        let mut begin = 0;
        let mut periods = Vec::new();
        for (number_of, (gap, limit, phases)) in self.periods.iter().enumerate() {
            begin += if number_of == 0 { 0 } else { *gap };
            // Watts are about a thousand times as many.
            let limit = if self.unit == "W" {
                limit * 700
            } else {
                *limit
            };
            let mut period = Map::new();
            put(&mut period, "startPeriod", Some(json!(begin)));
            put(&mut period, "limit", Some(number(limit)));
            put(
                &mut period,
                "numberPhases",
                phases.map(|phases| json!(phases)),
            );
            periods.push(Value::Object(period));
        }
        let mut schedule = Map::new();
        put(
            &mut schedule,
            "duration",
            self.duration.map(|secs| json!(secs)),
        );
        put(
            &mut schedule,
            "startSchedule",
            self.start.map(|offset| time(now + offset)),
        );
        put(&mut schedule, "chargingRateUnit", Some(json!(self.unit)));
        put(
            &mut schedule,
            "chargingSchedulePeriod",
            Some(Value::Array(periods)),
        );
        put(&mut schedule, "minChargingRate", self.least.map(number));
        let mut profile = Map::new();
        put(&mut profile, "chargingProfileId", Some(json!(self.id)));
        put(&mut profile, "stackLevel", Some(json!(self.level)));
        put(
            &mut profile,
            "chargingProfilePurpose",
            Some(json!(self.purpose)),
        );
        put(&mut profile, "chargingProfileKind", Some(json!(self.kind)));
        put(
            &mut profile,
            "recurrencyKind",
            self.recurrency.map(|kind| json!(kind)),
        );
        put(
            &mut profile,
            "validFrom",
            self.valid_from.map(|offset| time(now + offset)),
        );
        put(
            &mut profile,
            "validTo",
            self.valid_to.map(|offset| time(now + offset)),
        );
        put(
            &mut profile,
            "chargingSchedule",
            Some(Value::Object(schedule)),
        );
        Value::Object(profile)
    }
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![
        -90_000_i64..90_000,
        -300_i64..300,
        0_i64..13,
        -700_000_i64..700_000
    ]
}

fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![1_i64..60, 60_i64..4_000, 3_600_i64..90_000, 0_i64..2]
}

fn profile() -> impl Strategy<Value = Profile> {
    let names = (
        prop_oneof![
            Just("ChargePointMaxProfile"),
            Just("TxDefaultProfile"),
            Just("TxProfile")
        ],
        prop_oneof![Just("Absolute"), Just("Recurring"), Just("Relative")],
        proptest::option::weighted(0.9, prop_oneof![Just("Daily"), Just("Weekly")]),
        prop_oneof![3 => Just("A"), 1 => Just("W")],
    );
    let times = (
        proptest::option::weighted(0.3, offset()),
        proptest::option::weighted(0.3, offset()),
        proptest::option::weighted(0.7, offset()),
        proptest::option::weighted(0.5, prop_oneof![1_i64..200, 200_i64..100_000, -1_i64..1]),
    );
    let phases = proptest::option::weighted(0.3, prop_oneof![20 => 1..4_i32, 1 => Just(0)]);
    let limit = prop_oneof![1 => Just(0_i64), 20 => 1_i64..700];
    let periods = proptest::collection::vec((gap(), limit, phases), 1..6);
    let rest = (
        0..20_i32,
        prop_oneof![20 => 0..5_i32, 1 => -1..12_i32],
        proptest::option::weighted(0.2, 0_i64..200),
        periods,
    );
    (names, times, rest).prop_map(|(names, times, rest)| Profile {
        id: rest.0,
        level: rest.1,
        purpose: names.0,
        kind: names.1,
        recurrency: names.2.filter(|_| names.1 == "Recurring"),
        valid_from: times.0,
        valid_to: times.1,
        start: times.2,
        duration: times.3,
        unit: names.3,
        least: rest.2,
        periods: rest.3,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let purposes = prop_oneof![
        Just("ChargePointMaxProfile"),
        Just("TxDefaultProfile"),
        Just("TxProfile")
    ];
    prop_oneof![
        2 => prop_oneof![0_i64..100, 100_i64..100_000].prop_map(Step::Wait),
        2 => (0..CONNECTORS).prop_map(Step::Start),
        1 => (0..CONNECTORS).prop_map(Step::Stop),
        12 => (prop_oneof![2 => Just(0_i64), 3 => 1..=CONNECTORS as i64], profile())
            .prop_map(|(connector, profile)| Step::Set(connector, profile)),
        4 => (prop_oneof![2 => Just(0_i64), 3 => 1..=CONNECTORS as i64], profile())
            .prop_map(|(connector, profile)| Step::Own(connector, profile)),
        1 => proptest::option::weighted(0.8, (0..=CONNECTORS as i64, 0..20_i32))
            .prop_map(Step::ClearOwn),
        2 => prop_oneof![1_i64..100, 100_i64..10_000].prop_map(Step::Away),
        1 => (
            proptest::option::weighted(0.3, 0..20_i32),
            proptest::option::weighted(0.4, 0..=CONNECTORS as i64),
            proptest::option::weighted(0.4, purposes),
            proptest::option::weighted(0.4, 0..5_i32),
        ).prop_map(|(id, connector, purpose, level)| Step::Clear(id, connector, purpose, level)),
        1 => prop_oneof![Just(0_i64), 1_i64..20, 20_i64..200_000, Just(100_000_000)]
            .prop_map(Step::Cut),
        1 => Just(Step::Right),
        3 => (0..=CONNECTORS, source(), local_limit(), proptest::option::weighted(0.7, 1_u64..20_000))
            .prop_map(|(place, source, word, valid)| Step::Limit(place, source, word, valid)),
        1 => (0..=CONNECTORS, source(), local_limit())
            .prop_map(|(place, source, word)| Step::Failsafe(place, source, word)),
        6 => (
            0..=CONNECTORS as i64,
            prop_oneof![Just(0_i64), 1_i64..400, 400_i64..7_000, 7_201_i64..200_000, 200_000_i64..2_000_000],
            proptest::option::weighted(0.8, prop_oneof![Just("A"), Just("W")]),
        ).prop_map(|(connector, duration, unit)| Step::Ask(connector, duration, unit)),
    ]
}

fn hardware() -> impl Strategy<Value = Hardware> {
    let feed = prop_oneof![
        Just(Feed::One),
        Just(Feed::Two),
        Just(Feed::Three),
        Just(Feed::Dc)
    ];
    (60_u32..640, feed).prop_map(|(deciamps, feed)| Hardware { deciamps, feed })
}

fn purposes() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec!["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"];
    proptest::sample::subsequence(all, 0..=3)
}

#[derive(Clone, Debug)]
struct Case {
    hardware: Vec<Hardware>,
    grid: Option<Hardware>,
    volts: u32,
    sharing: bool,
    /// Of these purposes the central system's say nothing after so many seconds without a connection.
    ignores: Vec<&'static str>,
    patience: i64,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    (
        proptest::collection::vec(hardware(), CONNECTORS),
        proptest::option::weighted(0.3, hardware()),
        prop_oneof![Just(230_u32), Just(1), Just(400), Just(237)],
        any::<bool>(),
        (purposes(), 1_i64..200),
        proptest::collection::vec(step(), 5..40),
    )
        .prop_map(|(hardware, grid, volts, sharing, offline, steps)| Case {
            hardware,
            grid,
            volts,
            sharing,
            ignores: offline.0,
            patience: offline.1,
            steps,
        })
}

/// The charge point and its oracle, side by side.
struct Pair {
    world: World,
    oracle: Oracle,
    sessions: usize,
    /// By how much the charge point's clock is off, in seconds.
    off: i64,
    /// Somebody has said what time it is, since the power was there.
    set: bool,
    /// The connectors whose transaction started by a clock that nobody had set.
    unsure: Vec<usize>,
    sources: Sources,
    ignores: Vec<&'static str>,
    patience: i64,
}

impl Pair {
    fn new(case: &Case) -> Self {
        let keys = [
            ("ChargeProfileMaxStackLevel", "9"),
            ("ChargingScheduleMaxPeriods", "50"),
            ("MaxChargingProfilesInstalled", "20"),
            ("MeterValueSampleInterval", "0"),
            ("HeartbeatInterval", "0"),
            ("WebSocketPingInterval", "0"),
        ];
        let mut setup = with(CONNECTORS, &keys);
        for (made, hardware) in setup.connectors.iter_mut().zip(&case.hardware) {
            made.hardware = *hardware;
        }
        setup.tuning.grid = case.grid;
        setup.tuning.volts = case.volts;
        setup.tuning.sharing = case.sharing;
        let ignores = Purposes::parse(&case.ignores.join(","));
        setup.tuning.offline_ignores = ignores.expect("purposes");
        let patience = u64::try_from(case.patience).expect("a time");
        setup.tuning.offline_ignore_after = Millis::from_secs(patience);
        setup.tuning.after_power_loss = AfterPowerLoss::Resume;
        let mut world = World::booted(setup);
        // From here on the host alone says what time it is.
        let no_time = "1999-12-31T23:59:59Z";
        let boot = json!({"status": "Accepted", "currentTime": no_time, "interval": 86_400});
        let heartbeat = json!({"currentTime": no_time});
        let always = &mut world.central.always;
        always.insert("BootNotification".to_owned(), Treat::With(boot));
        always.insert("Heartbeat".to_owned(), Treat::With(heartbeat));
        let oracle = Oracle {
            hardware: case.hardware.clone(),
            grid: case.grid,
            volts: i64::from(case.volts),
            placed: Vec::new(),
            running: vec![None; CONNECTORS],
            max_level: 9,
            max_periods: 50,
            max_profiles: 20,
            ignored: Vec::new(),
            behind: false,
            local: Vec::new(),
            least: vec![60; CONNECTORS],
            switches: false,
        };
        Self {
            world,
            oracle,
            sessions: 0,
            off: 0,
            set: true,
            unsure: Vec::new(),
            sources: Sources::default(),
            ignores: case.ignores.clone(),
            patience: case.patience,
        }
    }

    /// The time in whole seconds, as the charge point knows it.
    fn now(&self) -> i64 {
        self.world.central.clock / 1000 + self.off
    }

    /// Cuts the power; the device's clock is late then.
    fn cut(&mut self, late: i64) {
        let right = self.world.central.clock / 1000;
        self.world.set_wall(Wall((right - late) * 1000));
        self.world.power_cycle();
        self.sources.restart();
        self.world.run(Millis(0));
        let request = json!({"connectorId": 0, "duration": 0});
        let answer = self.world.call("GetCompositeSchedule", request);
        let start = &answer.expect("an answer")["scheduleStart"];
        let start = evcp::types::parse_wall(start.as_str().expect("a time")).expect("a time");
        self.off = start.0 / 1000 - right;
        assert!((-late..=0).contains(&self.off), "{late} {}", self.off);
        self.oracle.behind = self.off > -late;
        self.unsure.clear();
    }

    fn set_clock(&mut self) {
        self.world.fact(Fact::Clock(Wall(self.world.central.clock)));
        for index in std::mem::take(&mut self.unsure) {
            if let Some((_, started)) = &mut self.oracle.running[index] {
                *started -= self.off;
            }
        }
        self.off = 0;
        self.oracle.behind = false;
        // A clock that was set once is right.
        self.set = true;
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait(secs) => {
                let secs = u64::try_from(*secs).expect("time goes on");
                self.world.run(Millis::from_secs(secs));
            }
            Step::Start(index) if self.oracle.running[*index].is_none() => {
                self.sessions += 1;
                let connector = *index as u32 + 1;
                self.world.ev(connector, Ev::Absent);
                self.world.charge(connector, &format!("T{}", self.sessions));
                self.oracle.running[*index] = Some((self.sessions, self.now()));
                self.unsure.retain(|of| of != index);
                if !self.set {
                    self.unsure.push(*index);
                }
            }
            Step::Stop(index) if self.oracle.running[*index].is_some() => {
                self.world.ev(*index as u32 + 1, Ev::Absent);
                self.oracle.stop(*index);
            }
            Step::Start(_) | Step::Stop(_) => {}
            Step::Set(connector, profile) => {
                let profile = profile.json(self.now());
                let taken = self.oracle.set(*connector, &profile, self.now());
                let request = json!({"connectorId": connector, "csChargingProfiles": profile});
                let answer = self.world.call("SetChargingProfile", request.clone());
                let status = if taken { "Accepted" } else { "Rejected" };
                assert_eq!(answer, Some(json!({ "status": status })), "{request}");
            }
            Step::Own(connector, profile) => {
                let profile = profile.json(self.now());
                self.oracle.set_own(*connector, &profile, self.now());
                self.world.install_own(*connector as u32, &profile);
            }
            Step::ClearOwn(which) => self.clear_own(*which),
            Step::Away(secs) => self.away(*secs),
            Step::Clear(id, connector, purpose, level) => {
                self.clear(*id, *connector, *purpose, *level)
            }
            Step::Cut(late) => {
                self.set = false;
                self.cut(*late);
            }
            Step::Right => self.set_clock(),
            Step::Limit(place, source, word, valid) => {
                let valid = valid.map(|valid| valid * 1000);
                let now = self.world.now.mono.0;
                self.sources.say(*place as i64, source, *word, now, valid);
                self.world.fact(Fact::LocalLimit {
                    place: Place::new(*place as u32).expect("a place"),
                    source: Source::new(source).expect("a source"),
                    rate: word.map(Word::rate),
                    valid: valid.map(Millis),
                });
            }
            Step::Failsafe(place, source, word) => {
                self.sources.failsafe(*place as i64, source, *word);
                let place = Place::new(*place as u32).expect("a place");
                let source = Source::new(source).expect("a source");
                self.world
                    .act(Act::SetFailsafe(place, source, word.map(Word::rate)));
            }
            Step::Ask(connector, duration, unit) => self.ask(*connector, *duration, *unit),
        }
    }

    fn clear(
        &mut self,
        id: Option<i32>,
        connector: Option<i64>,
        purpose: Option<&str>,
        level: Option<i32>,
    ) {
        let mut request = Map::new();
        put(&mut request, "id", id.map(|id| json!(id)));
        put(
            &mut request,
            "connectorId",
            connector.map(|connector| json!(connector)),
        );
        put(
            &mut request,
            "chargingProfilePurpose",
            purpose.map(|purpose| json!(purpose)),
        );
        put(&mut request, "stackLevel", level.map(|level| json!(level)));
        let any = self.oracle.clear(|placed| match id {
            _ if placed.own => false,
            Some(id) => placed.profile["chargingProfileId"] == id,
            None => {
                connector.map_or(true, |connector| placed.connector == connector)
                    && purpose.map_or(true, |p| placed.profile["chargingProfilePurpose"] == p)
                    && level.map_or(true, |level| placed.profile["stackLevel"] == level)
            }
        });
        let answer = self
            .world
            .call("ClearChargingProfile", Value::Object(request));
        let status = if any { "Accepted" } else { "Unknown" };
        assert_eq!(answer, Some(json!({ "status": status })));
    }

    fn clear_own(&mut self, which: Option<(i64, i32)>) {
        let act = match which {
            Some((connector, id)) => Act::ClearProfile(place(connector as u32), id),
            None => Act::ClearProfiles,
        };
        self.oracle.clear(|placed| {
            let named = which.map_or(true, |(connector, id)| {
                placed.connector == connector && placed.profile["chargingProfileId"] == id
            });
            placed.own && named
        });
        self.world.give(act.into());
    }

    /// While nobody can ask over the wire, the host does.
    fn away(&mut self, secs: i64) {
        self.world.fact(Fact::Network(false));
        self.world.run(Millis::from_secs(secs as u64));
        self.oracle.local = self.sources.standing(self.world.now.mono.0);
        if secs >= self.patience {
            self.oracle.ignored = self.ignores.clone();
        }
        for connector in 0..=CONNECTORS as i64 {
            for (letter, unit) in [('A', Unit::A), ('W', Unit::W)] {
                let (periods, covered) = self.oracle.composite(connector, self.now(), 300, letter);
                let outlook = self.world.engine().outlook();
                let told = outlook.schedule(self.world.now, place(connector as u32), 300, unit);
                let told_periods = told.periods.iter().map(|period| {
                    let phases = period.phases.map(i64::from);
                    (i64::from(period.start), period.tenths, phases)
                });
                assert_eq!(
                    told_periods.collect::<Vec<_>>(),
                    periods,
                    "{connector} {unit}"
                );
                assert_eq!(i64::from(told.covered), covered);
            }
        }
        self.world.fact(Fact::Network(true));
        self.world.run(Millis(0));
        self.oracle.ignored.clear();
    }

    /// What is installed is what the oracle has.
    fn compare_installed(&self) {
        let placed = self.oracle.placed.iter().map(|placed| {
            let id = placed.profile["chargingProfileId"].as_i64().expect("an id");
            (placed.own, placed.connector as u32, id as i32)
        });
        let mut placed: Vec<_> = placed.collect();
        placed.sort_unstable();
        assert_eq!(self.world.installed(), placed);
    }

    fn ask(&mut self, connector: i64, duration: i64, unit: Option<&str>) {
        let mut request = Map::new();
        put(&mut request, "connectorId", Some(json!(connector)));
        put(&mut request, "duration", Some(json!(duration)));
        put(
            &mut request,
            "chargingRateUnit",
            unit.map(|unit| json!(unit)),
        );
        let now = self.now();
        self.oracle.local = self.sources.standing(self.world.now.mono.0);
        let unit = unit.unwrap_or("A");
        let letter = unit.chars().next().expect("a letter");
        let (periods, covered) = self.oracle.composite(connector, now, duration, letter);
        let period = |(start, limit, phases): &(i64, i64, Option<i64>)| {
            let mut period = Map::new();
            put(&mut period, "startPeriod", Some(json!(start)));
            put(&mut period, "limit", Some(number(*limit)));
            put(
                &mut period,
                "numberPhases",
                phases
                    .or(self.oracle.wired(connector))
                    .map(|phases| json!(phases)),
            );
            Value::Object(period)
        };
        let periods: Vec<_> = periods.iter().map(period).collect();
        let expected = json!({
            "status": "Accepted",
            "connectorId": connector,
            "scheduleStart": time(now),
            "chargingSchedule": {
                "duration": covered, "chargingRateUnit": unit, "chargingSchedulePeriod": periods,
            },
        });
        let answer = self
            .world
            .call("GetCompositeSchedule", Value::Object(request));
        assert_eq!(
            answer,
            Some(expected),
            "connector {connector}, {duration} s, {unit}"
        );
    }
}

// rules: 141, 142, 143, 144, 145, 147, 148, 149, 152, 153, 155
#[test]
fn composite_schedules_are_those_of_the_oracle() {
    let mut runner = evcp_testing::random::runner(300);
    let outcome = runner.run(&case(), |case| {
        let mut pair = Pair::new(&case);
        for step in &case.steps {
            pair.take(step);
            pair.compare_installed();
        }
        for connector in 0..=CONNECTORS as i64 {
            pair.ask(connector, 3_000, Some("A"));
            pair.ask(connector, 100_000, Some("W"));
        }
        Ok(())
    });
    if let Err(why) = outcome {
        panic!("{why}");
    }
}
