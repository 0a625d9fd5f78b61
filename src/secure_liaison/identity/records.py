"""Signed records: one body and the signatures of several keys over it.

Rules:

- A signature by a key that may not sign refuses the whole record; nothing is passed over.
- Each key counts once; signatures stand in the order of their key ids.
- Adding a signature changes neither the body nor any digest, so digests are of the body.

Source: docs/spec/statements.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE, KeyId, Realm, Tag
from secure_liaison.crypto.signing import SIGNATURE_SIZE, SigningKey, VerifyKey
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secure_liaison.encoding import Value

__all__ = [
    "MAX_SIGNERS",
    "SignedRecord",
    "cosign_record",
    "decode_record",
    "encode_record",
    "require_signers",
    "sign_record",
    "verify_signatures",
]

MAX_SIGNERS: Final = 16

_VERSION: Final = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """A body and who signed it; parsed, not verified.

    Attributes:
        body: The encoded content.
        signatures: Key id (32 bytes) and composite signature (3373 bytes), ascending by key id.
    """

    body: bytes
    signatures: tuple[tuple[KeyId, bytes], ...]


def sign_record(tag: Tag, realm: Realm, body: bytes, *, keys: Sequence[SigningKey]) -> SignedRecord:
    """Sign ``body`` with every key, each once."""
    record = SignedRecord(body=body, signatures=())
    for key in keys:
        record = cosign_record(record, tag, realm, key=key)
    return record


def cosign_record(record: SignedRecord, tag: Tag, realm: Realm, *, key: SigningKey) -> SignedRecord:
    """Return the record with the key's signature added; a key that signed before signs anew."""
    found = dict(record.signatures)
    found[key.verify_key.key_id(realm)] = key.sign(tag, realm, record.body)
    return SignedRecord(body=record.body, signatures=tuple(sorted(found.items())))


def encode_record(record: SignedRecord) -> bytes:
    """Return the record's bytes."""
    signatures: list[Value] = [[key_id, signature] for key_id, signature in record.signatures]
    return encode({0: 0, 1: record.body, 2: signatures})


def decode_record(data: bytes, *, max_bytes: int) -> SignedRecord:
    """Read a signed record of at most ``max_bytes``; nothing is verified yet.

    Raises:
        FormatError: not one canonical record, or ``signature-form``, ``signature-order``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=max_bytes)
    fields.version(0, supported=_VERSION)
    body = fields.octets(1, max_size=max_bytes)
    signatures = tuple(_pair(item) for item in fields.items(2, max_items=MAX_SIGNERS))
    fields.done()
    ids = [key_id for key_id, _ in signatures]
    if not ids or any(a >= b for a, b in pairwise(ids)):
        raise FormatError("signature-order")
    return SignedRecord(body=body, signatures=signatures)


def verify_signatures(
    record: SignedRecord, tag: Tag, realm: Realm, *, keys: Iterable[VerifyKey]
) -> frozenset[KeyId]:
    """Verify every signature of the record; returns the ids of the keys that signed.

    Raises:
        SignatureError: ``wrong-signer`` (a key outside ``keys``), then ``ml-dsa``, ``ed25519``.
    """
    known = {key.key_id(realm): key for key in keys}
    if not all(key_id in known for key_id, _ in record.signatures):
        raise SignatureError("wrong-signer")
    for key_id, signature in record.signatures:
        known[key_id].verify(tag, realm, record.body, signature)
    return frozenset(key_id for key_id, _ in record.signatures)


def require_signers(signed_by: frozenset[KeyId], allowed: Iterable[KeyId], threshold: int) -> None:
    """Demand that ``threshold`` of the allowed keys signed.

    Raises:
        SignatureError: ``too-few-signatures``.
    """
    found = len(signed_by & frozenset(allowed))
    if found < threshold:
        raise SignatureError("too-few-signatures", found=found, need=threshold)


def _pair(item: Value) -> tuple[KeyId, bytes]:
    match item:
        case [bytes(key_id), bytes(signature)] if (
            len(key_id) == DIGEST_SIZE and len(signature) == SIGNATURE_SIZE
        ):
            return KeyId(key_id), signature
        case _:
            raise FormatError("signature-form")
