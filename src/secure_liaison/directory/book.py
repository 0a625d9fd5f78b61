"""A book: a snapshot with all statements in force, from registrar to registrar and own desks.

Rules:

- It holds names, posts and clearances, so it never goes to a relay.
- The roster's signatures cover both roots; the book needs no signature of its own.
- Every statement verifies by signature, and together they leave no ambiguity: one officer for a
  login, one owner for a device, one clearance for an officer and policy.
- Periods are judged when a statement is used; an expired one does not spoil the book.

Source: docs/spec/directory.md §5.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import require_equal
from secure_liaison.directory.book_index import BookIndex, index_statements
from secure_liaison.directory.page import MAX_STATEMENTS, SALT_SIZE, blinded_leaf
from secure_liaison.directory.roster import (
    MAX_SNAPSHOT_BYTES,
    Snapshot,
    VerifiedSnapshot,
    decode_snapshot,
    encode_snapshot,
    verify_snapshot,
)
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import CredentialError, FormatError, TamperedError
from secure_liaison.identity.chain import verify_issuer
from secure_liaison.identity.contents import AgreementContent
from secure_liaison.identity.officer_contents import DeviceContent
from secure_liaison.identity.statements import MAX_STATEMENT_BYTES, SignedStatement, decode_signed
from secure_liaison.transparency.merkle import root_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.crypto.signing import VerifyKey
    from secure_liaison.encoding import Value
    from secure_liaison.identity.anchors import Anchor, TrustedAnchor

__all__ = [
    "MAX_BOOK_BYTES",
    "Book",
    "SaltedStatement",
    "VerifiedBook",
    "build_book",
    "decode_book",
    "encode_book",
    "in_leaf_order",
    "verify_book",
]

MAX_BOOK_BYTES: Final = 128 * 2**20
MAX_BOOK_ITEMS: Final = 4 * MAX_STATEMENTS

_VERSION: Final = frozenset({0})
_MINT: Final = object()

SaltedStatement = tuple[bytes, bytes]
"""32 random bytes, and the signed statement that they blind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The raw parts; parsed, not verified.

    Attributes:
        snapshot: What everyone may see.
        statements: Salt (32 bytes) and signed statement, ascending by blinded leaf.
    """

    snapshot: Snapshot
    statements: tuple[SaltedStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBook:
    """A book that proved itself; made by `verify_book` only.

    Attributes:
        snapshot: The verified snapshot.
        index: Its statements by what they are about.
        raw: What was verified.
    """

    snapshot: VerifiedSnapshot
    index: BookIndex
    raw: Book
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only verify_book makes a VerifiedBook"
            raise TypeError(msg)


def build_book(snapshot: Snapshot, statements: Iterable[SaltedStatement]) -> Book:
    """Put a snapshot and its statements together, in the order of the format.

    Raises:
        FormatError: a statement is not one canonical record.
    """
    ordered = in_leaf_order((salt, data, decode_signed(data)) for salt, data in statements)
    return Book(snapshot=snapshot, statements=tuple((salt, data) for _, salt, data, _ in ordered))


def in_leaf_order(
    statements: Iterable[tuple[bytes, bytes, SignedStatement]],
) -> list[tuple[bytes, bytes, bytes, SignedStatement]]:
    """Return (blinded leaf, salt, bytes, statement), ascending by blinded leaf."""
    return sorted(
        ((_leaf(signed, salt), salt, data, signed) for salt, data, signed in statements),
        key=lambda entry: entry[0],
    )


def encode_book(book: Book) -> bytes:
    """Return the book's bytes."""
    statements: list[Value] = [[salt, data] for salt, data in book.statements]
    return encode({0: 0, 1: encode_snapshot(book.snapshot), 2: statements})


def decode_book(data: bytes) -> Book:
    """Read a book of at most 128 MiB; nothing is verified yet.

    Raises:
        FormatError: not one canonical record, ``leaf-form`` or ``book-form``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_BOOK_BYTES, max_items=MAX_BOOK_ITEMS)
    fields.version(0, supported=_VERSION)
    snapshot = decode_snapshot(fields.octets(1, max_size=MAX_SNAPSHOT_BYTES))
    statements = tuple(_pair(item) for item in fields.items(2, max_items=MAX_STATEMENTS))
    fields.done()
    return Book(snapshot=snapshot, statements=statements)


def verify_book(book: Book, anchor: TrustedAnchor | Anchor, *, now: Instant) -> VerifiedBook:
    """Verify a book against an agency's anchor at one moment.

    The other party's signatures on agreements are left to the view, which knows its registrars.

    Raises:
        LiaisonError: as `verify_snapshot`.
        FormatError: a statement is malformed.
        CredentialError: ``other-realm``.
        FormatError: ``book-order``.
        TamperedError: ``statement-root``.
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.
        CredentialError: ``book-twice``, ``book-officer``, ``book-device``, ``book-endorsement``.

    Source: docs/spec/directory.md §5.
    """
    # 1. The snapshot.
    snapshot = verify_snapshot(book.snapshot, anchor, now=now)
    # 2. All statements of the roster, and no others.
    signed = [decode_signed(data) for _, data in book.statements]
    realm = snapshot.roster.realm
    _require_realm(signed, realm)
    salts = [salt for salt, _ in book.statements]
    leaves = [_leaf(one, salt) for one, salt in zip(signed, salts, strict=True)]
    if any(a >= b for a, b in pairwise(leaves)):
        raise FormatError("book-order")
    if len(leaves) != snapshot.roster.statement_count:
        raise TamperedError("statement-root")
    require_equal(snapshot.roster.statement_root, root_of(leaves), "statement-root")
    # 3. Each by its issuer.
    for one in signed:
        _verify_issuer(one, snapshot)
    # 4. Together without ambiguity.
    index = index_statements(signed, snapshot)
    return VerifiedBook(snapshot=snapshot, index=index, raw=book, mint=_MINT)


def _verify_issuer(signed: SignedStatement, snapshot: VerifiedSnapshot) -> None:
    registrars = snapshot.registrars
    content = signed.statement.content
    if isinstance(content, AgreementContent):
        own = tuple(pair for pair in signed.signatures if pair[0] in registrars.key_ids)
        verify_issuer(replace(signed, signatures=own), registrars)
    elif isinstance(content, DeviceContent):
        endorsers = _endorsing_keys(content, snapshot)
        signed_by = verify_issuer(signed, registrars, cosigners=endorsers)
        if not set(content.endorsed_by) <= signed_by:
            raise CredentialError("book-endorsement")
    else:
        verify_issuer(signed, registrars)


def _endorsing_keys(content: DeviceContent, snapshot: VerifiedSnapshot) -> list[VerifyKey]:
    handles = [snapshot.by_signing_key.get(key_id) for key_id in content.endorsed_by]
    keys = [snapshot.leaves[handle].signing_key for handle in handles if handle is not None]
    if len(keys) != len(handles):
        raise CredentialError("book-endorsement")
    return keys


def _leaf(signed: SignedStatement, salt: bytes) -> bytes:
    return blinded_leaf(signed.statement.realm, salt, signed.digest)


def _require_realm(signed: Iterable[SignedStatement], realm: Realm) -> None:
    if any(one.statement.realm != realm for one in signed):
        raise CredentialError("other-realm")


def _pair(item: Value) -> SaltedStatement:
    match item:
        case [bytes(salt), bytes(data)] if (
            len(salt) == SALT_SIZE and len(data) <= MAX_STATEMENT_BYTES
        ):
            return salt, data
        case _:
            raise FormatError("book-form")
