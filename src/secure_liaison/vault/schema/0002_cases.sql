-- Schema 2. Cases: the signed acts as they came, and what registrars signed about authority.

CREATE TABLE case_acts (
    case_id BLOB NOT NULL CHECK (length(case_id) = 16),
    number INTEGER NOT NULL CHECK (number >= 0),
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    record BLOB NOT NULL,
    verify_key BLOB NOT NULL,
    proven_at INTEGER NOT NULL,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;

-- A case only grows, and the proven time of an act stays what it was.

CREATE TRIGGER case_acts_are_not_deleted BEFORE DELETE ON case_acts
BEGIN
    SELECT RAISE(ABORT, 'a case only grows');
END;

CREATE TRIGGER case_acts_are_not_changed BEFORE UPDATE ON case_acts
BEGIN
    SELECT RAISE(ABORT, 'a case only grows');
END;

CREATE TABLE authority_records (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind INTEGER NOT NULL,
    content BLOB NOT NULL,
    record BLOB NOT NULL,
    accepted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE case_objects (
    digest BLOB NOT NULL PRIMARY KEY REFERENCES sent (digest),
    case_id BLOB NOT NULL CHECK (length(case_id) = 16),
    notice BLOB CHECK (notice IS NULL OR length(notice) = 32),
    about BLOB REFERENCES sent (digest),
    CHECK ((notice IS NULL) = (about IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX case_objects_by_case ON case_objects (case_id);
