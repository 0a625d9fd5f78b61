"""Request signatures: RFC 9421 in one narrow profile, with content digests of RFC 9530.

Rules:

- Exactly one signature, one label, one list of components, one order of parameters; anything else
  is refused, so no field that decides anything can stay unsigned.
- `verify_request` leaves no step to its caller but the content: `SignedRequest.check_content`.
- An unknown device costs the same verification as a known one and is refused in the same words.
- The time window is 60 seconds both ways, and every nonce is good once.

Source: docs/spec/wire.md §10; RFC 9421 §2, §3; RFC 9530 §2.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import random_bytes, require_equal
from secure_liaison.crypto.signing import RequestSigningKey
from secure_liaison.errors import CredentialError, ReplayError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secure_liaison.crypto.signing import RequestVerifyKey

__all__ = [
    "EMPTY_DIGEST",
    "SIGNATURE_HEADERS",
    "WINDOW_S",
    "SignedRequest",
    "sign_request",
    "signature_base",
    "verify_request",
]

WINDOW_S: Final = 60
"""Seconds that ``created`` may lie before or after the relay's time."""

SIGNATURE_HEADERS: Final = ("content-digest", "signature-input", "signature")
EMPTY_DIGEST: Final = hashlib.sha256(b"").digest()
"""SHA-256 of an empty content."""

_NONCE_SIZE: Final = 16
_MAX_NONCE_SIZE: Final = 64
_COMPONENTS: Final = '("@method" "@target-uri" "content-digest")'
_PARAMETERS: Final = re.compile(
    re.escape(_COMPONENTS) + r";created=(?P<created>[1-9][0-9]{0,11})"
    r';nonce="(?P<nonce>[A-Za-z0-9+/]{22,86}={0,2})"'
    r';keyid="(?P<device>[0-9a-f]{32})"'
    r';alg="ed25519";tag="secure-liaison-draft-0"'
)
_INPUT: Final = re.compile(r"sig1=(?P<parameters>.{1,512})")
_SIGNATURE: Final = re.compile(r"sig1=:(?P<octets>[A-Za-z0-9+/]{86}==):")
_DIGEST: Final = re.compile(r"sha-256=:(?P<octets>[A-Za-z0-9+/]{43}=):")
_NOBODY: Final = RequestSigningKey.generate().verify_key
"""A key that nobody has: what an unknown device's signature is verified with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request whose signature, time and nonce were accepted; its content is still to be checked.

    Attributes:
        device: The signing device's handle, 16 bytes.
        content_digest: SHA-256 that the content must have, 32 bytes.
    """

    device: bytes
    content_digest: bytes

    def check_content(self, digest: bytes) -> None:
        """Compare with the digest of the content that really came.

        Raises:
            TamperedError: ``content-digest``.
        """
        require_equal(self.content_digest, digest, "content-digest")


def sign_request(
    *,
    method: str,
    target_uri: str,
    content_digest: bytes,
    created: int,
    device: bytes,
    key: RequestSigningKey,
    nonce: bytes | None = None,
) -> dict[str, str]:
    """Return the three headers that sign a request.

    Args:
        method: Upper case.
        target_uri: The whole address as it will be sent, with path and query.
        content_digest: SHA-256 of the content, 32 bytes.
        created: Seconds UTC.
        device: The device's handle, 16 bytes.
        key: The device's request key.
        nonce: 16 to 64 bytes; drawn if not given.

    Source: docs/spec/wire.md §10.
    """
    drawn = random_bytes(_NONCE_SIZE) if nonce is None else nonce
    parameters = (
        f'{_COMPONENTS};created={created};nonce="{_b64(drawn)}";keyid="{device.hex()}"'
        ';alg="ed25519";tag="secure-liaison-draft-0"'
    )
    digest = f"sha-256=:{_b64(content_digest)}:"
    base = signature_base(
        method=method, target_uri=target_uri, content_digest=digest, parameters=parameters
    )
    return {
        "content-digest": digest,
        "signature-input": f"sig1={parameters}",
        "signature": f"sig1=:{_b64(key.sign_request(base))}:",
    }


def signature_base(*, method: str, target_uri: str, content_digest: str, parameters: str) -> bytes:
    """Return the bytes that are signed.

    Source: RFC 9421 §2.5.
    """
    return (
        f'"@method": {method}\n'
        f'"@target-uri": {target_uri}\n'
        f'"content-digest": {content_digest}\n'
        f'"@signature-params": {parameters}'
    ).encode("ascii")


def verify_request(
    *,
    method: str,
    target_uri: str,
    headers: Sequence[tuple[str, str]],
    now: int,
    key_lookup: Callable[[bytes], RequestVerifyKey | None],
    claim_nonce: Callable[[bytes, bytes], bool],
    window_s: int = WINDOW_S,
) -> SignedRequest:
    """Accept a request's signature, time and nonce, in the order of the specification.

    Args:
        method: As received.
        target_uri: The relay's own public address followed by path and query as received.
        headers: All headers with names in lower case, repeated ones repeated.
        now: The relay's time, seconds UTC.
        key_lookup: Device handle to request key; none if unknown or inactive.
        claim_nonce: Remembers (device, nonce) durably; false if it was there before.
        window_s: Seconds allowed both ways.

    Raises:
        SignatureError: ``request`` (not of this form).
        CredentialError: ``request-clock`` (outside the window).
        SignatureError: ``request`` (unknown device, or the signature does not verify).
        ReplayError: ``request-nonce`` (seen before).

    Source: docs/spec/wire.md §10.
    """
    # 1. The form.
    digest_line, input_line, signature_line = (_single(headers, name) for name in SIGNATURE_HEADERS)
    parameters = _matched(_INPUT, input_line)["parameters"]
    named = _matched(_PARAMETERS, parameters)
    device = bytes.fromhex(named["device"])
    nonce = _unb64(named["nonce"])
    content_digest = _unb64(_matched(_DIGEST, digest_line)["octets"])
    signature = _unb64(_matched(_SIGNATURE, signature_line)["octets"])
    if not _NONCE_SIZE <= len(nonce) <= _MAX_NONCE_SIZE or not target_uri.isascii():
        raise SignatureError("request")
    # 2. The time.
    if abs(int(named["created"]) - now) > window_s:
        raise CredentialError("request-clock")
    # 3. The signature; with nobody's key if there is no device of this handle.
    known = key_lookup(device)
    base = signature_base(
        method=method, target_uri=target_uri, content_digest=digest_line, parameters=parameters
    )
    try:
        (known or _NOBODY).verify_request(base, signature)
    except SignatureError as exc:
        raise SignatureError("request") from exc
    if known is None:
        raise SignatureError("request")
    # 4. The nonce.
    if not claim_nonce(device, nonce):
        raise ReplayError("request-nonce")
    return SignedRequest(device=device, content_digest=content_digest)


def _single(headers: Sequence[tuple[str, str]], name: str) -> str:
    found = [value for key, value in headers if key == name]
    if len(found) != 1:
        raise SignatureError("request")
    return found[0]


def _matched(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if match is None:
        raise SignatureError("request")
    return match


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _unb64(text: str) -> bytes:
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise SignatureError("request") from exc
    if _b64(octets) != text:  # one text for one value: unused bits and padding are fixed
        raise SignatureError("request")
    return octets
