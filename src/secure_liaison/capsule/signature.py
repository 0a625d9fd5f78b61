"""The originator's signature: over header hash, payload root and stanza root.

Rules:

- The header's commitment is in its hash, so label, addressees and shares are signed as well.
- It travels inside the claims: the relay sees no signature and no signer.

Source: docs/spec/capsule.md §12; DESIGN §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Tag
from secure_liaison.errors import SignatureError

if TYPE_CHECKING:
    from secure_liaison.capsule.shares import ObjectKeys
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = ["check_roots", "sign_roots"]

_SIGNATURE: Final = Tag("secure_liaison/draft-0/capsule-signature")


def sign_roots(key: SigningKey, keys: ObjectKeys, payload_root: bytes, stanza_root: bytes) -> bytes:
    """Return the signature of one object, 3373 bytes."""
    return key.sign(_SIGNATURE, keys.realm, keys.header_hash + payload_root + stanza_root)


def check_roots(
    key: VerifyKey, keys: ObjectKeys, roots: tuple[bytes, bytes], *, signature: bytes
) -> None:
    """Verify the signature over payload root and stanza root.

    Raises:
        SignatureError: ``capsule-signature``.
    """
    signed = keys.header_hash + roots[0] + roots[1]
    try:
        key.verify(_SIGNATURE, keys.realm, signed, signature)
    except SignatureError as exc:
        raise SignatureError("capsule-signature") from exc
