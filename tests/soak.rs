//! A month without the central system: nothing is lost, and nothing grows without bound.
#![cfg(feature = "net")]
#![allow(clippy::panic, clippy::print_stdout)]

use std::path::PathBuf;

use evcp::core::{Act, Ev, Input, Notice};
use evcp::store::{MemoryStore, SqliteStore, Store};
use evcp::time::{Millis, Wall};
use evcp::types::CiString;
use evcp_testing::{setup, Session, World};
use serde_json::Value;

const DAYS: u32 = 30;
const SESSIONS_A_DAY: u32 = 20;
const MOST_STORED: u64 = 12 << 20;
const MOST_MEMORY: u64 = 16 << 20;

/// What a driver got, and must find on the bill.
#[derive(Debug, PartialEq)]
struct Charged {
    connector: u32,
    tag: String,
    start: i64,
    /// `None` where the power was cut: then it is at least what was stored last.
    stop: Option<i64>,
}

/// Kept for a measurement if EVCP_SOAK_DIR says where, else in memory that looks like a disk.
fn folder() -> PathBuf {
    std::env::var_os("EVCP_SOAK_DIR").map_or_else(
        || {
            let shm = PathBuf::from("/dev/shm");
            let base = if shm.is_dir() {
                shm
            } else {
                std::env::temp_dir()
            };
            base.join(format!("evcp-soak-{}", std::process::id()))
        },
        PathBuf::from,
    )
}

fn open(folder: &std::path::Path) -> Box<dyn Store> {
    let opened = SqliteStore::open(folder, Wall(0)).expect("the folder can be written");
    assert!(opened.replaced.is_none(), "the database is damaged");
    Box::new(opened.store)
}

/// Memory of this process that is not shared, in bytes.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = text.lines().find(|line| line.starts_with("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("the kernel says so") * 1024
}

fn wh(message: &Value, member: &str) -> i64 {
    message[member].as_i64().expect("a number")
}

fn billed(session: &Session) -> Charged {
    let stop = session.stop.as_ref().expect("it was stopped");
    let tag = session.start["idTag"].as_str().expect("a tag");
    Charged {
        connector: u32::try_from(wh(&session.start, "connectorId")).expect("a connector"),
        tag: tag.to_owned(),
        start: wh(&session.start, "meterStart"),
        stop: (stop["reason"] != "PowerLoss").then(|| wh(stop, "meterStop")),
    }
}

/// An hour of charging at both connectors, with a reading a minute.
fn hour(world: &mut World, number: u32, register: &mut [i64; 2], cut: bool) -> Vec<Charged> {
    let mut charged = Vec::new();
    for connector in [1, 2] {
        let tag = format!("T{number}-{connector}");
        let start = register[connector as usize - 1];
        world.meter(connector, start);
        world.charge(connector, &tag);
        charged.push(Charged {
            connector,
            tag,
            start,
            stop: None,
        });
    }
    let minutes = if cut { 30 } else { 60 };
    for _ in 0..minutes {
        for connector in [1, 2] {
            register[connector as usize - 1] += 180;
            world.meter(connector, register[connector as usize - 1]);
        }
        world.run(Millis::from_secs(60));
    }
    for charged in charged.iter_mut().filter(|_| !cut) {
        world.show(charged.connector, &charged.tag);
        world.ev(charged.connector, Ev::Absent);
        charged.stop = Some(register[charged.connector as usize - 1]);
    }
    charged
}

// rules: 60, 61
#[test]
fn a_month_offline_loses_nothing_and_needs_bounded_space() {
    let folder = folder();
    let _ = std::fs::remove_dir_all(&folder);
    let mut setup = setup(2);
    for (name, value) in [
        ("AllowOfflineTxForUnknownId", "true"),
        ("MeterValueSampleInterval", "60"),
        ("StopTxnSampledData", "Energy.Active.Import.Register"),
    ] {
        setup
            .keys
            .push((CiString::truncated(name), CiString::truncated(value)));
    }
    let mut world = World::new(setup);
    world.disk = open(&folder);
    world.run(Millis(0));
    world.reachable = false;
    world.drop_link();
    let before = memory();
    let mut register = [1_000, 500_000];
    let mut expected = Vec::new();
    let mut thinned = 0;
    for day in 0..DAYS {
        for number in 0..SESSIONS_A_DAY / 2 {
            let cut = day % 7 == 6 && number == 4;
            let name = day * SESSIONS_A_DAY + number;
            expected.append(&mut hour(&mut world, name, &mut register, cut));
            if cut {
                world.power_cycle();
                world.ev(1, Ev::Absent);
                world.ev(2, Ev::Absent);
            }
            world.run(Millis::from_secs(3_600));
        }
        thinned += world.engine().counters().thinned;
        // A restart each night.
        world.act(Act::Closing);
        // One process at a time may have it open.
        world.disk = Box::<MemoryStore>::default();
        world.disk = open(&folder);
        world.power_cycle();
        world.run(Millis::from_secs(4 * 3_600));
        world.told.clear();
    }
    let grown = memory().saturating_sub(before);
    let stored = world.disk.size();
    let counters = world.engine().counters();
    println!(
        "{DAYS} days offline: {} messages queued, {} values thinned, {stored} bytes stored, \
         memory grew by {grown} bytes",
        counters.queued, thinned
    );
    assert!(thinned > 10_000, "the cap was not reached");
    assert!(stored <= MOST_STORED, "{stored} bytes");
    assert!(grown <= MOST_MEMORY, "{grown} bytes");
    let most = world.setup.tuning.most_values + 64 + u64::from(DAYS * SESSIONS_A_DAY * 2);
    assert!(counters.queued <= most, "{} messages", counters.queued);
    if std::env::var_os("EVCP_SOAK_DIR").is_some() {
        return;
    }
    world.reachable = true;
    world.run(Millis::from_secs(600));
    assert_eq!(world.engine().counters().queued, 0);
    let books: Vec<_> = world.central.sessions.iter().map(billed).collect();
    assert_eq!(books, expected);
    for session in &world.central.sessions {
        let stop = session.stop.as_ref().expect("it was stopped");
        let energy = wh(stop, "meterStop") - wh(&session.start, "meterStart");
        assert!((0..=60 * 180).contains(&energy), "{session:?}");
        assert!(stop["transactionData"].is_array(), "{stop}");
    }
    world.give(Input::Deadline);
    let failed = |notice: &Notice| matches!(notice, Notice::Storage { .. });
    assert!(!world.told.iter().any(failed));
    let _ = std::fs::remove_dir_all(&folder);
}
