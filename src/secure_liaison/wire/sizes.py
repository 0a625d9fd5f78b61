"""The sizes that a capsule's visible parts can have: sealer, relay and reader apply the same ones.

Rules:

- Everything that can be seen has one of a few sizes, so that its size tells as little as possible.
- A relay refuses what no reader would accept; nothing else can lie in a mailbox.

Source: docs/spec/capsule.md §2, §7, §10; docs/spec/wire.md §1.
"""

from __future__ import annotations

from typing import Final

from secure_liaison.crypto.hpke import OVERHEAD
from secure_liaison.crypto.payload import sealed_size

__all__ = [
    "CLAIMS_SIZES",
    "HEAD_BUCKETS",
    "HEAD_SIZES",
    "MIN_PATH",
    "PAYLOAD_FLOOR",
    "SEALED_STANZA_SIZE",
    "STANZA_PLAINTEXT_SIZE",
    "STANZA_SIZE",
    "is_padded_payload",
    "padme",
]

CLAIMS_SIZES: Final = frozenset({8192, 16384})
"""Bytes of sealed claims: 8 KiB, or 16 KiB for more than two custodians."""

HEAD_BUCKETS: Final = (2048, 8192, 32768)
"""Bytes of a head before it is sealed."""

HEAD_SIZES: Final = frozenset(map(sealed_size, HEAD_BUCKETS))
"""Bytes of a sealed head: 2120, 8264 or 32872."""

PAYLOAD_FLOOR: Final = 4096
"""Bytes of the smallest payload before it is sealed."""

STANZA_PLAINTEXT_SIZE: Final = 64
SEALED_STANZA_SIZE: Final = OVERHEAD + STANZA_PLAINTEXT_SIZE
STANZA_SIZE: Final = SEALED_STANZA_SIZE + 42
"""1242 bytes, always."""

MIN_PATH: Final = 2
"""Fewest hashes in a stanza's Merkle path: the tree has at least four leaves."""

_CHUNK_OVERHEAD: Final = 16
_SEALED_CHUNK: Final = 16384 + _CHUNK_OVERHEAD


def padme(size: int) -> int:
    """Return ``size`` rounded up so that its length tells O(log log size) bits.

    Source: docs/spec/capsule.md §10; Nikitin et al., PURBs (PETS 2019) §4.
    """
    exponent = size.bit_length() - 1
    kept = exponent.bit_length()
    mask = (1 << (exponent - kept)) - 1
    return (size + mask) & ~mask


def is_padded_payload(sealed: int) -> bool:
    """Whether a ciphertext's size, in bytes, is that of a padded payload."""
    chunks = max(0, sealed - sealed_size(0)) // _SEALED_CHUNK + 1
    plain = sealed - sealed_size(0) - _CHUNK_OVERHEAD * (chunks - 1)
    return plain >= PAYLOAD_FLOOR and sealed_size(plain) == sealed and padme(plain) == plain
