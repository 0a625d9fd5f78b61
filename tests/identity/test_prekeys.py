"""Signed batches of one-time keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import (
    CredentialExpiredError,
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
)
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.identity.prekeys import Prekey, make_batch, open_bundle

REALM = Realm(b"r" * 32)
DEVICE = DeviceHandle(b"h" * 16)
KEY = SigningKey(bytes(range(64)))
PUBLIC = [KemPrivateKey(Secret(bytes([number]) * 32)).public_key for number in range(5)]
NOW, EXPIRES = 1_800_000_000, 1_800_086_400
BUNDLES = make_batch(PUBLIC, device=DEVICE, signing_key=KEY, realm=REALM, expires=EXPIRES)


def _verify(data: bytes, *, now: int = NOW) -> Prekey:
    return open_bundle(data, REALM).verify(KEY.verify_key, REALM, device=DEVICE, now=now)


def test_every_key_of_a_batch_verifies() -> None:
    assert PUBLIC == [_verify(bundle).public_key for bundle in BUNDLES]


def test_only_the_last_key_is_the_last_resort() -> None:
    assert [False, False, False, False, True] == [_verify(bundle).last_resort for bundle in BUNDLES]


def test_bundle_of_another_device_is_refused() -> None:
    with pytest.raises(TamperedError, match="prekey-device"):
        open_bundle(BUNDLES[0], REALM).verify(
            KEY.verify_key, REALM, device=DeviceHandle(b"i" * 16), now=NOW
        )


def test_bundle_signed_by_another_key_is_refused() -> None:
    with pytest.raises(SignatureError):
        open_bundle(BUNDLES[0], REALM).verify(
            SigningKey.generate().verify_key, REALM, device=DEVICE, now=NOW
        )


def test_key_that_is_not_in_the_batch_is_refused() -> None:
    bundle = open_bundle(BUNDLES[0], REALM)
    stranger = KemPrivateKey.generate().public_key
    forged = replace(bundle, prekey=replace(bundle.prekey, public_key=stranger))
    with pytest.raises(TamperedError, match="merkle-inclusion"):
        forged.verify(KEY.verify_key, REALM, device=DEVICE, now=NOW)


def test_last_resort_cannot_pass_as_one_time() -> None:
    bundle = open_bundle(BUNDLES[-1], REALM)
    forged = replace(bundle, prekey=replace(bundle.prekey, last_resort=False))
    with pytest.raises(TamperedError, match="merkle-inclusion"):
        forged.verify(KEY.verify_key, REALM, device=DEVICE, now=NOW)


def test_expired_batch_is_refused() -> None:
    with pytest.raises(CredentialExpiredError, match="prekey-expired"):
        _verify(BUNDLES[0], now=EXPIRES)


def test_bundle_of_another_realm_is_refused() -> None:
    with pytest.raises(FormatError, match="prekey-realm"):
        open_bundle(BUNDLES[0], Realm(b"s" * 32))


@pytest.mark.parametrize("count", [0, 1, 257])
def test_batches_have_two_to_256_keys(count: int) -> None:
    with pytest.raises(ValueError, match="2 to 256"):
        make_batch(PUBLIC[:1] * count, device=DEVICE, signing_key=KEY, realm=REALM, expires=EXPIRES)


@given(st.integers(0, len(BUNDLES[1]) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(position: int, mask: int) -> None:
    changed = bytearray(BUNDLES[1])
    changed[position] ^= mask
    with pytest.raises(LiaisonError):
        _verify(bytes(changed))


@pytest.mark.parametrize("data", [BUNDLES[0][:-1], BUNDLES[0] + b"\x00", b""])
def test_cut_or_extended_bundles_are_malformed(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_bundle(data, REALM)
