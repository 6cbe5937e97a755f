use super::*;
use crate::core::{AskedBy, Claim, ConnectorSetup, Place, Purpose, Question};
use crate::core::{DataTransferOutcome, Device, Engine, Setup};
use crate::time::{Now, Wall};
use crate::types::{AuthorizationStatus, CiString, IdToken, ReadingContext, Reason};

struct Asleep;

impl Wake for Asleep {
    fn raise(&self) {}
    fn clear(&self) {}
}

const NOW: Mono = Mono(0);

fn mailbox() -> Mailbox {
    let device = Device::new(CiString::truncated("evcp"), CiString::truncated("test"));
    let setup = Setup::new(device, vec![ConnectorSetup::SOCKET; 2]);
    let now = Now {
        mono: NOW,
        wall: Wall(0),
    };
    let engine = Engine::new(setup, crate::core::Stored::default(), now).expect("it is possible");
    Mailbox::new(Arc::new(Asleep), Arc::new(engine.outlook()))
}

fn at(number: u32) -> ConnectorId {
    ConnectorId::new(number).expect("connectors count from 1")
}

fn tag() -> Act {
    Act::Tag(Vec::new(), IdToken::new("CAFE").expect("short"))
}

fn data(token: u64) -> Act {
    Act::DataTransfer {
        token,
        vendor: CiString::truncated("V"),
        message: None,
        data: None,
    }
}

#[test]
fn a_full_mailbox_takes_the_end_and_nothing_after_it() {
    let mailbox = mailbox();
    let told = (0..=2_000).map(|_| mailbox.act(tag()));
    assert!(matches!(told.last(), Some(Err(Error::Full))));
    mailbox.close();
    assert!(matches!(mailbox.act(tag()), Err(Error::Closed)));
    let taken = std::iter::from_fn(|| mailbox.take(NOW));
    assert!(matches!(taken.last(), Some(Mail::Act(Act::Closing))));
}

#[test]
fn a_host_that_does_not_fetch_outcomes_can_ask_for_no_more_of_them() {
    let mailbox = mailbox();
    for token in 0..MOST_OUTCOMES as u64 {
        assert_eq!(mailbox.act(data(token)), Ok(()));
        mailbox.push(Event::Notice(Notice::Authorized {
            claim: Claim {
                tag: IdToken::new("CAFE").expect("short"),
                by: AskedBy::Reader,
                reader: Place::ChargePoint,
            },
            connector: None,
            purpose: Purpose::Start,
            status: AuthorizationStatus::Accepted,
            why: None,
        }));
    }
    assert_eq!(mailbox.act(data(1_000)), Err(Error::Full));
    assert_eq!(mailbox.act(tag()), Err(Error::Full));
    let stop = Act::StopTx(at(1), Reason::Local);
    assert_eq!(mailbox.act(stop), Ok(()));
    while mailbox.next().is_some() {}
    assert_eq!(mailbox.act(tag()), Ok(()));
    let over = Notice::DataTransferred(0, DataTransferOutcome::Offline);
    mailbox.push(Event::Notice(over));
    assert!(mailbox.next().is_some());
    assert_eq!(mailbox.act(data(1_001)), Ok(()));
}

#[test]
fn a_late_reading_reaches_the_engine_and_the_answer_says_that_it_was_late() {
    let mailbox = mailbox();
    let request = RequestId(1);
    let question = Question::ReadMeter(Place::Connector(at(1)), ReadingContext::TransactionBegin);
    mailbox.push(Event::Notice(Notice::Ask(request, question)));
    assert!(mailbox.next().is_some());
    mailbox.withdraw(request);
    let readings = vec![crate::core::Reading::energy(crate::core::Wh(1_000))];
    let late = mailbox.answer(request, Answer::Meter(readings.clone()), NOW);
    assert_eq!(late, Err(Error::Expired));
    let fact = Fact::Meter(Place::Connector(at(1)), readings);
    assert_eq!(mailbox.take(NOW), Some(Mail::Fact(fact)));
}

#[test]
fn after_a_failure_inside_the_host_hears_that_nothing_flows() {
    let mailbox = mailbox();
    let on = Supply {
        permit: true,
        ..Supply::OFF
    };
    mailbox.push(Event::Notice(Notice::Supply(at(1), on)));
    assert!(mailbox.next().is_some());
    mailbox.panicked("a bug");
    let next = mailbox.next();
    assert_eq!(
        next,
        Some(Event::Notice(Notice::Supply(at(1), Supply::OFF)))
    );
    assert_eq!(mailbox.next(), Some(Event::Fatal("a bug".to_owned())));
    assert_eq!(mailbox.supply(at(1)), Supply::OFF);
}
