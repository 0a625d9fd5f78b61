"""What went out: own copies and, per recipient's device, how far each one is.

Rules:

- The submission's bytes are kept as they were sealed, so a retry sends the same ciphertext.
- A recipient's state only rises: queued, sent, fetched, acknowledged; refused only from queued.
  News that comes late adds its moment and lowers nothing.
- Reads run anywhere; changes need the caller's transaction.

Source: docs/spec/vault.md §4.2; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import VaultDamagedError
from secure_liaison.identity.ids import DeviceHandle, OfficerId
from secure_liaison.vault.inbox import hex_pattern
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["Recipient", "RecipientState", "Sent", "SentItem", "kind_of"]

_DEFAULT_LIMIT: Final = 1000


class RecipientState(Enum):
    """How far one recipient's device is."""

    QUEUED = "queued"
    SENT = "sent"
    FETCHED = "fetched"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


_MOMENT: Final = {
    RecipientState.SENT: "UPDATE recipients SET sent_at = coalesce(sent_at, ?)"
    " WHERE digest = ? AND device = ?",
    RecipientState.FETCHED: "UPDATE recipients SET fetched_at = coalesce(fetched_at, ?)"
    " WHERE digest = ? AND device = ?",
    RecipientState.ACKNOWLEDGED: "UPDATE recipients SET acknowledged_at ="
    " coalesce(acknowledged_at, ?) WHERE digest = ? AND device = ?",
    RecipientState.REFUSED: "UPDATE recipients SET refused_at = coalesce(refused_at, ?)"
    " WHERE digest = ? AND device = ?",
}
_BELOW: Final = {
    RecipientState.SENT: frozenset({RecipientState.QUEUED, RecipientState.REFUSED}),
    RecipientState.FETCHED: frozenset(
        {RecipientState.QUEUED, RecipientState.REFUSED, RecipientState.SENT}
    ),
    RecipientState.ACKNOWLEDGED: frozenset(RecipientState),
    RecipientState.REFUSED: frozenset({RecipientState.QUEUED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentItem:
    """One object as it was sealed here.

    Attributes:
        digest: D, 32 bytes.
        object_id: 16 bytes.
        kind: Bulletin, message, document, receipt or notice.
        submission: The record for the relay, sealed.
        leaves: The payload's leaf list, 32 bytes each.
        body_name: Name of the sealed body in the `BodyStore`.
        created: As in the core.
        subject: The own copy of the subject.
        label: The label's encoding.
        core: The core's encoding.
        urgency: As in the core.
        acknowledge_by: When signatures are due, if any are.
    """

    digest: Digest
    object_id: ObjectId
    kind: ObjectKind
    submission: bytes
    leaves: bytes
    body_name: str
    created: Instant
    subject: str
    label: bytes
    core: bytes
    urgency: str
    acknowledge_by: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One device that an object was sealed for.

    Attributes:
        officer: Whose device it is, 16 bytes.
        device: Its handle, 16 bytes.
        state: How far it is.
        sent_at: When the relay took the object.
        fetched_at: When the relay says that the device fetched it.
        acknowledged_at: When the officer signed for it.
        refused_at: When the relay refused it.
        receipt: The signed receipt as it came: the evidence.
    """

    officer: OfficerId
    device: DeviceHandle
    state: RecipientState = RecipientState.QUEUED
    sent_at: Instant | None = None
    fetched_at: Instant | None = None
    acknowledged_at: Instant | None = None
    refused_at: Instant | None = None
    receipt: bytes | None = None


class Sent:
    """Own copies of one vault."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the sent objects of ``vault``."""
        self._vault = vault

    def add(self, item: SentItem, recipients: Sequence[tuple[OfficerId, DeviceHandle]]) -> None:
        """Keep a sealed object with its recipients, all queued.

        Raises:
            ValueError: its digest is already there, or a device is named twice.
        """
        self._vault.execute(
            "INSERT INTO sent (digest, object_id, kind, submission, leaves, body_name, created,"
            " subject, label, core, urgency, acknowledge_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.digest,
                item.object_id,
                item.kind.name.lower(),
                item.submission,
                item.leaves,
                item.body_name,
                item.created,
                item.subject,
                item.label,
                item.core,
                item.urgency,
                item.acknowledge_by,
            ),
        )
        for officer, device in recipients:
            self._vault.execute(
                "INSERT INTO recipients (digest, device, officer, state)"
                " VALUES (?, ?, ?, 'queued')",
                (item.digest, device, officer),
            )

    def get(self, digest: Digest) -> SentItem | None:
        """Return one own copy, or nothing."""
        rows = self._vault.query("SELECT * FROM sent WHERE digest = ?", (digest,))
        return _item(rows[0]) if rows else None

    def items(self, *, limit: int = _DEFAULT_LIMIT) -> tuple[SentItem, ...]:
        """Return the newest own copies of every kind, newest first."""
        rows = self._vault.query(
            "SELECT * FROM sent ORDER BY created DESC, digest LIMIT ?", (limit,)
        )
        return tuple(_item(row) for row in rows)

    def matching(self, start: str) -> tuple[Digest, ...]:
        """Return the digests of objects whose digest or object id begins with these hex digits."""
        pattern = hex_pattern(start)
        rows = self._vault.query(
            "SELECT digest FROM sent WHERE hex(digest) GLOB ? OR hex(object_id) GLOB ?"
            " ORDER BY created, digest",
            (pattern, pattern),
        )
        return tuple(Digest(row.octets("digest")) for row in rows)

    def recipients(self, digest: Digest) -> tuple[Recipient, ...]:
        """Return the recipients of one object, by device handle."""
        rows = self._vault.query(
            "SELECT * FROM recipients WHERE digest = ? ORDER BY device", (digest,)
        )
        return tuple(_recipient(row) for row in rows)

    def advance(
        self,
        digest: Digest,
        device: DeviceHandle,
        state: RecipientState,
        *,
        at: Instant,
        receipt: bytes | None = None,
    ) -> None:
        """Record news about one recipient; the state never falls, the first receipt stays.

        Raises:
            ValueError: there is no such recipient, or ``state`` is ``QUEUED``.
        """
        if state is RecipientState.QUEUED:
            msg = "nothing goes back to queued"
            raise ValueError(msg)
        if not self._vault.execute(_MOMENT[state], (at, digest, device)):
            msg = "no such recipient"
            raise ValueError(msg)
        rows = self._vault.query(
            "SELECT * FROM recipients WHERE digest = ? AND device = ?", (digest, device)
        )
        now = _recipient(rows[0]).state
        rises = now in _BELOW[state]
        self._vault.execute(
            "UPDATE recipients SET state = ?, receipt = coalesce(receipt, ?)"
            " WHERE digest = ? AND device = ?",
            ((state if rises else now).value, receipt, digest, device),
        )


def kind_of(row: Row) -> ObjectKind:
    """Return the kind of object that a row names.

    Raises:
        VaultDamagedError: ``record``.
    """
    try:
        return ObjectKind[row.text("kind").upper()]
    except KeyError as exc:
        raise VaultDamagedError("record") from exc


def _item(row: Row) -> SentItem:
    return SentItem(
        digest=Digest(row.octets("digest")),
        object_id=ObjectId(row.octets("object_id")),
        kind=kind_of(row),
        submission=row.octets("submission"),
        leaves=row.octets("leaves"),
        body_name=row.text("body_name"),
        created=row.instant("created"),
        subject=row.text("subject"),
        label=row.octets("label"),
        core=row.octets("core"),
        urgency=row.text("urgency"),
        acknowledge_by=row.instant_or_none("acknowledge_by"),
    )


def _recipient(row: Row) -> Recipient:
    return Recipient(
        officer=OfficerId(row.octets("officer")),
        device=DeviceHandle(row.octets("device")),
        state=row.choice("state", RecipientState),
        sent_at=row.instant_or_none("sent_at"),
        fetched_at=row.instant_or_none("fetched_at"),
        acknowledged_at=row.instant_or_none("acknowledged_at"),
        refused_at=row.instant_or_none("refused_at"),
        receipt=row.octets_or_none("receipt"),
    )
