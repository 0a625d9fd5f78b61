"""Sizes, padding, stanza, tree, and the strict reading of an envelope."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.capsule import format as form
from secure_liaison.capsule.format import (
    Capsule,
    Role,
    Stanza,
    StanzaTree,
    claims_size,
    decode_stanza,
    encode_stanza,
    head_bucket,
    pad,
    padded_payload_size,
    padme,
    parse_envelope,
    unpad,
)
from secure_liaison.crypto.keys import KeyId
from secure_liaison.crypto.payload import sealed_size
from secure_liaison.errors import FormatError, LiaisonError, UnsupportedVersionError
from secure_liaison.transparency.merkle import leaf_hash, root_of, verify_inclusion
from tests.capsule.forge import Forge, cbor, fixed

GOOD = Forge().make()
VALUE: dict[int, Any] = cbor2.loads(GOOD.envelope)


def envelope(**fields: Any) -> bytes:
    return cbor(VALUE | {int(key[1:]): value for key, value in fields.items()})


def with_header(**fields: Any) -> bytes:
    header = cbor2.loads(GOOD.header) | {int(key[1:]): value for key, value in fields.items()}
    return envelope(_1=cbor(header))


def reason_of(data: bytes) -> str:
    with pytest.raises(LiaisonError) as caught:
        parse_envelope(data)
    return caught.value.reason


def test_an_envelope_gives_a_capsule_with_the_digest_of_the_specification() -> None:
    assert parse_envelope(GOOD.envelope).digest == GOOD.digest


def test_nobody_else_makes_a_capsule() -> None:
    capsule = parse_envelope(GOOD.envelope)
    with pytest.raises(TypeError):
        Capsule(
            envelope=capsule.envelope,
            header=capsule.header,
            header_hash=capsule.header_hash,
            stanza=capsule.stanza,
            digest=capsule.digest,
            mint=object(),
        )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"_1": GOOD.header + b"\x00"}, "not-canonical"),
        ({"_2": bytes(31)}, "field-size"),
        ({"_3": bytes(33)}, "field-size"),
        ({"_4": bytes(8191)}, "claims-size"),
        ({"_5": bytes(10)}, "not-canonical"),
        ({"_5": cbor({0: 3, 1: bytes(32), 2: bytes(1200)})}, "capsule-role"),
        ({"_5": cbor({0: 1, 1: bytes(31), 2: bytes(1200)})}, "field-size"),
        ({"_5": cbor({0: 1, 1: bytes(32), 2: bytes(1199)})}, "field-size"),
        ({"_6": bytes(31)}, "field-size"),
        ({"_7": 4}, "capsule-place"),
        ({"_8": VALUE[8][:1]}, "capsule-place"),
        ({"_8": [bytes(31)] * 2}, "path-hash"),
        ({"_8": [bytes(32)] * 17}, "field-size"),
        ({"_9": 0}, "unknown-field"),
        ({"_0": 1}, "unknown-version"),
    ],
)
def test_an_envelope_against_the_rules_is_refused(fields: dict[str, Any], reason: str) -> None:
    assert reason_of(envelope(**fields)) == reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"_0": 1}, "unknown-version"),
        ({"_1": 2}, "unknown-suite"),
        ({"_2": bytes(31)}, "field-size"),
        ({"_6": 2121}, "capsule-lengths"),
        ({"_7": sealed_size(4096) - 1}, "capsule-lengths"),
        ({"_7": sealed_size(4095)}, "capsule-lengths"),
        ({"_7": sealed_size(4097)}, "capsule-lengths"),
        ({"_7": 1}, "capsule-lengths"),
        ({"_7": 0}, "field-range"),
        ({"_8": 2**20 + 1}, "field-range"),
        ({"_9": 0}, "unknown-field"),
    ],
)
def test_a_header_against_the_rules_is_refused(fields: dict[str, Any], reason: str) -> None:
    assert reason_of(with_header(**fields)) == reason


def test_another_suite_is_an_unsupported_version() -> None:
    with pytest.raises(UnsupportedVersionError):
        parse_envelope(with_header(_1=2))


def test_an_envelope_over_the_limit_is_not_even_parsed() -> None:
    assert reason_of(bytes(32769)) == "too-long"


def test_a_stanza_has_always_the_same_size() -> None:
    for role in Role:
        stanza = Stanza(role=role, key_id=KeyId(fixed("key")), sealed=fixed("sealed", 1200))
        assert len(encode_stanza(stanza)) == form.STANZA_SIZE == 1242
        assert decode_stanza(encode_stanza(stanza)) == stanza


@given(st.integers(2, 6), st.data())
def test_every_path_of_the_stanza_tree_leads_to_its_root(height: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(1 << height)]
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = StanzaTree(leaves)
    assert tree.root == root_of(leaves)
    verify_inclusion(
        leaves[index], index=index, size=len(leaves), proof=tree.path(index), root=tree.root
    )


@given(st.integers(4096, 2**33))
def test_padding_adds_at_most_an_eighth_and_is_done_once(size: int) -> None:
    padded = padme(size)
    assert size <= padded <= size * 9 // 8
    assert padme(padded) == padded


@pytest.mark.parametrize(
    ("size", "expected"), [(0, 4096), (4096, 4096), (4097, 4352), (10**6, 1_015_808)]
)
def test_payload_sizes(size: int, expected: int) -> None:
    assert padded_payload_size(size) == expected


def test_a_payload_over_the_limit_of_a_relay_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        padded_payload_size(5 * 2**30)
    assert caught.value.reason == "capsule-payload-too-large"


@pytest.mark.parametrize(
    ("size", "bucket"), [(0, 2048), (2044, 2048), (2045, 8192), (8189, 32768), (32764, 32768)]
)
def test_heads_come_in_three_sizes(size: int, bucket: int) -> None:
    assert head_bucket(size) == bucket


def test_a_head_over_the_limit_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        head_bucket(32765)
    assert caught.value.reason == "capsule-head-too-large"


def test_claims_come_in_two_sizes() -> None:
    assert [claims_size(size) for size in (0, 8116, 8117, 16308)] == [8192, 8192, 16384, 16384]
    with pytest.raises(FormatError) as caught:
        claims_size(16309)
    assert caught.value.reason == "capsule-claims-too-large"


@given(st.binary(max_size=60))
def test_padding_is_taken_off_again(inner: bytes) -> None:
    assert unpad(pad(inner, 64)) == inner


@pytest.mark.parametrize("padded", [b"\x00\x00\x00\x05abcd", b"\x00\x00\x00\x01a\x00\x01", b"\x00"])
def test_wrong_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        unpad(padded)
    assert caught.value.reason == "capsule-padding"


def test_padding_what_does_not_fit_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pad(bytes(61), 64)


@given(st.binary(max_size=400))
def test_foreign_bytes_are_one_typed_error(data: bytes) -> None:
    with pytest.raises(LiaisonError):
        parse_envelope(data)


@given(st.integers(0, len(GOOD.envelope) - 1))
def test_a_truncated_envelope_is_one_typed_error(length: int) -> None:
    with pytest.raises(FormatError):
        parse_envelope(GOOD.envelope[:length])


@given(st.binary(min_size=1, max_size=40))
def test_an_extended_envelope_is_one_typed_error(tail: bytes) -> None:
    with pytest.raises(FormatError):
        parse_envelope(GOOD.envelope + tail)
