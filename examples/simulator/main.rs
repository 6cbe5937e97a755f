//! A charge point on the desktop, made of the library, with a simulated charger behind it.
//!
//! Three faces over the same commands: an interactive prompt, `--json` (one JSON object a line,
//! both ways), and `--script FILE`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss
)]
#![allow(missing_docs, unreachable_pub)]

mod certificates;
mod charger;
mod commands;
mod config;
mod handle;
mod logger;
mod memory;
mod news;
mod prompt;
mod script;
mod station;

use std::fs::File;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use serde_json::{json, Value};

use commands::Refusal;
use config::Config;
use station::Station;

/// What the main loop waits for.
pub enum Message {
    /// A station has events.
    Events(usize),
    /// A command line.
    Line(String),
    /// There are no more of them.
    End,
}

struct Output {
    json: bool,
    trace: Option<Mutex<File>>,
    script: Option<Sender<Value>>,
}

static OUTPUT: OnceCell<Output> = OnceCell::new();

/// Puts out an event, with the time.
pub fn say(event: &Value) {
    let Some(output) = OUTPUT.get() else { return };
    let mut event = event.clone();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |t| t.as_millis());
    if let Some(members) = event.as_object_mut() {
        let ts = evcp::types::format_wall(evcp::time::Wall(now as i64));
        members.insert("ts".to_owned(), json!(ts));
    }
    if let (Some(trace), "ocpp") = (&output.trace, event["event"].as_str().unwrap_or("")) {
        let _ = writeln!(trace.lock(), "{event}");
    }
    let mut out = std::io::stdout().lock();
    let written = if output.json {
        writeln!(out, "{event}")
    } else if let Some(line) = prompt::readable(&event) {
        writeln!(out, "{line}")
    } else {
        Ok(())
    };
    // Nobody listens any more: that is the end of it, as for any filter.
    if written.and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
    if let Some(script) = &output.script {
        let _ = script.send(event);
    }
}

struct Arguments {
    url: Option<String>,
    id: Option<String>,
    connectors: Option<usize>,
    state_dir: Option<PathBuf>,
    config: Option<PathBuf>,
    json: bool,
    script: Option<PathBuf>,
    count: usize,
    log: log::LevelFilter,
    trace: Option<PathBuf>,
}

const USAGE: &str = "\
usage: simulator [--url URL] [--id NAME] [--connectors N] [--state-dir DIR] [--config FILE]
                 [--json | --script FILE] [--count N] [--log LEVEL] [--trace FILE]

  --url URL        central system, e.g. ws://127.0.0.1:9000; the identity is appended
  --id NAME        identity (CP0001)
  --connectors N   how many connectors (2)
  --state-dir DIR  where everything persistent is kept; without it nothing is kept
  --config FILE    configuration file, JSON
  --json           one JSON object a line on stdin and stdout
  --script FILE    JSON commands from a file; exit code 0 only if all held
  --count N        N charge points in one process, NAME0001 and so on
  --log LEVEL      error, warn, info, debug or trace, on stderr (warn)
  --trace FILE     every frame as a line of JSON";

fn arguments() -> Result<Arguments, lexopt::Error> {
    use lexopt::prelude::*;
    let mut args = Arguments {
        url: None,
        id: None,
        connectors: None,
        state_dir: None,
        config: None,
        json: false,
        script: None,
        count: 1,
        log: log::LevelFilter::Warn,
        trace: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("url") => args.url = Some(parser.value()?.string()?),
            Long("id") => args.id = Some(parser.value()?.string()?),
            Long("connectors") => args.connectors = Some(parser.value()?.parse()?),
            Long("state-dir") => args.state_dir = Some(parser.value()?.into()),
            Long("config") => args.config = Some(parser.value()?.into()),
            Long("json") => args.json = true,
            Long("script") => args.script = Some(parser.value()?.into()),
            Long("count") => args.count = parser.value()?.parse()?,
            Long("log") => args.log = parser.value()?.parse()?,
            Long("trace") => args.trace = Some(parser.value()?.into()),
            Short('h') | Long("help") => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(args)
}

fn configs(args: &Arguments) -> Result<Vec<Config>, String> {
    let mut json = match &args.config {
        None => json!({}),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|why| format!("{}: {why}", path.display()))?;
            serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))?
        }
    };
    if let Some(url) = &args.url {
        json["csms"]["url"] = json!(url);
    }
    if let Some(id) = &args.id {
        json["identity"] = json!(id);
    }
    if let Some(count) = args.connectors {
        json["connectors"] = Value::Array(vec![json!({}); count]);
    }
    let one = Config::read(&json)?;
    for text in &one.left_out {
        say(&json!({"event": "error", "text": text}));
    }
    if args.count <= 1 {
        return Ok(vec![one]);
    }
    let numbered = |number| {
        let identity = format!("{}{number:04}", one.identity);
        Config {
            identity,
            ..one.clone()
        }
    };
    Ok((1..=args.count).map(numbered).collect())
}

fn main() -> ExitCode {
    let args = match arguments() {
        Ok(args) => args,
        Err(why) => {
            eprintln!("simulator: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    logger::install(args.log, args.json || args.trace.is_some());
    match run(&args) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("simulator: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Arguments) -> Result<ExitCode, String> {
    let (to, messages) = channel();
    let trace = match &args.trace {
        None => None,
        Some(path) => {
            let file = File::create(path).map_err(|why| format!("{}: {why}", path.display()))?;
            Some(Mutex::new(file))
        }
    };
    let (to_script, events) = channel();
    let interactive = !args.json && args.script.is_none() && std::io::stdin().is_terminal();
    let script = args.script.is_some().then_some(to_script);
    let _ = OUTPUT.set(Output {
        json: args.json,
        trace,
        script,
    });

    let mut stations = Vec::new();
    for (number, config) in configs(args)?.into_iter().enumerate() {
        let directory = args.state_dir.as_ref().map(|directory| match args.count {
            0 | 1 => directory.clone(),
            _ => directory.join(&config.identity),
        });
        stations.push(Station::new(number, config, directory, to.clone())?);
    }
    let mut outcome = None;
    match &args.script {
        Some(path) => outcome = Some(script::run(path, to, events)?),
        None if interactive => prompt::read(to),
        None => read_lines(to),
    }
    say(&json!({"event": "ready", "protocol": 1}));
    for station in &stations {
        station.start()?;
    }
    serve(&mut stations, &messages);
    let failed = outcome.is_some_and(|outcome| outcome.join().map_or(true, |held| !held));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn read_lines(to: Sender<Message>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if to.send(Message::Line(line)).is_err() {
                return;
            }
        }
        let _ = to.send(Message::End);
    });
}

/// Serves events, commands and timers until the end.
fn serve(stations: &mut [Station], messages: &Receiver<Message>) {
    loop {
        let next = stations
            .iter()
            .flat_map(|station| station.later.iter().map(|(at, _)| *at))
            .min();
        let message = match next {
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => messages.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match message {
            Ok(Message::Events(number)) => stations[number].events(),
            Ok(Message::Line(line)) => on_line(stations, &line),
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => {
                for station in stations.iter_mut() {
                    station.end();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        for station in stations.iter_mut() {
            for later in station.take_due() {
                station.on_later(later);
            }
        }
        if stations.iter().all(|station| station.ended) {
            return;
        }
    }
}

fn on_line(stations: &mut [Station], line: &str) {
    if line.trim().is_empty() {
        return;
    }
    let command: Value = match serde_json::from_str(line) {
        Ok(command) => command,
        Err(why) => {
            return say(
                &json!({"event": "reply", "id": null, "ok": false, "error": "invalid",
                "text": format!("not JSON: {why}")}),
            );
        }
    };
    let id = command["id"].clone();
    let named = command["identity"].as_str();
    let station = match named {
        None => stations.first_mut(),
        Some(name) => stations
            .iter_mut()
            .find(|station| station.identity() == name),
    };
    let Some(station) = station else {
        return say(
            &json!({"event": "reply", "id": id, "ok": false, "error": "invalid",
            "text": "there is no charge point of that identity"}),
        );
    };
    let name = command["cmd"].as_str().unwrap_or("");
    // These do not come back, so they are replied to first.
    if name == "shutdown" || (name == "power_loss" && command["backup"].is_boolean()) {
        say(&json!({"event": "reply", "id": id, "ok": true}));
        if name == "power_loss" {
            let _ = station.command(name, &command);
        }
        for station in stations.iter_mut() {
            station.end();
        }
        return;
    }
    let mut reply = match station.command(name, &command) {
        Ok(members) => {
            let mut reply = members;
            reply["ok"] = json!(true);
            reply
        }
        Err(Refusal::Unsupported) => {
            json!({"ok": false, "error": "unsupported", "text": format!("unknown command: {name}")})
        }
        Err(Refusal::Invalid(text)) => json!({"ok": false, "error": "invalid", "text": text}),
    };
    reply["event"] = json!("reply");
    reply["id"] = id;
    say(&reply);
}

/// Waits are bounded, also those that a script makes very long.
pub fn seconds(value: &Value, default: f64) -> Duration {
    Duration::from_secs_f64(value.as_f64().unwrap_or(default).clamp(0.0, 1e6))
}
