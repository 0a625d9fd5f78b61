"""Custody groups are parsed strictly, also by a release that cannot open them."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.capsule.custody import (
    NO_CUSTODY,
    CustodianKind,
    custody_hash,
    decode_custody,
    encode_custody,
)
from secure_liaison.crypto.keys import Realm
from secure_liaison.errors import FormatError
from tests.capsule.forge import Forge, cbor, fixed

REALM = Realm(fixed("realm"))


def member(name: str = "custodian", **fields: Any) -> dict[int, Any]:
    value = {0: fixed(name), 1: 1, 2: fixed("sealed", 1168)}
    return value | {int(key[1:]): item for key, item in fields.items()}


def test_an_object_without_custody_has_an_empty_array() -> None:
    assert encode_custody(NO_CUSTODY) == b"\x80"
    assert decode_custody(b"\x80") == NO_CUSTODY


def test_the_hash_is_that_of_the_specification() -> None:
    assert custody_hash(b"\x80", REALM) == Forge().hash("capsule-custody", b"\x80")


def test_decoding_and_encoding_give_the_same_bytes() -> None:
    data = cbor([[member("a"), member("b", _1=2)], [member("a")]])
    groups = decode_custody(data)
    assert encode_custody(groups) == data
    assert groups[0][1].kind is CustodianKind.BREAK_GLASS


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "capsule-custody"),
        ([[]], "capsule-custody"),
        ([7], "capsule-custody"),
        ([[member(), member()]], "capsule-custody"),
        ([[member(_1=3)]], "capsule-custody"),
        ([[member(str(number)) for number in range(9)]], "capsule-custody"),
        ([[member(_0=bytes(31))]], "field-size"),
        ([[member(_2=bytes(1167))]], "field-size"),
        ([[member(_3=0)]], "unknown-field"),
        ([[7]], "not-a-map"),
    ],
)
def test_groups_against_the_rules_are_refused(value: Any, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_custody(cbor(value))
    assert caught.value.reason == reason
