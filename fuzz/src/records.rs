//! The stored records.
//!
//! The first byte decides: good records go through SQLite and come back as they were, which a store
//! in memory tells; or a database is spoilt, by values in its columns or by bytes in its file, and
//! whatever can still be opened is loaded, fetched, and given to an engine.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use arbitrary::Unstructured;
use evcp::core::{
    Batch, CachedTag, CentralId, Change, ConnectorId, Delivery, Effect, Engine, Input, Kind,
    LinkEvent, Origin, Place, QueuedBody, QueuedMessage, Record, RecordKey, Seq, Stamp, Stop,
    StopSample, Stored, StoredProfile, Transaction, TxId, Wh,
};
use evcp::store::{MemoryStore, SqliteStore, Store};
use evcp::time::{Mono, Now, Wall};
use evcp::types::{AuthorizationStatus, ChargingProfile, IdToken, Measurand, Reason, SampledValue};
use evcp_testing::power::{News, Power, Surroundings};
use rusqlite::types::Value as Cell;
use rusqlite::{params_from_iter, Connection};
use serde_json::json;

use crate::bytes::{below, byte, flag, long, maybe, number, one, raw, short, text};
use crate::settings::setup;

pub fn run(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let folder = Folder::new("life");
    match below(&mut u, 3) {
        0 => same_again(&folder.0, &mut u),
        1 => columns(&folder.0, &mut u),
        _ => file(&folder.0, &mut u),
    }
}

/// A directory of its own, in memory where there is such a thing.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let path = base.join(format!("evcp-fuzz-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path) -> SqliteStore {
    let opened = SqliteStore::open(folder, Wall(1)).expect("it can be opened");
    assert_eq!(opened.replaced, None);
    opened.store
}

// ---- what was written is read ----

fn same_again(folder: &Path, u: &mut Unstructured<'_>) {
    let mut disk = open(folder);
    let mut memory = MemoryStore::default();
    while !u.is_empty() {
        let batch: Batch = (0..1 + below(u, 6)).map(|_| write(u)).collect();
        disk.commit(&batch).expect("good records can be written");
        memory.commit(&batch).expect("memory can be written");
        if below(u, 4) == 0 {
            drop(disk);
            disk = open(folder);
            compare(&mut disk, &mut memory, u);
        }
    }
    compare(&mut disk, &mut memory, u);
}

fn compare(disk: &mut SqliteStore, memory: &mut MemoryStore, u: &mut Unstructured<'_>) {
    let (one, two) = (disk.load(), memory.load());
    let (one, two) = (one.expect("it can be read"), two.expect("it can be read"));
    assert_eq!(sorted(one), sorted(two));
    let (after, limit) = (Seq(u64::from(byte(u) % 16)), below(u, 80));
    let (one, two) = (disk.fetch(after, limit), memory.fetch(after, limit));
    assert_eq!(one, two);
}

/// The order of the cache and of places is nobody's business.
fn sorted(mut stored: Stored) -> Stored {
    stored.cache.sort_by(|a, b| a.tag.cmp(&b.tag));
    stored.availability.sort();
    stored.local_availability.sort();
    stored.values.sort();
    // Tags compare without case: their spelling is compared here.
    for entry in &stored.cache {
        assert!(entry.tag.as_str().chars().count() <= 20);
    }
    stored
}

fn stamp(u: &mut Unstructured<'_>) -> Stamp {
    Stamp {
        wall: Wall(number(u)),
        synced: flag(u),
    }
}

fn place(u: &mut Unstructured<'_>) -> Place {
    Place::new(u32::from(short(u) % 257)).expect("there are so many")
}

fn tag(u: &mut Unstructured<'_>) -> IdToken {
    if flag(u) {
        IdToken::truncated(one(u, &["CAFE01", "cafe01", "", "Ä", "ä"]))
    } else {
        IdToken::truncated(&text(u))
    }
}

/// The cache takes no tag with a NUL inside: the database would take it for another.
fn cacheable(tag: IdToken) -> IdToken {
    IdToken::truncated(&tag.as_str().replace('\0', "0"))
}

fn tx(u: &mut Unstructured<'_>) -> TxId {
    TxId(1 + u64::from(byte(u) % 6))
}

fn seq(u: &mut Unstructured<'_>) -> Seq {
    Seq(1 + u64::from(byte(u) % 16))
}

/// What a transaction is for ever follows from its number, as with those that the engine makes.
fn transaction(u: &mut Unstructured<'_>) -> Transaction {
    let id = tx(u);
    Transaction {
        id,
        connector: ConnectorId::new(id.0 as u32).expect("it is small"),
        tag: IdToken::truncated(&format!("tag {}", id.0)),
        parent: maybe(u, tag),
        reservation: id.0.is_multiple_of(2).then_some(7),
        started: stamp(u),
        meter_start: Wh(1000 * id.0 as i64),
        zero: maybe(u, number).map(Wh),
        central: match below(u, 3) {
            0 => CentralId::Unknown,
            1 => CentralId::Known(number(u)),
            _ => CentralId::GivenUp,
        },
        deauthorized: flag(u),
        until: maybe(u, number).map(Wh),
        last: (stamp(u), Wh(number(u))),
        stop: maybe(u, |u| Stop {
            at: stamp(u),
            meter: Wh(number(u)),
            reason: one(u, Reason::ALL),
            tag: maybe(u, tag),
        }),
        delivery: one(u, Delivery::ALL),
        bare: flag(u),
        values_refused: flag(u),
        start_id: maybe(u, text),
        stop_id: maybe(u, text),
    }
}

fn samples(u: &mut Unstructured<'_>) -> Vec<SampledValue> {
    (0..below(u, 3))
        .map(|_| SampledValue {
            value: text(u),
            context: None,
            format: None,
            measurand: Some(one(u, Measurand::ALL)),
            phase: None,
            location: None,
            unit: None,
        })
        .collect()
}

fn profile(u: &mut Unstructured<'_>) -> ChargingProfile {
    let period = |u: &mut Unstructured<'_>| json!({"startPeriod": number(u) as i32, "limit": f64::from(short(u)) / 10.0});
    let periods: Vec<_> = (0..1 + below(u, 3)).map(|_| period(u)).collect();
    let profile = json!({
        "chargingProfileId": byte(u) % 8, "stackLevel": number(u) as i32 & i32::MAX,
        "chargingProfilePurpose": one(u, &["TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"]),
        "chargingProfileKind": one(u, &["Absolute", "Recurring", "Relative"]),
        "validFrom": evcp::types::format_wall(Wall(number(u))),
        "chargingSchedule": {"chargingRateUnit": one(u, &["A", "W"]), "chargingSchedulePeriod": periods},
    });
    serde_json::from_value(profile).expect("it is good by the schema")
}

fn key(u: &mut Unstructured<'_>) -> String {
    if flag(u) {
        one(u, &["HeartbeatInterval", "heartbeatinterval", ""]).to_owned()
    } else {
        text(u)
    }
}

fn connector(u: &mut Unstructured<'_>) -> ConnectorId {
    ConnectorId::new(1 + u32::from(byte(u) % 3)).expect("there are so many")
}

/// Every kind of record.
const KINDS: &[Kind] = &[
    Kind::Setting,
    Kind::Availability,
    Kind::LocalAvailability,
    Kind::Transaction,
    Kind::Message,
    Kind::StopSample,
    Kind::Profile,
    Kind::Accepted,
    Kind::Register,
    Kind::Orderly,
    Kind::Tag,
];

fn origin(u: &mut Unstructured<'_>) -> Origin {
    match flag(u) {
        true => Origin::Charger,
        false => Origin::Central,
    }
}

fn write(u: &mut Unstructured<'_>) -> Change {
    match below(u, 20) {
        0 => Change::Put(Record::Setting(key(u), text(u))),
        1 => Change::Put(Record::Availability(place(u), flag(u))),
        2 | 3 => Change::Put(Record::Transaction(transaction(u))),
        4 => Change::Drop(RecordKey::Transaction(tx(u))),
        5 => Change::Put(Record::StopSample(
            tx(u),
            StopSample {
                n: u32::from(byte(u)) % 8,
                at: stamp(u),
                values: samples(u),
            },
        )),
        6 => Change::Drop(RecordKey::StopSample(tx(u), u32::from(byte(u)) % 8)),
        7 => Change::Thin(maybe(u, tx), seq(u)),
        8 => Change::Put(Record::Profile(StoredProfile {
            origin: origin(u),
            place: place(u),
            tx: maybe(u, tx),
            installed: Wall(number(u)),
            profile: profile(u),
        })),
        9 => Change::Drop(RecordKey::Profile(
            i32::from(byte(u) % 8),
            place(u),
            origin(u),
        )),
        10 => match below(u, 3) {
            0 => Change::Put(Record::Accepted),
            1 if flag(u) => Change::Put(Record::Orderly),
            1 => Change::Drop(RecordKey::Orderly),
            _ => Change::Put(Record::Register(connector(u), Wh(number(u)))),
        },
        11 | 12 => Change::Put(Record::Message(QueuedMessage {
            seq: seq(u),
            message_id: text(u),
            refusals: number(u) as u32,
            body: match below(u, 3) {
                0 => QueuedBody::Start(tx(u)),
                1 => QueuedBody::Stop(tx(u)),
                _ => QueuedBody::Meter {
                    tx: maybe(u, tx),
                    place: place(u),
                    at: stamp(u),
                    values: samples(u),
                },
            },
        })),
        13 => Change::Drop(RecordKey::Message(seq(u))),
        14 => Change::CorrectTimes(number(u)),
        16 => Change::Put(Record::LocalAvailability(place(u), flag(u))),
        17 => match below(u, 3) {
            0 => Change::Drop(RecordKey::Setting(key(u))),
            1 => Change::Drop(RecordKey::Availability(place(u))),
            _ => Change::Drop(RecordKey::LocalAvailability(place(u))),
        },
        18 if flag(u) => Change::Drop(RecordKey::Accepted),
        18 => Change::Drop(RecordKey::Register(connector(u))),
        19 => Change::DropAll(one(u, KINDS)),
        _ => match below(u, 3) {
            0 => Change::Drop(RecordKey::Tag(cacheable(tag(u)))),
            _ => Change::Put(Record::Tag(CachedTag {
                tag: cacheable(tag(u)),
                status: one(u, AuthorizationStatus::ALL),
                expires: maybe(u, number).map(Wall),
                parent: maybe(u, tag),
                updated: Wall(number(u)),
            })),
        },
    }
}

// ---- what somebody else wrote does no harm ----

/// A database with a few good records of each kind, made once.
fn good() -> Vec<u8> {
    thread_local! {
        static GOOD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    GOOD.with(|good| {
        let mut good = good.borrow_mut();
        if good.is_empty() {
            let folder = Folder::new("good");
            let noise: Vec<u8> = (0..4_000_u32).map(|n| (n * n / 7 + n) as u8).collect();
            let mut u = Unstructured::new(&noise);
            let mut store = open(&folder.0);
            let batch: Batch = (0..60).map(|_| write(&mut u)).collect();
            store.commit(&batch).expect("good records can be written");
            drop(store);
            *good = std::fs::read(folder.0.join("evcp.db")).expect("the file is there");
        }
        good.clone()
    })
}

fn columns(folder: &Path, u: &mut Unstructured<'_>) {
    let path = folder.join("evcp.db");
    std::fs::write(&path, good()).expect("the file can be written");
    let db = Connection::open(&path).expect("it is a database");
    db.pragma_update(None, "journal_mode", "MEMORY")
        .and_then(|()| db.pragma_update(None, "synchronous", "OFF"))
        .expect("these are SQLite's");
    let tables = tables(&db);
    while !u.is_empty() {
        let (table, columns) = &tables[below(u, tables.len())];
        // What the schema itself does not allow is not in there.
        if flag(u) {
            let marks = vec!["?"; columns.len()].join(",");
            let sql = format!("INSERT OR REPLACE INTO {table} VALUES ({marks})");
            let cells: Vec<_> = columns.iter().map(|_| cell(u)).collect();
            let _ = db.execute(&sql, params_from_iter(cells));
        } else {
            let column = &columns[below(u, columns.len())];
            let sql = format!("UPDATE OR REPLACE {table} SET {column} = ?1");
            let _ = db.execute(&sql, [cell(u)]);
        }
    }
    drop(db);
    survive(folder);
}

/// Our tables with their columns, whatever the schema is now.
fn tables(db: &Connection) -> Vec<(String, Vec<String>)> {
    let sql = "SELECT name, (SELECT group_concat(name) FROM pragma_table_info(of.name)) \
        FROM sqlite_master AS of WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut tables = db.prepare(sql).expect("it has a schema");
    let tables = tables.query_map([], |row| {
        let columns: String = row.get(1)?;
        Ok((row.get(0)?, columns.split(',').map(str::to_owned).collect()))
    });
    let tables = tables.and_then(Iterator::collect::<Result<_, _>>);
    tables.expect("it can be read")
}

fn cell(u: &mut Unstructured<'_>) -> Cell {
    match below(u, 8) {
        0 => Cell::Null,
        1 => Cell::Integer(i64::from(byte(u) % 8)),
        2 => Cell::Integer(number(u)),
        3 => Cell::Real(f64::from_bits(long(u) as u64)),
        4 => Cell::Blob(raw(u).to_vec()),
        5 => Cell::Text(
            one(
                u,
                &[
                    "known", "unknown", "given up", "start", "stop", "meter", "Local", "Accepted",
                    "[]", "accepted", "due", "again",
                ],
            )
            .to_owned(),
        ),
        _ => Cell::Text(text(u)),
    }
}

/// Bytes of the file are other bytes, or it ends too early.
fn file(folder: &Path, u: &mut Unstructured<'_>) {
    let mut bytes = good();
    if byte(u).is_multiple_of(8) {
        bytes.truncate(usize::from(short(u)));
    }
    while !u.is_empty() && !bytes.is_empty() {
        let at = usize::from(short(u)) % bytes.len();
        bytes[at] = byte(u);
    }
    std::fs::write(folder.join("evcp.db"), bytes).expect("the file can be written");
    survive(folder);
}

/// Opens what is there, or starts afresh; and lives with it.
fn survive(folder: &Path) {
    let Ok(opened) = SqliteStore::open(folder, Wall(1)) else {
        return;
    };
    if let Some((aside, why)) = &opened.replaced {
        assert!(aside.exists() && !why.is_empty());
    }
    let mut store = opened.store;
    let stored = store.load().expect("what was opened was read before");
    if let Some((aside, _)) = &opened.replaced {
        // What was salvaged is in the place of the damaged one, and opens as whatever was whole.
        drop(store);
        let again = SqliteStore::open(folder, Wall(2)).expect("what was salvaged opens");
        assert!(again.replaced.is_none() && aside.exists());
        store = again.store;
    }
    let mut after = Seq(0);
    for _ in 0..100 {
        match store.fetch(after, 7) {
            Ok(fetched) if !fetched.messages.is_empty() => {
                let last = fetched.messages.last().map(|message| message.seq);
                assert!(last > Some(after) || after == Seq(0));
                after = last.unwrap_or(after);
            }
            _ => break,
        }
    }
    live(stored, &mut store);
}

/// An engine takes what was stored, connects, and delivers what it can.
fn live(stored: Stored, store: &mut SqliteStore) {
    let now = Now {
        mono: Mono(1_000),
        wall: Wall(1_767_225_600_000),
    };
    let engine = Engine::new(setup(2), stored, now).expect("what is stored hinders nobody");
    let mut life = Life {
        power: Power::default(),
        store,
        now,
        news: VecDeque::new(),
    };
    life.power.on(engine);
    for _ in 0..40 {
        match Power::give(&mut life, Input::Deadline) {
            Ok(()) => {}
            Err(never) => match never {},
        }
        let Some((due, _)) = life.power.engine().and_then(Engine::deadline) else {
            return;
        };
        life.now.mono = life.now.mono.max(due);
    }
}

/// A disk that may fail, and a central system that is content with everything.
struct Life<'a> {
    power: Power,
    store: &'a mut SqliteStore,
    now: Now,
    news: VecDeque<News>,
}

impl Surroundings for Life<'_> {
    type Wrong = Infallible;

    fn power(&mut self) -> &mut Power {
        &mut self.power
    }

    fn clock(&self) -> Now {
        self.now
    }

    fn carry_out(&mut self, _: &Engine, effect: Effect) -> Result<(), Infallible> {
        match effect {
            Effect::Store(batch) => {
                let _ = self.store.commit(&batch);
            }
            Effect::Fetch { after, limit } => {
                let fetched = self.store.fetch(after, limit).unwrap_or_default();
                self.news.push_back(News::Fetched(fetched));
            }
            Effect::Connect(_) => self.news.push_back(News::Link(LinkEvent::Up)),
            Effect::Ping => self.news.push_back(News::Link(LinkEvent::Pong)),
            Effect::Send(text) => self.news.extend(answer(&text).map(News::Text)),
            Effect::Close(_) | Effect::Notify(_) | Effect::Withdraw(_) | Effect::CallHost => {}
        }
        Ok(())
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn power_goes(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The answer of a central system that is content with everything.
pub fn answer(text: &str) -> Option<String> {
    let frame: serde_json::Value = serde_json::from_str(text).expect("it writes JSON");
    if frame[0] != 2 {
        return None;
    }
    let (id, action) = (frame[1].as_str()?, frame[2].as_str()?);
    let answer = match action {
        "BootNotification" => {
            json!({"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 0})
        }
        "StartTransaction" => json!({"transactionId": 1, "idTagInfo": {"status": "Accepted"}}),
        "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
        "Heartbeat" => json!({"currentTime": "2026-01-01T00:00:00Z"}),
        _ => json!({}),
    };
    Some(json!([3, id, answer]).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_record_is_put_and_dropped_alone_and_with_its_like() {
        let (mut put, mut dropped, mut emptied) = (Vec::new(), Vec::new(), Vec::new());
        let noise = (0..500_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8);
        let noise: Vec<u8> = noise.collect();
        // A text may take all that is left.
        for noise in noise.chunks(100) {
            match write(&mut Unstructured::new(noise)) {
                Change::Put(record) => put.push(record.key().kind()),
                Change::Drop(key) => dropped.push(key.kind()),
                Change::DropAll(kind) => emptied.push(kind),
                Change::CorrectTimes(_) | Change::Thin(..) => {}
            }
        }
        for change in evcp_testing::records::everything() {
            if let Change::Put(record) = change {
                let kind = record.key().kind();
                assert!(put.contains(&kind), "{kind:?} is not put");
                assert!(dropped.contains(&kind), "{kind:?} is not dropped");
                assert!(emptied.contains(&kind), "{kind:?} are not dropped");
            }
        }
    }
}
