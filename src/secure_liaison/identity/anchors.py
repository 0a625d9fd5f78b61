"""The root of an agency: a realm's charter, an anchor file, and the digits people compare.

Rules:

- The exercise flag is inside the charter, the charter inside the realm's id, the id inside every
  frame: exercise and real traffic cannot be taken for each other.
- An anchor's own signatures prove possession of the keys. Trust comes only from a person who
  compared all 40 digits; only `accept_anchor` makes a `TrustedAnchor`.

Source: docs/spec/statements.md §4, §5.
"""

from __future__ import annotations

import hmac
from dataclasses import InitVar, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Realm, Tag, tagged_hash
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, TamperedError, UnsupportedVersionError
from secure_liaison.identity.ids import AgencyId
from secure_liaison.identity.key_list import MAX_KEYS, read_keys, require_key_order
from secure_liaison.identity.names import Names, require_code, require_name
from secure_liaison.identity.records import (
    decode_record,
    encode_record,
    require_signers,
    sign_record,
    verify_signatures,
)
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = [
    "MAX_ANCHOR_BYTES",
    "Anchor",
    "RealmCharter",
    "TrustedAnchor",
    "accept_anchor",
    "decimal_groups",
    "decode_anchor",
    "decode_charter",
    "encode_anchor",
    "encode_charter",
    "open_anchor",
    "sign_anchor",
]

MAX_ANCHOR_BYTES: Final = 64 * 1024
MAX_CHARTER_BYTES: Final = 512

_VERSION: Final = frozenset({0})
_SALT_SIZE: Final = 16
_MAX_REALM_NAME: Final = 64
_DIGITS: Final = 40
_NO_REALM: Final = Realm(bytes(32))
_CHARTER: Final = Tag("secure_liaison/draft-0/realm-charter")
_AGENCY: Final = Tag("secure_liaison/draft-0/agency-id")
_ANCHOR: Final = Tag("secure_liaison/draft-0/anchor")
_MINT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmCharter:
    """What a realm is: its name, whether it is an exercise, and 16 random bytes.

    Raises:
        FormatError: ``name-text``, ``charter-salt``.
    """

    name: str
    exercise: bool
    salt: bytes

    def __post_init__(self) -> None:
        require_name(self.name, max_size=_MAX_REALM_NAME)
        if len(self.salt) != _SALT_SIZE:
            raise FormatError("charter-salt")

    @property
    def realm(self) -> Realm:
        """The realm's id: the hash of the whole charter."""
        return Realm(tagged_hash(_CHARTER, _NO_REALM, encode_charter(self)))


def encode_charter(charter: RealmCharter) -> bytes:
    """Return the charter's bytes."""
    return encode({0: 0, 1: charter.name, 2: charter.exercise, 3: charter.salt})


def decode_charter(data: bytes) -> RealmCharter:
    """Read a charter of at most 512 bytes.

    Raises:
        FormatError: not one canonical record, or as the constructor.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_CHARTER_BYTES)
    fields.version(0, supported=_VERSION)
    charter = RealmCharter(
        name=fields.text(1), exercise=fields.boolean(2), salt=fields.octets(3, max_size=_SALT_SIZE)
    )
    fields.done()
    return charter


# No slots: the ids are computed once and kept.
@dataclass(frozen=True, kw_only=True)
class Anchor:
    """An agency's root keys and names; its own statement about itself, not yet trusted.

    Attributes:
        charter: The realm.
        names: The agency's name.
        code: Short name in addresses, ``EMB-A``.
        keys: 1–8 root keys, ascending.
        threshold: How many of them must sign.
        created: Seconds UTC; grants nothing.
        sequence: 1; later ones are replaced roots.
        previous: Digest of the anchor before, none for the first.

    Raises:
        FormatError: ``agency-code``, ``key-order``, ``threshold``.
        UnsupportedVersionError: ``anchor-sequence``.
    """

    charter: RealmCharter
    names: Names
    code: str
    keys: tuple[VerifyKey, ...]
    threshold: int
    created: Instant
    sequence: int = 1
    previous: bytes | None = None

    def __post_init__(self) -> None:
        require_code(self.code)
        require_key_order(self.keys)
        if not 1 <= self.threshold <= len(self.keys):
            raise FormatError("threshold")
        if self.sequence != 1 or self.previous is not None:
            raise UnsupportedVersionError("anchor-sequence")

    @cached_property
    def realm(self) -> Realm:
        """The realm's id."""
        return self.charter.realm

    @cached_property
    def agency_id(self) -> AgencyId:
        """The agency's id: the hash of this body."""
        return AgencyId(tagged_hash(_AGENCY, self.realm, encode_anchor(self)))

    @cached_property
    def key_ids(self) -> frozenset[KeyId]:
        """Ids of the root keys."""
        return frozenset(key.key_id(self.realm) for key in self.keys)

    def digits(self) -> str:
        """Return the 40 digits that two people compare, in ten groups of four."""
        return decimal_groups(self.agency_id, digits=_DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAnchor:
    """An anchor whose 40 digits a person compared; made by `accept_anchor` only.

    Attributes:
        anchor: The anchor.
    """

    anchor: Anchor
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only accept_anchor makes a TrustedAnchor"
            raise TypeError(msg)


def accept_anchor(anchor: Anchor, *, typed_digits: str) -> TrustedAnchor:
    """Trust an anchor whose 40 digits were received over another channel; spaces do not count.

    Raises:
        TamperedError: ``digits``.
    """
    typed = "".join(typed_digits.split())
    expected = anchor.digits().replace(" ", "")
    if not hmac.compare_digest(typed.encode(), expected.encode()):
        raise TamperedError("digits")
    return TrustedAnchor(anchor=anchor, mint=_MINT)


def encode_anchor(anchor: Anchor) -> bytes:
    """Return the unsigned body."""
    return encode(
        {
            0: 0,
            1: encode_charter(anchor.charter),
            2: anchor.names.zh,
            3: anchor.names.en,
            4: anchor.code,
            5: [key.octets for key in anchor.keys],
            6: anchor.threshold,
            7: anchor.created,
            8: anchor.sequence,
            9: anchor.previous,
        }
    )


def decode_anchor(body: bytes) -> Anchor:
    """Read an unsigned body of at most 64 KiB; it proves nothing until the digits are compared.

    Raises:
        FormatError: not one canonical record, or as `Anchor`.
        UnsupportedVersionError: ``unknown-version``, ``anchor-sequence``.
    """
    fields = decode_fields(body, max_bytes=MAX_ANCHOR_BYTES)
    fields.version(0, supported=_VERSION)
    anchor = Anchor(
        charter=decode_charter(fields.octets(1, max_size=MAX_CHARTER_BYTES)),
        names=Names(zh=fields.text(2), en=fields.text(3)),
        code=fields.text(4),
        keys=read_keys(fields.items(5, max_items=MAX_KEYS)),
        threshold=fields.integer(6),
        created=Instant(fields.integer(7, high=MAX_INSTANT)),
        sequence=fields.integer(8),
        previous=None if fields.is_null(9) else fields.octets(9, max_size=32),
    )
    fields.done()
    return anchor


def sign_anchor(anchor: Anchor, keys: Sequence[SigningKey]) -> bytes:
    """Return the anchor file, signed by ``keys``.

    Raises:
        SignatureError: ``wrong-signer``, ``too-few-signatures``: it could not be opened.
    """
    record = sign_record(_ANCHOR, anchor.realm, encode_anchor(anchor), keys=keys)
    data = encode_record(record)
    open_anchor(data)
    return data


def open_anchor(data: bytes) -> Anchor:
    """Read an anchor file of at most 64 KiB and verify its own signatures; it is not trusted yet.

    Raises:
        FormatError: not one canonical record, or as `Anchor`.
        UnsupportedVersionError: ``unknown-version``, ``anchor-sequence``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.

    Source: docs/spec/statements.md §5, §6.
    """
    record = decode_record(data, max_bytes=MAX_ANCHOR_BYTES)
    anchor = decode_anchor(record.body)
    signed_by = verify_signatures(record, _ANCHOR, anchor.realm, keys=anchor.keys)
    require_signers(signed_by, anchor.key_ids, anchor.threshold)
    return anchor


def decimal_groups(octets: bytes, *, digits: int) -> str:
    """Return the last ``digits`` decimal digits of a big-endian number, in groups of four."""
    number = int.from_bytes(octets, "big") % 10**digits
    text = f"{number:0{digits}d}"
    return " ".join(text[start : start + 4] for start in range(0, digits, 4))
