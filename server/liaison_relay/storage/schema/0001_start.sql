-- Source: docs/spec/wire.md §4–§9, §12. No name, label or subject has a place here.
CREATE TABLE agency (
    agency BLOB PRIMARY KEY,
    realm BLOB NOT NULL,
    anchor BLOB NOT NULL,
    snapshot BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;

-- Active devices of the newest rosters only.
CREATE TABLE device (
    handle BLOB PRIMARY KEY,
    agency BLOB NOT NULL REFERENCES agency (agency),
    request_key BLOB NOT NULL,
    signing_key BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL
) STRICT;
CREATE INDEX device_of_agency ON device (agency);

-- A counter row for each mailbox: numbers are given inside the transaction that stores the item,
-- so none is committed late behind a reader's cursor, and none is used twice.
CREATE TABLE mailbox (
    handle BLOB PRIMARY KEY,
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
    object INTEGER PRIMARY KEY,
    submitter BLOB NOT NULL,
    agency BLOB NOT NULL,
    digest BLOB NOT NULL,
    record_hash BLOB NOT NULL,
    header BLOB NOT NULL,
    payload_root BLOB NOT NULL,
    stanza_root BLOB NOT NULL,
    claims BLOB NOT NULL,       -- empty once no mailbox holds the object
    leaf_count INTEGER NOT NULL,
    head_length INTEGER NOT NULL,
    body_size INTEGER NOT NULL,
    body TEXT,                  -- null once no mailbox holds the object
    received_at INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    UNIQUE (submitter, digest)
) STRICT;
CREATE INDEX object_by_time ON object (keep_until);
CREATE INDEX object_held ON object (agency, body_size) WHERE body IS NOT NULL;

CREATE TABLE item (
    mailbox BLOB NOT NULL,
    seq INTEGER NOT NULL,
    object INTEGER NOT NULL REFERENCES object (object),
    state INTEGER NOT NULL,     -- 0 held, 1 fetched, 2 expired
    at INTEGER NOT NULL,
    stanza BLOB NOT NULL,       -- empty unless held
    blind BLOB NOT NULL,
    place INTEGER NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (mailbox, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_of_object ON item (object);

CREATE TABLE nonce (
    device BLOB NOT NULL,
    nonce BLOB NOT NULL,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (device, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_by_time ON nonce (keep_until);

-- A one-time key that was handed out stays as a row without bundle, so it never comes back.
CREATE TABLE prekey (
    device BLOB NOT NULL,
    key_id BLOB NOT NULL,
    last_resort INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    bundle BLOB,
    PRIMARY KEY (device, key_id)
) STRICT;
