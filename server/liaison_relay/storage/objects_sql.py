"""SQL of objects and mailboxes; each function runs inside one transaction.

Source: docs/spec/wire.md §4–§7, §12; storage/schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from liaison_relay.storage.port import HeldBody, Released, SeenObject, SubmitOutcome
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest
from secure_liaison.errors import FormatError
from secure_liaison.wire import (
    Collected,
    Envelope,
    MailboxItem,
    MailboxState,
    MailboxStatus,
    Status,
    decode_header,
    encode_envelope,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liaison_relay.storage.port import NewObject
    from liaison_relay.storage.writer import WriterConnection
    from secure_liaison.wire import Delivery

__all__ = [
    "collect",
    "counts",
    "expire",
    "held_bodies",
    "held_body",
    "judge",
    "release",
    "seen",
    "status",
    "submit",
]

_HELD: Final = MailboxState.HELD.value
_FETCHED: Final = MailboxState.FETCHED.value
_EXPIRED: Final = MailboxState.EXPIRED.value
_MEMORY_S: Final = 30 * 86_400
"""How long after its time an object's status is still told: 30 days."""


def judge(db: WriterConnection, new: NewObject) -> SubmitOutcome:
    """Say what a submission comes to: repeat or conflict, then mailboxes, room, quota."""
    known = db.execute(
        "SELECT record_hash FROM object WHERE submitter = ? AND digest = ?",
        (new.submitter.handle, new.digest),
    ).fetchone()
    if known is not None:
        same = known[0] == new.record_hash
        return SubmitOutcome.REPEATED if same else SubmitOutcome.CONFLICT
    for delivery in new.submission.deliveries:
        found = db.execute(
            "SELECT coalesce(c.items, 0) FROM device d JOIN agency a USING (agency)"
            " LEFT JOIN occupied c ON c.mailbox = d.handle AND c.agency = ? WHERE d.handle = ?"
            " AND a.realm = ? AND d.not_before <= ? AND ? < d.not_after",
            (
                new.submitter.agency,
                delivery.mailbox,
                new.submitter.realm,
                new.received_at,
                new.received_at,
            ),
        ).fetchone()
        if found is None:
            return SubmitOutcome.MAILBOX_UNKNOWN
        if found[0] >= new.limits.items:
            return SubmitOutcome.MAILBOX_FULL
    return SubmitOutcome.QUOTA if _is_over(db, new) else SubmitOutcome.STORED


def _is_over(db: WriterConnection, new: NewObject) -> bool:
    stored, submitted = db.execute(
        "SELECT coalesce((SELECT stored FROM agency WHERE agency = ?), 0),"
        " coalesce((SELECT submitted FROM mailbox WHERE handle = ?), 0)",
        (new.submitter.agency, new.submitter.handle),
    ).fetchone()
    over: bool = stored + new.stored_bytes > new.limits.quota_bytes
    return over or submitted >= new.limits.objects


def submit(db: WriterConnection, new: NewObject) -> SubmitOutcome:
    """Store an object and an item in each of its mailboxes, if `judge` says so."""
    outcome = judge(db, new)
    if outcome is not SubmitOutcome.STORED:
        return outcome
    record = new.submission
    stored = db.execute(
        "INSERT INTO object (submitter, agency, digest, record_hash, header, payload_root,"
        " stanza_root, claims, leaf_count, head_length, body_size, body, received_at, keep_until,"
        " stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.submitter.handle,
            new.submitter.agency,
            new.digest,
            new.record_hash,
            record.header,
            record.payload_root,
            record.stanza_root,
            record.claims,
            record.leaf_count,
            record.head_length,
            record.body_size,
            new.body,
            new.received_at,
            new.keep_until,
            new.stored_bytes,
        ),
    ).lastrowid
    db.execute(
        "UPDATE agency SET stored = stored + ? WHERE agency = ?",
        (new.stored_bytes, new.submitter.agency),
    )
    db.execute(
        "UPDATE mailbox SET submitted = submitted + 1 WHERE handle = ?", (new.submitter.handle,)
    )
    for each in record.deliveries:
        _deliver(db, each, stored, new)
    return outcome


def collect(db: WriterConnection, mailbox: bytes, *, after: int, limit: int) -> Collected:
    """Read items held, one more than asked for to know whether there is more."""
    rows = db.execute(
        "SELECT i.seq, o.header, o.payload_root, o.stanza_root, o.claims, i.stanza, i.blind,"
        " i.place, i.path, o.received_at, o.body_size, o.leaf_count, o.head_length"
        " FROM item i JOIN object o USING (object)"
        " WHERE i.mailbox = ? AND i.seq > ? AND i.state = ? ORDER BY i.seq LIMIT ?",
        (mailbox, after, _HELD, limit + 1),
    ).fetchall()
    items = tuple(_item(row) for row in rows[:limit])
    instance = db.execute("SELECT instance FROM relay").fetchone()[0]
    return Collected(items=items, more=len(rows) > limit, instance=instance)


def held_body(db: WriterConnection, mailbox: bytes, digest: bytes) -> HeldBody | None:
    """Find the body of an object of which the mailbox holds an item."""
    row = db.execute(
        "SELECT o.body, o.leaf_count, o.body_size FROM object o JOIN item i USING (object)"
        " WHERE o.digest = ? AND i.mailbox = ? AND i.state = ? AND o.body IS NOT NULL LIMIT 1",
        (digest, mailbox, _HELD),
    ).fetchone()
    return row and HeldBody(body=row[0], leaf_count=row[1], body_size=row[2])


def status(db: WriterConnection, submitter: bytes, digest: bytes) -> Status | None:
    """Read the states of one object of this submitter."""
    row = db.execute(
        "SELECT object, received_at FROM object WHERE submitter = ? AND digest = ?",
        (submitter, digest),
    ).fetchone()
    if row is None:
        return None
    items = db.execute(
        "SELECT mailbox, state, at FROM item WHERE object = ? ORDER BY mailbox", (row[0],)
    ).fetchall()
    return Status(
        digest=Digest(digest),
        received_at=row[1],
        mailboxes=tuple(
            MailboxStatus(mailbox=mailbox, state=MailboxState(state), at=at)
            for mailbox, state, at in items
        ),
    )


def release(db: WriterConnection, mailbox: bytes, seqs: Sequence[int], *, now: int) -> Released:
    """Mark items as fetched and empty them; frees bodies that nobody holds any longer."""
    count, bodies = 0, []
    for seq in seqs:
        row = db.execute(
            "UPDATE item SET state = ?, at = ?, stanza = x'', blind = x'', path = x''"
            " WHERE mailbox = ? AND seq = ? AND state = ? RETURNING object",
            (_FETCHED, now, mailbox, seq, _HELD),
        ).fetchone()
        if row is not None:
            count += 1
            _vacate(db, row[0], mailbox)
            bodies += _free(db, row[0])
    return Released(count=count, bodies=tuple(bodies))


def expire(db: WriterConnection, now: int) -> tuple[str, ...]:
    """Let go objects past their time, later their status, and old nonces and prekeys."""
    bodies: list[str] = []
    past = db.execute(
        "SELECT object FROM object WHERE keep_until <= ? AND body IS NOT NULL", (now,)
    ).fetchall()
    for (found,) in past:
        emptied = db.execute(
            "UPDATE item SET state = ?, at = ?, stanza = x'', blind = x'', path = x''"
            " WHERE object = ? AND state = ? RETURNING mailbox",
            (_EXPIRED, now, found, _HELD),
        ).fetchall()
        for (mailbox,) in emptied:
            _vacate(db, found, mailbox)
        bodies += _free(db, found)
    _forget(db, now - _MEMORY_S)
    db.execute("DELETE FROM nonce WHERE keep_until < ?", (now,))
    db.execute("DELETE FROM prekey WHERE expires <= ?", (now,))
    return tuple(bodies)


def _forget(db: WriterConnection, before: int) -> None:
    """Let objects go whose status is told no longer."""
    db.execute(
        "DELETE FROM item WHERE object IN (SELECT object FROM object WHERE keep_until <= ?)",
        (before,),
    )
    gone = db.execute(
        "DELETE FROM object WHERE keep_until <= ? RETURNING submitter", (before,)
    ).fetchall()
    db.executemany("UPDATE mailbox SET submitted = submitted - 1 WHERE handle = ?", gone)


def held_bodies(db: WriterConnection) -> frozenset[str]:
    """Read the names of all bodies."""
    rows = db.execute("SELECT body FROM object WHERE body IS NOT NULL").fetchall()
    return frozenset(name for (name,) in rows)


def seen(db: WriterConnection) -> tuple[SeenObject, ...]:
    """Read all that is known of every object."""
    rows = db.execute(
        "SELECT object, digest, header, submitter, received_at, keep_until, body_size,"
        " body IS NOT NULL FROM object ORDER BY object"
    ).fetchall()
    return tuple(
        SeenObject(
            digest=row[1],
            object_id=_object_id(row[2]),
            submitter=row[3],
            received_at=row[4],
            keep_until=row[5],
            body_size=row[6],
            body_held=bool(row[7]),
            mailboxes=tuple(
                db.execute(
                    "SELECT mailbox, state, at FROM item WHERE object = ? ORDER BY mailbox",
                    (row[0],),
                ).fetchall()
            ),
        )
        for row in rows
    )


def counts(db: WriterConnection) -> dict[str, int]:
    """Count what lies here."""
    row = db.execute(
        "SELECT (SELECT count(*) FROM agency), (SELECT count(*) FROM device),"
        " (SELECT count(*) FROM object), (SELECT count(*) FROM item WHERE state = ?),"
        " (SELECT coalesce(sum(body_size), 0) FROM object WHERE body IS NOT NULL)",
        (_HELD,),
    ).fetchone()
    names = ("agencies", "devices", "objects", "items_held", "bytes_held")
    return dict(zip(names, row, strict=True))


def _deliver(db: WriterConnection, each: Delivery, stored: int, new: NewObject) -> None:
    """Give one mailbox its next item."""
    seq = db.execute(
        "UPDATE mailbox SET last_seq = last_seq + 1 WHERE handle = ? RETURNING last_seq",
        (each.mailbox,),
    ).fetchone()[0]
    path = b"".join(each.path)
    db.execute(
        "INSERT INTO item (mailbox, seq, object, state, at, stanza, blind, place, path)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            each.mailbox,
            seq,
            stored,
            _HELD,
            new.received_at,
            each.stanza,
            each.blind,
            each.index,
            path,
        ),
    )
    db.execute(
        "INSERT INTO occupied VALUES (?, ?, 1)"
        " ON CONFLICT (mailbox, agency) DO UPDATE SET items = items + 1",
        (each.mailbox, new.submitter.agency),
    )


def _vacate(db: WriterConnection, found: int, mailbox: bytes) -> None:
    """Count one item less in a mailbox."""
    db.execute(
        "UPDATE occupied SET items = items - 1 WHERE mailbox = ?"
        " AND agency = (SELECT agency FROM object WHERE object = ?)",
        (mailbox, found),
    )


def _free(db: WriterConnection, found: int) -> list[str]:
    """Empty an object that no mailbox holds any longer; returns its body's name."""
    row = db.execute(
        "SELECT body, agency, stored FROM object WHERE object = ? AND body IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM item WHERE item.object = object.object AND state = ?)",
        (found, _HELD),
    ).fetchone()
    if row is None:
        return []
    db.execute("UPDATE object SET claims = x'', body = NULL WHERE object = ?", (found,))
    db.execute("UPDATE agency SET stored = stored - ? WHERE agency = ?", (row[2], row[1]))
    return [row[0]]


def _object_id(header: bytes) -> bytes:
    try:
        return decode_header(header).object_id
    except FormatError:  # written by a release with another header
        return b""


def _item(row: Any) -> MailboxItem:
    path = row[8]
    envelope = Envelope(
        header=row[1],
        payload_root=row[2],
        stanza_root=row[3],
        claims=row[4],
        stanza=row[5],
        blind=row[6],
        index=row[7],
        path=tuple(path[at : at + DIGEST_SIZE] for at in range(0, len(path), DIGEST_SIZE)),
    )
    return MailboxItem(
        seq=row[0],
        envelope=encode_envelope(envelope),
        received_at=row[9],
        body_size=row[10],
        leaf_count=row[11],
        head_length=row[12],
    )
