//! By which time the certificate of the central system is checked.
#![allow(clippy::panic)]

use evcp::core::{Effect, Engine, Fact, Input, LinkEvent, Stored};
use evcp::time::{Millis, Wall};
use evcp_testing::{setup, World, NEW_YEAR};

/// 2026-01-01, before which the library was not built.
const BUILT: i64 = NEW_YEAR;
const DAY: i64 = 86_400_000;

/// The times of so many attempts to connect, each of which fails.
fn times(world: &mut World, count: usize) -> Vec<i64> {
    let mut times = Vec::new();
    let mut effects = world.power.wants(world.now, None);
    while times.len() < count {
        let mut connects = effects.iter().filter_map(|effect| match effect {
            Effect::Connect(access) => Some(access.time.0),
            _ => None,
        });
        let tried = connects.next_back();
        times.extend(tried);
        if tried.is_some() {
            effects = world.wants(Input::Link(LinkEvent::Failed("TLS: expired".to_owned())));
        } else if let Some((due, _)) = world.engine().deadline() {
            let span = due.since(world.now.mono);
            world.now.mono = world.now.mono + span;
            let millis = i64::try_from(span.0).expect("not that long");
            world.step_wall(millis);
            effects = world.wants(Input::Deadline);
        }
    }
    times
}

/// A charge point that nobody can reach, on a device whose clock shows this.
fn made(wall: i64) -> World {
    let mut world = World::new(setup(1));
    world.reachable = false;
    world.now.wall = Wall(wall);
    let engine = Engine::new(setup(1), Stored::default(), world.now);
    world.power.on(engine.expect("the set-up is good"));
    world
}

/// A charge point that charged so many days after the build, and cannot be reached any more.
fn charged(wall: i64, days: i64) -> World {
    let mut world = made(wall);
    world.reachable = true;
    world.step_central(days * DAY);
    world.run(Millis::from_secs(10));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(600));
    world.reachable = false;
    world.drop_link();
    world
}

#[test]
fn a_device_that_starts_in_1970_is_not_before_the_build_of_the_library() {
    let mut world = made(0);
    assert!(times(&mut world, 4).iter().all(|time| *time >= BUILT));
}

#[test]
fn once_the_clock_is_set_certificates_are_checked_by_it_alone() {
    for device in [0, BUILT + 5 * DAY, BUILT + 5_000 * DAY] {
        let mut world = made(device);
        world.fact(Fact::Clock(Wall(BUILT + 1_000 * DAY)));
        let times = times(&mut world, 4);
        let day = BUILT + 1_000 * DAY..BUILT + 1_001 * DAY;
        assert!(times.iter().all(|time| day.contains(time)), "{times:?}");
    }
}

#[test]
fn what_the_host_says_of_the_time_counts_for_the_attempt_that_is_under_way() {
    let mut world = made(0);
    world.run(Millis::from_secs(10));
    let right = BUILT + 1_000 * DAY;
    let clock = Input::Charger(Fact::Clock(Wall(right)));
    let wants = world.wants(clock).into_iter();
    let mut times = wants.filter_map(|effect| match effect {
        Effect::Connect(access) => Some(access.time.0),
        _ => None,
    });
    assert_eq!(times.next_back(), Some(right));
}

#[test]
fn a_device_that_starts_in_1970_again_goes_on_from_the_newest_time_that_is_stored() {
    for ended in [false, true] {
        let mut world = charged(0, 1_000);
        if ended {
            world.ev(1, evcp::core::Ev::Absent);
            world.run(Millis::from_secs(600));
        }
        world.now.wall = Wall(0);
        world.power_cycle();
        world.run(Millis(0));
        let times = times(&mut world, 4);
        let good = |time: &i64| *time >= BUILT + 1_000 * DAY;
        assert!(times.iter().all(good), "{times:?}");
    }
}

/// Somebody set the clock to a year that is still to come, and the device was restarted since.
#[test]
fn a_stored_time_that_is_too_late_does_not_lock_out_a_device_that_knows_the_time() {
    let mut world = charged(BUILT + 100 * DAY, 9_000);
    world.power_cycle();
    let times = times(&mut world, 4);
    let late = times.iter().map(|time| *time > BUILT + 1_000 * DAY);
    assert_eq!(late.collect::<Vec<_>>(), [true, false, true, false]);
}
