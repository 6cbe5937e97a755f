//! A failing life, with everything left out that does not matter, as a story.

use super::{run, Plan};

/// Leaves out events as long as something still fails; at most so many lives are tried.
pub fn shrink(plan: &Plan, mut lives: u32) -> Plan {
    let mut best = plan.clone();
    let mut size = best.events.len().div_ceil(2).max(1);
    loop {
        let mut start = 0;
        let mut smaller = false;
        while start < best.events.len() && lives > 0 {
            let mut fewer = best.clone();
            let end = (start + size).min(fewer.events.len());
            fewer.events.drain(start..end);
            lives -= 1;
            if run(&fewer, false).violation.is_some() {
                best = fewer;
                smaller = true;
            } else {
                start += size;
            }
        }
        if lives == 0 || (size == 1 && !smaller) {
            return best;
        }
        size = (size / 2).max(1);
    }
}

/// What a person wants to know of a failure.
pub fn story(plan: &Plan) -> String {
    let outcome = run(plan, true);
    let mut lines = vec![format!("seed {}: {:?}", plan.seed, plan.make)];
    lines.extend(outcome.story);
    lines.push(format!(
        "VIOLATION: {}",
        outcome.violation.unwrap_or_else(|| "none".to_owned())
    ));
    lines.join("\n")
}
