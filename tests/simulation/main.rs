//! The simulation: lives that are drawn from seeds, in which everything fails at some time. Whatever happens,
//! no transaction is lost, doubled or reordered, and nothing is billed that did not flow.
//!
//! `EVCP_SEED=n` begins with another seed; `cargo run --release --example simulate` lives through millions.
#![cfg(feature = "net")]
#![allow(clippy::panic)]

mod world;

use world::{run, shrink, story, Plan};

#[test]
fn no_life_of_seven_hundred_loses_doubles_or_reorders_a_transaction() {
    let seed = std::env::var("EVCP_SEED").ok();
    let first = seed.map_or(1, |seed| seed.parse().expect("EVCP_SEED is a number"));
    let (mut sessions, mut hours) = (0, 0);
    for seed in first..first + 700_u64 {
        let plan = Plan::new(seed);
        let outcome = run(&plan, false);
        if outcome.violation.is_some() {
            panic!("{}", story(&shrink(&plan, 300)));
        }
        sessions += outcome.sessions;
        hours += outcome.millis / 3_600_000;
    }
    // Lives in which nothing happens prove nothing.
    assert!(sessions > 1_750, "{sessions} sessions in {hours} hours");
}

#[test]
fn a_seed_replays_exactly_and_its_story_tells_all_of_it() {
    let plan = Plan::new(7);
    let (one, two) = (run(&plan, true), run(&plan, true));
    assert_eq!(one.story, two.story);
    assert!(one.story.len() > 100);
    // Nothing fails here, so nothing can be left out.
    assert_eq!(shrink(&plan, 10).events.len(), plan.events.len());
    assert!(story(&plan).ends_with("VIOLATION: none"));
}
