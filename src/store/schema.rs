//! The tables, version by version.

/// What `PRAGMA application_id` says of our files: "evcp".
pub(super) const APPLICATION_ID: i64 = 0x6576_6370;

/// Each step brings a database from one version to the next; `PRAGMA user_version` counts them.
/// Steps that were released are never changed.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE setting (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE availability (
        connector INTEGER PRIMARY KEY,
        operative INTEGER NOT NULL
    );
    CREATE TABLE tx (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        connector INTEGER NOT NULL,
        tag TEXT NOT NULL,
        parent TEXT,
        reservation INTEGER,
        started_ms INTEGER NOT NULL,
        started_synced INTEGER NOT NULL,
        meter_start_wh INTEGER NOT NULL,
        central TEXT NOT NULL CHECK (central IN ('unknown', 'known', 'given up')),
        central_id INTEGER,
        deauthorized INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        last_synced INTEGER NOT NULL,
        last_wh INTEGER NOT NULL,
        stopped_ms INTEGER,
        stopped_synced INTEGER,
        meter_stop_wh INTEGER,
        stop_reason TEXT,
        stop_tag TEXT
    );
    CREATE TABLE queue (
        seq INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL,
        refusals INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('start', 'stop', 'meter')),
        tx INTEGER,
        connector INTEGER,
        at_ms INTEGER,
        at_synced INTEGER,
        samples TEXT
    );
    CREATE TABLE cache (
        tag TEXT PRIMARY KEY COLLATE NOCASE,
        status TEXT NOT NULL,
        expires_ms INTEGER,
        parent TEXT,
        updated_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
",
    "
    CREATE TABLE tx_data (
        tx INTEGER NOT NULL,
        n INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        at_synced INTEGER NOT NULL,
        samples TEXT NOT NULL,
        PRIMARY KEY (tx, n)
    ) WITHOUT ROWID;
    CREATE TABLE flag (
        name TEXT PRIMARY KEY
    ) WITHOUT ROWID;
    CREATE TABLE profile (
        id INTEGER PRIMARY KEY,
        connector INTEGER NOT NULL,
        tx INTEGER,
        installed_ms INTEGER NOT NULL,
        profile TEXT NOT NULL
    );
",
    "
    ALTER TABLE tx ADD COLUMN zero_wh INTEGER DEFAULT 0;
",
    "
    ALTER TABLE tx ADD COLUMN until_wh INTEGER;
    CREATE TABLE damaged (
        place TEXT NOT NULL,
        why TEXT NOT NULL,
        row TEXT NOT NULL
    );
    CREATE TABLE local_availability (
        connector INTEGER PRIMARY KEY,
        operative INTEGER NOT NULL
    );
    CREATE TABLE register (
        connector INTEGER PRIMARY KEY,
        wh INTEGER NOT NULL
    );
",
    "
    CREATE TABLE profile_by_place (
        id INTEGER NOT NULL,
        connector INTEGER NOT NULL,
        tx INTEGER,
        installed_ms INTEGER NOT NULL,
        profile TEXT NOT NULL,
        PRIMARY KEY (id, connector)
    ) WITHOUT ROWID;
    INSERT INTO profile_by_place SELECT id, connector, tx, installed_ms, profile FROM profile;
    DROP TABLE profile;
    ALTER TABLE profile_by_place RENAME TO profile;
",
    "
    ALTER TABLE tx ADD COLUMN delivery TEXT NOT NULL DEFAULT 'due'
        CHECK (delivery IN ('due', 'given up', 'again'));
    ALTER TABLE tx ADD COLUMN bare INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tx ADD COLUMN values_refused INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tx ADD COLUMN start_id TEXT;
    ALTER TABLE tx ADD COLUMN stop_id TEXT;
",
    "
    CREATE TABLE profile_by_origin (
        id INTEGER NOT NULL,
        connector INTEGER NOT NULL,
        tx INTEGER,
        installed_ms INTEGER NOT NULL,
        profile TEXT NOT NULL,
        local INTEGER NOT NULL,
        PRIMARY KEY (id, connector, local)
    ) WITHOUT ROWID;
    INSERT INTO profile_by_origin SELECT id, connector, tx, installed_ms, profile, 0 FROM profile;
    DROP TABLE profile;
    ALTER TABLE profile_by_origin RENAME TO profile;
",
];

/// What each table has now. A spoilt name of a column would make every row unreadable.
pub(super) const COLUMNS: &[(&str, &str)] = &[
    (
        "tx",
        "id, connector, tag, parent, reservation, started_ms, started_synced, meter_start_wh, \
         central, central_id, deauthorized, last_ms, last_synced, last_wh, stopped_ms, \
         stopped_synced, meter_stop_wh, stop_reason, stop_tag, zero_wh, until_wh, \
         delivery, bare, values_refused, start_id, stop_id",
    ),
    (
        "queue",
        "seq, message_id, refusals, kind, tx, connector, at_ms, at_synced, samples",
    ),
    ("tx_data", "tx, n, at_ms, at_synced, samples"),
    ("register", "connector, wh"),
    ("setting", "key, value"),
    ("flag", "name"),
    ("availability", "connector, operative"),
    ("local_availability", "connector, operative"),
    ("profile", "id, connector, tx, installed_ms, profile, local"),
    ("cache", "tag, status, expires_ms, parent, updated_ms"),
    ("damaged", "place, why, row"),
];
