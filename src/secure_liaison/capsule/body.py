"""The body as a stream: ciphertext hashed range by range, parts cut out of the plaintext.

Rules:

- Constant memory: at most one range of 64 KiB and one piece of plaintext are held.
- Reading, a range is compared with its leaf before any byte of it is given to decryption.
- Padding is zero and checked; a body that ends early or late is refused.

Source: docs/spec/capsule.md §10, §11.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeAlias

from secure_liaison.capsule.format import RANGE_SIZE
from secure_liaison.errors import FormatError, TamperedError
from secure_liaison.transparency.merkle import HASH_SIZE, CompactRange, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secure_liaison.capsule.head import HeadRecord, PartEntry

__all__ = [
    "BodyWriter",
    "LeafList",
    "PartSink",
    "PartSource",
    "PartSplitter",
    "Progress",
    "payload_ranges",
    "read_exactly",
    "read_part",
]

PIECE_SIZE: Final = 256 * 1024
"""Bytes read from a part at a time."""
_LEAF_PREFIX: Final = b"\x00"

Progress: TypeAlias = "Callable[[int, int], None]"
"""Told bytes done and bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSource:
    """Where one part's bytes come from.

    Attributes:
        name: As the head lists it.
        media_type: As the head lists it.
        size: Exact number of bytes.
        open: Returns a new stream from the first byte; it is closed after use.
    """

    name: str
    media_type: str
    size: int
    open: Callable[[], BinaryIO]


class PartSink(Protocol):
    """Where revealed parts go: a temporary place that nobody sees before ``commit``."""

    def begin(self, part: PartEntry) -> None:
        """Begin the next part."""
        ...

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the part begun last."""
        ...

    def commit(self) -> None:
        """Publish all parts; called once, after the last check."""
        ...

    def abort(self) -> None:
        """Discard everything; called once, on any failure."""
        ...


class BodyWriter:
    """Writes head and payload ciphertext and makes the leaf list on the way."""

    def __init__(self, out: BinaryIO, head: bytes) -> None:
        """Write the head ciphertext and its leaf."""
        self._out = out
        self._tree = CompactRange()
        self._leaves = bytearray()
        self._add(leaf_hash(head))
        self._hash = sha256(_LEAF_PREFIX)
        self._filled = 0
        out.write(head)

    def write(self, ciphertext: bytes) -> None:
        """Write the next bytes of the payload's ciphertext."""
        self._out.write(ciphertext)
        view = memoryview(ciphertext)
        while view:
            piece = view[: RANGE_SIZE - self._filled]
            self._hash.update(piece)
            self._filled += len(piece)
            view = view[len(piece) :]
            if self._filled == RANGE_SIZE:
                self._end_range()

    def finish(self) -> tuple[bytes, bytes]:
        """End the last range; returns leaf list and payload root."""
        if self._filled:
            self._end_range()
        return bytes(self._leaves), self._tree.root()

    def _end_range(self) -> None:
        self._add(self._hash.digest())
        self._hash = sha256(_LEAF_PREFIX)
        self._filled = 0

    def _add(self, leaf: bytes) -> None:
        self._tree.append(leaf)
        self._leaves += leaf


class LeafList:
    """A leaf list that was compared with the payload root."""

    __slots__ = ("_leaves",)

    def __init__(self, leaves: bytes, *, count: int, root: bytes) -> None:
        """Check length and root.

        Raises:
            FormatError: ``capsule-leaf-list``.
            TamperedError: ``capsule-payload-root``.
        """
        if len(leaves) != HASH_SIZE * count:
            raise FormatError("capsule-leaf-list")
        tree = CompactRange()
        for start in range(0, len(leaves), HASH_SIZE):
            tree.append(leaves[start : start + HASH_SIZE])
        if not hmac.compare_digest(tree.root(), root):
            raise TamperedError("capsule-payload-root")
        self._leaves = leaves

    def check(self, index: int, ciphertext: bytes | memoryview) -> None:
        """Compare one range (0 is the head) with its leaf.

        Raises:
            TamperedError: ``capsule-range``.
        """
        found = sha256(_LEAF_PREFIX)
        found.update(ciphertext)
        leaf = self._leaves[HASH_SIZE * index : HASH_SIZE * (index + 1)]
        if not hmac.compare_digest(found.digest(), leaf):
            raise TamperedError("capsule-range", index=index)


def payload_ranges(body: BinaryIO, size: int, leaves: LeafList) -> Iterator[memoryview]:
    """Yield the payload's ranges in order, each checked; a view is valid until the next one.

    Args:
        body: Stands at the payload's first byte.
        size: Bytes of payload ciphertext.
        leaves: The checked leaf list.

    Raises:
        FormatError: ``capsule-body-short``, ``capsule-body-long``.
        TamperedError: ``capsule-range``.
    """
    buffer = memoryview(bytearray(RANGE_SIZE))
    for index, start in enumerate(range(0, size, RANGE_SIZE), start=1):
        view = buffer[: min(RANGE_SIZE, size - start)]
        _read_into(body, view)
        leaves.check(index, view)
        yield view
    if body.read(1):
        raise FormatError("capsule-body-long")


def read_exactly(body: BinaryIO, size: int) -> bytes:
    """Read ``size`` bytes.

    Raises:
        FormatError: ``capsule-body-short``.
    """
    buffer = bytearray(size)
    _read_into(body, memoryview(buffer))
    return bytes(buffer)


def read_part(source: PartSource) -> Iterator[bytes]:
    """Yield a part's bytes in pieces of at most 256 KiB.

    Raises:
        FormatError: ``capsule-part-short``, ``capsule-part-long`` (not the size it claimed).
    """
    with source.open() as stream:
        left = source.size
        while left:
            piece = stream.read(min(PIECE_SIZE, left))
            if not piece:
                raise FormatError("capsule-part-short")
            left -= len(piece)
            yield piece
        if stream.read(1):
            raise FormatError("capsule-part-long")


class PartSplitter:
    """Cuts the payload's plaintext into its parts and checks that the rest is zero."""

    def __init__(self, record: HeadRecord, sink: PartSink) -> None:
        """Begin with the first part."""
        self._parts = iter(record.parts)
        self._sink = sink
        self._left = 0
        self._in_padding = False
        self._next_part()

    def write(self, plaintext: bytes) -> None:
        """Take the next authenticated plaintext.

        Raises:
            FormatError: ``capsule-padding``.
        """
        if not self._in_padding and len(plaintext) < self._left:  # the usual case copies nothing
            self._sink.write(plaintext)
            self._left -= len(plaintext)
            return
        start = 0
        while not self._in_padding and start < len(plaintext):
            piece = plaintext[start : start + self._left]
            self._sink.write(piece)
            start += len(piece)
            self._left -= len(piece)
            if not self._left:
                self._next_part()
        if plaintext.count(0, start) != len(plaintext) - start:
            raise FormatError("capsule-padding")

    def _next_part(self) -> None:
        for part in self._parts:
            self._sink.begin(part)
            self._left = part.size
            if self._left:
                return
        self._in_padding = True


def _read_into(body: BinaryIO, view: memoryview) -> None:
    filled = 0
    while filled < len(view):
        piece = body.read(len(view) - filled)
        if not piece:
            raise FormatError("capsule-body-short")
        view[filled : filled + len(piece)] = piece
        filled += len(piece)
