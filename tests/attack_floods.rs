//! A central system that asks more than the host follows, and a disk that hangs: what keeps people
//! safe and the bill right arrives all the same.
#![cfg(feature = "net")]
#![allow(clippy::panic)]

#[path = "attack/central.rs"]
mod central;
#[path = "attack/gate.rs"]
mod gate;

use std::sync::Arc;
use std::time::Duration;

use central::Central;
use evcp::core::{
    Act, Ev, Fact, Fault, NetworkSlot, Notice, Reading, Supply, TransactionChange, TransactionStep,
    Wh,
};
use evcp::types::{ChargePointErrorCode, ChargingRateUnitType, Reason};
use evcp::{ChargePoint, Error, Event, NetworkProfile, Options, Signal, Storage};
use evcp_testing::{at, place, setup, tag};
use gate::Gate;
use serde_json::json;

/// So long a machine with a lot to do may take for the next step.
const PATIENCE: Duration = Duration::from_secs(120);
/// More never waits for a host: 256 that are kept, 64 and one of each state, and what was under way.
const MOST_WAITING: usize = 400;

struct Host {
    point: ChargePoint,
    signal: Arc<Signal>,
}

impl Host {
    fn new(url: &str, storage: Storage) -> Self {
        let options = Options {
            setup: setup(2),
            networks: vec![(NetworkSlot::FIRST, NetworkProfile::new(url, "FLOOD"))],
            storage,
        };
        let signal = Arc::new(Signal::default());
        let point = ChargePoint::new(options, signal.clone()).expect("it is made");
        Self { point, signal }
    }

    fn tell(&self, fact: Fact) {
        assert_eq!(self.point.tell(fact), Ok(()));
    }

    fn act(&self, act: Act) {
        assert_eq!(self.point.act(act), Ok(()));
    }

    fn next(&self) -> Event {
        loop {
            if let Some(event) = self.point.next() {
                return event;
            }
            assert!(self.signal.wait(Some(PATIENCE)), "nothing is told");
        }
    }

    fn until<T>(&self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(&self.next()) {
                return found;
            }
        }
    }

    fn meter(&self, number: u32, wh: i64) {
        let reading = Reading::energy(Wh(wh));
        self.tell(Fact::Meter(place(number), vec![reading]));
    }

    /// Energy flows at connector 1, and the central system knows it.
    fn charge(url: &str, storage: Storage) -> Self {
        let host = Self::new(url, storage);
        host.point.start().expect("it starts");
        host.until(|event| matches!(event, Event::Notice(Notice::Boot(..))).then_some(()));
        host.meter(1, 1_000);
        host.tell(Fact::Ev(at(1), Ev::Charging));
        host.act(Act::Tag(vec![at(1)], tag("CAFE")));
        let confirmed =
            |event: &Event| step(event).filter(|step| step.change == TransactionChange::Confirmed);
        host.until(confirmed);
        assert!(host.point.supply(at(1)).permit);
        host
    }

    /// What waits, without waiting for more.
    fn drain(&self) -> Vec<Event> {
        std::iter::from_fn(|| self.point.next()).collect()
    }
}

fn step(event: &Event) -> Option<TransactionStep> {
    match event {
        Event::Notice(Notice::Transaction(step)) => Some(step.clone()),
        _ => None,
    }
}

fn supply(event: &Event) -> Option<(u32, Supply)> {
    match event {
        Event::Notice(Notice::Supply(at, supply)) => Some((at.number(), *supply)),
        _ => None,
    }
}

/// A flood with a RemoteStop in the middle.
fn flood(central: &mut Central, count: usize, mut send: impl FnMut(&mut Central, usize)) {
    for number in 0..count {
        if number == count / 2 {
            central.call("RemoteStopTransaction", json!({"transactionId": 1}));
        }
        send(central, number);
    }
}

fn change_availability(central: &mut Central, number: usize) {
    let kind = ["Inoperative", "Operative"][number % 2];
    let payload = json!({"connectorId": 2, "type": kind});
    central.call("ChangeAvailability", payload);
}

fn opens_although_nobody_dispatched(mut central: Central, host: &Host, count: usize) {
    for _ in 0..=count {
        central.answer();
    }
    central.hear("StopTransaction");
    let told = host.drain();
    let off = supply(&told[0]).expect("a supply comes first");
    assert!(off.0 == 1 && !off.1.permit, "{off:?}");
    assert!(told.len() < MOST_WAITING, "{}", told.len());
    let stopped = told.iter().filter_map(step);
    assert!({ stopped }.any(|step| step.change == TransactionChange::Stopped));
    central.call("ClearCache", json!({}));
    central.answer();
}

#[test]
fn a_remote_stop_among_availabilities_opens_the_contactor_of_a_host_that_was_busy() {
    let mut central = Central::new();
    let host = Host::charge(&central.url, Storage::Memory);
    flood(&mut central, 1_100, change_availability);
    opens_although_nobody_dispatched(central, &host, 1_100);
}

#[test]
fn a_remote_stop_among_triggered_boots_opens_the_contactor_of_a_host_that_was_busy() {
    let mut central = Central::new();
    let host = Host::charge(&central.url, Storage::Memory);
    flood(&mut central, 1_500, |central, _| {
        let payload = json!({"requestedMessage": "BootNotification"});
        central.call("TriggerMessage", payload);
    });
    opens_although_nobody_dispatched(central, &host, 1_500);
}

#[test]
fn every_request_at_once_loses_no_stop() {
    let mut central = Central::new();
    let host = Host::charge(&central.url, Storage::Memory);
    flood(&mut central, 2_800, |central, number| {
        let (action, payload) = match number % 14 {
            0 => (
                "ChangeConfiguration",
                json!({"key": "HeartbeatInterval", "value": number.to_string()}),
            ),
            1 => ("GetConfiguration", json!({})),
            2 => ("ClearCache", json!({})),
            3 => (
                "TriggerMessage",
                json!({"requestedMessage": "StatusNotification"}),
            ),
            4 => (
                "TriggerMessage",
                json!({"requestedMessage": "MeterValues", "connectorId": 1}),
            ),
            5 => ("TriggerMessage", json!({"requestedMessage": "Heartbeat"})),
            6 => (
                "ChangeAvailability",
                json!({"connectorId": 2, "type": "Inoperative"}),
            ),
            7 => (
                "ChangeAvailability",
                json!({"connectorId": 2, "type": "Operative"}),
            ),
            8 => (
                "GetCompositeSchedule",
                json!({"connectorId": 0, "duration": 60}),
            ),
            9 => ("UnlockConnector", json!({"connectorId": 2})),
            10 => (
                "DataTransfer",
                json!({"vendorId": "v", "data": "x".repeat(10_000)}),
            ),
            11 => (
                "RemoteStartTransaction",
                json!({"connectorId": 2, "idTag": format!("T{number}")}),
            ),
            12 => ("RemoteStopTransaction", json!({"transactionId": 99})),
            _ => ("ClearChargingProfile", json!({})),
        };
        central.call(action, payload);
    });
    // The host hears one thing for every eighth answer, and when there is none.
    let (mut off, mut answers) = (false, 0_usize);
    while answers < 2_801 || !off {
        let answered = answers < 2_801 && central.try_answer(Duration::from_millis(2)).is_ok();
        answers += usize::from(answered);
        if answered && answers % 8 != 0 {
            continue;
        }
        assert!(
            host.point.waiting() < MOST_WAITING,
            "{}",
            host.point.waiting()
        );
        if let Some(event) = host.point.next() {
            answer(&host, &event);
            off |= supply(&event).is_some_and(|(at, supply)| at == 1 && !supply.permit);
        }
    }
}

/// What a host says to questions that would otherwise be waited for.
fn answer(host: &Host, event: &Event) {
    if let Event::Notice(Notice::Ask(request, question)) = event {
        let _ = host.point.answer(*request, question.default_answer());
    }
}

#[test]
fn all_transactions_are_told_in_order_and_the_central_system_waits_for_a_slow_host() {
    const SESSIONS: i32 = 500;
    let mut central = Central::new();
    let host = Host::new(&central.url, Storage::Memory);
    host.point.start().expect("it starts");
    host.until(|event| matches!(event, Event::Notice(Notice::Boot(..))).then_some(()));
    let (mut told, mut most) = (Vec::new(), 0);
    for number in 1..=SESSIONS {
        host.tell(Fact::Ev(at(1), Ev::Absent));
        host.meter(1, i64::from(number) * 100);
        host.tell(Fact::Ev(at(1), Ev::Charging));
        let payload = json!({"connectorId": 1, "idTag": "CAFE"});
        central.call("RemoteStartTransaction", payload);
        for (action, next) in [("StartTransaction", true), ("StopTransaction", false)] {
            // The host hears nothing but when nothing else happens any more.
            while !central.has_heard(action, Duration::from_millis(2)) {
                told.extend(host.point.next());
            }
            most = most.max(host.point.waiting());
            if next {
                central.call("RemoteStopTransaction", json!({ "transactionId": number }));
            }
        }
    }
    host.tell(Fact::Ev(at(1), Ev::Absent));
    while central.try_answer(Duration::from_millis(20)).is_ok() {}
    told.extend(host.drain());
    let steps: Vec<_> = told.iter().filter_map(step).collect();
    let of = |change| steps.iter().filter(move |step| step.change == change);
    use TransactionChange::{Confirmed, Started, Stopped};
    for change in [Started, Confirmed, Stopped] {
        let txs: Vec<_> = of(change).map(|step| step.tx.0).collect();
        assert_eq!(txs.len(), SESSIONS as usize, "{change:?}");
        assert!(txs.windows(2).all(|two| two[0] < two[1]), "{change:?}");
    }
    for tx in of(Started).map(|step| step.tx) {
        let place = |change| {
            let is = |step: &TransactionStep| (step.tx, step.change) == (tx, change);
            steps.iter().position(is)
        };
        assert!(place(Started) < place(Confirmed) && place(Started) < place(Stopped));
    }
    assert!((256..MOST_WAITING).contains(&most), "{most}");
}

// rules: 7
#[test]
fn a_call_that_is_repeated_while_it_waits_for_the_host_is_carried_out_once() {
    let mut central = Central::new();
    let host = Host::new(&central.url, Storage::Memory);
    host.point.start().expect("it starts");
    host.until(|event| matches!(event, Event::Notice(Notice::Boot(..))).then_some(()));
    host.meter(1, 100);
    // The host hears nothing, and more and more waits for it.
    let mut sessions = 0;
    let held = loop {
        sessions += 1;
        host.tell(Fact::Ev(at(1), Ev::Absent));
        host.tell(Fact::Ev(at(1), Ev::Charging));
        let start = json!({"connectorId": 1, "idTag": "CAFE"});
        let number = central.call("RemoteStartTransaction", start);
        if central.try_answer(Duration::from_secs(2)).is_err() {
            break number;
        }
        central.hear("StartTransaction");
        central.call(
            "RemoteStopTransaction",
            json!({ "transactionId": sessions }),
        );
        if central.try_answer(Duration::from_secs(2)).is_err() {
            break number + 1;
        }
        central.hear("StopTransaction");
    };
    for _ in 0..3 {
        central.repeat();
    }
    central.send("nonsense");
    while host.point.stats().counters.garbage == 0 {
        let none = central.try_answer(Duration::from_millis(2));
        assert!(none.is_err(), "the host is behind");
    }
    let next = central.call("GetConfiguration", json!({}));
    let mut answers = Vec::new();
    while answers.last() != Some(&next) {
        host.drain();
        if let Ok((number, _)) = central.try_answer(Duration::from_millis(10)) {
            answers.push(number);
        }
    }
    assert_eq!(answers, [held, next]);
}

/// Energy flows, and the disk hangs in the middle of a commit.
fn hanging() -> (Central, Host, Gate) {
    let central = Central::new();
    let gate = Gate::default();
    let host = Host::charge(&central.url, gate.storage());
    host.drain();
    gate.close();
    host.tell(Fact::Operative(place(2), false));
    gate.wait_until_somebody_hangs();
    (central, host, gate)
}

fn stop_is_there(host: &Host) {
    assert!(!host.point.supply(at(1)).permit);
    let next = host.point.next();
    let off = next.as_ref().and_then(supply).expect("it comes first");
    assert!(off.0 == 1 && !off.1.permit, "{off:?}");
}

#[test]
fn an_emergency_stop_takes_effect_while_the_disk_hangs_however_much_was_told() {
    let (central, host, gate) = hanging();
    for round in 0..100_000_i64 {
        for number in 1..=2 {
            host.meter(number, 1_000 + round);
            host.tell(Fact::Ev(at(number), Ev::Charging));
        }
    }
    let periods = host.point.schedule(place(1), 60, ChargingRateUnitType::A);
    assert_eq!(periods.map(|periods| periods.len()), Ok(1));
    while host.point.act(Act::Tag(vec![at(2)], tag("FULL"))) != Err(Error::Full) {}
    host.act(Act::StopTx(at(1), Reason::EmergencyStop));
    stop_is_there(&host);
    gate.open();
    let stopped = host.until(|event| {
        assert!(!supply(event).is_some_and(|(at, supply)| at == 1 && supply.permit));
        step(event).filter(|step| step.change == TransactionChange::Stopped)
    });
    assert_eq!(stopped.reason, Some(Reason::EmergencyStop));
    assert_eq!(stopped.stopped.map(|(_, wh)| wh), Some(Wh(100_999)));
    drop(central);
}

#[test]
fn a_fault_takes_effect_while_the_disk_hangs_and_energy_is_back_after_it() {
    let (_central, host, gate) = hanging();
    let fault = |code| Fault {
        code,
        info: None,
        vendor_code: None,
    };
    let ground = fault(ChargePointErrorCode::GroundFailure);
    host.tell(Fact::Fault(place(1), Some(ground)));
    stop_is_there(&host);
    host.tell(Fact::Fault(place(1), None));
    assert!(!host.point.supply(at(1)).permit, "nobody dealt with it yet");
    gate.open();
    host.until(|event| supply(event).filter(|(at, supply)| *at == 1 && supply.permit));
    assert!(host.point.supply(at(1)).permit);
}

#[test]
fn power_that_fails_takes_effect_while_the_disk_hangs() {
    let (_central, host, gate) = hanging();
    host.act(Act::PowerFails);
    stop_is_there(&host);
    gate.open();
    let stopped = |event: &Event| step(event).filter(|s| s.change == TransactionChange::Stopped);
    assert_eq!(host.until(stopped).reason, Some(Reason::PowerLoss));
}

/// The test holds the gate: what waited for the disk would wait for ever.
#[test]
fn nobody_waits_for_a_disk_that_hangs() {
    let (central, host, gate) = hanging();
    let other = Host::new(&central.url, Storage::Memory);
    assert_eq!(other.point.start(), Ok(()));
    let stopped = other.point.stop(Duration::from_millis(1));
    assert!(matches!(stopped, Err(Error::Io(_))), "{stopped:?}");
    drop(other);
    let stopped = host.point.stop(Duration::from_millis(1));
    assert!(matches!(stopped, Err(Error::Io(_))), "{stopped:?}");
    drop(host);
    // Not even one that has not been started.
    let made = Host::new(&central.url, gate.storage());
    made.tell(Fact::Operative(place(2), false));
    let stopped = made.point.stop(Duration::from_millis(1));
    assert!(matches!(stopped, Err(Error::Io(_))), "{stopped:?}");
    gate.open();
    assert_eq!(made.point.stop(PATIENCE), Ok(()));
}
