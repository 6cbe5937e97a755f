//! Lives through seeds: `cargo run --release --example simulate -- --first-seed S --seeds N`.
//!
//! Each seed is a charge point for hours or days of virtual time in which everything fails at some time. Ends
//! with the numbers, or with the story of the first life that went wrong. `--story` tells that of the first seed.
//! `--hash` takes the hash of all stories: a change that is to change nothing leaves it as it is. Message ids
//! count in it by the order in which they come up, since what they are made of says nothing.

#![allow(clippy::print_stdout)]

#[path = "../../tests/simulation/world/mod.rs"]
mod world;

use std::collections::hash_map::{DefaultHasher, HashMap};
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
                (seed, renamed(&outcome.story)).hash(&mut told);
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

/// How long the seed of a run is, which its message ids begin with.
const SEED: usize = 16;

/// A story with its message ids named 1, 2 and so on.
fn renamed(story: &[String]) -> Vec<String> {
    let mut names = HashMap::new();
    let lines = story.iter();
    lines.map(|line| line_renamed(line, &mut names)).collect()
}

fn line_renamed<'a>(line: &'a str, names: &mut HashMap<&'a str, usize>) -> String {
    let (mut renamed, mut done) = (String::with_capacity(line.len()), 0);
    for (dash, _) in line.match_indices('-') {
        let Some(begin) = dash.checked_sub(SEED).filter(|begin| *begin >= done) else {
            continue;
        };
        let seed = line.get(begin..dash).unwrap_or_default();
        if seed.len() < SEED || !seed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        let rest = &line[dash + 1..];
        let of_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let end = dash + 1 + rest.find(|c| !of_id(c)).unwrap_or(rest.len());
        let next = names.len() + 1;
        let name = names.entry(&line[begin..end]).or_insert(next);
        renamed.push_str(&line[done..begin]);
        renamed.push_str(&name.to_string());
        done = end;
    }
    renamed.push_str(&line[done..]);
    renamed
}
