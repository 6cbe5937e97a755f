//! The table of messages in the README is true, and CONTRIBUTING.md speaks of the source as it is.

#![allow(clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evcp::wire::v16::Action;
use evcp_testing::{setup, World};
use serde_json::{json, Value};

fn rows() -> BTreeMap<String, (String, String)> {
    let readme = include_str!("../README.md");
    let cells = |line: &str| {
        line.split('|')
            .map(|cell| cell.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let rows = readme.lines().map(cells).filter(|row| row.len() == 5);
    let messages = rows.filter(|row| Action::parse(&row[1]).is_some());
    messages
        .map(|row| (row[1].clone(), (row[2].clone(), row[3].clone())))
        .collect()
}

/// A good payload for what the central system may send.
fn payload(action: &str) -> Value {
    let hash = json!({"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b",
        "serialNumber": "c"});
    let schedule = json!({"chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]});
    let time = "2026-01-01T00:00:00Z";
    match action {
        "ChangeAvailability" => json!({"connectorId": 1, "type": "Operative"}),
        "ChangeConfiguration" => json!({"key": "HeartbeatInterval", "value": "60"}),
        "DataTransfer" => json!({"vendorId": "v"}),
        "RemoteStartTransaction" => json!({"idTag": "ONE"}),
        "RemoteStopTransaction" => json!({"transactionId": 1}),
        "Reset" => json!({"type": "Soft"}),
        "TriggerMessage" | "ExtendedTriggerMessage" => json!({"requestedMessage": "Heartbeat"}),
        "UnlockConnector" => json!({"connectorId": 9}),
        "SendLocalList" => json!({"listVersion": 1, "updateType": "Full"}),
        "CancelReservation" => json!({"reservationId": 1}),
        "ReserveNow" => json!({"connectorId": 1, "expiryDate": time, "idTag": "A",
            "reservationId": 1}),
        "GetCompositeSchedule" => json!({"connectorId": 1, "duration": 10}),
        "SetChargingProfile" => json!({"connectorId": 0, "csChargingProfiles": {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfileKind": "Relative",
            "chargingProfilePurpose": "TxDefaultProfile", "chargingSchedule": schedule}}),
        "GetDiagnostics" => json!({"location": "ftp://x"}),
        "UpdateFirmware" => json!({"location": "ftp://x", "retrieveDate": time}),
        "CertificateSigned" => json!({"certificateChain": "x"}),
        "DeleteCertificate" => json!({ "certificateHashData": hash }),
        "GetInstalledCertificateIds" => {
            json!({"certificateType": "CentralSystemRootCertificate"})
        }
        "GetLog" => json!({"logType": "SecurityLog", "requestId": 1,
            "log": {"remoteLocation": "ftp://x"}}),
        "InstallCertificate" => json!({"certificateType": "CentralSystemRootCertificate",
            "certificate": "x"}),
        "SignedUpdateFirmware" => json!({"requestId": 1, "firmware": {"location": "ftp://x",
            "retrieveDateTime": time, "signingCertificate": "x", "signature": "y"}}),
        _ => json!({}),
    }
}

// rules: 12
#[test]
fn every_message_of_the_central_system_is_served_or_refused_as_the_table_says() {
    let rows = rows();
    for action in Action::ALL {
        let name = action.as_str();
        if action.from_charge_point() && name != "DataTransfer" {
            continue;
        }
        let (_, state) = rows
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        let mut world = World::booted(setup(1));
        world.call(name, payload(name));
        let answer = world.central.answers.last().cloned();
        match (state.as_str(), answer) {
            ("NotSupported", Some(answer)) => {
                assert_eq!(
                    (&answer[0], &answer[2]),
                    (&json!(4), &json!("NotSupported"))
                );
            }
            ("answered -1", Some(answer)) => assert_eq!(answer[2], json!({"listVersion": -1})),
            (said, Some(answer)) if said.starts_with("answered ") => {
                let word = said.trim_start_matches("answered ");
                assert_eq!(answer[2], json!({ "status": word }), "{name}");
            }
            ("yes", Some(answer)) => assert_eq!(answer[0], 3, "{name}: {answer}"),
            // A question to the firmware, which nobody answers here.
            ("yes", None) => assert!(["DataTransfer", "Reset"].contains(&name), "{name}"),
            (state, answer) => panic!("{name}: {state}: {answer:?}"),
        }
    }
}

#[test]
fn the_table_names_no_message_that_the_charge_point_does_not_send() {
    let sent = [
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    ];
    for (name, (from, _)) in rows() {
        assert!(
            from == "central system" || sent.contains(&name.as_str()),
            "{name}"
        );
    }
}

const CONTRIBUTING: &str = include_str!("../CONTRIBUTING.md");

/// Where the paths begin that CONTRIBUTING.md names.
const FOLDERS: [&str; 10] = [
    "src/",
    "tests/",
    "testing/",
    "fuzz/",
    "benches/",
    "docs/",
    "include/",
    "bindings/",
    "examples/",
    ".ci/",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_path_that_contributing_names_exists() {
    let words = CONTRIBUTING.split(|c: char| !c.is_alphanumeric() && !"/._-".contains(c));
    let paths = words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
    let paths: Vec<_> = paths.map(|path| path.trim_end_matches('.')).collect();
    assert!(
        paths.iter().filter(|path| path.starts_with("src/")).count() > 40,
        "{paths:?}"
    );
    for path in paths {
        assert!(root().join(path).exists(), "{path} does not exist");
    }
}

#[test]
fn every_block_of_rust_in_contributing_is_taken_from_the_file_that_it_names() {
    let blocks = CONTRIBUTING.split("```rust\n").skip(1);
    let blocks: Vec<_> = blocks.map(|it| it.split("```").next().unwrap()).collect();
    assert!(blocks.len() > 5, "{blocks:?}");
    for block in blocks {
        let mut lines = block.lines().map(str::trim);
        let path = lines.next().and_then(|line| line.strip_prefix("// "));
        let path = path.expect("the first line names the file");
        let text = fs::read_to_string(root().join(path)).expect("the file can be read");
        let mut source = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && *line != "// ...") {
            assert!(
                source.any(|there| there == line),
                "{path} has no such line, or not there: {line}"
            );
        }
    }
}
