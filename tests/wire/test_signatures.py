from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest

from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import RequestSigningKey, RequestVerifyKey
from secure_liaison.errors import (
    CredentialError,
    LiaisonError,
    ReplayError,
    SignatureError,
    TamperedError,
)
from secure_liaison.wire import SignedRequest, sign_request, verify_request
from secure_liaison.wire.signatures import signature_base

KEY = RequestSigningKey(Secret(bytes(range(32))))
DEVICE = bytes(range(16))
NOW = 1_795_305_700
URI = "https://relay.test:8440/v0/receipts"
DIGEST = hashlib.sha256(b"hello").digest()
Headers = dict[str, str]

# Verified with http-message-signatures 3.0.0, an implementation of RFC 9421 that is not ours.
VECTOR = {
    "content-digest": "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
    "signature-input": (
        'sig1=("@method" "@target-uri" "content-digest");created=1795305700;'
        'nonce="AAECAwQFBgcICQoLDA0ODw==";keyid="000102030405060708090a0b0c0d0e0f";'
        'alg="ed25519";tag="secure-liaison-draft-0"'
    ),
    "signature": (
        "sig1=:rwRL4o2AKDX+Q3kk3w9/E+OIiJ6qhukk+QST5fcGHe3E8f5cv6aMzcBJbJkZfCga"
        "HLjnTViUjAcdbP31TpaJAQ==:"
    ),
}


def sign(nonce: bytes | None = bytes(range(16))) -> Headers:
    return sign_request(
        method="POST",
        target_uri=URI,
        content_digest=DIGEST,
        created=NOW,
        device=DEVICE,
        key=KEY,
        nonce=nonce,
    )


def own_key(device: bytes) -> RequestVerifyKey | None:
    return KEY.verify_key if device == DEVICE else None


def verify(
    headers: Headers | list[tuple[str, str]],
    *,
    method: str = "POST",
    uri: str = URI,
    now: int = NOW,
    claim: Callable[[bytes, bytes], bool] = lambda _device, _nonce: True,
) -> SignedRequest:
    pairs = headers if isinstance(headers, list) else list(headers.items())
    return verify_request(
        method=method,
        target_uri=uri,
        headers=pairs,
        now=now,
        key_lookup=own_key,
        claim_nonce=claim,
    )


def test_the_headers_are_those_of_the_vector() -> None:
    assert VECTOR == sign()


def test_the_signature_base_is_that_of_the_standard() -> None:
    parameters = VECTOR["signature-input"].removeprefix("sig1=")
    expected = (
        '"@method": POST\n'
        '"@target-uri": https://relay.test:8440/v0/receipts\n'
        '"content-digest": sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\n'
        f'"@signature-params": {parameters}'
    )
    base = signature_base(
        method="POST",
        target_uri=URI,
        content_digest=VECTOR["content-digest"],
        parameters=parameters,
    )
    assert expected.encode() == base


def test_a_signed_request_names_its_device_and_content() -> None:
    request = verify(sign())
    assert (DEVICE, DIGEST) == (request.device, request.content_digest)
    request.check_content(DIGEST)


def test_another_content_is_refused() -> None:
    with pytest.raises(TamperedError, match="content-digest"):
        verify(sign()).check_content(hashlib.sha256(b"other").digest())


def test_each_request_has_its_own_nonce() -> None:
    assert sign(None)["signature-input"] != sign(None)["signature-input"]


def test_a_nonce_seen_before_is_refused() -> None:
    with pytest.raises(ReplayError):
        verify(sign(), claim=lambda _device, _nonce: False)


def test_no_nonce_is_claimed_for_a_bad_signature() -> None:
    claimed: list[bytes] = []

    def claim(_device: bytes, nonce: bytes) -> bool:
        claimed.append(nonce)
        return True

    with pytest.raises(SignatureError):
        verify(sign(), method="PUT", claim=claim)
    assert [] == claimed


@pytest.mark.parametrize("offset", [-61, 61, -3600, 3600])
def test_outside_the_window_the_clock_is_named(offset: int) -> None:
    with pytest.raises(CredentialError, match="request-clock"):
        verify(sign(), now=NOW + offset)


@pytest.mark.parametrize("offset", [-60, 0, 60])
def test_inside_the_window_the_request_passes(offset: int) -> None:
    verify(sign(), now=NOW + offset)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"uri": URI + "?x=1"},
        {"uri": "http://relay.test:8440/v0/receipts"},
        {"uri": "https://relay.test/v0/receipts"},
        {"uri": "https://relay.test:8440/v0/r\u00e9ceipts"},
    ],
)
def test_method_and_target_are_signed(change: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        verify(sign(), **change)  # type: ignore[arg-type]  # method or uri


def replaced(name: str, old: str, new: str) -> Headers:
    headers = sign()
    assert old in headers[name]
    return {**headers, name: headers[name].replace(old, new)}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {name: value for name, value in sign().items() if name != "content-digest"},
        {name: value for name, value in sign().items() if name != "signature"},
        replaced("signature-input", "sig1=", "sig2="),
        replaced("signature", "sig1=", "sig2="),
        replaced("signature-input", ' "content-digest"', ""),
        replaced("signature-input", '"@method" ', ""),
        replaced("signature-input", '"@target-uri"', '"@path"'),
        replaced("signature-input", '"@method" "@target-uri"', '"@target-uri" "@method"'),
        replaced("signature-input", ";alg", ";expires=1795305900;alg"),
        replaced("signature-input", 'alg="ed25519"', 'alg="hmac-sha256"'),
        replaced("signature-input", ';alg="ed25519"', ""),
        replaced("signature-input", "secure-liaison-draft-0", "secure-liaison-draft-1"),
        replaced("signature-input", "created=1", "created=01"),
        replaced("signature-input", "created=", "created=-"),
        replaced("signature-input", "AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0O"),
        replaced("signature-input", "DA0ODw==", "DA0ODx=="),
        replaced("signature-input", "0a0b0c0d0e0f", "0A0B0C0D0E0F"),
        replaced("signature-input", "0e0f", "0e0e"),
        replaced("content-digest", "sha-256", "sha-512"),
        replaced("content-digest", "LPJN", "LPJO"),
        replaced("content-digest", ":LPJ", ": LPJ"),
        replaced("signature-input", ';tag="', '; tag="'),
        {**sign(), "signature-input": sign()["signature-input"] + ', sig2=("@method")'},
        {**sign(), "signature": "sig1=:" + "A" * 86 + "==:"},
    ],
)
def test_any_other_form_is_refused_in_the_same_words(headers: Headers) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(headers)
    assert "request" == caught.value.reason


@pytest.mark.parametrize("name", ["content-digest", "signature-input", "signature"])
def test_a_header_that_comes_twice_is_refused(name: str) -> None:
    headers = list(sign().items())
    with pytest.raises(SignatureError):
        verify([*headers, (name, sign()[name])])


def test_an_unknown_device_costs_a_verification_and_is_refused_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[bytes] = []
    real = RequestVerifyKey.verify_request

    def counting(self: RequestVerifyKey, signature_base: bytes, signature: bytes) -> None:
        verified.append(signature_base)
        real(self, signature_base, signature)

    monkeypatch.setattr(RequestVerifyKey, "verify_request", counting)
    refusals: list[LiaisonError] = []
    for device, key in ((DEVICE, RequestSigningKey.generate()), (bytes(16), KEY)):
        headers = sign_request(
            method="POST",
            target_uri=URI,
            content_digest=DIGEST,
            created=NOW,
            device=device,
            key=key,
        )
        with pytest.raises(SignatureError) as caught:
            verify(headers)
        refusals.append(caught.value)
    assert 2 == len(verified)
    assert str(refusals[0]) == str(refusals[1])


def test_base64_with_unused_bits_set_is_refused() -> None:
    headers = sign()
    octets = headers["signature"].removeprefix("sig1=:").removesuffix(":")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(octets[85]) | 1]
    other = f"{octets[:85]}{last}=="
    assert other != octets
    assert base64.b64decode(octets) == base64.b64decode(other)
    with pytest.raises(SignatureError):
        verify({**headers, "signature": f"sig1=:{other}:"})


def test_a_nonce_of_less_than_16_bytes_is_refused_even_if_it_is_signed() -> None:
    for nonce, passes in ((bytes(16), True), (bytes(15), False), (bytes(65), False)):
        headers = sign(nonce)
        if passes:
            verify(headers)
        else:
            with pytest.raises(SignatureError):
                verify(headers)
