//! What a display can say of a tag: where it was shown, for what, and why not (OCPP 1.6 §3.5, §4.9).
#![allow(clippy::panic)]

use evcp::core::{Act, AskedBy, Ev, Fact, Fault, Notice, Place, Purpose, Why};
use evcp::time::Millis;
use evcp::types::{ChargePointErrorCode, Reason};
use evcp_testing::{at, place, setup, tag, with, Treat, World};
use serde_json::{json, Value};

/// What the host was told last of a tag: where it was shown, for what, and why not.
fn last(world: &World) -> (Place, Purpose, &'static str, Option<Why>) {
    let mut told = world.told.iter().rev();
    let found = told.find_map(|notice| match notice {
        Notice::Authorized {
            claim,
            purpose,
            status,
            why,
            ..
        } => Some((claim.reader, *purpose, status.as_str(), *why)),
        _ => None,
    });
    found.expect("the host was told of a tag")
}

fn why(world: &World) -> Option<Why> {
    let (.., status, why) = last(world);
    assert_ne!(status, "Accepted");
    why
}

fn timeouts(world: &World) -> Vec<(u32, Place, AskedBy, String)> {
    let told = world.told.iter().filter_map(|notice| match notice {
        Notice::TimedOut { claim, connector } => Some((
            connector.number(),
            claim.reader,
            claim.by,
            claim.tag.as_str().to_owned(),
        )),
        _ => None,
    });
    told.collect()
}

fn ground() -> Option<Fault> {
    Some(Fault {
        code: ChargePointErrorCode::GroundFailure,
        info: None,
        vendor_code: None,
    })
}

fn info(status: &str, group: Option<&str>) -> Value {
    json!({ "idTagInfo": { "status": status, "parentIdTag": group } })
}

#[test]
fn a_tag_is_told_with_its_reader_and_what_it_does() {
    let mut world = World::booted(setup(2));
    world.meter(1, 0);
    world.act(Act::Tag(vec![], tag("ONE")));
    let anywhere = (Place::ChargePoint, Purpose::Start, "Accepted", None);
    assert_eq!(last(&world), anywhere);
    world.show(1, "ONE");
    let one = Place::Connector(at(1));
    assert_eq!(last(&world), (one, Purpose::TakeBack, "Accepted", None));
    world.charge(1, "ONE");
    assert_eq!(last(&world), (one, Purpose::Start, "Accepted", None));
    world.show(1, "ONE");
    assert_eq!(last(&world), (one, Purpose::Stop, "Accepted", None));
}

#[test]
fn a_tag_that_gets_a_kept_cable_out_is_told_so() {
    let mut setup = with(1, &[("UnlockConnectorOnEVSideDisconnect", "false")]);
    setup.connectors[0].lockable = true;
    let mut world = World::booted(setup);
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.ev(1, Ev::CableOnly);
    world.show(1, "TWO");
    assert_eq!(why(&world), Some(Why::CableKept));
    world.show(1, "ONE");
    assert_eq!(last(&world).1, Purpose::Unlock);
}

#[test]
fn who_is_refused_by_the_central_system_is_told_in_its_words_alone() {
    let mut world = World::booted(setup(1));
    for status in ["Blocked", "Expired", "Invalid", "ConcurrentTx"] {
        world
            .central
            .treat("Authorize", Treat::With(info(status, None)));
        world.show(1, "ONE");
        assert_eq!(
            last(&world),
            (Place::Connector(at(1)), Purpose::Start, status, None)
        );
    }
}

#[test]
fn a_charger_that_cannot_serve_says_what_is_wrong_with_it() {
    let mut world = World::booted(setup(2));
    world.fact(Fact::Operative(place(1), false));
    world.show(1, "ONE");
    assert_eq!(why(&world), Some(Why::OutOfService));
    world.fact(Fact::Fault(place(2), ground()));
    world.show(2, "ONE");
    assert_eq!(why(&world), Some(Why::Faulted));
    // Of all that the reader serves one is only faulted: that may be over soon.
    world.act(Act::Tag(vec![], tag("ONE")));
    assert_eq!(why(&world), Some(Why::Faulted));
    world.fact(Fact::Fault(place(2), None));
    world.fact(Fact::Fault(Place::ChargePoint, ground()));
    world.show(1, "ONE");
    assert_eq!(why(&world), Some(Why::Faulted));
}

#[test]
fn a_charger_that_was_never_accepted_says_so() {
    let mut world = World::new(setup(1));
    world.central.treat(
        "BootNotification",
        Treat::With(json!({
            "status": "Pending", "currentTime": "2024-01-01T00:00:00Z", "interval": 60
        })),
    );
    world.run(Millis(0));
    world.show(1, "ONE");
    assert_eq!(why(&world), Some(Why::NotRegistered));
}

#[test]
fn who_comes_to_a_taken_connector_is_told_who_has_it() {
    let mut world = World::booted(setup(2));
    world.meter(1, 0);
    world.charge(1, "ONE");
    world.show(1, "TWO");
    assert_eq!(why(&world), Some(Why::OtherTagCharges));
    world.show(2, "TWO");
    world.show(2, "THREE");
    assert_eq!(why(&world), Some(Why::NoFreeConnector));
    world.act(Act::Tag(vec![], tag("THREE")));
    assert_eq!(why(&world), Some(Why::NoFreeConnector));
    assert_eq!(last(&world).0, Place::ChargePoint);
}

#[test]
fn a_tag_of_another_group_wanted_to_start() {
    let mut world = World::booted(setup(1));
    world.meter(1, 0);
    let accept = |group| Treat::With(info("Accepted", Some(group)));
    world.central.treat("Authorize", accept("US"));
    world.charge(1, "ONE");
    world.central.treat("Authorize", accept("THEM"));
    world.show(1, "TWO");
    let one = Place::Connector(at(1));
    let refused = (
        one,
        Purpose::Start,
        "ConcurrentTx",
        Some(Why::OtherTagCharges),
    );
    assert_eq!(last(&world), refused);
    world.central.treat("Authorize", accept("US"));
    world.show(1, "THREE");
    assert_eq!(last(&world), (one, Purpose::Stop, "Accepted", None));
}

#[test]
fn a_stranger_is_told_whether_nobody_could_be_asked_or_nobody_answered() {
    let mut world = World::booted(with(1, &[("AllowOfflineTxForUnknownId", "false")]));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "ONE");
    world.run(Millis::from_secs(31));
    assert_eq!(why(&world), Some(Why::CentralSystemSilent));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "TWO");
    world.reachable = false;
    world.drop_link();
    assert_eq!(why(&world), Some(Why::OfflineUnknown));
    world.show(1, "THREE");
    assert_eq!(why(&world), Some(Why::OfflineUnknown));
}

#[test]
fn a_permission_that_is_called_off_is_told_with_the_reason() {
    let mut world = World::booted(setup(1));
    world.show(1, "ONE");
    world.act(Act::Cancel(place(1)));
    assert_eq!(why(&world), Some(Why::Cancelled));
    world.show(1, "ONE");
    world.fact(Fact::Fault(place(1), ground()));
    world.ev(1, Ev::Plugged);
    assert_eq!(why(&world), Some(Why::Faulted));
    let count = world.told.len();
    world.act(Act::Cancel(place(1)));
    assert_eq!(world.told.len(), count, "it is told once");
}

#[test]
fn a_tag_that_is_being_asked_about_is_told_that_a_stop_came_first() {
    let mut world = World::booted(setup(1));
    world.central.treat("Authorize", Treat::Silence);
    world.show(1, "ONE");
    world.act(Act::StopTx(at(1), Reason::EmergencyStop));
    assert_eq!(why(&world), Some(Why::Cancelled));
}

#[test]
fn a_remote_start_and_the_charger_itself_are_told_as_what_they_are() {
    let mut world = World::booted(setup(2));
    let by = |world: &World| {
        let mut told = world.told.iter().rev();
        told.find_map(|notice| match notice {
            Notice::Authorized { claim, .. } => Some((claim.by, claim.reader)),
            _ => None,
        })
    };
    let remote = json!({ "idTag": "ONE", "connectorId": 1 });
    world.call("RemoteStartTransaction", remote);
    assert_eq!(by(&world), Some((AskedBy::CentralSystem, place(1))));
    world.act(Act::StartTx(at(2), tag("FREE")));
    assert_eq!(by(&world), Some((AskedBy::Host, place(2))));
    world.act(Act::StartTx(at(2), tag("FREE")));
    assert_eq!(why(&world), Some(Why::NoFreeConnector));
}

#[test]
fn the_host_is_told_once_when_nobody_plugged_in_in_time() {
    let mut world = World::booted(with(3, &[("ConnectionTimeOut", "30")]));
    world.act(Act::Tag(vec![], tag("ONE")));
    world.act(Act::StartTx(at(2), tag("TWO")));
    let remote = json!({ "idTag": "THREE", "connectorId": 3 });
    world.call("RemoteStartTransaction", remote);
    world.run(Millis(29_999));
    assert_eq!(timeouts(&world), []);
    world.run(Millis::from_secs(60));
    let expected = [
        (1, Place::ChargePoint, AskedBy::Reader, "ONE".to_owned()),
        (2, place(2), AskedBy::Host, "TWO".to_owned()),
        (3, place(3), AskedBy::CentralSystem, "THREE".to_owned()),
    ];
    assert_eq!(timeouts(&world), expected);
}

#[test]
fn nobody_is_told_of_a_time_that_nobody_waited_for() {
    let mut world = World::booted(with(2, &[("ConnectionTimeOut", "30")]));
    world.meter(1, 0);
    // A plug without a tag, a tag that is taken back, a session that begins.
    world.ev(2, Ev::Plugged);
    world.act(Act::Tag(vec![at(1)], tag("ONE")));
    world.act(Act::Tag(vec![at(1)], tag("ONE")));
    world.run(Millis::from_secs(31));
    world.charge(1, "ONE");
    world.run(Millis::from_secs(60));
    assert_eq!(timeouts(&world), []);
}
