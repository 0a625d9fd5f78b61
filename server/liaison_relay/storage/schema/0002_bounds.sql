-- Source: docs/spec/wire.md §5, §8, §12. Which store this is, and counters for what is bounded.
CREATE TABLE relay (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    instance BLOB NOT NULL CHECK (length(instance) = 16)
) STRICT;

-- All bytes that an object takes here: record, leaf list and body.
ALTER TABLE object ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE object SET stored = body_size + 32 * leaf_count + length(header) + length(claims)
    + (SELECT coalesce(sum(length(stanza) + length(blind) + length(path) + 32), 0)
       FROM item WHERE item.object = object.object);
DROP INDEX object_held;

-- Bytes that an agency's objects take while some mailbox holds them.
ALTER TABLE agency ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE agency SET stored = (SELECT coalesce(sum(stored), 0) FROM object
    WHERE object.agency = agency.agency AND body IS NOT NULL);

-- Objects of a device that the relay remembers, fetched ones too.
ALTER TABLE mailbox ADD COLUMN submitted INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET submitted = (SELECT count(*) FROM object WHERE submitter = handle);

-- Items that the objects of one agency hold in one mailbox: no agency fills it for the others.
CREATE TABLE occupied (
    mailbox BLOB NOT NULL,
    agency BLOB NOT NULL,
    items INTEGER NOT NULL,
    PRIMARY KEY (mailbox, agency)
) STRICT, WITHOUT ROWID;
INSERT INTO occupied SELECT i.mailbox, o.agency, count(*) FROM item i JOIN object o USING (object)
    WHERE i.state = 0 GROUP BY i.mailbox, o.agency;

-- One-time keys that a device has taken of another one, hour by hour.
CREATE TABLE taking (
    taker BLOB NOT NULL,
    device BLOB NOT NULL,
    hour INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (taker, device, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX taking_by_time ON taking (hour);

-- A mailbox stays its agency's, also when the device has left the roster and items still wait.
ALTER TABLE mailbox ADD COLUMN agency BLOB;
UPDATE mailbox SET agency = (SELECT agency FROM device WHERE device.handle = mailbox.handle);
