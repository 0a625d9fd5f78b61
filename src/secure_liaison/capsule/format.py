"""The capsule's outer form: sizes, padding, stanza, stanza tree, and the parsed envelope.

Rules:

- Parsed is not trusted: a `Capsule` says that the bytes are well-formed, nothing more.
- Everything secret has a padded size; everything visible has one allowed form.
- `parse_envelope` is the only maker of a `Capsule`.

Source: docs/spec/capsule.md §2, §3, §7, §10, §14; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, KeyId, Tag, frame
from secure_liaison.crypto.payload import sealed_size
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.transparency.merkle import node_hash
from secure_liaison.wire.digests import header_hash, object_digest
from secure_liaison.wire.envelopes import decode_envelope
from secure_liaison.wire.header import decode_header
from secure_liaison.wire.limits import MAX_BODY_SIZE, MAX_PATH, RANGE_SIZE
from secure_liaison.wire.sizes import (
    HEAD_BUCKETS,
    PAYLOAD_FLOOR,
    SEALED_STANZA_SIZE,
    STANZA_SIZE,
    padme,
)

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.wire.envelopes import Envelope
    from secure_liaison.wire.header import Header

__all__ = [
    "CLAIMS_SIZE",
    "LARGE_CLAIMS_SIZE",
    "MAX_PATH",
    "RANGE_SIZE",
    "STANZA_SIZE",
    "Capsule",
    "Role",
    "Stanza",
    "StanzaTree",
    "claims_size",
    "decode_stanza",
    "encode_stanza",
    "head_bucket",
    "pad",
    "padded_payload_size",
    "padme",
    "parse_envelope",
    "stanza_info",
    "unpad",
]

CLAIMS_SIZE: Final = 8192
"""Bytes of sealed claims, for objects with and without custody alike."""
LARGE_CLAIMS_SIZE: Final = 16384
"""Bytes of sealed claims that do not fit into `CLAIMS_SIZE`."""
CLAIMS_OVERHEAD: Final = sealed_size(0)
"""Bytes that sealing adds to claims of either size: 72."""

_LENGTH_SIZE: Final = 4
_STANZA: Final = Tag("secure_liaison/draft-0/capsule-stanza")
_MINT: Final = object()


class Role(Enum):
    """Which key of the device a stanza is sealed to; the numbers are those of the encoding."""

    VAULT = 1
    PREKEY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """One device's sealed share.

    Attributes:
        role: Vault key or prekey.
        key_id: Id of that key, 32 bytes.
        sealed: 1200 bytes.
    """

    role: Role
    key_id: KeyId
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """A well-formed envelope; not to be trusted.

    Attributes:
        envelope: The parts as they came.
        header: The header's values.
        header_hash: ``hh``, 32 bytes.
        stanza: The own stanza.
        digest: ``D``, 32 bytes.
    """

    envelope: Envelope
    header: Header
    header_hash: Digest
    stanza: Stanza
    digest: Digest
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only parse_envelope makes a Capsule"
            raise TypeError(msg)


def parse_envelope(data: bytes) -> Capsule:
    """Read an envelope, its header and its stanza strictly.

    Raises:
        FormatError: malformed, ``claims-size``, ``capsule-place``, ``capsule-lengths``,
            ``capsule-role``.
        UnsupportedVersionError: ``unknown-version``, ``unknown-suite``.

    Source: docs/spec/capsule.md §16 step 1.
    """
    envelope = decode_envelope(data)
    header = decode_header(envelope.header)
    hh = header_hash(envelope.header, header.realm)
    return Capsule(
        envelope=envelope,
        header=header,
        header_hash=hh,
        stanza=decode_stanza(envelope.stanza),
        digest=object_digest(header.realm, hh, envelope.payload_root, envelope.stanza_root),
        mint=_MINT,
    )


def encode_stanza(stanza: Stanza) -> bytes:
    """Return the one encoding of a stanza, 1242 bytes."""
    return encode({0: stanza.role.value, 1: stanza.key_id, 2: stanza.sealed})


def decode_stanza(data: bytes) -> Stanza:
    """Read a stanza strictly.

    Raises:
        FormatError: malformed, then ``capsule-role``.
    """
    fields = decode_fields(data, max_bytes=STANZA_SIZE)
    number = fields.integer(0)
    key_id = KeyId(fields.octets(1, size=DIGEST_SIZE))
    sealed = fields.octets(2, size=SEALED_STANZA_SIZE)
    fields.done()
    try:
        return Stanza(role=Role(number), key_id=key_id, sealed=sealed)
    except ValueError as exc:
        raise FormatError("capsule-role") from exc


def stanza_info(hh: Digest, role: Role, key_id: KeyId, *, realm: Realm) -> bytes:
    """Return the HPKE info that binds a stanza to its object, role and key."""
    return frame(_STANZA, realm, hh, role.value, key_id)


class StanzaTree:
    """A full tree over a power of two of leaf hashes, with every node kept for its paths.

    Source: docs/spec/capsule.md §7.
    """

    def __init__(self, leaves: list[bytes]) -> None:
        """Build the tree over 4, 8, … 65536 leaf hashes."""
        self._levels = [leaves]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=True)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    @property
    def root(self) -> bytes:
        """The stanza root, 32 bytes."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the sibling hashes from a leaf up, lowest first."""
        return tuple(level[(index >> height) ^ 1] for height, level in enumerate(self._levels[:-1]))


def padded_payload_size(size: int) -> int:
    """Return the padded size of a payload of ``size`` bytes, floor 4 KiB.

    Raises:
        FormatError: ``capsule-payload-too-large``.
    """
    padded = padme(max(size, PAYLOAD_FLOOR))
    if sealed_size(padded) > MAX_BODY_SIZE:
        raise FormatError("capsule-payload-too-large", limit=MAX_BODY_SIZE)
    return padded


def head_bucket(size: int) -> int:
    """Return the padded size of a head record of ``size`` bytes: 2, 8 or 32 KiB.

    Raises:
        FormatError: ``capsule-head-too-large``.
    """
    for bucket in HEAD_BUCKETS:
        if size + _LENGTH_SIZE <= bucket:
            return bucket
    raise FormatError("capsule-head-too-large", limit=HEAD_BUCKETS[-1] - _LENGTH_SIZE)


def pad(inner: bytes, size: int) -> bytes:
    """Return ``u32(length) ‖ inner ‖ zeros`` of exactly ``size`` bytes.

    Raises:
        ValueError: it does not fit; a programmer's mistake.
    """
    padding = size - _LENGTH_SIZE - len(inner)
    if padding < 0:
        msg = f"{len(inner)} bytes do not fit into {size}"
        raise ValueError(msg)
    return len(inner).to_bytes(_LENGTH_SIZE, "big") + inner + bytes(padding)


def unpad(padded: bytes) -> bytes:
    """Return what `pad` was given.

    Raises:
        FormatError: ``capsule-padding`` (length out of range, or a byte of padding is not zero).
    """
    end = _LENGTH_SIZE + int.from_bytes(padded[:_LENGTH_SIZE], "big")
    if end > len(padded) or any(padded[end:]):
        raise FormatError("capsule-padding")
    return padded[_LENGTH_SIZE:end]


def claims_size(size: int) -> int:
    """Return the sealed size for claims of ``size`` encoded bytes: 8192 or 16384.

    Raises:
        FormatError: ``capsule-claims-too-large``.
    """
    for sealed in (CLAIMS_SIZE, LARGE_CLAIMS_SIZE):
        if size + _LENGTH_SIZE <= sealed - CLAIMS_OVERHEAD:
            return sealed
    limit = LARGE_CLAIMS_SIZE - CLAIMS_OVERHEAD - _LENGTH_SIZE
    raise FormatError("capsule-claims-too-large", limit=limit)
