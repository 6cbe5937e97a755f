//! The interactive prompt: commands as words, events as lines that people can read.

use std::sync::mpsc::Sender;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::{Context, Editor, Helper, Highlighter, Hinter, Validator};
use serde_json::{json, Value};

use crate::Message;

/// Each command with its arguments, and what it does.
const COMMANDS: &[(&str, &[&str], &str)] = &[
    ("plug_in", &["connector"], "cable and vehicle are connected"),
    (
        "plug_out",
        &["connector", "side"],
        "unplugs; side is ev, cp or both",
    ),
    (
        "present_id_tag",
        &["id_tag", "connector"],
        "shows a tag at a reader",
    ),
    (
        "ev_state",
        &["connector", "state"],
        "the vehicle goes on \"charging\" or is \"suspended\"",
    ),
    (
        "meter",
        &["connector", "wh", "power_w", "soc"],
        "sets what the meter shows",
    ),
    (
        "fault",
        &["connector", "error_code", "info"],
        "enters Faulted",
    ),
    ("clear_fault", &["connector"], "back to the state before"),
    (
        "lock",
        &["connector", "fail"],
        "the lock can or cannot move: fail is true or false",
    ),
    ("network", &["up"], "network up: true or false"),
    (
        "storage",
        &["fail"],
        "writes to the disk fail: true or false",
    ),
    (
        "power_loss",
        &["backup"],
        "power fails, with backup power (true) or without",
    ),
    ("restart", &["reason"], "restarts the charge point"),
    (
        "data_transfer",
        &["vendor_id", "message_id", "data"],
        "vendor data for the central system",
    ),
    ("get_state", &[], "everything at a glance"),
    ("shutdown", &[], "an orderly end"),
];

#[derive(Helper, Highlighter, Hinter, Validator)]
struct Words;

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<String>), ReadlineError> {
        let begun = &line[..at];
        let names = COMMANDS.iter().map(|(name, ..)| *name).chain(["help"]);
        let fitting = names
            .filter(|name| name.starts_with(begun))
            .map(|name| format!("{name} "));
        Ok((0, fitting.collect()))
    }
}

/// Reads commands from the terminal on a thread of its own.
pub fn read(to: Sender<Message>) {
    std::thread::spawn(move || {
        if let Ok(mut editor) = Editor::<Words, _>::new() {
            editor.set_helper(Some(Words));
            println!("Type help for the commands; Tab completes, Ctrl-D ends.");
            let mut id = 0;
            while let Ok(line) = editor.readline("evcp> ") {
                let _ = editor.add_history_entry(&line);
                if line.trim() == "help" {
                    help();
                    continue;
                }
                id += 1;
                match command(&line, id) {
                    Ok(None) => {}
                    Ok(Some(command)) => {
                        let _ = to.send(Message::Line(command.to_string()));
                    }
                    Err(why) => println!("{why}"),
                }
            }
        }
        let _ = to.send(Message::End);
    });
}

fn help() {
    for (name, arguments, what) in COMMANDS {
        println!("  {:40} {what}", format!("{name} {}", arguments.join(" ")));
    }
}

/// Words as a command of the control protocol.
fn command(line: &str, id: u64) -> Result<Option<Value>, String> {
    let mut words = line.split_whitespace();
    let Some(name) = words.next() else {
        return Ok(None);
    };
    let known = COMMANDS.iter().find(|(known, ..)| *known == name);
    let Some((_, arguments, _)) = known else {
        return Err(format!("unknown command: {name}; try help"));
    };
    let mut command = json!({"id": id, "cmd": name});
    for (argument, word) in arguments.iter().zip(words) {
        // What a command takes as text stays text, even if it looks like a number.
        let text = matches!(
            *argument,
            "id_tag" | "info" | "data" | "vendor_id" | "message_id"
        );
        let value = if text {
            None
        } else {
            serde_json::from_str(word).ok()
        };
        command[*argument] = value.unwrap_or_else(|| json!(word));
    }
    Ok(Some(command))
}

/// An event as a line for people; frames are for `--trace`.
pub fn readable(event: &Value) -> Option<String> {
    let name = event["event"].as_str()?;
    if name == "ocpp" {
        return None;
    }
    let time = event["ts"]
        .as_str()
        .and_then(|ts| ts.get(11..19))
        .unwrap_or("");
    if name == "reply" && event["ok"] == true {
        return event.get("state").map(|state| format!("{state:#}"));
    }
    let skip = |name: &str| matches!(name, "event" | "ts" | "identity" | "id" | "ok" | "protocol");
    let members = event
        .as_object()?
        .iter()
        .filter(|(name, value)| !skip(name) && !value.is_null());
    let members: Vec<_> = members
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            value => format!("{name}={value}"),
        })
        .collect();
    Some(format!("{time} {name:8} {}", members.join(" ")))
}
