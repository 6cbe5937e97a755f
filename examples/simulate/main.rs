//! Lives through seeds: `cargo run --release --example simulate -- --first-seed S --seeds N`.
//!
//! Each seed is a charge point for hours or days of virtual time in which everything fails at some time. Ends
//! with the numbers, or with the story of the first life that went wrong. `--story` tells that of the first seed.
//! `--hash` takes the hash of all stories: a change that is to change nothing leaves it as it is.

#![allow(clippy::print_stdout)]

#[path = "../../tests/simulation/world/mod.rs"]
mod world;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use lexopt::prelude::*;
use world::{run, shrink, story, Plan};

fn main() -> Result<(), lexopt::Error> {
    let (mut first, mut seeds, mut threads) = (1_u64, 1_000_u64, 1_u64);
    let (mut tells, mut hashes) = (false, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("first-seed") => first = arguments.value()?.parse()?,
            Long("seeds") => seeds = arguments.value()?.parse()?,
            Long("threads") => threads = arguments.value()?.parse()?,
            Long("story") => tells = true,
            Long("hash") => hashes = true,
            _ => return Err(argument.unexpected()),
        }
    }
    if tells {
        println!("{}", story(&Plan::new(first)));
        return Ok(());
    }
    // A violation may be a panic of the library: it is told as a story.
    std::panic::set_hook(Box::new(|_| {}));
    let begin = Instant::now();
    let [lives, steps, millis, sessions, cuts, hash] = [(); 6].map(|()| AtomicU64::new(0));
    let (next, wrong) = (AtomicU64::new(first), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds || wrong.load(Ordering::Relaxed) {
                    return;
                }
                let plan = Plan::new(seed);
                let outcome = run(&plan, hashes);
                if outcome.violation.is_some() {
                    wrong.store(true, Ordering::Relaxed);
                    println!("{}", story(&shrink(&plan, 1_000)));
                    return;
                }
                // Of each life by itself, so that the order in which threads come to them does not matter.
                let mut told = DefaultHasher::new();
                (seed, &outcome.story).hash(&mut told);
                hash.fetch_xor(told.finish(), Ordering::Relaxed);
                for (sum, of) in [
                    (&lives, 1),
                    (&steps, outcome.steps),
                    (&millis, outcome.millis),
                    (&sessions, outcome.sessions),
                    (&cuts, outcome.power_cuts),
                ] {
                    sum.fetch_add(of, Ordering::Relaxed);
                }
            });
        }
    });
    let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
    println!(
        "{} seeds from {first}: {} steps, {} sessions, {} power cuts, {} days of virtual time in {:.1} s",
        of(&lives),
        of(&steps),
        of(&sessions),
        of(&cuts),
        of(&millis) / 86_400_000,
        begin.elapsed().as_secs_f64(),
    );
    if hashes {
        println!("stories: {:016x}", of(&hash));
    }
    if wrong.load(Ordering::Relaxed) {
        std::process::exit(1);
    }
    Ok(())
}
