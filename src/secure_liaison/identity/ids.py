"""Ids of agencies, officers, devices and statements: plain bytes of one size each, never names.

Rules:

- An agency's id is computed from its anchor, so nobody can choose it.
- A device handle is computed from agency and signing key, an officer id from agency and a nonce:
  no agency can give its own devices or officers the ids of another's.
- They tell nothing and never change; a restored vault is a new device with a new key and handle.
- A parser checks the size once; after that the type says what the bytes are.

Source: docs/spec/statements.md §2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NewType

from secure_liaison.crypto.keys import Realm, Tag, random_bytes, tagged_hash

if TYPE_CHECKING:
    from secure_liaison.crypto.signing import VerifyKey

__all__ = [
    "AGENCY_ID_SIZE",
    "DEVICE_HANDLE_SIZE",
    "OFFICER_ID_SIZE",
    "OFFICER_NONCE_SIZE",
    "STATEMENT_ID_SIZE",
    "AgencyId",
    "DeviceHandle",
    "OfficerId",
    "StatementId",
    "device_handle",
    "new_officer_nonce",
    "new_statement_id",
    "officer_id",
]

AGENCY_ID_SIZE: Final = 32
OFFICER_ID_SIZE: Final = 16
OFFICER_NONCE_SIZE: Final = 16
DEVICE_HANDLE_SIZE: Final = 16
STATEMENT_ID_SIZE: Final = 16

_HANDLE: Final = Tag("secure_liaison/draft-0/device-handle")
_OFFICER: Final = Tag("secure_liaison/draft-0/officer-id")

AgencyId = NewType("AgencyId", bytes)
"""32 bytes: the tagged hash of the agency's first anchor."""

OfficerId = NewType("OfficerId", bytes)
"""16 bytes of a tagged hash, one officer for the whole career in one agency."""

DeviceHandle = NewType("DeviceHandle", bytes)
"""16 bytes of a tagged hash, the only name of a device that a relay sees."""

StatementId = NewType("StatementId", bytes)
"""16 random bytes, so that two statements of equal content stay two."""


def device_handle(realm: Realm, agency: AgencyId, signing_key: VerifyKey) -> DeviceHandle:
    """Return the handle of the device of an agency that signs with a key, 16 bytes."""
    digest = tagged_hash(_HANDLE, realm, agency, signing_key.octets)
    return DeviceHandle(digest[:DEVICE_HANDLE_SIZE])


def new_officer_nonce() -> bytes:
    """Draw the nonce of an officer's id, 16 bytes."""
    return random_bytes(OFFICER_NONCE_SIZE)


def officer_id(realm: Realm, agency: AgencyId, nonce: bytes) -> OfficerId:
    """Return the id of the officer of an agency for whom a nonce was drawn, 16 bytes."""
    return OfficerId(tagged_hash(_OFFICER, realm, agency, nonce)[:OFFICER_ID_SIZE])


def new_statement_id() -> StatementId:
    """Draw a statement's id, 16 bytes."""
    return StatementId(random_bytes(STATEMENT_ID_SIZE))
