"""The head record: subject, serial, answered object, parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.capsule.head import (
    HeadRecord,
    PartEntry,
    decode_head_record,
    encode_head_record,
)
from secure_liaison.errors import FormatError, LiaisonError, UnsupportedVersionError
from secure_liaison.wire.header import ObjectId
from tests.capsule.forge import cbor, fixed

PART = {0: "通报.pdf", 1: "application/pdf", 2: 7}


def encoded(**fields: Any) -> bytes:
    value = {0: 0, 1: "主题", 2: 3, 3: None, 4: [PART]}
    return cbor(value | {int(key[1:]): item for key, item in fields.items()})


def test_decoding_and_encoding_give_the_same_bytes() -> None:
    assert encode_head_record(decode_head_record(encoded())) == encoded()


def test_sizes_add_up() -> None:
    assert decode_head_record(encoded(_4=[PART, {**PART, 2: 35}])).total_size == 42


def test_the_answered_object_is_named() -> None:
    answered = ObjectId(fixed("object", 16))
    assert decode_head_record(encoded(_3=answered)).reply_to == answered


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"_1": "line\nbreak"}, "label-text"),
        ({"_1": "a" * 513}, "field-size"),
        ({"_1": "hidden \u202e order"}, "label-text"),
        ({"_3": bytes(15)}, "field-size"),
        ({"_4": [PART] * 65}, "field-size"),
        ({"_4": [{**PART, 0: ""}]}, "capsule-part"),
        ({"_4": [{**PART, 0: "a\x00b"}]}, "label-text"),
        ({"_4": [{**PART, 1: "pdf"}]}, "capsule-part"),
        ({"_4": [{**PART, 1: "text/plain; charset=utf-8"}]}, "capsule-part"),
        ({"_4": [{**PART, 2: -1}]}, "field-range"),
        ({"_4": [{**PART, 3: 0}]}, "unknown-field"),
        ({"_4": [7]}, "not-a-map"),
        ({"_5": 0}, "unknown-field"),
    ],
)
def test_a_record_against_the_rules_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_head_record(encoded(**fields))
    assert caught.value.reason == reason


def test_a_later_version_is_named_as_such() -> None:
    with pytest.raises(UnsupportedVersionError):
        decode_head_record(encoded(_0=1))


def test_the_sender_is_held_to_the_same_rules() -> None:
    with pytest.raises(FormatError):
        PartEntry(name="", media_type="text/plain", size=1)
    with pytest.raises(FormatError):
        HeadRecord(subject="x", serial=-1, reply_to=None, parts=())


@given(st.binary(max_size=200))
def test_foreign_bytes_are_one_typed_error(data: bytes) -> None:
    with pytest.raises(LiaisonError):
        decode_head_record(data)
