//! Clocks that jump by a day, at every point of a session: nothing comes early, late or never.
#![allow(clippy::panic)]

use evcp::core::Ev;
use evcp::time::Millis;
use evcp_testing::{with, Treat, World};
use serde_json::{json, Value};

const DAY_MS: i64 = 86_400_000;

/// Timers of all kinds: MinimumStatusDuration, ConnectionTimeOut, the wait before the second
/// attempt of a refused message, samples, heartbeats, the time-out of a call, a reconnection.
fn charger() -> World {
    let mut world = World::new(with(
        1,
        &[
            ("MinimumStatusDuration", "2"),
            ("ConnectionTimeOut", "30"),
            ("TransactionMessageRetryInterval", "25"),
            ("MeterValueSampleInterval", "20"),
            ("MessageTimeout", "10"),
        ],
    ));
    world.central.treat("StartTransaction", Treat::Error);
    world
}

type Act = fn(&mut World);

/// What happens, with ten seconds between each and the next.
const STORY: &[Act] = &[
    |_| {},
    |world| world.show(1, "GONE"),
    |_| {},
    |_| {},
    |_| {},
    |_| {},
    |world| world.ev(1, Ev::Plugged),
    |world| world.show(1, "ONE"),
    |world| world.ev(1, Ev::Charging),
    |_| {},
    |_| {},
    |_| {},
    |_| {},
    |world| world.central.treat("MeterValues", Treat::Silence),
    |_| {},
    |_| {},
    |_| {},
    |world| world.drop_link(),
    |_| {},
    |_| {},
    |world| world.show(1, "ONE"),
    |world| world.ev(1, Ev::Absent),
    |_| {},
    |_| {},
];

/// Something to do before the act of that number.
type Special<'a> = (usize, &'a dyn Fn(&mut World));

/// The story, with something special before one of its acts; what was called, and when, but for
/// heartbeats: after a step of the device's clock the time is asked for at once.
fn tell(special: Option<Special<'_>>) -> (World, Vec<(u64, String)>) {
    let mut world = charger();
    let mut register = 0;
    for (number, act) in STORY.iter().enumerate() {
        if let Some((_, step)) = special.filter(|(at, _)| *at == number) {
            step(&mut world);
        }
        register += 10;
        world.meter(1, register);
        act(&mut world);
        world.run(Millis::from_secs(10));
    }
    world.run(Millis::from_secs(400));
    let calls = world.timeline().into_iter();
    let calls = calls.filter(|(_, action, _)| action != "Heartbeat");
    let calls = calls.map(|(at, action, _)| (at, action)).collect();
    (world, calls)
}

// rules: 29
#[test]
fn a_step_of_the_device_clock_at_any_point_of_a_session_changes_nothing_at_all() {
    let (calm, expected) = tell(None);
    let expected_books = calm.central.sessions.clone();
    assert!(
        expected.len() > 20,
        "the story has timers of all kinds: {expected:?}"
    );
    for at in 0..STORY.len() {
        for step in [-DAY_MS, DAY_MS] {
            // The clock is known from the first answer on; what came before is put right by it.
            let (world, calls) = tell(Some((at, &|world: &mut World| world.step_wall(step))));
            assert_eq!(calls, expected, "a step of {step} ms before act {at}");
            if at > 0 {
                assert_eq!(world.central.sessions, expected_books, "before act {at}");
            }
        }
    }
}

// rules: 29
#[test]
fn a_step_of_the_central_systems_clock_at_any_point_moves_time_stamps_and_no_timer() {
    let beat = |world: &mut World| {
        world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
    };
    for at in 1..STORY.len() {
        let (_, expected) = tell(Some((at, &beat)));
        for step in [-DAY_MS, DAY_MS] {
            let jump = |world: &mut World| {
                world.step_central(step);
                beat(world);
            };
            let (world, calls) = tell(Some((at, &jump)));
            assert_eq!(calls, expected, "a step of {step} ms before act {at}");
            let session = &world.central.sessions[0];
            let stop = session.stop.as_ref().expect("it was stopped");
            let time = |message: &Value| message["timestamp"].as_str().map(str::to_owned);
            assert!(
                time(stop) >= time(&session.start),
                "ends before it began: {session:?}"
            );
        }
    }
}

// rules: 74
#[test]
fn clock_aligned_values_follow_the_clock_and_do_not_starve_when_it_steps_back() {
    for step in [-DAY_MS, -3_600_000, 3_600_000, DAY_MS] {
        let mut world = World::booted(with(1, &[("ClockAlignedDataInterval", "60")]));
        world.meter(1, 5);
        world.run(Millis::from_secs(90));
        world.step_central(step);
        world.call("TriggerMessage", json!({"requestedMessage": "Heartbeat"}));
        world.run(Millis::from_secs(270));
        let sent = world.sent("MeterValues");
        assert_eq!(sent.len(), 6, "a step of {step} ms");
        for message in &sent {
            let time = message["meterValue"][0]["timestamp"]
                .as_str()
                .expect("a time");
            assert!(time.ends_with(":00.000Z"), "{time} is not on the grid");
        }
    }
}
