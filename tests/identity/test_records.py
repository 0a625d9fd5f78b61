from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.keys import Realm, Tag
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError, SignatureError
from secure_liaison.identity.records import (
    SignedRecord,
    cosign_record,
    decode_record,
    encode_record,
    require_signers,
    sign_record,
    verify_signatures,
)

REALM = Realm(b"\x01" * 32)
TAG = Tag("secure_liaison/draft-0/test-record")
KEYS = tuple(SigningKey(bytes([n]) * 64) for n in (1, 2, 3))
PUBLIC = tuple(key.verify_key for key in KEYS)
IDS = tuple(key.key_id(REALM) for key in PUBLIC)
RECORD = sign_record(TAG, REALM, b"body", keys=KEYS[:2])


def test_a_record_survives_its_encoding() -> None:
    assert RECORD == decode_record(encode_record(RECORD), max_bytes=10_000)


def test_who_signed_is_told() -> None:
    assert frozenset(IDS[:2]) == verify_signatures(RECORD, TAG, REALM, keys=PUBLIC)


def test_signing_twice_leaves_one_signature() -> None:
    assert 2 == len(cosign_record(RECORD, TAG, REALM, key=KEYS[0]).signatures)


def test_a_signature_by_an_unlisted_key_refuses_the_record() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify_signatures(RECORD, TAG, REALM, keys=PUBLIC[:1])


def test_a_signature_under_another_tag_does_not_verify() -> None:
    other = Tag("secure_liaison/draft-0/test-other")
    with pytest.raises(SignatureError, match="ml-dsa"):
        verify_signatures(RECORD, other, REALM, keys=PUBLIC)


def test_a_changed_body_does_not_verify() -> None:
    with pytest.raises(SignatureError, match="ml-dsa"):
        verify_signatures(replace(RECORD, body=b"bodY"), TAG, REALM, keys=PUBLIC)


def test_a_key_in_another_realm_is_another_key() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify_signatures(RECORD, TAG, Realm(b"\x02" * 32), keys=PUBLIC)


def test_a_signature_filed_under_another_key_does_not_verify() -> None:
    (one, first), (other, second) = RECORD.signatures
    swapped = SignedRecord(body=RECORD.body, signatures=((one, second), (other, first)))
    with pytest.raises(SignatureError, match="ml-dsa"):
        verify_signatures(swapped, TAG, REALM, keys=PUBLIC)


@pytest.mark.parametrize("part", [0, 3308, 3309, 3372])
def test_both_components_of_a_signature_must_verify(part: int) -> None:
    key_id, signature = RECORD.signatures[0]
    broken = bytearray(signature)
    broken[part] ^= 1
    changed = replace(RECORD, signatures=((key_id, bytes(broken)), *RECORD.signatures[1:]))
    with pytest.raises(SignatureError):
        verify_signatures(changed, TAG, REALM, keys=PUBLIC)


def test_only_allowed_signers_count_towards_the_threshold() -> None:
    require_signers(frozenset(IDS), IDS[:2], 2)
    with pytest.raises(SignatureError, match="too-few-signatures"):
        require_signers(frozenset({IDS[0], IDS[2]}), IDS[:2], 2)


def test_signatures_out_of_order_are_refused() -> None:
    backwards = replace(RECORD, signatures=RECORD.signatures[::-1])
    with pytest.raises(FormatError, match="signature-order"):
        decode_record(encode_record(backwards), max_bytes=10_000)


def test_a_repeated_signature_is_refused() -> None:
    twice = replace(RECORD, signatures=RECORD.signatures[:1] * 2)
    with pytest.raises(FormatError, match="signature-order"):
        decode_record(encode_record(twice), max_bytes=10_000)


def test_a_record_without_signatures_is_refused() -> None:
    with pytest.raises(FormatError, match="signature-order"):
        decode_record(encode_record(replace(RECORD, signatures=())), max_bytes=10_000)


@pytest.mark.parametrize(
    "pair", [[], [b"", b""], [bytes(32)], [bytes(32), bytes(3372)], 7, ["", b""]]
)
def test_malformed_pairs_are_refused(pair: object) -> None:
    with pytest.raises(FormatError, match="signature-form"):
        decode_record(encode({0: 0, 1: b"", 2: [pair]}), max_bytes=10_000)  # type: ignore[list-item]  # what must be refused


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_record(data, max_bytes=10_000)
