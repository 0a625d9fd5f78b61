"""Small things a desk remembers: settings, the directory's evidence, anchors compared by a person.

Rules:

- Reads run anywhere; writes need the caller's transaction.
- The directory's state is kept as the bytes that came, and is verified again whenever it is loaded.

Source: docs/spec/vault.md §4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.identity.ids import AgencyId

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["Pairing", "Records"]

_DIRECTORY: Final = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """An agency whose anchor a person compared by its digits.

    Attributes:
        agency: 32 bytes.
        anchor: The signed anchor as it came.
        accepted_at: When the digits were typed.
        accepted_by: Login of the officer who typed them.
    """

    agency: AgencyId
    anchor: bytes
    accepted_at: Instant
    accepted_by: str


class Records:
    """Settings, directory state and pairings of one vault."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the records of ``vault``."""
        self._vault = vault

    def setting(self, name: str) -> str | None:
        """Return a setting, or nothing if it was never set."""
        rows = self._vault.query("SELECT value FROM settings WHERE name = ?", (name,))
        return rows[0].text("value") if rows else None

    def settings(self) -> dict[str, str]:
        """Return all settings by name."""
        rows = self._vault.query("SELECT name, value FROM settings ORDER BY name")
        return {row.text("name"): row.text("value") for row in rows}

    def set_setting(self, name: str, value: str) -> None:
        """Set or replace a setting."""
        self._vault.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def document(self, name: str) -> bytes | None:
        """Return bytes kept under ``name``, or nothing."""
        rows = self._vault.query("SELECT octets FROM documents WHERE name = ?", (name,))
        return rows[0].octets("octets") if rows else None

    def set_document(self, name: str, octets: bytes) -> None:
        """Keep bytes under ``name``, replacing what was there."""
        self._vault.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (name, octets))

    def directory_state(self) -> bytes | None:
        """Return the directory's evidence, or nothing on a new desk."""
        return self.document(_DIRECTORY)

    def set_directory_state(self, state: bytes) -> None:
        """Replace the directory's evidence."""
        self.set_document(_DIRECTORY, state)

    def remember_pairing(self, pairing: Pairing) -> None:
        """Remember a compared anchor; a later comparison of the same agency replaces it."""
        self._vault.execute(
            "INSERT OR REPLACE INTO pairings VALUES (?, ?, ?, ?)",
            (pairing.agency, pairing.anchor, pairing.accepted_at, pairing.accepted_by),
        )

    def pairing(self, agency: AgencyId) -> Pairing | None:
        """Return the comparison of one agency's anchor, or nothing."""
        rows = self._vault.query("SELECT * FROM pairings WHERE agency = ?", (agency,))
        return _pairing(rows[0]) if rows else None

    def pairings(self) -> tuple[Pairing, ...]:
        """Return all comparisons, oldest first."""
        rows = self._vault.query("SELECT * FROM pairings ORDER BY accepted_at, agency")
        return tuple(_pairing(row) for row in rows)


def _pairing(row: Row) -> Pairing:
    return Pairing(
        agency=AgencyId(row.octets("agency")),
        anchor=row.octets("anchor"),
        accepted_at=row.instant("accepted_at"),
        accepted_by=row.text("accepted_by"),
    )
