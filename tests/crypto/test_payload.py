"""Cobblestone-256: conformance, sizes and failures.

The published vectors (C2SP chunked-encryption, in the package of vectors) use SHA-256 in the key
derivation; Cobblestone-256 is the same scheme with SHA-512. So an independent implementation,
written from the specification below, is first held against the vectors with SHA-256, and then the
library's against it with SHA-512.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.payload import (
    PayloadOpener,
    PayloadSealer,
    open_sealed,
    seal_whole,
    sealed_size,
)
from secure_liaison.errors import TamperedError

KEY = Secret(b"k" * 32)
CHUNK = 16384


class _RefusedError(Exception):
    """The independent implementation refuses."""


def _open_by_the_specification(
    key: bytes, message: bytes, context: bytes, algorithm: hashes.HashAlgorithm
) -> bytes:
    if len(key) != 32 or len(message) < 56:
        raise _RefusedError
    salt, commitment, chunks = message[:24], message[24:56], message[56:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context
    derived = HKDFExpand(algorithm, 32 + 12 + 32, info).derive(key)
    if derived[44:] != commitment:
        raise _RefusedError
    base_nonce, plaintext, number = int.from_bytes(derived[32:44], "big"), b"", 0
    while True:
        chunk = chunks[number * (CHUNK + 16) : (number + 1) * (CHUNK + 16)]
        try:
            opened = AESGCM(derived[:32]).decrypt(
                (base_nonce ^ number).to_bytes(12, "big"), chunk, b""
            )
        except (InvalidTag, ValueError) as exc:
            raise _RefusedError from exc
        plaintext += opened
        number += 1
        if len(opened) < CHUNK:
            return plaintext


def _published() -> list[dict[str, Any]]:
    with cryptography_vectors.open_vector_file("chunked-encryption/vectors.json", "r") as stream:
        vectors: list[dict[str, Any]] = json.load(stream)["vectors"]
    return [
        vector
        for vector in vectors
        if vector["aead"] == "AEAD_AES_256_GCM" and vector["ciphertext"] is not None
    ]


def _ciphertext(vector: dict[str, Any]) -> bytes:
    octets = base64.b64decode(vector["ciphertext"])
    return zlib.decompress(octets) if vector.get("compressed") else octets


@pytest.mark.parametrize("vector", _published(), ids=lambda vector: str(vector["name"]))
def test_independent_implementation_agrees_with_the_published_vector(
    vector: dict[str, Any],
) -> None:
    key, context = bytes.fromhex(vector["key"]), vector["context"].encode()
    if vector["expect"] == "success":
        opened = _open_by_the_specification(key, _ciphertext(vector), context, hashes.SHA256())
        assert vector["payload_sha256"] == hashlib.sha256(opened).hexdigest()
    else:
        with pytest.raises(_RefusedError):
            _open_by_the_specification(key, _ciphertext(vector), context, hashes.SHA256())


def test_published_vectors_hold_both_outcomes() -> None:
    assert {"success", "failure"} == {vector["expect"] for vector in _published()}


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 100_000])
def test_what_is_sealed_opens_by_the_specification(size: int) -> None:
    plaintext = bytes(index % 251 for index in range(size))
    sealed = seal_whole(KEY, plaintext, context=b"context")
    assert plaintext == _open_by_the_specification(
        KEY.reveal(), sealed, b"context", hashes.SHA512()
    )
    assert sealed_size(size) == len(sealed)


@given(st.lists(st.binary(max_size=40_000), max_size=5))
def test_pieces_in_any_cut_open_to_the_same_message(pieces: list[bytes]) -> None:
    sealer = PayloadSealer(KEY, context=b"c")
    sealed = b"".join([*(sealer.update(piece) for piece in pieces), sealer.finish()])
    opener = PayloadOpener(KEY, context=b"c")
    cuts = [sealed[start : start + 7001] for start in range(0, len(sealed), 7001)]
    assert b"".join(pieces) == b"".join([*(opener.update(cut) for cut in cuts), opener.finish()])


@pytest.mark.parametrize("position", [0, 30, 56, 20_000, -1])
def test_one_changed_byte_is_found(position: int) -> None:
    sealed = bytearray(seal_whole(KEY, b"x" * 40_000, context=b"c"))
    sealed[position] ^= 1
    with pytest.raises(TamperedError, match="payload"):
        open_sealed(KEY, bytes(sealed), context=b"c")


@pytest.mark.parametrize("cut", [1, 16, 16400, 40_000, 40_080])
def test_truncation_is_found_at_the_end(cut: int) -> None:
    sealed = seal_whole(KEY, b"x" * 40_000, context=b"c")
    with pytest.raises(TamperedError, match="payload"):
        open_sealed(KEY, sealed[:-cut], context=b"c")


def test_extension_is_found() -> None:
    sealed = seal_whole(KEY, b"x" * 40_000, context=b"c")
    with pytest.raises(TamperedError, match="payload"):
        open_sealed(KEY, sealed + b"x" * 20_000, context=b"c")


def test_other_key_and_other_context_do_not_open() -> None:
    sealed = seal_whole(KEY, b"x", context=b"c")
    with pytest.raises(TamperedError, match="payload"):
        open_sealed(Secret(b"l" * 32), sealed, context=b"c")
    with pytest.raises(TamperedError, match="payload"):
        open_sealed(KEY, sealed, context=b"d")
