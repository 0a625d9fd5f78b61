from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.errors import FormatError, LiaisonError, SignatureError
from secure_liaison.identity.enrolment import make_request, open_request
from secure_liaison.identity.names import Names
from secure_liaison.identity.records import decode_record, encode_record
from tests.factories import make_agency, make_charter, make_device, make_enrolment

NOW = FixedClock().now()
AGENCY = make_agency(make_charter(), "EMB-A", now=NOW)
DEVICE = make_device(AGENCY.anchor)
FILE = make_enrolment(AGENCY, DEVICE, "li.wei", Names(zh="李伟", en="Li Wei"), now=NOW)
REQUEST = open_request(FILE)


def test_a_request_carries_the_devices_public_keys() -> None:
    assert DEVICE.signing.verify_key == REQUEST.signing_key
    assert DEVICE.request.verify_key == REQUEST.request_key
    assert DEVICE.kem.public_key == REQUEST.vault_key
    assert DEVICE.ledger.verify_key == REQUEST.ledger_key
    assert (DEVICE.handle, "li.wei") == (REQUEST.handle, REQUEST.login)


def test_the_digits_are_twelve_and_always_the_same() -> None:
    groups = REQUEST.digits().split(" ")
    assert [4] * 3 == [len(group) for group in groups]
    assert REQUEST.digits() == open_request(FILE).digits()


def test_another_request_has_other_digits() -> None:
    assert REQUEST.digits() != replace(REQUEST, created=Instant(NOW + 1)).digits()


def test_a_request_is_signed_by_the_key_inside_it() -> None:
    with pytest.raises(ValueError, match="key inside"):
        make_request(REQUEST, signing_key=make_device(AGENCY.anchor).signing)


def test_somebody_elses_key_cannot_be_asked_for() -> None:
    other = make_device(AGENCY.anchor)
    stolen = replace(REQUEST, signing_key=other.signing.verify_key)
    body = decode_record(make_request(stolen, signing_key=other.signing), max_bytes=2**16).body
    record = replace(decode_record(FILE, max_bytes=2**16), body=body)
    with pytest.raises(SignatureError, match="wrong-signer"):
        open_request(encode_record(record))


def test_the_keys_digest_binds_every_key() -> None:
    other = make_device(AGENCY.anchor)
    changed = [
        replace(REQUEST, signing_key=other.signing.verify_key),
        replace(REQUEST, request_key=other.request.verify_key),
        replace(REQUEST, vault_key=other.kem.public_key),
        replace(REQUEST, ledger_key=other.ledger.verify_key),
        replace(REQUEST, handle=other.handle),
    ]
    assert 6 == len({one.keys_digest for one in (REQUEST, *changed)})


@given(position=st.integers(0, len(FILE) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(FILE)
    flipped[position] ^= 1 << bit
    with pytest.raises(LiaisonError):
        open_request(bytes(flipped))


@given(size=st.integers(0, len(FILE) - 1))
def test_a_truncated_request_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        open_request(FILE[:size])


@given(tail=st.binary(min_size=1, max_size=40))
def test_an_extended_request_is_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        open_request(FILE + tail)
