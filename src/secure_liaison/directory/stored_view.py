"""How a view is kept: raw evidence, verified again at the moments at which it was accepted.

Rules:

- Anchors are stored with the digits that a person typed; they are compared again.
- A snapshot that belongs to the stored book is not stored twice.
- What is written was read again first: nothing is stored that a later start could not read.

Source: docs/spec/directory.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm
from secure_liaison.directory.book import (
    MAX_BOOK_BYTES,
    Book,
    decode_book,
    encode_book,
    verify_book,
)
from secure_liaison.directory.holding import MAX_WITHDRAWN, Holding
from secure_liaison.directory.roster import (
    MAX_SNAPSHOT_BYTES,
    Snapshot,
    decode_snapshot,
    encode_snapshot,
    verify_snapshot,
)
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.anchors import (
    MAX_ANCHOR_BYTES,
    TrustedAnchor,
    accept_anchor,
    decode_anchor,
    encode_anchor,
)
from secure_liaison.identity.ids import OFFICER_ID_SIZE, OfficerId
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.encoding import Value

__all__ = ["decode_view", "encode_view"]

MAX_STATE_BYTES: Final = 2**30
MAX_AGENCIES: Final = 4096
# No state within the limits of its parts holds more: each withdrawn clearance is three values.
MAX_STATE_ITEMS: Final = MAX_AGENCIES * (3 * MAX_WITHDRAWN + 32)

_VERSION: Final = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """One agency's evidence as it was read, before it is verified."""

    trusted: TrustedAnchor
    snapshot: Snapshot | None
    snapshot_at: Instant | None
    book: Book | None
    book_at: Instant | None
    checked_at: Instant | None
    withdrawn: frozenset[tuple[OfficerId, str]]


def encode_view(realm: Realm, holdings: Iterable[Holding]) -> bytes:
    """Return the evidence of a view.

    Raises:
        FormatError: it holds more than `decode_view` reads.
    """
    ordered = sorted(holdings, key=lambda one: one.anchor.agency_id)
    items: list[Value] = [_holding_value(one) for one in ordered]
    state = encode({0: 0, 1: realm.octets, 2: items})
    _read(state)
    return state


def decode_view(state: bytes) -> tuple[Realm, list[Holding]]:
    """Read and verify the evidence of a view, at most 1 GiB.

    Raises:
        FormatError: not one canonical record.
        UnsupportedVersionError: ``unknown-version``.
        VerificationError: the evidence does not verify.
    """
    realm, stored = _read(state)
    return realm, [_verified(one) for one in stored]


def _read(state: bytes) -> tuple[Realm, list[_Stored]]:
    fields = decode_fields(state, max_bytes=MAX_STATE_BYTES, max_items=MAX_STATE_ITEMS)
    fields.version(0, supported=_VERSION)
    realm = Realm(fields.octets(1, size=DIGEST_SIZE))
    items = fields.items(2, max_items=MAX_AGENCIES)
    fields.done()
    return realm, [_read_stored(Fields(item)) for item in items]


def _holding_value(holding: Holding) -> Value:
    snapshot, book = holding.snapshot, holding.book
    apart = snapshot is not None and not holding.is_current()
    withdrawn: list[Value] = [[officer, policy] for officer, policy in sorted(holding.withdrawn)]
    return {
        1: encode_anchor(holding.anchor),
        2: holding.anchor.digits(),
        3: encode_snapshot(snapshot.raw) if apart and snapshot is not None else None,
        4: holding.snapshot_at,
        5: None if book is None else encode_book(book.raw),
        6: holding.book_at,
        7: holding.checked_at,
        8: withdrawn,
    }


def _read_stored(fields: Fields) -> _Stored:
    anchor = decode_anchor(fields.octets(1, max_size=MAX_ANCHOR_BYTES))
    trusted = accept_anchor(anchor, typed_digits=fields.text(2))
    snapshot = None if fields.is_null(3) else fields.octets(3, max_size=MAX_SNAPSHOT_BYTES)
    snapshot_at = _read_instant(fields, 4)
    book = None if fields.is_null(5) else fields.octets(5, max_size=MAX_BOOK_BYTES)
    stored = _Stored(
        trusted=trusted,
        snapshot=None if snapshot is None else decode_snapshot(snapshot),
        snapshot_at=snapshot_at,
        book=None if book is None else decode_book(book),
        book_at=_read_instant(fields, 6),
        checked_at=_read_instant(fields, 7),
        withdrawn=frozenset(
            _read_withdrawn(item) for item in fields.items(8, max_items=MAX_WITHDRAWN)
        ),
    )
    fields.done()
    return stored


def _verified(stored: _Stored) -> Holding:
    book = snapshot = None
    if stored.book is not None and stored.book_at is not None:
        book = verify_book(stored.book, stored.trusted, now=stored.book_at)
        snapshot = book.snapshot
    if stored.snapshot is not None and stored.snapshot_at is not None:
        snapshot = verify_snapshot(stored.snapshot, stored.trusted, now=stored.snapshot_at)
    return Holding(
        trusted=stored.trusted,
        snapshot=snapshot,
        snapshot_at=stored.snapshot_at,
        book=book,
        book_at=stored.book_at,
        checked_at=stored.checked_at,
        withdrawn=stored.withdrawn,
    )


def _read_instant(fields: Fields, key: int) -> Instant | None:
    return None if fields.is_null(key) else Instant(fields.integer(key, high=MAX_INSTANT))


def _read_withdrawn(item: Value) -> tuple[OfficerId, str]:
    match item:
        case [bytes(officer), str(policy)] if len(officer) == OFFICER_ID_SIZE:
            return OfficerId(officer), policy
        case _:
            raise FormatError("book-form")
