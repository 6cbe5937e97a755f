//! The log of the library: on stderr, since stdout is for events; its frames are events as well.

use log::{LevelFilter, Log, Metadata, Record};
use once_cell::sync::OnceCell;
use serde_json::{json, Value};

/// The target of frames: `IDENTITY < FRAME` for one that was received, with `>` for one that is sent.
const FRAMES: &str = "evcp::frame";

struct Logger {
    /// What goes to stderr.
    level: LevelFilter,
    /// Whether frames are events.
    frames: bool,
}

static LOGGER: OnceCell<Logger> = OnceCell::new();

/// Sends the log up to a level to stderr, and frames to wherever events go if they are wanted there.
pub fn install(level: LevelFilter, frames: bool) {
    let most = if frames { LevelFilter::Trace } else { level };
    if log::set_logger(LOGGER.get_or_init(|| Logger { level, frames })).is_ok() {
        log::set_max_level(most);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_event = self.frames && metadata.target() == FRAMES;
        is_event || (metadata.level() <= self.level && metadata.target().starts_with("evcp"))
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target) = (record.level(), record.target());
        if self.frames && target == FRAMES {
            // On the library's thread, before it does anything about the frame: a reader of events has
            // the frame before what comes of it, and has it even if the process is killed right after.
            if let Some(event) = event(&record.args().to_string()) {
                crate::say(&event);
            }
        }
        if level <= self.level && target.starts_with("evcp") {
            eprintln!("{level:5} {target}: {}", record.args());
        }
    }

    fn flush(&self) {}
}

/// A line of the log about a frame, as an event.
fn event(line: &str) -> Option<Value> {
    // The first arrow: there may be more in the frame.
    let at = line.find(" < ").into_iter().chain(line.find(" > ")).min()?;
    let (identity, frame) = (&line[..at], &line[at + 3..]);
    let direction = if line[at..].starts_with(" <") {
        "in"
    } else {
        "out"
    };
    Some(json!({"event": "ocpp", "direction": direction, "frame": frame, "identity": identity}))
}
