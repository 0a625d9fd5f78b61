"""Cobblestone-256: long messages encrypted as a stream, committing to their key.

Rules:

- One `Secret` encrypts one message; the context binds what the message belongs to.
- ``PayloadOpener`` gives only authenticated plaintext, in order; nothing may be published before
  ``finish`` returned, because truncation shows only there.

Source: docs/spec/capsule.md §payload; c2sp.org/chunked-encryption (Cobblestone-256).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from secure_liaison.errors import TamperedError

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Secret

__all__ = ["PayloadOpener", "PayloadSealer", "open_sealed", "seal_whole", "sealed_size"]

_CHUNK_SIZE: Final = 16 * 1024
_TAG_SIZE: Final = 16
_PREFIX_SIZE: Final = 56
"""24 bytes salt and 32 bytes commitment before the first chunk."""


def sealed_size(plaintext_size: int) -> int:
    """Return the ciphertext's size in bytes: 56 + plaintext + 16 per chunk.

    A message that fills its last chunk of 16 KiB ends with an empty one.
    """
    chunks = plaintext_size // _CHUNK_SIZE + 1
    return _PREFIX_SIZE + plaintext_size + _TAG_SIZE * chunks


class PayloadSealer:
    """Encrypts one message in constant memory."""

    def __init__(self, key: Secret, *, context: bytes) -> None:
        """Begin one message under ``key`` (used for no other message)."""
        self._stream = Cobblestone256Encryptor(key.reveal(), context)

    def update(self, plaintext: bytes | memoryview) -> bytes:
        """Feed plaintext; returns the ciphertext that is ready."""
        return self._stream.update(plaintext)

    def finish(self) -> bytes:
        """End the message; returns its last ciphertext bytes."""
        return self._stream.finalize()


class PayloadOpener:
    """Decrypts one message in constant memory, in order."""

    def __init__(self, key: Secret, *, context: bytes) -> None:
        """Begin one message under ``key``."""
        self._stream = Cobblestone256Decryptor(key.reveal(), context)

    def update(self, ciphertext: bytes | memoryview) -> bytes:
        """Feed ciphertext; returns the authenticated plaintext that is ready.

        Raises:
            TamperedError: ``payload`` (other key or context, or changed bytes).
        """
        try:
            return self._stream.update(ciphertext)
        except InvalidTag as exc:
            raise TamperedError("payload") from exc

    def finish(self) -> bytes:
        """End the message; returns its last plaintext bytes.

        Raises:
            TamperedError: ``payload`` (truncated or changed bytes).
        """
        try:
            return self._stream.finalize()
        except (InvalidTag, ValueError) as exc:
            raise TamperedError("payload") from exc


def seal_whole(key: Secret, plaintext: bytes, *, context: bytes) -> bytes:
    """Encrypt one short message at once."""
    sealer = PayloadSealer(key, context=context)
    return sealer.update(plaintext) + sealer.finish()


def open_sealed(key: Secret, ciphertext: bytes, *, context: bytes) -> bytes:
    """Decrypt one short message at once.

    Raises:
        TamperedError: ``payload``.
    """
    opener = PayloadOpener(key, context=context)
    return opener.update(ciphertext) + opener.finish()
