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
    "CLAIMS_SIZES",
    "HANDLE_SIZE",
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
    "MAX_RECEIPTS",
    "MAX_STANZA_SIZE",
    "MAX_SUBMISSION_SIZE",
    "MAX_TAKEN",
    "MEDIA_TYPE",
    "OBJECT_TYPE",
    "RANGE_SIZE",
    "ROOT",
    "leaf_count",
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

RANGE_SIZE: Final = 65_536
"""Bytes of payload ciphertext under one leaf; the head is leaf 0."""

CLAIMS_SIZES: Final = frozenset({8192, 16384})
"""Bytes of sealed claims: 8 KiB, or 16 KiB for more than two custodians."""

MAX_ENVELOPE_SIZE: Final = 64 * 1024
MAX_HEADER_SIZE: Final = 512
MAX_HEAD_SIZE: Final = 65_536
MAX_BODY_SIZE: Final = 5 * 2**30
"""5 GiB."""

MAX_STANZA_SIZE: Final = 4096
MAX_PATH: Final = 16
"""Hashes in a stanza's Merkle path."""

MAX_MAILBOXES: Final = 2048
"""Mailboxes in one submission."""

MAX_SUBMISSION_SIZE: Final = 8 * 2**20
"""Bytes of the record before leaf list and body."""

MAX_COLLECT: Final = 256
"""Items in one answer to collect."""

MAX_RECEIPTS: Final = 4096
"""Sequence numbers in one acknowledgement."""

MAX_PREKEYS: Final = 512
"""Bundles in one put."""

MAX_TAKEN: Final = 64
"""Devices in one taking of prekeys."""

MAX_BUNDLE_SIZE: Final = 16 * 1024
MAX_DIRECTORY_SIZE: Final = 16 * 2**20
"""Bytes of one agency's directory snapshot."""


def leaf_count(head_length: int, body_size: int) -> int:
    """Return the number of leaves: one for the head, one for each 64 KiB of sealed payload."""
    return 1 + -(-(body_size - head_length) // RANGE_SIZE)
