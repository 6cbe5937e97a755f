//! Databases of every version that there was open in this one, with nothing lost. `BLESS=1` writes the
//! fixture of the present version anew; those of versions that were released are never changed.

#![cfg(feature = "net")]
#![allow(clippy::panic)]

use std::path::{Path, PathBuf};

use evcp::core::{Batch, Change, Delivery, Origin, Record, RecordKey, Seq};
use evcp::store::{MemoryStore, SqliteStore, Store};
use evcp::time::Wall;
use evcp_testing::place;
use evcp_testing::records::{everything, own_profile, profile};

/// The version that this library writes.
const PRESENT: i64 = 7;

fn fixture(version: i64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    folder.join(format!("store-{version}.db"))
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("evcp-upgrade-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn version_of(file: &Path) -> i64 {
    let db = rusqlite::Connection::open(file).expect("a database");
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version")
}

/// What a version could write of everything.
fn known_to(version: i64) -> Batch {
    let since_2 = |change: &Change| {
        matches!(
            change,
            Change::Put(Record::StopSample(..))
                | Change::Drop(RecordKey::StopSample(..))
                | Change::Put(Record::Accepted)
        )
    };
    let since_4 = |change: &Change| match change {
        Change::Put(Record::Register(..))
        | Change::Put(Record::Orderly)
        | Change::Drop(RecordKey::Orderly)
        | Change::Put(Record::LocalAvailability(..)) => true,
        Change::Put(Record::Transaction(transaction)) => transaction.until.is_some(),
        _ => false,
    };
    // Of one id there was one before, and the fixtures have none.
    let since_5 = |change: &Change| {
        matches!(
            change,
            Change::Put(Record::Profile(_)) | Change::Drop(RecordKey::Profile(..))
        )
    };
    let since_6 = |change: &Change| match change {
        Change::Put(Record::Transaction(transaction)) => transaction.delivery != Delivery::Due,
        Change::Put(Record::StopSample(tx, _)) => tx.0 == 4,
        _ => false,
    };
    let since_7 = |change: &Change| match change {
        Change::Put(Record::Profile(stored)) => stored.origin == Origin::Charger,
        Change::Drop(RecordKey::Profile(_, _, origin)) => *origin == Origin::Charger,
        _ => false,
    };
    everything()
        .into_iter()
        .filter(|change| version > 6 || !since_7(change))
        .filter(|change| version > 5 || !since_6(change))
        .filter(|change| version > 1 || !since_2(change))
        .filter(|change| version > 3 || !since_4(change))
        .filter(|change| version > 4 || !since_5(change))
        .collect()
}

#[test]
fn every_database_that_there_ever_was_opens_with_nothing_lost() {
    if std::env::var_os("BLESS").is_some() {
        let path = directory("bless");
        let mut store = SqliteStore::open(&path, Wall(1))
            .expect("a fresh one")
            .store;
        store.commit(&everything()).expect("written");
        drop(store);
        std::fs::copy(path.join("evcp.db"), fixture(PRESENT)).expect("the fixture is kept");
    }
    for version in 1..=PRESENT {
        let path = directory(&version.to_string());
        let file = path.join("evcp.db");
        std::fs::copy(fixture(version), &file).expect("there is a fixture");
        assert_eq!(version_of(&file), version);

        let mut memory = MemoryStore::default();
        memory.commit(&known_to(version)).expect("memory");
        let opened = SqliteStore::open(&path, Wall(1)).expect("it opens");
        assert_eq!(opened.replaced, None, "version {version}");
        let mut store = opened.store;
        assert_eq!(store.load(), memory.load(), "version {version}");
        assert_eq!(
            store.fetch(Seq(0), 100),
            memory.fetch(Seq(0), 100),
            "version {version}"
        );
        // And takes all that this one writes.
        store.commit(&everything()).expect("written");
        drop(store);
        assert_eq!(version_of(&file), PRESENT);
    }
}

#[test]
fn profiles_of_an_older_version_stay_and_get_others_of_their_id_beside_them() {
    let path = directory("profiles");
    let file = path.join("evcp.db");
    std::fs::copy(fixture(4), &file).expect("there is a fixture");
    let kept = profile(7, 1);
    let text = serde_json::to_string(&kept.profile).expect("JSON");
    let db = rusqlite::Connection::open(&file).expect("a database");
    let row = "INSERT INTO profile VALUES (7, 1, NULL, 4000, ?1)";
    db.execute(row, [text]).expect("a row of that version");
    drop(db);

    let opened = SqliteStore::open(&path, Wall(1)).expect("it opens");
    let mut store = opened.store;
    assert_eq!(store.load().expect("it").profiles, vec![kept.clone()]);
    let other = profile(7, 2);
    store
        .commit(&vec![Change::Put(Record::Profile(other.clone()))])
        .expect("written");
    assert_eq!(store.load().expect("it").profiles, [kept.clone(), other]);
    store
        .commit(&vec![Change::Drop(RecordKey::Profile(
            7,
            place(2),
            Origin::Central,
        ))])
        .expect("written");
    let left = store.load().expect("it").profiles;
    assert_eq!(left, std::slice::from_ref(&kept));
    // One of the charger's own has its id to itself.
    let own = own_profile(7, 1);
    store
        .commit(&vec![Change::Put(Record::Profile(own.clone()))])
        .expect("written");
    assert_eq!(store.load().expect("it").profiles, [kept, own]);
}

#[test]
fn a_database_of_a_version_to_come_is_refused_and_not_touched() {
    let path = directory("to-come");
    let file = path.join("evcp.db");
    std::fs::copy(fixture(PRESENT), &file).expect("there is a fixture");
    let db = rusqlite::Connection::open(&file).expect("a database");
    db.pragma_update(None, "user_version", PRESENT + 1)
        .expect("a newer version");
    drop(db);
    let before = std::fs::read(&file).expect("bytes");
    let why = SqliteStore::open(&path, Wall(1)).expect_err("it is refused");
    assert!(
        why.0.contains(&(PRESENT + 1).to_string()) && why.0.contains("newer"),
        "{why}"
    );
    assert_eq!(std::fs::read(&file).expect("bytes"), before);
}
