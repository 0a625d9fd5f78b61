"""Sizes, counts and paths that desk and relay agree on.

Rules:

- A limit is checked before anything is read, allocated or stored.
- A relay may set lower limits for bodies and mailboxes (its settings), never higher ones.

Source: docs/spec/wire.md §1.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BLIND_SIZE",
    "HANDLE_SIZE",
    "INSTANCE_SIZE",
    "MAX_BODY_SIZE",
    "MAX_BUNDLE_SIZE",
    "MAX_COLLECT",
    "MAX_DIRECTORY_SIZE",
    "MAX_ENVELOPE_SIZE",
    "MAX_HEADER_SIZE",
    "MAX_HEAD_SIZE",
    "MAX_MAILBOXES",
    "MAX_PATH",
    "MAX_PREKEYS",
    "MAX_PREKEYS_SIZE",
    "MAX_PREKEY_AGE_S",
    "MAX_RECEIPTS",
    "MAX_RECEIPT_SIZE",
    "MAX_SEQ",
    "MAX_STOCK",
    "MAX_SUBMISSION_SIZE",
    "MAX_TAKEN",
    "MAX_TAKING_SIZE",
    "MAX_TIME",
    "MEDIA_TYPE",
    "OBJECT_TYPE",
    "RANGE_SIZE",
    "ROOT",
    "leaf_count",
    "max_submission_size",
]

ROOT: Final = "/v0"
"""First part of every path."""

MEDIA_TYPE: Final = "application/cbor"
"""Content type of every record."""

OBJECT_TYPE: Final = "application/vnd.secure-liaison.object"
"""Content type of a submission with its leaf list and body."""

HANDLE_SIZE: Final = 16
"""Bytes of a device handle; the mailbox has the same name."""

BLIND_SIZE: Final = 32
"""Bytes of a stanza's blind."""

_SHARED_SIZE: Final = 20 * 1024
"""Bytes of a submission's record without its deliveries."""

_DELIVERY_SIZE: Final = 2048
"""Bytes of one delivery, its path at full length."""

RANGE_SIZE: Final = 65_536
"""Bytes of payload ciphertext under one leaf; the head is leaf 0."""

INSTANCE_SIZE: Final = 16
"""Bytes of a relay's instance: which store numbered the items of a mailbox."""

MAX_ENVELOPE_SIZE: Final = 32_768
MAX_HEADER_SIZE: Final = 512
MAX_HEAD_SIZE: Final = 65_536
MAX_BODY_SIZE: Final = 5 * 2**30
"""5 GiB."""

MAX_PATH: Final = 16
"""Hashes in a stanza's Merkle path."""

MAX_MAILBOXES: Final = 2048
"""Mailboxes in one submission."""

MAX_COLLECT: Final = 256
"""Items in one answer to collect."""

MAX_SEQ: Final = 2**53
"""Largest number of an item: every implementation can hold it, and no mailbox reaches it."""

MAX_TIME: Final = 253_402_214_399
"""9999-12-30T23:59:59Z: the last moment that can be written in every time zone."""

MAX_RECEIPTS: Final = 4096
"""Sequence numbers in one acknowledgement."""

MAX_RECEIPT_SIZE: Final = 48 * 1024
"""Bytes of one acknowledgement."""

MAX_PREKEYS: Final = 256
"""Bundles in one put."""

MAX_STOCK: Final = 512
"""One-time prekeys of one device that a relay keeps."""

MAX_PREKEY_AGE_S: Final = 90 * 86_400
"""How far ahead a prekey's end may lie: 90 days."""

MAX_TAKEN: Final = 64
"""Devices in one taking of prekeys."""

MAX_TAKING_SIZE: Final = 2048
"""Bytes of the asking for prekeys."""

MAX_BUNDLE_SIZE: Final = 6 * 1024
MAX_PREKEYS_SIZE: Final = 64 + MAX_PREKEYS * (MAX_BUNDLE_SIZE + 3)
"""Bytes of one put."""

MAX_DIRECTORY_SIZE: Final = 16 * 2**20
"""Bytes of one agency's directory snapshot."""


def leaf_count(head_length: int, body_size: int) -> int:
    """Return the number of leaves: one for the head, one for each 64 KiB of sealed payload."""
    return 1 + -(-(body_size - head_length) // RANGE_SIZE)


def max_submission_size(mailboxes: int) -> int:
    """Return how long a submission's record for that many mailboxes can be, in bytes."""
    return _SHARED_SIZE + mailboxes * _DELIVERY_SIZE


MAX_SUBMISSION_SIZE: Final = max_submission_size(MAX_MAILBOXES)
"""Bytes of the record before leaf list and body: about 4 MiB."""
