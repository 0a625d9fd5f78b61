"""签收: the signed record by which an officer acknowledges one object.

Rules:

- One record per officer and object; it names the object by D only, never by subject or label.
- It is a hybrid record signature by the acknowledging device, so it convinces a third party.
- It travels sealed, as the only part of a capsule of kind RECEIPT.

Source: docs/spec/receipts.md §1; DESIGN §6 (D as the only reference).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.capsule.core import MAX_TIME
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, KeyId, Tag
from secure_liaison.crypto.signing import SIGNATURE_SIZE
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.ids import DeviceHandle, OfficerId

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = ["MEDIA_TYPE", "Receipt", "SignedReceipt", "open_receipt", "sign_receipt"]

MEDIA_TYPE: Final = "application/vnd.secure-liaison.receipt"
_TAG: Final = Tag("secure_liaison/draft-0/receipt")
_VERSIONS: Final = frozenset({0})
_ID_SIZE: Final = 16
_MAX_BODY: Final = 2048
_MAX_BYTES: Final = 8192
_MAX_REMARK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an acknowledgement says.

    Attributes:
        digest: D of the object, 32 bytes.
        object_id: The object's id, 16 bytes.
        officer: Who acknowledges, 16 bytes.
        device: On which device, 16 bytes.
        at: The device's time, seconds UTC; evidence, never a grant.
        remark: At most 200 characters, may be empty.
    """

    digest: Digest
    object_id: bytes
    officer: OfficerId
    device: DeviceHandle
    at: Instant
    remark: str = ""

    def encode(self, realm: Realm) -> bytes:
        """Return the canonical body that is signed."""
        return encode(
            {
                0: 0,
                1: realm.octets,
                2: self.digest,
                3: self.object_id,
                4: self.officer,
                5: self.device,
                6: self.at,
                7: self.remark,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A parsed acknowledgement; not to be trusted before `verify`."""

    receipt: Receipt
    key_id: KeyId
    body: bytes
    signature: bytes

    def verify(self, key: VerifyKey, realm: Realm) -> Receipt:
        """Check the signature and return what it says.

        Raises:
            SignatureError: ``size``, ``ml-dsa``, ``ed25519``.
        """
        key.verify(_TAG, realm, self.body, self.signature)
        return self.receipt


def sign_receipt(receipt: Receipt, key: SigningKey, realm: Realm) -> bytes:
    """Return the signed record, about 3.6 kB."""
    body = receipt.encode(realm)
    return encode({0: 0, 1: body, 2: key.verify_key.key_id(realm), 3: key.sign(_TAG, realm, body)})


def open_receipt(data: bytes, realm: Realm) -> SignedReceipt:
    """Parse a signed record strictly, without trusting it.

    Raises:
        FormatError: malformed, then ``receipt-realm`` (of another realm).
    """
    outer = decode_fields(data, max_bytes=_MAX_BYTES)
    outer.version(0, supported=_VERSIONS)
    body = outer.octets(1, max_size=_MAX_BODY)
    key_id = KeyId(outer.octets(2, size=DIGEST_SIZE))
    signature = outer.octets(3, size=SIGNATURE_SIZE)
    outer.done()
    fields = decode_fields(body, max_bytes=_MAX_BODY)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("receipt-realm")
    receipt = Receipt(
        digest=Digest(fields.octets(2, size=DIGEST_SIZE)),
        object_id=fields.octets(3, size=_ID_SIZE),
        officer=OfficerId(fields.octets(4, size=_ID_SIZE)),
        device=DeviceHandle(fields.octets(5, size=_ID_SIZE)),
        at=Instant(fields.integer(6, high=MAX_TIME)),
        remark=fields.text(7, max_size=_MAX_REMARK),
    )
    fields.done()
    return SignedReceipt(receipt=receipt, key_id=key_id, body=body, signature=signature)
