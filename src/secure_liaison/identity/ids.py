"""Ids of agencies, officers, devices and statements: plain bytes of one size each, never names.

Rules:

- An agency's id is computed from its anchor, so nobody can choose it.
- Officer ids, device handles and statement ids are 16 random bytes: they tell nothing and never
  change; a restored vault is a new device and gets a new handle.
- A parser checks the size once; after that the type says what the bytes are.

Source: docs/spec/statements.md §2.
"""

from __future__ import annotations

from typing import Final, NewType

from secure_liaison.crypto.keys import random_bytes

__all__ = [
    "AGENCY_ID_SIZE",
    "DEVICE_HANDLE_SIZE",
    "OFFICER_ID_SIZE",
    "STATEMENT_ID_SIZE",
    "AgencyId",
    "DeviceHandle",
    "OfficerId",
    "StatementId",
    "new_device_handle",
    "new_officer_id",
    "new_statement_id",
]

AGENCY_ID_SIZE: Final = 32
OFFICER_ID_SIZE: Final = 16
DEVICE_HANDLE_SIZE: Final = 16
STATEMENT_ID_SIZE: Final = 16

AgencyId = NewType("AgencyId", bytes)
"""32 bytes: the tagged hash of the agency's first anchor."""

OfficerId = NewType("OfficerId", bytes)
"""16 random bytes, one officer for the whole career in one agency."""

DeviceHandle = NewType("DeviceHandle", bytes)
"""16 random bytes, the only name of a device that a relay sees."""

StatementId = NewType("StatementId", bytes)
"""16 random bytes, so that two statements of equal content stay two."""


def new_officer_id() -> OfficerId:
    """Draw an officer's id, 16 bytes."""
    return OfficerId(random_bytes(OFFICER_ID_SIZE))


def new_device_handle() -> DeviceHandle:
    """Draw a device handle, 16 bytes."""
    return DeviceHandle(random_bytes(DEVICE_HANDLE_SIZE))


def new_statement_id() -> StatementId:
    """Draw a statement's id, 16 bytes."""
    return StatementId(random_bytes(STATEMENT_ID_SIZE))
