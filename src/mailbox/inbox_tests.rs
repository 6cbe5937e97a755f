use super::*;
use crate::core::{ConnectorId, Ev, Evse, Fault};
use crate::time::Wall;
use crate::types::{ChargePointErrorCode, CiString, IdToken, Reason};

const NOW: Mono = Mono(1_000);

fn at(number: u32) -> ConnectorId {
    ConnectorId::new(number).expect("connectors count from 1")
}

fn tag() -> Act {
    Act::Tag(vec![at(1)], IdToken::new("CAFE").expect("short"))
}

fn ground(number: u32) -> Fact {
    let code = ChargePointErrorCode::GroundFailure;
    let fault = Fault {
        code,
        info: None,
        vendor_code: None,
    };
    Fact::Fault(Place::Connector(at(number)), Some(fault))
}

fn meter(number: u32, milli: i64) -> Fact {
    let reading = Reading {
        milli,
        ..Reading::energy(crate::core::Wh(0))
    };
    Fact::Meter(Place::Connector(at(number)), vec![reading])
}

fn all(inbox: &mut Inbox) -> Vec<Mail> {
    std::iter::from_fn(|| inbox.take(NOW)).collect()
}

fn told(mails: &[Mail]) -> Vec<Mail> {
    let mut inbox = Inbox::default();
    for mail in mails.iter().cloned() {
        let taken = match mail {
            Mail::Fact(fact) => inbox.put(fact, NOW),
            Mail::Act(act) => inbox.act(act),
            Mail::Answer(..) => unreachable!("nobody answers"),
        };
        taken.expect("there is room");
    }
    all(&mut inbox)
}

#[test]
fn states_of_two_connectors_in_turns_merge() {
    let mut inbox = Inbox::default();
    for round in 0..10_000 {
        for number in 1..=2 {
            inbox.put(meter(number, round), NOW).expect("there is room");
            inbox
                .put(Fact::Ev(at(number), Ev::Charging), NOW)
                .expect("there is room");
        }
    }
    assert_eq!(inbox.len(), 4);
    let wanted = [
        meter(1, 9_999),
        Fact::Ev(at(1), Ev::Charging),
        meter(2, 9_999),
        Fact::Ev(at(2), Ev::Charging),
    ];
    assert_eq!(all(&mut inbox), wanted.map(Mail::Fact));
}

#[test]
fn a_state_does_not_move_over_what_was_done_since() {
    let facts = [
        Mail::Fact(Fact::Ev(at(1), Ev::Plugged)),
        Mail::Act(tag()),
        Mail::Fact(Fact::Ev(at(1), Ev::Absent)),
    ];
    assert_eq!(told(&facts), facts);
}

#[test]
fn a_vehicle_that_was_unplugged_is_not_forgotten_for_the_next_one() {
    let ev = |ev| Mail::Fact(Fact::Ev(at(1), ev));
    let facts = [ev(Ev::Charging), ev(Ev::Absent), ev(Ev::Plugged)];
    assert_eq!(told(&facts), facts[1..]);
    let facts = [
        ev(Ev::Absent),
        ev(Ev::Plugged),
        ev(Ev::Charging),
        ev(Ev::CableOnly),
    ];
    assert_eq!(told(&facts), [ev(Ev::Absent), ev(Ev::CableOnly)]);
    let facts = [ev(Ev::CableOnly), ev(Ev::Plugged), ev(Ev::Absent)];
    assert_eq!(told(&facts), [ev(Ev::Absent)]);
}

#[test]
fn a_fault_that_came_and_went_is_told_and_holds_until_both_are_dealt_with() {
    let mut inbox = Inbox::default();
    let over = Fact::Fault(Place::Connector(at(1)), None);
    for fact in [
        over.clone(),
        ground(1),
        over.clone(),
        ground(1),
        over.clone(),
    ] {
        inbox.put(fact, NOW).expect("there is room");
    }
    assert!(inbox.stops().holds(at(1)) && !inbox.stops().holds(at(2)));
    // That nothing was wrong before it came first; its own end comes after it.
    assert_eq!(inbox.take(NOW), Some(Mail::Fact(over)));
    assert_eq!(inbox.take(NOW), Some(Mail::Fact(ground(1))));
    assert!(inbox.stops().holds(at(1)), "it is not dealt with yet");
    let ended = Fact::FaultOver(Place::Connector(at(1)), ChargePointErrorCode::GroundFailure);
    assert_eq!(inbox.take(NOW), Some(Mail::Fact(ended)));
    inbox.handled();
    assert!(!inbox.stops().holds(at(1)));
    assert!(inbox.is_empty());
}

#[test]
fn a_charger_that_pauses_holds_until_it_is_dealt_with_and_the_last_word_counts() {
    let mut inbox = Inbox::default();
    let paused = || Fact::Evse(at(1), Evse::Paused { reason: None });
    inbox.put(paused(), NOW).expect("there is room");
    assert!(inbox.stops().holds(at(1)) && !inbox.stops().holds(at(2)));
    inbox
        .put(Fact::Evse(at(1), Evse::Ready), NOW)
        .expect("there is room");
    assert_eq!(inbox.take(NOW), Some(Mail::Fact(paused())));
    let ready = Mail::Fact(Fact::Evse(at(1), Evse::Ready));
    assert_eq!(inbox.take(NOW), Some(ready));
    inbox.handled();
    assert!(!inbox.stops().holds(at(1)) && inbox.is_empty());
}

#[test]
fn power_that_fails_holds_everywhere_until_it_is_dealt_with() {
    let mut inbox = Inbox::default();
    inbox.act(Act::PowerFails).expect("there is room");
    assert!(inbox.stops().holds(at(1)) && inbox.stops().holds(at(200)));
    assert!(inbox.take(NOW).is_some());
    assert!(inbox.stops().holds(at(1)));
    inbox.handled();
    assert!(!inbox.stops().holds(at(1)));
}

fn full() -> Inbox {
    let mut inbox = Inbox::default();
    // Each state between two acts keeps its place.
    for round in 0..2_000_u32 {
        let number = round % 200 + 1;
        let _ = inbox.put(Fact::Ev(at(number), Ev::Plugged), NOW);
        let _ = inbox.put(Fact::Operative(Place::Connector(at(number)), true), NOW);
        let _ = inbox.put(meter(number, i64::from(round)), NOW);
        let _ = inbox.act(tag());
    }
    inbox
}

#[test]
fn a_full_inbox_takes_every_stop_fault_and_the_end_and_stays_bounded() {
    let mut inbox = full();
    let before = inbox.len();
    assert!(before <= MOST_ACTS + MOST_LEVELS);
    for _ in 0..10 {
        for number in 1..=200 {
            let stop = Act::StopTx(at(number), Reason::EmergencyStop);
            assert_eq!(inbox.act(stop), Ok(()));
            assert_eq!(inbox.put(ground(number), NOW), Ok(()));
        }
        assert_eq!(inbox.act(Act::PowerFails), Ok(()));
    }
    assert_eq!(inbox.act(tag()), Err(Error::Full));
    assert_eq!(inbox.act(Act::Closing), Ok(()));
    // One stop and a fault before and after the other stops for each connector, power that fails, and
    // the end.
    assert!(inbox.len() <= before + 602, "{}", inbox.len() - before);
    let taken = all(&mut inbox);
    assert_eq!(taken.last(), Some(&Mail::Act(Act::Closing)));
    for number in 1..=200 {
        assert!(taken.contains(&Mail::Fact(ground(number))));
        let stop = Act::StopTx(at(number), Reason::EmergencyStop);
        assert!(taken.contains(&Mail::Act(stop)));
    }
}

#[test]
fn a_second_stop_after_something_could_begin_is_a_stop_of_its_own() {
    let stop = || Mail::Act(Act::StopTx(at(1), Reason::Local));
    let fault = Mail::Fact(ground(1));
    assert_eq!(told(&[stop(), stop(), fault, stop()]).len(), 2);
    assert_eq!(told(&[stop(), Mail::Act(tag()), stop()]).len(), 3);
    let plugged = Mail::Fact(Fact::Ev(at(1), Ev::Plugged));
    assert_eq!(told(&[stop(), plugged, stop()]).len(), 3);
}

#[test]
fn data_that_waits_is_bounded_in_bytes() {
    let mut inbox = Inbox::default();
    let mut taken = 0_usize;
    for token in 0.. {
        let act = Act::DataTransfer {
            token,
            vendor: CiString::truncated("V"),
            message: None,
            data: Some("x".repeat(65_536)),
        };
        if inbox.act(act).is_err() {
            break;
        }
        taken += 1;
        let signed = Fact::SignedMeter(at(1), "y".repeat(65_536));
        let _ = inbox.put(signed, NOW);
    }
    assert!(taken * 65_536 <= MOST_BYTES, "{taken}");
    // Room is made by taking.
    while inbox.take(NOW).is_some() {}
    assert_eq!(inbox.bytes, 0);
    assert_eq!(inbox.acts, 0);
}

#[test]
fn a_time_that_waits_goes_on() {
    let mut inbox = Inbox::default();
    inbox.put(Fact::Clock(Wall(50_000)), NOW).expect("room");
    let later = Mono(NOW.0 + 3_000);
    let right = Mail::Fact(Fact::Clock(Wall(53_000)));
    assert_eq!(inbox.take(later), Some(right));
}

fn faults(told: &[(Option<ChargePointErrorCode>, bool)]) -> (Vec<ChargePointErrorCode>, usize) {
    let mut inbox = Inbox::default();
    for (code, is) in told {
        let place = Place::Connector(at(1));
        let fact = match (code, is) {
            (Some(code), true) => Fact::Fault(
                place,
                Some(Fault {
                    code: *code,
                    info: None,
                    vendor_code: None,
                }),
            ),
            (Some(code), false) => Fact::FaultOver(place, *code),
            (None, _) => Fact::Fault(place, None),
        };
        inbox.put(fact, Mono(0)).expect("there is room");
    }
    let (mut left, waited) = (Vec::new(), inbox.len());
    while let Some(mail) = inbox.take(Mono(0)) {
        match mail {
            Mail::Fact(Fact::Fault(_, Some(fault))) => {
                left.retain(|code| *code != fault.code);
                left.push(fault.code);
            }
            Mail::Fact(Fact::FaultOver(_, over)) => left.retain(|code| *code != over),
            Mail::Fact(Fact::Fault(_, None)) => left.clear(),
            mail => panic!("{mail:?}"),
        }
    }
    (left, waited)
}

#[test]
fn faults_merge_by_their_code_and_the_end_of_all_of_them_keeps_its_place() {
    use ChargePointErrorCode::{GroundFailure as G, HighTemperature as H};
    let is = |code| (Some(code), true);
    let over = |code| (Some(code), false);
    let none = (None, false);
    assert_eq!(faults(&[is(G), is(H), over(G)]).0, [H]);
    assert_eq!(faults(&[is(G), is(H), none]).0, []);
    assert_eq!(faults(&[is(G), none, is(G)]).0, [G]);
    assert_eq!(faults(&[none, is(G), none, is(H)]).0, [H]);
    assert_eq!(faults(&[is(G), none, is(G), none, is(G), over(H)]).0, [G]);
    // However often they come and go, few wait.
    let flood: Vec<_> = (0..10_000)
        .map(|i| [is(G), is(H), none, over(H)][i % 4])
        .collect();
    assert!(faults(&flood).1 < 10);
}
