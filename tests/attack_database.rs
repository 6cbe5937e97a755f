//! Databases that a disk or an attacker spoilt: damage costs what it hit, never the transactions beside it.

#![cfg(feature = "net")]
#![allow(clippy::panic, clippy::print_stdout)]

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use evcp::core::*;
use evcp::store::{MemoryStore, SqliteStore, Store};
use evcp::time::Wall;
use evcp::types::{AuthorizationStatus, Reason};
use evcp_testing::records::{datum, everything, queued, stamp, transaction};
use evcp_testing::{place, tag};

/// A directory of its own for each test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("evcp-attack-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn file(path: &Path) -> PathBuf {
    path.join("evcp.db")
}

const PROFILE: &str = r#"{"chargingProfileId":7,"stackLevel":0,
    "chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",
    "chargingSchedule":{"chargingRateUnit":"A",
    "chargingSchedulePeriod":[{"startPeriod":0,"limit":16.0}]}}"#;

/// Transactions that run and that wait for delivery, with everything else that a store has.
fn full() -> Batch {
    let mut batch = everything();
    let mut seq = 10;
    for id in 10..40 {
        let mut tx = transaction(id);
        tx.meter_start = Wh(i64::try_from(id).expect("small") * 1_000);
        tx.last.1 = Wh(tx.meter_start.0 + 700);
        tx.stop = (id > 11).then(|| Stop {
            at: stamp(3_000, true),
            meter: Wh(tx.meter_start.0 + 777),
            reason: Reason::Local,
            tag: Some(tag("CAFE01")),
        });
        let id = TxId(id);
        let stopped = tx.stop.is_some();
        batch.push(Change::Put(Record::Transaction(tx)));
        batch.extend((0..6).map(|n| Change::Put(Record::StopSample(id, datum(n)))));
        let meter = QueuedBody::Meter {
            tx: Some(id),
            place: place(1),
            at: stamp(5, true),
            values: vec![],
        };
        let stop = stopped.then_some(QueuedBody::Stop(id));
        for body in [QueuedBody::Start(id), meter].into_iter().chain(stop) {
            batch.push(Change::Put(Record::Message(queued(seq, body))));
            seq += 1;
        }
    }
    batch.push(Change::Put(Record::Profile(StoredProfile {
        origin: Origin::Central,
        place: place(1),
        tx: None,
        installed: Wall(5),
        profile: serde_json::from_str(PROFILE).expect("a profile"),
    })));
    batch.extend((0..60).map(|n| {
        Change::Put(Record::Tag(CachedTag {
            tag: tag(&format!("TAG{n}")),
            status: AuthorizationStatus::Accepted,
            expires: None,
            parent: None,
            updated: Wall(n),
        }))
    }));
    batch
}

fn made(name: &str) -> PathBuf {
    let path = directory(name);
    let mut store = SqliteStore::open(&path, Wall(1))
        .expect("a fresh one")
        .store;
    store.commit(&full()).expect("written");
    path
}

/// Everything that can be delivered, read as the engine does.
fn delivered(store: &mut dyn Store) -> Result<Fetched, evcp::store::StoreError> {
    let mut all = Fetched::default();
    let mut after = Seq(0);
    loop {
        let mut some = store.fetch(after, 8)?;
        let Some(last) = some.messages.last().map(|message| message.seq) else {
            if some.behind == 0 {
                return Ok(all);
            }
            continue;
        };
        assert!(last > after, "it goes on");
        after = last;
        all.messages.append(&mut some.messages);
        all.transactions.append(&mut some.transactions);
        all.data.append(&mut some.data);
        all.damaged.append(&mut some.damaged);
    }
}

/// The transactions whose end can be told, with their bill.
fn bills(fetched: &Fetched) -> Vec<(TxId, Wh, Wh)> {
    let bill = |message: &QueuedMessage| {
        let QueuedBody::Stop(id) = message.body else {
            return None;
        };
        let tx = fetched.transactions.iter().find(|tx| tx.id == id)?;
        Some((id, tx.meter_start, tx.stop.as_ref()?.meter))
    };
    fetched.messages.iter().filter_map(bill).collect()
}

/// What each column of each table may be spoilt with.
const POISON: &[&str] = &[
    "'nonsense'",
    "-1",
    "9223372036854775807",
    "1.5",
    "x'ff00fe'",
    "CAST(x'ff41' AS TEXT)",
    "''",
    "'{\"a\":'",
    "NULL",
];

#[test]
fn a_poisoned_value_costs_its_row_or_its_transaction_and_nothing_else() {
    let model = made("poison");
    let mut memory = MemoryStore::default();
    memory.commit(&full()).expect("memory");
    let all = bills(&delivered(&mut memory).expect("memory"));
    assert_eq!(all.len(), 29);
    let db = rusqlite::Connection::open(file(&model)).expect("a database");
    let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'damaged'";
    let mut found = db.prepare(sql).expect("a query");
    let columns: Vec<(String, String)> = found
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("columns")
        .collect::<Result<_, _>>()
        .expect("columns");
    assert!(columns.len() > 50);
    let (mut tried, mut whole) = (0, 0);
    for (table, column) in &columns {
        for poison in POISON {
            let path = directory("poisoned");
            std::fs::copy(file(&model), file(&path)).expect("a copy");
            let db = rusqlite::Connection::open(file(&path)).expect("a database");
            db.execute_batch("PRAGMA ignore_check_constraints = ON")
                .expect("allowed");
            let at = match table.as_str() {
                "tx" => "WHERE id = 20",
                "queue" => "WHERE tx = 20 AND kind = 'stop'",
                "tx_data" => "WHERE tx = 20 AND n = 3",
                "cache" => "WHERE tag = 'TAG5'",
                _ => "",
            };
            let sql = format!("UPDATE OR IGNORE {table} SET {column} = {poison} {at}");
            // Some cannot be: SQLite keeps NULL out of what is NOT NULL, and texts out of row ids.
            if db.execute(&sql, []).unwrap_or(0) == 0 {
                continue;
            }
            drop(db);
            tried += 1;
            let what = format!("{table}.{column} = {poison}");
            let opened = SqliteStore::open(&path, Wall(2)).expect(&what);
            assert_eq!(opened.replaced, None, "{what}");
            let mut store = opened.store;
            store.load().expect(&what);
            let left = bills(&delivered(&mut store).expect(&what));
            let others = all.iter().filter(|(id, ..)| *id != TxId(20));
            for bill in others {
                assert!(left.contains(bill), "{what}: {bill:?}");
            }
            whole += usize::from(left.iter().any(|(id, ..)| *id == TxId(20)));
            store.commit(&full()).expect(&what);
        }
    }
    println!("poisoned values: {tried}, of them without loss of a bill: {whole}");
    assert!(tried > 300 && whole * 20 > tried * 17, "{tried}, {whole}");
}

#[test]
fn a_row_that_is_set_aside_is_told_and_kept_for_people() {
    let path = made("told");
    let db = rusqlite::Connection::open(file(&path)).expect("a database");
    db.execute_batch(
        "UPDATE queue SET samples = 'x' WHERE seq = 11; UPDATE cache SET status = 'x'",
    )
    .expect("spoilt");
    drop(db);
    let mut store = SqliteStore::open(&path, Wall(2)).expect("it opens").store;
    let stored = store.load().expect("read");
    assert_eq!(stored.cache, []);
    assert_eq!(stored.damaged.len(), 61);
    assert!(stored.damaged[0].contains("cache"), "{:?}", stored.damaged);
    let told = delivered(&mut store).expect("it goes on").damaged;
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("queue") && told[0].contains("seq=11"),
        "{told:?}"
    );
    assert_eq!(store.damage(), [""; 0]);
    drop(store);
    let db = rusqlite::Connection::open(file(&path)).expect("a database");
    let kept = "SELECT count(*) FROM damaged";
    let kept: i64 = db.query_row(kept, [], |row| row.get(0)).expect("a count");
    assert_eq!(kept, 62);
}

#[test]
fn of_500_flips_of_a_bit_none_stops_the_delivery_and_nearly_none_costs_a_bill() {
    let model = std::fs::read(file(&made("flips"))).expect("bytes");
    let mut memory = MemoryStore::default();
    memory.commit(&full()).expect("memory");
    let all = bills(&delivered(&mut memory).expect("memory"));
    let mut random = fastrand::Rng::with_seed(0x1CE_B00);
    let (mut untouched, mut rows, mut salvaged, mut refused) = (0, 0, 0, 0);
    let (mut lossless, mut worst, mut lost_bills, mut far) = (0, 0, 0, 0);
    for n in 0..500 {
        let bit = random.usize(0..model.len() * 8);
        let path = directory("flipped");
        let mut bytes = model.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(file(&path), &bytes).expect("written");
        let what = format!("flip {n} at byte {} bit {}", bit / 8, bit % 8);
        let opened = match SqliteStore::open(&path, Wall(2)) {
            Ok(opened) => opened,
            Err(why) => {
                // The one number that another library may have written.
                assert!(why.0.contains("use a newer library"), "{what}: {why}");
                refused += 1;
                continue;
            }
        };
        let mut store = opened.store;
        let mut told = store.load().expect(&what).damaged;
        let left = delivered(&mut store).expect(&what);
        told.extend(left.damaged.iter().cloned());
        let left = bills(&left);
        let kept = told.iter().any(|text| text.contains("is kept as"));
        match (&opened.replaced, told.is_empty()) {
            (None, true) => untouched += 1,
            (None, false) if !kept => rows += 1,
            _ => salvaged += 1,
        }
        let lost = all.iter().filter(|bill| !left.contains(bill)).count();
        lossless += usize::from(lost == 0);
        lost_bills += lost;
        worst = worst.max(lost);
        if lost > 12 {
            // The pages that say which tables there are: they are five, of all.
            far += 1;
            println!("{what}: {lost} bills lost: {:?} {told:?}", opened.replaced);
        }
        store.commit(&full()).expect(&what);
        assert_eq!(
            bills(&delivered(&mut store).expect(&what)).len(),
            all.len(),
            "{what}"
        );
    }
    println!(
        "500 flips of {} bytes: {untouched} not noticed, {rows} rows set aside, {salvaged} salvaged, \
         {refused} refused; without loss of a bill {lossless}, bills lost {lost_bills} of {}, at most {worst}",
        model.len(),
        500 * all.len()
    );
    assert!(refused <= 2 && lossless >= 450 && far <= 5);
}

#[test]
fn a_schema_number_of_an_older_version_alone_costs_nothing() {
    for version in [0, 1, 3, 1_028] {
        let path = made("downgrade");
        let db = rusqlite::Connection::open(file(&path)).expect("a database");
        db.pragma_update(None, "user_version", version)
            .expect("set");
        drop(db);
        let opened = SqliteStore::open(&path, Wall(2)).expect("it opens");
        assert!(opened.replaced.is_some(), "{version}");
        let mut store = opened.store;
        let mut memory = MemoryStore::default();
        memory.commit(&full()).expect("memory");
        let mut stored = store.load().expect("read");
        stored.damaged.clear();
        assert_eq!(Ok(stored), memory.load(), "{version}");
        assert_eq!(
            store.fetch(Seq(0), 500),
            memory.fetch(Seq(0), 500),
            "{version}"
        );
    }
}

#[test]
fn damage_that_is_found_while_it_runs_is_salvaged_in_place_and_the_delivery_goes_on() {
    let path = made("running");
    // More than SQLite keeps in memory: what is spoilt must be read again.
    let meter = |seq| {
        let body = QueuedBody::Meter {
            tx: None,
            place: Place::ChargePoint,
            at: stamp(1, true),
            values: vec![],
        };
        Change::Put(Record::Message(queued(seq, body)))
    };
    let mut store = SqliteStore::open(&path, Wall(1)).expect("it opens").store;
    let many = (1_000..9_000).map(meter).collect();
    store.commit(&many).expect("written");
    drop(store);
    let bytes = std::fs::read(file(&path)).expect("bytes");
    let mut hit = 0;
    for page in (2..40).step_by(5) {
        let path = directory("running-spoilt");
        std::fs::write(file(&path), &bytes).expect("whole");
        let mut store = SqliteStore::open(&path, Wall(2)).expect("it opens").store;
        let db = std::fs::OpenOptions::new().write(true).open(file(&path));
        db.expect("a file")
            .write_all_at(&[0xA5; 1024], page * 1024)
            .expect("spoilt");
        let what = format!("page {page}");
        let mut all = store.fetch(Seq(0), 20_000).expect(&what);
        let mut told = std::mem::take(&mut all.damaged);
        let lost = 29 - bills(&all).len();
        assert!(lost <= 20, "{what}: {lost} bills lost");
        store.commit(&full()).expect(&what);
        let mut all = store.fetch(Seq(0), 20_000).expect(&what);
        told.append(&mut all.damaged);
        assert_eq!(bills(&all).len(), 29, "{what}");
        hit += usize::from(told.iter().any(|text| text.contains("is kept as")));
    }
    assert!(hit > 0);
}

#[test]
fn a_log_that_ends_before_its_file_does_is_told_and_one_that_a_cut_ended_is_not() {
    let path = directory("log");
    let mut store = SqliteStore::open(&path, Wall(1))
        .expect("a fresh one")
        .store;
    for n in 0..6 {
        let key = Change::Put(Record::Setting("Key".to_owned(), n.to_string()));
        store.commit(&vec![key]).expect("written");
    }
    let (db, log) = (file(&path), path.join("evcp.db-wal"));
    let (bytes, frames) = (std::fs::read(&db), std::fs::read(&log));
    let (bytes, frames) = (bytes.expect("bytes"), frames.expect("a log"));
    drop(store);
    let frame = 1024 + 24;
    let last = (frames.len() - 32) / frame - 1;
    for (at, lost) in [(0, true), (last - 3, true), (last, false)] {
        let other = directory("log-spoilt");
        let mut spoilt = frames.clone();
        spoilt[32 + at * frame + 500] ^= 1;
        std::fs::write(file(&other), &bytes).expect("written");
        std::fs::write(other.join("evcp.db-wal"), spoilt).expect("written");
        let opened = SqliteStore::open(&other, Wall(2)).expect("it opens");
        let mut store = opened.store;
        let told = store.damage();
        let told = told.iter().any(|text| text.contains("log of the database"));
        assert_eq!(told, lost, "frame {at} of {last}");
    }
}

#[test]
fn a_database_that_is_removed_while_it_is_in_use_is_written_again() {
    let path = made("removed");
    let mut store = SqliteStore::open(&path, Wall(2)).expect("it opens").store;
    std::fs::remove_dir_all(&path).expect("removed");
    store
        .commit(&vec![Change::Put(Record::Accepted)])
        .expect("it goes on");
    let told = store.damage();
    assert!(told.iter().any(|text| text.contains("removed")), "{told:?}");
    let there = store.load();
    drop(store);
    let mut store = SqliteStore::open(&path, Wall(3))
        .expect("it is there")
        .store;
    assert_eq!(store.load(), there);
    assert_eq!(bills(&delivered(&mut store).expect("read")).len(), 29);
}

#[test]
fn files_are_ours_alone_and_links_are_not_followed() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| {
        let there = std::fs::metadata(path).expect("it is there");
        there.permissions().mode() & 0o777
    };
    let parent = directory("rights");
    let path = parent.join("made");
    let mut store = SqliteStore::open(&path, Wall(1)).expect("it opens").store;
    store.commit(&everything()).expect("written");
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&file(&path)), 0o600);
    assert_eq!(mode(&path.join("evcp.db-wal")), 0o600);
    drop(store);
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(file(&path), open).expect("an older library");
    drop(SqliteStore::open(&path, Wall(1)).expect("it opens"));
    assert_eq!(mode(&file(&path)), 0o600);
    for name in ["evcp.db", "evcp.db-wal"] {
        let path = parent.join(format!("link-{name}"));
        std::fs::create_dir_all(&path).expect("a directory");
        let victim = parent.join("victim");
        std::fs::write(&victim, b"precious").expect("written");
        std::os::unix::fs::symlink(&victim, path.join(name)).expect("a link");
        let why = SqliteStore::open(&path, Wall(1)).expect_err("it is refused");
        assert!(why.0.contains("link") && why.0.contains(name), "{why}");
        assert_eq!(std::fs::read(&victim).expect("there"), b"precious");
    }
}

#[test]
fn an_old_password_is_nowhere_in_the_files() {
    // The second is one that another central system set.
    for key in ["AuthorizationKey", "AuthorizationKey.7"] {
        let path = made(key);
        let mut store = SqliteStore::open(&path, Wall(2)).expect("it opens").store;
        let mut set = |password: &str| {
            let write = Change::Put(Record::Setting(key.to_owned(), password.to_owned()));
            store.commit(&vec![write]).expect("written");
        };
        set("6f6c642d70617373776f72642d31");
        set(&"6f6c642d70617373776f72642d31".repeat(40));
        set("6e65772d70617373776f72642d32");
        let holds = |what: &str| {
            ["evcp.db", "evcp.db-wal"].iter().any(|name| {
                let bytes = std::fs::read(path.join(name)).unwrap_or_default();
                bytes.windows(what.len()).any(|at| at == what.as_bytes())
            })
        };
        assert!(holds("6e65772d70617373776f72642d32"), "{key}");
        assert!(!holds("6f6c642d70617373776f72642d31"), "{key}");
    }
}

#[test]
fn a_flipped_bit_among_times_that_wait_for_a_clock_ends_no_start_and_no_correction() {
    let path = directory("unsynced");
    let mut batch = full();
    for change in &mut batch {
        match change {
            Change::Put(Record::Transaction(tx)) => {
                (tx.started.synced, tx.last.0.synced) = (false, false);
            }
            Change::Put(Record::Message(QueuedMessage {
                body: QueuedBody::Meter { at, .. },
                ..
            })) => at.synced = false,
            Change::Put(Record::StopSample(_, sample)) => sample.at.synced = false,
            _ => {}
        }
    }
    let mut store = SqliteStore::open(&path, Wall(1)).expect("it opens").store;
    store.commit(&batch).expect("written");
    drop(store);
    let bytes = std::fs::read(file(&path)).expect("bytes");
    let mut dice = fastrand::Rng::with_seed(7);
    let (mut opened, mut corrected, mut short) = (0, 0, 0);
    for flip in 0..200 {
        let path = directory("unsynced-flipped");
        let mut spoilt = bytes.clone();
        // Behind the header of the first page, which says what the file is.
        let at = dice.usize(100..spoilt.len());
        spoilt[at] ^= 1 << dice.u8(..8);
        std::fs::write(file(&path), &spoilt).expect("written");
        let what = format!("flip {flip} of byte {at}");
        let Ok(store) = SqliteStore::open(&path, Wall(2)) else {
            continue;
        };
        opened += 1;
        let mut store = store.store;
        // What it finds wrong it salvages, or says so; it ends, and goes on.
        corrected += u32::from(store.commit(&vec![Change::CorrectTimes(500)]).is_ok());
        store.commit(&full()).expect(&what);
        short += usize::from(bills(&delivered(&mut store).expect(&what)).len() < 29);
    }
    assert!(opened > 190 && corrected > 180, "{opened} {corrected}");
    assert!(short < 10, "{short}");
}
