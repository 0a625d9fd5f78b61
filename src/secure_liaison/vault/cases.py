"""Cases on this desk: the signed acts in order, and when each was first known to exist.

Rules:

- A case only grows: an act is added at the end, and neither it nor its proven time changes.
- The key that verified an act is kept with it, so an act once accepted stays readable after its
  device was retired.
- Reads run anywhere; changes need the caller's transaction.

Source: docs/spec/vault.md §4.6; docs/spec/determination.md §10.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest, Realm, Tag, tagged_hash
from secure_liaison.encoding import decode, encode
from secure_liaison.identity.authority_record import (
    MAX_AUTHORITY_BYTES,
    AuthorityContent,
    AuthorityFile,
    AuthorityKind,
    read_content,
)
from secure_liaison.labels.adopted import AdoptedCatalogue
from secure_liaison.vault.inbox import hex_pattern

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["CaseObject", "Cases", "KeptAct"]

_RECORD: Final = Tag("secure_liaison/draft-0/authority-record")
_NO_REALM: Final = Realm(bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAct:
    """One act of a case as it was accepted.

    Attributes:
        digest: Of the act, 32 bytes.
        record: The signed record as it came.
        verify_key: The device's key that verified it, 1984 bytes.
        proven_at: The earliest moment at which it is known to have existed, seconds UTC.
    """

    digest: Digest
    record: bytes
    verify_key: bytes
    proven_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseObject:
    """An object sent under a case.

    Attributes:
        digest: D of the object in `Sent`, 32 bytes.
        notice: Digest of the notice that it carries; nothing if it carries content.
        about: D of the object that the notice is about; nothing if it carries content.
    """

    digest: Digest
    notice: Digest | None = None
    about: Digest | None = None


class Cases:
    """Cases of one vault. Changes need the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the cases of ``vault``."""
        self._vault = vault

    def add(self, case_id: bytes, act: KeptAct) -> None:
        """Keep the next act of a case.

        Raises:
            ValueError: the act is kept already.
        """
        self._vault.execute(
            "INSERT INTO case_acts VALUES (?, ?, ?, ?, ?, ?)",
            (
                case_id,
                len(self.acts(case_id)),
                act.digest,
                act.record,
                act.verify_key,
                act.proven_at,
            ),
        )

    def acts(self, case_id: bytes) -> tuple[KeptAct, ...]:
        """Return every act of a case in order; none if the case is unknown."""
        rows = self._vault.query(
            "SELECT * FROM case_acts WHERE case_id = ? ORDER BY number", (case_id,)
        )
        return tuple(_act(row) for row in rows)

    def ids(self) -> tuple[bytes, ...]:
        """Return the id of every case, the one with the newest act first."""
        rows = self._vault.query(
            "SELECT case_id, max(proven_at) AS newest FROM case_acts GROUP BY case_id"
            " ORDER BY newest DESC, case_id"
        )
        return tuple(row.octets("case_id") for row in rows)

    def matching(self, start: str) -> tuple[bytes, ...]:
        """Return the ids of the cases whose id begins with these hex digits.

        Raises:
            ValueError: ``start`` is empty or holds another character than a hex digit.
        """
        rows = self._vault.query(
            "SELECT DISTINCT case_id FROM case_acts WHERE hex(case_id) GLOB ? ORDER BY case_id",
            (hex_pattern(start),),
        )
        return tuple(row.octets("case_id") for row in rows)

    def keep_authority(
        self, file: AuthorityFile, content: AuthorityContent, *, accepted_at: Instant
    ) -> bool:
        """Keep what registrars signed, verified; returns whether it was new."""
        digest = tagged_hash(_RECORD, _NO_REALM, file.kind.value, encode(content.to_value()))
        return bool(
            self._vault.execute(
                "INSERT OR IGNORE INTO authority_records VALUES (?, ?, ?, ?, ?)",
                (digest, file.kind.value, encode(content.to_value()), file.record, accepted_at),
            )
        )

    def authority(self) -> tuple[AuthorityContent, ...]:
        """Return who may determine as registrars signed it and this desk accepted it, in order."""
        rows = self._vault.query(
            "SELECT * FROM authority_records WHERE kind <> ? ORDER BY accepted_at, digest",
            (AuthorityKind.CATALOGUE.value,),
        )
        return tuple(_content(row) for row in rows)

    def catalogues(self) -> tuple[AdoptedCatalogue, ...]:
        """Return every catalogue that registrars signed and this desk accepted, in order."""
        rows = self._vault.query(
            "SELECT * FROM authority_records WHERE kind = ? ORDER BY accepted_at, digest",
            (AuthorityKind.CATALOGUE.value,),
        )
        found = [_content(row) for row in rows]
        return tuple(each for each in found if isinstance(each, AdoptedCatalogue))

    def add_object(self, case_id: bytes, sent: CaseObject) -> None:
        """Remember under which case an object was sent, and which notice it carries if any.

        Raises:
            ValueError: `Sent` does not hold the object, or it is remembered already.
        """
        self._vault.execute(
            "INSERT INTO case_objects VALUES (?, ?, ?, ?)",
            (sent.digest, case_id, sent.notice, sent.about),
        )

    def objects(self, case_id: bytes) -> tuple[CaseObject, ...]:
        """Return every object that was sent under a case, its notices among them."""
        rows = self._vault.query(
            "SELECT * FROM case_objects WHERE case_id = ? ORDER BY digest", (case_id,)
        )
        return tuple(_object(row) for row in rows)

    def with_objects(self) -> tuple[bytes, ...]:
        """Return the id of every case under which something was sent, in a fixed order."""
        rows = self._vault.query("SELECT DISTINCT case_id FROM case_objects ORDER BY case_id")
        return tuple(row.octets("case_id") for row in rows)

    def case_of(self, digest: Digest) -> bytes | None:
        """Return the case under which an object was sent, or nothing."""
        rows = self._vault.query("SELECT case_id FROM case_objects WHERE digest = ?", (digest,))
        return rows[0].octets("case_id") if rows else None


def _content(row: Row) -> AuthorityContent:
    return read_content(
        AuthorityKind(row.integer("kind")),
        decode(row.octets("content"), max_bytes=MAX_AUTHORITY_BYTES),
    )


def _act(row: Row) -> KeptAct:
    return KeptAct(
        digest=Digest(row.octets("digest")),
        record=row.octets("record"),
        verify_key=row.octets("verify_key"),
        proven_at=row.instant("proven_at"),
    )


def _object(row: Row) -> CaseObject:
    notice, about = row.octets_or_none("notice"), row.octets_or_none("about")
    return CaseObject(
        digest=Digest(row.octets("digest")),
        notice=None if notice is None else Digest(notice),
        about=None if about is None else Digest(about),
    )
