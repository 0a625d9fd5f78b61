"""HPKE base mode, single shot, KEM MLKEM768-X25519 (X-Wing), HKDF-SHA-256, AES-256-GCM.

Rules:

- A private key is kept as its 32-byte seed and expanded by SHAKE256 as X-Wing says.
- ``info`` always is a `frame`; there is no call without it.
- ``seal`` returns ``enc`` (1120 bytes) followed by the ciphertext (plaintext + 16 bytes).

Source: docs/spec/capsule.md §suite; RFC 9180 §5.1.1, §6; draft-connolly-cfrg-xwing-kem §5.2.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from typing_extensions import override

from secure_liaison.crypto.keys import KeyId, Realm, Secret, Tag, tagged_hash
from secure_liaison.errors import FormatError, TamperedError

__all__ = ["ENC_SIZE", "OVERHEAD", "PUBLIC_KEY_SIZE", "KemPrivateKey", "KemPublicKey"]

_MLKEM_PK_SIZE: Final = 1184
_X25519_SIZE: Final = 32
_MLKEM_SEED_SIZE: Final = 64
PUBLIC_KEY_SIZE: Final = _MLKEM_PK_SIZE + _X25519_SIZE
ENC_SIZE: Final = 1120
_GCM_TAG_SIZE: Final = 16
OVERHEAD: Final = ENC_SIZE + _GCM_TAG_SIZE
"""Bytes that ``seal`` adds: 1136."""

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_KEY_ID: Final = Tag("secure_liaison/draft-0/kem-key-id")


class KemPublicKey:
    """``pk`` of X-Wing: ML-KEM-768 encapsulation key (1184 bytes) then X25519 (32 bytes)."""

    __slots__ = ("_pk", "octets")

    def __init__(self, octets: bytes) -> None:
        """Take the 1216 bytes.

        Raises:
            FormatError: ``kem-key-size``, then ``kem-key`` (not an encapsulation key).
        """
        if len(octets) != PUBLIC_KEY_SIZE:
            raise FormatError("kem-key-size")
        try:
            self._pk = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(octets[:_MLKEM_PK_SIZE]),
                X25519PublicKey.from_public_bytes(octets[_MLKEM_PK_SIZE:]),
            )
        except ValueError as exc:
            raise FormatError("kem-key") from exc
        self.octets = octets

    def key_id(self, realm: Realm) -> KeyId:
        """Return the key's id in ``realm``, 32 bytes."""
        return KeyId(tagged_hash(_KEY_ID, realm, self.octets))

    def seal(self, plaintext: bytes, *, info: bytes) -> bytes:
        """Encrypt to this key: ``enc ‖ ct``, `OVERHEAD` bytes longer than ``plaintext``."""
        return _SUITE.encrypt(plaintext, self._pk, info)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, KemPublicKey) and self.octets == other.octets

    @override
    def __hash__(self) -> int:
        return hash(self.octets)


class KemPrivateKey:
    """``sk`` of X-Wing, kept as its 32-byte seed."""

    __slots__ = ("_seed", "_sk", "public_key")

    def __init__(self, seed: Secret) -> None:
        """Expand the seed (draft-connolly-cfrg-xwing-kem §5.2 expandDecapsulationKey)."""
        expanded = hashlib.shake_256(seed.reveal()).digest(_MLKEM_SEED_SIZE + _X25519_SIZE)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_SIZE])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_SIZE:])
        self._sk = MLKEM768X25519PrivateKey(mlkem, x25519)
        self._seed = seed
        self.public_key = KemPublicKey(
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> KemPrivateKey:
        """Make a new key."""
        return cls(Secret.generate())

    def seed(self) -> Secret:
        """Return the seed for keeping in a vault."""
        return self._seed

    def open(self, sealed: bytes, *, info: bytes) -> bytes:
        """Decrypt ``enc ‖ ct``.

        Raises:
            FormatError: ``sealed-size``.
            TamperedError: ``hpke-open`` (other key, other ``info``, or changed bytes).
        """
        if len(sealed) < OVERHEAD:
            raise FormatError("sealed-size")
        try:
            return _SUITE.decrypt(sealed, self._sk, info)
        except (InvalidTag, ValueError) as exc:
            raise TamperedError("hpke-open") from exc

    @override
    def __repr__(self) -> str:
        return "KemPrivateKey(…)"
