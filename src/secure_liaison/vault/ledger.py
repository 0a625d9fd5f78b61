"""The ledger's rows in the vault: they commit or roll back with what they tell about.

Rules:

- Rows are added at the end only; the database itself refuses to change or delete one.
- Nothing is remembered between two calls, so a rolled-back transaction leaves no trace.

Source: docs/spec/vault.md §4.5; docs/spec/audit.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.audit.ledger import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["VaultLedgerStore"]

_STATE: Final = "ledger-range"
_BATCH: Final = 256


class VaultLedgerStore:
    """A `LedgerStore` whose changes need the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the ledger of ``vault``."""
        self._vault = vault

    def append(self, row: LedgerRow) -> None:
        """Keep a row.

        Raises:
            ValueError: its index is not `size`.
            RuntimeError: outside a transaction.
        """
        if row.index != self.size():
            msg = f"row {row.index} after {self.size()} rows"
            raise ValueError(msg)
        self._vault.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.index,
                row.leaf,
                row.leaf_hash,
                row.own,
                row.own_salt,
                row.shared,
                row.shared_salt,
                row.t_us,
            ),
        )

    def rows(self, start: int, stop: int) -> Iterator[LedgerRow]:
        """Yield the rows ``start <= index < stop`` in order, in constant memory."""
        while start < stop:
            rows = self._vault.query(
                "SELECT * FROM ledger WHERE position >= ? AND position < ?"
                " ORDER BY position LIMIT ?",
                (start, stop, _BATCH),
            )
            if not rows:
                return
            for row in rows:
                yield _row(row)
            start += len(rows)

    def size(self) -> int:
        """Return the number of rows."""
        rows = self._vault.query("SELECT coalesce(max(position) + 1, 0) AS size FROM ledger")
        return rows[0].integer("size")

    def range_state(self) -> bytes:
        """Return what was set last; empty where nothing was."""
        rows = self._vault.query("SELECT octets FROM documents WHERE name = ?", (_STATE,))
        return rows[0].octets("octets") if rows else b""

    def set_range_state(self, state: bytes) -> None:
        """Keep the state of the tree."""
        self._vault.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (_STATE, state))


def _row(row: Row) -> LedgerRow:
    return LedgerRow(
        index=row.integer("position"),
        leaf=row.octets("leaf"),
        leaf_hash=row.octets("leaf_hash"),
        own=row.octets("own"),
        own_salt=row.octets("own_salt"),
        shared=row.octets("shared"),
        shared_salt=row.octets("shared_salt"),
        t_us=row.integer("t_us"),
    )
