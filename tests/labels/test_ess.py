"""ESS labels as bytes: published vectors, and everything that is refused."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import (
    MAX_ESS_BYTES,
    EssEffect,
    EssForm,
    EssLabel,
    EssTag,
    from_base64,
    read_ess,
    to_base64,
    write_ess,
)

SET = "1.3.26.1.4.2"
TAG = EssTag(
    effect=EssEffect.PERMISSIVE, form=EssForm.ENUMERATED, tag_set=SET, numbers=frozenset({8, 752})
)
LABEL = EssLabel(policy="1.3.26.1.3.1", classification=3, privacy_mark="Entwurf ü", tags=(TAG,))


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one element with as short a length as there is."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


POLICY = bytes.fromhex("060129")
CLASS = bytes.fromhex("020104")
SET_NAME = bytes.fromhex("06052b1a010402")


def category(kind: int, *tagged: bytes, name: bytes = SET_NAME) -> bytes:
    """Write one category of ACP 145 around what stands after the tag set's name."""
    oid = bytes.fromhex("60864801650201080 3".replace(" ", "")) + bytes([kind])
    return tlv(0x30, tlv(0x80, oid), tlv(0xA1, tlv(0x30, name, *tagged)))


def with_categories(*categories: bytes) -> bytes:
    return tlv(0x31, CLASS, POLICY, tlv(0x31, *categories))


def refusal(octets: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read_ess(octets)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "number"), [("MQYCAQQGASk=", 4), ("MQYCAQIGASk=", 2), ("MQYCAQMGASk=", 3)]
)
def test_published_labels_read_and_are_written_the_same(text: str, number: int) -> None:
    label = read_ess(from_base64(text))
    assert EssLabel(policy="1.1", classification=number) == label
    assert text == to_base64(write_ess(label))


def test_the_published_label_without_a_policy_is_refused() -> None:
    assert refusal(from_base64("MRUCAgD9DA9BcXVhIChvYnNvbGV0ZSk=")) == "ess-no-policy"


def test_the_label_that_is_published_without_padding_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        from_base64("MQYCAQMGASk")
    assert caught.value.reason == "ess-base64"


def test_another_label_with_a_privacy_mark_is_read() -> None:
    mark = "VAGUELY SECRET"
    octets = tlv(0x31, bytes.fromhex("020133"), POLICY, tlv(0x13, mark.encode()))
    label = read_ess(octets)
    assert EssLabel(policy="1.1", classification=51, privacy_mark=mark) == label
    assert read_ess(write_ess(label)) == label


def test_white_space_may_stand_in_the_text() -> None:
    assert from_base64(" MQYC\n AQQGASk= ") == from_base64("MQYCAQQGASk=")


@pytest.mark.parametrize("text", ["MQYCAQQGASl=", "MQ-_", "é", "MQYCAQQGASk==", "="])
def test_text_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        from_base64(text)
    assert caught.value.reason == "ess-base64"


def test_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        from_base64("A" * (2 * MAX_ESS_BYTES + 1))
    assert caught.value.reason == "too-long"


def test_what_is_written_is_known_byte_by_byte() -> None:
    tag = category(1, tlv(0x31, bytes.fromhex("020108"), bytes.fromhex("020202f0")))
    mark = tlv(0x0C, "Entwurf ü".encode())
    expected = tlv(
        0x31, bytes.fromhex("020103"), bytes.fromhex("06052b1a010301"), mark, tlv(0x31, tag)
    )
    assert expected == write_ess(LABEL)


@pytest.mark.parametrize("effect", EssEffect)
@pytest.mark.parametrize("form", EssForm)
def test_every_effect_in_every_form_reads_back(effect: EssEffect, form: EssForm) -> None:
    label = replace(LABEL, tags=(replace(TAG, effect=effect, form=form),))
    assert label == read_ess(write_ess(label))


def test_bits_are_numbered_from_the_first() -> None:
    octets = with_categories(category(0, bytes.fromhex("03020450")))
    assert frozenset({1, 3}) == read_ess(octets).tags[0].numbers


@pytest.mark.parametrize(
    ("reason", "octets"),
    [
        ("too-long", b"\x31" * (MAX_ESS_BYTES + 1)),
        ("ess-malformed", b""),
        ("ess-malformed", b"\x30\x06" + CLASS + POLICY),
        ("ess-malformed", b"\x31\x84\xff\xff\xff\xff" + CLASS + POLICY),
        ("ess-malformed", b"\x31\x88" + b"\x7f" * 8),
        ("ess-malformed", b"\x31\xfe" + b"\xff" * 126 + CLASS),
        ("ess-malformed", b"\x31\x80" + CLASS + POLICY + b"\x00\x00"),
        ("ess-malformed", b"\x31\x80" * 2000),
        ("ess-malformed", tlv(0x31, CLASS, b"\x06\x01\xff")),
        ("ess-malformed", tlv(0x31, CLASS, b"\x06\x00")),
        ("ess-malformed", tlv(0x31, CLASS, b"\x06\x82\x07\xd0" + b"\xff" * 1999 + b"\x01")),
        ("ess-malformed", tlv(0x31, CLASS, tlv(0x06, b"\x29" * 120))),
        ("ess-malformed", tlv(0x31, CLASS, POLICY, tlv(0x0C, b"\xff\xfe"))),
        ("ess-malformed", tlv(0x31, CLASS, POLICY, tlv(0x04, b"x"))),
        ("ess-trailing", tlv(0x31, CLASS, POLICY) + b"\x00"),
        ("ess-not-der", tlv(0x31, CLASS, CLASS, POLICY)),
        ("ess-not-der", tlv(0x31, bytes.fromhex("020105"), CLASS, POLICY)),
        ("ess-not-der", tlv(0x31, POLICY, CLASS)),
        ("ess-not-der", tlv(0x31, bytes.fromhex("02020004"), POLICY)),
        ("ess-not-der", b"\x31\x81\x06" + CLASS + POLICY),
        ("ess-no-policy", tlv(0x31, CLASS)),
        ("ess-no-classification", tlv(0x31, POLICY)),
        ("ess-no-policy", b"\x31\x00"),
        ("ess-classification", tlv(0x31, bytes.fromhex("02020101"), POLICY)),
        ("ess-classification", tlv(0x31, bytes.fromhex("0201ff"), POLICY)),
        ("ess-classification", tlv(0x31, tlv(0x02, b"\x7f" * 3000), POLICY)),
        ("ess-privacy-mark", tlv(0x31, CLASS, POLICY, tlv(0x0C, b""))),
        ("ess-privacy-mark", tlv(0x31, CLASS, POLICY, tlv(0x0C, b" x"))),
        ("ess-privacy-mark", tlv(0x31, CLASS, POLICY, tlv(0x0C, b"\xe2\x80\xae"))),
        ("ess-privacy-mark", tlv(0x31, CLASS, POLICY, tlv(0x0C, b"x" * 257))),
        ("ess-not-der", with_categories()),
        ("ess-categories", with_categories(*[category(9, tlv(0x31))] * 65)),
        ("ess-category-type", with_categories(category(9, tlv(0x31, b"\x02\x01\x01")))),
        ("ess-category-form", with_categories(category(0, tlv(0x31, b"\x02\x01\x01")))),
        ("ess-category-form", with_categories(category(1, b"\x03\x02\x04\x50"))),
        ("ess-malformed", with_categories(category(1, b"\x04\x01x"))),
        ("ess-malformed", with_categories(category(1))),
        ("ess-not-der", with_categories(category(0, b"\x03\x02\x04\x51"))),
        ("ess-not-der", with_categories(category(1, tlv(0x31, b"\x02\x02\x00\x01")))),
        ("ess-number", with_categories(category(1, tlv(0x31)))),
        ("ess-number", with_categories(category(0, b"\x03\x01\x00"))),
        ("ess-number", with_categories(category(0, b"\x03\x02\x00\x00"))),
        ("ess-number", with_categories(category(0, tlv(0x03, b"\x00" + b"\xff" * 64)))),
        ("ess-number", with_categories(category(0, tlv(0x03, bytes(2100) + b"\x01")))),
        ("ess-number", with_categories(category(1, tlv(0x31, b"\x02\x01\xff")))),
        ("ess-number", with_categories(category(1, tlv(0x31, tlv(0x02, b"\x7f" * 2000))))),
        ("ess-number", with_categories(category(1, tlv(0x31, b"\x02\x01\x01" * 2)))),
        ("ess-number", with_categories(category(1, tlv(0x31, b"\x02\x05\x00\x80\x00\x00\x00")))),
        (
            "ess-category-twice",
            with_categories(
                category(1, tlv(0x31, b"\x02\x01\x01")), category(1, tlv(0x31, b"\x02\x01\x02"))
            ),
        ),
        (
            "ess-category-twice",
            with_categories(
                category(0, b"\x03\x02\x04\x50"), category(4, tlv(0x31, b"\x02\x01\x02"))
            ),
        ),
    ],
)
def test_what_is_no_label_is_refused_with_its_reason(reason: str, octets: bytes) -> None:
    assert reason == refusal(octets)


def test_nested_bombs_are_refused() -> None:
    bomb = b""
    for _ in range(600):
        bomb = tlv(0x30, bomb)
    assert "ess-malformed" == refusal(with_categories(category(1, bomb)))


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("ess-classification", replace(LABEL, classification=257)),
        ("ess-privacy-mark", replace(LABEL, privacy_mark="")),
        ("ess-oid", replace(LABEL, policy="3.1")),
        ("ess-oid", replace(LABEL, policy="1")),
        ("ess-oid", replace(LABEL, policy="policy")),
        ("ess-oid", replace(LABEL, policy="1.02")),
        ("ess-oid", replace(LABEL, policy="1.1" + ".1" * 100)),
        ("ess-number", replace(LABEL, tags=(replace(TAG, numbers=frozenset()),))),
        ("ess-number", replace(LABEL, tags=(replace(TAG, numbers=frozenset({-1})),))),
        (
            "ess-number",
            replace(LABEL, tags=(replace(TAG, form=EssForm.BITMAP, numbers=frozenset({16_384})),)),
        ),
        ("ess-category-twice", replace(LABEL, tags=(TAG, replace(TAG, form=EssForm.BITMAP)))),
        (
            "ess-categories",
            replace(LABEL, tags=tuple(replace(TAG, tag_set=f"1.2.{k}") for k in range(65))),
        ),
        (
            "too-long",
            replace(
                LABEL,
                tags=tuple(
                    replace(TAG, tag_set=f"1.2.{k}", numbers=frozenset(range(70_000, 70_256)))
                    for k in range(8)
                ),
            ),
        ),
    ],
)
def test_what_cannot_be_said_is_not_written(reason: str, label: EssLabel) -> None:
    with pytest.raises(FormatError) as caught:
        write_ess(label)
    assert reason == caught.value.reason


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda rest: b"\x31\x28" + rest))
def test_no_bytes_make_the_reader_fail_otherwise(octets: bytes) -> None:
    try:
        label = read_ess(octets)
    except FormatError:
        return
    assert read_ess(write_ess(label)) == label


@given(st.data())
def test_a_damaged_label_is_refused_or_is_another_label(data: st.DataObject) -> None:
    octets = bytearray(write_ess(LABEL))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 3))
    try:
        label = read_ess(bytes(octets[: len(octets) - cut]))
    except FormatError:
        return
    # The only freedom that DER leaves is the kind of string of a mark.
    assert (label == LABEL) == (bytes(octets) == write_ess(LABEL) and not cut)


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()))
def test_no_text_makes_the_decoder_fail_otherwise(text: str) -> None:
    try:
        octets = from_base64(text)
    except FormatError:
        return
    assert to_base64(octets) == "".join(text.split())


numbers = st.frozensets(st.integers(0, 16_383), min_size=1, max_size=20)
tags = st.builds(
    EssTag,
    effect=st.sampled_from(EssEffect),
    form=st.sampled_from(EssForm),
    tag_set=st.sampled_from(["1.2.3", "2.999.1", "1.3.26.1.4.1"]),
    numbers=numbers,
)


@given(
    st.builds(
        EssLabel,
        policy=st.sampled_from(["1.1", "1.3.26.1.3.1", "2.16.840.1.101.2.1.12.0.1"]),
        classification=st.integers(0, 256),
        privacy_mark=st.none() | st.sampled_from(["CLEAR", "仅供参考"]),
        tags=st.lists(tags, max_size=3, unique_by=lambda t: (t.effect, t.tag_set)).map(tuple),
    )
)
def test_what_is_written_reads_back(label: EssLabel) -> None:
    try:
        octets = write_ess(label)
    except FormatError:  # too long
        return
    back = read_ess(octets)
    assert replace(back, tags=()) == replace(label, tags=())
    assert frozenset(back.tags) == frozenset(label.tags)
    assert octets == write_ess(back)
