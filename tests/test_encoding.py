"""The one binary encoding: laws, vectors, and fields that are taken apart strictly."""

from __future__ import annotations

import tracemalloc
import unicodedata
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.encoding import Fields, Value, decode, decode_fields, encode
from secure_liaison.errors import FormatError, UnsupportedVersionError

VECTORS = sorted((Path(__file__).parent / "vectors" / "encoding").glob("*.txt"))
VECTOR_LIMIT_BYTES = 64
MEGABYTE = 2**20

Scalar: TypeAlias = int | bytes | str | bool | None

scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: unicodedata.normalize("NFC", text)),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.integers(0, 255), inner, max_size=5)
    ),
    max_leaves=20,
)


class Vector(NamedTuple):
    """One scenario of `tests/vectors/encoding`."""

    expect: str
    encoded: bytes


def read_vector(path: Path) -> Vector:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return Vector(expect=fields["expect"], encoded=bytes.fromhex(body.strip()))


def test_vectors_are_there() -> None:
    assert len(VECTORS) >= 40


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector_gives_the_expected_outcome(path: Path) -> None:
    vector = read_vector(path)
    if vector.expect == "accepted":
        assert vector.encoded == encode(decode(vector.encoded, max_bytes=VECTOR_LIMIT_BYTES))
        return
    with pytest.raises(FormatError) as refused:
        decode(vector.encoded, max_bytes=VECTOR_LIMIT_BYTES)
    assert vector.expect == refused.value.reason


@given(values)
def test_decoding_returns_what_was_encoded(value: Value) -> None:
    assert value == decode(encode(value), max_bytes=MEGABYTE)


@given(values)
def test_one_value_has_one_encoding(value: Value) -> None:
    encoded = encode(value)
    assert encoded == encode(decode(encoded, max_bytes=MEGABYTE))


@given(st.dictionaries(st.integers(0, 255), scalars, min_size=2, max_size=8))
def test_order_of_keys_in_memory_does_not_matter(value: dict[int, Scalar]) -> None:
    assert encode(value) == encode(dict(reversed(value.items())))


@given(values, st.binary(min_size=1, max_size=8))
def test_trailing_bytes_are_refused(value: Value, tail: bytes) -> None:
    with pytest.raises(FormatError):
        decode(encode(value) + tail, max_bytes=MEGABYTE)


@given(values, st.data())
def test_a_shortened_encoding_is_refused(value: Value, data: st.DataObject) -> None:
    encoded = encode(value)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(FormatError):
        decode(encoded[:cut], max_bytes=MEGABYTE)


@given(st.binary(max_size=64))
def test_any_bytes_are_either_canonical_or_refused_with_a_reason(noise: bytes) -> None:
    try:
        value = decode(noise, max_bytes=64)
    except FormatError:
        return
    assert noise == encode(value)


def test_the_limit_itself_is_accepted() -> None:
    encoded = encode(b"x" * 62)
    assert decode(encoded, max_bytes=len(encoded)) == b"x" * 62


def test_too_long_is_refused_before_anything_is_read() -> None:
    with pytest.raises(FormatError) as refused:
        decode(b"\xff" * 65, max_bytes=64)
    assert ("too-long", {"limit": 64}) == (refused.value.reason, refused.value.facts)


def items_in(value: Value) -> int:
    """Count the values of an encoding the slow way: itself, and everything inside."""
    if isinstance(value, dict):
        return 1 + sum(1 + items_in(inner) for inner in value.values())
    if isinstance(value, list):
        return 1 + sum(items_in(inner) for inner in value)
    return 1


@given(values)
def test_values_are_limited_to_the_last_one(value: Value) -> None:
    encoded, count = encode(value), items_in(value)
    assert value == decode(encoded, max_bytes=MEGABYTE, max_items=count)
    with pytest.raises(FormatError) as refused:
        decode(encoded, max_bytes=MEGABYTE, max_items=count - 1)
    assert ("too-many-items", {"limit": count - 1}) == (refused.value.reason, refused.value.facts)


def array_head(count: int) -> bytes:
    return b"\x9a" + count.to_bytes(4, "big")


BOMB_BYTES = 2**23


@pytest.mark.parametrize(
    "bomb",
    [
        array_head(BOMB_BYTES - 5) + b"\x80" * (BOMB_BYTES - 5),
        (array_head(4096) + b"\xa0" * 4096) * 2,
        b"\x81" * BOMB_BYTES,
        b"\xc1" * BOMB_BYTES,
        b"\xba" + (2**21).to_bytes(4, "big") + b"\x00\x80" * 2**21,
    ],
    ids=["arrays", "announced", "nested", "tags", "map"],
)
def test_a_bomb_of_values_is_refused_before_it_is_built(bomb: bytes) -> None:
    limit = 4096 if len(bomb) < BOMB_BYTES // 2 else 2**16
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="too-many-items"):
            decode(bomb, max_bytes=BOMB_BYTES, max_items=limit)
        assert tracemalloc.get_traced_memory()[1] < MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_long_string_is_one_value() -> None:
    encoded = encode({1: b"\x80" * MEGABYTE})
    assert decode(encoded, max_bytes=2 * MEGABYTE, max_items=3)


def test_more_values_than_bytes_are_announced_in_vain() -> None:
    with pytest.raises(FormatError, match="not-cbor"):
        decode(b"\x9b" + b"\xff" * 8, max_bytes=64)


@pytest.mark.parametrize("value", [1.0, {1, 2}, object()])
def test_encoding_a_foreign_type_is_a_mistake_of_the_programmer(value: Value) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    "value", [2**64, -(2**63) - 1, {256: 1}, {-1: 1}, {True: 1}, {"a": 1}, "e\u0301"]
)
def test_encoding_outside_the_range_is_a_mistake_of_the_programmer(value: Value) -> None:
    with pytest.raises(ValueError, match=r"integer|keys|NFC"):
        encode(value)


def test_encoding_deeper_than_a_reader_accepts_is_a_mistake_of_the_programmer() -> None:
    value: Value = 0
    for _ in range(17):
        value = [value]
    with pytest.raises(ValueError, match="deeper"):
        encode(value)


def fields_of(value: Value) -> Fields:
    return decode_fields(encode(value), max_bytes=MEGABYTE)


def test_fields_give_each_kind_back() -> None:
    fields = fields_of({1: b"12", 2: "文", 3: 7, 4: True, 5: [1, 2], 6: {1: 0}, 7: None})
    taken = (
        fields.octets(1, size=2),
        fields.text(2),
        fields.integer(3),
        fields.boolean(4),
        fields.items(5),
        fields.fields(6).integer(1),
        fields.value(7),
    )
    assert taken == (b"12", "文", 7, True, [1, 2], 0, None)
    fields.done()


@pytest.mark.parametrize("value", [[], 1, b"", "a", None])
def test_only_a_map_has_fields(value: Value) -> None:
    with pytest.raises(FormatError) as refused:
        fields_of(value)
    assert refused.value.reason == "not-a-map"


def test_a_field_can_be_taken_once() -> None:
    fields = fields_of({1: 1})
    fields.integer(1)
    with pytest.raises(FormatError) as refused:
        fields.integer(1)
    assert ("field-missing", {"field": 1}) == (refused.value.reason, refused.value.facts)


def test_a_field_left_over_is_unknown() -> None:
    fields = fields_of({1: 1, 2: 2, 3: 3})
    fields.integer(1)
    with pytest.raises(FormatError) as refused:
        fields.done()
    assert ("unknown-field", {"field": 2}) == (refused.value.reason, refused.value.facts)


def reason_of(name: str, value: Value, **limits: int) -> str:
    with pytest.raises(FormatError) as refused:
        getattr(fields_of({1: value}), name)(1, **limits)
    return refused.value.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("octets", "text"),
        ("text", b"octets"),
        ("integer", True),
        ("integer", "1"),
        ("boolean", 1),
        ("items", {1: 1}),
        ("version", None),
    ],
)
def test_a_field_of_another_kind_is_refused(name: str, value: Value) -> None:
    limits = {"supported": frozenset({1})} if name == "version" else {}
    with pytest.raises(FormatError) as refused:
        getattr(fields_of({1: value}), name)(1, **limits)
    assert refused.value.reason == "field-type"


def test_a_field_of_another_length_is_refused() -> None:
    reasons = [
        reason_of("octets", b"123", size=2),
        reason_of("octets", b"1", size=2),
        reason_of("octets", b"123", max_size=2),
        reason_of("text", "三个字", max_size=2),
        reason_of("items", [1, 2, 3], max_items=2),
    ]
    assert reasons == ["field-size"] * 5


def test_length_of_text_counts_characters() -> None:
    assert fields_of({1: "三个字"}).text(1, max_size=3) == "三个字"


def test_a_number_outside_its_range_is_refused() -> None:
    reasons = [
        reason_of("integer", -1),
        reason_of("integer", 2**63),
        reason_of("integer", 4, high=3),
        reason_of("integer", 1, low=2),
    ]
    assert reasons == ["field-range"] * 4


def test_null_is_taken_only_where_it_stands() -> None:
    fields = fields_of({1: None, 2: 5})
    assert fields.is_null(1)
    assert not fields.is_null(2)
    assert fields.integer(2) == 5
    fields.done()


def test_asking_for_null_in_a_missing_field_is_refused() -> None:
    with pytest.raises(FormatError) as refused:
        fields_of({2: None}).is_null(1)
    assert refused.value.reason == "field-missing"


def test_a_known_version_is_returned() -> None:
    assert fields_of({0: 2}).version(0, supported=frozenset({1, 2})) == 2


def test_an_unknown_version_has_its_own_class() -> None:
    with pytest.raises(UnsupportedVersionError) as refused:
        fields_of({0: 3}).version(0, supported=frozenset({1, 2}))
    assert ("unknown-version", {"version": 3}) == (refused.value.reason, refused.value.facts)
