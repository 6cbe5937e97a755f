use super::*;

const WALL: Wall = Wall(0);

fn connected() -> Central {
    let mut central = Central::default();
    central.connect(Mono(0));
    assert!(matches!(central.pop(Mono(0)), Some(News::Up)));
    central
}

/// What arrives at that time, in its order.
fn texts(central: &mut Central, at: u64) -> Vec<String> {
    std::iter::from_fn(|| central.pop(Mono(at)))
        .map(|news| match news {
            News::Text(text) => text,
            News::Down(why) | News::Failed(why) => why,
            News::Up => "up".to_owned(),
            News::Pong => "pong".to_owned(),
        })
        .collect()
}

fn start(central: &mut Central, id: &str) {
    let call = format!(
        r#"[2,"{id}","StartTransaction",{{"connectorId":1,"idTag":"A","meterStart":5,"timestamp":"2026-01-01T00:00:00Z"}}]"#
    );
    central.take(call, Mono(0), WALL);
}

#[test]
fn a_start_that_comes_again_is_the_same_transaction() {
    let mut central = connected();
    start(&mut central, "1");
    start(&mut central, "1");
    start(&mut central, "2");
    assert_eq!(central.booked().len(), 2);
    let answers = texts(&mut central, 0);
    assert_eq!(
        answers[0],
        r#"[3,"1",{"idTagInfo":{"status":"Accepted"},"transactionId":1}]"#
    );
    assert_eq!(answers[1], answers[0]);
    assert!(answers[2].contains(r#""transactionId":2"#));
}

#[test]
fn what_is_said_first_arrives_first_however_long_it_takes() {
    let mut central = connected();
    central.set_delay(Millis(100));
    central.call("A", "{}", Mono(0)).unwrap();
    central.set_delay(Millis(0));
    central.call("B", "{}", Mono(10)).unwrap();
    assert_eq!(texts(&mut central, 99), Vec::<String>::new());
    let arrived = texts(&mut central, 100);
    assert!(arrived[0].contains("\"A\"") && arrived[1].contains("\"B\""));
}

#[test]
fn what_is_under_way_on_a_dead_line_arrives_when_it_is_up_again() {
    let mut central = connected();
    central.set_link(Link::Dead, Mono(0), WALL);
    start(&mut central, "1");
    central.ping(Mono(0));
    assert_eq!((central.booked().len(), central.next()), (0, None));
    central.set_link(Link::Up, Mono(5), WALL);
    assert_eq!(central.booked().len(), 1);
    assert_eq!(texts(&mut central, 5).len(), 2);
}

#[test]
fn what_is_under_way_when_the_link_goes_down_is_lost() {
    let mut central = connected();
    central.set_delay(Millis(100));
    start(&mut central, "1");
    central.set_link(Link::Down, Mono(50), WALL);
    assert_eq!(texts(&mut central, 1_000), ["the link went down"]);
    central.connect(Mono(1_000));
    assert_eq!(texts(&mut central, 1_000), ["there is no link"]);
    assert!(!central.connected);
}

#[test]
fn an_attempt_over_a_dead_line_ends_when_the_line_is_up() {
    let mut central = Central::default();
    central.set_link(Link::Dead, Mono(0), WALL);
    central.connect(Mono(0));
    assert_eq!(central.next(), Some(Mono(30_000)));
    central.set_link(Link::Up, Mono(7), WALL);
    assert_eq!(texts(&mut central, 7), ["up"]);
    assert!(central.connected);
}

#[test]
fn members_of_an_answer_take_the_place_of_others() {
    let mut central = connected();
    let with = json!({"idTagInfo": {"status": "Blocked"}});
    central.books.set_tag("a", "Accepted", Some("P"));
    central.rules.set(None, Rule::Answer(with)).unwrap();
    start(&mut central, "1");
    let answer =
        r#"[3,"1",{"idTagInfo":{"parentIdTag":"P","status":"Blocked"},"transactionId":1}]"#;
    assert_eq!(texts(&mut central, 0), [answer]);
}

#[test]
fn what_is_answered_by_hand_is_booked_as_it_is_answered() {
    let mut central = connected();
    central.rules.set(None, Rule::ByHand).unwrap();
    start(&mut central, "1");
    assert!(central.booked().is_empty() && central.next().is_none());
    central
        .reply(
            r#"{"transactionId":77,"idTagInfo":{"status":"Accepted"}}"#,
            Mono(0),
        )
        .unwrap();
    assert_eq!(central.booked()[0].id, 77);
    assert!(central.reply("{}", Mono(0)).is_err());
}

#[test]
fn the_next_call_of_an_action_passes_over_what_was_before_it() {
    let mut central = connected();
    start(&mut central, "1");
    central.take(r#"[2,"2","Heartbeat",{}]"#.to_owned(), Mono(0), WALL);
    assert_eq!(central.sent_call("Authorize"), Ok(None));
    assert_eq!(central.sent_call("Heartbeat"), Ok(Some("{}".to_owned())));
    assert_eq!(central.sent(), None);
    assert!(central.sent_call("Heartbeats").is_err());
}

#[test]
fn nonsense_of_a_test_breaks_nothing() {
    let mut central = connected();
    for text in [
        "",
        "[]",
        "[2]",
        "[2,1,1,1]",
        "[3,\"x\",{}]",
        "[4,\"x\",\"A\",\"\",{}]",
        "[9]",
        "{}",
    ] {
        central.take(text.to_owned(), Mono(0), WALL);
    }
    let stop = r#"[2,"s","StopTransaction",{"transactionId":9}]"#.to_owned();
    central.take(stop, Mono(0), WALL);
    assert_eq!(central.booked().len(), 0);
}
