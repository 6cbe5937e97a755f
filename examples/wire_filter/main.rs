//! Reads messages from standard input and says what the library makes of them; for tests that check
//! the messages against the official schemas.
//!
//! A line in is `{"action": .., "kind": "request" | "response"}` with either `"payload": ..`, to be
//! read strictly, or `"random": SEED`, for a message of the filter's own invention. The line out is
//! `{"ok": ..}` with the message as the library writes it, or `{"error": .., "path": .., "text": ..}`.

mod random;

use std::io::{self, BufRead, Write};

use evcp::wire::json::*;
use evcp::wire::v16::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{json, Value};

#[derive(Deserialize)]
struct Line {
    action: String,
    kind: Kind,
    /// `null` is a payload too; only an absent one is None.
    #[serde(default, deserialize_with = "some")]
    payload: Option<Box<RawValue>>,
    #[serde(default)]
    random: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Request,
    Response,
}

fn some<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Box<RawValue>>, D::Error> {
    <Box<RawValue>>::deserialize(reader).map(Some)
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(line) => dispatch(&line),
            Err(error) => json!({"error": "BadLine", "text": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn both<R: Request>(line: &Line) -> Value {
    match line.kind {
        Kind::Request => one::<R>(line),
        Kind::Response => one::<R::Response>(line),
    }
}

fn one<T: Serialize + DeserializeOwned>(line: &Line) -> Value {
    let message = match &line.payload {
        Some(payload) => read(payload, Mode::Strict).map(|read| read.value),
        None => Ok(random::value::<T>(line.random)),
    };
    match message {
        Ok(message) => json!({ "ok": message }),
        Err(violation) => json!({
            "error": violation.code.as_str(),
            "path": violation.path,
            "text": violation.text,
        }),
    }
}

macro_rules! dispatch {
    ($($name:ident)*) => {
        fn dispatch(line: &Line) -> Value {
            match Action::parse(&line.action) {
                $(Some(Action::$name) => both::<$name>(line),)*
                None => json!({"error": "NotImplemented", "path": ""}),
            }
        }
    };
}

dispatch! {
    Authorize BootNotification CancelReservation CertificateSigned ChangeAvailability
    ChangeConfiguration ClearCache ClearChargingProfile DataTransfer DeleteCertificate
    DiagnosticsStatusNotification ExtendedTriggerMessage FirmwareStatusNotification
    GetCompositeSchedule GetConfiguration GetDiagnostics GetInstalledCertificateIds
    GetLocalListVersion GetLog Heartbeat InstallCertificate LogStatusNotification MeterValues
    RemoteStartTransaction RemoteStopTransaction ReserveNow Reset SecurityEventNotification
    SendLocalList SetChargingProfile SignCertificate SignedFirmwareStatusNotification
    SignedUpdateFirmware StartTransaction StatusNotification StopTransaction TriggerMessage
    UnlockConnector UpdateFirmware
}
