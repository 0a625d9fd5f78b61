"""Proof that a device holds its signing key and asked for its place in one agency.

Rules:

- It stands in the device's leaf in the roster, so that no agency can list a key that it has only
  seen in another agency's roster.
- It binds realm, agency, handle and all keys of the device: it cannot be carried to another agency
  and none of the keys can be exchanged.
- It has no date; how long the device counts is the registrars' say.

Source: docs/spec/statements.md §11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest, Realm, Tag
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.ids import AgencyId, DeviceHandle, device_handle

if TYPE_CHECKING:
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = ["prove_possession", "verify_possession"]

_POSSESSION: Final = Tag("secure_liaison/draft-0/device-possession")


def prove_possession(
    signing_key: SigningKey,
    *,
    realm: Realm,
    agency: AgencyId,
    handle: DeviceHandle,
    keys_digest: Digest,
) -> bytes:
    """Return the signature that a device's leaf carries, 3373 bytes."""
    return signing_key.sign(_POSSESSION, realm, _content(agency, handle, keys_digest))


def verify_possession(
    signing_key: VerifyKey,
    proof: bytes,
    *,
    realm: Realm,
    agency: AgencyId,
    handle: DeviceHandle,
    keys_digest: Digest,
) -> None:
    """Demand that the handle is the key's own in this agency, and that its holder asked for it.

    Raises:
        FormatError: ``device-handle``.
        SignatureError: ``ml-dsa``, ``ed25519``.

    Source: docs/spec/statements.md §11.
    """
    if device_handle(realm, agency, signing_key) != handle:
        raise FormatError("device-handle")
    signing_key.verify(_POSSESSION, realm, _content(agency, handle, keys_digest), proof)


def _content(agency: AgencyId, handle: DeviceHandle, keys_digest: Digest) -> bytes:
    return encode([agency, handle, keys_digest])
