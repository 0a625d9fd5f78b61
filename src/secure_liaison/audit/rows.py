"""One entry of a ledger as bytes: leaf, commitments, and the check of entries one after the other.

Rules:

- The leaf says nothing but counter, links and commitments; details stand beside it, each committed
  with 32 random bytes of its own, so a detail can be deleted and the tree still verifies.
- `ChainCheck` names the first entry that does not fit and stops there.

Source: docs/spec/audit.md §3–5; DESIGN §7.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.canonical import from_canonical, to_canonical
from secure_liaison.audit.events import (
    Event,
    decode_own,
    decode_shared,
    encode_own,
    encode_shared,
    shared_part,
)
from secure_liaison.crypto.keys import Digest, Realm, Tag, random_bytes, tagged_hash
from secure_liaison.errors import AuditInconsistentError, FormatError
from secure_liaison.transparency.merkle import CompactRange, leaf_hash

if TYPE_CHECKING:
    from secure_liaison.identity.ids import DeviceHandle

__all__ = [
    "MAX_LEAF_BYTES",
    "SALT_SIZE",
    "ChainCheck",
    "Leaf",
    "LedgerEntry",
    "LedgerRow",
    "decode_leaf",
    "encode_leaf",
    "make_row",
]

MAX_LEAF_BYTES: Final = 16 * 1024
SALT_SIZE: Final = 32
_ENTRY_ID_SIZE: Final = 16
_HANDLE_SIZE: Final = 16
_HASH_SIZE: Final = 32
_MAX_TAGS: Final = 64
_OWN: Final = Tag("secure_liaison/draft-0/ledger-own")
_SHARED: Final = Tag("secure_liaison/draft-0/ledger-shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One entry as a store keeps it.

    Attributes:
        index: From 0, without gaps.
        leaf: Canonical JSON, at most 16 KiB.
        leaf_hash: SHA-256(0x00 ‖ leaf), 32 bytes.
        own: Canonical JSON of the whole event.
        own_salt: 32 random bytes of the commitment to ``own``.
        shared: Canonical JSON of what the originator's auditors may know.
        shared_salt: 32 random bytes of the commitment to ``shared``.
        t_us: The event's time, microseconds UTC, for finding rows.
    """

    index: int
    leaf: bytes
    leaf_hash: bytes
    own: bytes
    own_salt: bytes
    shared: bytes
    shared_salt: bytes
    t_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry as it is read: where it stands and what it says."""

    index: int
    leaf_hash: Digest
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The public part of an entry.

    Attributes:
        entry_id: 16 random bytes.
        device: Handle of the desk's device, 16 bytes.
        counter: Equal to the index.
        previous: Leaf hash of the entry before, 32 bytes; empty in the first.
        tags: Pairwise agency tags, 32 bytes each; none in this version.
        own: Commitment, 32 bytes.
        shared: Commitment, 32 bytes.
    """

    entry_id: bytes
    device: bytes
    counter: int
    previous: bytes
    tags: tuple[bytes, ...]
    own: bytes
    shared: bytes


def encode_leaf(leaf: Leaf) -> bytes:
    """Return the canonical JSON of a leaf."""
    return to_canonical(
        {
            "device": leaf.device.hex(),
            "id": leaf.entry_id.hex(),
            "n": leaf.counter,
            "own": leaf.own.hex(),
            "prev": leaf.previous.hex(),
            "shared": leaf.shared.hex(),
            "tags": [tag.hex() for tag in leaf.tags],
            "v": 0,
        }
    )


def decode_leaf(data: bytes) -> Leaf:
    """Read a leaf.

    Raises:
        FormatError: as `from_canonical` and `Members`, ``ledger-leaf-version``,
            ``ledger-leaf-tags``.
    """
    members = from_canonical(data, max_bytes=MAX_LEAF_BYTES)
    if members.integer("v") != 0:
        raise FormatError("ledger-leaf-version")
    tags = members.texts("tags", max_items=_MAX_TAGS)
    if tags:  # draft-0 defines none yet; a reader that cannot check them refuses them
        raise FormatError("ledger-leaf-tags")
    leaf = Leaf(
        entry_id=members.octets("id", size=_ENTRY_ID_SIZE),
        device=members.octets("device", size=_HANDLE_SIZE),
        counter=members.integer("n"),
        previous=members.octets("prev", size=_HASH_SIZE, may_be_empty=True),
        tags=(),
        own=members.octets("own", size=_HASH_SIZE),
        shared=members.octets("shared", size=_HASH_SIZE),
    )
    members.done()
    return leaf


def make_row(event: Event, *, index: int, previous: bytes, realm: Realm) -> LedgerRow:
    """Return the row for an event that has its time and device."""
    own_salt, shared_salt = random_bytes(SALT_SIZE), random_bytes(SALT_SIZE)
    own = encode_own(event)
    shared = encode_shared(shared_part(event, own_salt, realm))
    leaf = encode_leaf(
        Leaf(
            entry_id=random_bytes(_ENTRY_ID_SIZE),
            device=bytes.fromhex(event.device),
            counter=index,
            previous=previous,
            tags=(),
            own=tagged_hash(_OWN, realm, own_salt, own),
            shared=tagged_hash(_SHARED, realm, shared_salt, shared),
        )
    )
    return LedgerRow(
        index=index,
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
        own=own,
        own_salt=own_salt,
        shared=shared,
        shared_salt=shared_salt,
        t_us=event.t_us,
    )


class ChainCheck:
    """Checks rows in their order against each other and grows the tree over them."""

    def __init__(
        self,
        *,
        realm: Realm,
        device: DeviceHandle,
        start: int,
        previous: bytes,
        grown: CompactRange | None = None,
    ) -> None:
        """Begin at index ``start``, behind the entry whose leaf hash is ``previous``.

        Args:
            realm: The federation.
            device: The desk's handle.
            start: First index.
            previous: 32 bytes; empty at index 0.
            grown: The tree over the entries before, where its root is wanted.
        """
        self._realm = realm
        self._device = device
        self._next = start
        self._previous = previous
        self._t_us = 0
        self._grown = grown

    def add(self, row: LedgerRow) -> LedgerEntry:
        """Check the next row and return what it says.

        Raises:
            AuditInconsistentError: in this order, each with ``index``: ``entry-index``,
                ``entry-leaf`` (not canonical or malformed), ``entry-leaf-hash``,
                ``entry-counter``, ``entry-device``, ``entry-previous``, ``entry-own`` and
                ``entry-shared`` (commitment), ``entry-detail`` (malformed), ``entry-parts`` (the
                two details, device or row contradict each other), ``entry-time`` (goes back).
        """
        expected = self._next
        # 1. The row stands where it says.
        if row.index != expected:
            raise AuditInconsistentError("entry-index", index=expected)
        # 2. The leaf is canonical, and its hash is the one written down.
        try:
            leaf = decode_leaf(row.leaf)
        except FormatError as exc:
            raise AuditInconsistentError("entry-leaf", index=expected) from exc
        if not hmac.compare_digest(leaf_hash(row.leaf), row.leaf_hash):
            raise AuditInconsistentError("entry-leaf-hash", index=expected)
        # 3. Counter, device and link continue those of the entry before.
        if leaf.counter != expected:
            raise AuditInconsistentError("entry-counter", index=expected)
        if leaf.device != self._device:
            raise AuditInconsistentError("entry-device", index=expected)
        if not hmac.compare_digest(leaf.previous, self._previous):
            raise AuditInconsistentError("entry-previous", index=expected)
        # 4. The details are those that were committed to, and agree.
        event = self._details(row, leaf)
        # 5. Time does not go back.
        if event.t_us < self._t_us:
            raise AuditInconsistentError("entry-time", index=expected)
        self._t_us, self._previous, self._next = event.t_us, row.leaf_hash, expected + 1
        if self._grown is not None:
            self._grown.append(row.leaf_hash)
        return LedgerEntry(index=expected, leaf_hash=Digest(row.leaf_hash), event=event)

    def _details(self, row: LedgerRow, leaf: Leaf) -> Event:
        own = tagged_hash(_OWN, self._realm, row.own_salt, row.own)
        if len(row.own_salt) != SALT_SIZE or not hmac.compare_digest(own, leaf.own):
            raise AuditInconsistentError("entry-own", index=row.index)
        shared = tagged_hash(_SHARED, self._realm, row.shared_salt, row.shared)
        if len(row.shared_salt) != SALT_SIZE or not hmac.compare_digest(shared, leaf.shared):
            raise AuditInconsistentError("entry-shared", index=row.index)
        try:
            event, told = decode_own(row.own), decode_shared(row.shared)
        except FormatError as exc:
            raise AuditInconsistentError("entry-detail", index=row.index) from exc
        if (
            told != shared_part(event, row.own_salt, self._realm)
            or event.device != leaf.device.hex()
            or event.t_us != row.t_us
        ):
            raise AuditInconsistentError("entry-parts", index=row.index)
        return event
