"""Signatures: composite ML-DSA-65 + Ed25519 for records, Ed25519 for requests and notes.

Rules:

- Every composite signature carries a `Tag`, the realm, the suite and the key's own id; both
  components must verify; component keys are never used alone.
- One key type per use: `SigningKey` (records), `RequestKey` (RFC 9421), `NoteKey` (C2SP notes).
- Verification raises and never returns a boolean.

Source: docs/spec/statements.md §signatures; draft-ietf-lamps-pq-composite-sigs §3
(id-MLDSA65-Ed25519-SHA512); FIPS 204; RFC 8032.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as Ed25519SigningKey
from nacl.signing import VerifyKey as Ed25519VerifyKey
from typing_extensions import override

from secure_liaison.crypto.keys import (
    SUITE_1,
    KeyId,
    Realm,
    Secret,
    Tag,
    frame,
    random_bytes,
    tagged_hash,
)
from secure_liaison.errors import FormatError, SignatureError

__all__ = [
    "NOTE_KEY_SIZE",
    "NOTE_SIGNATURE_SIZE",
    "SIGNATURE_SIZE",
    "SIGNING_SEED_SIZE",
    "VERIFY_KEY_SIZE",
    "NoteSigningKey",
    "NoteVerifyKey",
    "RequestSigningKey",
    "RequestVerifyKey",
    "SigningKey",
    "VerifyKey",
    "composite_sign",
    "composite_verify",
    "message_representative",
]

_PREFIX: Final = b"CompositeAlgorithmSignatures2025"
_LABEL: Final = b"COMPSIG-MLDSA65-Ed25519-SHA512"
_MLDSA_PK_SIZE: Final = 1952
_MLDSA_SIG_SIZE: Final = 3309
_ED_SIZE: Final = 32
_ED_SIG_SIZE: Final = 64
_SEED_SIZE: Final = 32
VERIFY_KEY_SIZE: Final = _MLDSA_PK_SIZE + _ED_SIZE
"""1984 bytes: ML-DSA-65 public key, then Ed25519."""
SIGNATURE_SIZE: Final = _MLDSA_SIG_SIZE + _ED_SIG_SIZE
"""3373 bytes: ML-DSA-65 signature, then Ed25519."""
SIGNING_SEED_SIZE: Final = 2 * _SEED_SIZE
"""64 bytes: ML-DSA-65 seed, then Ed25519 seed."""
NOTE_KEY_SIZE: Final = _ED_SIZE
NOTE_SIGNATURE_SIZE: Final = _ED_SIG_SIZE
_MAX_CONTEXT: Final = 255

_KEY_ID: Final = Tag("secure_liaison/draft-0/signing-key-id")


def message_representative(message: bytes, context: bytes = b"") -> bytes:
    """Return ``M' = Prefix ‖ Label ‖ len(ctx) ‖ ctx ‖ PH(M)`` with PH = SHA-512."""
    if len(context) > _MAX_CONTEXT:
        msg = "ctx is at most 255 bytes"
        raise ValueError(msg)
    digest = hashlib.sha512(message).digest()
    return _PREFIX + _LABEL + bytes([len(context)]) + context + digest


def composite_sign(seed: bytes, message: bytes, context: bytes = b"") -> bytes:
    """Composite-ML-DSA.Sign: ``mldsaSig ‖ tradSig``, 3373 bytes; ``seed`` is 64 bytes."""
    representative = message_representative(message, context)
    mldsa = MLDSA65PrivateKey.from_seed_bytes(seed[:_SEED_SIZE])
    ed25519 = Ed25519SigningKey(seed[_SEED_SIZE:])
    return mldsa.sign(representative, _LABEL) + ed25519.sign(representative).signature


def composite_verify(
    public_key: bytes, message: bytes, signature: bytes, context: bytes = b""
) -> None:
    """Composite-ML-DSA.Verify: both components must verify.

    Raises:
        SignatureError: ``size``, then ``ml-dsa``, then ``ed25519``.
    """
    if len(public_key) != VERIFY_KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        raise SignatureError("size")
    representative = message_representative(message, context)
    try:
        MLDSA65PublicKey.from_public_bytes(public_key[:_MLDSA_PK_SIZE]).verify(
            signature[:_MLDSA_SIG_SIZE], representative, _LABEL
        )
    except (InvalidSignature, ValueError) as exc:
        raise SignatureError("ml-dsa") from exc
    _verify_ed25519(public_key[_MLDSA_PK_SIZE:], representative, signature[_MLDSA_SIG_SIZE:])


class VerifyKey:
    """The public half of a record-signing key, 1984 bytes."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        """Take the 1984 bytes.

        Raises:
            FormatError: ``verify-key-size``.
        """
        if len(octets) != VERIFY_KEY_SIZE:
            raise FormatError("verify-key-size")
        self.octets = octets

    def key_id(self, realm: Realm) -> KeyId:
        """Return the hash of both component keys in ``realm``, 32 bytes."""
        return KeyId(tagged_hash(_KEY_ID, realm, self.octets))

    def verify(self, tag: Tag, realm: Realm, content: bytes, signature: bytes) -> None:
        """Verify a record signature over ``frame(tag, realm, suite, key id, content)``.

        Raises:
            SignatureError: ``size``, ``ml-dsa``, ``ed25519``.
        """
        message = frame(tag, realm, self.key_id(realm), content, suite=SUITE_1)
        composite_verify(self.octets, message, signature)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyKey) and self.octets == other.octets

    @override
    def __hash__(self) -> int:
        return hash(self.octets)


class SigningKey:
    """The private half of a record-signing key, kept as its 64-byte seed."""

    __slots__ = ("_seed", "verify_key")

    def __init__(self, seed: bytes) -> None:
        """Take the seed.

        Raises:
            FormatError: ``signing-seed-size``.
        """
        if len(seed) != SIGNING_SEED_SIZE:
            raise FormatError("signing-seed-size")
        self._seed = seed
        mldsa = MLDSA65PrivateKey.from_seed_bytes(seed[:_SEED_SIZE]).public_key()
        ed25519 = Ed25519SigningKey(seed[_SEED_SIZE:]).verify_key
        self.verify_key = VerifyKey(mldsa.public_bytes_raw() + bytes(ed25519))

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key."""
        return cls(random_bytes(SIGNING_SEED_SIZE))

    def seed(self) -> bytes:
        """Return the 64-byte seed for keeping in a vault."""
        return self._seed

    def sign(self, tag: Tag, realm: Realm, content: bytes) -> bytes:
        """Sign ``frame(tag, realm, suite, key id, content)``; 3373 bytes."""
        message = frame(tag, realm, self.verify_key.key_id(realm), content, suite=SUITE_1)
        return composite_sign(self._seed, message)

    @override
    def __repr__(self) -> str:
        return "SigningKey(…)"


class _Ed25519VerifyKey:
    """An Ed25519 public key for exactly one use."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        """Take 32 bytes.

        Raises:
            FormatError: ``ed25519-key-size``.
        """
        if len(octets) != _ED_SIZE:
            raise FormatError("ed25519-key-size")
        self.octets = octets

    @override
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.octets == getattr(other, "octets", None)

    @override
    def __hash__(self) -> int:
        return hash((type(self), self.octets))


class _Ed25519SigningKey:
    """An Ed25519 private key for exactly one use."""

    __slots__ = ("_key",)

    def __init__(self, seed: Secret) -> None:
        """Take the 32-byte seed."""
        self._key = Ed25519SigningKey(seed.reveal())

    def seed(self) -> Secret:
        """Return the seed for keeping in a vault."""
        return Secret(bytes(self._key))

    def _sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature

    def _public_octets(self) -> bytes:
        return bytes(self._key.verify_key)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class RequestVerifyKey(_Ed25519VerifyKey):
    """Verifies HTTP message signatures (RFC 9421, alg ``ed25519``)."""

    __slots__ = ()

    def verify_request(self, signature_base: bytes, signature: bytes) -> None:
        """Verify a signature over an RFC 9421 §2.5 signature base.

        Raises:
            SignatureError: ``ed25519``.
        """
        _verify_ed25519(self.octets, signature_base, signature)


class RequestSigningKey(_Ed25519SigningKey):
    """Signs HTTP messages of one device (RFC 9421)."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> RequestSigningKey:
        """Make a new key."""
        return cls(Secret.generate())

    @property
    def verify_key(self) -> RequestVerifyKey:
        """The public half."""
        return RequestVerifyKey(self._public_octets())

    def sign_request(self, signature_base: bytes) -> bytes:
        """Sign an RFC 9421 §2.5 signature base; 64 bytes."""
        return self._sign(signature_base)


class NoteVerifyKey(_Ed25519VerifyKey):
    """Verifies C2SP signed notes of type 0x01."""

    __slots__ = ()

    def verify_note(self, message: bytes, signature: bytes) -> None:
        """Verify a signature over a note's text.

        Raises:
            SignatureError: ``ed25519``.
        """
        _verify_ed25519(self.octets, message, signature)


class NoteSigningKey(_Ed25519SigningKey):
    """Signs C2SP notes of type 0x01."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> NoteSigningKey:
        """Make a new key."""
        return cls(Secret.generate())

    @property
    def verify_key(self) -> NoteVerifyKey:
        """The public half."""
        return NoteVerifyKey(self._public_octets())

    def sign_note(self, message: bytes) -> bytes:
        """Sign a note's text; 64 bytes."""
        return self._sign(message)


def _verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> None:
    try:
        Ed25519VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError) as exc:
        raise SignatureError("ed25519") from exc
