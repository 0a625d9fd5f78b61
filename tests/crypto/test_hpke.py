"""HPKE with X-Wing, against the published vectors and against misuse."""

from __future__ import annotations

import json
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.hpke import (
    ENC_SIZE,
    OVERHEAD,
    PUBLIC_KEY_SIZE,
    KemPrivateKey,
    KemPublicKey,
)
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.errors import FormatError, TamperedError

XWING = 0x647A
HKDF_SHA256 = 1
CHACHA20_POLY1305 = 3
KEY = KemPrivateKey(Secret(b"k" * 32))


def _published() -> list[dict[str, Any]]:
    with cryptography_vectors.open_vector_file("HPKE/hpke-pq-test-vectors.json", "r") as stream:
        vectors: list[dict[str, Any]] = json.load(stream)
    return [
        vector
        for vector in vectors
        if (vector["kem_id"], vector["kdf_id"], vector["aead_id"])
        == (XWING, HKDF_SHA256, CHACHA20_POLY1305)
    ]


def test_published_vector_seed_expands_to_its_public_key() -> None:
    (vector,) = _published()
    key = KemPrivateKey(Secret(bytes.fromhex(vector["skRm"])))
    assert vector["pkRm"] == key.public_key.octets.hex()


def test_published_vector_opens_with_the_expanded_key() -> None:
    """The vector's AEAD is ChaCha20-Poly1305; KEM and key schedule are the ones of suite 1."""
    (vector,) = _published()
    key = KemPrivateKey(Secret(bytes.fromhex(vector["skRm"])))
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    first = vector["encryptions"][0]
    opened = openssl.hpke._decrypt_with_aad(
        suite,
        bytes.fromhex(vector["enc"]) + bytes.fromhex(first["ct"]),
        key._sk,
        bytes.fromhex(vector["info"]),
        bytes.fromhex(first["aad"]),
    )
    assert first["pt"] == opened.hex()


def test_sizes_are_those_of_the_standard() -> None:
    assert PUBLIC_KEY_SIZE == 1216
    assert ENC_SIZE == KEM.MLKEM768_X25519.enc_length()
    assert len(KEY.public_key.seal(b"x" * 64, info=b"i")) == 64 + OVERHEAD


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_sealed_opens_with_the_same_info(plaintext: bytes, info: bytes) -> None:
    assert plaintext == KEY.open(KEY.public_key.seal(plaintext, info=info), info=info)


def test_other_info_other_key_and_changed_bytes_do_not_open() -> None:
    sealed = KEY.public_key.seal(b"share", info=b"one")
    with pytest.raises(TamperedError, match="hpke-open"):
        KEY.open(sealed, info=b"two")
    with pytest.raises(TamperedError, match="hpke-open"):
        KemPrivateKey.generate().open(sealed, info=b"one")
    for position in (0, ENC_SIZE - 1, ENC_SIZE, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(TamperedError, match="hpke-open"):
            KEY.open(bytes(changed), info=b"one")


def test_short_input_is_malformed() -> None:
    with pytest.raises(FormatError, match="sealed-size"):
        KEY.open(b"x" * (OVERHEAD - 1), info=b"i")


def test_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(FormatError, match="kem-key-size"):
        KemPublicKey(b"x" * 1215)


def test_public_key_outside_the_modulus_is_refused() -> None:
    """FIPS 203 §7.2: an encapsulation key with coefficients of q or more is no key."""
    with pytest.raises(FormatError, match="kem-key"):
        KemPublicKey(b"\xff" * PUBLIC_KEY_SIZE)


def test_key_id_depends_on_key_and_realm() -> None:
    other = KemPrivateKey.generate().public_key
    ids = {
        KEY.public_key.key_id(Realm(b"r" * 32)),
        KEY.public_key.key_id(Realm(b"s" * 32)),
        other.key_id(Realm(b"r" * 32)),
    }
    assert 3 == len(ids)


def test_private_key_never_prints_its_seed() -> None:
    assert "KemPrivateKey(…)" == repr(KEY)


def test_seed_gives_the_same_key_again() -> None:
    again = KemPrivateKey(KEY.seed())
    assert KEY.public_key == again.public_key
    assert hash(KEY.public_key) == hash(again.public_key)
