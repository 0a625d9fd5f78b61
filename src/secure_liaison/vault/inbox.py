"""What came: objects and the digests seen.

Rules:

- An object goes from received to opened to acknowledged, never back; each moment is kept as first
  set.
- A digest is recorded as seen only after full verification, with the digest of its claims: the same
  object under other claims is refused.
- Reads run anywhere; changes need the caller's transaction.

Can I?

==================  ========  ======  ============
operation           received  opened  acknowledged
==================  ========  ======  ============
``mark_opened``     yes       no-op   no-op
``mark_acknowl…``   no        yes     no-op
``attach_body``     yes       yes     yes
==================  ========  ======  ============

Source: docs/spec/vault.md §4.2; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import OutOfOrderError, ReplayError
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["Inbox", "InboxItem", "InboxState", "hex_pattern"]

_DEFAULT_LIMIT: Final = 1000


class InboxState(Enum):
    """How far the officer is with an object."""

    RECEIVED = "received"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One object as it came.

    Attributes:
        digest: D, 32 bytes.
        object_id: 16 bytes.
        relay_seq: Its place in the relay's mailbox.
        envelope: What the mailbox held, sealed.
        body_name: Name of the sealed body in the `BodyStore`; absent until it was fetched.
        leaves: The payload's leaf list, 32 bytes each; absent until it was fetched.
        originator: Handle of the sending device.
        leaf_count: Leaves of the payload tree.
        head_length: Bytes of the sealed head.
        body_size: Bytes of the sealed body.
        state: How far the officer is.
        received_at: When it was accepted.
        opened_at: When the officer first opened it.
        acknowledged_at: When the officer signed for it.
    """

    digest: Digest
    object_id: ObjectId
    relay_seq: int
    envelope: bytes
    body_name: str | None
    leaves: bytes | None
    originator: DeviceHandle
    leaf_count: int
    head_length: int
    body_size: int
    state: InboxState
    received_at: Instant
    opened_at: Instant | None = None
    acknowledged_at: Instant | None = None


class Inbox:
    """Received objects of one vault."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the inbox of ``vault``."""
        self._vault = vault

    def add(self, item: InboxItem) -> None:
        """Keep a received object.

        Raises:
            ValueError: its digest is already there.
        """
        self._vault.execute(
            "INSERT INTO inbox (digest, object_id, relay_seq, envelope, body_name, leaves,"
            " originator, leaf_count, head_length, body_size, state, received_at, opened_at,"
            " acknowledged_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.digest,
                item.object_id,
                item.relay_seq,
                item.envelope,
                item.body_name,
                item.leaves,
                item.originator,
                item.leaf_count,
                item.head_length,
                item.body_size,
                item.state.value,
                item.received_at,
                item.opened_at,
                item.acknowledged_at,
            ),
        )

    def get(self, digest: Digest) -> InboxItem | None:
        """Return one object, or nothing."""
        rows = self._vault.query("SELECT * FROM inbox WHERE digest = ?", (digest,))
        return _item(rows[0]) if rows else None

    def items(self, *, limit: int = _DEFAULT_LIMIT) -> tuple[InboxItem, ...]:
        """Return the newest objects, newest first."""
        rows = self._vault.query(
            "SELECT * FROM inbox ORDER BY received_at DESC, relay_seq DESC LIMIT ?", (limit,)
        )
        return tuple(_item(row) for row in rows)

    def matching(self, start: str) -> tuple[Digest, ...]:
        """Return the digests of objects whose digest or object id begins with these hex digits."""
        pattern = hex_pattern(start)
        rows = self._vault.query(
            "SELECT digest FROM inbox WHERE hex(digest) GLOB ? OR hex(object_id) GLOB ?"
            " ORDER BY received_at, digest",
            (pattern, pattern),
        )
        return tuple(Digest(row.octets("digest")) for row in rows)

    def attach_body(self, digest: Digest, *, body_name: str, leaves: bytes) -> None:
        """Name the published body and keep the leaf list.

        Raises:
            ValueError: there is no such object.
        """
        self._change(
            "UPDATE inbox SET body_name = ?, leaves = ? WHERE digest = ?",
            (body_name, leaves, digest),
        )

    def mark_opened(self, digest: Digest, *, at: Instant) -> None:
        """Remember the first opening; later ones change nothing here (the ledger has them).

        Raises:
            ValueError: there is no such object.
        """
        self._change(
            "UPDATE inbox SET opened_at = coalesce(opened_at, ?),"
            " state = CASE state WHEN 'received' THEN 'opened' ELSE state END WHERE digest = ?",
            (at, digest),
        )

    def mark_acknowledged(self, digest: Digest, *, at: Instant) -> None:
        """Remember that the officer signed for it; a second time changes nothing.

        Raises:
            ValueError: there is no such object.
            OutOfOrderError: ``not-opened``.
        """
        found = self.get(digest)
        if found is not None and found.state is InboxState.RECEIVED:
            raise OutOfOrderError("not-opened")
        self._change(
            "UPDATE inbox SET acknowledged_at = coalesce(acknowledged_at, ?),"
            " state = 'acknowledged' WHERE digest = ?",
            (at, digest),
        )

    def seen_claims(self, digest: Digest) -> Digest | None:
        """Return the digest of the claims under which an object was verified, or nothing."""
        rows = self._vault.query("SELECT claims_digest FROM seen WHERE digest = ?", (digest,))
        return Digest(rows[0].octets("claims_digest")) if rows else None

    def mark_seen(self, digest: Digest, claims_digest: Digest, *, at: Instant) -> None:
        """Record a verified object; the same claims again change nothing.

        Raises:
            ReplayError: ``other-claims``.
        """
        known = self.seen_claims(digest)
        if known is None:
            self._vault.execute("INSERT INTO seen VALUES (?, ?, ?)", (digest, claims_digest, at))
        elif known != claims_digest:
            raise ReplayError("other-claims")

    def _change(self, sql: str, parameters: tuple[int | str | bytes, ...]) -> None:
        if not self._vault.execute(sql, parameters):
            msg = "no such object in the inbox"
            raise ValueError(msg)


def hex_pattern(start: str) -> str:
    """Turn the beginning of an id in hex into a pattern for SQL.

    Raises:
        ValueError: ``start`` is empty or holds another character than a hex digit.
    """
    if not start or set(start.lower()) - set("0123456789abcdef"):
        msg = "an id is written in hex digits"
        raise ValueError(msg)
    return f"{start.upper()}*"


def _item(row: Row) -> InboxItem:
    return InboxItem(
        digest=Digest(row.octets("digest")),
        object_id=ObjectId(row.octets("object_id")),
        relay_seq=row.integer("relay_seq"),
        envelope=row.octets("envelope"),
        body_name=row.text_or_none("body_name"),
        leaves=row.octets_or_none("leaves"),
        originator=DeviceHandle(row.octets("originator")),
        leaf_count=row.integer("leaf_count"),
        head_length=row.integer("head_length"),
        body_size=row.integer("body_size"),
        state=row.choice("state", InboxState),
        received_at=row.instant("received_at"),
        opened_at=row.instant_or_none("opened_at"),
        acknowledged_at=row.instant_or_none("acknowledged_at"),
    )
