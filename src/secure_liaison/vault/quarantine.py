"""What came and could not be accepted: kept with its typed error, never shown.

Rules:

- An object that could be parsed has a row of its own with its envelope, so that it can be tried
  again when the cause is gone (a roster that had not arrived).
- What could not be parsed leaves no bytes: one row per error and sender counts it, so a flood costs
  one row.

Source: docs/spec/vault.md §4.3; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.errors import LiaisonError
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["Quarantine", "QuarantineRow"]

_DEFAULT_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """One refused object, or one flood.

    Attributes:
        digest: D, or the digest of the first envelope where D could not be computed; 32 bytes.
        sender: Handle of the sending device as far as known, else empty.
        code: Code of the error (``verification.signature``).
        reason: Its reason; ``error.<code>.<reason>`` is the sentence's key.
        envelope: What came; absent for a flood.
        size_bytes: All that was counted here.
        first_at: When it first came.
        last_at: When it last came.
        times: How often it came.
        policy: ``id@version`` of the pack that it lacks, where it lacks one. The sender says so,
            and nobody has verified the sender.
    """

    digest: Digest
    sender: bytes
    code: str
    reason: str
    envelope: bytes | None
    size_bytes: int
    first_at: Instant
    last_at: Instant
    times: int
    policy: str = ""


class Quarantine:
    """Refused objects of one vault. Changes need the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the quarantine of ``vault``."""
        self._vault = vault

    def add_object(
        self, digest: Digest, error: LiaisonError, *, envelope: bytes, sender: bytes, at: Instant
    ) -> None:
        """Keep a parsed object with what refused it; the newest error replaces an older one."""
        self._vault.execute(
            "INSERT INTO quarantine (digest, sender, code, reason, envelope, size_bytes, first_at,"
            " last_at, policy, times) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
            " ON CONFLICT (digest) WHERE envelope IS NOT NULL DO UPDATE SET"
            " code = excluded.code, reason = excluded.reason, envelope = excluded.envelope,"
            " sender = excluded.sender, size_bytes = excluded.size_bytes,"
            " last_at = excluded.last_at, policy = excluded.policy, times = times + 1",
            (
                digest,
                sender,
                error.code,
                error.reason,
                envelope,
                len(envelope),
                at,
                at,
                str(error.facts.get("policy", "")),
            ),
        )

    def count_unreadable(
        self, digest: Digest, error: LiaisonError, *, size_bytes: int, sender: bytes, at: Instant
    ) -> None:
        """Count bytes that could not be parsed, by error and sender."""
        self._vault.execute(
            "INSERT INTO quarantine (digest, sender, code, reason, envelope, size_bytes, first_at,"
            " last_at, times) VALUES (?, ?, ?, ?, NULL, ?, ?, ?, 1)"
            " ON CONFLICT (code, reason, sender) WHERE envelope IS NULL DO UPDATE SET"
            " size_bytes = size_bytes + excluded.size_bytes,"
            " last_at = excluded.last_at, times = times + 1",
            (digest, sender, error.code, error.reason, size_bytes, at, at),
        )

    def rows(self, *, limit: int = _DEFAULT_LIMIT) -> tuple[QuarantineRow, ...]:
        """Return the newest rows, newest first."""
        rows = self._vault.query(
            "SELECT * FROM quarantine ORDER BY last_at DESC, id DESC LIMIT ?", (limit,)
        )
        return tuple(_row(row) for row in rows)

    def kept(self) -> int:
        """Return how many parsed objects lie here, without reading them."""
        rows = self._vault.query("SELECT count(*) AS n FROM quarantine WHERE envelope IS NOT NULL")
        return rows[0].integer("n")

    def of_cause(self, error: LiaisonError, *, since: Instant) -> int:
        """Return how many rows of one cause changed after ``since``, without reading them."""
        rows = self._vault.query(
            "SELECT count(*) AS n FROM quarantine WHERE code = ? AND reason = ? AND last_at > ?",
            (error.code, error.reason, since),
        )
        return rows[0].integer("n")

    def get(self, digest: Digest) -> QuarantineRow | None:
        """Return a parsed object's row, or nothing."""
        rows = self._vault.query(
            "SELECT * FROM quarantine WHERE digest = ? AND envelope IS NOT NULL", (digest,)
        )
        return _row(rows[0]) if rows else None

    def release(self, digest: Digest) -> None:
        """Forget a parsed object's row, in the transaction that accepts the object."""
        self._vault.execute(
            "DELETE FROM quarantine WHERE digest = ? AND envelope IS NOT NULL", (digest,)
        )


def _row(row: Row) -> QuarantineRow:
    return QuarantineRow(
        digest=Digest(row.octets("digest")),
        sender=row.octets("sender"),
        code=row.text("code"),
        reason=row.text("reason"),
        envelope=row.octets_or_none("envelope"),
        size_bytes=row.integer("size_bytes"),
        first_at=row.instant("first_at"),
        last_at=row.instant("last_at"),
        times=row.integer("times"),
        policy=row.text("policy"),
    )
