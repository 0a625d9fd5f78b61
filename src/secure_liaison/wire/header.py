"""The header: the only part of a capsule that a relay can read.

Rules:

- Strict: one canonical encoding, every field of fixed size, nothing unknown.
- Lengths are those of padded parts; anything else is refused wherever a header is read.
- ``head_length`` and ``payload_length`` count ciphertext; their sum is the size of the body.
- The header says neither who sends, nor to whom, nor what.

Source: docs/spec/wire.md §2; docs/spec/capsule.md §header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NewType

from secure_liaison.crypto.keys import DIGEST_SIZE, SUITE_1, Realm
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.wire.limits import MAX_BODY_SIZE, MAX_HEAD_SIZE, MAX_HEADER_SIZE
from secure_liaison.wire.sizes import HEAD_SIZES, is_padded_payload

__all__ = ["Header", "ObjectId", "decode_header", "encode_header"]

ObjectId = NewType("ObjectId", bytes)
"""16 random bytes, drawn by the originator."""

_VERSIONS: Final = frozenset({0})
_SUITES: Final = frozenset({SUITE_1})
_OBJECT_ID_SIZE: Final = 16
_MAX_DAY: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What everybody who carries a capsule sees.

    Attributes:
        realm: The federation.
        object_id: 16 random bytes.
        salt: 32 random bytes for every key derivation of the object.
        commitment: 32 bytes, ``H(r ‖ H(core) ‖ H(custody))``.
        head_length: Bytes of the sealed head, with which the body begins.
        payload_length: Bytes of the sealed payload, which follows.
        expiry_day: Last day of retention: whole days since 1970-01-01, UTC.
        suite: Cryptographic suite; only 1 is known.
    """

    realm: Realm
    object_id: ObjectId
    salt: bytes
    commitment: bytes
    head_length: int
    payload_length: int
    expiry_day: int
    suite: int = SUITE_1

    @property
    def body_size(self) -> int:
        """Bytes of the whole body."""
        return self.head_length + self.payload_length


def encode_header(header: Header) -> bytes:
    """Return the one encoding of a header, at most `MAX_HEADER_SIZE` bytes."""
    return encode(
        {
            0: 0,
            1: header.suite,
            2: header.realm.octets,
            3: header.object_id,
            4: header.salt,
            5: header.commitment,
            6: header.head_length,
            7: header.payload_length,
            8: header.expiry_day,
        }
    )


def decode_header(data: bytes) -> Header:
    """Read a header strictly.

    Raises:
        FormatError: malformed, non-canonical, unknown field, or a size outside the limits.
        UnsupportedVersionError: ``unknown-version``, ``unknown-suite``.
        FormatError: ``capsule-lengths`` (of no padded head, or of no padded payload).

    Source: docs/spec/wire.md §2.
    """
    fields = decode_fields(data, max_bytes=MAX_HEADER_SIZE)
    fields.version(0, supported=_VERSIONS)
    suite = fields.integer(1)
    if suite not in _SUITES:
        raise UnsupportedVersionError("unknown-suite", suite=suite)
    header = Header(
        suite=suite,
        realm=Realm(fields.octets(2, size=DIGEST_SIZE)),
        object_id=ObjectId(fields.octets(3, size=_OBJECT_ID_SIZE)),
        salt=fields.octets(4, size=DIGEST_SIZE),
        commitment=fields.octets(5, size=DIGEST_SIZE),
        head_length=fields.integer(6, low=1, high=MAX_HEAD_SIZE),
        payload_length=fields.integer(7, low=1, high=MAX_BODY_SIZE),
        expiry_day=fields.integer(8, high=_MAX_DAY),
    )
    fields.done()
    if header.head_length not in HEAD_SIZES or not is_padded_payload(header.payload_length):
        raise FormatError("capsule-lengths")
    return header
