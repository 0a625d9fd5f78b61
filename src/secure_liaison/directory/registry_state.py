"""A registry's content as a value and as bytes for the vault.

Rules:

- Statements are kept as they were signed, each with its salt; a salt is kept as long as the
  statement, so that its leaf stays the same from roster to roster.
- The bytes prove nothing to anybody else; what is published is verified by `next_roster`.

Source: docs/spec/directory.md §7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.directory.book import (
    MAX_BOOK_BYTES,
    Book,
    SaltedStatement,
    decode_book,
    encode_book,
)
from secure_liaison.directory.leaf import RosterLeaf, decode_leaf
from secure_liaison.directory.page import MAX_PACKS, Roster, read_page
from secure_liaison.directory.roster import Snapshot
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, OutOfOrderError
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.contents import AccreditationContent, RegistrarContent
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
)
from secure_liaison.identity.statements import Content, SignedStatement, decode_signed

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest, KeyId
    from secure_liaison.identity.ids import OfficerId

__all__ = ["RegistryState"]

_VERSION: Final = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """Everything that registrars keep of their own agency.

    Attributes:
        anchor: The anchor file.
        registrars: The signed registrar statement of the epoch.
        leaves: Devices, ascending by handle.
        statements: Salt (32 bytes) and signed statement.
        last_roster: The roster published last, none before the first.
        minimum_packs: ``policy@version``, ascending.
    """

    anchor: bytes
    registrars: bytes
    leaves: tuple[RosterLeaf, ...] = ()
    statements: tuple[SaltedStatement, ...] = ()
    last_roster: bytes | None = None
    minimum_packs: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the registry's bytes."""
        # A registry is a book whose roster is the last one, or none yet.
        snapshot = Snapshot(
            anchor=self.anchor,
            registrars=self.registrars,
            roster=self.last_roster or b"",
            leaves=tuple(leaf.encode() for leaf in self.leaves),
        )
        book = encode_book(Book(snapshot=snapshot, statements=self.statements))
        return encode({0: 0, 1: book, 2: list(self.minimum_packs)})

    @classmethod
    def from_bytes(cls, data: bytes) -> RegistryState:
        """Read what `to_bytes` returned.

        Raises:
            FormatError: not one canonical record, or a part is not.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = decode_fields(data, max_bytes=MAX_BOOK_BYTES)
        fields.version(0, supported=_VERSION)
        book = decode_book(fields.octets(1, max_size=MAX_BOOK_BYTES))
        items = fields.items(2, max_items=MAX_PACKS)
        fields.done()
        packs = tuple(item for item in items if isinstance(item, str))
        if len(packs) != len(items):
            raise FormatError("minimum-packs")
        return cls(
            anchor=book.snapshot.anchor,
            registrars=book.snapshot.registrars,
            leaves=tuple(decode_leaf(leaf) for leaf in book.snapshot.leaves),
            statements=book.statements,
            last_roster=book.snapshot.roster or None,
            minimum_packs=packs,
        )

    def last_page(self) -> Roster | None:
        """Return the roster published last."""
        return None if self.last_roster is None else read_page(self.last_roster)

    def signed(self) -> tuple[SignedStatement, ...]:
        """Return all statements."""
        return tuple(decode_signed(data) for _, data in self.statements)

    def officers(self) -> tuple[OfficerContent, ...]:
        """Return the officers, by login."""
        contents = [one.statement.content for one in self.signed()]
        found = [content for content in contents if isinstance(content, OfficerContent)]
        return tuple(sorted(found, key=lambda content: content.login))

    def officer_by_login(self, login: str) -> OfficerContent:
        """Return the officer with this login.

        Raises:
            OutOfOrderError: ``officer-first``.
        """
        for content in self.officers():
            if content.login == login:
                return content
        raise OutOfOrderError("officer-first")

    def require_officer(self, officer: OfficerId) -> None:
        """Demand that the officer is stated.

        Raises:
            OutOfOrderError: ``officer-first``.
        """
        if all(content.officer != officer for content in self.officers()):
            raise OutOfOrderError("officer-first")

    def about(self, officer: OfficerId) -> tuple[SignedStatement, ...]:
        """Return all statements about an officer."""
        return tuple(one for one in self.signed() if _officer_of(one.statement.content) == officer)

    def active_devices(self, officer: OfficerId, *, now: Instant) -> tuple[RosterLeaf, ...]:
        """Return the officer's devices that may be used now."""
        contents = [one.statement.content for one in self.about(officer)]
        handles = {content.handle for content in contents if isinstance(content, DeviceContent)}
        return tuple(
            leaf for leaf in self.leaves if leaf.handle in handles and leaf.is_active(now=now)
        )

    def registrar_ids(self) -> frozenset[KeyId]:
        """Return the key ids of the epoch's registrars."""
        realm = open_anchor(self.anchor).realm
        content = decode_signed(self.registrars).statement.content
        keys = content.keys if isinstance(content, RegistrarContent) else ()
        return frozenset(key.key_id(realm) for key in keys)

    def with_leaf(self, leaf: RosterLeaf) -> RegistryState:
        """Return the registry with a device added, or with its new state."""
        leaves = {one.handle: one for one in self.leaves} | {leaf.handle: leaf}
        return replace(self, leaves=tuple(leaves[handle] for handle in sorted(leaves)))

    def without(self, digests: Collection[Digest]) -> RegistryState:
        """Return the registry without some statements."""
        kept = tuple(
            entry for entry in self.statements if decode_signed(entry[1]).digest not in digests
        )
        return replace(self, statements=kept)

    def replaced_by(self, signed: SignedStatement) -> frozenset[Digest]:
        """Return which statements a new one takes the place of."""
        question = _question(signed.statement.content)
        same = [
            one.digest
            for one in self.signed()
            if one.digest == signed.digest
            or (question is not None and _question(one.statement.content) == question)
        ]
        return frozenset(same)


def _officer_of(content: Content) -> OfficerId | None:
    match content:
        case OfficerContent() | DeviceContent() | ClearanceContent() | BriefingContent():
            return content.officer
        case _:
            return None


def _question(content: Content) -> Hashable:
    """Return what a statement answers, of which a book holds one answer; none where several may."""
    match content:
        case OfficerContent():
            return "officer", content.officer
        case DeviceContent():
            return "device", content.handle
        case ClearanceContent():
            return "clearance", content.officer, content.policy
        case BriefingContent():
            return "briefing", content.officer, content.topic
        case AccreditationContent():
            return "accreditation", content.policy, content.scope, content.target
        case _:
            return None
