//! What OCPP says of heartbeats and the clock.
#![allow(clippy::panic)]

use evcp::core::{Ev, Fact, Notice};
use evcp::time::{Millis, Wall};
use evcp_testing::{setup, told, with, Treat, World};
use serde_json::json;

// rules: 29
#[test]
fn the_clock_follows_boot_and_heartbeat_and_no_timer_moves_with_it() {
    for step in [-7_200_000, 7_200_000] {
        let keys = [("HeartbeatInterval", "20"), ("ConnectionTimeOut", "30")];
        let mut world = World::new(with(1, &keys));
        world.step_central(86_400_000);
        world.central.treat("BootNotification", {
            let time = evcp::types::format_wall(Wall(world.central.clock));
            Treat::With(json!({"status": "Accepted", "currentTime": time, "interval": 0}))
        });
        world.run(Millis(0));
        world.show(1, "ONE");
        let last = |world: &World| {
            let all = world.sent("StatusNotification");
            all[all.len() - 1]["timestamp"].clone()
        };
        assert_eq!(last(&world), "2026-01-02T00:00:00.000Z");
        world.step_central(step);
        world.run(Millis::from_secs(29));
        assert_eq!(world.sent("Heartbeat").len(), 1);
        assert_eq!(world.statuses(1), ["Available", "Preparing"]);
        world.run(Millis::from_secs(1));
        assert_eq!(world.statuses(1), ["Available", "Preparing", "Available"]);
        let now = evcp::types::format_wall(Wall(world.central.clock));
        assert_eq!(last(&world), now);
        world.run(Millis::from_secs(10));
        assert_eq!(world.sent("Heartbeat").len(), 2);
        let set = |notice: &&Notice| matches!(notice, Notice::Time(_));
        assert_eq!(world.told.iter().filter(set).count(), 2);
    }
}

// rules: 31
#[test]
fn a_heartbeat_is_sent_at_its_interval_however_much_else_is_said() {
    let mut world = told(setup(1), "Accepted", 10);
    for _ in 0..10 {
        world.ev(1, Ev::Plugged);
        world.run(Millis::from_secs(3));
        world.ev(1, Ev::Absent);
        world.run(Millis::from_secs(3));
    }
    assert!(world.sent("StatusNotification").len() >= 20);
    assert_eq!(world.sent("Heartbeat").len(), 6);
}

// rules: 32
#[test]
fn a_heartbeat_interval_counts_from_its_change_shorter_longer_and_none() {
    let mut world = told(setup(1), "Accepted", 100);
    world.run(Millis::from_secs(60));
    for (value, wait) in [("20", 20), ("200", 200)] {
        let before = world.sent("Heartbeat").len();
        world.call(
            "ChangeConfiguration",
            json!({"key": "HeartbeatInterval", "value": value}),
        );
        world.run(Millis::from_secs(wait - 1));
        assert_eq!(world.sent("Heartbeat").len(), before, "{value}");
        world.run(Millis::from_secs(1));
        assert_eq!(world.sent("Heartbeat").len(), before + 1, "{value}");
    }
    world.call(
        "ChangeConfiguration",
        json!({"key": "HeartbeatInterval", "value": "0"}),
    );
    world.run(Millis::from_secs(10_000));
    assert_eq!(world.sent("Heartbeat").len(), 2);
}

#[test]
fn the_firmware_is_told_the_time_of_the_central_system_and_not_its_own() {
    let mut world = World::booted(with(1, &[]));
    let told = |world: &World| {
        let time = |notice: &&Notice| matches!(notice, Notice::Time(_));
        world.told.iter().filter(time).count()
    };
    assert_eq!(told(&world), 1);
    let own = Wall(world.now.wall.0 + 60_000);
    world.fact(Fact::Clock(own));
    assert_eq!(told(&world), 1);
    // The next heartbeat says otherwise.
    world.run(Millis::from_secs(301));
    assert_eq!(told(&world), 2);
}

// rules: 29
#[test]
fn after_a_suspend_the_time_is_asked_for_at_once_and_not_for_each_of_many_jumps() {
    let mut world = told(setup(1), "Accepted", 3_600);
    world.run(Millis::from_secs(10));
    assert_eq!(world.sent("Heartbeat").len(), 0);
    // Asleep, timers stand still, and the device's clock does not.
    world.step_wall(600_000);
    world.step_central(600_000);
    world.ev(1, Ev::Plugged);
    world.run(Millis(0));
    assert_eq!(world.sent("Heartbeat").len(), 1);
    let now = evcp::types::format_wall(Wall(world.central.clock));
    world.ev(1, Ev::Absent);
    world.run(Millis(0));
    let statuses = world.sent("StatusNotification");
    assert_eq!(statuses[statuses.len() - 1]["timestamp"], now);
    for _ in 0..120 {
        world.step_wall(5_000);
        world.ev(1, Ev::Absent);
        world.run(Millis::from_secs(1));
    }
    assert_eq!(world.sent("Heartbeat").len(), 3);
}

#[test]
fn a_jump_while_there_is_no_connection_is_asked_about_on_the_next() {
    let mut world = told(setup(1), "Accepted", 3_600);
    world.reachable = false;
    world.drop_link();
    world.run(Millis::from_secs(10));
    world.step_wall(600_000);
    world.ev(1, Ev::Plugged);
    world.run(Millis::from_secs(100));
    world.reachable = true;
    world.run(Millis::from_secs(150));
    assert_eq!(world.sent("Heartbeat").len(), 1);
}
