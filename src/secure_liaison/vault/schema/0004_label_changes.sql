-- Schema 4. What became of the labels of objects in the inbox, as their originators said.

CREATE TABLE label_changes (
    notice BLOB NOT NULL PRIMARY KEY REFERENCES inbox (digest),
    about BLOB NOT NULL REFERENCES inbox (digest),
    record BLOB NOT NULL,
    number INTEGER CHECK (number >= 1),
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX label_changes_by_object ON label_changes (about);
CREATE UNIQUE INDEX label_changes_in_order ON label_changes (about, number)
    WHERE number IS NOT NULL;

-- What counts is never undone and never reordered.

CREATE TRIGGER label_changes_are_not_deleted BEFORE DELETE ON label_changes
BEGIN
    SELECT RAISE(ABORT, 'what was said of a label stays');
END;

CREATE TRIGGER label_changes_are_not_undone BEFORE UPDATE ON label_changes
    WHEN OLD.number IS NOT NULL OR NEW.about <> OLD.about OR NEW.record <> OLD.record
BEGIN
    SELECT RAISE(ABORT, 'what counts stays');
END;
