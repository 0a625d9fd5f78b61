"""The signed acknowledgement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.capsule.receipt import Receipt, open_receipt, sign_receipt
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import FormatError, LiaisonError, SignatureError
from secure_liaison.identity.ids import DeviceHandle, OfficerId

REALM = Realm(b"r" * 32)
KEY = SigningKey(bytes(range(64)))
RECEIPT = Receipt(
    digest=Digest(b"d" * 32),
    object_id=b"o" * 16,
    officer=OfficerId(b"f" * 16),
    device=DeviceHandle(b"h" * 16),
    at=Instant(1_800_000_000),
    remark="收到",
)
SIGNED = sign_receipt(RECEIPT, KEY, REALM)


def test_receipt_says_what_was_signed() -> None:
    assert RECEIPT == open_receipt(SIGNED, REALM).verify(KEY.verify_key, REALM)


def test_receipt_names_its_key() -> None:
    assert KEY.verify_key.key_id(REALM) == open_receipt(SIGNED, REALM).key_id


def test_receipt_of_another_realm_is_refused() -> None:
    with pytest.raises(FormatError, match="receipt-realm"):
        open_receipt(SIGNED, Realm(b"s" * 32))


def test_receipt_by_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureError):
        open_receipt(SIGNED, REALM).verify(SigningKey.generate().verify_key, REALM)


def test_receipt_for_another_object_does_not_verify() -> None:
    signed = open_receipt(SIGNED, REALM)
    other = replace(RECEIPT, digest=Digest(b"e" * 32))
    with pytest.raises(SignatureError):
        replace(signed, receipt=other, body=other.encode(REALM)).verify(KEY.verify_key, REALM)


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(position: int, mask: int) -> None:
    changed = bytearray(SIGNED)
    changed[position] ^= mask
    with pytest.raises(LiaisonError):
        _accept(bytes(changed))


@pytest.mark.parametrize("data", [SIGNED[:-1], SIGNED + b"\x00", b""])
def test_cut_or_extended_records_are_malformed(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_receipt(data, REALM)


def _accept(data: bytes) -> None:
    signed = open_receipt(data, REALM)
    signed.verify(KEY.verify_key, REALM)
    if signed.key_id != KEY.verify_key.key_id(REALM):
        raise SignatureError("size")
