"""How a view is kept: raw evidence, verified again at the moments at which it was accepted.

Rules:

- Anchors are stored with the digits that a person typed; they are compared again.
- A snapshot that belongs to the stored book is not stored twice.

Source: docs/spec/directory.md §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm
from secure_liaison.directory.book import MAX_BOOK_BYTES, decode_book, encode_book, verify_book
from secure_liaison.directory.holding import Holding
from secure_liaison.directory.roster import (
    MAX_SNAPSHOT_BYTES,
    decode_snapshot,
    encode_snapshot,
    verify_snapshot,
)
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.anchors import (
    MAX_ANCHOR_BYTES,
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

_VERSION: Final = frozenset({0})


def encode_view(realm: Realm, holdings: Iterable[Holding]) -> bytes:
    """Return the evidence of a view."""
    ordered = sorted(holdings, key=lambda one: one.anchor.agency_id)
    items: list[Value] = [_holding_value(one) for one in ordered]
    return encode({0: 0, 1: realm.octets, 2: items})


def decode_view(state: bytes) -> tuple[Realm, list[Holding]]:
    """Read and verify the evidence of a view, at most 1 GiB.

    Raises:
        FormatError: not one canonical record.
        UnsupportedVersionError: ``unknown-version``.
        VerificationError: the evidence does not verify.
    """
    fields = decode_fields(state, max_bytes=MAX_STATE_BYTES)
    fields.version(0, supported=_VERSION)
    realm = Realm(fields.octets(1, size=DIGEST_SIZE))
    items = fields.items(2, max_items=MAX_AGENCIES)
    fields.done()
    return realm, [_read_holding(Fields(item)) for item in items]


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


def _read_holding(fields: Fields) -> Holding:
    anchor = decode_anchor(fields.octets(1, max_size=MAX_ANCHOR_BYTES))
    trusted = accept_anchor(anchor, typed_digits=fields.text(2))
    raw_snapshot = None if fields.is_null(3) else fields.octets(3, max_size=MAX_SNAPSHOT_BYTES)
    snapshot_at = _read_instant(fields, 4)
    raw_book = None if fields.is_null(5) else fields.octets(5, max_size=MAX_BOOK_BYTES)
    book_at = _read_instant(fields, 6)
    checked_at = _read_instant(fields, 7)
    withdrawn = frozenset(_read_withdrawn(item) for item in fields.items(8))
    fields.done()
    book = snapshot = None
    if raw_book is not None and book_at is not None:
        book = verify_book(decode_book(raw_book), trusted, now=book_at)
        snapshot = book.snapshot
    if raw_snapshot is not None and snapshot_at is not None:
        snapshot = verify_snapshot(decode_snapshot(raw_snapshot), trusted, now=snapshot_at)
    return Holding(
        trusted=trusted,
        snapshot=snapshot,
        snapshot_at=snapshot_at,
        book=book,
        book_at=book_at,
        checked_at=checked_at,
        withdrawn=withdrawn,
    )


def _read_instant(fields: Fields, key: int) -> Instant | None:
    return None if fields.is_null(key) else Instant(fields.integer(key, high=MAX_INSTANT))


def _read_withdrawn(item: Value) -> tuple[OfficerId, str]:
    match item:
        case [bytes(officer), str(policy)] if len(officer) == OFFICER_ID_SIZE:
            return OfficerId(officer), policy
        case _:
            raise FormatError("book-form")
