//! `--script FILE`: commands of the control protocol, with `sleep` and `wait` between them.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::{json, Value};

use crate::{seconds, Message};

/// Runs a script on a thread of its own; that says in the end whether all held.
pub fn run(
    path: &Path,
    to: Sender<Message>,
    events: Receiver<Value>,
) -> Result<JoinHandle<bool>, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut steps = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let step: Value = serde_json::from_str(line)
            .map_err(|why| format!("{}:{}: {why}", path.display(), number + 1))?;
        steps.push((number + 1, step));
    }
    Ok(std::thread::spawn(move || {
        let held = follow(&steps, &to, &events);
        let _ = to.send(Message::End);
        held
    }))
}

fn follow(steps: &[(usize, Value)], to: &Sender<Message>, events: &Receiver<Value>) -> bool {
    for (line, step) in steps {
        let held = match step["cmd"].as_str() {
            Some("sleep") => {
                std::thread::sleep(seconds(&step["s"], 0.0));
                true
            }
            Some("wait") => wait(step, events),
            _ => command(*line, step, to, events),
        };
        if !held {
            eprintln!("simulator: line {line} of the script does not hold: {step}");
            return false;
        }
    }
    true
}

/// Waits for an event that has all the members of the step.
fn wait(step: &Value, events: &Receiver<Value>) -> bool {
    let until = Instant::now() + seconds(&step["timeout_s"], 10.0);
    let Some(wanted) = step.as_object() else {
        return false;
    };
    loop {
        let event = match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        };
        let fits = |(name, value): (&String, &Value)| {
            matches!(name.as_str(), "cmd" | "timeout_s" | "id") || event[name] == *value
        };
        if wanted.iter().all(fits) {
            return true;
        }
    }
}

/// Gives a command and waits for its reply; events that come before it are looked at no more.
fn command(line: usize, step: &Value, to: &Sender<Message>, events: &Receiver<Value>) -> bool {
    let mut step = step.clone();
    step["id"] = json!(line);
    let last = step["cmd"] == "shutdown";
    if to.send(Message::Line(step.to_string())).is_err() {
        return false;
    }
    if last {
        return true;
    }
    loop {
        match events.recv_timeout(std::time::Duration::from_secs(10)) {
            Ok(event) if event["event"] == "reply" && event["id"] == line => {
                return event["ok"] == true;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}
