//! What OCPP says of configuration keys and passwords.
#![allow(clippy::panic)]

use evcp::core::{
    Access, Act, Change, CloseReason, DeclaredKey, Effect, Engine, Ev, Input, LinkEvent, Notice,
    Record, Setup, Stored,
};
use evcp::time::Millis;
use evcp::types::CiString;
use evcp_testing::{setup, told, with, Treat, World};
use serde_json::{json, Value};

const PASSWORD: &str = "4F43415F4F4354545F61646D696E5F74657374";

fn with_key(name: &str, value: &str) -> Setup {
    let mut setup = setup(2);
    let value = CiString::truncated(value);
    setup.keys.push((CiString::truncated(name), value));
    setup
}

fn declared(read_only: bool, reboot_required: bool) -> DeclaredKey {
    let name = if read_only { "MyFixed" } else { "MyOwn" };
    DeclaredKey {
        read_only,
        reboot_required,
        ..DeclaredKey::new(CiString::truncated(name), CiString::truncated("1"))
    }
}

fn get(world: &mut World, keys: &[&str]) -> Value {
    let answer = world.call("GetConfiguration", json!({ "key": keys }));
    answer.expect("an answer")
}

fn change(world: &mut World, key: &str, value: &str) -> String {
    let answer = world.call("ChangeConfiguration", json!({"key": key, "value": value}));
    let answer = answer.expect("an answer");
    answer["status"].as_str().expect("a status").to_owned()
}

// rules: 121
#[test]
fn no_keys_named_and_an_empty_list_mean_all_keys() {
    let mut setup = with_key("GetConfigurationMaxKeys", "3");
    setup.declared.push(declared(false, false));
    let mut world = World::booted(setup);
    let all = world
        .call("GetConfiguration", json!({}))
        .expect("an answer");
    assert_eq!(get(&mut world, &[]), all);
    assert!(all.get("unknownKey").is_none());
    let keys = all["configurationKey"].as_array().expect("a list");
    assert!(keys.len() > 20, "the limit is for keys that are named");
    assert_eq!(
        keys[keys.len() - 1],
        json!({"key": "MyOwn", "readonly": false, "value": "1"})
    );
}

// rules: 121
#[test]
fn named_keys_are_found_in_any_case_up_to_the_limit_and_unknown_ones_are_named() {
    let mut world = World::booted(with_key("GetConfigurationMaxKeys", "3"));
    let names = [
        "HEARTBEATINTERVAL",
        "Nonsense",
        "numberOfConnectors",
        "ConnectionTimeOut",
    ];
    let answer = get(&mut world, &names);
    assert_eq!(
        answer,
        json!({
            "configurationKey": [
                {"key": "HeartbeatInterval", "readonly": false, "value": "300"},
                {"key": "NumberOfConnectors", "readonly": true, "value": "2"},
            ],
            "unknownKey": ["Nonsense"],
        })
    );
}

// cases: TC_019; rules: 121
#[test]
fn every_required_key_is_listed_with_its_rights() {
    let mut world = World::booted(setup(2));
    let profiles = get(&mut world, &["SupportedFeatureProfiles"]);
    assert!(profiles.get("unknownKey").is_none());
    let profiles = profiles["configurationKey"][0]["value"].clone();
    let profiles: Vec<_> = profiles.as_str().expect("a list").split(',').collect();
    assert!(profiles.contains(&"Core"));
    let known = [
        "Core",
        "FirmwareManagement",
        "LocalAuthListManagement",
        "Reservation",
        "SmartCharging",
        "RemoteTrigger",
    ];
    assert!(
        profiles.iter().all(|profile| known.contains(profile)),
        "{profiles:?}"
    );
    let all = world
        .call("GetConfiguration", json!({}))
        .expect("an answer");
    let all = all["configurationKey"].as_array().expect("a list").clone();
    let find = |name: &str| {
        let found = all.iter().find(|entry| entry["key"] == name);
        found.unwrap_or_else(|| panic!("{name} is missing")).clone()
    };
    for name in [
        "ClockAlignedDataInterval",
        "ConnectionTimeOut",
        "ConnectorPhaseRotation",
        "HeartbeatInterval",
        "LocalAuthorizeOffline",
        "LocalPreAuthorize",
        "MeterValuesAlignedData",
        "MeterValuesSampledData",
        "MeterValueSampleInterval",
        "ResetRetries",
        "StopTransactionOnInvalidId",
        "StopTxnAlignedData",
        "StopTxnSampledData",
        "TransactionMessageAttempts",
        "TransactionMessageRetryInterval",
    ] {
        assert_eq!(find(name)["readonly"], false, "{name}");
    }
    for name in [
        "GetConfigurationMaxKeys",
        "NumberOfConnectors",
        "SupportedFeatureProfiles",
    ] {
        assert_eq!(find(name)["readonly"], true, "{name}");
    }
    for name in [
        "AuthorizeRemoteTxRequests",
        "UnlockConnectorOnEVSideDisconnect",
    ] {
        find(name);
    }
    let most = find("GetConfigurationMaxKeys")["value"].clone();
    let most: usize = most
        .as_str()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    let names: Vec<_> = all
        .iter()
        .take(most)
        .map(|entry| entry["key"].as_str())
        .collect();
    let names: Vec<_> = names.into_iter().flatten().collect();
    assert_eq!(
        get(&mut world, &names)["configurationKey"],
        json!(all[..names.len()])
    );
}

// cases: TC_040_1, TC_040_2; rules: 122
#[test]
fn a_change_that_cannot_be_is_answered_with_the_reason_and_changes_nothing() {
    let mut setup = setup(1);
    setup.declared.push(declared(true, false));
    let mut world = World::booted(setup);
    let before = world.call("GetConfiguration", json!({}));
    for (key, value, status) in [
        ("Testing", "true", "NotSupported"),
        ("NumberOfConnectors", "1", "Rejected"),
        ("MyFixed", "2", "Rejected"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "1.5", "Rejected"),
        ("MeterValueSampleInterval", "", "Rejected"),
        ("TransactionMessageAttempts", "0", "Rejected"),
        ("LocalPreAuthorize", "yes", "Rejected"),
        ("MeterValuesSampledData", "Voltage,Nonsense", "Rejected"),
    ] {
        assert_eq!(change(&mut world, key, value), status, "{key} = {value}");
    }
    assert_eq!(world.call("GetConfiguration", json!({})), before);
}

// cases: TC_021; rules: 122
#[test]
fn an_accepted_change_is_in_effect_reads_back_and_survives_a_power_cut() {
    let mut world = World::booted(setup(1));
    world.charge(1, "ONE");
    world.meter(1, 1);
    assert_eq!(
        change(&mut world, "meterValueSampleInterval", "5"),
        "Accepted"
    );
    assert_eq!(change(&mut world, "LocalPreAuthorize", "TRUE"), "Accepted");
    world.run(Millis::from_secs(5));
    assert_eq!(world.sent("MeterValues").len(), 1);
    for _ in 0..2 {
        let answer = get(&mut world, &["MeterValueSampleInterval"]);
        assert_eq!(answer["configurationKey"][0]["value"], "5");
        world.power_cycle();
        world.run(Millis(0));
    }
}

// rules: 122
#[test]
fn a_key_that_counts_from_the_next_boot_says_so_and_is_kept() {
    let mut setup = setup(1);
    setup.declared.push(declared(false, true));
    let mut world = World::booted(setup);
    assert_eq!(change(&mut world, "MyOwn", "2"), "RebootRequired");
    world.power_cycle();
    world.run(Millis(0));
    assert_eq!(
        get(&mut world, &["MyOwn"])["configurationKey"][0]["value"],
        "2"
    );
}

// rules: 123
#[test]
fn a_password_has_the_right_length_and_is_never_shown() {
    for (value, status) in [
        (PASSWORD, "Accepted"),
        ("0123456789abcdef0123456789abcdef", "Accepted"),
        ("0123456789abcdef0123456789abcdef01234567", "Accepted"),
        ("sixteen letters!", "Accepted"),
        ("exactly 20 letters !", "Accepted"),
        ("", "Rejected"),
        ("fifteen letters", "Rejected"),
        ("more than 20 letters.", "Rejected"),
        ("0123456789abcdef0123456789abcd", "Rejected"),
        ("0123456789abcdef0123456789abcde", "Rejected"),
        ("0123456789abcdef0123456789abcdef0123456789", "Rejected"),
    ] {
        let mut world = World::booted(setup(1));
        assert_eq!(
            change(&mut world, "AuthorizationKey", value),
            status,
            "{value}"
        );
        world.run(Millis(0));
        let named = get(&mut world, &["AuthorizationKey"]);
        let entry = json!({"key": "AuthorizationKey", "readonly": false});
        assert_eq!(named["configurationKey"], json!([entry]));
        let all = world
            .call("GetConfiguration", json!({}))
            .expect("an answer");
        assert!(!all.to_string().contains("AuthorizationKey"));
        assert!(value.is_empty() || !format!("{:?}", world.told).contains(value));
    }
}

// rules: 124, 125
#[test]
fn a_new_password_is_stored_then_answered_then_used() {
    let mut setup = with_key("AuthorizationKey", "the one of before!");
    setup.tuning.security_profile = 1;
    let mut world = World::booted(setup);
    let change = json!([2, "x", "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": PASSWORD}]);
    let text = change.to_string();
    let mut effects = Vec::new();
    let mut input = Input::Link(LinkEvent::Text(&text));
    for _ in 0..4 {
        effects.extend(world.wants(input));
        let due = world.engine().deadline().map(|(due, _)| due);
        world.now.mono = due.unwrap_or(world.now.mono);
        input = Input::Deadline;
    }
    let place = |is: &dyn Fn(&Effect) -> bool| {
        let found = effects.iter().position(is);
        found.unwrap_or_else(|| panic!("{effects:?}"))
    };
    let written = Change::Put(Record::Setting(
        "AuthorizationKey".to_owned(),
        PASSWORD.to_owned(),
    ));
    let stored = place(&|e| matches!(e, Effect::Store(batch) if batch.contains(&written)));
    let answer = Effect::Send(json!([3, "x", {"status": "Accepted"}]).to_string());
    let answered = place(&|e| *e == answer);
    let closed = place(&|e| *e == Effect::Close(CloseReason::NewAccess));
    let key = Some(b"OCA_OCTT_admin_test".to_vec());
    let with_it = |access: &Access| (access.profile, &access.key) == (1, &key);
    let used = place(&|e| matches!(e, Effect::Connect(access) if with_it(access)));
    let order = [stored, answered, closed, used];
    assert!(
        order.windows(2).all(|pair| pair[0] < pair[1]),
        "{effects:?}"
    );
}

// rules: 124
#[test]
fn a_new_password_loses_nothing_that_waits_and_is_no_boot() {
    let mut world = World::booted(setup(1));
    world.central.treat("StartTransaction", Treat::Silence);
    world.charge(1, "ONE");
    world.run(Millis::from_secs(10));
    assert_eq!(change(&mut world, "AuthorizationKey", PASSWORD), "Accepted");
    world.run(Millis::from_secs(10));
    assert_eq!(world.sent("StartTransaction").len(), 2);
    assert_eq!(world.central.sessions.len(), 1);
    assert_eq!(world.engine().counters().queued, 0);
    assert_eq!(world.sent("BootNotification").len(), 1);
}

// rules: 125
#[test]
fn every_attempt_to_connect_carries_the_password() {
    let mut setup = with_key("AuthorizationKey", PASSWORD);
    setup.tuning.security_profile = 1;
    let mut world = World::new(setup);
    let mut effects = world.power.wants(world.now, None);
    for _ in 0..3 {
        let access = effects.into_iter().find_map(|effect| match effect {
            Effect::Connect(access) => Some(access),
            _ => None,
        });
        let key = access.expect("it tries to connect").key;
        assert_eq!(key.as_deref(), Some(&b"OCA_OCTT_admin_test"[..]));
        let failed = LinkEvent::Failed("no route".to_owned());
        world.wants(Input::Link(failed));
        let (due, _) = world.engine().deadline().expect("it tries again");
        world.now.mono = due;
        effects = world.wants(Input::Deadline);
    }
}

// rules: 126
#[test]
fn the_security_profile_is_not_changed_from_afar() {
    let mut setup = with_key("AuthorizationKey", PASSWORD);
    setup.tuning.security_profile = 2;
    let mut world = World::booted(setup);
    for profile in ["0", "1", "2", "3", "4"] {
        assert_eq!(change(&mut world, "SecurityProfile", profile), "Rejected");
    }
    let answer = get(&mut world, &["SecurityProfile"]);
    let entry = json!({"key": "SecurityProfile", "readonly": true, "value": "2"});
    assert_eq!(answer["configurationKey"], json!([entry]));
    assert!(world.connected);
    assert_eq!(world.engine().counters().connects, 1);
}

#[test]
fn what_the_charger_is_made_of_is_not_a_matter_of_keys_for_the_firmware_either() {
    for (name, value) in [("SecurityProfile", "1"), ("NumberOfConnectors", "7")] {
        let mut setup = with_key("AuthorizationKey", PASSWORD);
        setup.tuning.security_profile = 2;
        let mut world = World::booted(setup);
        let key = CiString::new(name).expect("short");
        world.act(Act::SetKey(key, CiString::new(value).expect("short")));
        world.power_cycle();
        world.run(Millis::from_secs(60));
        let entry = &get(&mut world, &[name])["configurationKey"][0]["value"];
        assert_ne!(entry, value, "{name}");
        let refused = Engine::new(with_key(name, value), Stored::default(), world.now);
        assert!(refused.is_err(), "{name} in the set-up");
    }
}

#[test]
fn a_set_up_may_say_what_is_so_anyway() {
    for (name, value) in [
        ("NumberOfConnectors", "2"),
        ("SecurityProfile", "0"),
        ("SupportedFeatureProfiles", "Core, SmartCharging"),
        (
            "SupportedFeatureProfiles",
            "RemoteTrigger,SmartCharging,Core",
        ),
    ] {
        let mut world = World::booted(with_key(name, value));
        let entry = &get(&mut world, &[name])["configurationKey"][0]["value"];
        assert_eq!(entry, value, "{name}");
    }
}

#[test]
fn where_no_connector_has_a_lock_a_set_up_that_wants_one_opened_is_taken_and_means_nothing() {
    let name = "UnlockConnectorOnEVSideDisconnect";
    let mut setup = with_key(name, "true");
    for connector in &mut setup.connectors {
        connector.lockable = false;
    }
    let mut world = World::booted(setup);
    let entry = &get(&mut world, &[name])["configurationKey"][0];
    assert_eq!(
        (&entry["value"], &entry["readonly"]),
        (&json!("false"), &json!(true))
    );
}

#[test]
fn a_set_up_cannot_offer_feature_profiles_that_there_are_not() {
    for profiles in ["Core,Reservation", "core", "Core,,SmartCharging", ""] {
        let setup = with_key("SupportedFeatureProfiles", profiles);
        let refused = Engine::new(setup, Stored::default(), World::new(with(1, &[])).now);
        let why = refused.err().map(|why| why.to_string());
        assert!(
            why.is_some_and(|why| why.contains("SupportedFeatureProfiles")),
            "{profiles}"
        );
    }
}

#[test]
fn phase_rotations_are_of_connectors_that_there_are_and_no_more_than_fit() {
    let mut world = World::booted(with(2, &[("ConnectorPhaseRotationMaxLength", "3")]));
    for (value, status) in [
        ("0.RST,1.RTS,2.TSR", "Accepted"),
        ("NotApplicable", "Accepted"),
        ("3.RST", "Rejected"),
        ("0.RST,1.RTS,2.TSR,1.RST", "Rejected"),
    ] {
        let answer = change(&mut world, "ConnectorPhaseRotation", value);
        assert_eq!(answer, status, "{value}");
    }
}

#[test]
fn the_firmware_hears_of_an_interval_that_the_boot_changes_and_never_of_a_secret() {
    let mut world = told(with(1, &[]), "Accepted", 77);
    let mut keys = Vec::new();
    change(&mut world, "AuthorizationKey", PASSWORD);
    for notice in &world.told {
        if let Notice::Key(name, value) = notice {
            keys.push((name.as_str(), value.as_deref()));
        }
    }
    assert_eq!(
        keys,
        [
            ("HeartbeatInterval", Some("77")),
            ("AuthorizationKey", None)
        ]
    );
}

// rules: 127
#[test]
fn blanks_in_a_list_of_measurands_do_no_harm() {
    let mut world = World::booted(setup(1));
    let value = "Voltage , Energy.Active.Import.Register";
    assert_eq!(
        change(&mut world, "MeterValuesSampledData", value),
        "Accepted"
    );
    world.ev(1, Ev::Plugged);
    world.meter(1, 5);
    let request = json!({"requestedMessage": "MeterValues", "connectorId": 1});
    world.call("TriggerMessage", request);
    let sent = &world.sent("MeterValues")[0]["meterValue"][0]["sampledValue"];
    assert_eq!(sent[0]["measurand"], "Energy.Active.Import.Register");
}

// rules: 122
#[test]
fn a_phase_rotation_is_one_that_there_is() {
    let mut world = World::booted(setup(2));
    for (value, status) in [
        ("RST", "Accepted"),
        ("NotApplicable", "Accepted"),
        ("0.RST, 1.RST, 2.RTS", "Accepted"),
        ("Unknown", "Accepted"),
        ("nonsense", "Rejected"),
        ("1.XYZ", "Rejected"),
    ] {
        let answer = change(&mut world, "ConnectorPhaseRotation", value);
        assert_eq!(answer, status, "{value}");
    }
}

#[test]
fn a_long_list_and_the_length_that_allows_it_are_kept_in_any_order() {
    let lists = [
        ("ConnectorPhaseRotation", "1.RST,2.RTS"),
        ("ConnectorPhaseRotationMaxLength", "2"),
    ];
    // The firmware sets them before the start, the short length last.
    let mut world = World::booted(with(2, &[("ConnectorPhaseRotationMaxLength", "1")]));
    for (name, value) in lists.iter().rev() {
        let (name, value) = (CiString::truncated(name), CiString::truncated(value));
        world.act(Act::SetKey(name, value));
    }
    world.power_cycle();
    world.run(Millis(0));
    let answer = get(&mut world, &["ConnectorPhaseRotation"]);
    assert_eq!(answer["configurationKey"][0]["value"], "1.RST,2.RTS");
    let too_short = with(2, &[lists[0], ("connectorphaserotationmaxlength", "1")]);
    assert!(Engine::new(too_short, Stored::default(), world.now).is_err());
}

// rules: 123
#[test]
fn an_error_text_never_says_a_password() {
    let setup = with(1, &[("authorizationkey", "sesame")]);
    let now = World::new(evcp_testing::setup(1)).now;
    let refused = Engine::new(setup, Stored::default(), now);
    let text = refused.expect_err("it is too short").to_string();
    assert!(text.contains("AuthorizationKey"), "{text}");
    assert!(!text.contains("sesame"), "{text}");
}

#[test]
fn an_own_key_in_any_spelling_is_one_key_told_as_it_was_declared_and_the_last_change_holds() {
    let mut setup = setup(1);
    setup.declared.push(declared(false, false));
    let mut world = World::booted(setup);
    for (spelling, value) in [
        ("MYOWN", "5"),
        ("myown", "6"),
        ("MyOwn", "7"),
        ("MyOWN", "8"),
    ] {
        assert_eq!(change(&mut world, spelling, value), "Accepted");
        let notice = Notice::Key("MyOwn".to_owned(), Some(value.to_owned()));
        assert!(world.told.contains(&notice), "{spelling}");
        world.power_cycle();
        world.run(Millis(0));
        let answer = get(&mut world, &["mYoWn"]);
        assert_eq!(answer["configurationKey"][0]["value"], value, "{spelling}");
    }
}
