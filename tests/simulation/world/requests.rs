//! Calls of the central system, good and bad, from a number.

use fastrand::Rng;
use serde_json::{json, Value};

/// A call that makes sense as far as its form goes. `running`: transaction ids that it knows of.
pub fn request(number: u64, connectors: usize, running: &[i64], now: i64) -> (&'static str, Value) {
    let mut dice = Rng::with_seed(number);
    // One more than there are: some name a connector that does not exist.
    let connector = dice.usize(..=connectors + 1);
    let id = |dice: &mut Rng| match running.get(dice.usize(..=running.len())) {
        Some(id) => *id,
        None => dice.i64(1..3_000),
    };
    match dice.u32(..20) {
        0 | 1 => (
            "RemoteStartTransaction",
            json!({"connectorId": connector.max(1), "idTag": format!("R{number:x}")[..9]}),
        ),
        2 => (
            "RemoteStartTransaction",
            json!({"idTag": format!("B{number:x}")[..9]}),
        ),
        3 | 4 => (
            "RemoteStopTransaction",
            json!({"transactionId": id(&mut dice)}),
        ),
        5 => (
            "Reset",
            json!({"type": if dice.bool() { "Soft" } else { "Hard" }}),
        ),
        6 => ("UnlockConnector", json!({"connectorId": connector})),
        7 | 8 => {
            let kind = if dice.bool() {
                "Operative"
            } else {
                "Inoperative"
            };
            (
                "ChangeAvailability",
                json!({"connectorId": connector, "type": kind}),
            )
        }
        9 | 10 => {
            let (key, value) = [
                ("MeterValueSampleInterval", "0"),
                ("MeterValueSampleInterval", "45"),
                ("ClockAlignedDataInterval", "600"),
                ("HeartbeatInterval", "77"),
                ("MinimumStatusDuration", "5"),
                ("ConnectionTimeOut", "20"),
                ("WebSocketPingInterval", "15"),
                ("NumberOfConnectors", "9"),
                ("Nonsense", "9"),
                ("StopTransactionOnEVSideDisconnect", "false"),
                ("UnlockConnectorOnEVSideDisconnect", "false"),
                ("MeterValuesSampledData", "Energy.Active.Import.Register"),
            ][dice.usize(..12)];
            ("ChangeConfiguration", json!({"key": key, "value": value}))
        }
        11 => ("GetConfiguration", json!({})),
        12 => ("ClearCache", json!({})),
        13 => {
            let wanted = [
                "BootNotification",
                "Heartbeat",
                "MeterValues",
                "StatusNotification",
            ][dice.usize(..4)];
            (
                "TriggerMessage",
                json!({"requestedMessage": wanted, "connectorId": connector}),
            )
        }
        14 => ("DataTransfer", json!({"vendorId": "evcp", "data": "x"})),
        15..=17 => ("SetChargingProfile", profile(&mut dice, connector, now)),
        18 => ("ClearChargingProfile", json!({"id": dice.i32(..12)})),
        _ => (
            "GetCompositeSchedule",
            json!({"connectorId": connector, "duration": 86_400}),
        ),
    }
}

fn profile(dice: &mut Rng, connector: usize, now: i64) -> Value {
    let purpose = ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"][dice.usize(..3)];
    let connector = if purpose == "ChargePointMaxProfile" {
        0
    } else {
        connector
    };
    let mut begin = 0;
    let mut periods = Vec::new();
    for _ in 0..dice.usize(1..5) {
        let limit = [0.0, 6.0, 10.0, 16.0, 32.0, 7.3][dice.usize(..6)];
        periods.push(json!({"startPeriod": begin, "limit": limit}));
        begin += dice.i64(1..7_200);
    }
    let start = evcp::types::format_wall(evcp::time::Wall(now - dice.i64(..86_400_000)));
    json!({"connectorId": connector, "csChargingProfiles": {
        "chargingProfileId": dice.i32(..12), "stackLevel": dice.i32(..4), "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
        "chargingSchedule": {"startSchedule": start, "chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }})
}

/// A frame that makes no sense, or not now.
pub fn nonsense(number: u64) -> String {
    let mut dice = Rng::with_seed(number);
    let texts = [
        "",
        "[",
        "[2]",
        "[2,\"n-0\"]",
        "{}",
        "null",
        "[9,\"n-0\",{}]",
        "[3,\"nobody\",{}]",
        "[4,\"nobody\",\"\",\"\",{}]",
        "[2,\"n-1\",\"StartTransaction\",{}]",
        "[2,\"n-2\",\"Reset\",{\"type\":\"Maybe\"}]",
        "[2,\"n-3\",\"RemoteStopTransaction\",{\"transactionId\":1e400}]",
        "[2,\"n-4\",\"ChangeAvailability\",{\"connectorId\":-1,\"type\":\"Operative\"}]",
        "[2,\"n-5\",\"SetChargingProfile\",{\"connectorId\":0}]",
        "[2,\"n-6\",\"RemoteStartTransaction\",{\"idTag\":\"\"}]",
        "[2,7,\"ClearCache\",{}]",
        "[2,\"n-7\",\"ClearCache\",[]]",
        "[2,\"n-8\",\"NoSuchThing\",{}]",
        "[2,\"n-9\",\"GetConfiguration\",{\"key\":[\"\u{1F50C}\"]}]",
    ];
    texts[dice.usize(..texts.len())].to_owned()
}
