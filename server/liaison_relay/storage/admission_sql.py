"""SQL of agencies, devices, nonces and prekeys; each function runs inside one transaction.

Source: docs/spec/wire.md §8–§10; storage/schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from liaison_relay.storage.port import AgencyRow, DeviceRow, PublishOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liaison_relay.storage.port import PrekeyRow, Taker
    from liaison_relay.storage.writer import WriterConnection

__all__ = [
    "claim_nonce",
    "find_agency",
    "find_device",
    "publish",
    "put_prekeys",
    "take_prekeys",
]

_HOUR_S: Final = 3600


def find_agency(db: WriterConnection, agency: bytes) -> AgencyRow | None:
    """Return an admitted agency."""
    row = db.execute(
        "SELECT agency, realm, anchor, snapshot, epoch, sequence FROM agency WHERE agency = ?",
        (agency,),
    ).fetchone()
    if row is None:
        return None
    return AgencyRow(
        agency=row[0], realm=row[1], anchor=row[2], snapshot=row[3], epoch=row[4], sequence=row[5]
    )


def find_device(db: WriterConnection, handle: bytes) -> DeviceRow | None:
    """Return an active device."""
    row = db.execute(
        "SELECT d.handle, d.agency, a.realm, d.request_key, d.signing_key, d.not_before,"
        " d.not_after FROM device d JOIN agency a USING (agency) WHERE d.handle = ?",
        (handle,),
    ).fetchone()
    if row is None:
        return None
    return DeviceRow(
        handle=row[0],
        agency=row[1],
        realm=row[2],
        request_key=row[3],
        signing_key=row[4],
        not_before=row[5],
        not_after=row[6],
    )


def publish(db: WriterConnection, row: AgencyRow, devices: Sequence[DeviceRow]) -> PublishOutcome:
    """Replace an agency's snapshot and devices by newer ones, but for handles of others."""
    known = find_agency(db, row.agency)
    if known is not None:
        if known.snapshot == row.snapshot:
            return PublishOutcome.REPEATED
        if (row.epoch, row.sequence) <= (known.epoch, known.sequence):
            return PublishOutcome.ROLLBACK
    db.execute(
        "INSERT INTO agency (agency, realm, anchor, snapshot, epoch, sequence)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agency) DO UPDATE SET"
        " snapshot = excluded.snapshot, epoch = excluded.epoch, sequence = excluded.sequence",
        (row.agency, row.realm, row.anchor, row.snapshot, row.epoch, row.sequence),
    )
    db.execute("DELETE FROM device WHERE agency = ?", (row.agency,))
    for device in devices:
        if _claim_mailbox(db, device.handle, row.agency):
            db.execute(
                "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?)",
                (
                    device.handle,
                    row.agency,
                    device.request_key,
                    device.signing_key,
                    device.not_before,
                    device.not_after,
                ),
            )
    db.execute("DELETE FROM prekey WHERE device NOT IN (SELECT handle FROM device)")
    return PublishOutcome.STORED


def _claim_mailbox(db: WriterConnection, handle: bytes, agency: bytes) -> bool:
    """Make a mailbox an agency's own; false if it is another one's."""
    db.execute(
        "INSERT INTO mailbox (handle, last_seq, agency) VALUES (?, 0, ?)"
        " ON CONFLICT (handle) DO UPDATE SET agency = coalesce(agency, excluded.agency)",
        (handle, agency),
    )
    holder: bytes = db.execute("SELECT agency FROM mailbox WHERE handle = ?", (handle,)).fetchone()[
        0
    ]
    return holder == agency


def claim_nonce(
    db: WriterConnection, device: bytes, nonce: bytes, *, now: int, keep_until: int
) -> bool:
    """Insert a nonce if it is absent; lets go a few that are past their time."""
    db.execute(
        "DELETE FROM nonce WHERE (device, nonce) IN"
        " (SELECT device, nonce FROM nonce WHERE keep_until < ? LIMIT 16)",
        (now,),
    )
    inserted = db.execute(
        "INSERT OR IGNORE INTO nonce VALUES (?, ?, ?)", (device, nonce, keep_until)
    )
    return bool(inserted.rowcount == 1)


def put_prekeys(
    db: WriterConnection, device: bytes, rows: Sequence[PrekeyRow], *, now: int, max_stock: int
) -> int | None:
    """Add keys never seen; a last resort replaces the one before; nothing if it gets too many."""
    each = {row.key_id: row for row in rows}.values()
    new = [row for row in each if not _is_known(db, device, row.key_id)]
    left: int = db.execute(
        "SELECT count(*) FROM prekey"
        " WHERE device = ? AND last_resort = 0 AND bundle IS NOT NULL AND expires > ?",
        (device, now),
    ).fetchone()[0]
    left += sum(not row.last_resort for row in new)
    if new and left > max_stock:
        return None
    for row in new:
        if row.last_resort:
            db.execute("DELETE FROM prekey WHERE device = ? AND last_resort = 1", (device,))
        db.execute(
            "INSERT INTO prekey VALUES (?, ?, ?, ?, ?)",
            (device, row.key_id, int(row.last_resort), row.expires, row.bundle),
        )
    return left


def take_prekeys(
    db: WriterConnection, devices: Sequence[bytes], *, taker: Taker, now: int
) -> tuple[bytes | None, ...]:
    """Hand out one bundle each: the oldest one-time key, else the last resort."""
    db.execute("DELETE FROM taking WHERE hour < ?", (now // _HOUR_S - 1,))
    return tuple(_take(db, device, taker, now) for device in devices)


def _is_known(db: WriterConnection, device: bytes, key_id: bytes) -> bool:
    found: Any = db.execute(
        "SELECT 1 FROM prekey WHERE device = ? AND key_id = ?", (device, key_id)
    ).fetchone()
    return found is not None


def _take(db: WriterConnection, device: bytes, taker: Taker, now: int) -> bytes | None:
    hour = now // _HOUR_S
    taken = db.execute(
        "SELECT taken FROM taking WHERE taker = ? AND device = ? AND hour = ?",
        (taker.handle, device, hour),
    ).fetchone()
    exhausted = taken is not None and taken[0] >= taker.per_hour
    row = db.execute(
        "SELECT p.rowid, p.last_resort, p.bundle FROM prekey p"
        " JOIN device d ON d.handle = p.device JOIN agency a USING (agency)"
        " WHERE p.device = ? AND p.bundle IS NOT NULL AND p.expires > ? AND a.realm = ?"
        " AND p.last_resort >= ? ORDER BY p.last_resort, p.rowid LIMIT 1",
        (device, now, taker.realm, int(exhausted)),
    ).fetchone()
    if row is None:
        return None
    if not row[1]:
        db.execute("UPDATE prekey SET bundle = NULL WHERE rowid = ?", (row[0],))
        db.execute(
            "INSERT INTO taking VALUES (?, ?, ?, 1)"
            " ON CONFLICT (taker, device, hour) DO UPDATE SET taken = taken + 1",
            (taker.handle, device, hour),
        )
    bundle: bytes = row[2]
    return bundle
