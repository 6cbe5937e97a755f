//! What happened on the wire, for whoever replays it.

use evcp::time::Now;
use serde_json::{json, Value};

/// Every frame and what else there was. With the environment variable EVCP_TRACES it is also written to a file in
/// that folder, for the checker of the black-box tests, which knows the official schemas.
#[derive(Default)]
pub(crate) struct Trace(Vec<Value>);

impl Trace {
    pub(crate) fn note(&mut self, what: &str, now: Now, text: &str) {
        let ms = now.mono.0;
        self.0.push(json!({"what": what, "ms": ms, "text": text}));
    }

    /// What was sent, and when by the monotonic clock.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (u64, Value)> + '_ {
        let sent = self.0.iter().filter(|step| step["what"] == "sent");
        sent.filter_map(|step| {
            let frame = serde_json::from_str(step["text"].as_str()?).ok()?;
            Some((step["ms"].as_u64()?, frame))
        })
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os("EVCP_TRACES") else {
            return;
        };
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let test = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let file = format!("{test}-{}-{count}.jsonl", std::process::id());
        let lines: Vec<_> = self.0.iter().map(Value::to_string).collect();
        let path = std::path::Path::new(&folder).join(file);
        std::fs::write(path, lines.join("\n")).expect("the trace can be written");
    }
}
