"""Secrets, random bytes, tags and the frame that begins every hash, KDF, signature and info.

Rules:

- A `Tag` names one use; two uses never share a tag (a test compares all of them).
- `frame` is deterministic CBOR ``[tag, realm, suite, part…]``, so no two inputs collide.
- `Secret` never prints its bytes and compares in constant time.

Source: docs/spec/encoding.md §frames; RFC 5869; FIPS 180-4.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final, NewType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from secure_liaison.encoding import Value, encode
from secure_liaison.errors import FormatError, TamperedError

__all__ = [
    "DIGEST_SIZE",
    "PROVIDER_CLASS",
    "SECRET_SIZE",
    "SUITE_1",
    "Digest",
    "KeyId",
    "Realm",
    "Secret",
    "Tag",
    "derive",
    "frame",
    "random_bytes",
    "require_equal",
    "tagged_hash",
]

DIGEST_SIZE: Final = 32
SECRET_SIZE: Final = 32
PROVIDER_CLASS: Final = "commercial"
"""What this module is before the law: commercial cryptography (商用密码), whatever it protects."""
SUITE_1: Final = 1
"""HPKE MLKEM768-X25519/HKDF-SHA-256/AES-256-GCM, Cobblestone-256, SHA-256, ML-DSA-65+Ed25519."""

KeyId = NewType("KeyId", bytes)
"""32 bytes: the hash of all component public keys of a key."""

Digest = NewType("Digest", bytes)
"""32 bytes of SHA-256."""

_TAG: Final = re.compile(r"secure_liaison/draft-0/[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Tag:
    """The name of one use of a hash, KDF, signature or key encapsulation."""

    text: str

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.text):
            msg = f"not a tag: {self.text}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Realm:
    """The id of a federation with its own roots, 32 bytes; it enters every frame."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != DIGEST_SIZE:
            raise FormatError("realm-size")


class Secret:
    """32 secret bytes with a redacted ``repr``, compared in constant time."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        """Wrap exactly 32 bytes.

        Raises:
            FormatError: ``secret-size``.
        """
        if len(octets) != SECRET_SIZE:
            raise FormatError("secret-size")
        self._octets = octets

    @classmethod
    def generate(cls) -> Secret:
        """Draw a new secret from the system's generator."""
        return cls(random_bytes(SECRET_SIZE))

    def reveal(self) -> bytes:
        """Return the bytes; call it only where a primitive takes them."""
        return self._octets

    @override
    def __repr__(self) -> str:
        return "Secret(…)"

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._octets, other._octets)

    @override
    def __hash__(self) -> int:
        return hash(Secret)


def random_bytes(size: int) -> bytes:
    """Return ``size`` bytes from the system's generator."""
    return secrets.token_bytes(size)


def frame(tag: Tag, realm: Realm, *parts: Value, suite: int = SUITE_1) -> bytes:
    """Return the one encoding of ``parts`` under a tag, a realm and a suite."""
    return encode([tag.text, realm.octets, suite, *parts])


def tagged_hash(tag: Tag, realm: Realm, *parts: Value, suite: int = SUITE_1) -> Digest:
    """Return SHA-256 over `frame`, 32 bytes."""
    return Digest(hashlib.sha256(frame(tag, realm, *parts, suite=suite)).digest())


def derive(tag: Tag, realm: Realm, secret: bytes, *, salt: bytes, context: bytes) -> Secret:
    """Derive 32 bytes by HKDF-SHA-256 with ``info = frame(tag, realm, suite, context)``.

    Args:
        tag: The use.
        realm: The federation.
        secret: The concatenated shares, each 32 bytes.
        salt: 32 bytes, public.
        context: What the key is bound to, for example a header hash.
    """
    kdf = HKDF(hashes.SHA256(), SECRET_SIZE, salt, frame(tag, realm, context))
    return Secret(kdf.derive(secret))


def require_equal(expected: bytes, found: bytes, reason: str) -> None:
    """Compare two digests in constant time.

    Raises:
        TamperedError: ``reason``.
    """
    if not hmac.compare_digest(expected, found):
        raise TamperedError(reason)
