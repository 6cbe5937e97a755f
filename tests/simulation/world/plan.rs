//! What is to happen: made from a seed before anything runs, so that parts of it can be left out.

use fastrand::Rng;

use super::central::Again;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// How the charge point is made and set up.
#[derive(Clone, Debug)]
pub struct Make {
    pub connectors: usize,
    /// The meter answers when asked; else the firmware pushes readings.
    pub reads_meter: bool,
    pub meter: Speed,
    /// Readings are pushed too.
    pub pushes: bool,
    /// Every so many milliseconds, while energy flows.
    pub pushes_every: u64,
    /// Nothing is known of the meter until it is asked.
    pub starts_silent: bool,
    pub resumes: bool,
    pub attempts: u32,
    /// What was given up is delivered again by itself.
    pub redelivers: bool,
    pub sample_s: u64,
    pub aligned_s: u64,
    pub stop_data: bool,
    pub offline_strangers: bool,
    pub pre_authorizes: bool,
    pub commit_ms: u64,
    pub most_values: u64,
    pub ping_s: u64,
    pub stops_invalid: bool,
    pub shares: bool,
    /// What the grid connection carries, in tenths of A on three phases.
    pub grid: Option<u32>,
    /// Parts per million that the device's clock is too fast.
    pub drift: i64,
    /// The device's clock at power-on is off by this, in milliseconds.
    pub clock_off: i64,
    /// How long a contactor and a lock take to move, if they say what they do.
    pub contactor: Option<u64>,
    pub lock: Option<u64>,
    /// How long the firmware may be busy while energy flows; 0: for ever.
    pub watchdog: u64,
    /// The records are kept in SQLite, not in memory.
    pub sqlite: bool,
    /// How many network profiles there are.
    pub ways: u32,
    /// Who plugs in charges, and nobody is asked for a tag.
    pub free: bool,
    /// A house meter and the grid operator set limits.
    pub limits: bool,
}

impl Make {
    /// A register comes without being asked for.
    pub const fn pushes(&self) -> bool {
        !self.reads_meter || self.pushes
    }

    /// How often the library reads a meter while energy flows, at least.
    pub const fn reads_every(&self) -> u64 {
        match self.commit_ms {
            0 => MINUTE,
            millis => millis,
        }
    }

    /// Between two readings lies so much at most, when nothing else goes wrong.
    pub const fn gap(&self) -> u64 {
        match (self.reads_meter, self.meter) {
            (false, _) | (true, Speed::Silent | Speed::Bare) if self.pushes() => {
                self.pushes_every + self.reads_every() + 30 * SECOND
            }
            (_, Speed::Silent | Speed::Bare) => u64::MAX,
            (_, Speed::Moody) => 5 * self.reads_every() + 2 * MINUTE,
            _ => self.reads_every() + 30 * SECOND,
        }
    }

    /// For so long at the ends of a session energy may flow that is not read, when nothing goes wrong.
    pub const fn blind(&self) -> u64 {
        match (self.reads_meter, self.meter) {
            (true, Speed::Quick) => 0,
            _ => self.gap().saturating_mul(2),
        }
    }
}

/// How long a meter takes to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    Quick,
    /// Longer than the library waits, each time.
    Slow,
    /// The first time only.
    SlowAtFirst,
    /// Anything up to ten seconds, and sometimes it cannot be read.
    Moody,
    /// Questions are never answered.
    Silent,
    /// What it answers has no register.
    Bare,
}

/// A step of a session that something can strike at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first reading is waited for.
    Begins,
    Runs,
    /// The last reading is waited for.
    Ends,
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    Stop,
    Fault,
    /// Of the charge point as a whole.
    FaultOfAll,
    PowerFails,
    TagAgain,
    Unplug,
}

/// A tag that somebody shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The central system accepts it.
    Good,
    /// One of a group.
    Member,
    /// The central system does not accept it.
    Bad,
    /// The tag of the transaction that runs at the connector.
    Same,
}

/// A kind of message that the central system may not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Start,
    Values,
    Stop,
    /// A StopTransaction with transactionData.
    Data,
}

impl Kind {
    pub const ALL: &'static [Self] = &[Self::Start, Self::Values, Self::Stop, Self::Data];
}

#[derive(Clone, Debug)]
pub enum Event {
    Plug(usize),
    /// The vehicle wants energy, or does not.
    Wants(usize, bool),
    /// The vehicle's end of the cable is pulled.
    CableOnly(usize),
    Unplug(usize),
    Tag(usize, Who),
    /// At a reader for all connectors.
    TagAnywhere(Who),
    StopLocal(usize),
    /// Connector 0 is the charge point.
    Fault(usize, bool),
    /// The charger itself pauses, or is ready again.
    Pauses(usize, bool),
    /// Nothing new is to begin, or it is again.
    Drain(bool),
    /// Somebody presses the button that takes back what waits.
    Cancel(usize),
    /// The contactor stays as it is for so long.
    Sticks(usize, u64),
    /// The contactor closes by itself, for so long.
    Closes(usize, u64),
    /// The lock stays as it is for so long.
    Jams(usize, u64),
    /// The lock gives way.
    LockOpens(usize),
    /// A fault that comes and goes so many times.
    Flaps(usize, u32),
    /// So many vendor messages for the central system.
    VendorData(u32),
    /// The meter says nothing for so long.
    MeterStalls(usize, u64),
    Cut,
    /// No connection can be made for so long.
    Unreachable(u64),
    /// By one network profile no connection can be made for so long.
    WayIsCut(u32, u64),
    /// The firmware has another network profile for a slot; the number says where it leads.
    NewWay(u32, u8),
    /// It has none for a slot any more.
    NoWay(u32),
    /// It has another order of them, which the number says.
    Priority(u64),
    /// Frames vanish, and nobody says so.
    HalfOpen,
    Latency(u64),
    /// Calls that the central system answers with an error.
    Refuse(u32),
    /// What it refuses for so long, each time, and whether for its form.
    RefuseAll(Kind, bool, u64),
    /// The firmware wants all that was given up to be delivered again.
    DeliverAgain,
    /// Calls that it does not answer.
    Mute(u32),
    /// Answers that come so much later.
    Late(u32, u64),
    /// Answers that come twice.
    Double(u32),
    /// Answers that are not as the schemas want them.
    Sloppy(u32, u64),
    /// Calls of an action that are not answered any more.
    DeafTo(&'static str),
    /// A StartTransaction that comes again is answered so.
    Again(Again),
    /// BootNotifications that are answered Pending or Rejected.
    NotYet(u32, bool),
    /// The central system calls; the number says what.
    Request(u64),
    /// Something that makes no sense.
    Nonsense(u64),
    /// The clock of the central system jumps.
    CentralClock(i64),
    /// The clock of the device jumps.
    Clock(i64),
    /// A source, by its number, sets its limit of a place in tenths of A, or has none, for so long.
    Limit(usize, u8, Option<u32>, Option<u64>),
    /// What holds when it has not spoken.
    Failsafe(usize, u8, Option<u32>),
    DiskFails(u64),
    /// The firmware is busy, and does not look at what it is told for so long.
    HostIsBusy(u64),
    /// Nothing on the device runs for so long, the library neither: it finds several things that came, and
    /// times that are over.
    Stands(u64),
    /// So many commits take so long each.
    DiskSlow(u32, u64),
    /// Something strikes when the next session at a connector gets to that step.
    Strike(usize, Step, Blow),
    /// The power goes, so many effects later, for so long.
    PowerCut(u32, u64),
    /// The power goes, and the device has a moment to say so.
    PowerFails(u64),
    /// The firmware restarts in an orderly way.
    Restart,
}

/// A seed, made into a life.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub make: Make,
    /// When, and what.
    pub events: Vec<(u64, Event)>,
    /// From here on nothing fails any more.
    pub calm: u64,
}

impl Plan {
    pub fn new(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let mut make = make(&mut dice, seed);
        // Parts that are less than any pilot can say would keep everybody from charging.
        let least = 60 * u32::try_from(make.connectors).unwrap_or(1);
        make.grid = make
            .grid
            .map(|most| if make.shares { most } else { most.max(least) });
        // Most lives are short: what goes wrong does so within hours, or takes days.
        let calm = match dice.u8(..20) {
            0..=8 => HOUR / 2,
            9..=15 => 2 * HOUR,
            16..=18 => 12 * HOUR,
            _ => 72 * HOUR,
        };
        let mut events = Vec::new();
        for connector in 1..=make.connectors {
            drivers(&mut dice, connector, calm, &mut events);
        }
        // A flavour for each life: some have one kind of trouble, some all kinds, some many calls.
        let flavour = dice.u32(..6);
        for _ in 0..dice.usize(2..40) {
            events.push((dice.u64(..calm), trouble(&mut dice, &make, flavour)));
        }
        events.extend(board(&make, seed, calm));
        ways(&make, seed, calm, &mut events);
        limits(&make, seed, calm, &mut events);
        if seed % 16 == 9 {
            events.push((calm / 4, Event::Drain(true)));
            events.push((calm / 2, Event::Drain(false)));
        }
        events.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            make,
            events,
            calm,
        }
    }
}

fn make(dice: &mut Rng, seed: u64) -> Make {
    Make {
        connectors: dice.usize(1..=3),
        reads_meter: dice.bool(),
        meter: [
            Speed::Quick,
            Speed::Quick,
            Speed::Quick,
            Speed::Slow,
            Speed::Slow,
            Speed::SlowAtFirst,
            Speed::SlowAtFirst,
            Speed::Moody,
            Speed::Silent,
            Speed::Bare,
        ][dice.usize(..10)],
        pushes: dice.u8(..4) == 0,
        pushes_every: [10 * SECOND, 30 * SECOND, 7 * MINUTE][dice.usize(..3)],
        starts_silent: dice.u8(..10) == 0,
        resumes: dice.bool(),
        attempts: [1, 3, 5, 10][dice.usize(..4)],
        redelivers: dice.u8(..4) == 0,
        sample_s: [0, 30, 60, 900][dice.usize(..4)],
        aligned_s: [0, 0, 900, 3600][dice.usize(..4)],
        stop_data: dice.bool(),
        offline_strangers: dice.bool(),
        pre_authorizes: dice.bool(),
        commit_ms: [0, 10 * SECOND, MINUTE][dice.usize(..3)],
        most_values: [100, 10_000][dice.usize(..2)],
        ping_s: [0, 30, 60][dice.usize(..3)],
        stops_invalid: dice.u8(..4) > 0,
        shares: dice.bool(),
        grid: [None, None, Some(320), Some(200), Some(90)][dice.usize(..5)],
        drift: dice.i64(-100..100),
        clock_off: [0, 0, -315_360_000_000, 7_000, -3_600_000][dice.usize(..5)],
        contactor: feedback(seed, 1).then(|| 20 + seed % 7 * 250),
        lock: feedback(seed, 2).then(|| 300 + seed % 5 * 400),
        watchdog: [0, 0, 0, 0, 10 * SECOND, MINUTE][(seed % 6) as usize],
        sqlite: seed % 64 == 0,
        free: seed % 8 == 3,
        limits: seed % 16 == 5,
        ways: if seed % 3 == 1 {
            2 + (seed / 3 % 3) as u32
        } else {
            1
        },
    }
}

/// What becomes of the ways to the central system, where there are several. The dice are its own: nothing else
/// is thrown otherwise for it.
fn ways(make: &Make, seed: u64, calm: u64, events: &mut Vec<(u64, Event)>) {
    let mut dice = Rng::with_seed(seed ^ 0x6e65_7477_6f72_6b73);
    if make.ways == 1 {
        return;
    }
    for _ in 0..dice.usize(3..30) {
        let (at, slot) = (dice.u64(..calm), dice.u32(1..=4));
        let event = match dice.u8(..5) {
            0 | 1 => Event::WayIsCut(slot, dice.u64(SECOND..HOUR)),
            2 => Event::NewWay(slot, dice.u8(..8)),
            3 => Event::NoWay(slot),
            _ => Event::Priority(dice.u64(..)),
        };
        events.push((at, event));
    }
}

/// What sources of local limits say, where there are any. Nothing stands still there, and no commit is slow: a
/// limit counts from when it is heard.
fn limits(make: &Make, seed: u64, calm: u64, events: &mut Vec<(u64, Event)>) {
    let mut dice = Rng::with_seed(seed ^ 0x006c_696d_6974_7321);
    if !make.limits {
        return;
    }
    events.retain(|(_, event)| !matches!(event, Event::Stands(_) | Event::DiskSlow(..)));
    for _ in 0..dice.usize(10..80) {
        let place = dice.usize(..=make.connectors);
        let source = dice.u8(..3);
        let most = if place == 0 { 700 } else { 320 };
        let rate = (dice.u8(..5) > 0).then(|| dice.u32(..most));
        let valid = (dice.u8(..4) > 0).then(|| dice.u64(SECOND..HOUR));
        let event = match dice.u8(..4) {
            0 => Event::Failsafe(place, source, rate),
            _ => Event::Limit(place, source, rate, valid),
        };
        events.push((dice.u64(..calm), event));
    }
}

/// Whether contactors (1) or locks (2) say what they do: some chargers have both, most neither. These dice are
/// beside the others, so that the lives without stay as they are.
fn feedback(seed: u64, part: u64) -> bool {
    Rng::with_seed(seed ^ 0xB0A2D).u64(..6) & part != 0 && seed % 2 == 0
}

/// What goes wrong with contactors and locks that say so.
fn board(make: &Make, seed: u64, calm: u64) -> Vec<(u64, Event)> {
    let mut dice = Rng::with_seed(seed ^ 0x10C4);
    let mut events = Vec::new();
    if make.contactor.is_none() && make.lock.is_none() {
        return events;
    }
    for _ in 0..dice.usize(..12) {
        let connector = dice.usize(1..=make.connectors);
        let event = match dice.u8(..4) {
            3 => Event::Closes(connector, dice.u64(100..2 * MINUTE)),
            0 => Event::Sticks(connector, dice.u64(100..30 * MINUTE)),
            1 => Event::Jams(connector, dice.u64(100..5 * MINUTE)),
            _ => Event::LockOpens(connector),
        };
        events.push((dice.u64(..calm), event));
    }
    events
}

/// People who come to one connector, one after the other.
fn drivers(dice: &mut Rng, connector: usize, calm: u64, events: &mut Vec<(u64, Event)>) {
    let mut now = dice.u64(..calm / 4);
    for _ in 0..dice.usize(1..6) {
        let who = match dice.u8(..10) {
            0..=5 => Who::Good,
            6..=7 => Who::Member,
            _ => Who::Bad,
        };
        let mut life = Vec::new();
        if dice.bool() {
            life.push((Event::Plug(connector), MINUTE));
            life.push((Event::Tag(connector, who), 2 * MINUTE));
        } else {
            life.push((Event::Tag(connector, who), MINUTE));
            life.push((Event::Plug(connector), 70 * SECOND));
        }
        life.push((Event::Wants(connector, true), MINUTE));
        if dice.u8(..3) == 0 {
            life.push((Event::Wants(connector, false), HOUR));
            life.push((Event::Wants(connector, true), HOUR));
        }
        // Some pull the plug, some show their tag, some somebody else does it from afar.
        life.push(match dice.u8(..6) {
            0..=2 => (Event::Tag(connector, Who::Same), calm / 4),
            3 => (Event::CableOnly(connector), calm / 4),
            4 => (Event::StopLocal(connector), calm / 4),
            _ => (Event::Tag(connector, Who::Member), calm / 4),
        });
        life.push((Event::Unplug(connector), 10 * MINUTE));
        for (event, most) in life {
            now += dice.u64(..most);
            if now < calm {
                events.push((now, event));
            }
        }
        now += dice.u64(..calm / 8);
    }
}

/// What a central system can be deaf to without ever being whole again.
const ACTIONS: [&str; 8] = [
    "StatusNotification",
    "Heartbeat",
    "Authorize",
    "DataTransfer",
    "BootNotification",
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
];

/// One thing that goes wrong, or that somebody wants.
fn trouble(dice: &mut Rng, make: &Make, flavour: u32) -> Event {
    let connector = dice.usize(1..=make.connectors);
    let kind = match flavour {
        0 => dice.u32(..50),
        1 => [dice.u32(..10), dice.u32(46..50), dice.u32(29..31)][dice.usize(..3)],
        2 => dice.u32(10..20),
        3 => dice.u32(20..34),
        4 => dice.u32(35..42),
        _ => dice.u32(..42),
    };
    match kind {
        0 => Event::Cut,
        1 => Event::Unreachable(dice.u64(SECOND..3 * HOUR)),
        2 => Event::HalfOpen,
        3 => Event::Latency([1, 50, 2_000, 40_000][dice.usize(..4)]),
        4 => Event::Refuse(dice.u32(1..6)),
        5 => Event::Mute(dice.u32(1..4)),
        6 => Event::Late(dice.u32(1..4), dice.u64(SECOND..2 * MINUTE)),
        7 => Event::Double(dice.u32(1..5)),
        8 => Event::NotYet(dice.u32(1..4), dice.bool()),
        9 => Event::Nonsense(dice.u64(..)),
        10 | 11 => Event::PowerCut(dice.u32(..12), dice.u64(SECOND..HOUR)),
        12 => Event::PowerFails(dice.u64(SECOND..HOUR)),
        13 => Event::Restart,
        14 | 15 => Event::DiskFails(dice.u64(SECOND..HOUR)),
        16 => Event::Clock(dice.i64(-7_200_000..7_200_000)),
        17 => Event::CentralClock(dice.i64(-120_000..120_000)),
        18 => Event::Cut,
        19 => Event::PowerCut(0, dice.u64(SECOND..MINUTE)),
        20 => Event::Fault(dice.usize(..=make.connectors), true),
        21 => Event::Fault(dice.usize(..=make.connectors), false),
        22 => Event::MeterStalls(connector, dice.u64(SECOND..HOUR)),
        23 => Event::TagAnywhere(Who::Good),
        24 => Event::Tag(connector, Who::Member),
        25 => Event::Plug(connector),
        26 => Event::Unplug(connector),
        27 => Event::VendorData(dice.u32(1..50)),
        28 => Event::Flaps(dice.usize(..=make.connectors), dice.u32(2..40)),
        29 => {
            let kind = Kind::ALL[dice.usize(..Kind::ALL.len())];
            Event::RefuseAll(kind, dice.bool(), dice.u64(MINUTE..6 * HOUR))
        }
        30 => Event::DeliverAgain,
        36..=37 => Event::HostIsBusy(dice.u64(100..5 * MINUTE)),
        31 | 32 => Event::Pauses(connector, dice.bool()),
        33 => Event::Cancel(dice.usize(..=make.connectors)),
        35 => Event::Stands([dice.u64(10..5 * SECOND), dice.u64(SECOND..MINUTE)][dice.usize(..2)]),
        38 => Event::DiskSlow(dice.u32(1..4), dice.u64(100..30_000)),
        39..=41 => {
            let step = [Step::Begins, Step::Runs, Step::Ends][dice.usize(..3)];
            let act = [
                Blow::Stop,
                Blow::Fault,
                Blow::FaultOfAll,
                Blow::PowerFails,
                Blow::TagAgain,
                Blow::Unplug,
            ][dice.usize(..6)];
            Event::Strike(connector, step, act)
        }
        46 | 47 => Event::Sloppy(dice.u32(1..30), dice.u64(..)),
        48 => Event::DeafTo(ACTIONS[dice.usize(..ACTIONS.len())]),
        49 => Event::Again([Again::Same, Again::Concurrent, Again::Nameless][dice.usize(..3)]),
        _ => Event::Request(dice.u64(..)),
    }
}
