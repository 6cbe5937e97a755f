//! Answers of the central system, read for what can be read in them.
//!
//! A request that is sloppy can be refused, and its sender hears why. To an answer nothing can be said
//! any more, and a customer's session hangs on it: what is required and readable counts, whatever
//! stands beside it; what is optional and cannot be read is absent, and named for the log.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::time::Wall;
use crate::types::IdToken;
use crate::types::{AuthorizationStatus, DataTransferStatus, IdTagInfo, RegistrationStatus};
use crate::wire::json::Members;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard<T> {
    /// The answer.
    pub value: T,
    /// The members that were there and could not be read.
    pub unreadable: Vec<&'static str>,
}

/// The answer to BootNotification: OCPP 1.6 §6.4.
#[derive(Clone, Debug, PartialEq)]
pub struct BootAnswer {
    /// Whether the charge point is admitted.
    pub status: RegistrationStatus,
    /// The central system's clock.
    pub current_time: Option<Wall>,
    /// In seconds: between heartbeats if accepted, else until the next attempt.
    pub interval: Option<i64>,
}

/// The answer to Heartbeat: OCPP 1.6 §6.30.
#[derive(Clone, Debug, PartialEq)]
pub struct HeartbeatAnswer {
    /// The central system's clock.
    pub current_time: Option<Wall>,
}

/// What an answer says of a tag: OCPP 1.6 §7.27. Its status is a matter of authorization; without one, it
/// says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TagAnswer {
    /// Whether it may charge.
    pub status: Option<AuthorizationStatus>,
    /// When it is to leave the authorization cache.
    pub expiry_date: Option<Wall>,
    /// The group that it belongs to; one that is empty or blank is none.
    pub parent_id_tag: Option<IdToken>,
}

impl TagAnswer {
    /// What there is to remember.
    #[must_use]
    pub fn info(&self) -> Option<IdTagInfo> {
        Some(IdTagInfo {
            status: self.status?,
            expiry_date: self.expiry_date,
            parent_id_tag: self.parent_id_tag.clone(),
        })
    }
}

/// The answer to StartTransaction: OCPP 1.6 §6.46.
#[derive(Clone, Debug, PartialEq)]
pub struct StartAnswer {
    /// The id of the transaction: any integer of 64 bits.
    pub transaction_id: i64,
    /// What the tag may do.
    pub tag: TagAnswer,
}

/// The answer to DataTransfer: OCPP 1.6 §6.16.
#[derive(Clone, Debug, PartialEq)]
pub struct DataAnswer {
    /// How it went.
    pub status: DataTransferStatus,
    /// Anything.
    pub data: Option<String>,
}

/// An answer that can be read so.
pub trait Answer: Sized {
    /// Takes what it needs; `None` if something that is required cannot be read.
    fn read(members: &mut Members<'_>) -> Option<Self>;
}

/// Reads an answer; `None` if something that is required cannot be read.
#[must_use]
pub fn hear<T: Answer>(payload: &RawValue) -> Option<Heard<T>> {
    let mut members = Members::of(payload.get());
    let value = T::read(&mut members)?;
    Some(Heard {
        value,
        unreadable: members.unreadable,
    })
}

impl Answer for BootAnswer {
    fn read(members: &mut Members<'_>) -> Option<Self> {
        Some(Self {
            status: members.one_of("status", RegistrationStatus::ALL)?,
            current_time: members.time("currentTime"),
            interval: members.integer("interval"),
        })
    }
}

impl Answer for HeartbeatAnswer {
    fn read(members: &mut Members<'_>) -> Option<Self> {
        Some(Self {
            current_time: members.time("currentTime"),
        })
    }
}

impl Answer for TagAnswer {
    /// Some central systems leave out the object around what it says, or all but the status.
    fn read(members: &mut Members<'_>) -> Option<Self> {
        let inner = match members.find("idTagInfo") {
            Some(object) if object.starts_with('{') => object,
            Some(_) => {
                let status = members.one_of("idTagInfo", AuthorizationStatus::ALL);
                return Some(Self {
                    status,
                    ..Self::default()
                });
            }
            None => return Some(Self::of(members)),
        };
        let mut inside = Members::of(inner);
        let tag = Self::of(&mut inside);
        members.unreadable.append(&mut inside.unreadable);
        Some(tag)
    }
}

impl TagAnswer {
    fn of(members: &mut Members<'_>) -> Self {
        let parent: Option<IdToken> = members.text("parentIdTag");
        Self {
            status: members.one_of("status", AuthorizationStatus::ALL),
            expiry_date: members.time("expiryDate"),
            parent_id_tag: parent.filter(|parent| !parent.as_str().trim().is_empty()),
        }
    }
}

impl Answer for StartAnswer {
    fn read(members: &mut Members<'_>) -> Option<Self> {
        Some(Self {
            transaction_id: members.integer("transactionId")?,
            tag: TagAnswer::read(members)?,
        })
    }
}

impl Answer for DataAnswer {
    fn read(members: &mut Members<'_>) -> Option<Self> {
        let data = members.string("data").map(Cow::into_owned);
        Some(Self {
            status: members.one_of("status", DataTransferStatus::ALL)?,
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::NO_TIME_BEFORE;
    use serde_json::value::to_raw_value;
    use serde_json::{json, Value};

    fn start(answer: Value) -> Option<Heard<StartAnswer>> {
        hear(&to_raw_value(&answer).expect("JSON"))
    }

    fn tag(tag: Value) -> TagAnswer {
        let heard = start(json!({"transactionId": 7, "idTagInfo": tag}));
        let heard = heard.expect("the id can be read");
        assert_eq!(heard.value.transaction_id, 7);
        heard.value.tag
    }

    #[test]
    fn an_id_is_any_integer_of_64_bits_however_it_is_written() {
        for (written, id) in [
            (json!(12), 12),
            (json!(12.0), 12),
            (json!("12"), 12),
            (json!(" 12 "), 12),
            (json!(0), 0),
            (json!(-1), -1),
            (json!(i64::MAX), i64::MAX),
            (json!(i64::MIN), i64::MIN),
            (json!("9223372036854775807"), i64::MAX),
        ] {
            let heard = start(json!({ "transactionId": written }));
            let heard = heard.map(|heard| heard.value.transaction_id);
            assert_eq!(heard, Some(id), "{written}");
        }
        for written in [
            json!(null),
            json!("x"),
            json!(1.5),
            json!([1]),
            json!(true),
            json!(1e300),
        ] {
            assert_eq!(
                start(json!({ "transactionId": written })),
                None,
                "{written}"
            );
        }
        assert_eq!(start(json!([])), None);
    }

    #[test]
    fn what_is_optional_and_cannot_be_read_is_absent() {
        let good = TagAnswer {
            status: Some(AuthorizationStatus::Accepted),
            ..TagAnswer::default()
        };
        for beside in [
            json!({"expiryDate": ""}),
            json!({"expiryDate": "2026-01-01"}),
            json!({"expiryDate": 1_767_225_600}),
            json!({"expiryDate": null}),
            json!({"expiryDate": "0001-01-01T00:00:00"}),
            json!({"parentIdTag": "123456789012345678901234567890123456"}),
            json!({"parentIdTag": ""}),
            json!({"parentIdTag": "   "}),
            json!({"parentIdTag": 5}),
            json!({"language": "de", "more": {"and": [1, 2]}}),
        ] {
            let mut said = beside.clone();
            said["status"] = json!("Accepted");
            assert_eq!(tag(said), good, "{beside}");
        }
        let heard =
            start(json!({"transactionId": 1, "idTagInfo": {"status": "good", "expiryDate": 5}}));
        let heard = heard.expect("the id can be read");
        assert_eq!(heard.unreadable, ["status", "expiryDate"]);
    }

    #[test]
    fn a_status_is_read_in_any_case_and_without_the_object_around_it() {
        let accepted = Some(AuthorizationStatus::Accepted);
        assert_eq!(tag(json!({"status": "accepted"})).status, accepted);
        assert_eq!(tag(json!({"Status": "ACCEPTED"})).status, accepted);
        assert_eq!(tag(json!("Accepted")).status, accepted);
        let flat = start(json!({"transactionId": 1, "status": "Accepted"}));
        assert_eq!(flat.map(|heard| heard.value.tag.status), Some(accepted));
        assert_eq!(tag(json!(null)).status, None);
        assert_eq!(tag(json!({"status": "good"})).status, None);
    }

    #[test]
    fn a_boot_counts_whatever_stands_beside_its_status() {
        let boot = |answer: Value| {
            let heard: Option<Heard<BootAnswer>> = hear(&to_raw_value(&answer).expect("JSON"));
            heard.map(|heard| {
                (
                    heard.value.status,
                    heard.value.current_time,
                    heard.value.interval,
                )
            })
        };
        let accepted = RegistrationStatus::Accepted;
        let nothing = Some((accepted, None, None));
        assert_eq!(boot(json!({"status": "Accepted"})), nothing);
        for time in [
            json!("1970-01-01T00:00:00Z"),
            json!("now"),
            json!(5),
            json!(null),
        ] {
            let answer = json!({"status": "Accepted", "currentTime": time, "heartbeatInterval": 5});
            assert_eq!(boot(answer), nothing, "{time}");
        }
        let answer =
            json!({"status": "accepted", "currentTime": "2010-01-01T00:00:00Z", "interval": "60"});
        assert_eq!(
            boot(answer),
            Some((accepted, Some(NO_TIME_BEFORE), Some(60)))
        );
        assert_eq!(boot(json!({"status": "Welcome", "interval": 5})), None);
    }
}
