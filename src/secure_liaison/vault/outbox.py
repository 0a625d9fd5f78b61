"""What still has to go out.

Rules:

- A row is written in the transaction that keeps the sealed object; the network follows it.
- Sending may be repeated safely, so a row becomes sent only after the relay's answer was checked.

Can I?

==============  ======  =====  =======
operation       queued  sent   refused
==============  ======  =====  =======
``queue``       no-op   no-op  yes (queued again)
``postpone``    yes     no     no
``mark_sent``   yes     no-op  yes
``refuse``      yes     no     no-op
==============  ======  =====  =======

Each "no" is a programmer's mistake: ``ValueError``.

Source: docs/spec/vault.md §4.2; DESIGN §3 rule 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest
from secure_liaison.vault.sent import kind_of

if TYPE_CHECKING:
    from secure_liaison.capsule.core import ObjectKind
    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["Outbox", "OutboxRow", "OutboxState"]

_DEFAULT_LIMIT: Final = 100


class OutboxState(Enum):
    """How far one submission is."""

    QUEUED = "queued"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One submission.

    Attributes:
        digest: D of the object in `Sent`, 32 bytes.
        kind: What it is.
        state: How far it is.
        reason: Code under which the relay refused it; empty otherwise.
        tries: Attempts that failed.
        next_try: Not before this moment.
    """

    digest: Digest
    kind: ObjectKind
    state: OutboxState
    reason: str
    tries: int
    next_try: Instant


class Outbox:
    """Submissions of one vault. Changes need the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the outbox of ``vault``."""
        self._vault = vault

    def queue(self, digest: Digest, kind: ObjectKind, *, next_try: Instant) -> None:
        """Queue an object of `Sent`; a refused one is queued again.

        Raises:
            ValueError: `Sent` does not hold the object.
        """
        self._vault.execute(
            "INSERT INTO outbox VALUES (?, ?, 'queued', '', 0, ?)"
            " ON CONFLICT (digest) DO UPDATE SET state = 'queued', reason = '',"
            " next_try = excluded.next_try WHERE state = 'refused'",
            (digest, kind.name.lower(), next_try),
        )

    def get(self, digest: Digest) -> OutboxRow | None:
        """Return one row, or nothing."""
        rows = self._vault.query("SELECT * FROM outbox WHERE digest = ?", (digest,))
        return _row(rows[0]) if rows else None

    def due(self, now: Instant, *, limit: int = _DEFAULT_LIMIT) -> tuple[OutboxRow, ...]:
        """Return queued rows whose moment has come, the longest waiting first."""
        rows = self._vault.query(
            "SELECT * FROM outbox WHERE state = 'queued' AND next_try <= ?"
            " ORDER BY next_try, digest LIMIT ?",
            (now, limit),
        )
        return tuple(_row(row) for row in rows)

    def waiting(self) -> int:
        """Return how many rows are queued, due or not."""
        rows = self._vault.query("SELECT count(*) AS n FROM outbox WHERE state = 'queued'")
        return rows[0].integer("n")

    def postpone(self, digest: Digest, *, next_try: Instant) -> None:
        """Count a failed attempt and wait until ``next_try``.

        Raises:
            ValueError: the row is not queued.
        """
        self._change(
            "UPDATE outbox SET tries = tries + 1, next_try = ?"
            " WHERE digest = ? AND state = 'queued'",
            (next_try, digest),
        )

    def mark_sent(self, digest: Digest) -> None:
        """Record the relay's checked answer.

        Raises:
            ValueError: there is no such row.
        """
        self._change("UPDATE outbox SET state = 'sent', reason = '' WHERE digest = ?", (digest,))

    def refuse(self, digest: Digest, reason: str) -> None:
        """Record that the relay refused it for good.

        Raises:
            ValueError: there is no such row, or it is sent.
        """
        self._change(
            "UPDATE outbox SET state = 'refused', reason = ? WHERE digest = ? AND state <> 'sent'",
            (reason, digest),
        )

    def _change(self, sql: str, parameters: tuple[int | str | bytes, ...]) -> None:
        if not self._vault.execute(sql, parameters):
            msg = "the outbox has no such row in that state"
            raise ValueError(msg)


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        digest=Digest(row.octets("digest")),
        kind=kind_of(row),
        state=row.choice("state", OutboxState),
        reason=row.text("reason"),
        tries=row.integer("tries"),
        next_try=row.instant("next_try"),
    )
