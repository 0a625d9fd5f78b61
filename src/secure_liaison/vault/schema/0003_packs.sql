-- Schema 3. Policy packs that registrars of the own agency signed, as they came.

CREATE TABLE packs (
    policy TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    octets BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pack_signatures (
    number INTEGER NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL REFERENCES packs (policy),
    record BLOB NOT NULL UNIQUE,
    accepted_at INTEGER NOT NULL
) STRICT;

CREATE INDEX pack_signatures_by_policy ON pack_signatures (policy, number);

-- A name and a version are one content for ever: labels that name them are read by it.

CREATE TRIGGER packs_are_not_deleted BEFORE DELETE ON packs
BEGIN
    SELECT RAISE(ABORT, 'a pack stays');
END;

CREATE TRIGGER packs_are_not_changed BEFORE UPDATE ON packs
BEGIN
    SELECT RAISE(ABORT, 'a pack stays');
END;

CREATE TRIGGER pack_signatures_are_not_deleted BEFORE DELETE ON pack_signatures
BEGIN
    SELECT RAISE(ABORT, 'a pack stays');
END;

CREATE TRIGGER pack_signatures_are_not_changed BEFORE UPDATE ON pack_signatures
BEGIN
    SELECT RAISE(ABORT, 'a pack stays');
END;

-- What an object in quarantine lacks, where it lacks a pack: id@version.

ALTER TABLE quarantine ADD COLUMN policy TEXT NOT NULL DEFAULT '';
