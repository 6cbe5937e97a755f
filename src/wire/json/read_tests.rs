use super::*;
use std::fmt;

use crate::types::{ChargingProfile, IdTagInfo, Tenths};
use crate::wire::v16::{
    Authorize, BootNotificationResponse, ChangeAvailability, DataTransfer, GetConfiguration,
    GetDiagnostics, Heartbeat, ReserveNow, SendLocalList, SetChargingProfile, StartTransaction,
    TriggerMessage,
};
use serde_json::{json, value::to_raw_value, Value};

fn read<T: DeserializeOwned>(payload: &Value, mode: Mode) -> Result<Read<T>, Violation> {
    super::read(&to_raw_value(payload).unwrap(), mode)
}

/// The code and the path of what is wrong with a payload.
fn wrong<T: DeserializeOwned + fmt::Debug>(payload: Value) -> (ErrorCode, String) {
    let violation = read::<T>(&payload, Mode::Strict).unwrap_err();
    (violation.code, violation.path)
}

fn is<T: DeserializeOwned + fmt::Debug>(payload: Value, code: ErrorCode, path: &str) {
    assert_eq!(
        wrong::<T>(payload.clone()),
        (code, path.to_owned()),
        "{payload}"
    );
}

fn profile() -> Value {
    json!({
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 7,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16},
                    {"startPeriod": 60, "limit": 6.1, "numberPhases": 1},
                    {"startPeriod": 90, "limit": 0.0},
                ],
            },
        },
    })
}

const PERIODS: &str = "/csChargingProfiles/chargingSchedule/chargingSchedulePeriod";

/// A profile with the third period changed.
fn profile_with(member: &str, value: Value) -> Value {
    let mut payload = profile();
    let period = payload.pointer_mut(&format!("{PERIODS}/2")).unwrap();
    period[member] = value;
    payload
}

#[test]
fn a_nested_message_is_read_whole() {
    let read: Read<SetChargingProfile> = read(&profile(), Mode::Strict).unwrap();
    let profile: &ChargingProfile = &read.value.cs_charging_profiles;
    let periods = &profile.charging_schedule.charging_schedule_period;
    let limits: Vec<_> = periods.iter().map(|period| period.limit).collect();
    assert_eq!(limits, [Tenths(160), Tenths(61), Tenths(0)]);
    assert_eq!(
        (profile.valid_from, periods[1].number_phases),
        (None, Some(1))
    );
    assert!(read.ignored.is_empty());
}

// rules: 12
#[test]
fn a_missing_member_is_an_occurence_violation() {
    let code = ErrorCode::OccurenceConstraintViolation;
    is::<Authorize>(json!({}), code, "idTag");
    is::<SetChargingProfile>(json!({"connectorId": 1}), code, "csChargingProfiles");
    let list = json!({
        "listVersion": 1,
        "updateType": "Full",
        "localAuthorizationList": [{"idTag": "a"}, {}],
    });
    is::<SendLocalList>(list, code, "localAuthorizationList[1].idTag");
}

// rules: 12
#[test]
fn a_wrong_type_is_a_type_violation() {
    let code = ErrorCode::TypeConstraintViolation;
    for value in [json!(12), json!(true), json!({}), json!([]), json!(null)] {
        is::<Authorize>(json!({"idTag": value}), code, "idTag");
    }
    for value in [json!("1"), json!(1.5), json!(true), json!(null), json!([1])] {
        let payload = json!({"connectorId": value, "type": "Operative"});
        is::<ChangeAvailability>(payload, code, "connectorId");
    }
    for value in [json!(1), json!({}), json!(["BootNotification"])] {
        is::<TriggerMessage>(json!({"requestedMessage": value}), code, "requestedMessage");
    }
    is::<GetConfiguration>(json!({"key": "All"}), code, "key");
    is::<GetConfiguration>(json!({"key": ["a", 1]}), code, "key[1]");
    is::<SetChargingProfile>(
        json!({"connectorId": 1, "csChargingProfiles": []}),
        code,
        "csChargingProfiles",
    );
    is::<DataTransfer>(json!({"vendorId": "v", "data": {"a": 1}}), code, "data");
}

#[test]
fn a_number_that_is_no_limit_is_named_with_its_whole_path() {
    let path = "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].limit";
    for (value, code) in [
        (json!("6"), ErrorCode::TypeConstraintViolation),
        (json!(1e16), ErrorCode::PropertyConstraintViolation),
    ] {
        is::<SetChargingProfile>(profile_with("limit", value), code, path);
    }
}

// rules: 12
#[test]
fn a_limit_of_two_decimals_is_rounded_down_and_the_first_one_is_named() {
    let payload = profile_with("limit", json!(6.55));
    let found = read::<SetChargingProfile>(&payload, Mode::Strict).unwrap();
    let schedule = &found.value.cs_charging_profiles.charging_schedule;
    assert_eq!(schedule.charging_schedule_period[2].limit, Tenths(65));
    let path = "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].limit";
    assert_eq!(found.rounded.as_deref(), Some(path));
    let payload = profile_with("limit", json!(6.5));
    let found = read::<SetChargingProfile>(&payload, Mode::Strict).unwrap();
    assert_eq!(found.rounded, None);
}

// rules: 12
#[test]
fn a_value_outside_its_set_or_length_is_a_property_violation() {
    let code = ErrorCode::PropertyConstraintViolation;
    is::<Authorize>(json!({"idTag": "123456789012345678901"}), code, "idTag");
    is::<IdTagInfo>(json!({"status": "accepted"}), code, "status");
    is::<TriggerMessage>(
        json!({"requestedMessage": "StartTransaction"}),
        code,
        "requestedMessage",
    );
}

// rules: 12
#[test]
fn a_date_is_checked_for_being_one() {
    let reserve = |date: Value| json!({"connectorId": 1, "expiryDate": date, "idTag": "a", "reservationId": 1});
    is::<ReserveNow>(
        reserve(json!("tomorrow")),
        ErrorCode::PropertyConstraintViolation,
        "expiryDate",
    );
    is::<ReserveNow>(
        reserve(json!(1_772_366_400)),
        ErrorCode::TypeConstraintViolation,
        "expiryDate",
    );
    assert!(read::<ReserveNow>(&reserve(json!("2026-03-01T13:00:00+01:00")), Mode::Strict).is_ok());
}

#[test]
fn integers_have_32_bits() {
    let connector = |id: Value| json!({"connectorId": id, "type": "Operative"});
    for id in [json!(i32::MAX), json!(i32::MIN)] {
        assert!(read::<ChangeAvailability>(&connector(id), Mode::Strict).is_ok());
    }
    for id in [
        json!(i64::from(i32::MAX) + 1),
        json!(i64::from(i32::MIN) - 1),
        json!(u64::MAX),
        json!(1e18),
        json!(-1e300),
    ] {
        let code = ErrorCode::PropertyConstraintViolation;
        is::<ChangeAvailability>(connector(id), code, "connectorId");
    }
}

#[test]
fn a_whole_number_with_a_point_is_an_integer() {
    let payload = json!({"connectorId": 2.0, "type": "Operative"});
    let read: Read<ChangeAvailability> = read(&payload, Mode::Strict).unwrap();
    assert_eq!(read.value.connector_id, 2);
}

#[test]
fn meters_count_beyond_32_bits() {
    let payload = json!({
        "connectorId": 1,
        "idTag": "a",
        "meterStart": 5_000_000_000_i64,
        "timestamp": "2026-03-01T12:00:00Z",
    });
    let read: Read<StartTransaction> = read(&payload, Mode::Strict).unwrap();
    assert_eq!(read.value.meter_start, 5_000_000_000);
}

// rules: 12, 14
#[test]
fn an_unknown_member_is_a_formation_violation_at_any_depth() {
    let code = ErrorCode::FormationViolation;
    is::<Authorize>(json!({"idTag": "a", "IdTag": "a"}), code, "IdTag");
    is::<Heartbeat>(json!({"": 1}), code, "");
    is::<SetChargingProfile>(
        profile_with("colour", json!("red")),
        code,
        "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].colour",
    );
}

// rules: 9
#[test]
fn a_payload_that_is_no_object_is_a_formation_violation() {
    for payload in [json!([]), json!("x"), json!(1), json!(false)] {
        is::<Heartbeat>(payload, ErrorCode::FormationViolation, "");
    }
}

// rules: 9
#[test]
fn a_null_payload_counts_as_an_empty_object() {
    for mode in [Mode::Strict, Mode::Tolerant] {
        assert!(read::<Heartbeat>(&Value::Null, mode).is_ok());
        assert!(read::<Authorize>(&Value::Null, mode).is_err());
    }
}

#[test]
fn null_for_an_optional_member_counts_as_absent_and_for_a_required_one_as_wrong() {
    for mode in [Mode::Strict, Mode::Tolerant] {
        let payload = json!({"status": "Accepted", "expiryDate": null, "parentIdTag": null});
        let read: Read<IdTagInfo> = read(&payload, mode).unwrap();
        assert_eq!(
            (read.value.expiry_date, read.value.parent_id_tag),
            (None, None)
        );
        assert!(read.ignored.is_empty());
    }
    is::<IdTagInfo>(
        json!({ "status": null }),
        ErrorCode::TypeConstraintViolation,
        "status",
    );
}

#[test]
fn tolerance_skips_unknown_members_and_lists_them() {
    let mut payload = profile_with("colour", json!("red"));
    payload["x"] = json!({"y": [null]});
    let tolerant: Read<SetChargingProfile> = read(&payload, Mode::Tolerant).unwrap();
    let expected: Read<SetChargingProfile> = read(&profile(), Mode::Strict).unwrap();
    assert_eq!(tolerant.value, expected.value);
    let colour = "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].colour";
    assert_eq!(tolerant.ignored, ["x", colour]);
}

#[test]
fn tolerance_ends_there() {
    use ErrorCode::*;
    let fails = |payload: Value, code| {
        let violation = read::<BootNotificationResponse>(&payload, Mode::Tolerant).unwrap_err();
        assert_eq!(violation.code, code, "{payload}");
    };
    let date = "2026-03-01T12:00:00Z";
    fails(
        json!({"status": "Accepted", "currentTime": date}),
        OccurenceConstraintViolation,
    );
    fails(
        json!({"status": "Accepted", "currentTime": date, "interval": null}),
        TypeConstraintViolation,
    );
    fails(
        json!({"status": "Accepted", "currentTime": date, "interval": "300"}),
        TypeConstraintViolation,
    );
    fails(
        json!({"status": "OK", "currentTime": date, "interval": 300}),
        PropertyConstraintViolation,
    );
    fails(json!([]), FormationViolation);
}

#[test]
fn of_several_faults_unknown_members_come_first_and_then_the_order_of_the_schema() {
    let all = json!({"zzz": 1, "stopTime": "never", "retries": "1"});
    is::<GetDiagnostics>(all, ErrorCode::FormationViolation, "zzz");
    let without_unknown = json!({"stopTime": "never", "retries": "1"});
    is::<GetDiagnostics>(
        without_unknown,
        ErrorCode::OccurenceConstraintViolation,
        "location",
    );
    let with_location = json!({"stopTime": "never", "retries": "1", "location": "ftp://x"});
    is::<GetDiagnostics>(with_location, ErrorCode::TypeConstraintViolation, "retries");
}

#[test]
fn a_violation_explains_itself() {
    let text = |payload: Value| {
        read::<Authorize>(&payload, Mode::Strict)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(text(json!({})), "idTag: missing");
    assert_eq!(
        text(json!({"idTag": null})),
        "idTag: null, expected a string"
    );
    assert_eq!(
        text(json!({"idTag": "123456789012345678901"})),
        "idTag: 21 characters, at most 20 allowed"
    );
    assert_eq!(text(json!({"idTag": "a", "x": 1})), "x: unknown member");
    assert_eq!(text(json!(7)), "the payload is not an object");
}
