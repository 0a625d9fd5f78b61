"""Own policy packs of one vault: their files, and every signature that was accepted for them.

Rules:

- A name ``id@version`` is one content for ever; a further signature of the same content is kept
  beside the earlier ones.
- Only what was verified is kept; whether it may still be used is asked at each use.
- Reads run anywhere; changes need the caller's transaction.

Source: docs/spec/vault.md §4.7; docs/spec/statements.md §12.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.vault.store import Vault

__all__ = ["KeptSignature", "Packs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSignature:
    """One accepted signature of a pack.

    Attributes:
        record: The signature's file as it came.
        accepted_at: When it was verified, seconds UTC.
    """

    record: bytes
    accepted_at: Instant


class Packs:
    """Own packs of one vault. Changes need the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the packs of ``vault``."""
        self._vault = vault

    def keep(
        self, policy: str, digest: bytes, octets: bytes, *, record: bytes, accepted_at: Instant
    ) -> bool:
        """Keep a pack and a signature of it; returns whether either was new.

        Args:
            policy: ``id@version``.
            digest: Of the pack's content, 32 bytes.
            octets: The pack's file.
            record: The signature's file, verified.
            accepted_at: Seconds UTC.

        Raises:
            ValueError: another content is kept under this name; the caller has to look before.
        """
        known = self.digests().get(policy)
        if known is None:
            self._vault.execute("INSERT INTO packs VALUES (?, ?, ?)", (policy, digest, octets))
        elif known != digest:
            msg = "a name and version are one content"
            raise ValueError(msg)
        return bool(
            self._vault.execute(
                "INSERT OR IGNORE INTO pack_signatures (policy, record, accepted_at)"
                " VALUES (?, ?, ?)",
                (policy, record, accepted_at),
            )
        )

    def digests(self) -> dict[str, bytes]:
        """Return the digest of every own pack, by ``id@version``."""
        rows = self._vault.query("SELECT policy, digest FROM packs ORDER BY policy")
        return {row.text("policy"): row.octets("digest") for row in rows}

    def octets(self, policy: str) -> bytes:
        """Return a pack's file.

        Raises:
            KeyError: there is none; a programmer's mistake.
        """
        rows = self._vault.query("SELECT octets FROM packs WHERE policy = ?", (policy,))
        if not rows:
            raise KeyError(policy)
        return rows[0].octets("octets")

    def signatures(self, policy: str) -> tuple[KeptSignature, ...]:
        """Return every signature of a pack, the one accepted last first."""
        rows = self._vault.query(
            "SELECT record, accepted_at FROM pack_signatures WHERE policy = ? ORDER BY number DESC",
            (policy,),
        )
        return tuple(
            KeptSignature(record=row.octets("record"), accepted_at=row.instant("accepted_at"))
            for row in rows
        )
