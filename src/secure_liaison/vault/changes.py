"""What became of the labels of received objects, in the order in which it counts.

Rules:

- A change that counts has a number and keeps it; one that waits has none yet.
- Reads run anywhere; changes need the caller's transaction.

Source: docs/spec/vault.md §4.7; docs/spec/determination.md §11.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.crypto.keys import Digest

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["KeptChange", "LabelChanges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChange:
    """One change as it was taken in.

    Attributes:
        notice: D of the notice that carried it, 32 bytes.
        about: D of the object, 32 bytes.
        record: As it came (docs/spec/determination.md §11.1).
        number: Its place among the changes of the object that count, from 1; none while it waits.
        taken_at: When it was taken in, seconds UTC.
    """

    notice: Digest
    about: Digest
    record: bytes
    number: int | None
    taken_at: Instant


class LabelChanges:
    """Changes of labels in one vault."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the changes of ``vault``."""
        self._vault = vault

    def keep(self, change: KeptChange) -> None:
        """Keep one change.

        Raises:
            ValueError: its notice is kept already, the inbox lacks one of the two objects, or
                another change has its number.
        """
        self._vault.execute(
            "INSERT INTO label_changes (notice, about, record, number, taken_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (change.notice, change.about, change.record, change.number, change.taken_at),
        )

    def count(self, notice: Digest, *, number: int) -> None:
        """Let a change that waited count from now on.

        Raises:
            ValueError: it is not there, counts already, or another has that number.
        """
        sql = "UPDATE label_changes SET number = ? WHERE notice = ? AND number IS NULL"
        if not self._vault.execute(sql, (number, notice)):
            msg = "no such change that waits"
            raise ValueError(msg)

    def counted(self, about: Digest) -> tuple[KeptChange, ...]:
        """Return the changes of one object that count, in order."""
        rows = self._vault.query(
            "SELECT * FROM label_changes WHERE about = ? AND number IS NOT NULL ORDER BY number",
            (about,),
        )
        return tuple(_change(row) for row in rows)

    def waiting(self, about: Digest) -> tuple[KeptChange, ...]:
        """Return the changes of one object that wait, as they were taken in."""
        rows = self._vault.query(
            "SELECT * FROM label_changes WHERE about = ? AND number IS NULL"
            " ORDER BY taken_at, notice",
            (about,),
        )
        return tuple(_change(row) for row in rows)


def _change(row: Row) -> KeptChange:
    return KeptChange(
        notice=Digest(row.octets("notice")),
        about=Digest(row.octets("about")),
        record=row.octets("record"),
        number=row.integer_or_none("number"),
        taken_at=row.instant("taken_at"),
    )
