//! Records of every kind, for tests of what keeps them.

use evcp::core::*;
use evcp::time::Wall;
use evcp::types::{AuthorizationStatus, Reason, SampledValue};

use super::{at, place, tag};

/// A time.
pub fn stamp(ms: i64, synced: bool) -> Stamp {
    Stamp {
        wall: Wall(ms),
        synced,
    }
}

/// A transaction that runs.
pub fn transaction(id: u64) -> Transaction {
    Transaction {
        id: TxId(id),
        connector: at(1),
        tag: tag("CAFE01"),
        parent: Some(tag("FLEET")),
        reservation: Some(0),
        started: stamp(1_000, true),
        meter_start: Wh(5),
        zero: Some(Wh(0)),
        central: CentralId::Unknown,
        deauthorized: false,
        until: None,
        last: (stamp(2_000, true), Wh(9)),
        stop: None,
        delivery: Delivery::Due,
        bare: false,
        values_refused: false,
        start_id: None,
        stop_id: None,
    }
}

/// A message of the queue, refused twice.
pub fn queued(seq: u64, body: QueuedBody) -> QueuedMessage {
    QueuedMessage {
        seq: Seq(seq),
        message_id: format!("m-{seq}"),
        refusals: 2,
        body,
    }
}

/// The sample of that number, with no values.
pub fn datum(n: u32) -> StopSample {
    StopSample {
        n,
        at: stamp(i64::from(n), true),
        values: vec![],
    }
}

/// A profile, one of several with its id.
pub fn profile(id: i32, number: u32) -> StoredProfile {
    let profile = serde_json::json!({
        "chargingProfileId": id, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.5}],
        },
    });
    StoredProfile {
        origin: Origin::Central,
        place: place(number),
        tx: None,
        installed: Wall(4_000),
        profile: serde_json::from_value(profile).expect("a profile"),
    }
}

/// One of the charger's own with that id.
pub fn own_profile(id: i32, number: u32) -> StoredProfile {
    StoredProfile {
        origin: Origin::Charger,
        ..profile(id, number)
    }
}

/// One of each kind of write.
pub fn everything() -> Batch {
    let mut ended = transaction(2);
    ended.central = CentralId::Known(-7);
    let (meter, reason) = (Wh(99), Reason::EVDisconnected);
    ended.stop = Some(Stop {
        at: stamp(3_000, true),
        meter,
        reason,
        tag: Some(tag("BEEF")),
    });
    let values = vec![SampledValue {
        value: "1.5".to_owned(),
        context: None,
        format: None,
        measurand: None,
        phase: None,
        location: None,
        unit: None,
    }];
    let meter = QueuedBody::Meter {
        tx: Some(TxId(2)),
        place: place(1),
        at: stamp(2, true),
        values,
    };
    vec![
        Change::Put(Record::Setting(
            "HeartbeatInterval".to_owned(),
            "60".to_owned(),
        )),
        Change::Put(Record::Availability(Place::ChargePoint, false)),
        Change::Put(Record::Availability(place(2), false)),
        Change::Put(Record::LocalAvailability(place(1), false)),
        Change::Put(Record::Transaction(transaction(1))),
        Change::Put(Record::Transaction(ended)),
        Change::Put(Record::Message(queued(5, QueuedBody::Start(TxId(2))))),
        Change::Put(Record::Message(queued(6, meter))),
        Change::Put(Record::StopSample(TxId(1), datum(0))),
        Change::Put(Record::StopSample(TxId(1), datum(1))),
        Change::Put(Record::StopSample(TxId(2), datum(7))),
        Change::Drop(RecordKey::StopSample(TxId(1), 1)),
        Change::Put(Record::StopSample(TxId(1), datum(2))),
        Change::Put(Record::Accepted),
        Change::Put(Record::Transaction(Transaction {
            until: Some(Wh(500)),
            ..transaction(3)
        })),
        Change::Put(Record::Transaction(Transaction {
            delivery: Delivery::GivenUp,
            bare: true,
            values_refused: true,
            start_id: Some("m-1".to_owned()),
            stop_id: Some("m-9".to_owned()),
            stop: Some(Stop {
                at: stamp(3_500, true),
                meter: Wh(44),
                reason: Reason::Local,
                tag: None,
            }),
            ..transaction(4)
        })),
        Change::Put(Record::StopSample(TxId(4), datum(0))),
        Change::Put(Record::Register(at(1), Wh(77))),
        Change::Put(Record::Orderly),
        Change::Put(Record::Message(queued(7, QueuedBody::Stop(TxId(2))))),
        Change::Put(Record::Profile(profile(7, 1))),
        Change::Put(Record::Profile(profile(7, 2))),
        Change::Put(Record::Profile(profile(7, 0))),
        Change::Drop(RecordKey::Profile(7, place(2), Origin::Central)),
        Change::Put(Record::Profile(own_profile(7, 1))),
        Change::Put(Record::Profile(own_profile(8, 1))),
        Change::Drop(RecordKey::Profile(8, place(1), Origin::Charger)),
        Change::Put(Record::Tag(CachedTag {
            tag: tag("CAFE01"),
            status: AuthorizationStatus::Blocked,
            expires: Some(Wall(77)),
            parent: None,
            updated: Wall(5),
        })),
    ]
}
