//! A charge point lives through whatever the bytes say: facts, news of the link, frames good and
//! bad, time, power cuts in the middle of effects. What must hold is looked at after each effect.

mod books;
mod world;

use arbitrary::Unstructured;
use evcp::core::{
    read_profile, Act, Answer, ConnectorId, Ev, Evse, Fact, Fault, Input, LinkEvent, Network,
    NetworkSlot, Place, Rate, Reading, RequestId, Route, Source, TxId, Wh,
};
use evcp::time::{Millis, Wall};
use evcp::types::{
    ChargePointErrorCode, ChargingRateUnitType, CiString, DataTransferStatus, IdToken, Measurand,
    Phase, Reason,
};
use serde_json::{json, Value};

use crate::bytes::{below, byte, flag, long, maybe, number, one, short, text};
use world::{Charger, World};

/// What a step does, by its first byte: `seed.rs` writes these.
pub const EV: u8 = 0;
pub const TAG: u8 = 1;
pub const METER: u8 = 2;
pub const RUN: u8 = 3;
pub const CALL: u8 = 4;
pub const ANSWER: u8 = 5;
pub const RAW: u8 = 6;
pub const POLITE: u8 = 7;
const STEPS: usize = 24;

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut world = World::new(Charger::from(&mut u));
    // A life has an end, or one input could take for ever.
    for _ in 0..120 {
        if u.is_empty() {
            break;
        }
        step(&mut world, &mut u);
        world.look();
    }
    world.settle_down();
}

fn step(world: &mut World, u: &mut Unstructured<'_>) {
    match u8::try_from(below(u, STEPS)).unwrap_or(0) {
        EV => {
            let at = connector(u);
            let evs = [
                Ev::Absent,
                Ev::CableOnly,
                Ev::Plugged,
                Ev::Charging,
                Ev::Suspended,
            ];
            world.fact(Fact::Ev(at, one(u, &evs)));
        }
        TAG => {
            let at = (0..below(u, 3)).map(|_| connector(u)).collect();
            world.act(Act::Tag(at, tag(u)));
        }
        METER => {
            let (at, wh) = (place(u), i64::from(short(u)));
            world.fact(Fact::Meter(at, vec![Reading::energy(Wh(wh))]));
        }
        RUN => world.run(u64::from(short(u)) * 1_000),
        CALL => {
            let (action, payload) = (one(u, ACTIONS), text(u));
            let payload = serde_json::from_str(&payload).unwrap_or_else(|_| request(action, u));
            world.call(action, &payload);
        }
        ANSWER => {
            let payload = serde_json::from_str(&text(u)).unwrap_or(Value::Null);
            world.answer_with(&payload);
        }
        RAW => {
            let text = text(u);
            world.hear(&text);
        }
        POLITE => world.all.central.silent = !flag(u),
        8 => world.call_well(one(u, ACTIONS), u),
        9 => world.refuse(),
        10 => world.cut(),
        11 => world.all.reachable = flag(u),
        12 => world.power_cut(),
        13 => world.all.power.fuel = Some(below(u, 12)),
        14 => world.fact(Fact::Meter(place(u), readings(u))),
        15 => {
            let (at, reason) = (connector(u), one(u, Reason::ALL));
            world.act(Act::StopTx(at, reason));
        }
        16 => {
            let fault = maybe(u, fault);
            world.fault(place(u), fault);
        }
        17 => world.answer_question(u),
        18 => world.fact(Fact::Operative(place(u), flag(u))),
        19 => {
            let wall = if byte(u).is_multiple_of(4) {
                number(u)
            } else {
                1_767_225_600_000 + long(u) % 100_000_000
            };
            world.fact(Fact::Clock(Wall(wall)));
        }
        20 if byte(u).is_multiple_of(4) => {
            let at = place(u);
            let act = match below(u, 4) {
                0 => Act::ClearProfiles,
                1 => Act::ClearProfile(at, i32::from(byte(u) % 8)),
                _ => match read_profile(&profile(u, false).to_string()) {
                    Ok(read) => {
                        let tx = maybe(u, |u| TxId(u64::from(byte(u) % 8)));
                        Act::InstallProfile(at, tx, Box::new(read))
                    }
                    Err(_) => return,
                },
            };
            world.act(act);
        }
        20 => {
            let key = one(u, evcp::core::KEYS).name;
            let value = CiString::truncated(&text(u));
            world.act(Act::SetKey(CiString::truncated(key), value));
        }
        21 => world.all.step_wall(number(u)),
        22 => match below(u, 18) {
            13 => {
                let change = json!({ "key": "Mine", "value": u32::from(byte(u)).to_string() });
                world.call("ChangeConfiguration", &change);
            }
            0 => world.fact(Fact::Warning(place(u), maybe(u, fault))),
            1 => world.fact(Fact::Network(flag(u))),
            2 => world.fact(Fact::SignedMeter(connector(u), text(u))),
            3 => world.act(Act::PowerFails),
            4 => world.give(Input::Link(LinkEvent::Garbage)),
            5 => world.fact(Fact::Evse(connector(u), evse(u))),
            6 => world.fact(Fact::Contactor(connector(u), flag(u))),
            7 => world.fact(Fact::Lock(connector(u), flag(u))),
            8 => world.act(Act::SetNetwork(slot(u), maybe(u, network))),
            9 => {
                let slots = (0..below(u, 6)).map(|_| slot(u)).collect();
                world.act(Act::NetworkPriority(slots));
            }
            10 => world.all.cut_off = (0..below(u, 4)).map(|_| slot(u)).collect(),
            15 => world.fact(Fact::LocalLimit {
                place: place(u),
                source: source(u),
                rate: maybe(u, rate),
                valid: maybe(u, |u| Millis(u64::from(short(u)) * 1000)),
            }),
            16 => world.act(Act::SetFailsafe(place(u), source(u), maybe(u, rate))),
            14 => world.give(Input::Host {
                dispatched: flag(u),
            }),
            11 => world.fact(Fact::Draining(flag(u))),
            12 => world.act(match flag(u) {
                true => Act::StartTx(connector(u), tag(u)),
                false => Act::Cancel(place(u)),
            }),
            _ => world.give(Input::Answer(
                RequestId(u64::from(byte(u))),
                Answer::Rejected,
            )),
        },
        _ => world.send_data(
            CiString::truncated(&text(u)),
            maybe(u, |u| CiString::truncated(&text(u))),
            maybe(u, text),
        ),
    }
}

fn source(u: &mut Unstructured<'_>) -> Source {
    let name = one(u, &["grid", "house meter", "cable"]);
    let name = match below(u, 8) {
        0 => format!("{name} {}", byte(u)),
        _ => name.to_owned(),
    };
    Source::new(&name).expect("a source")
}

fn rate(u: &mut Unstructured<'_>) -> Rate {
    Rate {
        tenths: match below(u, 4) {
            0 => number(u) as u32,
            _ => u32::from(short(u)),
        },
        unit: one(u, ChargingRateUnitType::ALL),
        phases: maybe(u, |u| 1 + byte(u) % 3),
    }
}

fn slot(u: &mut Unstructured<'_>) -> NetworkSlot {
    one(u, &NetworkSlot::ALL)
}

fn network(u: &mut Unstructured<'_>) -> Network {
    let key = maybe(u, |u| vec![byte(u); 16]);
    Network {
        central: format!("cs-{}", below(u, 3)),
        security_profile: match key {
            Some(_) => byte(u) % 4,
            None => 3 * (byte(u) % 2),
        },
        key,
        route: Route::default(),
    }
}

fn connector(u: &mut Unstructured<'_>) -> ConnectorId {
    ConnectorId::new(1 + u32::from(byte(u)) % 3).expect("it counts from 1")
}

fn place(u: &mut Unstructured<'_>) -> Place {
    Place::new(u32::from(byte(u)) % 4).expect("there are so many")
}

fn tag(u: &mut Unstructured<'_>) -> IdToken {
    match below(u, 5) {
        4 => IdToken::truncated(&text(u)),
        known => IdToken::truncated(["CAFE01", "cafe01", "CAFE02", "CAFE03"][known]),
    }
}

fn fault(u: &mut Unstructured<'_>) -> Fault {
    let codes: Vec<_> = ChargePointErrorCode::ALL
        .iter()
        .copied()
        .filter(|code| *code != ChargePointErrorCode::NoError)
        .collect();
    Fault {
        code: one(u, &codes),
        info: maybe(u, |u| CiString::truncated(&text(u))),
        vendor_code: None,
    }
}

fn evse(u: &mut Unstructured<'_>) -> Evse {
    match flag(u) {
        true => Evse::Ready,
        false => Evse::Paused {
            reason: maybe(u, |u| CiString::truncated(&text(u))),
        },
    }
}

fn readings(u: &mut Unstructured<'_>) -> Vec<Reading> {
    (0..below(u, 4))
        .map(|_| Reading {
            measurand: one(u, Measurand::ALL),
            phase: maybe(u, |u| one(u, Phase::ALL)),
            location: None,
            milli: number(u),
        })
        .collect()
}

/// What is asked of the firmware is answered, well or badly.
fn answer(u: &mut Unstructured<'_>) -> Answer {
    match below(u, 7) {
        0 => Answer::Rejected,
        5 => Answer::RebootRequired,
        1 => Answer::Failed,
        2 => Answer::NotSupported,
        3 => Answer::Meter(readings(u)),
        4 => Answer::Data(one(u, DataTransferStatus::ALL), maybe(u, text)),
        _ => Answer::Accepted,
    }
}

/// What the central system asks for: first what has consequences.
pub const ACTIONS: &[&str] = &[
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "SetChargingProfile",
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "ChangeAvailability",
    "ChangeConfiguration",
    "GetConfiguration",
    "TriggerMessage",
    "UnlockConnector",
    "Reset",
    "ClearCache",
    "DataTransfer",
    "ReserveNow",
    "SendLocalList",
    "ExtendedTriggerMessage",
    "GetDiagnostics",
    "Authorize",
    "Nonsense",
];

/// A payload that is good, or nearly.
pub fn request(action: &str, u: &mut Unstructured<'_>) -> Value {
    let at = byte(u) % 4;
    match action {
        "RemoteStartTransaction" => match byte(u) % 3 {
            0 => json!({"idTag": "CAFE01"}),
            1 => json!({"idTag": "CAFE02", "connectorId": at}),
            _ => json!({"idTag": "CAFE03", "connectorId": at, "chargingProfile": profile(u, true)}),
        },
        "RemoteStopTransaction" => json!({"transactionId": 1_000 + i32::from(byte(u) % 8)}),
        "SetChargingProfile" => json!({"connectorId": at, "csChargingProfiles": profile(u, false)}),
        "ClearChargingProfile" if at == 3 => json!({}),
        "ClearChargingProfile" => json!({"connectorId": at, "stackLevel": byte(u) % 4}),
        "GetCompositeSchedule" => json!({"connectorId": at, "duration": number(u) as i32,
            "chargingRateUnit": one(u, &["A", "W"])}),
        "ChangeAvailability" => {
            json!({"connectorId": at, "type": one(u, &["Inoperative", "Operative"])})
        }
        "ChangeConfiguration" => {
            let value = match byte(u) % 4 {
                0 => text(u),
                1 => "true".to_owned(),
                2 => "false".to_owned(),
                _ => byte(u).to_string(),
            };
            json!({"key": one(u, evcp::core::KEYS).name, "value": value})
        }
        "TriggerMessage" => {
            let what = [
                "BootNotification",
                "Heartbeat",
                "MeterValues",
                "StatusNotification",
                "FirmwareStatusNotification",
            ];
            match maybe(u, |_| ()) {
                Some(()) => json!({"requestedMessage": one(u, &what), "connectorId": at}),
                None => json!({"requestedMessage": one(u, &what)}),
            }
        }
        "UnlockConnector" => json!({"connectorId": at}),
        "Reset" => json!({"type": one(u, &["Soft", "Hard"])}),
        "DataTransfer" => json!({"vendorId": "evcp", "data": text(u)}),
        _ => json!({}),
    }
}

fn profile(u: &mut Unstructured<'_>, of_transaction: bool) -> Value {
    let purposes = ["TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"];
    let purpose = if of_transaction { 0 } else { below(u, 3) };
    let mut start = 0;
    let periods: Vec<_> = (0..1 + below(u, 4))
        .map(|_| {
            let period = json!({"startPeriod": start, "limit": f64::from(short(u) % 5_000) / 10.0,
                "numberPhases": 1 + byte(u) % 3});
            start += i32::from(short(u));
            period
        })
        .collect();
    let time = |u: &mut Unstructured<'_>| {
        let wall = if byte(u).is_multiple_of(4) {
            number(u)
        } else {
            1_767_225_600_000 + i64::from(short(u)) * 1_000
        };
        evcp::types::format_wall(Wall(wall))
    };
    let mut schedule = json!({"chargingRateUnit": one(u, &["A", "W"]),
        "chargingSchedulePeriod": periods});
    if flag(u) {
        schedule["duration"] = json!(number(u) as i32);
    }
    let kind = one(u, &["Absolute", "Recurring", "Relative"]);
    if kind != "Relative" {
        schedule["startSchedule"] = json!(time(u));
    }
    if flag(u) {
        schedule["minChargingRate"] = json!(f64::from(byte(u)) / 10.0);
    }
    let mut profile = json!({"chargingProfileId": byte(u) % 8, "stackLevel": byte(u) % 4,
        "chargingProfilePurpose": purposes[purpose], "chargingProfileKind": kind,
        "chargingSchedule": schedule});
    if kind == "Recurring" {
        profile["recurrencyKind"] = json!(one(u, &["Daily", "Weekly"]));
    }
    if flag(u) {
        profile["validFrom"] = json!(time(u));
        profile["validTo"] = json!(time(u));
    }
    if purpose == 0 && flag(u) {
        profile["transactionId"] = json!(1_000 + i32::from(byte(u) % 4));
    }
    profile
}
