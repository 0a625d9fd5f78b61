"""Composite signatures and the single-use Ed25519 keys."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from nacl.signing import SigningKey as PlainEd25519

from secure_liaison.crypto.keys import Realm, Secret, Tag
from secure_liaison.crypto.signing import (
    SIGNATURE_SIZE,
    VERIFY_KEY_SIZE,
    NoteSigningKey,
    NoteVerifyKey,
    RequestSigningKey,
    RequestVerifyKey,
    SigningKey,
    VerifyKey,
    composite_sign,
    composite_verify,
    message_representative,
)
from secure_liaison.errors import FormatError, SignatureError

REALM = Realm(b"r" * 32)
ONE = Tag("secure_liaison/draft-0/" + "one")
TWO = Tag("secure_liaison/draft-0/" + "two")
KEY = SigningKey(bytes(range(64)))
PUBLISHED = Path(__file__).parents[3] / "shared/vectors/composite-sigs/testvectors.json"


def test_representative_is_the_framing_of_the_draft() -> None:
    """draft-ietf-lamps-pq-composite-sigs §3.2: Prefix, Label, len(ctx), ctx, SHA-512(M)."""
    expected = (
        bytes.fromhex("436F6D706F73697465416C676F726974686D5369676E61747572657332303235")
        + b"COMPSIG-MLDSA65-Ed25519-SHA512"
        + b"\x03ctx"
        + hashlib.sha512(b"message").digest()
    )
    assert expected == message_representative(b"message", b"ctx")


def test_signature_is_what_the_two_plain_algorithms_make_of_the_representative() -> None:
    signature = composite_sign(KEY.seed(), b"message", b"ctx")
    representative = message_representative(b"message", b"ctx")
    mldsa = MLDSA65PrivateKey.from_seed_bytes(KEY.seed()[:32]).public_key()
    mldsa.verify(signature[:3309], representative, b"COMPSIG-MLDSA65-Ed25519-SHA512")
    PlainEd25519(KEY.seed()[32:]).verify_key.verify(representative, signature[3309:])
    assert mldsa.public_bytes_raw() == KEY.verify_key.octets[:1952]


def test_published_vectors_of_the_draft_verify() -> None:
    """Vectors of lamps-wg/draft-composite-sigs (src/testvectors.json); not kept here."""
    if not PUBLISHED.exists():
        pytest.skip(f"absent: {'/'.join(PUBLISHED.parts[-3:])} (composite signature vectors)")
    vectors = json.loads(PUBLISHED.read_text())
    (case,) = [test for test in vectors["tests"] if test["tcId"] == "id-MLDSA65-Ed25519-SHA512"]
    message, context = base64.b64decode(vectors["m"]), base64.b64decode(vectors["ctx"])
    public = base64.b64decode(case["pk"])
    composite_verify(public, message, base64.b64decode(case["s"]))
    composite_verify(public, message, base64.b64decode(case["sWithContext"]), context)
    assert public == SigningKey(base64.b64decode(case["sk"])).verify_key.octets


def test_record_signature_verifies_under_its_tag_and_realm_only() -> None:
    signature = KEY.sign(ONE, REALM, b"record")
    KEY.verify_key.verify(ONE, REALM, b"record", signature)
    for tag, realm, content in (
        (TWO, REALM, b"record"),
        (ONE, Realm(b"s" * 32), b"record"),
        (ONE, REALM, b"recorD"),
    ):
        with pytest.raises(SignatureError, match="ml-dsa"):
            KEY.verify_key.verify(tag, realm, content, signature)


def test_each_component_alone_is_not_enough() -> None:
    signature = KEY.sign(ONE, REALM, b"record")
    other = SigningKey.generate().sign(ONE, REALM, b"record")
    with pytest.raises(SignatureError, match="ml-dsa"):
        KEY.verify_key.verify(ONE, REALM, b"record", other[:3309] + signature[3309:])
    with pytest.raises(SignatureError, match="ed25519"):
        KEY.verify_key.verify(ONE, REALM, b"record", signature[:3309] + other[3309:])


def test_components_of_two_keys_cannot_be_mixed_into_a_third() -> None:
    """The key id binds both public keys, so a mixed key has signed nothing."""
    other = SigningKey.generate()
    mixed = VerifyKey(KEY.verify_key.octets[:1952] + other.verify_key.octets[1952:])
    signature = KEY.sign(ONE, REALM, b"record")[:3309] + other.sign(ONE, REALM, b"record")[3309:]
    with pytest.raises(SignatureError, match="ml-dsa"):
        mixed.verify(ONE, REALM, b"record", signature)


def test_signature_of_another_length_is_refused() -> None:
    with pytest.raises(SignatureError, match="size"):
        KEY.verify_key.verify(ONE, REALM, b"record", b"x" * (SIGNATURE_SIZE - 1))


def test_keys_of_other_lengths_are_refused() -> None:
    with pytest.raises(FormatError, match="verify-key-size"):
        VerifyKey(b"x" * (VERIFY_KEY_SIZE - 1))
    with pytest.raises(FormatError, match="signing-seed-size"):
        SigningKey(b"x" * 63)
    with pytest.raises(FormatError, match="ed25519-key-size"):
        NoteVerifyKey(b"x" * 31)


def test_context_over_255_bytes_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="255"):
        message_representative(b"m", b"c" * 256)


def test_private_keys_never_print_their_seed() -> None:
    assert "SigningKey(…)" == repr(KEY)
    assert "RequestSigningKey(…)" == repr(RequestSigningKey.generate())
    assert "NoteSigningKey(…)" == repr(NoteSigningKey.generate())


def test_public_keys_are_equal_by_bytes_and_by_use() -> None:
    seed = Secret(b"k" * 32)
    request, note = RequestSigningKey(seed).verify_key, NoteSigningKey(seed).verify_key
    assert request == RequestVerifyKey(request.octets)
    assert hash(request) == hash(RequestVerifyKey(request.octets))
    assert request != note
    assert KEY.verify_key == VerifyKey(KEY.verify_key.octets)
    assert hash(KEY.verify_key) == hash(VerifyKey(KEY.verify_key.octets))


def test_request_and_note_signatures_verify_and_refuse() -> None:
    request, note = RequestSigningKey.generate(), NoteSigningKey.generate()
    request.verify_key.verify_request(b"base", request.sign_request(b"base"))
    note.verify_key.verify_note(b"text", note.sign_note(b"text"))
    with pytest.raises(SignatureError, match="ed25519"):
        request.verify_key.verify_request(b"other", request.sign_request(b"base"))
    with pytest.raises(SignatureError, match="ed25519"):
        note.verify_key.verify_note(b"other", note.sign_note(b"text"))


def test_seeds_give_the_same_keys_again() -> None:
    request, note = RequestSigningKey.generate(), NoteSigningKey.generate()
    assert request.verify_key == RequestSigningKey(request.seed()).verify_key
    assert note.verify_key == NoteSigningKey(note.seed()).verify_key
    assert KEY.verify_key == SigningKey(KEY.seed()).verify_key
