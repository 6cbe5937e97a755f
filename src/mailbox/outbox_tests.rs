use super::*;
use crate::core::{Act, AskedBy, Claim, Connection, ConnectorStatus, DataTransferOutcome, Purpose};
use crate::core::{Question, Wh};
use crate::mailbox::Inbox;
use crate::time::{Mono, Wall};
use crate::types::{AuthorizationStatus, ChargePointErrorCode, ChargePointStatus, IdToken, Reason};

fn at(number: u32) -> ConnectorId {
    ConnectorId::new(number).expect("connectors count from 1")
}

fn supply(deciamps: u32) -> Supply {
    Supply {
        permit: deciamps > 0,
        lock: true,
        deciamps: Some(deciamps),
        deciwatts: Some(u64::from(deciamps) * 690),
        ..Supply::OFF
    }
}

fn command(number: u32, supply: Supply) -> Event {
    Event::Notice(Notice::Supply(at(number), supply))
}

fn next(outbox: &mut Outbox) -> Option<Event> {
    outbox.next(&Stops::default())
}

fn rest(outbox: &mut Outbox) -> Vec<Event> {
    std::iter::from_fn(|| next(outbox)).collect()
}

fn amps(events: &[Event]) -> Vec<(u32, u32)> {
    let told = events.iter().filter_map(|event| match event {
        Event::Notice(Notice::Supply(at, supply)) => {
            Some((at.number(), supply.deciamps.unwrap_or(u32::MAX)))
        }
        _ => None,
    });
    told.collect()
}

fn step(tx: u64, change: TransactionChange) -> Event {
    Event::Notice(Notice::Transaction(TransactionStep {
        tx: TxId(tx),
        connector: at(1),
        change,
        central_id: None,
        tag: IdToken::new("CAFE").expect("short"),
        started: Wall(0),
        meter_start: Wh(0),
        stopped: None,
        reason: Some(Reason::Local),
    }))
}

fn status(number: u32, status: ChargePointStatus) -> Event {
    Event::Notice(Notice::Status(ConnectorStatus {
        place: at(number).into(),
        status,
        error: ChargePointErrorCode::NoError,
        info: None,
        vendor_code: None,
    }))
}

#[test]
fn a_supply_is_told_first_and_only_as_it_is_now() {
    let mut outbox = Outbox::default();
    outbox.push(status(1, ChargePointStatus::Charging));
    for deciamps in [320, 160, 0, 60] {
        outbox.push(command(1, supply(deciamps)));
    }
    assert_eq!(next(&mut outbox), Some(command(1, supply(60))));
    outbox.push(command(1, supply(0)));
    outbox.push(command(1, supply(60)));
    assert_eq!(rest(&mut outbox), [status(1, ChargePointStatus::Charging)]);
}

#[test]
fn the_command_to_open_survives_any_flood() {
    let mut outbox = Outbox::default();
    outbox.push(command(1, supply(320)));
    assert!(next(&mut outbox).is_some());
    outbox.push(command(1, supply(0)));
    for round in 0..5_000_u32 {
        let operative = Notice::Availability(Place::Connector(at(1 + round % 2)), round % 3 == 0);
        outbox.push(Event::Notice(operative));
        outbox.push(Event::Notice(Notice::Time(Wall(i64::from(round)))));
        outbox.push(Event::Notice(Notice::Connection(
            Connection::Connected,
            crate::core::NetworkSlot::FIRST,
            String::new(),
        )));
        outbox.push(status(1 + round % 2, ChargePointStatus::Unavailable));
    }
    assert!(outbox.len(&Stops::default()) <= BEHIND + 8);
    assert_eq!(next(&mut outbox), Some(command(1, supply(0))));
}

/// 32 A in all: in whichever order commands came and however many were merged, what the host obeys
/// on its way never exceeds it.
#[test]
fn less_comes_before_more_measured_by_what_the_host_was_told() {
    let mut outbox = Outbox::default();
    for (number, deciamps) in [(1, 160), (2, 160), (3, 0)] {
        outbox.push(command(number, supply(deciamps)));
    }
    assert_eq!(amps(&rest(&mut outbox)), [(3, 0), (1, 160), (2, 160)]);
    for (number, deciamps) in [(2, 60), (1, 260), (1, 100), (3, 160)] {
        outbox.push(command(number, supply(deciamps)));
    }
    assert_eq!(amps(&rest(&mut outbox)), [(1, 100), (2, 60), (3, 160)]);
}

/// Whatever was merged, and whichever of amperes and watts is shared: once the host has heard all that
/// was taken away, the sum of what it was told never exceeds what was shared.
#[test]
fn nothing_is_given_before_all_that_is_taken_away_has_been_told() {
    let mut dice = fastrand::Rng::with_seed(11);
    for _ in 0..2_000 {
        let (mut outbox, mut told) = (Outbox::default(), [(0_u32, 0_u64); 4]);
        for _ in 0..10 {
            // Shares that sum up to 32.0 A and to 22 kW.
            let (mut amps, mut watts) = (320, 220_000);
            for number in 1..=4 {
                let share = (dice.u32(1..=amps - 4), dice.u64(1..=watts - 4));
                (amps, watts) = (amps - share.0 + 1, watts - share.1 + 1);
                let share = Supply {
                    deciwatts: Some(share.1),
                    ..supply(share.0)
                };
                outbox.push(command(number, share));
            }
            let mut given = false;
            for _ in 0..dice.usize(0..12) {
                let Some(Event::Notice(Notice::Supply(at, supply))) = next(&mut outbox) else {
                    break;
                };
                let before = told[at.index()];
                let after = (
                    supply.deciamps.unwrap_or(u32::MAX),
                    supply.deciwatts.unwrap_or(u64::MAX),
                );
                let gives = after.0 > before.0 || after.1 > before.1;
                let takes = after.0 < before.0 || after.1 < before.1;
                assert!(!gives || !takes, "one or the other: {before:?} {after:?}");
                assert!(!takes || !given, "taken away after something was given");
                given |= gives;
                told[at.index()] = after;
                if given {
                    assert!(told.iter().map(|told| told.0).sum::<u32>() <= 330);
                    assert!(told.iter().map(|told| told.1).sum::<u64>() <= 220_010);
                }
            }
        }
    }
}

#[test]
fn energy_comes_after_the_news_of_its_transaction_and_the_one_before_is_off_first() {
    let of = |tx| Supply {
        tx: Some(TxId(tx)),
        ..supply(320)
    };
    let mut outbox = Outbox::default();
    outbox.push(step(1, TransactionChange::Started));
    outbox.push(command(1, of(1)));
    let told = rest(&mut outbox);
    assert_eq!(
        told,
        [step(1, TransactionChange::Started), command(1, of(1))]
    );
    // The next one is permitted before the host has heard anything of the end of the first.
    outbox.push(step(1, TransactionChange::Stopped));
    outbox.push(step(2, TransactionChange::Started));
    outbox.push(command(1, of(2)));
    let told = rest(&mut outbox);
    assert_eq!(told[0], command(1, off(of(1))));
    assert_eq!(told[1], step(1, TransactionChange::Stopped));
    assert_eq!(told[2], step(2, TransactionChange::Started));
    assert_eq!(told[3..], [command(1, of(2))]);
}

#[test]
fn a_fault_of_the_host_is_told_as_off_until_it_is_dealt_with() {
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    outbox.push(command(1, supply(320)));
    outbox.push(command(2, supply(320)));
    assert_eq!(rest(&mut outbox).len(), 2);
    let stop = Act::StopTx(at(1), Reason::EmergencyStop);
    inbox.act(stop).expect("there is room");
    assert_eq!(
        outbox.next(inbox.stops()),
        Some(command(1, off(supply(320))))
    );
    assert!(outbox.is_empty(inbox.stops()));
    assert!(!outbox.supply(at(1), inbox.stops()).permit);
    assert!(outbox.supply(at(2), inbox.stops()).permit);
    // Nothing ran there that could be stopped: what was commanded counts again.
    assert!(inbox.take(Mono(0)).is_some());
    inbox.handled();
    assert_eq!(outbox.next(inbox.stops()), Some(command(1, supply(320))));
}

#[test]
fn a_question_that_nobody_saw_goes_with_its_data() {
    let mut outbox = Outbox::default();
    let ask = |number| {
        let data = Some("x".repeat(50_000));
        let question = Question::DataTransfer {
            vendor: "V".to_owned(),
            message: None,
            data,
        };
        Event::Notice(Notice::Ask(RequestId(number), question))
    };
    for number in 0..10_000 {
        outbox.push(ask(number));
        assert!(!outbox.withdraw(RequestId(number)));
    }
    assert!(outbox.is_empty(&Stops::default()));
    outbox.push(ask(10_000));
    assert!(next(&mut outbox).is_some());
    assert!(outbox.withdraw(RequestId(10_000)), "the host saw it");
    assert!(outbox.is_empty(&Stops::default()));
}

#[test]
fn what_must_not_be_lost_is_kept_in_order_and_says_when_it_is_too_much() {
    let mut outbox = Outbox::default();
    let mut wanted = Vec::new();
    for tx in 0..2_000 {
        let outcome = DataTransferOutcome::Offline;
        let done = Event::Notice(Notice::DataTransferred(tx, outcome));
        let tag = Event::Notice(Notice::Authorized {
            claim: Claim {
                tag: IdToken::new("CAFE").expect("short"),
                by: AskedBy::Reader,
                reader: Place::ChargePoint,
            },
            connector: None,
            purpose: Purpose::Start,
            status: AuthorizationStatus::Accepted,
            why: None,
        });
        for event in [
            step(tx, TransactionChange::Started),
            done,
            tag,
            step(tx, TransactionChange::Stopped),
        ] {
            assert_eq!(outbox.is_full(), wanted.len() >= MOST_KEPT);
            wanted.push(event.clone());
            outbox.push(event);
        }
    }
    assert_eq!(rest(&mut outbox), wanted);
    assert!(!outbox.is_full());
    assert_eq!((outbox.kept, outbox.outcomes), (0, 0));
    assert!(outbox.starting.is_empty());
}

#[test]
fn a_host_that_follows_sees_every_status() {
    use ChargePointStatus as S;
    let mut outbox = Outbox::default();
    let all = [
        S::Preparing,
        S::Charging,
        S::SuspendedEV,
        S::Finishing,
        S::Available,
    ];
    for shown in all {
        outbox.push(status(1, shown));
    }
    assert_eq!(rest(&mut outbox), all.map(|shown| status(1, shown)));
}
