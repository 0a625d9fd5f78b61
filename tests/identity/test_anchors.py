from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
    UnsupportedVersionError,
)
from secure_liaison.identity.anchors import (
    Anchor,
    RealmCharter,
    TrustedAnchor,
    accept_anchor,
    decode_anchor,
    decode_charter,
    encode_anchor,
    encode_charter,
    open_anchor,
    sign_anchor,
)
from secure_liaison.identity.key_list import in_key_order
from secure_liaison.identity.names import Names

NOW = FixedClock().now()
CHARTER = RealmCharter(name="演练 EXERCISE", exercise=True, salt=bytes(16))
KEYS = tuple(SigningKey(bytes([n]) * 64) for n in (1, 2, 3))
ANCHOR = Anchor(
    charter=CHARTER,
    names=Names(zh="大使馆甲", en="Embassy A"),
    code="EMB-A",
    keys=in_key_order(key.verify_key for key in KEYS),
    threshold=2,
    created=NOW,
)
FILE = sign_anchor(ANCHOR, KEYS[:2])


def test_a_charter_survives_its_encoding() -> None:
    assert CHARTER == decode_charter(encode_charter(CHARTER))


def test_the_exercise_flag_is_bound_to_the_realm() -> None:
    assert CHARTER.realm != replace(CHARTER, exercise=False).realm


def test_two_realms_of_one_name_differ_by_their_salt() -> None:
    assert CHARTER.realm != replace(CHARTER, salt=b"x" * 16).realm


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17)])
def test_a_charter_needs_sixteen_bytes_of_salt(salt: bytes) -> None:
    with pytest.raises(FormatError, match="charter-salt"):
        RealmCharter(name="x", exercise=True, salt=salt)


def test_an_anchor_survives_its_file() -> None:
    assert ANCHOR == open_anchor(FILE)


def test_an_unsigned_body_reads_back() -> None:
    assert ANCHOR == decode_anchor(encode_anchor(ANCHOR))


def test_the_agency_id_depends_on_every_field() -> None:
    others = [
        replace(ANCHOR, code="EMB-B"),
        replace(ANCHOR, threshold=1),
        replace(ANCHOR, created=Instant(NOW + 1)),
        replace(ANCHOR, names=Names(zh="大使馆乙", en="Embassy A")),
        replace(ANCHOR, keys=ANCHOR.keys[:2]),
        replace(ANCHOR, charter=replace(CHARTER, exercise=False)),
    ]
    assert len(others) + 1 == len({one.agency_id for one in (ANCHOR, *others)})


def test_the_digits_are_forty_in_ten_groups() -> None:
    groups = ANCHOR.digits().split(" ")
    assert [4] * 10 == [len(group) for group in groups]
    assert int.from_bytes(ANCHOR.agency_id, "big") % 10**40 == int("".join(groups))


def test_all_digits_make_a_trusted_anchor_whatever_the_spaces() -> None:
    assert ANCHOR == accept_anchor(ANCHOR, typed_digits=ANCHOR.digits()).anchor
    squeezed = f" {ANCHOR.digits().replace(' ', '')}\n"
    assert ANCHOR == accept_anchor(ANCHOR, typed_digits=squeezed).anchor


def test_digits_that_differ_in_the_last_group_are_refused() -> None:
    digits = ANCHOR.digits()
    other = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    with pytest.raises(TamperedError, match="digits"):
        accept_anchor(ANCHOR, typed_digits=other)


@pytest.mark.parametrize("cut", [0, 4, 16, 39])
def test_fewer_than_forty_digits_are_refused(cut: int) -> None:
    with pytest.raises(TamperedError, match="digits"):
        accept_anchor(ANCHOR, typed_digits=ANCHOR.digits().replace(" ", "")[:cut])


def test_digits_of_another_script_are_refused() -> None:
    fullwidth = ANCHOR.digits().translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    with pytest.raises(TamperedError, match="digits"):
        accept_anchor(ANCHOR, typed_digits=fullwidth)


def test_nobody_else_makes_a_trusted_anchor() -> None:
    with pytest.raises(TypeError):
        TrustedAnchor(anchor=ANCHOR, mint=None)
    trusted = accept_anchor(ANCHOR, typed_digits=ANCHOR.digits())
    with pytest.raises(TypeError):
        replace(trusted, anchor=ANCHOR, mint=None)


def test_an_anchor_is_signed_by_enough_of_its_own_keys() -> None:
    with pytest.raises(SignatureError, match="too-few-signatures"):
        sign_anchor(ANCHOR, KEYS[:1])


def test_an_anchor_signed_by_a_foreign_key_is_refused() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        sign_anchor(ANCHOR, (*KEYS, SigningKey(b"\x09" * 64)))


def test_one_key_counts_once() -> None:
    with pytest.raises(SignatureError, match="too-few-signatures"):
        sign_anchor(ANCHOR, (KEYS[0], KEYS[0]))


def test_keys_out_of_order_are_refused() -> None:
    with pytest.raises(FormatError, match="key-order"):
        replace(ANCHOR, keys=ANCHOR.keys[::-1])


@pytest.mark.parametrize("threshold", [0, 4])
def test_a_threshold_nobody_can_meet_or_miss_is_refused(threshold: int) -> None:
    with pytest.raises(FormatError, match="threshold"):
        replace(ANCHOR, threshold=threshold)


def test_a_replaced_root_is_not_known_yet() -> None:
    with pytest.raises(UnsupportedVersionError, match="anchor-sequence"):
        replace(ANCHOR, sequence=2)
    with pytest.raises(UnsupportedVersionError, match="anchor-sequence"):
        replace(ANCHOR, previous=bytes(32))


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError):
        open_anchor(encode({0: 1, 1: encode_anchor(ANCHOR), 2: []}))


@given(position=st.integers(0, len(FILE) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(FILE)
    flipped[position] ^= 1 << bit
    with pytest.raises(LiaisonError):
        open_anchor(bytes(flipped))


@given(size=st.integers(0, len(FILE) - 1))
def test_a_truncated_file_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        open_anchor(FILE[:size])


@given(tail=st.binary(min_size=1, max_size=40))
def test_an_extended_file_is_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        open_anchor(FILE + tail)
