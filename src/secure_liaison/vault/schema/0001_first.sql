-- Schema 1. Moments are seconds since 1970 UTC unless a name ends in _us. Digests are 32 bytes,
-- handles and officer ids 16. A released step never changes: the next change is 0002.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    name TEXT NOT NULL PRIMARY KEY,
    octets BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pairings (
    agency BLOB NOT NULL PRIMARY KEY CHECK (length(agency) = 32),
    anchor BLOB NOT NULL,
    accepted_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys. A deleted private half leaves its row, so that a late capsule can be told from a foreign one.

CREATE TABLE vault_keys (
    key_id BLOB NOT NULL PRIMARY KEY CHECK (length(key_id) = 32),
    seed BLOB NOT NULL CHECK (length(seed) = 32),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    handle BLOB NOT NULL CHECK (length(handle) = 16),
    signing_seed BLOB NOT NULL CHECK (length(signing_seed) = 64),
    request_seed BLOB NOT NULL CHECK (length(request_seed) = 32),
    ledger_seed BLOB NOT NULL CHECK (length(ledger_seed) = 32),
    vault_key_id BLOB NOT NULL REFERENCES vault_keys (key_id)
) STRICT;

CREATE TABLE prekeys (
    key_id BLOB NOT NULL PRIMARY KEY CHECK (length(key_id) = 32),
    seed BLOB CHECK (length(seed) = 32),
    last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    created INTEGER NOT NULL,
    published_at INTEGER,
    deleted_at INTEGER,
    CHECK ((seed IS NULL) = (deleted_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_office_key (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seed BLOB NOT NULL CHECK (length(seed) = 32)
) STRICT;

-- Mail.

CREATE TABLE inbox (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    object_id BLOB NOT NULL CHECK (length(object_id) = 16),
    relay_seq INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    body_name TEXT,
    leaves BLOB,
    originator BLOB NOT NULL CHECK (length(originator) = 16),
    leaf_count INTEGER NOT NULL,
    head_length INTEGER NOT NULL,
    body_size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'opened', 'acknowledged')),
    received_at INTEGER NOT NULL,
    opened_at INTEGER,
    acknowledged_at INTEGER,
    CHECK (state = 'received' OR opened_at IS NOT NULL),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL)
) STRICT;

CREATE INDEX inbox_by_arrival ON inbox (received_at);
CREATE INDEX inbox_by_object ON inbox (object_id);

CREATE TABLE seen (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    claims_digest BLOB NOT NULL CHECK (length(claims_digest) = 32),
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shares (
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    position INTEGER NOT NULL,
    share BLOB NOT NULL CHECK (length(share) = 32),
    PRIMARY KEY (digest, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE sent (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    object_id BLOB NOT NULL CHECK (length(object_id) = 16),
    kind TEXT NOT NULL,
    submission BLOB NOT NULL,
    leaves BLOB NOT NULL,
    body_name TEXT NOT NULL,
    created INTEGER NOT NULL,
    subject TEXT NOT NULL,
    label BLOB NOT NULL,
    core BLOB NOT NULL,
    urgency TEXT NOT NULL,
    acknowledge_by INTEGER
) STRICT;

CREATE INDEX sent_by_time ON sent (created);
CREATE INDEX sent_by_object ON sent (object_id);

CREATE TABLE recipients (
    digest BLOB NOT NULL REFERENCES sent (digest),
    device BLOB NOT NULL CHECK (length(device) = 16),
    officer BLOB NOT NULL CHECK (length(officer) = 16),
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'sent', 'fetched', 'acknowledged', 'refused')),
    sent_at INTEGER,
    fetched_at INTEGER,
    acknowledged_at INTEGER,
    refused_at INTEGER,
    receipt BLOB,
    PRIMARY KEY (digest, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    digest BLOB NOT NULL PRIMARY KEY REFERENCES sent (digest),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'refused')),
    reason TEXT NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    next_try INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (next_try) WHERE state = 'queued';

-- One row per object that was read far enough to be tried again; floods without a readable envelope
-- share one row per error and sender.

CREATE TABLE quarantine (
    id INTEGER NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    sender BLOB NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    envelope BLOB,
    size_bytes INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    times INTEGER NOT NULL CHECK (times >= 1)
) STRICT;

CREATE UNIQUE INDEX quarantine_objects ON quarantine (digest) WHERE envelope IS NOT NULL;
CREATE UNIQUE INDEX quarantine_floods ON quarantine (code, reason, sender) WHERE envelope IS NULL;

-- The ledger only grows.

CREATE TABLE ledger (
    position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 0),
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    own BLOB NOT NULL,
    own_salt BLOB NOT NULL CHECK (length(own_salt) = 32),
    shared BLOB NOT NULL,
    shared_salt BLOB NOT NULL CHECK (length(shared_salt) = 32),
    t_us INTEGER NOT NULL
) STRICT;

CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows');
END;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows');
END;
