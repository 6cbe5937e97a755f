//! What the database keeps, and what becomes of a damaged one.

#![cfg(feature = "net")]
#![allow(clippy::panic)]

use std::path::{Path, PathBuf};

use evcp::core::*;
use evcp::store::{MemoryStore, SqliteStore, Store};
use evcp::time::Wall;
use evcp_testing::records::{everything, queued, stamp, transaction};

/// A directory of its own for each test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("evcp-store-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn open(path: &Path) -> SqliteStore {
    let opened = SqliteStore::open(path, Wall(1)).expect("it can be opened");
    assert_eq!(opened.replaced, None);
    opened.store
}

/// Meter values of two transactions and of none.
fn values(count: u64) -> Batch {
    let body = |seq| QueuedBody::Meter {
        tx: [Some(TxId(1)), Some(TxId(2)), None][seq as usize % 3],
        place: Place::ChargePoint,
        at: stamp(1, true),
        values: vec![],
    };
    (1..=count)
        .map(|seq| Change::Put(Record::Message(queued(seq, body(seq)))))
        .collect()
}

// rules: 47, 61, 89
#[test]
fn everything_is_there_after_reopening_as_memory_has_it() {
    let path = directory("everything");
    let mut memory = MemoryStore::default();
    memory.commit(&everything()).expect("memory");
    open(&path)
        .commit(&everything())
        .expect("the disk takes it");
    let mut disk = open(&path);
    assert_eq!(disk.load(), memory.load());
    for (after, limit) in [(0, 10), (5, 1), (6, 10), (7, 10)] {
        assert_eq!(
            disk.fetch(Seq(after), limit),
            memory.fetch(Seq(after), limit)
        );
    }
}

#[test]
fn meter_values_are_thinned_on_the_disk_as_in_memory() {
    let path = directory("thin");
    let mut memory = MemoryStore::default();
    let mut disk = open(&path);
    for batch in [
        values(60),
        vec![Change::Thin(Some(TxId(1)), Seq(9))],
        vec![Change::Thin(None, Seq(0)), Change::Thin(None, Seq(0))],
        vec![Change::Thin(Some(TxId(2)), Seq(57))],
    ] {
        memory.commit(&batch).expect("memory");
        disk.commit(&batch).expect("the disk takes it");
        assert_eq!(disk.load(), memory.load());
        assert_eq!(disk.fetch(Seq(0), 100), memory.fetch(Seq(0), 100));
    }
    let left = disk.load().expect("it can be read").values;
    assert_eq!(left, [(None, 6), (Some(TxId(1)), 12), (Some(TxId(2)), 20)]);
}

#[test]
fn what_is_done_leaves_the_database() {
    let path = directory("done");
    let mut disk = open(&path);
    disk.commit(&everything()).expect("the disk takes it");
    let gone = vec![
        Change::Drop(RecordKey::Message(Seq(5))),
        Change::Drop(RecordKey::Message(Seq(6))),
        Change::Drop(RecordKey::Message(Seq(7))),
        Change::Drop(RecordKey::Transaction(TxId(2))),
        Change::Drop(RecordKey::Transaction(TxId(1))),
        Change::Drop(RecordKey::Transaction(TxId(3))),
        Change::Drop(RecordKey::Transaction(TxId(4))),
        Change::DropAll(Kind::Tag),
    ];
    disk.commit(&gone).expect("the disk takes it");
    let stored = disk.load().expect("it can be read");
    assert_eq!(
        (stored.queued, stored.running.len(), stored.cache.len()),
        (0, 0, 0)
    );
    assert_eq!((stored.undelivered, stored.data), (vec![], vec![]));
    // The number of a transaction is never used again.
    assert_eq!(stored.last_tx, 4);
}

#[test]
fn times_that_nobody_corrected_in_their_run_are_final() {
    let path = directory("times");
    let mut unsynced = transaction(1);
    unsynced.started = stamp(1_000, false);
    unsynced.last.0 = stamp(2_000, false);
    let mut disk = open(&path);
    disk.commit(&vec![
        Change::Put(Record::Transaction(unsynced)),
        Change::CorrectTimes(500),
    ])
    .expect("written");
    assert_eq!(
        disk.load().expect("read").running[0].started,
        stamp(1_500, true)
    );
    disk.commit(&vec![Change::CorrectTimes(500)])
        .expect("written");
    assert_eq!(
        disk.load().expect("read").running[0].started,
        stamp(1_500, true)
    );
}

/// A record as it is written before anybody has said what time it is.
fn before_the_clock_is_set(change: Change) -> Change {
    let Change::Put(mut record) = change else {
        return change;
    };
    match &mut record {
        Record::Transaction(tx) => {
            (tx.started.synced, tx.last.0.synced) = (false, false);
            if let Some(stop) = &mut tx.stop {
                stop.at.synced = false;
            }
        }
        Record::Message(QueuedMessage {
            body: QueuedBody::Meter { at, .. },
            ..
        }) => at.synced = false,
        Record::StopSample(_, sample) => sample.at.synced = false,
        _ => {}
    }
    Change::Put(record)
}

#[test]
fn every_time_is_corrected_once_and_is_final_after_its_run_on_the_disk_as_in_memory() {
    for corrections in [&[500][..], &[500, 70], &[]] {
        let mut disk = open(&directory("every-time"));
        let mut memory = MemoryStore::default();
        let batch = everything().into_iter().map(before_the_clock_is_set);
        let mut batch: Batch = batch.collect();
        batch.extend(corrections.iter().copied().map(Change::CorrectTimes));
        disk.commit(&batch).expect("the disk takes it");
        memory.commit(&batch).expect("memory");
        // What a load makes of it is not what was there before.
        if !corrections.is_empty() {
            assert_eq!(disk.fetch(Seq(0), 10), memory.fetch(Seq(0), 10));
        }
        assert_eq!(disk.load(), memory.load());
        let later = vec![Change::CorrectTimes(9)];
        disk.commit(&later).expect("the disk takes it");
        memory.commit(&later).expect("memory");
        assert_eq!(disk.load(), memory.load());
        assert_eq!(disk.fetch(Seq(0), 10), memory.fetch(Seq(0), 10));
    }
}

#[test]
fn a_long_queue_is_corrected_where_it_was_wrong_on_the_disk_as_in_memory() {
    let mut disk = open(&directory("long"));
    let mut memory = MemoryStore::default();
    let unsynced = |(n, change)| match n % 3 {
        0 => change,
        _ => before_the_clock_is_set(change),
    };
    let mut batch: Batch = values(2_000)
        .into_iter()
        .enumerate()
        .map(unsynced)
        .collect();
    batch.push(Change::CorrectTimes(500));
    disk.commit(&batch).expect("the disk takes it");
    memory.commit(&batch).expect("memory");
    let fetched = disk.fetch(Seq(0), 3_000).expect("it can be read");
    assert_eq!(fetched.messages.len(), 2_000);
    assert_eq!(Ok(fetched), memory.fetch(Seq(0), 3_000));
}

#[test]
fn a_file_that_is_no_database_is_set_aside_and_a_fresh_one_started() {
    let path = directory("garbage");
    std::fs::create_dir_all(&path).expect("a directory");
    std::fs::write(
        path.join("evcp.db"),
        b"this is not a database at all".repeat(100),
    )
    .expect("garbage");
    let mut opened = SqliteStore::open(&path, Wall(42)).expect("it starts all the same");
    let (aside, why) = opened.replaced.take().expect("it says so");
    assert!(aside.ends_with("evcp.db.damaged-42") && aside.exists() && !why.is_empty());
    opened
        .store
        .commit(&everything())
        .expect("the fresh one works");
}

#[test]
fn a_truncated_database_is_set_aside() {
    let path = directory("truncated");
    open(&path).commit(&everything()).expect("written");
    let file = path.join("evcp.db");
    let bytes = std::fs::read(&file).expect("there is a file");
    std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("half of it");
    let _ = std::fs::remove_file(path.join("evcp.db-wal"));
    let opened = SqliteStore::open(&path, Wall(43)).expect("it starts all the same");
    assert!(opened.replaced.is_some());
}

#[test]
fn a_database_of_a_newer_library_is_refused_and_left_alone() {
    let path = directory("newer");
    open(&path).commit(&everything()).expect("written");
    let file = path.join("evcp.db");
    let db = rusqlite::Connection::open(&file).expect("it is a database");
    db.pragma_update(None, "user_version", 999)
        .expect("a newer version");
    drop(db);
    let why = SqliteStore::open(&path, Wall(44)).expect_err("it is refused");
    assert!(why.0.contains("999"), "{why}");
    assert!(file.exists());
    assert_eq!(
        std::fs::read_dir(&path)
            .expect("a directory")
            .filter(|e| {
                e.as_ref()
                    .is_ok_and(|e| e.file_name().to_string_lossy().contains("damaged"))
            })
            .count(),
        0
    );
}

#[test]
fn a_second_one_in_the_same_directory_is_refused() {
    let path = directory("second");
    let mut first = open(&path);
    first.commit(&everything()).expect("written");
    let why = SqliteStore::open(&path, Wall(45)).expect_err("it is refused");
    assert!(why.0.contains("another process"), "{why}");
    first
        .commit(&everything())
        .expect("the first is not disturbed");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let why = SqliteStore::open(Path::new("/proc/no/such"), Wall(46)).expect_err("impossible");
    assert!(why.0.contains("/proc/no/such"), "{why}");
}

#[test]
fn a_correction_beyond_all_times_ends_at_the_last_one_in_both_stores() {
    let path = directory("beyond");
    let mut disk = open(&path);
    let mut memory = MemoryStore::default();
    let early = Transaction {
        started: stamp(-5, false),
        last: (stamp(5, false), Wh(9)),
        ..transaction(1)
    };
    let batch = vec![
        Change::Put(Record::Transaction(early)),
        Change::CorrectTimes(i64::MIN),
    ];
    disk.commit(&batch).expect("it can be written");
    memory.commit(&batch).expect("memory can be written");
    let loaded = disk.load().expect("it can be read");
    assert_eq!(loaded.running[0].started, stamp(i64::MIN, true));
    assert_eq!(Ok(loaded), memory.load());
}
