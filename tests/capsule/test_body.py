"""The body as a stream: leaves made while writing, checked while reading."""

from __future__ import annotations

from io import BytesIO, RawIOBase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from secure_liaison.capsule.body import (
    BodyWriter,
    LeafList,
    PartSource,
    PartSplitter,
    payload_ranges,
    read_exactly,
    read_part,
)
from secure_liaison.capsule.head import HeadRecord, PartEntry
from secure_liaison.errors import FormatError, TamperedError
from tests.capsule.forge import fixed, leaf, root
from tests.capsule.reading import Sink

PAYLOAD = fixed("payload", 200_000)
LEAVES = [
    leaf(b"head"),
    *(leaf(PAYLOAD[start : start + 65536]) for start in range(0, 200_000, 65536)),
]


class Dripping(RawIOBase):
    """A stream that gives three bytes at a time, as a socket might."""

    def __init__(self, octets: bytes) -> None:
        self._inner = BytesIO(octets)

    @override
    def read(self, size: int = -1, /) -> bytes:
        return self._inner.read(min(size, 3))


@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=8))
def test_leaves_do_not_depend_on_the_pieces_written(sizes: list[int]) -> None:
    out = BytesIO()
    writer = BodyWriter(out, b"head")
    left = memoryview(PAYLOAD)
    for size in sizes:
        writer.write(bytes(left[:size]))
        left = left[size:]
    writer.write(bytes(left))
    leaves, tree_root = writer.finish()
    assert leaves == b"".join(LEAVES)
    assert tree_root == root(LEAVES)
    assert out.getvalue() == b"head" + PAYLOAD


def test_a_payload_of_whole_ranges_has_no_leaf_more() -> None:
    writer = BodyWriter(BytesIO(), b"head")
    writer.write(PAYLOAD[: 2 * 65536])
    assert writer.finish()[0] == b"".join(LEAVES[:3])


def checked() -> LeafList:
    return LeafList(b"".join(LEAVES), count=len(LEAVES), root=root(LEAVES))


def test_ranges_come_in_order_and_complete() -> None:
    found = [bytes(view) for view in payload_ranges(BytesIO(PAYLOAD), 200_000, checked())]
    assert b"".join(found) == PAYLOAD
    assert [len(piece) for piece in found] == [65536, 65536, 65536, 3392]


def test_a_stream_may_give_a_few_bytes_at_a_time() -> None:
    body = Dripping(PAYLOAD)
    found = b"".join(bytes(v) for v in payload_ranges(body, 200_000, checked()))  # type: ignore[arg-type]  # reads like one
    assert found == PAYLOAD


def test_the_head_is_leaf_zero() -> None:
    checked().check(0, b"head")
    with pytest.raises(TamperedError) as caught:
        checked().check(0, b"other")
    assert caught.value.facts == {"index": 0}


def test_a_body_that_ends_early_or_late_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        list(payload_ranges(BytesIO(PAYLOAD[:-1]), 200_000, checked()))
    assert caught.value.reason == "capsule-body-short"
    with pytest.raises(FormatError) as caught:
        list(payload_ranges(BytesIO(PAYLOAD + b"x"), 200_000, checked()))
    assert caught.value.reason == "capsule-body-long"
    with pytest.raises(FormatError) as caught:
        read_exactly(BytesIO(b"12"), 3)
    assert caught.value.reason == "capsule-body-short"


def record(*sizes: int) -> HeadRecord:
    parts = tuple(
        PartEntry(name=str(number), media_type="text/plain", size=size)
        for number, size in enumerate(sizes)
    )
    return HeadRecord(subject="", serial=0, reply_to=None, parts=parts)


@given(
    st.lists(st.integers(0, 50), max_size=6),
    st.lists(st.integers(1, 60), min_size=1, max_size=9),
)
def test_parts_do_not_depend_on_the_pieces_read(sizes: list[int], pieces: list[int]) -> None:
    plain = bytes(range(1, 51)) * 6
    whole = plain[: sum(sizes)] + bytes(64)
    sink = Sink()
    splitter = PartSplitter(record(*sizes), sink)
    place = 0
    for size in [*pieces, len(whole)]:
        splitter.write(whole[place : place + size])
        place += size
    assert b"".join(bytes(octets) for _, octets in sink.open) == plain[: sum(sizes)]
    assert [len(octets) for _, octets in sink.open] == sizes


def test_padding_that_is_not_zero_is_refused() -> None:
    splitter = PartSplitter(record(3), Sink())
    splitter.write(b"abc\x00\x00")
    with pytest.raises(FormatError) as caught:
        splitter.write(b"\x00\x01\x00")
    assert caught.value.reason == "capsule-padding"


def test_a_part_is_closed_after_use() -> None:
    stream = BytesIO(b"abc")
    part = PartSource(name="a", media_type="text/plain", size=3, open=lambda: stream)
    assert b"".join(read_part(part)) == b"abc"
    assert stream.closed
