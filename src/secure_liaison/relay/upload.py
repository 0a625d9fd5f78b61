"""What a desk sends up: hashed once and read again piece by piece, in constant memory.

Source: docs/spec/wire.md §4, §10.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.relay.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

__all__ = ["digest_of", "pieces"]

_CHUNK: Final = 2**20
_PIECE: Final = 2**16


def digest_of(opening: bytes, stream: BinaryIO) -> bytes:
    """Return SHA-256 over ``opening`` and a stream to its end, 32 bytes."""
    hashed = hashlib.sha256(opening)
    while chunk := stream.read(_CHUNK):
        hashed.update(chunk)
    return hashed.digest()


def pieces(
    opening: bytes, stream: BinaryIO, size: int, progress: Progress | None
) -> Iterator[bytes]:
    """Yield ``opening``, then a stream of ``size`` bytes; tells what is sent and what there is.

    Raises:
        RelayUnreachableError: ``timeout``: the relay takes it too slowly.
    """
    pace = Pace()
    yield opening
    sent = 0
    while chunk := stream.read(_PIECE):
        yield chunk
        sent += len(chunk)
        if progress is not None:
            progress(sent, size)
        pace.check(sent)
