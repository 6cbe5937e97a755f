//! Every request and every answer: what is read is written as something that reads as the same.
//!
//! The first byte says which message, the rest is its payload as JSON.

use evcp::wire::json::{self, Frame, Mode};
use evcp::wire::v16::{self, Action, Request};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::value::{to_raw_value, RawValue};
use serde_json::Value;

pub fn run(data: &[u8]) {
    let Some((which, text)) = data.split_first() else {
        return;
    };
    let Ok(payload) = serde_json::from_slice::<Value>(text) else {
        return;
    };
    let action = Action::ALL[usize::from(*which) / 2 % Action::ALL.len()];
    if which & 1 == 0 {
        request(action, &payload);
    } else {
        answer(action, &payload);
    }
}

macro_rules! messages {
    ($($name:ident)*) => {
        /// A payload as the request of an action.
        pub fn request(action: Action, payload: &Value) -> bool {
            match action {
                $(Action::$name => {
                    let Some(text) = round::<v16::$name>(payload) else {
                        return false;
                    };
                    framed::<v16::$name>(&text);
                    true
                })*
            }
        }

        /// A payload as the answer to an action.
        pub fn answer(action: Action, payload: &Value) -> bool {
            match action {
                $(Action::$name => {
                    round::<<v16::$name as Request>::Response>(payload).is_some()
                })*
            }
        }
    };
}

messages! {
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

/// Reads, writes, reads and writes again; the text of a payload that is good by the schema.
///
/// It is the texts that must be equal: tags compare without case, and a time before the year 0 is
/// written as the nearest that can be.
fn round<T: Serialize + DeserializeOwned>(payload: &Value) -> Option<String> {
    let payload = to_raw_value(payload).expect("it is JSON");
    let strict = json::read::<T>(&payload, Mode::Strict);
    let tolerant = json::read::<T>(&payload, Mode::Tolerant);
    if let (Ok(_), Err(why)) = (&strict, &tolerant) {
        panic!("tolerant reading is stricter: {why}");
    }
    for why in [strict.as_ref().err(), tolerant.as_ref().err()] {
        assert!(why.is_none_or(|why| !why.text.is_empty()));
    }
    if let Ok(read) = &tolerant {
        if strict.is_err() {
            let text = write(&read.value);
            assert_eq!(text, write(&again::<T>(&text)));
        }
    }
    let read = strict.ok()?;
    assert!(read.ignored.is_empty());
    let text = write(&read.value);
    let second = again::<T>(&text);
    assert_eq!(text, write(&second));
    // What the store does with profiles and samples: the plain reader must agree with ours.
    let plain: T = serde_json::from_str(&text).expect("serde reads what it wrote");
    assert_eq!(text, write(&plain));
    Some(text)
}

fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("messages can be written")
}

fn again<T: DeserializeOwned>(text: &str) -> T {
    let payload: &RawValue = serde_json::from_str(text).expect("it is JSON");
    match json::read::<T>(payload, Mode::Strict) {
        Ok(read) => read.value,
        Err(why) => panic!("what was written is not strict: {why}: {text}"),
    }
}

/// In a frame, a request stays what it is.
fn framed<R: Request>(text: &str) {
    let request: R = again(text);
    let frame = json::call("id", R::ACTION.as_str(), &request);
    match json::parse_frame(&frame) {
        Ok(Frame::Call {
            action, payload, ..
        }) => {
            assert_eq!(action, R::ACTION.as_str());
            assert_eq!(write(&again::<R>(payload.get())), text);
        }
        other => panic!("{frame} is read as {other:?}"),
    }
}
