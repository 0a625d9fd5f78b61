"""SQL of agencies, devices, nonces and prekeys; each function runs inside one transaction.

Source: docs/spec/wire.md §8–§10; storage/schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liaison_relay.storage.port import AgencyRow, DeviceRow, PublishOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liaison_relay.storage.port import PrekeyRow
    from liaison_relay.storage.writer import WriterConnection

__all__ = [
    "claim_nonce",
    "find_agency",
    "find_device",
    "publish",
    "put_prekeys",
    "take_prekeys",
]


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
    """Replace an agency's snapshot and devices by newer ones."""
    known = find_agency(db, row.agency)
    if known is not None:
        if known.snapshot == row.snapshot:
            return PublishOutcome.REPEATED
        if (row.epoch, row.sequence) <= (known.epoch, known.sequence):
            return PublishOutcome.ROLLBACK
    for device in devices:
        holder = find_device(db, device.handle)
        if holder is not None and holder.agency != row.agency:
            return PublishOutcome.CONFLICT
    db.execute(
        "INSERT INTO agency (agency, realm, anchor, snapshot, epoch, sequence)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agency) DO UPDATE SET"
        " snapshot = excluded.snapshot, epoch = excluded.epoch, sequence = excluded.sequence",
        (row.agency, row.realm, row.anchor, row.snapshot, row.epoch, row.sequence),
    )
    db.execute("DELETE FROM device WHERE agency = ?", (row.agency,))
    for device in devices:
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
        db.execute("INSERT OR IGNORE INTO mailbox VALUES (?, 0)", (device.handle,))
    db.execute("DELETE FROM prekey WHERE device NOT IN (SELECT handle FROM device)")
    return PublishOutcome.STORED


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


def put_prekeys(db: WriterConnection, device: bytes, rows: Sequence[PrekeyRow]) -> int:
    """Add keys never seen; a last resort replaces the one before."""
    for row in rows:
        known: Any = db.execute(
            "SELECT 1 FROM prekey WHERE device = ? AND key_id = ?", (device, row.key_id)
        ).fetchone()
        if known is not None:
            continue
        if row.last_resort:
            db.execute("DELETE FROM prekey WHERE device = ? AND last_resort = 1", (device,))
        db.execute(
            "INSERT INTO prekey VALUES (?, ?, ?, ?, ?)",
            (device, row.key_id, int(row.last_resort), row.expires, row.bundle),
        )
    left: int = db.execute(
        "SELECT count(*) FROM prekey WHERE device = ? AND last_resort = 0 AND bundle IS NOT NULL",
        (device,),
    ).fetchone()[0]
    return left


def take_prekeys(
    db: WriterConnection, devices: Sequence[bytes], *, now: int
) -> tuple[bytes | None, ...]:
    """Hand out one bundle each: the oldest one-time key, else the last resort."""
    return tuple(_take(db, device, now) for device in devices)


def _take(db: WriterConnection, device: bytes, now: int) -> bytes | None:
    row = db.execute(
        "SELECT rowid, last_resort, bundle FROM prekey"
        " WHERE device = ? AND bundle IS NOT NULL AND expires > ?"
        " ORDER BY last_resort, rowid LIMIT 1",
        (device, now),
    ).fetchone()
    if row is None:
        return None
    if not row[1]:
        db.execute("UPDATE prekey SET bundle = NULL WHERE rowid = ?", (row[0],))
    bundle: bytes = row[2]
    return bundle
